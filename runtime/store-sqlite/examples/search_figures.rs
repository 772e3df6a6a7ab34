//! Measures how fast a search is, what indexing adds to a send, and how much it adds to the file:
//! `cargo run --release -p store-sqlite --example search_figures [MESSAGES] [FOLDER]`.
//!
//! The texts are made from a fixed seed, half of them Japanese. Common words are as frequent as in
//! real texts, so that a query may match nearly all messages or only one.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use protocol::api::Sampling;
use protocol::{
    AccountId, Event, EventBody, LogId, Message, MessageId, ProviderName, Role, Timestamp, Timings,
    Turn, TurnId, TurnState, Visibility, Worker, WorkerId, WorkerStatus,
};
use search::Query;
use store::{
    Append, ConflictPolicy, ConversationExport, Durability, ImportSink, ImportSource, Search, Store,
};
use store_sqlite::Sqlite;

/// The number of turns in one conversation.
const TURNS: u64 = 50;

/// How often each query is repeated.
const TIMES: usize = 20;

const ENGLISH: &str = "the of and to in is that it was for on are as with they at be this have \
    from or one had by word but not what all were we when your can said there use an each which \
    she do how their if will up other about out many then them these so some her would make like \
    him into time has look two more write go see number no way could people my than first water \
    been call who oil its now find long down day did get come made may part server model answer \
    question memory database query index transaction network thread process function variable \
    compiler library package version release deploy container kernel driver buffer packet socket \
    protocol message conversation language grammar sentence paragraph chapter translation harbour \
    mountain river forest weather kitchen recipe garlic pepper noodle mushroom orchestra violin";

const JAPANESE: &str = "これ それ あれ 私 あなた 人 時間 今日 明日 昨日 東京 京都 大阪 電車 学校 先生 学生 会社 仕事 \
    料理 野菜 魚 肉 水 天気 雨 雪 山 川 海 犬 猫 鳥 本 新聞 言葉 日本語 英語 翻訳 文章 質問 答え 説明 \
    データベース 検索 索引 サーバー モデル 会話 設定 更新 削除 保存 読み込み 書き込み 関数 変数 型 配列 文字列 \
    プログラム 言語 処理 結果 問題 解決 方法 例 確認 必要 可能 重要 簡単 難しい 新しい 古い 大きい 小さい です \
    ます でした ました ください について に対して という ので から まで では には とは を が は の に で と も";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 =
        arguments.next().map_or(100_000, |n| n.parse().expect("the count is a number"));
    let folder =
        arguments.next().map_or_else(|| std::env::temp_dir().join("search_figures"), PathBuf::from);
    let _ = std::fs::remove_dir_all(&folder);

    let store = Sqlite::open(&folder).expect("the folder can be created");
    let begin = Instant::now();
    let workers = messages / 2 / TURNS;
    let mut texts = Texts::new(7);
    let mut bytes = 0;
    for first in (0..workers).step_by(50) {
        let numbers = first..(first + 50).min(workers);
        let logs: Vec<_> = numbers.map(|number| conversation(number, &mut texts)).collect();
        bytes += logs.iter().map(text_bytes).sum::<u64>();
        let give: ImportSource =
            Box::new(move |take: &mut ImportSink<'_>| logs.into_iter().try_for_each(take));
        store
            .import(AccountId::FIRST, give, ConflictPolicy::Refuse)
            .await
            .expect("the import succeeds");
    }
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{messages} messages in {workers} conversations, {bytes} bytes of text, in {seconds:.1} s"
    );
    sends(&store, workers, &mut texts).await;
    store.close().await;
    drop(store);
    sizes(&folder);
    let begin = Instant::now();
    let store = Sqlite::open(&folder).expect("the database can be opened");
    println!("opened, with its check, in {} ms", begin.elapsed().as_millis());
    drop(store);

    println!(
        "\n{:<28} {:>6} {:>9} {:>9} {:>9}",
        "query", "hits", "first ms", "median ms", "most ms"
    );
    let one = WorkerId::from_parts(1, bytes_of(workers / 2));
    let queries = [
        ("e", None),
        ("犬", None),
        ("鰯", None),
        ("go", None),
        ("検索", None),
        ("鰯雲", None),
        ("the", None),
        ("データベース", None),
        ("orchestra violin", None),
        ("mountain", None),
        ("これ 東京 犬", None),
        ("the answer to the question", None),
        ("zzyzx", None),
        ("鯨飲馬食する", None),
        ("tion ment ing", None),
        ("needle-in-the-hay", None),
        ("the", Some(one)),
        ("犬", Some(one)),
        ("zzyzx", Some(one)),
    ];
    for (text, worker) in queries {
        // The reopened store has nothing in SQLite's cache, although the operating system still
        // caches the file.
        let store = Sqlite::open(&folder).expect("the database can be opened");
        let mut times = Vec::new();
        let mut hits = 0;
        for _ in 0..=TIMES {
            let begin = Instant::now();
            let query = Query::parse(text).expect("the query is valid");
            let within = Duration::from_secs(10);
            let search =
                Search { owner: AccountId::FIRST, query, worker, before: None, limit: 30, within };
            let found = store.search(search).await.expect("the search succeeds");
            hits = found.hits.len();
            times.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        let first = times.remove(0);
        times.sort_by(f64::total_cmp);
        let shown = if worker.is_some() { format!("{text} (in one)") } else { text.to_owned() };
        println!(
            "{shown:<28} {hits:>6} {first:>9.2} {:>9.2} {:>9.2}",
            times[TIMES / 2],
            times[TIMES - 1]
        );
    }
}

/// Measures how long the commits of a question and of the end of its turn take.
async fn sends(store: &Sqlite, workers: u64, texts: &mut Texts) {
    let (mut questions, mut ends) = (Vec::new(), Vec::new());
    for number in 0..200 {
        let log = conversation(workers + number, texts);
        let ConversationExport { mut worker, log, events, .. } = log;
        let durability = Durability::Process;
        let mut append = |events: &[Event]| {
            events.iter().for_each(|event| worker.apply(event));
            Append {
                worker_id: worker.worker_id,
                summary: Some(worker.clone()),
                events: events.to_vec(),
                durability,
                prompt: None,
            }
        };
        store.create(AccountId::FIRST, log, append(&events[..1])).await.expect("the worker is new");
        let begin = Instant::now();
        store.append(append(&events[1..3])).await.expect("the append continues the log");
        questions.push(begin.elapsed().as_secs_f64() * 1e3);
        store.append(append(&events[3..4])).await.expect("the append continues the log");
        let begin = Instant::now();
        store.append(append(&events[4..5])).await.expect("the append continues the log");
        ends.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    for (what, mut times) in [("question", questions), ("end", ends)] {
        times.sort_by(f64::total_cmp);
        println!(
            "commit of a {what}, not synced: median {:.3} ms, 95% {:.3} ms",
            times[100], times[190]
        );
    }
}

fn sizes(folder: &Path) {
    let file = folder.join("companion.db");
    let bytes = std::fs::metadata(&file).expect("the database exists").len();
    println!("the file: {bytes} bytes");
}

fn text_bytes(log: &ConversationExport) -> u64 {
    let bytes = log.events.iter().map(|event| match &event.body {
        EventBody::MessageCommitted { message } => message.text.len(),
        EventBody::TextDelta { text, .. } => text.len(),
        _ => 0,
    });
    bytes.sum::<usize>() as u64
}

fn bytes_of(number: u64) -> [u8; 10] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [a, b, c, d, e, f, g, h, 0, 1]
}

fn conversation(number: u64, texts: &mut Texts) -> ConversationExport {
    // A conversation begins every few hours, and a turn every minute or so.
    let begin_ms =
        1_700_000_000_000 + i64::try_from(number).expect("the number is small") * 11_000_000;
    let at = |n: u64| {
        Timestamp::from_unix_ms(begin_ms + i64::try_from(n).expect("the number is small") * 61_003)
    };
    let worker_id = WorkerId::from_parts(1, bytes_of(number));
    let profile: protocol::ProfileName = "companion".parse().expect("the constant is a valid name");
    let mut worker = Worker {
        runtime_id: store::initial_worker::BACKEND_INTERNAL
            .parse()
            .expect("the constant is a valid name"),
        worker_id,
        display_name: "companion".to_owned(),
        display_ref: "companion@backend-internal".to_owned(),
        title: None,
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        omitted: Vec::new(),
        instructions: None,
        profile: profile.clone(),
        place: Visibility::Listed,
        created_at: at(0),
        updated_at: at(0),
    };
    let mut events = Vec::new();
    let mut push = |at, body| {
        events.push(Event { seq: events.len() as u64 + 1, first_seq: None, at, body });
    };
    push(at(0), EventBody::WorkerCreated { title: Some(texts.text(5)), profile });
    let mut parent = None;
    for turn in 0..TURNS {
        let id = number * TURNS + turn;
        let question = MessageId::from_parts(3, bytes_of(id));
        let answer = MessageId::from_parts(4, bytes_of(id));
        let turn_id = TurnId::from_parts(5, bytes_of(id));
        let created_at = at(turn);
        let message = Message {
            id: question,
            parent,
            role: Role::User,
            text: texts.text(25),
            created_at,
            turn_id: Some(turn_id),
            reasoning: String::new(),
            html: None,
        };
        push(created_at, EventBody::MessageCommitted { message });
        push(
            created_at,
            EventBody::TurnAccepted {
                turn: Box::new(begun(turn_id, question, answer, created_at)),
            },
        );
        let text = texts.text(120);
        push(created_at, EventBody::TextDelta { turn_id, message_id: answer, offset: 0, text });
        push(
            created_at,
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        );
        parent = Some(answer);
    }
    events.iter().for_each(|event| worker.apply(event));
    ConversationExport { worker, log: LogId(number + 1), events, prompts: Vec::new() }
}

fn begun(turn_id: TurnId, question: MessageId, answer: MessageId, started_at: Timestamp) -> Turn {
    Turn {
        loading: false,
        continues: None,
        edits: None,
        together: None,
        omitted: Vec::new(),
        turn_id,
        question,
        answer,
        state: TurnState::Accepted,
        waiting: None,
        retries: Vec::new(),
        error: None,
        finish: None,
        profile: "companion".parse().expect("the constant is a valid name"),
        provider: ProviderName::local(),
        model: "figures".to_owned(),
        prompt_digest: "sha256:0".to_owned(),
        bundle_digest: "sha256:1".to_owned(),
        sampling: Sampling::default(),
        effort: None,
        unsent: protocol::Unsent::default(),
        sight: None,
        usage: None,
        timings: Timings::default(),
        started_at,
        ended_at: None,
    }
}

/// Makes texts from a fixed seed.
struct Texts {
    state: u64,
    english: Vec<&'static str>,
    japanese: Vec<&'static str>,
}

impl Texts {
    fn new(seed: u64) -> Self {
        let words = |list: &'static str| list.split_whitespace().collect();
        Self { state: seed, english: words(ENGLISH), japanese: words(JAPANESE) }
    }

    /// xorshift64*
    fn next(&mut self) -> u64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A text of about `words` words in one of the two languages, with a made-up word now and then.
    fn text(&mut self, words: u64) -> String {
        let japanese = self.next().is_multiple_of(2);
        let count = words / 2 + self.next() % words;
        let mut text = String::new();
        for number in 0..count {
            if number > 0 && !japanese {
                text.push(' ');
            }
            if self.next().is_multiple_of(40) {
                if japanese {
                    self.ideographs(&mut text);
                } else {
                    self.letters(&mut text);
                }
                continue;
            }
            let list = if japanese { &self.japanese } else { &self.english };
            let count = list.len() as u64;
            // The first words of the list are the most common ones.
            let (a, b) = (self.next() % count, self.next() % count);
            let at = usize::try_from(a * b / count).expect("the number is small");
            text.push_str(if japanese { self.japanese[at] } else { self.english[at] });
            if self.next().is_multiple_of(12) {
                text.push_str(if japanese { "。" } else { "," });
            }
        }
        text
    }

    fn letters(&mut self, text: &mut String) {
        for _ in 0..4 + self.next() % 6 {
            text.push(char::from(b'a' + (self.next() % 26) as u8));
        }
    }

    fn ideographs(&mut self, text: &mut String) {
        for _ in 0..2 + self.next() % 2 {
            text.extend(char::from_u32(0x4e00 + (self.next() % 3000) as u32));
        }
    }
}
