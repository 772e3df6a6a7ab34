//! Counts instructions with valgrind.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};

/// How often a case is repeated in the shorter and in the longer run.
const SHORT: u64 = 1;
const LONG: u64 = 5;

/// The instructions of one repetition. They are the difference between two runs of different
/// lengths, so the start of the process and the preparation of the case do not count, and no names
/// of functions are needed, which a release does not have.
pub(crate) fn case(name: &str) -> Result<u64> {
    let (short, long) = (run(name, SHORT)?, run(name, LONG)?);
    Ok(long.saturating_sub(short) / (LONG - SHORT))
}

/// All instructions of a process that repeats a case.
fn run(name: &str, times: u64) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let output = Command::new("valgrind")
        // Threads take turns in the order in which they wait, so that a group of commits is always
        // the same.
        .args(["--tool=callgrind", "--read-inline-info=no", "--fair-sched=yes"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(std::env::current_exe()?)
        .args(["case", name, &times.to_string()])
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .context("valgrind cannot be started")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} in valgrind: {}\n{said}", output.status);
    let counts = fs::read_to_string(&file)?;
    // Written once all events of the process are counted (callgrind's format, "totals").
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.context("valgrind wrote no total")?.trim().parse()?)
}
