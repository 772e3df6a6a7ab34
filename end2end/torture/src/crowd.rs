//! A crowd that takes all there is to take, and a good user beside it.
//!
//! Each attack holds its connections for as long as the good user needs for the rounds, and comes
//! back when it is thrown out. Nothing here fails for a time: the table is for people. It fails
//! when the good user is refused, gets no answer, or misses one in the conversation afterwards.
//! Crowd and user come from one address, as they do behind a proxy, so that no share for each peer
//! could tell them apart.

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
    /// Connections of an attack that needs as many as there are places for requests
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Connections of an attack that needs more than there are places for connections
    #[arg(long, default_value_t = 1100)]
    connections: usize,
    /// What the good user does during each attack: a page, a message, a probe, so many times
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// The choices of the run; random when not given
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs each attack against a companion with its default bounds; prints a table. Error: what the
/// good user missed, after the whole table.
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
