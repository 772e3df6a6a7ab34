//! The file that preserves what was learned about an endpoint's models over a restart.
//!
//! It is a cache: if it is lost or unusable, each refusal happens, and is learned, once more. So it
//! is not synced, and no error with it fails a turn.

use std::fs::DirBuilder;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use files::read_text;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::{MODELS, Models};

/// The most bytes of the file; 256 models need about 50,000.
const MAX_BYTES: u64 = 1 << 20;

/// The version of the format. A file of another version is not read.
const VERSION: u32 = 1;

pub(crate) struct Memory {
    file: PathBuf,
    /// The fingerprint of the configuration under which it was learned.
    configuration: String,
    /// Held while the file is written, so that the newest state is written last.
    gate: Mutex<()>,
}

#[derive(Serialize, Deserialize)]
struct Contents {
    version: u32,
    configuration: String,
    models: Models,
}

impl Memory {
    /// Uses `file`, which need not exist yet, for what is learned under this configuration.
    pub(crate) fn new(file: &Path, configuration: String) -> Self {
        Self { file: file.to_owned(), configuration, gate: Mutex::default() }
    }

    /// Loads what was learned under this configuration.
    pub(super) fn load(&self) -> Models {
        let text = match read_text(&self.file, MAX_BYTES, Duration::ZERO) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Models::new(),
            Err(error) => return self.unusable(&error),
        };
        match serde_json::from_str::<Contents>(&text) {
            Ok(Contents { version: VERSION, configuration, mut models }) => {
                if configuration != self.configuration {
                    return Models::new();
                }
                models.truncate(MODELS);
                models
            }
            Ok(_) => Models::new(),
            Err(error) => self.unusable(&error),
        }
    }

    /// Replaces the content of the file by the result of `models`.
    pub(super) fn save(&self, models: impl FnOnce() -> Models) {
        let _alone = self.gate.lock().unwrap_or_else(PoisonError::into_inner);
        let configuration = self.configuration.clone();
        let contents = Contents { version: VERSION, configuration, models: models() };
        if let Err(error) = self.replace(&contents) {
            let file = self.file.display();
            warn!(%file, %error, "the learned habits of an endpoint cannot be saved; a restart loses them");
        }
    }

    fn replace(&self, contents: &Contents) -> io::Result<()> {
        let folder = self.file.parent().ok_or(ErrorKind::InvalidFilename)?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        // Only its owner may read the file, and a reader sees the old file or the new one, never a
        // part.
        let mut part = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut part, contents)?;
        part.write_all(b"\n")?;
        part.persist(&self.file)?;
        Ok(())
    }

    fn unusable(&self, error: &dyn std::error::Error) -> Models {
        let file = self.file.display();
        warn!(%file, %error, "the learned habits of an endpoint cannot be read; they are learned again");
        Models::new()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use protocol::Adjustment;

    use super::super::{Habits, Learned};
    use super::*;

    fn learned(file: &Path, configuration: &str) -> Learned {
        Learned::new(Some(Memory::new(file, configuration.to_owned())))
    }

    #[test]
    fn learned_habits_survive_a_restart_but_not_a_configuration_change() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learned").join("openai.json");
        let first = learned(&file, "a");
        assert!(!first.is_unsaved());
        first.learn("m", |habits| {
            habits.adjustments.push(Adjustment::WithoutTemperature);
            (habits.window, habits.room) = (Some(8_192), Some(6_000));
        });
        assert!(first.is_unsaved());
        first.save();
        assert!(!first.is_unsaved());
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));

        let again = learned(&file, "a");
        assert_eq!(again.of("m"), first.of("m"));
        assert_eq!(learned(&file, "b").of("m"), Habits::default());
        assert_eq!(again.forget(None), 1);
        again.save();
        assert_eq!(learned(&file, "a").of("m"), Habits::default());
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn an_unusable_file_is_ignored_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.json");
        let later = r#"{"version":1,"configuration":"a","models":[["m",{"adjustments":["of_a_later_version"],"window":1,"room":null}]]}"#;
        let long = format!("\"{}\"", "x".repeat(MAX_BYTES as usize));
        for text in ["", "{", "[]", later, &later.replace("n\":1", "n\":2"), &long, "\u{0}"] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(learned(&file, "a").all(), []);
        }
        let learned_anew = learned(&file, "a");
        learned_anew.learn("m", |habits| habits.window = Some(4_096));
        learned_anew.save();
        assert_eq!(learned(&file, "a").of("m").window, Some(4_096));
    }

    #[test]
    fn in_an_unwritable_folder_habits_are_only_kept_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("learned"), "a file").unwrap();
        let kept = learned(&folder.path().join("learned/openai.json"), "a");
        kept.learn("m", |habits| habits.window = Some(4_096));
        kept.save();
        assert_eq!(kept.of("m").window, Some(4_096));
    }
}
