//! Attacks that try to take all connections or all places for requests while one good user keeps
//! working.
//!
//! An attack holds its connections until the good user has done all rounds, and opens a new one
//! when the server closes one. The times in the table are for information; the only limit is that a
//! response which takes longer than 15 s counts as missed. The run fails if the good user is
//! refused, gets no response, or finds a message without a complete answer in the end. Attack and
//! user come from one address, as they do behind a proxy, so the server cannot tell them apart by
//! it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use fastrand::Rng;
use upstream::Upstream;

use crate::client::{Client, Login};
use crate::companion::{Companion, HANG, Installation, answered_by};
use crate::seed;

mod attack;
mod user;

use attack::{Attack, Crowd, Target};
use user::User;

/// The accounts of the part in which a member attacks.
const OWNER: Login = Login { name: "owner", password: "a torture owner's password" };
const GOOD: Login = Login { name: "good", password: "a good user's password" };
const BAD: Login = Login { name: "bad", password: "an attacker's own password" };
/// The conversations of an attacker, which are more than a member's answers at the same time.
const CONVERSATIONS: usize = 32;

/// Crowd out a good user
#[derive(Args)]
pub struct Options {
    /// Connections of an attack that takes the slots of requests
    #[arg(long, default_value_t = 300)]
    requests: usize,
    /// Connections of an attack that takes the slots of connections
    #[arg(long, default_value_t = 1100)]
    connections: usize,
    /// WebSockets that a server with room for them holds while they send nothing; 0 leaves that part out.
    /// Each needs a file descriptor here and one there
    #[arg(long, default_value_t = 0)]
    sockets: usize,
    /// How many times the good user reads a page, sends a message and probes during each attack
    #[arg(long, default_value_t = 30)]
    rounds: usize,
    /// Seed of all random choices; random itself unless it is given
    #[arg(long)]
    seed: Option<u64>,
}

/// The default limit of a companion's connections.
const MOST: usize = 1024;

/// Runs the attacks, each kind against a companion of its own, and prints a table. Fails after the
/// whole table if the good user missed anything, or if an attack failed because the server had
/// closed most of its connections.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut rng = seed::rng(options.seed);
    let upstream = Upstream::start().await?;
    // The limit is a tenth below the number of the attack's connections, also in a small run.
    let most = (options.connections - options.connections / 11).clamp(8, MOST);
    println!("{}", user::head());
    let mut result = Ok(());
    let of_kind = |fills: bool| {
        let all = Attack::ALL.into_iter();
        all.filter(move |attack| attack.fills_connections() == fills).collect::<Vec<_>>()
    };
    let by_member = Attack::BY_MEMBER.to_vec();
    let mut parts = vec![
        Part { max_connections: MOST, attacks: of_kind(false), by_member: false, count: None },
        Part { max_connections: most, attacks: of_kind(true), by_member: false, count: None },
        Part { max_connections: MOST, attacks: by_member, by_member: true, count: None },
    ];
    if options.sockets > 0 {
        // The person at the machine may take all places; the good user needs a few.
        let max_connections = options.sockets + 100;
        let (attacks, count) = (vec![Attack::IdleWebSockets], Some(options.sockets));
        parts.push(Part { max_connections, attacks, by_member: false, count });
    }
    for part in parts {
        let most = part.max_connections;
        let lines = format!(
            "{}max_connections = {most}\nmax_observers = {}\nrequire_login = {}\n",
            answered_by(&upstream),
            if part.count.is_some() { most } else { most * 2 },
            part.by_member,
        );
        let place = Installation::new(binary, &lines)?;
        let done = part.run(&place, options, &mut rng).await;
        result = result.and(place.close(done));
    }
    result
}

/// Some of the attacks, against a companion of their own.
struct Part {
    max_connections: usize,
    attacks: Vec<Attack>,
    /// Whether the good user and the attacker are members with a login each.
    by_member: bool,
    /// The connections of each attack, instead of those of the options; all of them have to be open in
    /// the end, and what they cost the server is shown.
    count: Option<usize>,
}

impl Part {
    async fn run(&self, place: &Installation, options: &Options, rng: &mut Rng) -> Result<()> {
        let (mut good, mut bad) = (None, None);
        if self.by_member {
            for account in [&OWNER, &GOOD, &BAD] {
                place.add_account(account.name, account.password).await?;
            }
            (good, bad) = (Some(&GOOD), Some(&BAD));
            println!("(The good user and the attacker are members.)");
        }
        let companion = place.start().await?;
        let user = User::new(&companion, good).await?;
        let (attacker, cookies) = Client::of_account(companion.address, bad, HANG).await?;
        let mut target = Target { address: companion.address, workers: Vec::new(), cookies };
        for _ in 0..CONVERSATIONS {
            target.workers.push(attacker.create().await?.worker_id);
        }
        self.attacked(user, &target, options, &companion, rng).await
    }

    async fn attacked(
        &self,
        mut user: User,
        target: &Target,
        options: &Options,
        companion: &Companion,
        rng: &mut Rng,
    ) -> Result<()> {
        let quiet = user.rounds(options.rounds, rng, || ()).await;
        println!("{}", quiet.rows("nobody else"));
        let mut missed = quiet.missed;
        let mut few = Vec::new();
        for attack in &self.attacks {
            let all =
                if attack.fills_connections() { options.connections } else { options.requests };
            let (count, before) = (self.count.unwrap_or(all), companion.memory()?);
            let crowd = attack.begin(target.clone(), count).await.context(attack.name())?;
            let (mut open, mut looks) = (0, 0);
            let seen = user
                .rounds(options.rounds, rng, || {
                    open += crowd.open();
                    looks += 1;
                })
                .await;
            println!("{}", seen.rows(&format!("{count} {}", attack.name())));
            missed.extend(seen.missed.into_iter().map(|what| format!("{}: {what}", attack.name())));
            if let Some(count) = self.count {
                attack_cost(&crowd, count, companion.memory()?.saturating_sub(before))?;
            }
            let open = open / looks.max(1);
            if attack.holds() {
                println!("{}", user::row("    connections that were open, on average", open));
            }
            // The server refuses some of the attacks after a few seconds, and their connections then
            // pause for a second.
            if attack.holds() && open < count / 3 {
                few.push(format!("{}: {open} of {count}", attack.name()));
            }
            crowd.end().await;
        }
        missed.extend(user.unanswered().await?);
        if !missed.is_empty() {
            missed.dedup();
            bail!("the good user had {} failures; the first one: {}", missed.len(), missed[0]);
        }
        if !few.is_empty() {
            bail!("too few connections of an attack were open: {}", few.join("; "));
        }
        Ok(())
    }
}

/// Shows what each connection of an attack costs the server. Fails if not all of them are open.
fn attack_cost(crowd: &Crowd, count: usize, bytes: u64) -> Result<()> {
    let open = crowd.open();
    if open < count {
        bail!("{open} of {count} connections were open in the end");
    }
    let each = bytes / u64::try_from(count)?.max(1);
    println!("{}", user::row("    bytes of the server's memory for each", usize::try_from(each)?));
    Ok(())
}
