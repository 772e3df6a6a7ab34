//! Query parameters that choose a page of a list.

use protocol::limits::POSITION_MAX;
use protocol::{MessageId, Visibility, WorkerId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::{ApiError, ApiResult};

/// Chooses a page of the list of workers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkersPage {
    /// The `next_before` of the page above; without it, the newest page.
    pub before: Option<String>,
    /// The number of entries in the page, 1 to 200.
    pub limit: Option<u32>,
    /// Only the workers in this place; without it, all but the archived ones.
    pub place: Option<Visibility>,
}

/// Chooses a page of the deleted workers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeletedPage {
    /// The `next_before` of the page above; without it, the most recently deleted workers.
    pub before: Option<String>,
    /// The number of entries in the page, 1 to 200.
    pub limit: Option<u32>,
}

/// The words to search for, and the page of the hits.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchFor {
    /// The words; a text must contain all of them. At most 200 characters.
    pub q: String,
    /// Searches only this conversation.
    pub worker: Option<WorkerId>,
    /// The `next_before` of the page above; without it, the newest page.
    pub before: Option<u64>,
    /// The number of hits in the page, 1 to 100.
    pub limit: Option<u32>,
}

/// Options of a deletion.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteHow {
    /// Deletes permanently, even a worker that was deleted before.
    #[serde(default)]
    pub purge: bool,
}

/// Chooses a page of a transcript.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TranscriptPage {
    /// The `next_before` of the page above; without it, the newest page.
    pub before: Option<u64>,
    /// A message that the page has to contain; not together with `before`.
    pub around: Option<MessageId>,
    /// The number of entries in the page, 1 to 200.
    pub limit: Option<u32>,
    /// Whether answers are sent as HTML, too.
    #[serde(default)]
    pub html: bool,
}

/// The number of entries of a page: the requested one, or else `usual`. Errors with `invalid_input`
/// for 0 and for more than `most`.
pub fn entries(asked: Option<u32>, usual: u32, most: u32) -> ApiResult<u32> {
    match asked {
        None => Ok(usual),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(limit) => {
            Err(ApiError::invalid(format!("limit is {limit}; it goes from 1 to {most}.")))
        }
    }
}

/// The position before which a page begins. Errors with `invalid_input` above [`POSITION_MAX`], the
/// largest possible `next_before`.
pub fn position(asked: Option<u64>) -> ApiResult<Option<u64>> {
    match asked {
        Some(before) if before > POSITION_MAX => {
            Err(ApiError::invalid(format!("before is at most {POSITION_MAX}.")))
        }
        asked => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_out_of_bounds_is_refused_and_not_clamped() {
        for (asked, entries_or_none) in [
            (None, Some(50)),
            (Some(0), None),
            (Some(1), Some(1)),
            (Some(200), Some(200)),
            (Some(201), None),
        ] {
            assert_eq!(entries(asked, 50, 200).ok(), entries_or_none, "{asked:?}");
        }
    }
}
