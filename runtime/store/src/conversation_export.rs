//! Conversations as wholes, as they move from one store to another.

use protocol::{Event, LogId, Worker, WorkerId, fold_deltas};

use super::{Cause, Prompt};

/// A worker with everything that the store knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationExport {
    /// The summary after the last event.
    pub worker: Worker,
    pub log: LogId,
    /// Invariant: not empty, contiguous, the first begins at seq 1.
    pub events: Vec<Event>,
    /// The system prompts that its turns refer to, in the order of their digests, as far as
    /// they are known.
    pub prompts: Vec<Prompt>,
}

/// How a stored log and one that comes in stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The stored one holds all that comes in, and perhaps more after it.
    Holds,
    /// They differ somewhere, or the one that comes in goes on where the stored one ends.
    Differs,
}

/// What an import does about a conversation that is here with another content. Nothing that
/// is stored is ever changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// Nothing at all is imported.
    #[default]
    Refuse,
    /// It stays as it is, and the others are imported.
    Keep,
}

/// What became of the conversations of an import, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    pub added: Vec<WorkerId>,
    /// They were here already, whole or longer.
    pub skipped: Vec<WorkerId>,
    /// They are here with another content. With [`ConflictPolicy::Refuse`] a single one means that
    /// nothing was added.
    pub differing: Vec<WorkerId>,
    /// They were deleted here and can be brought back, whatever their content. They stay so.
    pub deleted: Vec<WorkerId>,
}

/// Takes conversations one at a time; an error ends the giving.
pub type ImportSink<'a> = dyn FnMut(ConversationExport) -> Result<(), Cause> + 'a;

/// Gives conversations one by one, so that nobody holds them all. It blocks, and passes on
/// an error of the taker.
pub type ImportSource = Box<dyn FnOnce(&mut ImportSink<'_>) -> Result<(), Cause> + Send>;

impl ConversationExport {
    /// How this stored log stands to one of the same worker that comes in. Both are compared
    /// as folded, since a turn that has ended since has its deltas folded.
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

/// Whether `now` is the run of deltas `then`, gone on.
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
