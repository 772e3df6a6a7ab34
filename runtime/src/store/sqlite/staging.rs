//! Imports. Whole conversations are written a little at a time where nobody sees them, between the
//! commits of others, and all of them become visible in one transaction at the end.
//!
//! What is read is read on a thread of the import's own; the writing thread only gets rows that are
//! ready, for [`STEP`] at a time, and what its index holds of a long message is found before
//! ([`found`]). So an import delays nobody else's commits, however large it is. The exception is a
//! single message of many megabytes: it is one row, which SQLite writes at once. The longest one that
//! is taken, of 16 MiB, was measured to keep others waiting for 0.2 s.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use protocol::{Event, LogId, Timestamp, WorkerId};
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use super::file_identity::FileIdentity;
use super::outage::is_damage;
use super::readers::Readers;
use super::texts::{Index, Known};
use super::writer::{Change, Writer};
use super::{delete, file, transfer, write};
use crate::store::{
    Append, Cause, Differing, Durability, Give, Imported, Outage, Prompt, Relation, StoreError,
    WholeLog,
};

mod found;

use found::Found;

/// For how long the writing thread writes rows of an import before it looks for other work. The
/// commit comes on top of it.
const STEP: Duration = Duration::from_millis(8);

/// Pieces that are collected before they are written, and bytes of their texts.
const TOGETHER: usize = 1024;
const TOGETHER_BYTES: usize = 1 << 20;

/// Events of one piece, and bytes of their texts: what is written without a look at the clock.
const PIECE_EVENTS: usize = 4;
const PIECE_BYTES: usize = 16 << 10;

/// Bytes of the disk that an import leaves free, so that others can go on writing and what was
/// staged can be removed again; at most a third of the disk.
const RESERVE_BYTES: u64 = 32 << 20;

/// The next events of a conversation.
pub(super) struct Piece {
    /// Given where the conversation begins.
    log: Option<LogId>,
    append: Append,
    prompts: Vec<Prompt>,
    /// Of its longer messages.
    known: Known,
}

/// An import under way.
pub(super) struct Staging {
    /// Moves what is committed from the write-ahead log into the file, so that no commit has to: a
    /// commit may go on beside this, but not beside a sync of its own. None where it cannot be had.
    checkpoints: Option<Connection>,
    writer: Writer,
    readers: Readers,
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// What is staged, by a digest of its events.
    staged: HashMap<WorkerId, [u8; 32]>,
    done: Imported,
}

impl Staging {
    /// Blocks for as long as it takes to open a connection.
    fn checkpointing(&mut self, file: &Path) {
        let opened = file::open_to_write(file);
        self.checkpoints = opened
            .inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::debug!(error, "commits move what they commit by themselves");
            })
            .ok();
    }

    pub(super) fn new(writer: Writer, readers: Readers) -> Self {
        Self {
            checkpoints: None,
            writer,
            readers,
            pieces: VecDeque::new(),
            bytes: 0,
            staged: HashMap::new(),
            done: Imported::default(),
        }
    }

    /// Imports on a thread of its own, to the end even if nobody waits for it any more. `one` is
    /// held until then.
    pub(super) async fn import(
        mut self,
        one: OwnedMutexGuard<()>,
        logs: Give,
        differing: Differing,
    ) -> Result<Imported, StoreError> {
        let (threads, writer) = (Handle::current(), self.writer.clone());
        let work = move || {
            let done = self.run(&threads, logs, differing);
            if !done
                .as_ref()
                .is_ok_and(|done| done.differing.is_empty() || differing == Differing::Keep)
            {
                threads.block_on(remove(&self.writer));
            }
            drop(one);
            done
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(_) => {
                remove(&writer).await;
                Err(StoreError::Panicked)
            }
        }
    }

    fn run(
        &mut self,
        threads: &Handle,
        logs: Give,
        differing: Differing,
    ) -> Result<Imported, StoreError> {
        // What an import before this one could not remove.
        let begun = self.writer.alone(|db| {
            db.give_up_staged()?;
            Ok(db.file().to_owned())
        });
        self.checkpointing(&threads.block_on(begun)?);
        let mut failed = None;
        let given = logs(&mut |log| {
            self.take(threads, log).map_err(|error| {
                failed = Some(error);
                Cause::from("the store does not take it")
            })
        });
        match (failed, given) {
            (Some(error), _) => return Err(error),
            (None, Err(cause)) => return Err(StoreError::Import(cause)),
            (None, Ok(())) => {}
        }
        let mut done = std::mem::take(&mut self.done);
        if differing == Differing::Refuse && !done.differing.is_empty() {
            done.added.clear();
            return Ok(done);
        }
        self.write(threads)?;
        let workers = done.added.len();
        if workers > 0 {
            threads.block_on(self.writer.alone(move |db| db.publish_staged(workers)))?;
        }
        Ok(done)
    }

    /// Takes one conversation, which is here already, or is staged.
    fn take(&mut self, threads: &Handle, log: WholeLog) -> Result<(), StoreError> {
        let id = log.worker.worker_id;
        let digest = digest(&log);
        if let Some(before) = self.staged.get(&id) {
            let same = *before == digest;
            if same {
                self.done.skipped.push(id)
            } else {
                self.done.differing.push(id)
            }
            return Ok(());
        }
        let looked = threads.block_on(self.readers.read(move |db| {
            let found = here(db, &log)?;
            Ok((log, found))
        }));
        let (log, found) = looked.map_err(|error| match error {
            StoreError::Read(cause) => StoreError::Import(cause),
            error => error,
        })?;
        match found {
            Here::Same => self.done.skipped.push(id),
            Here::Other => self.done.differing.push(id),
            Here::Deleted => self.done.deleted.push(id),
            Here::Nothing => {
                self.staged.insert(id, digest);
                self.done.added.push(id);
                self.cut(log);
                if self.bytes > TOGETHER_BYTES || self.pieces.len() > TOGETHER {
                    self.write(threads)?;
                }
            }
        }
        Ok(())
    }

    /// Cuts a conversation into pieces.
    fn cut(&mut self, whole: WholeLog) {
        let mut found = Found::of(&whole);
        let WholeLog { worker, log, events, mut prompts } = whole;
        let mut log = Some(log);
        let mut events = events.into_iter().peekable();
        while events.peek().is_some() {
            let (mut some, mut bytes) = (Vec::new(), 0);
            while let Some(event) = events.next_if(|next| {
                some.is_empty()
                    || some.len() < PIECE_EVENTS && bytes + text_bytes(next) < PIECE_BYTES
            }) {
                bytes += text_bytes(&event);
                some.push(event);
            }
            self.bytes += bytes;
            let durability = Durability::Process;
            let append = Append { worker: worker.clone(), events: some, durability, prompt: None };
            let prompts = std::mem::take(&mut prompts);
            let known = append.events.iter().filter_map(|event| found.with(event)).collect();
            self.pieces.push_back(Piece { log: log.take(), append, prompts, known });
        }
    }

    /// Has all pieces written that wait.
    fn write(&mut self, threads: &Handle) -> Result<(), StoreError> {
        let own = self.checkpoints.is_none();
        while !self.pieces.is_empty() {
            let mut pieces = std::mem::take(&mut self.pieces);
            self.pieces = threads.block_on(self.writer.alone(move |db| {
                db.stage(&mut pieces, own)?;
                Ok(pieces)
            }))?;
        }
        if let Some(connection) = &self.checkpoints {
            // Where it cannot be done now, it is done later.
            let passive = "PRAGMA wal_checkpoint(PASSIVE)";
            let _ = connection.query_row(passive, [], |_| Ok(()));
        }
        self.bytes = 0;
        Ok(())
    }
}

/// What is here of a conversation that comes in.
enum Here {
    Nothing,
    /// The same, or longer.
    Same,
    Other,
    /// It was deleted and can be brought back.
    Deleted,
}

fn here(db: &Connection, log: &WholeLog) -> Result<Here, Cause> {
    let id = log.worker.worker_id;
    match transfer::whole(db, id) {
        Ok(Some(stored)) => Ok(match stored.relation_to(log) {
            Relation::Holds => Here::Same,
            Relation::Differs => Here::Other,
        }),
        Ok(None) if delete::is_kept(db, id)? => Ok(Here::Deleted),
        Ok(None) => Ok(Here::Nothing),
        // Nobody can say that it is the same, and it stays until somebody deletes it.
        Err(cause) if is_damage(&cause) => Ok(Here::Other),
        Err(cause) => Err(cause),
    }
}

/// Tells a conversation from another one of the same id in the same import.
fn digest(log: &WholeLog) -> [u8; 32] {
    let mut digest = Sha256::new().chain_update(log.log.0.to_be_bytes());
    for event in &log.events {
        // An event is made of texts, numbers and lists of them, which JSON always holds.
        digest.update(serde_json::to_vec(event).unwrap_or_default());
    }
    digest.finalize().into()
}

fn text_bytes(event: &Event) -> usize {
    use protocol::EventBody::{MessageCommitted, ReasoningDelta, TextDelta};
    match &event.body {
        MessageCommitted { message } => message.text.len(),
        TextDelta { text, .. } | ReasoningDelta { text, .. } => text.len(),
        _ => 0,
    }
}

/// Removes what was staged, a little at a time. What cannot be removed now is invisible, and is
/// removed later.
async fn remove(writer: &Writer) {
    let removed = async {
        if writer.alone(|db| db.give_up_staged()).await? {
            while writer.change(Change::Sweep(Timestamp::from_unix_ms(0))).await? {}
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = removed.await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "what an import had stored is still to be removed");
    }
}

/// Commits pieces from the front for [`STEP`], and at least one of them. Gives how many.
pub(super) fn write(
    db: &mut Connection,
    identity: &FileIdentity,
    pieces: &VecDeque<Piece>,
    index: Index,
) -> Result<usize, Cause> {
    identity.check()?;
    check_room(db, identity)?;
    // What is staged need not survive a power cut; the last commit syncs all before it.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (begin, mut staged) = (Instant::now(), 0);
    for Piece { log, append, prompts, known } in pieces {
        write::stage(&transaction, *log, append, prompts, index, known)?;
        staged += 1;
        if begin.elapsed() >= STEP {
            break;
        }
    }
    transaction.commit()?;
    Ok(staged)
}

/// Errors with an outage where the disk has no room for more of an import.
fn check_room(db: &Connection, identity: &FileIdentity) -> Result<(), Cause> {
    let Ok(disk) = rustix::fs::statvfs(identity.folder()) else { return Ok(()) };
    let pages = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
    // Pages of the file that are not in use are filled first.
    let unused = pages("freelist_count")? * pages("page_size")?;
    let free = disk.f_bavail.saturating_mul(disk.f_frsize).saturating_add(unused);
    let third = disk.f_blocks.saturating_mul(disk.f_frsize) / 3;
    if free >= RESERVE_BYTES.min(third) {
        return Ok(());
    }
    let source = Cause::from("the disk has too little room left for an import");
    Err(StoreError::Outage { outage: Outage::Full, source }.into())
}

/// Makes what is staged visible.
pub(super) fn publish(
    db: &mut Connection,
    identity: &FileIdentity,
    workers: usize,
) -> Result<(), Cause> {
    db.pragma_update(None, "synchronous", "FULL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if delete::publish_staged(&transaction)? != workers {
        return Err("not all conversations of the import are staged".into());
    }
    identity.check()?;
    Ok(transaction.commit()?)
}
