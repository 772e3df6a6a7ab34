//! The plain forms, with which the page works without JavaScript.
//!
//! A form posts to the page that it is on. Success answers with a redirect. A refusal answers with
//! the page itself, the error on it and the typed text still in its field, so that no text is lost
//! and the address stays the conversation's.

use axum::http::HeaderMap;
use leptos::serde_json;
use leptos_i18n::Locale as _;
use protocol::api::{Accepted, AskAgain, CreateWorker, EditAnswer, PatchMessage, SendMessage};
use protocol::{Error, ErrorCode, MessageId, TurnId, UtcOffset, Visibility, Worker, WorkerId};
use runtime::{Access, ModelPatch};
use serde::Deserialize;

use crate::preferences::Preferences;
use crate::{Refused, text::tr};

mod chosen;

pub use chosen::{Chosen, OtherAnswer};

/// The action of a form, in its field `do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Send,
    Again,
    /// Cancels the running turn.
    Stop,
    /// Closes the conversation to new messages.
    Close,
    /// Copies the messages up to one into a new conversation.
    Fork,
    /// Leaves a message out of what is sent, or sends it again.
    Omit,
    Create,
    Choose,
    Rename,
    Delete,
    Restore,
    Place,
}

/// The fields of all forms.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(rename = "do")]
    action: Action,
    #[serde(default)]
    id: Option<MessageId>,
    /// The message that is edited.
    #[serde(default)]
    edits: Option<MessageId>,
    /// The turn that wrote the edited message, if that is an answer.
    #[serde(default)]
    turn: Option<TurnId>,
    /// A message to leave out of what is sent.
    #[serde(default)]
    omit: Option<MessageId>,
    /// A message to send again.
    #[serde(default)]
    omit_not: Option<MessageId>,
    /// The message that is continued, where it is not the newest one.
    #[serde(default)]
    parent: Option<MessageId>,
    /// The message that is to be answered again.
    #[serde(default)]
    question: Option<MessageId>,
    /// The answer to it that is to be continued.
    #[serde(default)]
    continues: Option<MessageId>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    place: Visibility,
    /// A profile's name; empty for the default one.
    #[serde(default)]
    profile: String,
    /// A turn that spent its budget on reasoning; answer its question again with less reasoning.
    #[serde(default)]
    answer_now: Option<TurnId>,
    /// Further models that are to answer, in the same form as `model`; empty for none.
    #[serde(default)]
    also_1: String,
    #[serde(default)]
    also_2: String,
    #[serde(default)]
    also_3: String,
    /// A provider and a model's name, such as `local/NAME`; empty for the profile's own.
    #[serde(default)]
    model: String,
    /// How hard the model is to think; empty for the profile's own.
    #[serde(default)]
    effort: String,
    /// From 0 to 2; empty for the profile's own.
    #[serde(default)]
    temperature: String,
    /// What the conversation tells the model besides its profile.
    #[serde(default)]
    instructions: String,
    /// The same when the page was loaded.
    #[serde(default)]
    instructions_before: String,
}

/// What a form's action has to know of its reader.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    /// The reader's UTC offset, if it is known.
    pub utc_offset: Option<UtcOffset>,
    /// The tag of the page's language.
    pub language: &'static str,
}

impl Reader {
    /// The reader who sent these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        let preferences = Preferences::of(headers);
        let language = preferences.locale(headers).as_str();
        Self { utc_offset: preferences.utc_offset, language }
    }
}

impl Fields {
    /// Reads the fields from the names and values that the client-only console sends.
    pub fn read(fields: Vec<(String, String)>) -> Result<Self, Box<Refused>> {
        let value = |(name, value)| (name, serde_json::Value::String(value));
        let fields = serde_json::Value::Object(fields.into_iter().map(value).collect());
        serde_json::from_value(fields).map_err(|_| unreadable())
    }

    /// The fields of the form that chooses a profile and model.
    pub fn chosen(&self) -> Chosen {
        let Self { profile, model, effort, temperature, title, .. } = self;
        Chosen {
            profile: profile.clone(),
            model: model.clone(),
            effort: effort.clone(),
            temperature: temperature.clone(),
            instructions: plain_breaks(&self.instructions),
            instructions_before: plain_breaks(&self.instructions_before),
            title: title.clone(),
        }
    }

    /// The fields of the form that asks for another answer with other settings.
    pub fn other_answer(&self) -> OtherAnswer {
        let Self { model, effort, temperature, also_1, also_2, also_3, .. } = self;
        OtherAnswer {
            model: model.clone(),
            effort: effort.clone(),
            temperature: temperature.clone(),
            also: [also_1.clone(), also_2.clone(), also_3.clone()],
        }
    }

    /// Performs the form's action on the page of `worker`. Returns the path to redirect to.
    pub async fn perform(
        self,
        runtime: &Access,
        worker: Option<WorkerId>,
        reader: Reader,
    ) -> Result<String, Box<Refused>> {
        let Reader { utc_offset, language } = reader;
        let (action, message_id) = (self.action, self.id);
        let (edits, parent) = (self.edits, self.parent);
        let text = plain_breaks(&self.text);
        let done = match (action, worker) {
            (Action::Create, _) => {
                let made = create(runtime, &self.chosen(), language).await;
                made.map(|worker| conversation(worker.worker_id))
            }
            (Action::Send, Some(id)) => match message_id {
                Some(message) => {
                    let message = SendMessage {
                        parent,
                        edits,
                        utc_offset,
                        ..SendMessage::new(message, &*text)
                    };
                    let sent = match self.turn {
                        Some(turn) => edit_answer(runtime, id, turn, message).await,
                        None => runtime.send(id, message).await,
                    };
                    sent.map(|_| conversation(id))
                }
                None => Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form))),
            },
            (Action::Again, Some(id)) => match self.ask_again(utc_offset) {
                Ok(request) => runtime.ask_again(id, request).await.map(|_| conversation(id)),
                Err(error) => Err(error),
            },
            (Action::Fork, Some(id)) => match message_id {
                Some(message) => {
                    let made = crate::fork::fork(runtime, id, message).await;
                    made.map(|worker| conversation(worker.worker_id))
                }
                None => Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form))),
            },
            (Action::Omit, Some(id)) => match self.omit.or(self.omit_not) {
                Some(message) => {
                    let patch = PatchMessage { omitted: self.omit.is_some() };
                    runtime.patch_message(id, message, patch).await.map(|_| at_message(id, message))
                }
                None => Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form))),
            },
            (Action::Stop, Some(id)) => runtime.cancel(id).await.map(|_| conversation(id)),
            (Action::Close, Some(id)) => runtime.stop(id).await.map(|_| conversation(id)),
            (Action::Choose, Some(id)) => match self.chosen().wanted() {
                Ok(wanted) => runtime.choose(id, wanted).await.map(|_| conversation(id)),
                Err(error) => Err(error),
            },
            (Action::Rename, Some(id)) => {
                let title = Some(self.title.trim().to_owned()).filter(|title| !title.is_empty());
                runtime.rename(id, title).await.map(|_| conversation(id))
            }
            (Action::Delete, Some(id)) => {
                runtime.delete(id).await.map(|()| format!("/?deleted={id}"))
            }
            (Action::Restore, Some(id)) => runtime.restore(id).await.map(|_| conversation(id)),
            (Action::Place, Some(id)) => {
                runtime.place(id, self.place).await.map(|_| conversation(id))
            }
            (_, None) => Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form))),
        };
        done.map_err(|error| Box::new(Refused { error, text, message_id }))
    }

    fn ask_again(&self, utc_offset: Option<UtcOffset>) -> Result<AskAgain, Error> {
        // The form's message id also serves as the turn id.
        let id = self.id.and_then(|id| TurnId::from_slice(id.as_bytes()).ok());
        let (Some(id), Some(question)) = (id, self.question) else {
            return Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form)));
        };
        let (continues, answer_now) = (self.continues, self.answer_now);
        let (with, also) = (self.other_answer().with()?, self.other_answer().also()?);
        Ok(AskAgain { id, question, continues, answer_now, with, also, utc_offset })
    }
}

/// Saves the reader's own version of a turn's answer, whose text and id a message has.
pub async fn edit_answer(
    runtime: &Access,
    id: WorkerId,
    turn: TurnId,
    message: SendMessage,
) -> Result<Accepted, Error> {
    let SendMessage { id: new, text, .. } = message;
    let Ok(new) = TurnId::from_slice(new.as_bytes()) else {
        return Err(Error::new(ErrorCode::InvalidInput, tr!(bad_form)));
    };
    runtime.edit_answer(id, turn, EditAnswer { id: new, text }).await
}

async fn create(runtime: &Access, chosen: &Chosen, language: &str) -> Result<Worker, Error> {
    // The button of the list sends no choices.
    if *chosen == Chosen::default() {
        return runtime.begin(language).await;
    }
    let ModelPatch { profile, provider, model, effort, temperature, instructions } =
        chosen.wanted()?;
    let request = CreateWorker {
        profile,
        provider: provider.flatten(),
        model: model.flatten(),
        effort: effort.flatten(),
        temperature: temperature.flatten(),
        instructions: instructions.flatten(),
        title: Some(chosen.title.clone()),
    };
    runtime.create(request).await
}

/// The refusal of a form that could not be parsed.
pub fn unreadable() -> Box<Refused> {
    let error = Error::new(ErrorCode::InvalidInput, tr!(bad_form)).with_hint(tr!(bad_form_hint));
    Box::new(Refused { error, text: String::new(), message_id: None })
}

fn conversation(id: WorkerId) -> String {
    format!("/c/{id}")
}

/// The branch with a message, at that message.
fn at_message(id: WorkerId, message: MessageId) -> String {
    format!("/c/{id}?at={message}#m-{message}")
}

/// Browsers send line breaks of forms as CR LF, whatever was typed.
fn plain_breaks(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_from_names_and_values() {
        let read = |fields: &[(&str, &str)]| {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            Fields::read(fields.iter().map(owned).collect())
        };
        let fields = read(&[("do", "place"), ("place", "pinned"), ("unknown", "x")]).unwrap();
        assert_eq!((fields.action, fields.place), (Action::Place, Visibility::Pinned));
        for bad in [&[][..], &[("do", "fly")], &[("do", "send"), ("id", "x")]] {
            assert_eq!(read(bad).unwrap_err().error.code, ErrorCode::InvalidInput, "{bad:?}");
        }
    }

    #[test]
    fn crlf_of_a_form_becomes_lf() {
        assert_eq!(plain_breaks("a\r\n\r\nb\n"), "a\n\nb\n");
    }
}
