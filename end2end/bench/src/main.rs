//! `bench`: see the library.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use bench::yardstick::{file, relay};
use bench::{endpoint, note, peers, report, run};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

/// Measures a companion under load
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure, and print the figures
    Run(Box<run::Options>),
    /// Measure other programs beside a companion
    Peers(Box<peers::Options>),
    /// Add figures that another program measured
    Note(note::Options),
    /// Write a page and plots from measured figures
    Report {
        /// The file that `run --out` wrote
        figures: PathBuf,
        /// The page; the plots go into a folder of the same name without its ending
        page: PathBuf,
    },
    /// The scripted endpoint, which the driver starts
    #[command(hide = true)]
    Endpoint,
    /// A yardstick, which the driver starts
    #[command(hide = true)]
    Relay { endpoint: SocketAddr },
    /// A yardstick, which the driver starts
    #[command(hide = true)]
    File,
}

// One thread is enough, and leaves the cores to the server.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // The processes that were started end with this one, also when it is told to end.
    let performed = tokio::select! {
        biased;
        ended = told_to_end() => ended,
        performed = perform(Arguments::parse().command) => performed,
    };
    match performed {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns when a signal tells the process to end.
async fn told_to_end() -> Result<ExitCode> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    anyhow::bail!("told to end")
}

async fn perform(command: Command) -> Result<ExitCode> {
    match command {
        Command::Run(options) => return run::run(&options).await,
        Command::Peers(options) => return peers::run(&options).await,
        Command::Note(options) => note::run(options)?,
        Command::Report { figures, page } => report::write(&figures, &page)?,
        Command::Endpoint => endpoint::serve().await?,
        Command::Relay { endpoint } => relay::serve(endpoint).await?,
        Command::File => file::serve().await?,
    }
    Ok(ExitCode::SUCCESS)
}
