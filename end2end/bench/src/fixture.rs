//! Databases with many messages, made once by the companion's own import and kept in the folder for
//! temporary files.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use protocol::WorkerId;
use protocol::api::WorkerPage;
use serde_json::{Value, json};

use crate::api::Client;
use crate::server::{Binary, Place};

/// The beginning of the names of the databases' folders.
const PREFIX: &str = "companion-bench-";

/// How long a database is kept after its last use.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Messages of an ordinary conversation.
const ORDINARY: u64 = 40;

/// The conversations of a certain length, in messages; those that fit into half of the database.
const LENGTHS: [u64; 5] = [100, 1000, 10_000, 100_000, 500_000];

const WORDS: [&str; 32] = [
    "answer",
    "memory",
    "database",
    "query",
    "index",
    "network",
    "thread",
    "process",
    "function",
    "compiler",
    "library",
    "package",
    "version",
    "deploy",
    "container",
    "kernel",
    "driver",
    "buffer",
    "mountain",
    "river",
    "forest",
    "weather",
    "kitchen",
    "recipe",
    "garlic",
    "noodle",
    "violin",
    "orchestra",
    "transaction",
    "question",
    "東京の天気",
    "日本語の翻訳",
];

/// A database of about `messages` messages.
pub struct Fixture {
    pub folder: PathBuf,
    /// The lengths of its conversations that have titles, see [`title`].
    pub lengths: Vec<u64>,
}

/// The title of the conversation of a certain length.
fn title(length: u64) -> String {
    format!("Exactly {length} messages")
}

/// Words by a fixed rule, so that every run has the same.
pub struct Words(u64);

impl Words {
    pub fn new() -> Self {
        Self(1)
    }

    pub fn word(&mut self) -> &'static str {
        // Knuth's MMIX generator; its high bits are random enough for words.
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[(self.0 >> 59) as usize]
    }

    pub fn sentence(&mut self, words: usize) -> String {
        let words: Vec<_> = (0..words).map(|_| self.word()).collect();
        words.join(" ")
    }
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// Takes the kept database of a binary, or makes it.
    pub async fn of(binary: &Binary, messages: u64) -> Result<Self> {
        let lengths = LENGTHS.into_iter().filter(|length| *length <= messages / 2).collect();
        let metadata = fs::metadata(&binary.path)?;
        let changed = metadata.modified()?.duration_since(UNIX_EPOCH)?.as_secs();
        // A binary may have another schema than the one before it, so each has its own database.
        let name = format!("{PREFIX}{messages}-{}-{changed}", metadata.len());
        let folder = std::env::temp_dir().join(name);
        let fixture = Self { folder, lengths };
        if !fixture.folder.exists() {
            remove_old()?;
            println!("importing {messages} messages, once for this binary");
            fixture.make(binary, messages).await.context("making a database")?;
        }
        Ok(fixture)
    }

    async fn make(&self, binary: &Binary, messages: u64) -> Result<()> {
        let place = Place::new(binary, "http://127.0.0.1:9/v1", 1)?;
        let file = place.data().with_file_name("conversations.jsonl");
        write(&file, messages, &self.lengths)?;
        let mut import = place.command("import");
        let output =
            import.arg(&file).stdout(Stdio::null()).stderr(Stdio::piped()).output().await?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // Only a complete database gets the name; both folders are on one file system.
        Ok(fs::rename(place.data(), &self.folder)?)
    }

    /// The conversation of `length` messages.
    pub async fn conversation(client: &Client, length: u64) -> Result<WorkerId> {
        let path = "/api/v1/runtimes/backend-internal/workers?limit=200";
        let page: WorkerPage = serde_json::from_slice(&client.get(path).await?)?;
        let title = title(length);
        let found = page.workers.iter().find(|worker| worker.title.as_ref() == Some(&title));
        Ok(found.with_context(|| format!("no conversation \"{title}\""))?.worker_id)
    }
}

/// Removes the databases of binaries that were measured more than a day ago.
fn remove_old() -> Result<()> {
    for entry in fs::read_dir(std::env::temp_dir())? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Each use of a database changes its folder.
        if is_ours && entry.metadata()?.modified()?.elapsed().unwrap_or_default() > KEPT {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Writes conversations as JSON Lines: those of certain lengths, and ordinary ones before them.
fn write(file: &Path, messages: u64, lengths: &[u64]) -> Result<()> {
    let mut out = BufWriter::new(fs::File::create(file)?);
    let mut words = Words::new();
    let ordinary = (messages - lengths.iter().sum::<u64>().min(messages)) / ORDINARY;
    let named = lengths.iter().map(|length| (title(*length), *length));
    let unnamed = (0..ordinary).map(|n| (format!("Conversation {n}"), ORDINARY));
    // The list shows the newest conversations first, and pages of it are short.
    for (at, (title, length)) in (1_700_000_000_u64..).step_by(60).zip(unnamed.chain(named)) {
        let messages = (0..length).map(|n| message(n, at, &mut words));
        let messages: Vec<_> = messages.collect();
        let conversation = json!({ "title": title, "created_at": at, "messages": messages });
        writeln!(out, "{conversation}")?;
    }
    Ok(out.flush()?)
}

fn message(n: u64, at: u64, words: &mut Words) -> Value {
    let (role, length) = if n.is_multiple_of(2) { ("user", 12) } else { ("assistant", 60) };
    json!({ "role": role, "content": words.sentence(length), "created_at": at })
}
