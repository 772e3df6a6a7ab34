//! Checks several images at the same time, each with a companion of its own.

use std::path::Path;

use anyhow::{Context as _, Result};
use power_journal::Reader;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use upstream::Upstream;

use super::cuts::Cut;
use super::disk::{Ignored, Image};
use super::recording::Recording;
use super::recording::files::of_data;
use super::timeline::Promises;
use super::verdict;
use crate::companion::{Installation, answered_by};

/// The number of companions. Each of them waits for its disk for a part of its time.
const LANES: usize = 3;

/// The companions that are free.
pub(super) struct Lanes {
    free: mpsc::Receiver<Installation>,
    give_back: mpsc::Sender<Installation>,
    /// The endpoint that the companions are configured with. Nobody asks it for answers.
    _upstream: Upstream,
}

/// An image on which a promise was not kept.
pub(super) struct Loss {
    pub(super) cut: Cut,
    pub(super) image: Image,
    pub(super) why: anyhow::Error,
}

impl Lanes {
    pub(super) async fn new(binary: &Path) -> Result<Self> {
        let upstream = Upstream::start().await?;
        let (give_back, free) = mpsc::channel(LANES);
        for _ in 0..LANES {
            let place = Installation::new(binary, &answered_by(&upstream))?;
            give_back.try_send(place).context("there is room for all of them")?;
        }
        Ok(Self { free, give_back, _upstream: upstream })
    }

    /// Builds and checks the images of a recording. Returns the losses by the images' numbers.
    pub(super) async fn check(
        &mut self,
        recording: &Recording,
        mut cuts: Vec<Cut>,
        ignored: Ignored,
    ) -> Result<Vec<Loss>> {
        let mut disk = recording.saved.disk(ignored);
        let mut records = Reader::new(&recording.journal).peekable();
        let (mut checks, mut losses) = (JoinSet::new(), Vec::new());
        cuts.sort_by_key(|cut| cut.at);
        for mut cut in cuts {
            while let Some(Ok((_, operation))) =
                records.next_if(|record| record.is_ok_and(|(end, _)| end <= cut.at))
            {
                disk.perform(operation)?;
            }
            let image = of_data(disk.after_power_cut(&mut cut.rng));
            let promises = match Promises::until(cut.at, &recording.saved.entries) {
                Ok(promises) => promises,
                // What was shown was something else after the power cut between two lives.
                Err(why) => {
                    losses.push(Loss { cut, image, why });
                    continue;
                }
            };
            let place = self.free.recv().await.context("a check has kept its companion")?;
            let give_back = self.give_back.clone();
            checks.spawn(async move {
                let checked = verdict::check(&place, &image, &promises).await;
                // There is room, because the companion was taken from there.
                let _ = give_back.send(place).await;
                checked.err().map(|why| Loss { cut, image, why })
            });
        }
        losses.extend(checks.join_all().await.into_iter().flatten());
        losses.sort_by_key(|loss| loss.cut.number);
        Ok(losses)
    }
}
