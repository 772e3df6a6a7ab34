//! Leaves a message out of what models are sent, or sends it again.

use protocol::{Error, ErrorCode, EventBody, MessageId, Worker, limits};

use super::Actor;
use crate::fault;

impl Actor<'_> {
    /// Commits the choice, which holds from the next turn on. A turn that is running has its messages
    /// already.
    pub(super) async fn omit(
        &mut self,
        message_id: MessageId,
        omitted: bool,
    ) -> Result<Worker, Error> {
        if self.role_of(message_id).await?.is_none() {
            return Err(fault::no_message());
        }
        let chosen = &self.log_writer.view().worker.omitted;
        if chosen.contains(&message_id) != omitted {
            if omitted && chosen.len() >= limits::OMITTED_MESSAGES {
                return Err(too_many());
            }
            self.commit(vec![EventBody::MessageOmitted { message_id, omitted }]).await?;
        }
        Ok(self.log_writer.view().worker.clone())
    }
}

fn too_many() -> Error {
    let message = format!(
        "{} messages of this conversation aren't sent already, which is the limit.",
        limits::OMITTED_MESSAGES
    );
    Error::new(ErrorCode::InvalidInput, message)
        .with_hint("Send some of them again, or continue from a message in a new conversation.")
}
