//! How long a commit of another conversation waits while a large file is imported:
//! `cargo run --release -p runtime --example import_figures [MEGABYTES] [FOLDER]`.
//!
//! One conversation commits an event every 20 ms, as an answer that comes does. The file is one of
//! ChatGPT's, of a fixed seed, a third of its words Japanese.

use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use protocol::{
    AccountId, Event, EventBody, LogId, RuntimeId, Timestamp, Visibility, Worker, WorkerId,
    WorkerStatus,
};
use serde_json::json;
use store::{Append, ConflictPolicy, Durability, Store as _};
use store_sqlite::Sqlite;
use transfer::{Options, Source, Unsound, import};

/// The time between two commits of the other conversation.
const FRAME: Duration = Duration::from_millis(20);

/// Messages of one conversation, and words of one message.
const MESSAGES: u64 = 40;
const WORDS: u64 = 250;

const VOCABULARY: &str = "the of and to in is that it was for on are as with they at be this have \
    question answer memory database query index transaction network thread process function \
    compiler library package version release deploy container kernel driver buffer packet socket \
    mountain river forest weather kitchen recipe garlic pepper noodle mushroom orchestra violin \
    これ それ 私 時間 今日 東京 京都 電車 学校 会社 料理 野菜 天気 新聞 日本語 翻訳 質問 答え 検索 索引 設定 更新 \
    プログラム データベース 言語 処理 結果 方法 簡単";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let megabytes: u64 = arguments.next().map_or(250, |n| n.parse().expect("the size is a number"));
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("import_figures"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);
    let store = Arc::new(Sqlite::open(&folder).expect("the folder can be created"));
    let (file, bytes, conversations) = file(&folder, megabytes * 1_000_000);
    println!("{conversations} conversations in {bytes} bytes");

    let stop = Arc::new(AtomicBool::new(false));
    let alone = tokio::spawn(frames(1, store.clone(), stop.clone()));
    tokio::time::sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    told("alone", alone.await.expect("the task ends without a panic"));

    let stop = Arc::new(AtomicBool::new(false));
    let beside = tokio::spawn(frames(2, store.clone(), stop.clone()));
    let begin = Instant::now();
    let profile = "companion".parse().expect("the constant is a valid name");
    let options = Options {
        owner: AccountId::FIRST,
        profile,
        differing: ConflictPolicy::Keep,
        unsound: Unsound::Name,
    };
    let source = Source { name: None, file };
    let now = Timestamp::from_unix_ms(1_763_800_000_000);
    let report =
        import(store.as_ref(), vec![source], options, now).await.expect("the import succeeds");
    let seconds = begin.elapsed().as_secs_f64();
    stop.store(true, Ordering::Relaxed);
    println!("{} conversations came in, in {seconds:.1} s", report.added.len());
    told("beside the import", beside.await.expect("the task ends without a panic"));
    store.close().await;
}

fn told(when: &str, mut waits: Vec<Duration>) {
    waits.sort_unstable();
    let at = |part: usize| waits[(waits.len() - 1) * part / 1000].as_secs_f64() * 1000.0;
    println!(
        "{when}: {} commits, median {:.1} ms, 99% {:.1} ms, 99.9% {:.1} ms, most {:.1} ms",
        waits.len(),
        at(500),
        at(990),
        at(999),
        at(1000)
    );
}

/// Commits an event every [`FRAME`] until it is told to stop; gives how long each commit took.
async fn frames(number: u64, store: Arc<Sqlite>, stop: Arc<AtomicBool>) -> Vec<Duration> {
    let mut worker = unborn(WorkerId::from_parts(number, [9; 10]));
    let (mut seq, mut waits) = (1, Vec::new());
    let mut append = |body: EventBody| {
        let at = Timestamp::from_unix_ms(1_763_800_000_000);
        let event = Event { seq, first_seq: None, at, body };
        seq += 1;
        worker.apply(&event);
        let (worker, durability) = (worker.clone(), Durability::Process);
        Append {
            worker_id: worker.worker_id,
            summary: Some(worker),
            events: vec![event],
            durability,
            prompt: None,
        }
    };
    let profile = "companion".parse().expect("the constant is a valid name");
    let created = append(EventBody::WorkerCreated { title: None, profile });
    store.create(AccountId::FIRST, LogId(7), created).await.expect("the worker is new");
    let mut tick = tokio::time::interval(FRAME);
    while !stop.load(Ordering::Relaxed) {
        tick.tick().await;
        let begin = Instant::now();
        store
            .append(append(EventBody::WorkerRenamed { title: None }))
            .await
            .expect("the append continues the log");
        waits.push(begin.elapsed());
    }
    waits
}

fn unborn(worker_id: WorkerId) -> Worker {
    let runtime_id: RuntimeId = "backend-internal".parse().expect("the constant is a valid name");
    let at = Timestamp::from_unix_ms(1_763_800_000_000);
    Worker {
        worker_id,
        display_name: "companion".to_owned(),
        display_ref: format!("companion@{runtime_id}"),
        runtime_id,
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        profile: "companion".parse().expect("the constant is a valid name"),
        place: Visibility::Listed,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        instructions: None,
        omitted: Vec::new(),
        created_at: at,
        updated_at: at,
    }
}

/// A file of conversations of at least so many bytes.
fn file(folder: &std::path::Path, most: u64) -> (std::fs::File, u64, u64) {
    let path = folder.join("conversations.json");
    let mut out = BufWriter::new(std::fs::File::create(&path).expect("the file can be created"));
    let words: Vec<&str> = VOCABULARY.split_whitespace().collect();
    let (mut bytes, mut number, mut seed) = (0, 0, 7_u64);
    let mut text = || {
        let mut text = String::new();
        for _ in 0..WORDS {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            text.push_str(words[(seed >> 33) as usize % words.len()]);
            text.push(' ');
        }
        text
    };
    while bytes < most {
        let mut mapping = serde_json::Map::new();
        for message in 0..MESSAGES {
            let role = if message % 2 == 0 { "user" } else { "assistant" };
            let parent = message.checked_sub(1).map(|parent| parent.to_string());
            let time = 1_700_000_000 + number * 1000 + message;
            let said = json!({ "author": { "role": role }, "create_time": time,
                "content": { "content_type": "text", "parts": [text()] } });
            mapping.insert(message.to_string(), json!({ "parent": parent, "message": said }));
        }
        let conversation =
            json!({ "id": number.to_string(), "title": "A talk", "mapping": mapping });
        let line = format!("{}{conversation}", if number == 0 { "[" } else { "," });
        out.write_all(line.as_bytes()).expect("the file can be written");
        bytes += line.len() as u64;
        number += 1;
    }
    out.write_all(b"]").expect("the file can be written");
    out.flush().expect("the file can be written");
    (std::fs::File::open(&path).expect("the file was just written"), bytes + 1, number)
}
