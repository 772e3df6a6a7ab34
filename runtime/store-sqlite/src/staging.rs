//! Imports. Conversations are written in small steps where nobody sees them, between other commits,
//! and all of them become visible in one transaction at the end.
//!
//! The import reads its source on a thread of its own. The writing thread only gets finished rows,
//! for [`STEP`] at a time, and the grams of long messages are computed beforehand ([`found`]). So
//! an import does not delay other commits, however large it is. The exception is a single message
//! of many megabytes: it is one row, which SQLite writes at once. The longest allowed one, of 16
//! MiB, was measured to delay others for 0.2 s.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use protocol::{AccountId, Event, LogId, Timestamp, WorkerId};
use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};
use store::{
    Append, Cause, ConflictPolicy, ConversationExport, Durability, ImportSource, Imported, Prompt,
    Relation, StoreError,
};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;

use super::file_identity::FileIdentity;
use super::outage::is_damage;
use super::readers::Readers;
use super::search_index::{Index, Known};
use super::streamed::{Moment, Streamed};
use super::writer::{Change, Database, Writer};
use super::{delete, file, read, transfer, write};

mod found;
mod room;

use found::Found;
pub(crate) use room::Room;

/// For how long the writing thread writes rows of an import before it looks for other work. The
/// commit takes additional time.
const STEP: Duration = Duration::from_millis(8);

/// How many pieces, and bytes of their texts, are collected before they are written.
const TOGETHER: usize = 1024;
const TOGETHER_BYTES: usize = 1 << 20;

/// The most events in one piece, and bytes of their texts: so much is written between two looks at
/// the clock.
const PIECE_EVENTS: usize = 4;
const PIECE_BYTES: usize = 16 << 10;

/// From this length of the write-ahead log on it is checkpointed also within a conversation. The log
/// of one conversation could otherwise be a gigabyte, which a start after a crash would have to read.
const LOG_BYTES: u64 = 16 << 20;

/// The next events of a conversation.
pub(crate) struct Piece {
    /// The owner and the log's id, in the first piece of a conversation.
    begun: Option<(AccountId, LogId)>,
    append: Append,
    prompts: Vec<Prompt>,
    /// The grams of the piece's longer messages.
    known: Known,
}

/// A running import.
pub(crate) struct Staging {
    /// The account that gets the conversations.
    owner: AccountId,
    /// A connection that checkpoints the write-ahead log, so that no commit has to: a commit can
    /// run beside this connection's sync, but not beside its own. `None` if the connection cannot
    /// be opened.
    checkpoints: Option<Connection>,
    writer: Writer,
    readers: Readers,
    streamed: Streamed,
    pieces: VecDeque<Piece>,
    bytes: usize,
    /// The staged conversations, each with a digest of its events.
    staged: HashMap<WorkerId, [u8; 32]>,
    done: Imported,
}

impl Staging {
    /// Opens the connection for checkpoints. Blocks for as long as this takes.
    fn checkpointing(&mut self, file: &Path) {
        let opened = file::open_to_write(file);
        self.checkpoints = opened
            .inspect_err(|error| {
                let error = error as &dyn std::error::Error;
                tracing::debug!(
                    error,
                    "there is no connection for checkpoints, so commits do the checkpoints"
                );
            })
            .ok();
    }

    /// An import for this account.
    pub(crate) fn new(
        owner: AccountId,
        writer: Writer,
        readers: Readers,
        streamed: Streamed,
    ) -> Self {
        Self {
            owner,
            streamed,
            checkpoints: None,
            writer,
            readers,
            pieces: VecDeque::new(),
            bytes: 0,
            staged: HashMap::new(),
            done: Imported::default(),
        }
    }

    /// Runs the import on a blocking thread, to its end even if the future is dropped. `one` is
    /// held until then.
    pub(crate) async fn import(
        mut self,
        one: OwnedMutexGuard<()>,
        logs: ImportSource,
        differing: ConflictPolicy,
    ) -> Result<Imported, StoreError> {
        let (threads, writer) = (Handle::current(), self.writer.clone());
        let work = move || {
            let done = self.run(&threads, logs, differing);
            if !done
                .as_ref()
                .is_ok_and(|done| done.differing.is_empty() || differing == ConflictPolicy::Keep)
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
        logs: ImportSource,
        differing: ConflictPolicy,
    ) -> Result<Imported, StoreError> {
        // Rows that an earlier import could not remove.
        let begun = self.writer.alone(|db| {
            db.purge_staged()?;
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
        if differing == ConflictPolicy::Refuse && !done.differing.is_empty() {
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

    /// Stages one conversation, unless it is stored or staged already.
    fn take(&mut self, threads: &Handle, mut log: ConversationExport) -> Result<(), StoreError> {
        let (owner, id) = (self.owner, log.worker.worker_id);
        let known = threads.block_on(self.readers.read(move |db| read::owner(db, id)))?;
        if known.is_some_and(|known| known != owner) {
            log.worker.worker_id = store::own_id(id, owner);
        }
        let id = log.worker.worker_id;
        let digest = digest(&log);
        if let Some(before) = self.staged.get(&id) {
            let same = *before == digest;
            if same {
                self.done.skipped.push(id);
            } else {
                self.done.differing.push(id);
            }
            return Ok(());
        }
        let streamed = self.streamed.clone();
        let looked = threads.block_on(self.readers.read(move |db| {
            let found = here(&Moment::new(db, streamed.get(id).as_deref()), &log)?;
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

    /// Splits a conversation into pieces.
    fn cut(&mut self, whole: ConversationExport) {
        let mut found = Found::of(&whole);
        let ConversationExport { worker, log, events, mut prompts } = whole;
        let mut begun = Some((self.owner, log));
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
            let append = Append {
                worker_id: worker.worker_id,
                summary: Some(worker.clone()),
                events: some,
                durability,
                prompt: None,
            };
            let prompts = std::mem::take(&mut prompts);
            let known = append.events.iter().filter_map(|event| found.with(event)).collect();
            self.pieces.push_back(Piece { begun: begun.take(), append, prompts, known });
        }
    }

    /// Writes all collected pieces.
    fn write(&mut self, threads: &Handle) -> Result<(), StoreError> {
        let own = self.checkpoints.is_none();
        while !self.pieces.is_empty() {
            let mut pieces = std::mem::take(&mut self.pieces);
            let staged = self.writer.alone(move |db| {
                db.stage(&mut pieces, own)?;
                Ok((pieces, db.holds_checkpoints(), db.log_bytes()))
            });
            let (rest, held, log_bytes) = threads.block_on(staged)?;
            self.pieces = rest;
            if let Some(connection) = &self.checkpoints
                && !held
                && (log_bytes > LOG_BYTES || self.pieces.is_empty())
            {
                // If the checkpoint is not possible now, a later one does it.
                let passive = "PRAGMA wal_checkpoint(PASSIVE)";
                let _ = connection.query_row(passive, [], |_| Ok(()));
            }
        }
        self.bytes = 0;
        Ok(())
    }
}

/// What the store already has under the id of an imported conversation.
enum Here {
    Nothing,
    /// The same conversation, or a longer version of it.
    Same,
    Other,
    /// A deleted conversation that can still be restored.
    Deleted,
}

fn here(db: &Moment<'_>, log: &ConversationExport) -> Result<Here, Cause> {
    let id = log.worker.worker_id;
    match transfer::whole(db, id) {
        Ok(Some(stored)) => Ok(match stored.relation_to(log) {
            Relation::Holds => Here::Same,
            Relation::Differs => Here::Other,
        }),
        Ok(None) if delete::is_kept(db, id)? => Ok(Here::Deleted),
        Ok(None) => Ok(Here::Nothing),
        // The stored conversation is damaged, so it cannot be compared; it stays until somebody
        // deletes it.
        Err(cause) if is_damage(&cause) => Ok(Here::Other),
        Err(cause) => Err(cause),
    }
}

/// Tells apart two conversations with the same id in one import.
fn digest(log: &ConversationExport) -> [u8; 32] {
    let mut digest = Sha256::new().chain_update(log.log.0.to_be_bytes());
    for event in &log.events {
        // JSON can represent every event, since events consist of texts, numbers and lists.
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

/// Removes the staged rows in small steps. If this fails, they stay invisible and are removed
/// later.
async fn remove(writer: &Writer) {
    let removed = async {
        let purge = |db: &mut Database| {
            let purged = db.purge_staged()?;
            // While the log makes the file longer, it cannot be emptied on a full disk. Removing
            // rows makes the file no longer, so from now on it can.
            db.shorten_log();
            Ok(purged)
        };
        if writer.alone(purge).await? {
            while writer.change(Change::Collect(Timestamp::from_unix_ms(0))).await? {}
        }
        Ok::<(), StoreError>(())
    };
    if let Err(error) = removed.await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the rows of an import that failed are not removed yet");
    }
}

/// Commits pieces from the front of the queue for [`STEP`], but at least one. Returns their number.
pub(crate) fn write(
    db: &mut Connection,
    identity: &FileIdentity,
    pieces: &VecDeque<Piece>,
    index: Index,
) -> Result<usize, Cause> {
    identity.check()?;
    // Staged rows need not survive a power cut; the last commit syncs all commits before it.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let (begin, mut staged) = (Instant::now(), 0);
    for Piece { begun, append, prompts, known } in pieces {
        write::stage(&transaction, *begun, append, prompts, index, known)?;
        staged += 1;
        if begin.elapsed() >= STEP {
            break;
        }
    }
    transaction.commit()?;
    Ok(staged)
}

/// Makes all staged conversations visible.
pub(crate) fn publish(
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
