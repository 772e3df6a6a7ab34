//! Figures that another program measured, such as those of the browser (`make measure`), so that
//! the page has them beside ours.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use crate::measured::{Case, Figures, Measured, Run};

#[derive(clap::Args)]
pub struct Options {
    /// The file with the figures
    figures: PathBuf,
    /// The section, the kind and the size of the case: `browser first-visit 0`
    section: String,
    kind: String,
    size: u64,
    /// The label of the binary that was measured
    of: String,
    /// Each figure as NAME=VALUE; the name ends with the unit
    #[arg(required = true, value_parser = figure)]
    values: Vec<(String, f64)>,
    /// The commit of the sources
    #[arg(long)]
    commit: String,
    /// How it was measured
    #[arg(long)]
    note: String,
}

fn figure(text: &str) -> Result<(String, f64)> {
    let (name, value) = text.split_once('=').context("a figure is NAME=VALUE")?;
    Ok((name.to_owned(), value.parse()?))
}

/// Adds a case to the file.
pub fn run(options: Options) -> Result<()> {
    let mut measured = Measured::read(&options.figures)?;
    let Options { section, kind, size, of, values, commit, note, figures } = options;
    measured.runs.push(Run::of(Some(commit), Some(note))?);
    measured.add(Case { section, kind, size, of, round: 1, figures: Figures::from_iter(values) });
    measured.write(&figures)
}
