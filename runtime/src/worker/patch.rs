//! Changes to a worker itself.

use protocol::{Error, EventBody, Visibility, Worker};
use store::title;

use super::model_patch::ModelPatch;
use crate::bundle::Bundle;
use crate::providers::Providers;

/// The changes to make; `None` leaves a setting as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// An inner `None` removes the title.
    pub title: Option<Option<String>>,
    /// Where lists show the worker from now on.
    pub place: Option<Visibility>,
    /// The profile, model and effort from the next turn on.
    pub wanted: ModelPatch,
}

impl Patch {
    /// The events that apply the changes to `worker`; empty if nothing would change. Errors with
    /// `invalid_input` if any of the changes is not possible.
    pub(crate) fn check(
        self,
        worker: &Worker,
        bundle: &Bundle,
        providers: &Providers,
    ) -> Result<Vec<EventBody>, Error> {
        let Self { title, place, wanted } = self;
        let title = title.map(title::check).transpose()?;
        let chosen = wanted.check(worker, bundle, providers)?;
        let title = title.filter(|title| *title != worker.title);
        let place = place.filter(|place| *place != worker.place);
        let renamed = title.map(|title| EventBody::WorkerRenamed { title });
        let placed = place.map(|place| EventBody::WorkerPlaced { place });
        Ok(chosen.into_iter().chain(renamed).chain(placed).collect())
    }
}
