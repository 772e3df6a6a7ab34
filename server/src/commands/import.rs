//! `companion import FILE|-...`: imports conversations from exports. Those that are not sound are
//! named, and the others are imported. It needs exclusive use of the data folder; while a server
//! runs, import on its page or over the API.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use files::open_regular;
use protocol::AccountId;
use runtime::clock::{Clock as _, SystemClock};
use store::{ConflictPolicy, Store as _};
use store_sqlite::{OpenError, Sqlite};
use transfer::{self, ImportError, Options, Report, Source, Unsound, Upload};

use crate::config::Config;
use crate::engine;

mod report;

/// The exit code if a part was imported and another part was not.
const INCOMPLETE: u8 = 3;

/// Imports, and prints what happened to the conversations.
pub async fn run(
    config: &Config,
    from: &[PathBuf],
    differing: ConflictPolicy,
    unsound: Unsound,
) -> anyhow::Result<ExitCode> {
    // All inputs are opened first, before the database is created or opened.
    let from: Vec<_> =
        from.iter().map(|path| Ok((path, Input::of(path)?))).collect::<anyhow::Result<_>>()?;
    let profile = engine::bundle(config).context("the prompts cannot be used")?;
    let profile = profile.default_profile().clone();
    let folder = &config.data_dir;
    let store = Sqlite::open(folder).map_err(|error| {
        let locked = matches!(error, OpenError::Locked { .. });
        let error = anyhow::Error::from(error);
        if locked {
            error.context("while the server runs, import on its page /data instead")
        } else {
            error
        }
    })?;
    let mut sources = Vec::new();
    for (path, input) in from {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        sources.push(Source { name, file: input.file(folder).await? });
    }
    let options = Options { owner: AccountId::FIRST, profile, differing, unsound };
    let done = transfer::import(&store, sources, options, SystemClock.now()).await;
    store.close().await;
    match done {
        Ok(report) => {
            for line in report::done(&report) {
                say!("{line}");
            }
            for line in report::refused(&report.tally) {
                eprintln!("{line}");
            }
            Ok(code(&report))
        }
        Err(ImportError::Differs(ids)) => {
            for id in &ids {
                eprintln!("{id} is stored here with different content");
            }
            anyhow::bail!(
                "nothing was imported; with --keep-existing, or without --strict, those stay unchanged and the others are imported"
            )
        }
        Err(error) => Err(error).context("nothing was imported"),
    }
}

/// The exit code: a failure if nothing was imported, and [`INCOMPLETE`] if only a part was.
fn code(report: &Report) -> ExitCode {
    let nothing = report.added.is_empty() && report.skipped.is_empty();
    match report.tally.refusals.is_empty() {
        true => ExitCode::SUCCESS,
        false if nothing => ExitCode::FAILURE,
        false => ExitCode::from(INCOMPLETE),
    }
}

/// The source of an import.
enum Input {
    File(File),
    Stdin,
    Pipe(File, PathBuf),
}

impl Input {
    fn of(from: &Path) -> anyhow::Result<Self> {
        let cannot = || format!("{} cannot be read", from.display());
        if from == Path::new("-") {
            return Ok(Self::Stdin);
        }
        let kind = std::fs::metadata(from).with_context(cannot)?.file_type();
        if kind.is_fifo() {
            // Opening a pipe waits for its writer, which is right here: the user named this pipe.
            let pipe = File::open(from).with_context(cannot)?;
            return Ok(Self::Pipe(pipe, from.to_owned()));
        }
        open_regular(from).map(Self::File).with_context(cannot)
    }

    /// The file to import. It is read at many positions; standard input and pipes can only be read
    /// in order, so they are copied to a file first.
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

/// Copies input that can be read only once to a file without a name.
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
