//! The files of a bundle: where they come from and what `profiles.toml` says.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use files::{not_regular, open_regular};
use protocol::{ProfileName, ProviderName};
use serde::Deserialize;

use super::Profile;

/// The file that lists the profiles.
pub(super) const PROFILES: &str = "profiles.toml";

/// The largest size of one file in bytes. A prompt far beyond any model's window is a mistake.
const FILE_BYTES: u64 = 256 * 1024;

/// Why a bundle cannot be used. `file` is a name within the bundle; `line` counts from 1.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The folder or a file in it cannot be listed or read.
    #[error("the prompts folder {folder} cannot be read")]
    Folder {
        /// The folder as the settings name it.
        folder: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file is missing, is no regular file, is too large, or is not UTF-8.
    #[error("{file} of the prompts folder {problem}")]
    File {
        /// The name of the file within the bundle.
        file: String,
        /// The problem, in words that follow the file's name.
        problem: &'static str,
    },
    /// `profiles.toml` does not parse, or contradicts itself or the other files.
    #[error("{file}, line {line}: {problem}")]
    Profiles {
        /// Always `profiles.toml`.
        file: String,
        /// The line with the mistake, from 1.
        line: usize,
        /// The problem; may quote the file.
        problem: String,
    },
    /// A prompt does not parse, or uses a variable that it does not have.
    #[error("{file}, line {line}: {problem}")]
    Template {
        /// The name of the prompt within the bundle.
        file: String,
        /// The line with the mistake, from 1.
        line: usize,
        /// The problem, as the template engine reports it.
        problem: String,
    },
}

impl BundleError {
    pub(super) fn template(file: &str, error: &minijinja::Error) -> Self {
        let problem = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        let line = error.line().unwrap_or(1);
        Self::Template { file: error.name().unwrap_or(file).to_owned(), line, problem }
    }
}

/// The contents of `profiles.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileList {
    pub(super) default: ProfileName,
    #[serde(default)]
    pub(super) default_in: BTreeMap<String, ProfileName>,
    pub(super) profile: Vec<Profile>,
}

pub(super) fn embedded() -> BTreeMap<String, String> {
    [
        (PROFILES, include_str!("../../../prompts/profiles.toml")),
        ("companion.en.md", include_str!("../../../prompts/companion.en.md")),
        ("companion.ja.md", include_str!("../../../prompts/companion.ja.md")),
        ("concise.md", include_str!("../../../prompts/concise.md")),
        ("translator.md", include_str!("../../../prompts/translator.md")),
        ("code.md", include_str!("../../../prompts/code.md")),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}

/// Reads `profiles.toml` and all `.md` files of a folder.
pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, String>, BundleError> {
    let fails = |source| BundleError::Folder { folder: folder.to_owned(), source };
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).map_err(fails)? {
        let path = entry.map_err(fails)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name != PROFILES && !name.ends_with(".md") {
            continue;
        }
        let name = name.to_owned();
        let wrong = |problem| BundleError::File { file: name.clone(), problem };
        let file = open_regular(&path).map_err(|error| match not_regular(&error) {
            Some(_) => wrong("is not a regular file"),
            None => fails(error),
        })?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(fails)?;
        if bytes.len() as u64 > FILE_BYTES {
            return Err(wrong("is larger than 256 KiB"));
        }
        let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
        files.insert(name, text);
    }
    Ok(files)
}

/// Parses `profiles.toml` and checks that the files that it names exist.
pub(super) fn profiles(files: &BTreeMap<String, String>) -> Result<ProfileList, BundleError> {
    let Some(text) = files.get(PROFILES) else {
        return Err(BundleError::File { file: PROFILES.to_owned(), problem: "is missing" });
    };
    let problem = |line: usize, problem: String| BundleError::Profiles {
        file: PROFILES.to_owned(),
        line,
        problem,
    };
    let list: ProfileList = toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        problem(line_at(text, start), error.message().to_owned())
    })?;
    let mut names = BTreeSet::new();
    for profile in &list.profile {
        let line = line_of(text, "name", profile.name.as_str());
        if !names.insert(&profile.name) {
            return Err(problem(line, format!("the profile `{}` is there twice", profile.name)));
        }
        let texts = profile.title.texts();
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            let problem_ = format!("the profile `{}` has no title", profile.name);
            return Err(problem(line, problem_));
        }
        if profile.provider.as_ref().is_some_and(ProviderName::is_imported) {
            let line = line_of(text, "provider", "imported");
            return Err(problem(line, "no provider is called `imported`".to_owned()));
        }
        if !files.contains_key(&profile.prompt) || profile.prompt == PROFILES {
            let line = line_of(text, "prompt", &profile.prompt);
            return Err(problem(line, format!("there is no prompt `{}`", profile.prompt)));
        }
    }
    if !names.contains(&list.default) {
        let line = line_of(text, "default", list.default.as_str());
        return Err(problem(line, format!("there is no profile `{}`", list.default)));
    }
    if let Some(odd) = list.default_in.keys().find(|tag| !is_language_tag(tag)) {
        let line = line_of(text, "default_in", odd);
        return Err(problem(line, format!("`{odd}` is no language tag such as `ja`")));
    }
    if let Some(unknown) = list.default_in.values().find(|name| !names.contains(name)) {
        let line = line_of(text, "default_in", unknown.as_str());
        return Err(problem(line, format!("there is no profile `{unknown}`")));
    }
    Ok(list)
}

/// Whether a text has the form of a language tag in lower case, such as `ja` or `pt-br`.
fn is_language_tag(tag: &str) -> bool {
    let (language, rest) = tag.split_once('-').unwrap_or((tag, "x"));
    let is_part = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && rest.split('-').all(|part| (1..=8).contains(&part.len()) && is_part(part))
}

fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    1 + before.filter(|byte| **byte == b'\n').count()
}

/// The last line that sets `key` to `value`: of a duplicated name, the second one is the mistake.
fn line_of(text: &str, key: &str, value: &str) -> usize {
    let sets = |line: &str| line.trim_start().starts_with(key) && line.contains(value);
    let last = text.lines().enumerate().filter(|(_, line)| sets(line)).last();
    last.map_or(1, |(index, _)| index + 1)
}
