//! Counts the processor instructions of what is done for each token, and compares the counts with
//! those of a checked-in baseline. Valgrind counts them, so neither the speed nor the load of the
//! machine matters.
//!
//! `instructions BASELINE RUSTC` compares and fails if a count is more than 25 % above the baseline;
//! `instructions BASELINE RUSTC --update` writes the baseline. `RUSTC` is the compiler's version,
//! without which counts cannot be compared. A third form, `instructions case NAME TIMES`, is what
//! runs in valgrind.

mod baseline;
mod cases;
mod count;
mod log;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use baseline::{Baseline, MadeWith};

/// By how much a count may grow without a new baseline. Addresses and hashes that differ between
/// runs change the counts by far less.
const TOLERANCE: f64 = 0.25;

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("instructions: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["case", name, times] => {
            cases::run(name, times.parse()?)?;
            Ok(ExitCode::SUCCESS)
        }
        [file, rustc] => compare(Path::new(file), rustc),
        [file, rustc, "--update"] => {
            let counted = Baseline::count(rustc)?;
            for (name, count) in &counted.instructions {
                println!("    {name:<16} {count:>12}");
            }
            counted.write(Path::new(file))?;
            Ok(ExitCode::SUCCESS)
        }
        _ => bail!("usage: instructions BASELINE RUSTC [--update]"),
    }
}

/// Compares with the baseline. Counts of another compiler or processor differ for other reasons than
/// our code, so they are not compared, and the output says so.
fn compare(file: &Path, rustc: &str) -> Result<ExitCode> {
    let baseline = Baseline::read(file)?;
    let (old, new) = (&baseline.made_with, MadeWith::here(rustc));
    if *old != new {
        println!("SKIPPED: the baseline was made with {old:?}, and this is {new:?}.");
        return Ok(ExitCode::SUCCESS);
    }
    let counted = Baseline::count(rustc)?;
    let mut worse = 0;
    for (name, count) in &counted.instructions {
        let before = baseline.instructions.get(name);
        let before = *before.with_context(|| format!("the baseline has no {name}"))?;
        let change = *count as f64 / before as f64 - 1.0;
        let verdict = match change {
            above if above > TOLERANCE => "WORSE",
            below if below < -TOLERANCE => "better; the baseline can be renewed",
            _ => "",
        };
        println!("    {name:<16} {count:>12} {:>+7.1} % {verdict}", change * 100.0);
        worse += usize::from(change > TOLERANCE);
    }
    Ok(if worse == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
