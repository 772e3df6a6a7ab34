//! The aims, beside what was measured last. Whether an aim is met is computed from the figures.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::measured::{Measured, YARDSTICK, short};

/// The label of the binary from before the aims were worked on.
const BEFORE: &str = "before";

/// One aim.
struct Aim {
    figure: &'static str,
    unit: &'static str,
    bound: Bound,
    value: Value,
}

/// What the figure has to be.
#[derive(Clone, Copy)]
enum Bound {
    Below(f64),
    AtLeast(f64),
}

/// Where the figure comes from.
#[derive(Clone, Copy)]
enum Value {
    /// A figure of one case.
    Of(Case, &'static str),
    /// The ratio of two figures of one case.
    Ratio(Case, &'static str, &'static str),
    /// The largest figure of all cases of a section whose kind begins so.
    Most(&'static str, &'static str, &'static str),
}

/// A section, a kind and a size.
type Case = (&'static str, &'static str, u64);

use Bound::{AtLeast, Below};
use Value::{Most, Of, Ratio};

const fn json(streams: u64) -> Case {
    ("streams", "json", streams)
}

const fn html(streams: u64) -> Case {
    ("streams", "html", streams)
}

const fn aim(figure: &'static str, unit: &'static str, bound: Bound, value: Value) -> Aim {
    Aim { figure, unit, bound, value }
}

const CPU: &str = "server_cpu_per_token_us";
const WIRE: &str = "wire_per_token_bytes";
const MILLION: u64 = 1_000_000;
const MANY: Case = ("observers", "json", 2000);
const BROWSER: Case = ("browser", "console", 5000);

/// The aims of the project, in the order in which they were set.
const AIMS: &[Aim] = &[
    aim("1,000 streams, tokens within 100 ms", "", AtLeast(0.999), Of(json(1000), "on_time_share")),
    aim("10 streams, server CPU per token", "us", Below(40.0), Of(json(10), CPU)),
    aim("100 streams, server CPU per token", "us", Below(20.0), Of(json(100), CPU)),
    aim("1,000 streams, server CPU per token", "us", Below(20.0), Of(json(1000), CPU)),
    aim("10 streams, lag p50", "ms", Below(2.0), Of(json(10), "lag_p50_ms")),
    aim("100 streams, lag p50", "ms", Below(4.0), Of(json(100), "lag_p50_ms")),
    aim("100 streams, sent per token of 22 bytes", "bytes", Below(60.0), Of(json(100), WIRE)),
    aim("10 streams with HTML, CPU per token", "us", Below(40.0), Of(html(10), CPU)),
    aim("100 streams with HTML, CPU per token", "us", Below(40.0), Of(html(100), CPU)),
    aim("1,000 streams with HTML, CPU per token", "us", Below(40.0), Of(html(1000), CPU)),
    aim("100 streams with HTML, sent per token", "bytes", Below(200.0), Of(html(100), WIRE)),
    aim("2,000 observers, not given every byte", "observers", Below(1.0), Of(MANY, "faults")),
    aim(
        "2,000 observers, CPU per observer and frame",
        "us",
        Below(5.0),
        Of(MANY, "server_cpu_per_observer_and_frame_us"),
    ),
    aim("2,000 observers, memory of each", "KiB", Below(32.0), Of(MANY, "memory_per_observer_kib")),
    aim(
        "Added to the first token, beyond a synced commit, p50",
        "ms",
        Below(0.5),
        Of(("first-token", "json", 1), "added_beyond_commit_p50_ms"),
    ),
    aim(
        "Start to ready, no messages",
        "ms",
        Below(100.0),
        Of(("start", "start", 0), "ready_p50_ms"),
    ),
    aim(
        "Start to ready, 1,000,000 messages",
        "ms",
        Below(100.0),
        Of(("start", "start", MILLION), "ready_p50_ms"),
    ),
    aim(
        "The same after a kill, no messages",
        "ms",
        Below(100.0),
        Of(("start", "start", 0), "ready_after_kill_p50_ms"),
    ),
    aim(
        "The same after a kill, 1,000,000 messages",
        "ms",
        Below(100.0),
        Of(("start", "start", MILLION), "ready_after_kill_p50_ms"),
    ),
    aim(
        "Page of a conversation, the slowest p99 of all sizes",
        "ms",
        Below(10.0),
        Most("pages", "beside-", "page_p99_ms"),
    ),
    aim(
        "Idle memory, no messages",
        "MiB",
        Below(12.0),
        Of(("start", "start", 0), "idle_private_mib"),
    ),
    aim(
        "Idle memory, 1,000,000 messages",
        "MiB",
        Below(12.0),
        Of(("start", "start", MILLION), "idle_private_mib"),
    ),
    aim(
        "100 streams, memory of each with its observer",
        "KiB",
        Below(64.0),
        Of(json(100), "memory_per_observer_kib"),
    ),
    aim(
        "1,000 streams, memory of each with its observer",
        "KiB",
        Below(64.0),
        Of(json(1000), "memory_per_observer_kib"),
    ),
    aim(
        "1,000 streams, memory a minute afterwards, to idle",
        "times",
        Below(1.5),
        Ratio(json(1000), "memory_rested_mib", "memory_idle_mib"),
    ),
    aim("First visit, brotli", "kB", Below(200.0), Of(("browser", "first-visit", 0), "sent_kb")),
    aim(
        "200 tokens/s below 5,000 messages, longest task",
        "ms",
        Below(16.0),
        Of(BROWSER, "answer_longest_task_ms"),
    ),
    aim(
        "5,000 messages loaded upward, longest task",
        "ms",
        Below(50.0),
        Of(BROWSER, "upward_longest_task_ms"),
    ),
    aim(
        "Search, up to 1,000,000 messages, p99 of the slowest kind",
        "ms",
        Below(50.0),
        Most("search", "in-", "p99_ms"),
    ),
];

/// The binary that was measured last, whose figures are compared with the aims.
pub(super) fn latest(measured: &Measured) -> Option<&str> {
    let cases = measured.cases.iter().rev();
    let mut ours = cases.filter(|case| case.of != YARDSTICK && !case.section.starts_with("peers"));
    ours.next().map(|case| case.of.as_str())
}

/// The table of all aims.
pub(super) fn table(measured: &Measured) -> String {
    let Some(of) = latest(measured) else { return String::new() };
    let mut text = format!(
        "## Aims\n\nThe figures of `{of}`, which was measured last, beside what was aimed at and what \
         was measured of `{BEFORE}`. \"-\" means that there is no such figure.\n\n\
         | figure | aim | {BEFORE} | measured | met |\n| --- | --- | --- | --- | --- |\n"
    );
    for Aim { figure, unit, bound, value } in AIMS {
        let before = value.read(measured, BEFORE);
        let value = value.read(measured, of);
        let (aim, met) = match bound {
            Below(bound) => (format!("below {}", short(*bound)), value.map(|is| is < *bound)),
            AtLeast(bound) => (format!("at least {}", short(*bound)), value.map(|is| is >= *bound)),
        };
        let shown = |value: Option<f64>| {
            value.map_or("-".to_owned(), |value| with_unit(short(value), unit))
        };
        let (before, value) = (shown(before), shown(value));
        let met = met.map_or("-", |met| if met { "yes" } else { "**no**" });
        let _ =
            writeln!(text, "| {figure} | {} | {before} | {value} | {met} |", with_unit(aim, unit));
    }
    text + "\n"
}

fn with_unit(value: String, unit: &str) -> String {
    if unit.is_empty() { value } else { format!("{value} {unit}") }
}

impl Value {
    fn read(self, measured: &Measured, of: &str) -> Option<f64> {
        let figure =
            |(section, kind, size): Case, name| measured.median(section, kind, size, of, name);
        match self {
            Of(case, name) => figure(case, name),
            Ratio(case, name, to) => Some(figure(case, name)? / figure(case, to)?),
            Most(section, kind, name) => {
                let cases = measured.cases.iter();
                let cases = cases.filter(|case| {
                    case.section == section && case.kind.starts_with(kind) && case.of == of
                });
                // The median of its rounds counts for each case.
                let cases: BTreeSet<_> =
                    cases.map(|case| (case.kind.as_str(), case.size)).collect();
                let figures = cases
                    .into_iter()
                    .filter_map(|(kind, size)| measured.median(section, kind, size, of, name));
                figures.reduce(f64::max)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measured::{Case, Figures};

    #[test]
    fn an_aim_is_met_missed_or_not_measured() {
        let mut measured = Measured::default();
        let mut add = |section: &str, kind: &str, size, of: &str, name: &str, value| {
            let figures = Figures::from([(name.to_owned(), value)]);
            let [section, kind, of] = [section, kind, of].map(str::to_owned);
            measured.cases.push(Case { section, kind, size, of, round: 1, figures });
        };
        add("streams", "json", 10, "after", CPU, 39.0);
        add("streams", "json", 100, "after", CPU, 20.0);
        add("streams", "json", 1000, "before", CPU, 1.0);
        add("streams", "json", 1000, "after", "on_time_share", 0.999);
        for (length, ms) in [(100, 9.0), (1000, 12.0)] {
            add("pages", "beside-5", length, "after", "page_p99_ms", ms);
        }
        add("peers", "peers", 10, "llumen", CPU, 1.0);
        let table = table(&measured);
        for row in [
            "| 1,000 streams, tokens within 100 ms | at least 0.999 | - | 0.999 | yes |",
            "| 10 streams, server CPU per token | below 40 us | - | 39 us | yes |",
            "| 100 streams, server CPU per token | below 20 us | - | 20 us | **no** |",
            "| 1,000 streams, server CPU per token | below 20 us | 1 us | - | - |",
            "| Page of a conversation, the slowest p99 of all sizes | below 10 ms | - | 12 ms | **no** |",
        ] {
            assert!(table.contains(row), "{row}\n{table}");
        }
    }
}
