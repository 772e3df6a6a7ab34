//! Observers that are cut, stop reading, use odd cursors, and send forbidden frames.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use fastrand::Rng;
use protocol::api::SendMessage;
use upstream::Upstream;

use crate::companion::{Companion, Installation, answered_by};
use crate::seed;

mod cursors;
mod cuts;
mod frames;
mod stopped;

/// The milliseconds between two pings: short, so that stopped readers are dropped within the run.
const PING_MS: u64 = 1000;

/// Cut, stop and confuse observers
#[derive(Args)]
pub struct Options {
    /// Readers that go on while others have stopped
    #[arg(long, default_value_t = 100)]
    readers: usize,
    /// Pieces of the turn at each of whose events an observer disconnects
    #[arg(long, default_value_t = 60)]
    pieces: usize,
    /// Pings in a flood
    #[arg(long, default_value_t = 100_000)]
    pings: u32,
    /// Seed of all random choices; random itself unless it is given
    #[arg(long)]
    seed: Option<u64>,
}

/// A companion with its upstream.
struct Stage {
    binary: PathBuf,
    upstream: Upstream,
    companion: Companion,
}

/// Runs all four kinds and prints a table. The error is the first broken promise.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut rng = seed::rng(options.seed);
    let upstream = Upstream::start().await?;
    let lines = format!(
        "{}delta_ms = 1\nmax_observers = 4096\nmax_connections = 8192\nmax_requests = 4096\n\
         observer_ping_ms = {PING_MS}\n",
        answered_by(&upstream)
    );
    let place = Installation::new(binary, &lines)?;
    let result = async {
        let companion = place.start().await?;
        let stage = Stage { binary: binary.to_owned(), upstream, companion };
        cuts::run(&stage, options.pieces, &mut rng).await.context("cuts")?;
        cursors::run(&stage, &mut rng).await.context("cursors")?;
        frames::run(&stage, options.pings, &mut rng).await.context("frames from the client")?;
        stopped::run(&stage, options.readers, &mut rng).await.context("stopped readers")
    };
    let result = result.await;
    place.close(result)
}

/// A short message with a new id.
fn message(rng: &mut Rng) -> SendMessage {
    let id = seed::message_id(rng);
    SendMessage::new(id, format!("Message {id}"))
}
