//! One conversation held by a runtime, in the form that lists and pages show.

use serde::{Deserialize, Serialize};

use crate::{
    Effort, Error, Event, EventBody, MessageId, ProfileName, ProviderName, RuntimeId, Temperature,
    Timestamp, WorkerId,
};

/// The status of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WorkerStatus {
    /// No turn is running, and a message would be accepted.
    Idle,
    /// A turn is running; another message is refused as `busy`.
    Generating,
    /// The worker cannot answer; `reason` says what to configure.
    Unavailable,
    /// Closed permanently to new messages; its transcript stays.
    Stopped,
}

/// Where lists show a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Visibility {
    /// Among the others, ordered by last use.
    #[default]
    Listed,
    /// Above the others.
    Pinned,
    /// Only in the archive. It can be found, read and written to as before.
    Archived,
}

/// A worker's summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Worker {
    /// The runtime that holds the worker.
    pub runtime_id: RuntimeId,
    /// Made by the runtime when the worker is created. Companion's exports and imports keep it.
    pub worker_id: WorkerId,
    /// Always `companion`.
    pub display_name: String,
    /// `companion@backend-internal`, for people. It never authorizes anything.
    pub display_ref: String,
    /// One line of at most 200 characters; null until the first message or if it was removed.
    pub title: Option<String>,
    /// The status after the last event of its log.
    pub status: WorkerStatus,
    /// Why the status is `unavailable`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Error>,
    /// Whether the stored worker, or a part of its conversation, cannot be read. If so, `status` is
    /// `unavailable`, `reason` says why, and the other fields hold what is still known. The
    /// readable part of the conversation can be exported, and it can be deleted. Absent if false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unreadable: bool,
    /// The profile that answers from the next turn on.
    pub profile: ProfileName,
    /// Absent in workers stored by versions without places, which are `listed`.
    #[serde(default)]
    pub place: Visibility,
    /// The provider that was chosen instead of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// The model that was chosen instead of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The reasoning effort that was chosen instead of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// The temperature that was chosen instead of the profile's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f32>))]
    pub temperature: Option<Temperature>,
    /// The digest of the conversation's own instructions, which follow the profile's prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The messages that are not sent to models from the next turn on, as their reader chose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omitted: Vec<MessageId>,
    /// 1970-01-01T00:00:00Z if it is unknown, as in imported conversations.
    pub created_at: Timestamp,
    /// When the last message was committed or the last turn ended, but not before `created_at`;
    /// 1970-01-01T00:00:00Z if it is unknown.
    pub updated_at: Timestamp,
}

impl Worker {
    /// Folds one event into the summary. Events must come in order; replaying a run of events that
    /// ends with the newest one changes nothing.
    pub fn apply(&mut self, event: &Event) {
        match &event.body {
            EventBody::WorkerCreated { title, profile } => {
                self.title.clone_from(title);
                self.profile = profile.clone();
                self.provider = None;
                self.model = None;
                self.effort = None;
                self.temperature = None;
                self.instructions = None;
                self.omitted.clear();
            }
            EventBody::WorkerRenamed { title } => self.title.clone_from(title),
            EventBody::WorkerPlaced { place } => self.place = *place,
            EventBody::ProfileChanged {
                profile,
                provider,
                model,
                effort,
                temperature,
                instructions,
            } => {
                self.profile = profile.clone();
                self.provider = provider.clone();
                self.model.clone_from(model);
                self.effort.clone_from(effort);
                self.temperature = *temperature;
                self.instructions.clone_from(instructions);
            }
            EventBody::MessageOmitted { message_id, omitted } => {
                self.omitted.retain(|id| id != message_id);
                if *omitted {
                    self.omitted.push(*message_id);
                }
            }
            EventBody::WorkerStopped => self.status = WorkerStatus::Stopped,
            EventBody::AvailabilityChanged { reason } => {
                self.reason.clone_from(reason);
                if self.status != WorkerStatus::Generating {
                    self.rest();
                }
            }
            EventBody::MessageCommitted { .. } => self.used(event.at),
            EventBody::TurnAccepted { .. } => {
                if self.status != WorkerStatus::Stopped {
                    self.status = WorkerStatus::Generating;
                }
            }
            EventBody::TurnEnded { .. } => {
                self.used(event.at);
                self.rest();
            }
            EventBody::TurnWaiting { .. }
            | EventBody::TurnLoading { .. }
            | EventBody::TurnAsked { .. }
            | EventBody::TurnGenerating { .. }
            | EventBody::TurnRetrying { .. }
            | EventBody::TextDelta { .. }
            | EventBody::ReasoningDelta { .. }
            | EventBody::TextWasReasoning { .. } => {}
        }
    }

    /// Whether something was chosen that replaces or adds to what the profile says.
    pub fn departs_from_profile(&self) -> bool {
        self.provider.is_some()
            || self.model.is_some()
            || self.effort.is_some()
            || self.temperature.is_some()
            || self.instructions.is_some()
    }

    /// A copy of a conversation has messages that are older than itself.
    fn used(&mut self, at: Timestamp) {
        self.updated_at = at.max(self.created_at);
    }

    fn rest(&mut self) {
        self.status = match (self.status, &self.reason) {
            (WorkerStatus::Stopped, _) => WorkerStatus::Stopped,
            (_, Some(_)) => WorkerStatus::Unavailable,
            (_, None) => WorkerStatus::Idle,
        };
    }
}
