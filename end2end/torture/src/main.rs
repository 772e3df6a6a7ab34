//! `torture`: see the library.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use torture::{crowd, faults, kill, observers, power, recovery, stop};

/// Breaks a running companion on purpose and counts what was lost
#[derive(Parser)]
struct Arguments {
    /// The companion to test; by default $COMPANION_BIN
    #[arg(long, value_name = "PATH", global = true)]
    companion: Option<PathBuf>,
    #[command(subcommand)]
    command: Torture,
}

/// One kind of torture. Each has a module, a size and a seed.
#[derive(Subcommand)]
enum Torture {
    Crowd(crowd::Options),
    Faults(faults::Options),
    Kill(kill::Options),
    Power(power::Options),
    Recovery(recovery::Options),
    Stop(stop::Options),
    Observers(observers::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("torture: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let given = arguments.companion.or_else(|| std::env::var_os("COMPANION_BIN").map(Into::into));
    let binary = given.context("name the companion with --companion or in COMPANION_BIN")?;
    match arguments.command {
        Torture::Crowd(options) => crowd::run(&binary, &options).await,
        Torture::Faults(options) => faults::run(&binary, &options).await,
        Torture::Kill(options) => kill::run(&binary, &options).await,
        Torture::Power(options) => power::run(&binary, &options).await,
        Torture::Observers(options) => observers::run(&binary, &options).await,
        Torture::Stop(options) => stop::run(&binary, &options).await,
        Torture::Recovery(options) => recovery::run(&binary, &options).await,
    }
}
