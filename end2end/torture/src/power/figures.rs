//! The figures of a run.

use super::cuts::Counts;
use super::disk::Ignored;
use super::recording::Recording;
use super::timeline::Fact;

#[derive(Default)]
pub(super) struct Figures {
    pub(super) images: usize,
    counts: Counts,
    acknowledged: usize,
    ends: usize,
    deletions: usize,
    imports: usize,
    /// For each kind of ignored syncs: how many images had lost something, of how many.
    controls: Vec<(Ignored, usize, u32)>,
}

impl Figures {
    pub(super) fn recorded(&mut self, recording: &Recording, counts: &Counts) {
        self.counts.add(counts);
        for entry in &recording.saved.entries {
            match &entry.fact {
                Fact::Acknowledged { .. } => self.acknowledged += 1,
                Fact::Ended { shown, .. } if !shown.is_empty() => self.ends += 1,
                Fact::Deleted { .. } => self.deletions += 1,
                Fact::Imported { .. } => self.imports += 1,
                _ => {}
            }
        }
    }

    pub(super) fn control(&mut self, ignored: Ignored, lost: usize, of: u32) {
        match self.controls.iter_mut().find(|control| control.0 == ignored) {
            Some(control) => (control.1, control.2) = (control.1 + lost, control.2 + of),
            None => self.controls.push((ignored, lost, of)),
        }
    }

    pub(super) fn report(&self) {
        let Counts { writes, bytes, syncs, checkpoints } = self.counts;
        println!("sends acknowledged       {:>8}", self.acknowledged);
        println!("ends of turns shown      {:>8}", self.ends);
        println!("deletions, imports       {:>8}", format!("{}, {}", self.deletions, self.imports));
        println!("writes to files          {writes:>8}, {} MB", bytes / 1_000_000);
        println!("syncs                    {syncs:>8}, {checkpoints} of the database");
        println!("images of the disk       {:>8}", self.images);
        println!("  with a loss            {:>8}", 0);
        for (ignored, lost, of) in &self.controls {
            println!("  {:<22} {:>8}", ignored.to_string(), format!("{lost} of {of}"));
        }
    }
}
