//! Pages of workers, and the requests that create, change and delete them.

use serde::{Deserialize, Serialize};

use crate::{
    Cursor, Effort, MessageId, ProfileName, ProviderName, Temperature, Timestamp, Visibility,
    Worker,
};

/// A page of workers, the most recently used first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WorkerPage {
    /// At most as many as the request or the server's `worker_page` allows.
    pub workers: Vec<Worker>,
    /// The value of `before` for the next page; null if there is none.
    pub next_before: Option<String>,
    /// The position from which to follow the list so that no change after this page is missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
}

/// `POST /api/v1/runtimes/{rid}/workers`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateWorker {
    /// The profile that answers; the default one if it is absent.
    #[serde(default)]
    pub profile: Option<ProfileName>,
    /// Replaces the profile's provider.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// Replaces the profile's model.
    #[serde(default)]
    pub model: Option<String>,
    /// The reasoning effort; replaces the profile's.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// The temperature; replaces the profile's.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f32>))]
    pub temperature: Option<Temperature>,
    /// The conversation's own instructions, which follow the profile's prompt; at most 16,000
    /// characters.
    #[serde(default)]
    pub instructions: Option<String>,
    /// The title, on one line; made from the first message if it is absent.
    #[serde(default)]
    pub title: Option<String>,
}

/// `PATCH /api/v1/runtimes/{rid}/workers/{wid}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchWorker {
    /// The new title, on one line. `null` removes the title, and so does a blank one.
    #[serde(default)]
    pub title: Option<String>,
    /// Where lists show the worker from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Visibility>,
    /// Applies from the next turn on. If `provider` and `model` are not given with it, those of
    /// this profile replace earlier choices.
    #[serde(default)]
    pub profile: Option<ProfileName>,
    /// Applies from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// Applies from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub model: Option<String>,
    /// The reasoning effort from the next turn on; `null` for the profile's.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// The temperature from the next turn on; `null` for the profile's.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<f32>))]
    pub temperature: Option<Temperature>,
    /// The conversation's own instructions from the next turn on, which follow the profile's prompt;
    /// at most 16,000 characters. `null` removes them, and so does a blank text.
    #[serde(default)]
    pub instructions: Option<String>,
}

/// `POST /api/v1/runtimes/{rid}/workers/{wid}/fork`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkWorker {
    /// The last message that is copied, a question or an answer. It decides the branch.
    pub message_id: MessageId,
    /// The copy's title, on one line; that of the original if it is absent.
    #[serde(default)]
    pub title: Option<String>,
}

/// `GET /api/v1/runtimes/{rid}/workers/{wid}/instructions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Instructions {
    /// Null if the conversation has no instructions of its own.
    pub text: Option<String>,
}

/// A deleted worker that can still be restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedWorker {
    /// The summary as it was when the worker was deleted.
    pub worker: Worker,
    /// When the deletion was committed.
    pub deleted_at: Timestamp,
    /// The earliest time at which it is removed permanently.
    pub gone_at: Timestamp,
}

/// `GET /api/v1/runtimes/{rid}/deleted`: a page, the last deleted first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeletedList {
    /// Only workers that can still be restored.
    pub deleted: Vec<DeletedWorker>,
    /// The value of `before` for the next page; null if there is none.
    #[serde(default)]
    pub next_before: Option<String>,
}
