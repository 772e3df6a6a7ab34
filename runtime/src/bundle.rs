//! The profiles and prompts in force, with a digest that each turn records.
//!
//! Prompts are prose for the model and live in files. The files that come with the product are
//! embedded; a configured folder replaces them. Everything is checked when the bundle is made, so a
//! broken template or a missing file is an error at start and not in the middle of a turn.

use std::collections::BTreeMap;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior, Value, context};
use protocol::api::Sampling;
use protocol::catalogue::ProfileSummary;
use protocol::{Effort, ProfileName, ProviderName};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::text_digest;

mod files;
mod words;

pub use files::BundleError;
pub use words::Words;

/// The most instructions that rendering a template may take: more than any prompt needs, and an end
/// for a template that loops forever.
const FUEL: u64 = 100_000;

/// A named choice of prompt, provider, model, language, sampling and effort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name that requests and workers use; unique in the bundle.
    pub name: ProfileName,
    /// The name that people see in a list; never blank.
    pub title: Words,
    /// What the profile is for, in one sentence.
    #[serde(default)]
    pub description: Option<Words>,
    /// The prompt's file name within the bundle.
    pub prompt: String,
    /// The language of the prompt and the answers, as a tag such as `en` or `ja`.
    pub language: String,
    /// `None` means the configured provider.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// `None` means the configured model, or else the provider's first one.
    #[serde(default)]
    pub model: Option<String>,
    /// Sent with each request; for absent parameters the provider's default applies.
    #[serde(default)]
    pub sampling: Sampling,
    /// How hard the model is asked to think; `None` means the model's own default.
    #[serde(default)]
    pub effort: Option<Effort>,
    /// Whether the thinking of earlier answers is sent with them.
    #[serde(default)]
    pub send_reasoning: bool,
}

/// The variables that a prompt template may use.
#[derive(Clone, Debug)]
pub struct Variables {
    /// The configured name of this installation.
    pub workspace: String,
    /// The profile's [`Profile::language`].
    pub language: String,
    /// `YYYY-MM-DD`.
    pub date: String,
}

impl Variables {
    fn context(&self) -> Value {
        let Self { workspace, language, date } = self;
        context! { workspace, language, date }
    }
}

impl Profile {
    /// The profile as the API shows it, with the digest of its `prompt`.
    pub fn summary(&self, prompt: &str) -> ProfileSummary {
        let description = self.description.as_ref();
        ProfileSummary {
            name: self.name.clone(),
            title: self.title.by_language(&self.language),
            description: description.map(|d| d.by_language(&self.language)).unwrap_or_default(),
            language: self.language.clone(),
            provider: self.provider.clone(),
            model: self.model.clone(),
            sampling: self.sampling,
            effort: self.effort.clone(),
            send_reasoning: self.send_reasoning,
            prompt_digest: text_digest(prompt),
        }
    }
}

/// The checked profiles and prompts.
#[derive(Debug)]
pub struct Bundle {
    profiles: Vec<Profile>,
    default: ProfileName,
    /// By language tags.
    default_in: BTreeMap<String, ProfileName>,
    templates: Environment<'static>,
    digest: String,
}

impl Bundle {
    /// The bundle that comes with the product.
    pub fn embedded() -> Result<Self, BundleError> {
        Self::check(files::embedded())
    }

    /// Reads a bundle from a folder that holds `profiles.toml` and the prompts that it names.
    pub fn from_folder(folder: &Path) -> Result<Self, BundleError> {
        Self::check(files::read(folder)?)
    }

    /// All profiles, in the order of `profiles.toml`.
    pub fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    /// The profile of new conversations.
    pub fn default_profile(&self) -> &ProfileName {
        &self.default
    }

    /// The profile of new conversations for readers of a language.
    pub fn default_in(&self, language: &str) -> &ProfileName {
        self.default_in.get(language).unwrap_or(&self.default)
    }

    /// Whether new conversations have this profile, in some language.
    pub fn is_default(&self, name: &ProfileName) -> bool {
        self.default == *name || self.default_in.values().any(|other| other == name)
    }

    /// A profile by its name.
    pub fn profile(&self, name: &ProfileName) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == *name)
    }

    /// `sha256:` and 64 hexadecimal digits over the names and bytes of all files.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Renders a profile's system prompt. An error names the file and the line.
    pub fn render(&self, profile: &Profile, variables: &Variables) -> Result<String, BundleError> {
        let prompt = self.templates.get_template(&profile.prompt);
        let text = prompt.and_then(|template| template.render(variables.context()));
        text.map(|text| text.trim().to_owned())
            .map_err(|error| BundleError::template(&profile.prompt, &error))
    }

    fn check(files: BTreeMap<String, String>) -> Result<Self, BundleError> {
        let digest = digest_of(&files);
        let list = files::profiles(&files)?;
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        templates.set_fuel(Some(FUEL));
        for (name, text) in files.into_iter().filter(|(name, _)| name != files::PROFILES) {
            templates
                .add_template_owned(name.clone(), text)
                .map_err(|error| BundleError::template(&name, &error))?;
        }
        let files::ProfileList { default, default_in, profile: profiles } = list;
        let bundle = Self { profiles, default, default_in, templates, digest };
        for profile in &bundle.profiles {
            let variables = Variables {
                workspace: "Companion".to_owned(),
                language: profile.language.clone(),
                date: "2000-01-01".to_owned(),
            };
            bundle.render(profile, &variables)?;
        }
        Ok(bundle)
    }
}

fn digest_of(files: &BTreeMap<String, String>) -> String {
    let mut hash = Sha256::new();
    for (name, text) in files {
        // The lengths separate the files: without them, bytes moved from the end of one file to the
        // beginning of the next would give the same digest.
        hash.update((name.len() as u64).to_be_bytes());
        hash.update(name);
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    format!("sha256:{:x}", hash.finalize())
}

#[cfg(test)]
mod tests;
