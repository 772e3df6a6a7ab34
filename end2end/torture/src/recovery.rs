//! How long a start takes.

use std::path::Path;

use anyhow::Result;
use clap::Args;
use upstream::Upstream;

use crate::companion::{Place, answered_by};

/// How long a start takes after a kill
#[derive(Args)]
pub struct Options {
    /// Starts to measure
    #[arg(long, default_value_t = 5)]
    pub runs: u32,
}

/// Starts and kills; prints how long each start took.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let upstream = Upstream::start().await?;
    let place = Place::new(binary, &answered_by(&upstream))?;
    let result = measure(&place, options.runs).await;
    place.close(result)
}

async fn measure(place: &Place, runs: u32) -> Result<()> {
    for run in 1..=runs {
        let companion = place.start().await?;
        println!("start {run}: {} ms", companion.ready_in.as_millis());
        companion.kill().await?;
    }
    Ok(())
}
