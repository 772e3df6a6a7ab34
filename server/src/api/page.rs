//! `?before=&limit=`.

use protocol::limits::POSITION_MAX;
use protocol::{MessageId, Visibility, WorkerId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::{ApiError, ApiResult};

/// Which page of a list of workers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkersPage {
    /// What the page before said in `next_before`; without it the newest page.
    pub before: Option<String>,
    /// Entries in the page, 1 to 200.
    pub limit: Option<u32>,
    /// Those in one place alone; without it all but the archived ones.
    pub place: Option<Visibility>,
}

/// Which page of the deleted workers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeletedPage {
    /// What the page before said in `next_before`; without it the last deleted ones.
    pub before: Option<String>,
    /// Entries in the page, 1 to 200.
    pub limit: Option<u32>,
}

/// What is searched for, and which page of it.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SearchFor {
    /// Words, all of which a text has to hold; at most 200 characters.
    pub q: String,
    /// In this conversation alone.
    pub worker: Option<WorkerId>,
    /// What the page before said in `next_before`; without it the newest page.
    pub before: Option<u64>,
    /// Hits in the page, 1 to 100.
    pub limit: Option<u32>,
}

/// How a worker is deleted.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeleteHow {
    /// For good, also one that was deleted before.
    #[serde(default)]
    pub purge: bool,
}

/// Which page of a transcript.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TranscriptPage {
    /// What the page before said in `next_before`; without it the newest page.
    pub before: Option<u64>,
    /// A message that is to be in the page; not together with `before`.
    pub around: Option<MessageId>,
    /// Entries in the page, 1 to 200.
    pub limit: Option<u32>,
    /// Whether the answers are told in HTML too.
    #[serde(default)]
    pub html: bool,
}

/// How many entries a page has: what was asked for, else `usual`. Error: `invalid_input`
/// for none and for more than `most`.
pub fn entries(asked: Option<u32>, usual: u32, most: u32) -> ApiResult<u32> {
    match asked {
        None => Ok(usual),
        Some(limit) if (1..=most).contains(&limit) => Ok(limit),
        Some(limit) => {
            Err(ApiError::invalid(format!("limit is {limit}; it goes from 1 to {most}.")))
        }
    }
}

/// The position before which a page begins. Error: `invalid_input` above [`POSITION_MAX`], which no
/// `next_before` ever is.
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
    fn a_limit_is_refused_rather_than_bent() {
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
