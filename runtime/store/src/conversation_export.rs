//! Whole conversations, as they are moved from one store to another.

use protocol::{AccountId, Event, LogId, Worker, WorkerId, fold_deltas};
use sha2::{Digest as _, Sha256};

use super::{Cause, Prompt};

/// A worker with everything that the store has of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationExport {
    /// The summary after the last event.
    pub worker: Worker,
    /// The id of the worker's log, so that cursors of the first store stay valid in the second.
    pub log: LogId,
    /// Invariant: not empty, contiguous, the first begins at seq 1.
    pub events: Vec<Event>,
    /// The system prompts that its turns refer to, as far as they are known, sorted by digest.
    pub prompts: Vec<Prompt>,
}

/// How a stored log relates to an imported one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The stored log contains all of the imported one, and perhaps more after it.
    Holds,
    /// They differ somewhere, or the imported log continues where the stored one ends.
    Differs,
}

/// What an import does about a conversation that is stored with different content. Stored data is
/// never changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// The whole import is refused.
    #[default]
    Refuse,
    /// The stored conversation stays as it is, and the others are imported.
    Keep,
}

/// What happened to the conversations of an import, each in the order of the import.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Not stored before; now committed with all their events.
    pub added: Vec<WorkerId>,
    /// Already stored, with the same content or more.
    pub skipped: Vec<WorkerId>,
    /// Stored with different content. With [`ConflictPolicy::Refuse`], a single one means that
    /// nothing was added.
    pub differing: Vec<WorkerId>,
    /// Deleted here, whatever their content. They stay deleted and can be restored.
    pub deleted: Vec<WorkerId>,
}

/// Receives conversations one at a time. After an error, the source must send no more.
pub type ImportSink<'a> = dyn FnMut(ConversationExport) -> Result<(), Cause> + 'a;

/// Sends conversations one by one, so that they are never all in memory. It blocks, and returns the
/// sink's error if the sink fails.
pub type ImportSource = Box<dyn FnOnce(&mut ImportSink<'_>) -> Result<(), Cause> + Send>;

/// The id under which an account gets a copy of a conversation that another account has. It is made
/// of the original's, so that a second import finds the copy, and it keeps the original's time.
pub fn own_id(id: WorkerId, owner: AccountId) -> WorkerId {
    let digest = Sha256::new()
        .chain_update(b"a copy of a conversation for another account")
        .chain_update(id.as_bytes())
        .chain_update(owner.get().to_be_bytes())
        .finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&digest[..10]);
    WorkerId::from_parts(id.unix_ms(), random)
}

impl ConversationExport {
    /// How this stored log relates to an imported one of the same worker. Both are folded before
    /// they are compared, since the stored turn may have ended, and been folded, after the export.
    pub fn relation_to(&self, incoming: &Self) -> Relation {
        let (ours, theirs) =
            (fold_deltas(self.events.clone()), fold_deltas(incoming.events.clone()));
        let same_log = self.log == incoming.log && ours.len() >= theirs.len();
        let last = theirs.len().saturating_sub(1);
        let all =
            theirs.iter().zip(&ours).enumerate().all(|(index, (theirs, ours))| {
                ours == theirs || (index == last && grew(theirs, ours))
            });
        if same_log && all { Relation::Holds } else { Relation::Differs }
    }
}

/// Whether `now` is the run of deltas `then` with more text after it.
fn grew(then: &Event, now: &Event) -> bool {
    let mut cut = now.clone();
    cut.seq = then.seq;
    cut.first_seq = then.first_seq;
    let (Some(long), Some((.., short))) = (cut.body.piece_mut(), then.body.piece()) else {
        return false;
    };
    let goes_on = long.starts_with(short);
    long.clear();
    long.push_str(short);
    now.seq >= then.seq && now.first_seq() == then.first_seq() && goes_on && cut == *then
}
