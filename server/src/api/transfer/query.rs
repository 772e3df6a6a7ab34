//! `?format=`, and `?existing=` with `?strict=`.

use serde::Deserialize;
use store::ConflictPolicy;
use transfer::Unsound;
use utoipa::{IntoParams, ToSchema};

/// How one conversation is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// As an export of all, with this one in it.
    #[default]
    Json,
    /// For people: the newest branch.
    Markdown,
}

/// `?format=`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportAs {
    /// Without it `json`.
    #[serde(default)]
    #[param(inline)]
    pub format: ExportFormat,
}

/// What is done about conversations that are here with another content.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// Nothing is imported.
    Refuse,
    /// They stay as they are, and the others are imported.
    Keep,
}

/// `?existing=&strict=`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportInto {
    /// Without it `keep`, and `refuse` where the import is strict.
    #[param(inline)]
    pub existing: Option<Existing>,
    /// All or none: nothing is imported where any conversation is not sound.
    #[serde(default)]
    pub strict: bool,
}

impl ImportInto {
    pub fn differing(self) -> ConflictPolicy {
        match self.existing {
            Some(Existing::Keep) => ConflictPolicy::Keep,
            None if !self.strict => ConflictPolicy::Keep,
            Some(Existing::Refuse) | None => ConflictPolicy::Refuse,
        }
    }

    pub fn unsound(self) -> Unsound {
        if self.strict { Unsound::Refuse } else { Unsound::Name }
    }
}
