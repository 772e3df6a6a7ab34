//! The reader's own version of an answer.

use protocol::api::{Accepted, EditAnswer, Sampling};
use protocol::{Cursor, Error, EventBody, Timings, Turn, TurnId, TurnState, Unsent};

use super::Actor;
use super::send::{id_taken, no_question};
use crate::ids;
use crate::worker::message;

impl Actor<'_> {
    /// Commits a turn that nobody was asked for, whose answer is the reader's own version of the
    /// answer of `edited`. A repeated request gets the same answer. On an error nothing is stored.
    pub(super) async fn edit_answer(
        &mut self,
        edited: TurnId,
        request: EditAnswer,
    ) -> Result<Accepted, Error> {
        message::check_text(&request.text, self.shared.message_chars)?;
        let edited = self.shared.turn(self.id, edited).await?;
        if let Some((_, before)) = self.acceptance_of(request.id).await? {
            return self.edited_before(&edited, &before, &request).await;
        }
        self.check_free()?;
        let question = self.question(edited.question).await?.ok_or_else(no_question)?;
        let now = self.shared.clock.now();
        let turn = Turn {
            turn_id: request.id,
            answer: ids::message_id(now),
            continues: None,
            edits: Some(edited.answer),
            together: None,
            omitted: Vec::new(),
            state: TurnState::Accepted,
            waiting: None,
            loading: false,
            retries: Vec::new(),
            error: None,
            finish: None,
            // What is sent to a model has a digest, and nothing is sent.
            prompt_digest: String::new(),
            bundle_digest: self.shared.bundle.digest().to_owned(),
            sampling: Sampling::default(),
            effort: None,
            unsent: Unsent::default(),
            sight: None,
            usage: None,
            timings: Timings::default(),
            started_at: now,
            ended_at: None,
            ..edited
        };
        let (turn_id, message_id) = (turn.turn_id, turn.answer);
        let text = EventBody::TextDelta { turn_id, message_id, offset: 0, text: request.text };
        let end = EventBody::TurnEnded {
            turn_id,
            state: TurnState::Completed,
            error: None,
            finish: None,
            usage: None,
            timings: Timings { total_ms: Some(0), ..Timings::default() },
        };
        let accepted = EventBody::TurnAccepted { turn: Box::new(turn) };
        self.log_writer.forget();
        self.commit(vec![accepted, text, end]).await?;
        self.head = Some(message_id);
        let turn = self.shared.turn(self.id, turn_id).await?;
        let view = self.log_writer.view();
        let cursor = Cursor::new(self.log_writer.log(), view.seq);
        Ok(Accepted { message: question, turn, cursor })
    }

    /// The answer to a request whose turn was committed before.
    async fn edited_before(
        &mut self,
        edited: &Turn,
        before: &Turn,
        request: &EditAnswer,
    ) -> Result<Accepted, Error> {
        let is_same = before.edits == Some(edited.answer)
            && self.begun(before.answer, before.question).await? == request.text;
        if !is_same {
            return Err(id_taken());
        }
        let question = self.question(before.question).await?.ok_or_else(no_question)?;
        let turn = self.shared.turn(self.id, before.turn_id).await?;
        let cursor = Cursor::new(self.log_writer.log(), self.log_writer.view().seq);
        Ok(Accepted { message: question, turn, cursor })
    }
}
