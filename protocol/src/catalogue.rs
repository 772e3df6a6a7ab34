//! The profiles and models that can be chosen for a conversation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api::Sampling;
use crate::{Adjustment, Effort, Error, ProfileName, ProviderName};

/// Text for people, by language tag.
pub type Words = BTreeMap<String, String>;

/// `GET /api/v1/profiles`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileList {
    /// In the order of the bundle.
    pub profiles: Vec<ProfileSummary>,
    /// The profile of conversations that name none.
    pub default: ProfileName,
    /// `sha256:` and 64 hexadecimal digits of all profiles and prompts in force.
    pub bundle_digest: String,
}

/// A profile, without the text of its prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileSummary {
    /// The name that requests, workers and turns use; unique in the bundle.
    pub name: ProfileName,
    /// By language tag; not empty.
    pub title: Words,
    /// By language tag; may be empty.
    pub description: Words,
    /// The language in which it answers, or for which it is made.
    pub language: String,
    /// Absent for the configured provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// Absent for the configured model, or else the provider's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// For absent parameters the provider's default applies.
    pub sampling: Sampling,
    /// The reasoning effort; absent for the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers is sent with them.
    #[serde(default)]
    pub send_reasoning: bool,
    /// The digest of the prompt as it would be sent now; a turn records the same digest.
    pub prompt_digest: String,
}

/// `GET /api/v1/profiles/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileDetail {
    /// The fields of the list's entry, at the same level in JSON.
    #[serde(flatten)]
    pub summary: ProfileSummary,
    /// The prompt as it would be sent now.
    pub prompt: String,
}

/// `GET /api/v1/models`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelList {
    /// The configured providers; the first one answers by default.
    pub providers: Vec<ProviderModels>,
}

/// The models of one provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderModels {
    /// The provider that has these models; unique in the list.
    pub provider: ProviderName,
    /// The model that answers if neither the profile nor the conversation names one. Null until the
    /// provider has been asked for its first model.
    pub default_model: Option<String>,
    /// The default model comes first, if it is known.
    pub models: Vec<ModelEntry>,
    /// The number of models beyond the limit of a list.
    #[serde(default, skip_serializing_if = "crate::is_default")]
    pub left_out: u32,
    /// Why the provider did not list all of its models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// What was learned about its models from refusals, whether or not they are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<LearnedModel>,
}

/// What was learned about a model from its endpoint's refusals. It applies to all further requests
/// until the endpoint's configuration changes or a request to forget it is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearnedModel {
    /// The name by which the endpoint was asked.
    pub model: String,
    /// The changes to each request, in the order in which they were learned.
    pub adjustments: Vec<Adjustment>,
    /// The size of the context window in tokens, as a refusal gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// The longest prompt that is sent, in estimated tokens, since a longer one was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u32>,
    /// Efforts that it refuses while it accepts others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_efforts: Vec<Effort>,
    /// The only efforts that it accepts, as a refusal named them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_efforts: Vec<Effort>,
}

/// `POST /api/v1/providers/{provider}/forget`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forget {
    /// The model to forget everything about; absent for all models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// The answer to a request to forget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forgotten {
    /// The number of models about which something was known.
    pub models: u32,
}

impl ProviderModels {
    /// Makes `model` the default model and puts it first in the list.
    pub fn put_first(&mut self, model: &str) {
        let found = self.models.iter().position(|entry| entry.name == model);
        let entry = match found {
            Some(at) => self.models.remove(at),
            None => ModelEntry { name: model.to_owned(), ..ModelEntry::default() },
        };
        self.models.insert(0, entry);
        self.default_model = Some(model.to_owned());
    }
}

/// A model. Absent fields are unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelEntry {
    /// The name to choose it by, as the provider knows it; unique in the provider's list.
    pub name: String,
    /// The context window for prompt and answer together, in tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// The size of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
    /// For example `llama`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// For example `Q4_K_M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<String>,
    /// The reasoning efforts that it accepts, in ascending order; empty if the effort cannot be
    /// set.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub efforts: Vec<Effort>,
    /// Whether it accepts pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<bool>,
    /// Why it cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Error>,
}

/// The text in a language: for this tag, for its first part (`ja` for `ja-JP`), in English, or in
/// any language that there is.
pub fn words_in<'a>(words: &'a Words, language: &str) -> &'a str {
    let of = |tag: &str| words.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
    let first_part = language.split('-').next().unwrap_or_default();
    let found = of(language).or_else(|| of(first_part)).or_else(|| of("en"));
    found.or_else(|| words.first_key_value()).map_or("", |(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_in_the_nearest_language() {
        let words: Words =
            [("en", "Hello"), ("ja", "こんにちは")].map(|(a, b)| (a.into(), b.into())).into();
        for (language, text) in [
            ("ja", "こんにちは"),
            ("ja-JP", "こんにちは"),
            ("en-GB", "Hello"),
            ("fr", "Hello"),
            ("", "Hello"),
        ] {
            assert_eq!(words_in(&words, language), text, "{language}");
        }
        let other: Words = [("fr".to_owned(), "Bonjour".to_owned())].into();
        assert_eq!(words_in(&other, "ja"), "Bonjour");
        assert_eq!(words_in(&Words::new(), "ja"), "");
    }
}
