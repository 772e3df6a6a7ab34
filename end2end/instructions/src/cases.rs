//! What is counted: the work that is done for each token of an answer, from the commit to the frame.

use std::hint::black_box;

use anyhow::{Result, bail, ensure};
use protocol::{Cursor, Envelope, Event, Frame, LogId, View, fold_deltas};
use render::{Budget, Live};

use crate::log::Log;

mod commit;

/// All cases.
pub(crate) const NAMES: [&str; 5] =
    ["fold", "fold_deltas", "frame", "markdown_frame", "commit_group"];

/// Pieces of text as they come: words, a list, some code and a formula.
const PIECES: [&str; 12] = [
    "Here",
    " is a ",
    "**list**:\n\n",
    "- one",
    " `code`\n",
    "- two\n\n",
    "```rust\nfn main",
    "() {}\n",
    "```\n\n",
    "and $x^",
    "2$ for",
    " you. ",
];

/// The pieces of an answer.
const TOKENS: usize = 240;

fn pieces() -> impl Iterator<Item = &'static str> {
    PIECES.into_iter().cycle().take(TOKENS)
}

/// The deltas of an answer.
fn deltas(log: &mut Log) -> Vec<Event> {
    pieces().map(|piece| log.delta(piece)).collect()
}

/// Runs a case a number of times, after one run that does the initialisation.
pub(crate) fn run(name: &str, times: u64) -> Result<()> {
    match name {
        "fold" => fold(times),
        "fold_deltas" => folded_deltas(times),
        "frame" => frames(times),
        "markdown_frame" => markdown(times),
        "commit_group" => commit::groups(times),
        _ => bail!("there is no case {name}"),
    }
}

/// Folds the events of an answer into a view, as a console does.
fn fold(times: u64) -> Result<()> {
    let mut log = Log::begin()?;
    let events = [log.beginning.clone(), deltas(&mut log)].concat();
    for _ in 0..=times {
        let mut view = View::new(log.worker.clone(), 0);
        for event in &events {
            black_box(view.apply(black_box(event)));
        }
        ensure!(view.seq == events.len() as u64, "the fold stopped at {}", view.seq);
    }
    Ok(())
}

/// Folds the deltas of an answer into one, as the end of a turn does.
fn folded_deltas(times: u64) -> Result<()> {
    let deltas = deltas(&mut Log::begin()?);
    for _ in 0..=times {
        let folded = fold_deltas(black_box(deltas.clone()));
        ensure!(folded.len() == 1, "{} events are left", folded.len());
    }
    Ok(())
}

/// Encodes the deltas of an answer as frames.
fn frames(times: u64) -> Result<()> {
    let mut log = Log::begin()?;
    let frames = deltas(&mut log).into_iter().map(|event| {
        let cursor = Cursor::new(LogId(7), event.seq);
        let (runtime_id, worker_id) = (log.worker.runtime_id.clone(), log.worker.worker_id);
        Frame::Event(Box::new(Envelope { cursor, runtime_id, worker_id, event, html: None }))
    });
    let frames: Vec<Frame> = frames.collect();
    for _ in 0..=times {
        for frame in &frames {
            let json = serde_json::to_string(black_box(frame))?;
            ensure!(black_box(json).len() > 100, "a frame is short");
        }
    }
    Ok(())
}

/// Renders an answer piece by piece, and encodes each change.
fn markdown(times: u64) -> Result<()> {
    let message = Log::begin()?.turn.answer;
    for _ in 0..=times {
        let mut live = Live::new(message, String::new(), Vec::new());
        for piece in pieces() {
            let patch = live.push(black_box(piece), &Budget::default());
            black_box(serde_json::to_string(&patch)?);
        }
        live.finish(&Budget::default());
        ensure!(live.is_current(), "the rendering ran out of its budget");
    }
    Ok(())
}
