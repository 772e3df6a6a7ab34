//! Power cuts, simulated: records what the companion does to its files under load, builds the disks
//! that a power cut could leave, and starts the companion on each of them.
//!
//! `end2end/power/interposer` records, [`disk`] builds. Every acknowledged send, every turn whose
//! end was shown, and every acknowledged creation, deletion and import must be there. The same
//! recording is then judged with the syncs taken out of it, and losses must be found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use crate::seed;
use cuts::{Cut, Moments};
use disk::Ignored;
use figures::Figures;
use lanes::Lanes;
use recording::{Beginning, Recording, Setting};

mod cuts;
mod disk;
mod figures;
mod lanes;
mod load;
mod recording;
mod timeline;
mod verdict;

/// The number of images that are checked at once without some of the syncs. Most of them have lost
/// something. If all of them were lucky, more are checked, until [`MOST_CONTROLS`].
const CONTROLS: u32 = 10;
const MOST_CONTROLS: u32 = 60;

/// The most losses that are listed.
const LISTED: usize = 20;

/// Cut the power: lose, reorder and tear what was not synced
#[derive(Args)]
pub struct Options {
    /// How many images of the disk to check
    #[arg(long, default_value_t = 50)]
    images: u32,
    /// How many recordings the images are taken from
    #[arg(long, default_value_t = 1)]
    recordings: u32,
    /// The length of each of the four lives in a recording, in milliseconds
    #[arg(long, default_value_t = 1500)]
    life_ms: u64,
    /// Start in a data folder that exists already, for versions that do not sync its name
    #[arg(long)]
    in_existing_folder: bool,
    /// The choices of the run; random when not given
    #[arg(long)]
    seed: Option<u64>,
    /// The interposer; without it the one that was built beside this program
    #[arg(long, value_name = "PATH")]
    interposer: Option<PathBuf>,
    /// Take the images from this recording, which an earlier run has kept
    #[arg(long, value_name = "FOLDER")]
    recorded: Option<PathBuf>,
    /// Check only the image of this number
    #[arg(long, value_name = "NUMBER")]
    image: Option<u32>,
}

/// Records, checks, and prints a table. The error is the first loss.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut figures = Figures::default();
    let mut lanes = Lanes::new(binary).await?;
    if let Some(folder) = &options.recorded {
        judge(&mut lanes, folder, options.images, options.image, &mut figures).await?;
    } else {
        let mut rng = seed::rng(options.seed);
        let interposer = recording::interposer(options.interposer.as_deref())?;
        let life = Duration::from_millis(options.life_ms);
        let setting = Setting { binary, interposer: &interposer, life };
        for n in 0..options.recordings {
            let rest = u32::from(n < options.images % options.recordings);
            let images = options.images / options.recordings + rest;
            let mut folder = tempfile::Builder::new().prefix("power-").tempdir()?;
            let beginning = match n % 2 {
                1 => Beginning::OldDatabase,
                _ if options.in_existing_folder => Beginning::Folder,
                _ => Beginning::Nothing,
            };
            let made = recording::make(&setting, beginning, folder.path(), &mut rng.fork()).await;
            let judged = match made.context("the recording failed") {
                Ok(()) => judge(&mut lanes, folder.path(), images, None, &mut figures).await,
                failed => failed,
            };
            folder.disable_cleanup(judged.is_err());
            judged?;
        }
    }
    figures.report();
    Ok(())
}

/// Checks the images of one recording, or only one of them, and then some without syncs.
async fn judge(
    lanes: &mut Lanes,
    folder: &Path,
    images: u32,
    only: Option<u32>,
    figures: &mut Figures,
) -> Result<()> {
    let recording = Recording::read(folder)?;
    let (moments, counts) = Moments::find(&recording)?;
    figures.recorded(&recording, &counts);
    let choices = recording.saved.choices;
    let cuts = |numbers: std::ops::Range<u32>| -> Vec<Cut> {
        numbers.map(|number| moments.cut(choices, number)).collect()
    };
    let wanted = only.map_or(0..images, |image| image..image + 1);
    let losses = lanes.check(&recording, cuts(wanted.clone()), Ignored::Nothing).await?;
    figures.images += wanted.len();
    for loss in losses.iter().take(LISTED) {
        eprintln!("image {}, cut at {}: {:#}", loss.cut.number, loss.cut.at, loss.why);
    }
    if let Some(first) = losses.first() {
        let number = first.cut.number;
        verdict::write(&folder.join(format!("image-{number}")), &first.image)?;
        let shown = folder.display();
        eprintln!("The recording and the image are kept in {shown}. To check it again:");
        eprintln!("    torture power --recorded {shown} --image {number}");
    }
    ensure!(losses.is_empty(), "{} of {} images have lost something", losses.len(), wanted.len());
    if only.is_some() {
        return Ok(());
    }
    for ignored in Ignored::CONTROLS {
        let (mut checked, mut lost) = (0, 0);
        while lost == 0 && checked < MOST_CONTROLS {
            let numbers = images + checked..images + checked + CONTROLS;
            lost = lanes.check(&recording, cuts(numbers), ignored).await?.len();
            checked += CONTROLS;
        }
        ensure!(
            lost > 0,
            "{checked} images with {ignored} have lost nothing: the run proves nothing"
        );
        figures.control(ignored, lost, checked);
    }
    Ok(())
}
