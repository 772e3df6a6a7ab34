//! Measures what the commit of a streamed piece costs:
//! `cargo run --release -p store-sqlite --example append_figures [PIECES]`.
//!
//! For each number of conversations, all of them stream at once, each with one commit in flight, as
//! the runtime's actors do. The processor time is that of the whole process, with this driver.

use std::time::{Duration, Instant};

use futures::future::join_all;
use store::Store;
use store::contract::sample::Sample;
use store_sqlite::Sqlite;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let pieces = std::env::args().nth(1).map_or(20_000, |n| n.parse().expect("a number"));
    println!(
        "{:>13} {:>10} {:>10} {:>10} {:>10}",
        "conversations", "us/piece", "cpu us", "writer us", "ms/turn end"
    );
    for conversations in [1_u8, 10, 25, 100, 250] {
        run(conversations, pieces).await;
    }
}

async fn run(conversations: u8, pieces: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Sqlite::open(folder.path()).expect("a new database");
    let mut samples = Vec::new();
    for number in 0..conversations {
        let mut sample = Sample::created(number, &store).await;
        store.append(sample.question("Why?", None)).await.expect("it follows");
        store.append(sample.generating()).await.expect("it follows");
        samples.push(sample);
    }
    let each = pieces / usize::from(conversations);
    let (begin, cpu, writer) = (Instant::now(), cpu_of(""), cpu_of("store-writer"));
    let streams = samples.into_iter().map(|mut sample| {
        let store = &store;
        async move {
            for _ in 0..each {
                store.append(sample.delta("twenty-two bytes of it")).await.expect("it follows");
            }
            sample
        }
    });
    let samples = join_all(streams).await;
    let per_piece =
        |time: Duration| time.as_secs_f64() * 1e6 / (each * usize::from(conversations)) as f64;
    let (wall, cpu, writer) = (begin.elapsed(), cpu_of("") - cpu, cpu_of("store-writer") - writer);
    let begin = Instant::now();
    for mut sample in samples {
        store.append(sample.ended()).await.expect("it follows");
    }
    println!(
        "{conversations:>13} {:>10.1} {:>10.1} {:>10.1} {:>10.2}",
        per_piece(wall),
        per_piece(cpu),
        per_piece(writer),
        begin.elapsed().as_secs_f64() * 1e3 / f64::from(conversations),
    );
}

/// The processor time of this process's threads with this name, or of all if it is empty.
fn cpu_of(name: &str) -> Duration {
    let threads = std::fs::read_dir("/proc/self/task").expect("Linux has it");
    let nanos = threads.flatten().filter_map(|thread| {
        let comm = std::fs::read_to_string(thread.path().join("comm")).ok()?;
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let nanos: u64 = stat.split(' ').next()?.parse().ok()?;
        (name.is_empty() || comm.trim() == name).then_some(nanos)
    });
    Duration::from_nanos(nanos.sum())
}
