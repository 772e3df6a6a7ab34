//! Takes a new message, or a request for another answer: checks it and commits it with its turn.

use model_io::outgoing::is_blank;
use protocol::api::{Accepted, AnswerWith, AskAgain, Sampling, SendMessage};
use protocol::{
    Cursor, Error, ErrorCode, Event, EventBody, Message, MessageId, Role, Timestamp, Timings, Turn,
    TurnId, TurnState, UtcOffset, Worker, WorkerStatus,
};
use store::{Prompt, initial_worker, text_digest, title};

use super::begin::Asking;
use super::planned::{self, check_count};
use super::{Actor, Sent};
use crate::bundle::Profile;
use crate::ids;
use crate::principal::Principal;
use crate::providers::{ModelRequest, ResolvedModel};
use crate::worker::budget::Budget;
use crate::worker::shared::Shared;
use crate::worker::{CONTEXT_BYTES, answer_with, message, model_patch};

impl Actor<'_> {
    /// Commits a message with its turn, or finds that this was done before. On an error nothing is
    /// stored.
    pub(super) async fn send(
        &mut self,
        request: SendMessage,
        by: Principal,
    ) -> Result<Sent, Error> {
        if let Some(accepted) = self.accepted_before(&request).await? {
            return Ok((accepted, None));
        }
        message::check_text(&request.text, self.shared.message_chars)?;
        self.check_free()?;
        let place = self.shared.turn_places.take(by)?;
        let parent = self.parent_of(&request).await?;
        check_count(&request.also)?;
        let profile = self.profile()?.clone();
        let (choice, worker) = self.choice_with(request.with, &profile).await?;
        let further = self.further(request.also, &profile).await?;
        let now = self.shared.clock.now();
        let system = self.system_prompt(&profile, now, request.utc_offset).await?;
        let turn_id = ids::turn_id(now);
        let question = Message {
            id: request.id,
            parent,
            role: Role::User,
            text: request.text,
            created_at: now,
            turn_id: Some(turn_id),
            reasoning: String::new(),
            html: None,
        };
        let ids = (turn_id, question.id, None);
        let budget = budget(&worker, &profile, &choice);
        let turn = self.turn(ids, now, &profile, &choice, &system, budget);

        let mut bodies = vec![EventBody::MessageCommitted { message: question.clone() }];
        if self.log_writer.view().worker.title.is_none() && question.parent.is_none() {
            let title = Some(title::of(&question.text)).filter(|title| !title.is_empty());
            bodies.extend(title.map(|title| EventBody::WorkerRenamed { title: Some(title) }));
        }
        let send_reasoning = profile.send_reasoning;
        let asking = Asking { turn, choice, system, send_reasoning, begun: String::new(), place };
        self.commit_turns(now, bodies, question, asking, further).await
    }

    /// Commits another turn for an existing message, or finds that this was done before. The answer
    /// of a continuing turn begins with the text of the continued answer. On an error nothing is
    /// stored.
    pub(super) async fn ask_again(
        &mut self,
        request: AskAgain,
        by: Principal,
    ) -> Result<Sent, Error> {
        let question = self.question(request.question).await?.ok_or_else(no_question)?;
        if let Some((seq, turn)) = self.acceptance_of(request.id).await? {
            let asked = (turn.question, turn.continues, turn.edits);
            if asked != (question.id, request.continues, None) {
                return Err(id_taken());
            }
            let cursor = Cursor::new(self.log_writer.log(), seq);
            return Ok((Accepted { message: question, turn, cursor }, None));
        }
        self.check_free()?;
        let place = self.shared.turn_places.take(by)?;
        if is_blank(&question.text) {
            return Err(blank_question());
        }
        check_count(&request.also)?;
        let begun = match request.continues {
            Some(answer) => self.begun(answer, question.id).await?,
            None => String::new(),
        };
        let profile = self.profile()?.clone();
        let (choice, worker) = self.choice_with(request.with.clone(), &profile).await?;
        let further = self.further(request.also.clone(), &profile).await?;
        let now = self.shared.clock.now();
        let system = self.system_prompt(&profile, now, request.utc_offset).await?;
        let ids = (request.id, question.id, request.continues);
        let mut budget = budget(&worker, &profile, &choice);
        if let Some(before) = request.answer_now {
            let before = self.thought_out(before, &request).await?;
            budget = budget.sooner(&before, &choice.efforts());
        }
        let turn = self.turn(ids, now, &profile, &choice, &system, budget);
        let send_reasoning = profile.send_reasoning;
        let asking = Asking { turn, choice, system, send_reasoning, begun, place };
        self.commit_turns(now, Vec::new(), question, asking, further).await
    }

    /// The turn with an id as it was accepted, with the position of that event.
    pub(super) async fn acceptance_of(&self, id: TurnId) -> Result<Option<(u64, Turn)>, Error> {
        let events = self.shared.store.turn(self.id, id).await;
        let first =
            self.shared.heard(self.id, events).await?.and_then(|all| all.into_iter().next());
        Ok(match first {
            Some(Event { seq, body: EventBody::TurnAccepted { turn }, .. }) => Some((seq, *turn)),
            _ => None,
        })
    }

    /// The earlier turn that `answer_now` names, in whose place the model is to answer with less
    /// thinking.
    async fn thought_out(&self, turn: TurnId, request: &AskAgain) -> Result<Turn, Error> {
        let before = self.shared.turn(self.id, turn).await?;
        let fits = before.question == request.question && request.continues.is_none();
        if fits { Ok(before) } else { Err(no_such_turn()) }
    }

    /// The model that answers this time, and the conversation as it is for this answer. Whether the
    /// conversation's own model is available matters only if it is the one.
    async fn choice_with(
        &mut self,
        with: AnswerWith,
        profile: &Profile,
    ) -> Result<(ResolvedModel, Worker), Error> {
        let own = &self.log_writer.view().worker;
        let Shared { bundle, providers, .. } = self.shared;
        let worker = answer_with::worker_with(with, own, bundle, providers).await?;
        let is_own = (&worker.provider, &worker.model) == (&own.provider, &own.model);
        let choice = match is_own {
            true => self.refresh().await?,
            false => providers.choose(ModelRequest::of(&worker, profile))?,
        };
        Ok((choice, worker))
    }

    /// The models of further answers, each with the budget to ask for. Errors if any of them cannot be
    /// asked.
    async fn further(
        &mut self,
        also: Vec<AnswerWith>,
        profile: &Profile,
    ) -> Result<Vec<(ResolvedModel, Budget)>, Error> {
        let mut further = Vec::with_capacity(also.len());
        for with in also {
            let (choice, worker) = self.choice_with(with, profile).await?;
            let budget = budget(&worker, profile, &choice);
            further.push((choice, budget));
        }
        Ok(further)
    }

    /// Commits the first of several turns for a question, and plans the further ones.
    async fn commit_turns(
        &mut self,
        now: Timestamp,
        bodies: Vec<EventBody>,
        question: Message,
        mut asking: Asking,
        further: Vec<(ResolvedModel, Budget)>,
    ) -> Result<Sent, Error> {
        let planned = planned::plan(&mut asking, further);
        let sent = self.commit_turn(now, bodies, question, asking).await?;
        self.planned = planned;
        Ok(sent)
    }

    /// The profile's prompt, followed by the conversation's own instructions.
    async fn system_prompt(
        &self,
        profile: &Profile,
        now: Timestamp,
        utc_offset: Option<UtcOffset>,
    ) -> Result<String, Error> {
        let prompt = self.shared.system_prompt(profile, now, utc_offset)?;
        let Some(digest) = &self.log_writer.view().worker.instructions else { return Ok(prompt) };
        let text = self.shared.store.prompt(digest).await;
        let text = self.shared.heard(self.id, text).await?.ok_or_else(no_instructions)?;
        let parts = [prompt.trim_end(), &text];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(parts.join("\n\n"))
    }

    /// The text of an answer that is to be continued.
    pub(super) async fn begun(
        &self,
        answer: MessageId,
        question: MessageId,
    ) -> Result<String, Error> {
        if self.role_of(answer).await? != Some(Role::Assistant) {
            return Err(no_answer());
        }
        let branch = self.shared.store.branch(self.id, answer, CONTEXT_BYTES).await;
        let branch = self.shared.heard(self.id, branch).await?;
        let mut newest = branch.messages.into_iter().rev();
        // The branch leaves out an answer without text, and a question that lies too far back.
        match (newest.next(), newest.next()) {
            (Some(begun), Some(asked)) if (begun.id, asked.id) == (answer, question) => {
                Ok(begun.text)
            }
            _ => Err(no_answer()),
        }
    }

    /// Commits `bodies`, the turn's acceptance, and the beginning of its answer.
    async fn commit_turn(
        &mut self,
        now: Timestamp,
        mut bodies: Vec<EventBody>,
        question: Message,
        asking: Asking,
    ) -> Result<Sent, Error> {
        let Asking { turn, system, begun, .. } = &asking;
        bodies.push(EventBody::TurnAccepted { turn: Box::new(turn.clone()) });
        let accepted_seq = self.log_writer.view().seq + bodies.len() as u64;
        if !begun.is_empty() {
            bodies.push(EventBody::TextDelta {
                turn_id: turn.turn_id,
                message_id: turn.answer,
                offset: 0,
                text: begun.clone(),
            });
        }
        let prompt = Prompt { digest: turn.prompt_digest.clone(), text: system.clone() };
        self.log_writer.forget();
        let committed = self.log_writer.commit_now(now, bodies, Some(prompt)).await;
        self.shared.heard(self.id, committed).await?;
        self.head = Some(turn.answer);

        let cursor = Cursor::new(self.log_writer.log(), accepted_seq);
        let accepted = Accepted { message: question, turn: turn.clone(), cursor };
        Ok((accepted, Some(asking)))
    }

    /// Errors if no turn can begin now.
    pub(super) fn check_free(&self) -> Result<(), Error> {
        if self.log_writer.view().worker.status == WorkerStatus::Stopped {
            return Err(Error::new(ErrorCode::Unavailable, "This conversation is closed.")
                .with_hint("Start a new conversation."));
        }
        if self.shared.unreadable.knows(self.id) {
            return Err(initial_worker::unreadable_reason());
        }
        if self.running.is_some() { Err(busy()) } else { Ok(()) }
    }

    pub(super) async fn role_of(&self, message: MessageId) -> Result<Option<Role>, Error> {
        let role = self.shared.store.role_of(self.id, message).await;
        self.shared.heard(self.id, role).await
    }

    pub(super) async fn question(&self, message: MessageId) -> Result<Option<Message>, Error> {
        let question = self.shared.store.question(self.id, message).await;
        self.shared.heard(self.id, question).await
    }

    /// The parent of a message: the one that the request names, the parent of the message that it
    /// edits, or the newest message.
    async fn parent_of(&self, request: &SendMessage) -> Result<Option<MessageId>, Error> {
        match (request.parent, request.edits) {
            (None, None) => Ok(self.head),
            (Some(parent), None) => {
                let known = self.role_of(parent).await?;
                known.map(|_| Some(parent)).ok_or_else(unknown_parent)
            }
            (None, Some(edited)) => {
                let found = self.question(edited).await?;
                found.map(|found| found.parent).ok_or_else(no_question)
            }
            (Some(_), Some(_)) => Err(Error::new(
                ErrorCode::InvalidInput,
                "A message that edits another answers what that one does.",
            )
            .with_hint("Leave `parent` out.")),
        }
    }

    /// Resolves the provider and model, and commits a change of availability. Errors with
    /// `unavailable` if nothing can answer.
    pub(super) async fn refresh(&mut self) -> Result<ResolvedModel, Error> {
        let worker = &self.log_writer.view().worker;
        if let Ok(profile) = self.profile() {
            self.shared.providers.look(ModelRequest::of(worker, profile)).await;
        }
        let choice = self
            .profile()
            .and_then(|profile| self.shared.providers.choose(ModelRequest::of(worker, profile)));
        let reason = choice.as_ref().err().cloned();
        if reason != self.log_writer.view().worker.reason {
            self.commit(vec![EventBody::AvailabilityChanged { reason }]).await?;
        }
        choice
    }

    fn profile(&self) -> Result<&Profile, Error> {
        let name = &self.log_writer.view().worker.profile;
        self.shared.bundle.profile(name).ok_or_else(|| model_patch::profile_gone(name))
    }

    /// Makes a turn. The ids are its own, the question's, and that of the answer that it continues.
    fn turn(
        &self,
        (turn_id, question, continues): (TurnId, MessageId, Option<MessageId>),
        now: Timestamp,
        profile: &Profile,
        choice: &ResolvedModel,
        system: &str,
        Budget { effort, sampling }: Budget,
    ) -> Turn {
        Turn {
            turn_id,
            question,
            answer: ids::message_id(now),
            continues,
            edits: None,
            together: None,
            omitted: self.log_writer.view().worker.omitted.clone(),
            state: TurnState::Accepted,
            waiting: None,
            loading: false,
            retries: Vec::new(),
            error: None,
            finish: None,
            profile: profile.name.clone(),
            provider: choice.provider.name(),
            model: choice.model.clone(),
            prompt_digest: text_digest(system),
            bundle_digest: self.shared.bundle.digest().to_owned(),
            sampling,
            effort,
            unsent: protocol::Unsent::default(),
            sight: None,
            usage: None,
            timings: Timings::default(),
            started_at: now,
            ended_at: None,
        }
    }

    /// The answer that an earlier request with the same id got (invariant 5).
    async fn accepted_before(&self, request: &SendMessage) -> Result<Option<Accepted>, Error> {
        if self.role_of(request.id).await?.is_none() {
            return Ok(None);
        }
        let found = self.shared.store.acceptance(self.id, request.id).await;
        let acceptance = self.shared.heard(self.id, found).await?.ok_or_else(id_taken)?;
        let same_parent = request.parent.is_none() || request.parent == acceptance.message.parent;
        if acceptance.message.text != request.text || !same_parent {
            return Err(id_taken());
        }
        let cursor = Cursor::new(self.log_writer.log(), acceptance.turn.seq);
        let EventBody::TurnAccepted { turn } = acceptance.turn.body else {
            return Err(id_taken());
        };
        Ok(Some(Accepted { message: acceptance.message, turn: *turn, cursor }))
    }
}

/// The effort, the sampling and the answer's length to ask for. Those of the profile apply where the
/// conversation has none.
fn budget(worker: &Worker, profile: &Profile, choice: &ResolvedModel) -> Budget {
    let effort = worker.effort.clone().or_else(|| profile.effort.clone());
    let temperature = worker.temperature.map(f32::from).or(profile.sampling.temperature);
    // An effort that the model refused earlier stays in the request, so that the turn records
    // both the wanted effort and the sent one.
    let effort = effort.filter(|effort| choice.takes(effort));
    Budget { effort, sampling: Sampling { temperature, ..profile.sampling } }
}

fn busy() -> Error {
    Error::new(ErrorCode::Busy, "An answer is still being written here.")
        .with_hint("Wait for it or stop it, then send again. Nothing was stored.")
}

pub(super) fn no_question() -> Error {
    Error::new(ErrorCode::InvalidInput, "There is no such message of yours in this conversation.")
        .with_hint("Only your own messages can be edited or answered again.")
}

/// An import from another program may contain a blank message.
fn blank_question() -> Error {
    Error::new(ErrorCode::InvalidInput, "This message is empty, so there's nothing to answer.")
        .with_hint("Edit it, or write another message.")
}

/// A file that was imported may lack the text.
fn no_instructions() -> Error {
    let message = "The instructions of this conversation are missing.";
    Error::new(ErrorCode::Unavailable, message)
        .with_hint("Write them again, or remove them, where its profile and model are chosen.")
}

fn no_answer() -> Error {
    Error::new(ErrorCode::InvalidInput, "There is no such answer to continue.")
        .with_hint("It has to have a text, and to answer the message of `question`.")
}

fn no_such_turn() -> Error {
    Error::new(ErrorCode::InvalidInput, "There is no such turn to be answered sooner.")
        .with_hint("`answer_now` is a turn for the message of `question`, without `continues`.")
}

fn unknown_parent() -> Error {
    Error::new(ErrorCode::InvalidInput, "The message to answer is not in this conversation.")
        .with_hint("Leave `parent` out to answer the newest one.")
}

pub(super) fn id_taken() -> Error {
    Error::new(ErrorCode::InvalidInput, "This message id was used for another message.")
        .with_hint("Make a new id for a new message.")
}
