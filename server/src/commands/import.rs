//! `companion import FILE|-`: conversations from an export, all or none. It needs the data
//! folder for itself; beside a running server the page and the interface import.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use runtime::clock::{Clock as _, SystemClock};
use runtime::open_file::open_regular;
use runtime::store::sqlite::{OpenError, Sqlite};
use runtime::store::{Differing, Store as _};
use runtime::transfer::{self, ImportError, Report, Upload};

use crate::config::Config;
use crate::engine;

/// Imports and says what became of the conversations.
pub async fn run(config: &Config, from: &Path, keep: Differing) -> anyhow::Result<ExitCode> {
    // Before anything is made or opened for it.
    let source = Source::of(from)?;
    let profile = engine::bundle(config).context("the prompts cannot be used")?;
    let profile = profile.default_profile().clone();
    let folder = &config.data_dir;
    let store = Sqlite::open(folder).map_err(|error| {
        let locked = matches!(error, OpenError::Locked { .. });
        let error = anyhow::Error::from(error);
        if locked { error.context("a running server imports by itself, at /data") } else { error }
    })?;
    let file = source.file(folder).await?;
    let done = transfer::import(&store, file, profile, keep, SystemClock.now()).await;
    store.close().await;
    match done {
        Ok(report) => print(&report),
        Err(ImportError::Differs(ids)) => {
            for id in &ids {
                eprintln!("{id} is here with another content");
            }
            anyhow::bail!(
                "nothing was imported; with --keep-existing those stay as they are and the others come in"
            )
        }
        Err(error) => return Err(error).context("nothing was imported"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Where an import comes from.
enum Source {
    File(File),
    Stdin,
    Pipe(File, PathBuf),
}

impl Source {
    fn of(from: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("{} cannot be read", from.display());
        if from == Path::new("-") {
            return Ok(Self::Stdin);
        }
        let kind = std::fs::metadata(from).with_context(cannot)?.file_type();
        if kind.is_fifo() {
            // It is waited for: somebody gave this command a pipe to read from.
            let pipe = File::open(from).with_context(cannot)?;
            return Ok(Self::Pipe(pipe, from.to_owned()));
        }
        open_regular(from).map(Self::File).with_context(cannot)
    }

    /// The file to import, which is read twice. Standard input and pipes can be read only once, so
    /// they are copied to a file first.
    async fn file(self, folder: &Path) -> anyhow::Result<File> {
        match self {
            Self::File(file) => Ok(file),
            Self::Stdin => {
                let copied = spooled(io::stdin().lock(), folder).await;
                copied.context("standard input cannot be read")
            }
            Self::Pipe(pipe, name) => {
                let copied = spooled(pipe, folder).await;
                copied.with_context(|| format!("{} cannot be read", name.display()))
            }
        }
    }
}

/// What can be read once, as a file without a name.
async fn spooled(mut input: impl Read, folder: &Path) -> anyhow::Result<File> {
    let mut upload = Upload::begin(folder, u64::MAX)?;
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let read = input.read(&mut buffer)?;
        if read == 0 {
            return Ok(upload.into_file().await?);
        }
        upload.write(&buffer[..read]).await?;
    }
}

fn print(report: &Report) {
    let Report { added, skipped, kept, deleted, left_out, .. } = report;
    say!("imported {} conversations, {} were here already", added.len(), skipped.len());
    for id in kept {
        say!("{id} is here with another content and was left as it is");
    }
    for id in deleted {
        say!("{id} was deleted here and can be brought back; it was left so");
    }
    if *left_out > 0 {
        say!(
            "{left_out} entries were left out: not text, hidden, of a system or a tool, or not readable where they come from"
        );
    }
}
