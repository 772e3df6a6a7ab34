//! Query parameters of exports and imports.

use serde::Deserialize;
use store::ConflictPolicy;
use transfer::Unsound;
use utoipa::{IntoParams, ToSchema};

/// The format of an exported conversation.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// The format of a full export, with only this conversation.
    #[default]
    Json,
    /// Markdown for people: the newest branch.
    Markdown,
    /// One HTML file for people, which loads nothing: the newest branch, with the thinking.
    Html,
}

/// Query parameters of an export.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportAs {
    /// Defaults to `json`.
    #[serde(default)]
    #[param(inline)]
    pub format: ExportFormat,
}

/// What happens if an imported conversation is stored already with different content.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// Nothing is imported.
    Refuse,
    /// The stored ones are kept, and the others are imported.
    Keep,
}

/// Query parameters of an import.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportInto {
    /// Defaults to `keep`, or to `refuse` if the import is strict.
    #[param(inline)]
    pub existing: Option<Existing>,
    /// Imports nothing if any conversation is not sound.
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
