//! What there is to choose from for a conversation: profiles and models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::api::Sampling;
use crate::{Adjustment, Effort, Error, ProfileName, ProviderName};

/// Words for people, by language tag.
pub type Words = BTreeMap<String, String>;

/// `GET /api/v1/profiles`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileList {
    /// In the order of the bundle.
    pub profiles: Vec<ProfileSummary>,
    /// The one of conversations that name none.
    pub default: ProfileName,
    pub bundle_digest: String,
}

/// A profile, without the text of its prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileSummary {
    pub name: ProfileName,
    /// By language tag; never empty.
    pub title: Words,
    /// By language tag; may be empty.
    pub description: Words,
    /// The language that it answers in, or is made for.
    pub language: String,
    /// None: the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderName>,
    /// None: the configured one, else the provider's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What is none is the provider's own default.
    pub sampling: Sampling,
    /// How hard the model is to think; none: the model's own default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers is sent with them.
    #[serde(default)]
    pub send_reasoning: bool,
    /// Of the prompt as it would be sent now; a turn records the same.
    pub prompt_digest: String,
}

/// `GET /api/v1/profiles/{name}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProfileDetail {
    #[serde(flatten)]
    pub summary: ProfileSummary,
    /// The prompt as it would be sent now.
    pub prompt: String,
}

/// `GET /api/v1/models`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelList {
    /// The configured ones; the first is the one that answers by default.
    pub providers: Vec<ProviderModels>,
}

/// What one provider offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProviderModels {
    pub provider: ProviderName,
    /// What answers where neither profile nor conversation names a model; none while nobody
    /// has asked the provider what its first is.
    pub default_model: Option<String>,
    /// The default one first, where it is known.
    pub models: Vec<ModelEntry>,
    /// How many more there are than a list may have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// Why the provider did not tell all of its models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
    /// What refusals taught about its models, whether or not they are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learned: Vec<LearnedModel>,
}

/// What an endpoint's refusals taught about one of its models. Each further request follows it, until the
/// endpoint's configuration changes or somebody asks for it to be forgotten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LearnedModel {
    pub model: String,
    /// What is left out of a request, or put otherwise, in the order in which it was learned.
    pub adjustments: Vec<Adjustment>,
    /// The size of the context window, in tokens, as a refusal named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// The longest prompt that is sent, in estimated tokens, since a longer one was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_tokens: Option<u32>,
    /// Efforts that it does not take, where it takes others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused_efforts: Vec<Effort>,
    /// The efforts that it takes and no others, as a refusal named them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken_efforts: Vec<Effort>,
}

/// `POST /api/v1/providers/{provider}/forget`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forget {
    /// The model of which everything is forgotten; every model where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// What was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Forgotten {
    /// Of how many models something was known until then.
    pub models: u32,
}

impl ProviderModels {
    /// Makes `model` the default one, and the first of the list.
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

/// A model. What is none is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ModelEntry {
    pub name: String,
    /// Tokens that it sees at once here, prompt and answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window_tokens: Option<u32>,
    /// Of its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
    /// Such as `llama`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Such as `Q4_K_M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantisation: Option<String>,
    /// How hard it can be told to think, the least first; empty where it cannot be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub efforts: Vec<Effort>,
    /// Whether it takes pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<bool>,
    /// Why it cannot be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Error>,
}

/// The words of a language: of just this tag, of its first part (`ja` for `ja-JP`), English,
/// or whatever there is.
pub fn words_in<'a>(words: &'a Words, language: &str) -> &'a str {
    let of = |tag: &str| words.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag));
    let first_part = language.split('-').next().unwrap_or_default();
    let found = of(language).or_else(|| of(first_part)).or_else(|| of("en"));
    found.or_else(|| words.first_key_value()).map_or("", |(_, text)| text)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_the_nearest_language() {
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
