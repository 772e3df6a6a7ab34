//! Records a companion under load, over several lives: it is killed, stopped, and started again.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use fastrand::Rng;
use power_journal::{END, FOLDER, JOURNAL, Reader, SYNC_MS};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use upstream::{Answer, Script, Step, Upstream};

use super::disk::{Disk, Ignored};
use super::load::{self, Guest};
use super::timeline::{Entry, Fact, Timeline};
use crate::client::Failure;
use crate::companion::{Companion, HANG, Installation, answered_by};
use files::Files;

pub(super) mod files;

/// The number of conversations.
const WORKERS: usize = 4;

/// How long a connection to an ended process may take to end, too.
const LEFTOVERS: Duration = Duration::from_secs(10);

/// A database of the first schema, with conversations, which every later version brings up to date.
const OLD_DATABASE: &[u8] =
    include_bytes!("../../../../runtime/store-sqlite/tests/sqlite/fixtures/schema-1.db");

/// The lock file beside it. The process had a high number, so the next note is shorter.
const OLD_LOCK: &[u8] = b"process 4194303\n";

/// The files of a recording.
const JOURNAL_FILE: &str = "journal";
const SAVED_FILE: &str = "saved.json";

/// All that was done to the files, and all that was promised.
pub(super) struct Recording {
    pub(super) journal: Vec<u8>,
    pub(super) saved: Saved,
}

/// What is saved besides the journal.
#[derive(Serialize, Deserialize)]
pub(super) struct Saved {
    /// The inode number of the recorded folder, which is empty at the beginning.
    root: u64,
    /// Parts of the journal, from one position to another, that this program wrote and not the
    /// companion. No power cut can fall into them.
    pub(super) arranged: Vec<(usize, usize)>,
    /// From this number the choices of all images are made.
    pub(super) choices: u64,
    pub(super) entries: Vec<Entry>,
}

/// What there is before the first start.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beginning {
    Nothing,
    /// An empty data folder.
    Folder,
    /// What an old version has left.
    OldDatabase,
}

/// The end of a life.
#[derive(Clone, Copy)]
enum End {
    Killed,
    /// Killed, and the next life begins on one of the disks that a power cut could have left.
    PowerCut,
    Stopped,
}

/// The lives of a recording. After each of them the next one has something else to recover.
const LIVES: [End; 4] = [End::Killed, End::PowerCut, End::Stopped, End::Killed];

/// The recorded program and its surroundings.
pub(super) struct Setting<'a> {
    pub(super) binary: &'a Path,
    pub(super) interposer: &'a Path,
    /// How long each life lasts.
    pub(super) life: Duration,
}

/// Runs the companion and saves the recording in a folder.
pub(super) async fn make(
    setting: &Setting<'_>,
    beginning: Beginning,
    folder: &Path,
    rng: &mut Rng,
) -> Result<()> {
    let upstream = Upstream::start().await?;
    upstream.script(script(rng));
    // More frames than by default give more commits between which power can fail.
    let lines = format!("{}delta_ms = 5\n", answered_by(&upstream));
    let mut place = Installation::new(setting.binary, &lines)?;
    let result = live(&mut place, setting, beginning, &folder.join(JOURNAL_FILE), rng).await;
    let saved = place.close(result)?;
    fs::write(folder.join(SAVED_FILE), serde_json::to_vec(&saved)?)?;
    Ok(())
}

impl Saved {
    /// The disk before the first record.
    pub(super) fn disk<'a>(&self, ignored: Ignored) -> Disk<'a> {
        Disk::new(self.root, ignored)
    }

    /// The disk after all that a journal tells.
    fn disk_after<'a>(&self, journal: &'a [u8]) -> Result<Disk<'a>> {
        let mut disk = self.disk(Ignored::Nothing);
        for record in Reader::new(journal) {
            let (_, operation) = record.ok().context("the journal is malformed")?;
            disk.perform(operation)?;
        }
        Ok(disk)
    }
}

impl Recording {
    /// Reads a recording.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let read =
            |name| fs::read(folder.join(name)).with_context(|| format!("there is no {name}"));
        let saved = serde_json::from_slice(&read(SAVED_FILE)?)?;
        Ok(Self { journal: read(JOURNAL_FILE)?, saved })
    }
}

async fn live(
    place: &mut Installation,
    setting: &Setting<'_>,
    beginning: Beginning,
    journal: &Path,
    rng: &mut Rng,
) -> Result<Saved> {
    let root = fs::metadata(place.folder())?.ino();
    let mut saved = Saved { root, arranged: Vec::new(), choices: rng.u64(..), entries: Vec::new() };
    let files = Files { data: place.data(), journal: journal.to_owned() };
    match beginning {
        Beginning::Nothing => {}
        Beginning::Folder => saved.arranged.push(files.make_folder(root)?),
        Beginning::OldDatabase => {
            saved.arranged.push(files.make_folder(root)?);
            let left = [("companion.db", OLD_DATABASE), ("companion.lock", OLD_LOCK)];
            saved.arranged.push(files.arrange(left)?);
        }
    }
    let timeline = Arc::new(Timeline::new(journal.to_owned()));
    let killer = journal.with_extension("end");
    let mut workers = Vec::new();
    for (n, end) in LIVES.into_iter().enumerate() {
        // Disks differ, and a slow one shows who does not wait for it.
        let sync_ms = [1, 2, 8][rng.usize(0..3)];
        place.environment = vec![
            ("LD_PRELOAD", setting.interposer.into()),
            (FOLDER, place.folder().into()),
            (JOURNAL, journal.into()),
            (SYNC_MS, sync_ms.to_string().into()),
            (END, killer.clone().into()),
        ];
        let begun = timeline.now();
        let companion = place.start().await?;
        let guest = Guest { client: companion.client.clone(), timeline: timeline.clone() };
        if n == 0 {
            inherit(&guest, begun).await?;
        }
        while workers.len() < WORKERS {
            workers.push(guest.create().await?);
        }
        let tasks = load::start(&guest, &workers, rng);
        match end {
            End::Stopped => one_life(companion, tasks, setting.life, None).await?,
            End::Killed | End::PowerCut => {
                one_life(companion, tasks, setting.life, Some(&killer)).await?;
                fs::remove_file(&killer)?;
            }
        }
        let recorded = fs::read(journal)?;
        let disk = saved.disk_after(&recorded)?;
        files.check(&disk)?;
        if let End::PowerCut = end {
            let image = files::of_data(disk.after_power_cut(rng));
            ensure!(!image.is_empty(), "a power cut between two lives has lost the data folder");
            saved.arranged.push(files.replace(&disk, &image)?);
        }
    }
    saved.entries = timeline.entries();
    Ok(saved)
}

/// Notes the conversations of an old database: no power cut may lose them either.
async fn inherit(guest: &Guest, begun: usize) -> Result<()> {
    if begun == 0 {
        return Ok(());
    }
    for worker in guest.client.workers().await? {
        let worker = worker.worker_id;
        let messages = guest.client.transcript(worker).await?.messages;
        if !messages.is_empty() {
            guest.timeline.note_at(begun, Fact::Imported { worker, messages });
        }
    }
    Ok(())
}

/// Lets the clients work, and then ends the process: by creating the file `killer`, or by asking it.
/// Errors if a client fails for another reason than that end.
async fn one_life(
    mut companion: Companion,
    mut clients: JoinSet<Result<()>>,
    life: Duration,
    killer: Option<&Path>,
) -> Result<()> {
    if let Ok(ended) = tokio::time::timeout(life, clients.join_next()).await {
        bail!("a client ended by itself: {ended:?}");
    }
    match killer {
        Some(killer) => fs::write(killer, "")?,
        None => companion.terminate()?,
    }
    tokio::time::timeout(HANG, companion.ended()).await.context("the companion does not end")??;
    let mut failed = Ok(());
    // The connections are broken, so the clients end with errors, except one that only waits.
    let all = async {
        while let Some(ended) = clients.join_next().await {
            let ended = ended.context("a client panicked").and_then(|ended| ended);
            let is_answer = |error: &anyhow::Error| {
                error.downcast_ref::<Failure>().is_some_and(|why| !why.is_unclear())
            };
            // A companion that is asked to end refuses what comes late.
            if killer.is_some() && ended.as_ref().is_err_and(is_answer) {
                failed = ended;
            }
        }
    };
    let _ = tokio::time::timeout(LEFTOVERS.min(life), all).await;
    clients.shutdown().await;
    failed
}

fn script(rng: &mut Rng) -> Script {
    let replies = (0..32).map(|_| {
        let delay_ms = [0, 0, 0, 1, 3, 10][rng.usize(0..6)];
        let mut steps = vec![Step::Answer(Answer { delay_ms, ..Answer::default() })];
        if rng.u8(0..4) == 0 {
            steps.insert(0, Step::Delay { ms: rng.u64(0..100) });
        }
        steps
    });
    Script { replies: replies.collect(), ..Script::default() }
}

/// The path of the interposer that was built beside this program.
pub(super) fn interposer(given: Option<&Path>) -> Result<PathBuf> {
    let built = || -> Result<PathBuf> {
        let program = std::env::current_exe()?;
        Ok(program.with_file_name("libpower_interposer.so"))
    };
    let path = given.map_or_else(built, |path| Ok(path.to_owned()))?;
    fs::canonicalize(&path)
        .with_context(|| format!("there is no interposer at {}; build it", path.display()))
}
