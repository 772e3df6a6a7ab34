//! Changes to the worker itself, besides its messages and turns.

use protocol::{Error, EventBody, Worker, WorkerStatus};

use store::Prompt;

use super::Actor;
use crate::fault;
use crate::worker::command::Deletion;
use crate::worker::deletion::delete;
use crate::worker::patch::Patch;
use crate::worker::shared::Shared;

impl Actor<'_> {
    /// Commits all changes of the patch, or none.
    pub(super) async fn patch(&mut self, patch: Patch) -> Result<Worker, Error> {
        let Shared { bundle, providers, .. } = self.shared;
        let worker = &self.log_writer.view().worker;
        patch.wanted.look(worker, bundle, providers).await;
        let text = patch.wanted.text();
        let bodies = patch.check(worker, bundle, providers)?;
        let chosen = bodies.iter().any(|body| matches!(body, EventBody::ProfileChanged { .. }));
        if !bodies.is_empty() {
            self.commit_with(bodies, text.filter(|_| chosen)).await?;
        }
        if chosen {
            // The change is committed already. If the availability cannot be updated now, the next
            // reader does it.
            let _ = self.refresh().await;
        }
        Ok(self.log_writer.view().worker.clone())
    }

    pub(super) async fn stop(&mut self) -> Result<Worker, Error> {
        if self.log_writer.view().worker.status != WorkerStatus::Stopped {
            self.commit(vec![EventBody::WorkerStopped]).await?;
        }
        Ok(self.log_writer.view().worker.clone())
    }

    pub(super) async fn delete(&mut self, deletion: Deletion) -> Result<(), Error> {
        delete(self.shared, self.id, deletion).await
    }

    /// Commits events outside of a turn, all or none.
    pub(super) async fn commit(&mut self, bodies: Vec<EventBody>) -> Result<(), Error> {
        self.commit_with(bodies, None).await
    }

    /// Like [`Self::commit`], with a text that the events refer to.
    async fn commit_with(
        &mut self,
        bodies: Vec<EventBody>,
        text: Option<Prompt>,
    ) -> Result<(), Error> {
        if !self.log_writer.is_empty() {
            return Err(fault::waiting_for_store());
        }
        let now = self.shared.clock.now();
        let done = self.log_writer.commit_now(now, bodies, text).await;
        self.shared.heard(self.id, done).await
    }
}
