//! Chooses the positions of the journal at which the power fails.

use anyhow::{Context as _, Result};
use fastrand::Rng;
use power_journal::{Operation, Reader};

use super::disk::Ignored;
use super::recording::Recording;

/// A power cut, and the choices for the image that it leaves.
pub(super) struct Cut {
    pub(super) number: u32,
    /// The position in the journal: what is recorded up to here has been done.
    pub(super) at: usize,
    pub(super) rng: Rng,
}

/// The positions of a recording at which a cut is most likely to find a mistake. A position is the
/// end of a record.
pub(super) struct Moments {
    records: Vec<usize>,
    /// The positions at which a client was told something.
    told: Vec<usize>,
    /// The ends of syncs.
    syncs: Vec<usize>,
    /// Writes into the database itself, which belong to a checkpoint, and changes of lengths.
    checkpoints: Vec<usize>,
    /// Changes of names, which belong to a start or a stop.
    names: Vec<usize>,
    arranged: Vec<(usize, usize)>,
}

/// What happened in a recording.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) writes: usize,
    pub(super) bytes: usize,
    pub(super) syncs: usize,
    /// Syncs of the database itself; each ends a checkpoint.
    pub(super) checkpoints: usize,
}

impl Counts {
    pub(super) fn add(&mut self, other: &Self) {
        self.writes += other.writes;
        self.bytes += other.bytes;
        self.syncs += other.syncs;
        self.checkpoints += other.checkpoints;
    }
}

impl Moments {
    pub(super) fn find(recording: &Recording) -> Result<(Self, Counts)> {
        let mut counts = Counts::default();
        let mut found = Self {
            records: Vec::new(),
            told: Vec::new(),
            syncs: Vec::new(),
            checkpoints: Vec::new(),
            names: Vec::new(),
            arranged: recording.saved.arranged.clone(),
        };
        let mut disk = recording.saved.disk(Ignored::Nothing);
        for record in Reader::new(&recording.journal) {
            let (end, operation) = record.ok().context("the journal is malformed")?;
            disk.perform(operation)?;
            found.records.push(end);
            match operation {
                Operation::Write { node, bytes, .. } => {
                    counts.writes += 1;
                    counts.bytes += bytes.len();
                    if disk.is_database(node) {
                        found.checkpoints.push(end);
                    }
                }
                Operation::Resize { .. } => found.checkpoints.push(end),
                Operation::SyncBegin { node, .. } => {
                    counts.checkpoints += usize::from(disk.is_database(node));
                }
                Operation::SyncEnd { .. } => {
                    counts.syncs += 1;
                    found.syncs.push(end);
                }
                _ => found.names.push(end),
            }
        }
        let first = found.records.first().copied().context("nothing was recorded")?;
        let told = recording.saved.entries.iter().map(|entry| entry.at);
        found.told = told.filter(|at| *at >= first).collect();
        Ok((found, counts))
    }

    /// The cut of this number. The same choices give the same cut.
    pub(super) fn cut(&self, choices: u64, number: u32) -> Cut {
        // Seeds that are close to each other would begin with similar choices.
        let mixed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut rng = Rng::with_seed(choices ^ mixed);
        let at = self.choose(&mut rng);
        let within = |(begin, end): &&(usize, usize)| (begin + 1..*end).contains(&at);
        let at = self.arranged.iter().find(within).map_or(at, |(_, end)| *end);
        Cut { number, at, rng }
    }

    /// A position, near a moment of some kind.
    fn choose(&self, rng: &mut Rng) -> usize {
        let (near, most) = match rng.u8(0..100) {
            0..30 => (&self.told, 0),
            30..50 => (&self.records, 0),
            50..70 => (&self.syncs, 1),
            70..88 => (&self.checkpoints, 3),
            _ => (&self.names, 2),
        };
        let Some(position) = rng.choice(near) else { return self.records[0] };
        // A few records earlier or later.
        let index = self.records.partition_point(|end| end < position);
        let index = (index + rng.usize(0..=2 * most)).saturating_sub(most);
        if most == 0 { *position } else { self.records[index.min(self.records.len() - 1)] }
    }
}
