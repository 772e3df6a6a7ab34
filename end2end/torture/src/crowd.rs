//! Attacks that try to take all connections or all places for requests, while one good user goes on
//! working.
//!
//! An attack holds its connections until the good user has done all rounds, and opens one again
//! when the server closes it. The times in the table are for people to read; the only limit is that
//! an answer which takes longer than 15 s counts as missed. The run fails when the good user is
//! refused, gets no answer, or finds a message without a whole answer in the end. Attack and user
//! come from one address, as they do behind a proxy, so the server cannot tell them apart by it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use fastrand::Rng;
use upstream::Upstream;

use crate::companion::{Companion, Place, answered_by};
use crate::seed;

mod attack;
mod user;

use attack::Attack;
use user::User;

/// Crowd out a good user
#[derive(Args)]
pub struct Options {
    /// Connections of an attack that takes the places for requests
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Connections of an attack that takes the places for connections
    #[arg(long, default_value_t = 1100)]
    connections: usize,
    /// How many times the good user reads a page, sends a message and probes during each attack
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// The choices of the run; random when not given
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs each attack against a companion with its default bounds, and prints a table. Fails after
/// the whole table, when the good user has missed anything.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut rng = seed::rng(options.seed);
    let upstream = Upstream::start().await?;
    let place = Place::new(binary, &answered_by(&upstream))?;
    let result = async {
        let companion = place.start().await?;
        attacks(&companion, options, &mut rng).await
    };
    let result = result.await;
    place.close(result)
}

async fn attacks(companion: &Companion, options: &Options, rng: &mut Rng) -> Result<()> {
    let mut user = User::new(companion).await?;
    println!("{}", user::head());
    let quiet = user.rounds(options.rounds, rng).await;
    println!("{}", quiet.rows("nobody else"));
    let mut missed = quiet.missed;
    for attack in Attack::ALL {
        let count = match attack {
            _ if attack.fills_connections() => options.connections,
            _ => options.requests,
        };
        let crowd =
            attack.begin(companion.address, user.worker(), count).await.context(attack.name())?;
        let seen = user.rounds(options.rounds, rng).await;
        println!("{}", seen.rows(&format!("{count} {}", attack.name())));
        missed.extend(seen.missed.into_iter().map(|what| format!("{}: {what}", attack.name())));
        crowd.end().await;
    }
    missed.extend(user.unanswered().await?);
    if !missed.is_empty() {
        missed.dedup();
        bail!("the good user missed {} things, the first of them: {}", missed.len(), missed[0]);
    }
    Ok(())
}
