//! The port to durable storage: the logs of all workers, and lookups in them.
//!
//! A store saves events and finds them again; it decides nothing about turns. It answers from
//! committed data only. The same suite ([`contract`], a feature) runs against every implementation.

use std::time::Duration;

use protocol::api::SearchHit;
use protocol::{
    AccountId, Event, LogId, Message, MessageId, Role, Timestamp, TurnId, Visibility, Worker,
    WorkerId,
};
use search::Query;
use sha2::{Digest as _, Sha256};

#[cfg(feature = "contract")]
pub mod contract;
mod conversation_export;
mod error;
pub mod fork;
pub mod initial_worker;
pub mod recovery;
pub mod title;
pub mod usage;

pub use conversation_export::{
    ConflictPolicy, ConversationExport, ImportSink, ImportSource, Imported, Relation, own_id,
};
pub use error::{Cause, Outage, StoreError};
pub use usage::{UsageFound, UsageQuery};

/// How safe a commit must be before it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Survives a crash of the process, but not a power cut.
    Process,
    /// Synced to the disk.
    Power,
}

/// Events to be committed together.
#[derive(Clone, Debug)]
pub struct Append {
    /// The worker whose log the events belong to.
    pub worker_id: WorkerId,
    /// The worker's summary after the events; `None` if they leave it as it is, as deltas do. The
    /// first events of a log come with a summary.
    pub summary: Option<Worker>,
    /// Invariant: not empty, contiguous, following the log's last event.
    pub events: Vec<Event>,
    /// How safe the events must be when [`Store::append`] returns.
    pub durability: Durability,
    /// A system prompt that the events refer to by digest.
    pub prompt: Option<Prompt>,
}

/// A system prompt as it was sent, stored once under its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// The prompt as it was rendered for the model.
    pub text: String,
}

/// `sha256:` and 64 hexadecimal digits of a text.
pub fn text_digest(text: &str) -> String {
    format!("sha256:{:x}", Sha256::digest(text))
}

/// A worker as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// The summary after the event `last_seq`.
    pub worker: Worker,
    /// The id of its log, for cursors.
    pub log: LogId,
    /// The seq of the newest event; 0 is never stored.
    pub last_seq: u64,
    /// The newest message of the log.
    pub head: Option<MessageId>,
    /// The account that the worker belongs to.
    pub owner: AccountId,
}

/// A contiguous part of a log that begins with a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The worker at the moment of the read, to which the events belong.
    pub stored: Stored,
    /// Contiguous; the first begins a message.
    pub events: Vec<Event>,
    /// If there are earlier messages, the seq before which they end.
    pub next_before: Option<u64>,
}

/// A message of a branch, as it is sent to the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchMessage {
    /// The message's id in its worker.
    pub id: MessageId,
    /// Who wrote it, which decides the role that is sent.
    pub role: Role,
    /// The whole text as far as it is committed; not empty.
    pub text: String,
    /// The thinking of an answer; empty if there is none, or no room for it.
    pub reasoning: String,
}

/// The newest end of a branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// Oldest first; messages without text are left out.
    pub messages: Vec<BranchMessage>,
    /// How many messages of the branch come before these.
    pub older: u32,
}

/// A user's message as it was accepted, with the first turn that it asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Acceptance {
    /// The user message as it was committed.
    pub message: Message,
    /// The `turn_accepted` event.
    pub turn: Event,
}

/// Where the next page of a list begins: after the worker with this id, which was used, or deleted,
/// at this time.
pub type ListPosition = (Timestamp, WorkerId);

/// Which workers a listing has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VisibilityFilter {
    /// All that are not in the archive.
    #[default]
    InView,
    /// Only workers with this visibility, such as the archive.
    Only(Visibility),
}

/// A search request.
#[derive(Clone, Debug)]
pub struct Search {
    /// Only conversations of this account are searched.
    pub owner: AccountId,
    /// The words to find; see [`search`] for what counts as a match.
    pub query: Query,
    /// Only in this conversation; `None` for all of the account.
    pub worker: Option<WorkerId>,
    /// A [`Found::next_before`].
    pub before: Option<u64>,
    /// The most hits to return.
    pub limit: u32,
    /// How long it may take. Then the hits that were found by that time are returned.
    pub within: Duration,
}

/// The result of a search: texts that contain all words of the query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The newest first.
    pub hits: Vec<SearchHit>,
    /// The position for the next page, if there may be more hits.
    pub next_before: Option<u64>,
    /// Whether the time was over before all texts were searched.
    pub cut_short: bool,
}

/// The readable part of a worker's log of which some rows cannot be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Salvage {
    /// The worker as [`Store::listed`] gives it.
    pub worker: Worker,
    /// In the order of the log, with gaps where rows cannot be read or are missing.
    pub events: Vec<Event>,
    /// How many rows of the log cannot be read.
    pub lost: u64,
    /// As in [`ConversationExport`].
    pub prompts: Vec<Prompt>,
}

/// A worker that was deleted and can be brought back.
#[derive(Clone, Debug, PartialEq)]
pub struct Deleted {
    /// The summary as it was when the worker was deleted.
    pub worker: Worker,
    /// When it was deleted, which is where its place in the list is.
    pub at: Timestamp,
}

/// What a store has repaired while it was in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repaired {
    /// The row of a worker, or a worker was added for a log that had none.
    Worker(WorkerId),
    /// The indexes by which workers and unfinished turns are found: there may be unfinished turns
    /// that were not found before.
    Lookups,
}

/// Stores the logs.
///
/// A row that cannot be read affects no worker but its own. Reads of many workers give a
/// placeholder for such a worker ([`Worker::unreadable`]), and leave out other rows that cannot be
/// read, such as texts that are searched. Reads of one worker fail with `Damaged`. Deleting,
/// restoring and removing a worker need only its id, and work even if nothing else of it can be
/// read.
#[async_trait::async_trait]
pub trait Store: Send + Sync + 'static {
    /// Adds a worker of an account with the first events of its log. Error: `Append` if there is a
    /// worker with its id, even a deleted one, unless that one was purged ([`Self::purge`]).
    async fn create(&self, owner: AccountId, log: LogId, first: Append) -> Result<(), StoreError>;

    /// The account that a worker belongs to, which never changes. It is known of deleted workers,
    /// too, until their rows are removed, and of workers that cannot be read. A worker whose owner
    /// cannot be read belongs to [`AccountId::FIRST`]. `None`: no such worker.
    async fn owner(&self, id: WorkerId) -> Result<Option<AccountId>, StoreError>;

    /// Commits events, all or none. When a `turn_ended` is among them, the turn's deltas are
    /// folded: each run of neighbouring ones becomes a single delta with `first_seq`.
    /// Errors: `Moved`, `Gone`, `Outage`, `Append`, `Closed`; nothing was stored then.
    async fn append(&self, append: Append) -> Result<(), StoreError>;

    /// Deletes a worker with its log; true if it was there. From then on only [`Self::deleted`],
    /// [`Self::deleted_one`] and [`Self::restore`] find it, and no other worker can have its id.
    async fn delete(&self, id: WorkerId, at: Timestamp) -> Result<bool, StoreError>;

    /// Restores a deleted worker unchanged; true if that was possible.
    async fn restore(&self, id: WorkerId) -> Result<bool, StoreError>;

    /// At most `limit` of an account's workers that can be restored, the last deleted first, after
    /// `before`, whose time is that of the deletion.
    async fn deleted(
        &self,
        owner: AccountId,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Deleted>, StoreError>;

    /// A deleted worker, if it can be brought back.
    async fn deleted_one(&self, id: WorkerId) -> Result<Option<Deleted>, StoreError>;

    /// Deletes a worker, deleted before or not, so that it cannot be brought back; true if it
    /// was there. Its rows are removed by [`Self::collect`].
    async fn purge(&self, id: WorkerId) -> Result<bool, StoreError>;

    /// Removes a bounded number of rows of workers that were purged, or deleted at `until` or
    /// before. False when there are none left.
    async fn collect(&self, until: Timestamp) -> Result<bool, StoreError>;

    /// Whether there is such a worker and it was not deleted. True even if it cannot be read.
    async fn exists(&self, id: WorkerId) -> Result<bool, StoreError>;

    /// A worker as [`Self::workers`] lists it: a placeholder if it cannot be read. `None`: no such
    /// worker.
    async fn listed(&self, id: WorkerId) -> Result<Option<Worker>, StoreError>;

    /// A worker's newest summary. Error: `Damaged` if it cannot be read, or contradicts the log.
    /// `None`: no such worker.
    async fn worker(&self, id: WorkerId) -> Result<Option<Stored>, StoreError>;

    /// At most `limit` workers of an account, the most recently used first, after `before`. A
    /// worker that cannot be read is a placeholder.
    async fn workers(
        &self,
        owner: AccountId,
        places: VisibilityFilter,
        before: Option<ListPosition>,
        limit: u32,
    ) -> Result<Vec<Worker>, StoreError>;

    /// How many workers an account has.
    async fn count(&self, owner: AccountId) -> Result<u64, StoreError>;

    /// How many bytes the logs of an account's workers have, with those that were deleted and can be
    /// restored. Looks at every row of these logs, so it is not for lists.
    async fn bytes(&self, owner: AccountId) -> Result<u64, StoreError>;

    /// The events after `after`, in order: at most `limit` rows of the log, and fewer where they
    /// are long. To read all, call it with the last event's seq until it gives no more events.
    /// None: no such worker.
    async fn tail(
        &self,
        id: WorkerId,
        after: u64,
        limit: u32,
    ) -> Result<Option<Vec<Event>>, StoreError>;

    /// The newest `limit` messages that begin before seq `before` (or the newest of all), as the
    /// events that make them; fewer messages if they are long. If there are no messages, the page
    /// has no events.
    async fn page(
        &self,
        id: WorkerId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Option<Page>, StoreError>;

    /// A page that contains a message: the newest `limit` messages if it is among them, else about
    /// as many messages after it as before, and fewer where they are long. None: no such worker or
    /// message.
    async fn around(
        &self,
        id: WorkerId,
        message: MessageId,
        limit: u32,
    ) -> Result<Option<Page>, StoreError>;

    /// Finished messages, and titles, that contain all words of the query. Texts that cannot be
    /// read are left out.
    async fn search(&self, search: Search) -> Result<Found, StoreError>;

    /// What was used in a period, from the logs of an account or of all of them. Logs of deleted
    /// workers count as long as they can be restored. Turns that were copied by a fork or an import
    /// do not count, nor do those that cannot be read. The workers that were used last are read
    /// first.
    async fn usage(&self, query: UsageQuery) -> Result<UsageFound, StoreError>;

    /// The role of a worker's message. `None`: the worker has no message with that id.
    async fn role_of(&self, id: WorkerId, message: MessageId) -> Result<Option<Role>, StoreError>;

    /// The user message with that id, even if it has no turn, like an imported one.
    async fn question(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Message>, StoreError>;

    /// The user message with that id, and the turn that was accepted with it.
    async fn acceptance(
        &self,
        id: WorkerId,
        message: MessageId,
    ) -> Result<Option<Acceptance>, StoreError>;

    /// The events of a turn from its acceptance to its end, or to the newest event of the log.
    async fn turn(&self, id: WorkerId, turn: TurnId) -> Result<Option<Vec<Event>>, StoreError>;

    /// The newest messages of the branch that ends with `leaf`. Messages are whole, and their texts
    /// take at most `max_bytes` together, except that the leaf is always there.
    async fn branch(
        &self,
        id: WorkerId,
        leaf: MessageId,
        max_bytes: u64,
    ) -> Result<Branch, StoreError>;

    /// A system prompt by its digest.
    async fn prompt(&self, digest: &str) -> Result<Option<String>, StoreError>;

    /// The turns that have not ended. A turn whose id, or whose worker's id, cannot be read is left
    /// out.
    async fn unfinished(&self) -> Result<Vec<(WorkerId, TurnId)>, StoreError>;

    /// An account's worker with the next id after `after`, or with the first id. This iterates over
    /// all of them in an order that does not change while they are used.
    async fn next_worker(
        &self,
        owner: AccountId,
        after: Option<WorkerId>,
    ) -> Result<Option<WorkerId>, StoreError>;

    /// A worker's whole log at one moment.
    async fn whole(&self, id: WorkerId) -> Result<Option<ConversationExport>, StoreError>;

    /// The readable part of a worker's log, for when [`Self::whole`] fails with `Damaged`. None: no
    /// such worker.
    async fn salvage(&self, id: WorkerId) -> Result<Option<Salvage>, StoreError>;

    /// Checks that the store would take a commit and answer a read now. Errors: what a commit or a
    /// read would fail with.
    async fn check(&self) -> Result<(), StoreError>;

    /// Adds whole conversations to an account, all or none, synced to the disk. Conversations that
    /// are stored already, or were deleted and can be restored, stay as they are. A conversation
    /// whose id is that of another account's is added under an id of its own ([`own_id`]), so that
    /// nobody learns of it. Other commits go on meanwhile, and no reader sees any of the
    /// conversations before all of them are committed.
    /// Errors: `Import` (also for an error of `logs`), `Panicked`, `Closed`; nothing was added
    /// then.
    async fn import(
        &self,
        owner: AccountId,
        logs: ImportSource,
        differing: ConflictPolicy,
    ) -> Result<Imported, StoreError>;

    /// Waits for the next repair of a store that checks its data while it is in use. `None`: there
    /// will be no more.
    async fn repaired(&self) -> Option<Repaired> {
        None
    }

    /// Commits the pending requests and closes; afterwards every write fails with `Closed`.
    /// Committed data can be read until the store is dropped, so that observers get the last events
    /// of a log before the end of their stream.
    async fn close(&self);
}
