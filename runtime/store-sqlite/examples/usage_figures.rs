//! Measures how long it takes to sum up what was used:
//! `cargo run --release -p store-sqlite --example usage_figures [TURNS] [FOLDER]`.
//!
//! A conversation has 50 turns and begins every three hours, so 100,000 turns take 250 days.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use protocol::{AccountId, EventBody, Timestamp, Timings, TurnState, Usage, UtcOffset, WorkerId};
use store::contract::sample::{Sample, moment};
use store::{Append, Store, UsageQuery};
use store_sqlite::Sqlite;

/// The number of turns in one conversation.
const TURNS: u64 = 50;

/// The time between the beginnings of two conversations.
const PAUSE_MS: i64 = 3 * 3_600_000;

/// The bytes of a question and of an answer.
const QUESTION: usize = 200;
const ANSWER: usize = 1_500;

/// How often each sum is repeated.
const TIMES: usize = 10;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let turns: u64 =
        arguments.next().map_or(100_000, |n| n.parse().expect("the count is a number"));
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("usage_figures"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    let store = Sqlite::open(&folder).expect("the folder can be created");
    let workers = turns / TURNS;
    for number in 0..workers {
        conversation(&store, number).await;
    }
    store.close().await;
    drop(store);
    let bytes = std::fs::metadata(folder.join("companion.db")).expect("the database exists").len();
    println!("{} turns in {workers} conversations, {bytes} bytes", workers * TURNS);

    let end = at(moment(0), workers);
    let before = |days: i64| Timestamp::from_unix_ms(end.unix_ms() - days * 86_400_000);
    println!("{:<10} {:>8} {:>9} {:>9} {:>9}", "days", "turns", "first ms", "median ms", "most ms");
    for (name, from) in [("7", before(7)), ("30", before(30)), ("all", Timestamp::from_unix_ms(0))]
    {
        // The reopened store has nothing in SQLite's cache, although the operating system still
        // caches the file.
        let store = Sqlite::open(&folder).expect("the database can be opened");
        let (mut times, mut found) = (Vec::new(), 0);
        for _ in 0..=TIMES {
            let begin = Instant::now();
            let query = UsageQuery {
                owner: Some(AccountId::FIRST),
                from,
                to: at(end, 1_000),
                utc_offset: UtcOffset::default(),
                within: Duration::from_secs(60),
            };
            let usage = store.usage(query).await.expect("the sums can be read");
            found = usage.sums.values().map(|sums| sums.turns).sum();
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        let (median, most) = (times[TIMES / 2], times[TIMES - 1]);
        println!("{name:<10} {found:>8} {first:>9.1} {median:>9.1} {most:>9.1}");
    }
}

/// Stores a conversation, in two commits.
async fn conversation(store: &Sqlite, number: u64) {
    let mut sample = Sample::new(1);
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    sample.worker.worker_id = WorkerId::from_parts(1, [a, b, c, d, e, f, g, h, 0, 1]);
    let first = later(sample.first(), number);
    store.create(AccountId::FIRST, sample.log, first).await.expect("the worker is new");
    let mut all: Option<Append> = None;
    for _ in 0..TURNS {
        let question = sample.question(&"q".repeat(QUESTION), sample.head);
        let (generating, delta) = (sample.generating(), sample.delta(&"a".repeat(ANSWER)));
        for more in [question, generating, delta, ended(&mut sample)] {
            match &mut all {
                Some(all) => {
                    all.events.extend(more.events);
                    all.summary = more.summary.or(all.summary.take());
                }
                None => all = Some(more),
            }
        }
    }
    let all = later(all.expect("there are turns"), number);
    store.append(all).await.expect("the append continues the log");
}

fn ended(sample: &mut Sample) -> Append {
    let usage = Usage { prompt_tokens: 900, completion_tokens: 300, ..Usage::default() };
    sample.append(vec![EventBody::TurnEnded {
        turn_id: sample.turn.expect("a turn is running"),
        state: TurnState::Completed,
        error: None,
        finish: None,
        usage: Some(usage),
        timings: Timings { started_ms: Some(1), ..Timings::default() },
    }])
}

/// The same at the time of this conversation.
fn later(mut append: Append, number: u64) -> Append {
    for event in &mut append.events {
        event.at = at(event.at, number);
    }
    if let Some(summary) = &mut append.summary {
        summary.created_at = at(summary.created_at, number);
        summary.updated_at = at(summary.updated_at, number);
    }
    append
}

fn at(time: Timestamp, number: u64) -> Timestamp {
    let number = i64::try_from(number).expect("the number is small");
    Timestamp::from_unix_ms(time.unix_ms() + number * PAUSE_MS)
}
