//! What was measured: figures by name, each for one case of one binary, kept as JSON.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use time::macros::format_description;

/// All that a file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Measured {
    pub runs: Vec<Run>,
    pub cases: Vec<Case>,
}

/// One call of the driver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The date and time in UTC.
    pub at: String,
    /// The arguments of the call, without paths.
    pub command: String,
    /// The commit of the sources from which the driver was started, if it is known.
    pub commit: Option<String>,
    /// The processor's name, the number of cores, the memory and the kernel.
    pub machine: String,
    /// What else a reader should know about this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One measurement of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub section: String,
    /// What was measured within the section: `json`, `html`, `relay` ...
    pub kind: String,
    /// The size of the case: streams, observers, messages.
    pub size: u64,
    /// The binary's label, or `yardstick`.
    pub of: String,
    /// Counted from 1.
    pub round: u32,
    pub figures: Figures,
}

/// Figures by name. The name ends with the unit.
pub type Figures = BTreeMap<String, f64>;

/// The label of measurements that are no binary's.
pub const YARDSTICK: &str = "yardstick";

impl Run {
    /// This call, now.
    pub fn of(commit: Option<String>, note: Option<String>) -> Result<Self> {
        let at = time::OffsetDateTime::now_utc();
        let at = at.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))?;
        // Paths say something about the machine and nothing about the measurement.
        let arguments = std::env::args().skip(1).map(|argument| match argument.split_once('=') {
            _ if !argument.contains('/') => argument,
            Some((label, _)) => format!("{label}=..."),
            None => "...".to_owned(),
        });
        let command = arguments.collect::<Vec<_>>().join(" ");
        Ok(Self { at, command: format!("bench {command}"), commit, machine: machine()?, note })
    }
}

/// Describes the machine, without any name of it.
fn machine() -> Result<String> {
    let field = |file: &str, name: &str| -> Result<String> {
        let text = fs::read_to_string(file)?;
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim());
        Ok(value.unwrap_or("unknown").to_owned())
    };
    let processor = field("/proc/cpuinfo", "model name")?;
    let kib: f64 = field("/proc/meminfo", "MemTotal")?.trim_end_matches(" kB").parse()?;
    let cores = std::thread::available_parallelism()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    // What follows the first two numbers may name the machine's builder.
    let kernel = kernel.trim().splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let gib = kib / f64::from(1 << 20);
    Ok(format!("{cores} cores of {processor}, {gib:.0} GiB of memory, Linux {kernel}"))
}

impl Measured {
    /// Reads a file, which need not exist.
    pub fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(path)?;
        serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Writes a file, so that an interrupted run keeps what was measured.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        Ok(fs::write(path, text + "\n")?)
    }

    /// Adds a case and prints it as a line. The first round replaces what an earlier run measured
    /// of the same case.
    pub fn add(&mut self, case: Case) {
        println!("{}", line(&case));
        if case.round == 1 {
            self.cases.retain(|old| {
                (&old.section, &old.kind, old.size, &old.of)
                    != (&case.section, &case.kind, case.size, &case.of)
            });
        }
        self.cases.push(case);
    }

    /// The sizes and labels that were measured of a kind of case, each once.
    pub fn sizes(&self, section: &str, kind: &str) -> Vec<(u64, String)> {
        let cases = self.cases.iter().filter(|case| case.section == section && case.kind == kind);
        let mut sizes: Vec<_> = cases.map(|case| (case.size, case.of.clone())).collect();
        sizes.sort();
        sizes.dedup();
        sizes
    }

    /// The middle of a figure over all rounds of a case.
    pub fn median(
        &self,
        section: &str,
        kind: &str,
        size: u64,
        of: &str,
        name: &str,
    ) -> Option<f64> {
        let same = |case: &&Case| {
            case.section == section && case.kind == kind && case.size == size && case.of == of
        };
        let figures = self.cases.iter().filter(same).filter_map(|case| case.figures.get(name));
        let mut figures: Vec<_> = figures.copied().collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied()
    }
}

/// A case as one line of text.
pub fn line(case: &Case) -> String {
    let Case { section, kind, size, of, round, .. } = case;
    let figures = case.figures.iter().map(|(name, value)| format!("{name} {}", short(*value)));
    let figures = figures.collect::<Vec<_>>().join(", ");
    format!("{section} {kind} {size} {of} #{round}: {figures}")
}

/// A number with three to four significant digits, or all digits of a large one.
pub fn short(value: f64) -> String {
    let digits = match value.abs() {
        // Four, so that 99.95 % is not shown as all.
        below if below < 1.0 => 4,
        below if below < 10.0 => 2,
        below if below < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// Samples, sorted for reading percentiles.
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn new(samples: impl IntoIterator<Item = f64>) -> Self {
        let mut samples: Vec<_> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        Self(samples)
    }

    /// The smallest sample that is not below `share` of them; 0 if there are none.
    pub fn at(&self, share: f64) -> f64 {
        // Invariant: `share` is at most 1, so the place is within the list.
        let place = (self.0.len() as f64 * share).ceil() as usize;
        self.0.get(place.saturating_sub(1)).copied().unwrap_or(0.0)
    }

    /// The share of the samples that are at most `bound`; 0 if there are none.
    pub fn within(&self, bound: f64) -> f64 {
        let within = self.0.partition_point(|sample| *sample <= bound);
        if self.0.is_empty() { 0.0 } else { within as f64 / self.0.len() as f64 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples = Samples::new((1..=100).rev().map(f64::from));
        assert_eq!([0.5, 0.99, 1.0].map(|share| samples.at(share)), [50.0, 99.0, 100.0]);
        assert_eq!(samples.within(25.0), 0.25);
        assert_eq!((Samples::new([]).at(0.5), Samples::new([]).within(1.0)), (0.0, 0.0));
    }

    #[test]
    fn a_later_run_replaces_what_it_measures_again() {
        let mut measured = Measured::default();
        let mut add = |of: &str, round, figure| {
            let figures = Figures::from([("a".to_owned(), figure)]);
            let [section, kind, of] = ["streams", "json", of].map(str::to_owned);
            measured.add(Case { section, kind, size: 10, of, round, figures });
        };
        add("before", 1, 1.0);
        for (round, figure) in [(1, 9.0), (1, 3.0), (2, 1.0), (3, 2.0)] {
            add("after", round, figure);
        }
        let median = |of| measured.median("streams", "json", 10, of, "a");
        assert_eq!((median("before"), median("after")), (Some(1.0), Some(2.0)));
        assert_eq!(measured.cases.len(), 4);
    }

    #[test]
    fn numbers_are_short() {
        let shortened = [0.99954, 1.234, 12.34, 1234.5, 10.0, 0.0].map(short);
        assert_eq!(shortened, ["0.9995", "1.23", "12.3", "1234", "10", "0"]);
    }
}
