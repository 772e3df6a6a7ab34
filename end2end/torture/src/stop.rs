//! Cancels turns at every point of their lives: the work has ended before the cancel is
//! acknowledged, and no text comes after it.

use std::path::Path;

use anyhow::Result;
use clap::Args;

use crate::seed;

mod local;
mod scripted;
mod witness;

/// Cancel at every point of a turn's life
#[derive(Args)]
pub struct Options {
    /// Turns of each kind to stop
    #[arg(long, default_value_t = 10)]
    rounds: u32,
    /// Stop turns of the embedded model, too
    #[arg(long)]
    local: bool,
    /// Seed of all random choices; random itself unless it is given
    #[arg(long)]
    seed: Option<u64>,
}

/// Cancels turns of the scripted upstream, and of the local model if requested; prints a table of
/// the times from a cancel to its acknowledgement. The error is the first broken promise.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut rng = seed::rng(options.seed);
    scripted::run(binary, options.rounds, &mut rng).await?;
    if options.local {
        local::run(binary, options.rounds, &mut rng).await?;
    }
    Ok(())
}
