//! `?format=` and `?existing=`.

use serde::Deserialize;
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
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Existing {
    /// Nothing is imported.
    #[default]
    Refuse,
    /// They stay as they are, and the others are imported.
    Keep,
}

/// `?existing=`.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportInto {
    /// Without it `refuse`.
    #[serde(default)]
    #[param(inline)]
    pub existing: Existing,
}
