//! Changes to a conversation itself: its title, its place, and its profile, model and effort.

use protocol::{Error, Visibility, Worker, WorkerId};

use super::Access;
use crate::worker::Command;
use crate::worker::model_patch::ModelPatch;
use crate::worker::patch::Patch;

impl Access {
    /// Applies all changes of the patch or, on an error, none. If this archives the last
    /// conversation in view, an empty one replaces it.
    pub async fn patch(&self, id: WorkerId, patch: Patch) -> Result<Worker, Error> {
        let id = self.own(id).await?;
        let placed = patch.place.is_some();
        let make = |reply| Command::Patch { patch: Box::new(patch.clone()), reply };
        let worker = self.inner.actors.ask(id, make).await?;
        if placed {
            self.keep_one_if_it_can_be(self.account()).await;
        }
        Ok(worker)
    }

    /// Sets a conversation's title, or removes it.
    pub async fn rename(&self, id: WorkerId, title: Option<String>) -> Result<Worker, Error> {
        self.patch(id, Patch { title: Some(title), ..Patch::default() }).await
    }

    /// Pins a conversation, archives it, or neither.
    pub async fn place(&self, id: WorkerId, place: Visibility) -> Result<Worker, Error> {
        self.patch(id, Patch { place: Some(place), ..Patch::default() }).await
    }

    /// Chooses another profile, model or effort for a conversation, from its next turn on.
    pub async fn choose(&self, id: WorkerId, wanted: ModelPatch) -> Result<Worker, Error> {
        self.patch(id, Patch { wanted, ..Patch::default() }).await
    }
}
