//! What is changed of a conversation itself: its title, its place, and what answers in it.

use protocol::{Error, Visibility, Worker, WorkerId};

use super::Runtime;
use crate::worker::Command;
use crate::worker::model_patch::ModelPatch;
use crate::worker::patch::Patch;

impl Runtime {
    /// Changes what is told, all of it or nothing. The last conversation that is not in the
    /// archive is replaced by an empty one.
    pub async fn patch(&self, id: WorkerId, patch: Patch) -> Result<Worker, Error> {
        let placed = patch.place.is_some();
        let make = |reply| Command::Patch { patch: Box::new(patch.clone()), reply };
        let worker = self.inner.actors.ask(id, make).await?;
        if placed {
            self.keep_one_if_it_can_be().await;
        }
        Ok(worker)
    }

    /// Gives a conversation a title, or takes it away.
    pub async fn rename(&self, id: WorkerId, title: Option<String>) -> Result<Worker, Error> {
        self.patch(id, Patch { title: Some(title), ..Patch::default() }).await
    }

    /// Pins a conversation, archives it, or neither.
    pub async fn place(&self, id: WorkerId, place: Visibility) -> Result<Worker, Error> {
        self.patch(id, Patch { place: Some(place), ..Patch::default() }).await
    }

    /// Another profile or model for a conversation, from its next turn on.
    pub async fn choose(&self, id: WorkerId, wanted: ModelPatch) -> Result<Worker, Error> {
        self.patch(id, Patch { wanted, ..Patch::default() }).await
    }
}
