//! Writes a page with tables and plots from measured figures.

mod aims;
mod plots;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::measured::{Measured, Run, YARDSTICK, short};
use crate::{growth, peers, search};

/// A table: one row for each size and binary.
struct Table {
    title: &'static str,
    text: &'static str,
    section: &'static str,
    /// Only cases of this kind, or of this beginning if it ends with a hyphen.
    kind: &'static str,
    /// The heading of the column with the sizes.
    size: &'static str,
    /// Headings and figures.
    columns: &'static [(&'static str, &'static str)],
}

const STREAM_COLUMNS: &[(&str, &str)] = &[
    ("within 100 ms", "on_time_share"),
    ("lag p50 ms", "lag_p50_ms"),
    ("p99 ms", "lag_p99_ms"),
    ("max ms", "lag_max_ms"),
    ("CPU per token us", "server_cpu_per_token_us"),
    ("bytes per token", "wire_per_token_bytes"),
    ("frames per token", "frames_per_token"),
    ("sent again", "repeated_tokens_per_token"),
    ("KiB per stream", "memory_per_observer_kib"),
    ("MiB idle", "memory_idle_mib"),
    ("after rest", "memory_rested_mib"),
    ("driver us", "driver_cpu_per_token_us"),
    ("endpoint us", "endpoint_cpu_per_token_us"),
];

const TABLES: &[Table] = &[
    Table {
        title: "Streams as JSON",
        text: "Each stream is one answer, followed by one observer over a WebSocket.",
        section: "streams",
        kind: "json",
        size: "streams",
        columns: STREAM_COLUMNS,
    },
    Table {
        title: "Streams with HTML",
        text: "The same, as the console follows (`?html=true`).",
        section: "streams",
        kind: "html",
        size: "streams",
        columns: STREAM_COLUMNS,
    },
    Table {
        title: "What streams write",
        text: "Syncs of the disk in a second (of the whole machine, as the kernel counts flushes), the bytes that the kernel \
               wrote for the server, and by how much its files grew. A send and an end of a turn is synced, a piece of an answer is not.",
        section: "streams",
        kind: "json",
        size: "streams",
        columns: &[
            ("syncs per second", "syncs_per_second"),
            ("written per token, bytes", "disk_written_per_token_bytes"),
            ("files grown per token, bytes", "database_per_token_bytes"),
        ],
    },
    Table {
        title: "Yardstick: a relay",
        text: "A program that passes each token on as a frame of the same size, and stores nothing.",
        section: "streams",
        kind: "relay",
        size: "streams",
        columns: STREAM_COLUMNS,
    },
    Table {
        title: "One answer, many observers",
        text: "",
        section: "observers",
        kind: "json",
        size: "observers",
        columns: OBSERVER_COLUMNS,
    },
    Table {
        title: "One answer, many observers, with HTML",
        text: "",
        section: "observers",
        kind: "html",
        size: "observers",
        columns: OBSERVER_COLUMNS,
    },
    Table {
        title: "First token",
        text: "From the send to the first token at the reader, less the same without a companion. \
               The endpoint answers at once. The synced commit is one of SQLite alone on the same disk, between the samples.",
        section: "first-token",
        kind: "json",
        size: "streams",
        columns: &[
            ("added p50 ms", "added_p50_ms"),
            ("synced commit p50 ms", "synced_commit_p50_ms"),
            ("beyond the commit ms", "added_beyond_commit_p50_ms"),
            ("added p99 ms", "added_p99_ms"),
            ("send to endpoint p50 ms", "to_endpoint_p50_ms"),
            ("endpoint to reader p50 ms", "from_endpoint_p50_ms"),
        ],
    },
    Table {
        title: "Start",
        text: "From the spawn of the process to the first 200 of `/readyz`, and its memory half a second later. \
               Before a start after a kill, four answers were running.",
        section: "start",
        kind: "start",
        size: "messages",
        columns: &[
            ("ready p50 ms", "ready_p50_ms"),
            ("max ms", "ready_max_ms"),
            ("after kill -9 p50 ms", "ready_after_kill_p50_ms"),
            ("max ms", "ready_after_kill_max_ms"),
            ("idle MiB, private", "idle_private_mib"),
            ("resident", "idle_resident_mib"),
            ("private after kill -9", "idle_after_kill_private_mib"),
            ("database MiB", "database_mib"),
        ],
    },
    Table {
        title: "Pages of a conversation",
        text: "The newest page of a conversation of that many messages, as a whole page and by the API. \
               The first byte is that of the page's text.",
        section: "pages",
        kind: "beside-",
        size: "messages in it",
        columns: &[
            ("first byte p50 ms", "page_first_p50_ms"),
            ("p99 ms", "page_first_p99_ms"),
            ("page p50 ms", "page_p50_ms"),
            ("p99 ms", "page_p99_ms"),
            ("bytes", "page_bytes"),
            ("brotli, first byte p50 ms", "brotli_first_p50_ms"),
            ("p99 ms", "brotli_first_p99_ms"),
            ("page p50 ms", "brotli_p50_ms"),
            ("p99 ms", "brotli_p99_ms"),
            ("bytes", "brotli_bytes"),
            ("API p50 ms", "transcript_p50_ms"),
            ("p99 ms", "transcript_p99_ms"),
            ("bytes", "transcript_bytes"),
        ],
    },
    Table {
        title: "Yardstick: a file of the size of such a page",
        text: "",
        section: "pages",
        kind: "file",
        size: "bytes",
        columns: &[("p50 ms", "page_p50_ms"), ("p99 ms", "page_p99_ms")],
    },
    Table {
        title: "Search",
        text: "All searches of the next table, and the memory of the server after them.",
        section: "search",
        kind: "search",
        size: "messages",
        columns: &[
            ("p50 ms", "p50_ms"),
            ("p95 ms", "p95_ms"),
            ("p99 ms", "p99_ms"),
            ("max ms", "max_ms"),
            ("MiB, private", "private_mib"),
        ],
    },
    Table {
        title: "Yardstick: SQLite alone",
        text: "Commits of the same bytes without a sync, by the number of events in one commit.",
        section: "disk",
        kind: "unsynced",
        size: "events",
        columns: &[
            ("CPU per token us", "cpu_per_token_us"),
            ("commit p50 us", "commit_p50_us"),
            ("p99 us", "commit_p99_us"),
        ],
    },
    Table {
        title: "Beside others",
        text: "The same answers through other programs, in turns with ours, each on a new database. \
               Every conversation has one reader, over the connection that the program's own page uses, or over its API. \
               Open WebUI runs with its search in documents set to an engine outside of its process, and none of the programs asks the model for titles. \
               The driver does not accept the compression of the WebSocket that Open WebUI offers. \
               \"Not exact\" counts answers that were refused or not given as they were sent. What is given per token is per token that was due. \
               The memory is that of the process and all that it has started.",
        section: peers::STREAMS,
        kind: peers::STREAMS,
        size: "streams",
        columns: &[
            ("within 100 ms", "on_time_share"),
            ("lag p50 ms", "lag_p50_ms"),
            ("p99 ms", "lag_p99_ms"),
            ("CPU per token us", "server_cpu_per_token_us"),
            ("bytes per token", "wire_per_token_bytes"),
            ("frames per token", "frames_per_token"),
            ("not exact", "faults"),
            ("MiB idle", "memory_idle_mib"),
            ("most", "memory_peak_mib"),
            ("driver us", "driver_cpu_per_token_us"),
            ("endpoint us", "endpoint_cpu_per_token_us"),
        ],
    },
    Table {
        title: "Start and idle memory beside others",
        text: "On a database that was opened before and has no messages.",
        section: peers::START,
        kind: peers::START,
        size: "messages",
        columns: &[
            ("ready p50 ms", "ready_p50_ms"),
            ("max ms", "ready_max_ms"),
            ("idle MiB, private", "idle_private_mib"),
            ("resident", "idle_resident_mib"),
            ("proportional", "idle_proportional_mib"),
        ],
    },
];

const OBSERVER_COLUMNS: &[(&str, &str)] = &[
    ("within 100 ms", "on_time_share"),
    ("lag p50 ms", "lag_p50_ms"),
    ("p99 ms", "lag_p99_ms"),
    ("max ms", "lag_max_ms"),
    ("CPU per observer and frame us", "server_cpu_per_observer_and_frame_us"),
    ("KiB per observer", "memory_per_observer_kib"),
    ("MiB idle", "memory_idle_mib"),
    ("after rest", "memory_rested_mib"),
    ("driver cores", "driver_cores"),
    ("server cores", "server_cores"),
];

/// The file beside the plots with the part of the page that no measurement gives.
const TRIED: &str = "tried.md";

/// Prints the ratios to the yardsticks. Writes `page`, and its plots into the folder of the same name without the ending.
pub fn write(figures: &Path, page: &Path) -> Result<()> {
    let measured = Measured::read(figures)?;
    let folder = page.with_extension("");
    fs::create_dir_all(&folder)?;
    let mut text = head(&measured);
    text.push_str(&aims::table(&measured));
    let name = folder.file_name().and_then(|name| name.to_str()).context("the page has no name")?;
    for (file, plot) in plots::plots(&measured) {
        let Some(svg) = plot.svg() else { continue };
        fs::write(folder.join(file), svg)?;
        let _ = writeln!(text, "![{}]({name}/{file})\n", plot.title);
    }
    let ratios = ratios(&measured);
    print!("{ratios}");
    text.push_str(&ratios);
    for shown in TABLES {
        text.push_str(&table(&measured, shown));
    }
    text.push_str(&search::table(&measured));
    text.push_str(&growth::table(&measured));
    let tried = folder.join(TRIED);
    if tried.exists() {
        text.push_str(&fs::read_to_string(tried)?);
    }
    Ok(fs::write(page, text.trim_end().to_owned() + "\n")?)
}

fn head(measured: &Measured) -> String {
    let mut text = "# Performance\n\nThis page is written by `make bench` and `make peers-bench` from \
        `docs/performance/figures.json`; see there for every figure. The companion (the release \
        binary), the scripted endpoint and the load driver are three processes on the same cores. \
        Each token of the endpoint is 22 bytes of text and carries the time at which it was written. The lag \
        is the time from there until an observer has read it. The processor time is the \
        server's, from before the sends to the end of the last answer, without that of the driver and the endpoint, \
        which have columns of their own. Every observer compared its text with the bytes that the endpoint sent. \
        Each figure is the median of its rounds. Above 200 observers the limits of observers, \
        connections and requests are raised in the configuration.\n\n"
        .to_owned();
    for Run { at, command, commit, machine, note } in &measured.runs {
        let commit = commit.as_ref().map(|commit| format!(", sources at {commit}"));
        let note = note.as_ref().map(|note| format!(". {note}"));
        let (commit, note) = (commit.unwrap_or_default(), note.unwrap_or_default());
        let _ = writeln!(text, "- {at}{commit}: `{command}` on {machine}{note}");
    }
    text + "\n"
}

/// The sizes and binaries of a table, in their order.
fn rows(measured: &Measured, section: &str, kind: &str) -> Vec<(u64, String, String)> {
    let is_shown = |case: &str| case == kind || (kind.ends_with('-') && case.starts_with(kind));
    let cases =
        measured.cases.iter().filter(|case| case.section == section && is_shown(&case.kind));
    let sizes: BTreeSet<(u64, &str)> =
        cases.clone().map(|case| (case.size, case.kind.as_str())).collect();
    let mut rows = Vec::new();
    for (size, kind) in sizes {
        for case in cases.clone().filter(|case| case.size == size && case.kind == kind) {
            let row = (size, case.of.clone(), kind.to_owned());
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
    }
    rows
}

fn table(measured: &Measured, table: &Table) -> String {
    let rows = rows(measured, table.section, table.kind);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("## {}\n\n", table.title);
    if !table.text.is_empty() {
        let _ = writeln!(text, "{}\n", table.text);
    }
    let is_beside = table.kind.ends_with('-');
    let headings = table.columns.iter().map(|(heading, _)| *heading).collect::<Vec<_>>();
    let beside = if is_beside { " in all | |" } else { " |" };
    let _ = writeln!(text, "| {} |{beside} {} |", table.size, headings.join(" | "));
    let lines = "| --- ".repeat(headings.len() + 2 + usize::from(is_beside));
    let _ = writeln!(text, "{lines}|");
    for (size, of, kind) in rows {
        let figures = table.columns.iter().map(|(_, name)| {
            let figure = measured.median(table.section, &kind, size, &of, name);
            figure.map_or("-".to_owned(), short)
        });
        let figures = figures.collect::<Vec<_>>().join(" | ");
        let beside = kind.strip_prefix("beside-").map(|all| format!(" {all} |"));
        let _ = writeln!(text, "| {size} |{} {of} | {figures} |", beside.unwrap_or_default());
    }
    text + "\n"
}

/// How many times as much as the yardsticks of the same run.
fn ratios(measured: &Measured) -> String {
    let mut lines = String::new();
    let mut line = |what: &str, of: &str, ours: Option<f64>, yardstick: Option<f64>| {
        if let (Some(ours), Some(yardstick)) = (ours, yardstick.filter(|figure| *figure > 0.0)) {
            let (ratio, ours, yardstick) = (short(ours / yardstick), short(ours), short(yardstick));
            let _ = writeln!(lines, "| {what} | {of} | {ours} | {yardstick} | {ratio} |");
        }
    };
    let figure = |section: &str, kind: &str, size, of: &str, name: &str| {
        measured.median(section, kind, size, of, name)
    };
    for (size, of, _) in rows(measured, "streams", "json") {
        for (what, name) in
            [("CPU per token, us", "server_cpu_per_token_us"), ("lag p50, ms", "lag_p50_ms")]
        {
            let ours = figure("streams", "json", size, &of, name);
            let relay = figure("streams", "relay", size, YARDSTICK, name);
            line(&format!("{size} streams: {what}, to a relay"), &of, ours, relay);
        }
    }
    for (size, of, _) in rows(measured, "streams", "json") {
        let ours = figure("streams", "json", size, &of, "server_cpu_per_token_us");
        let alone = figure("disk", "unsynced", 10, YARDSTICK, "cpu_per_token_us");
        line(
            &format!("{size} streams: CPU per token, us, to SQLite alone in groups of 10"),
            &of,
            ours,
            alone,
        );
    }
    for (_, of, _) in rows(measured, "first-token", "json") {
        let ours = figure("first-token", "json", 1, &of, "added_p50_ms");
        let commit = figure("first-token", "json", 1, &of, "synced_commit_p50_ms");
        line("added to the first token, ms, to a synced commit", &of, ours, commit);
    }
    let files = rows(measured, "pages", "file");
    let file = files
        .first()
        .and_then(|(size, ..)| figure("pages", "file", *size, YARDSTICK, "page_p50_ms"));
    for (size, of, kind) in rows(measured, "pages", "beside-") {
        let ours = figure("pages", &kind, size, &of, "page_p50_ms");
        line(&format!("page of {size} messages ({kind}), ms, to a file"), &of, ours, file);
    }
    if lines.is_empty() {
        return lines;
    }
    format!(
        "## Against the yardsticks\n\n| | | measured | yardstick | ratio |\n| --- | --- | --- | --- | --- |\n{lines}\n"
    )
}
