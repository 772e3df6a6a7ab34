//! Providers that misbehave: a table of faults, each of which is played for real and compared with
//! its promise.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

mod endpoint;
mod hostile;
mod lists;
mod local;
mod report;
mod row;
mod steps;
mod trial;

use report::Line;

/// Plays every fault of the table and compares what a user gets
#[derive(Args)]
pub struct Options {
    /// Test the local model, too, which requires the file of the default model
    #[arg(long)]
    pub local: bool,
    /// Write the table of the results into this Markdown file
    #[arg(long, value_name = "FILE")]
    pub write: Option<PathBuf>,
}

/// Plays the table. The error lists the rows that broke their promise.
pub async fn run(binary: &Path, options: &Options) -> Result<()> {
    let mut lines = endpoint::play(binary).await?;
    lines.extend(lists::play(binary).await?);
    let scripted = lines.len();
    if options.local {
        lines.extend(local::play(binary).await?);
    }
    let bad: Vec<&Line> = lines.iter().filter(|line| !line.faults.is_empty()).collect();
    for line in &bad {
        eprintln!("{}:\n    {}", line.name, line.faults.join("\n    "));
    }
    let table = report::table(&lines);
    match &options.write {
        Some(file) => std::fs::write(file, report::page(&table))
            .with_context(|| format!("{} cannot be written", file.display()))?,
        None => print!("{table}"),
    }
    println!("{} faults, {} of them the local model's", lines.len(), lines.len() - scripted);
    ensure!(bad.is_empty(), "{} of {} faults are not as promised", bad.len(), lines.len());
    Ok(())
}
