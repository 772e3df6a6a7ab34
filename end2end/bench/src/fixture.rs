//! Databases with many messages, made once for each schema by the companion's own import, and kept
//! in the folder for temporary files.

use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

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
/// An import refuses a conversation whose export would be longer than 256 MiB, which is some 400,000
/// messages.
const LENGTHS: [u64; 5] = [100, 1000, 10_000, 100_000, 250_000];

/// Changes with the contents of the databases.
const VERSION: u32 = 2;

/// The offset of the schema's version in a database's header, big-endian. Source:
/// https://sqlite.org/fileformat2.html#the_database_header
const SCHEMA_AT: usize = 60;

/// The seconds between two messages of a conversation.
const PAUSE: u64 = 20;

/// Of a hundred words of a sentence so many are common, and so many Japanese. The others are of a
/// large vocabulary, in which a word is the rarer the higher its number is.
const COMMON: u64 = 70;
const JAPANESE: u64 = 3;

/// The number of rare words, as a power of two.
const RARE_BITS: f64 = 18.0;

const PHRASES: [&str; 5] = [
    "東京の天気",
    "日本語の翻訳",
    "データベースの索引",
    "明日の予定を確認する",
    "美味しいラーメンの作り方",
];

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

    /// A whole number below `below`.
    pub fn number(&mut self, below: u64) -> u64 {
        self.word();
        (self.0 >> 33) % below
    }

    pub fn sentence(&mut self, words: usize) -> String {
        let words: Vec<_> = (0..words).map(|_| self.any()).collect();
        words.join(" ")
    }

    fn any(&mut self) -> String {
        match self.number(100) {
            common if common < COMMON => self.word().to_owned(),
            other if other < COMMON + JAPANESE => {
                PHRASES[self.number(PHRASES.len() as u64) as usize].to_owned()
            }
            _ => {
                let share = self.number(1 << 20) as f64 / f64::from(1 << 20);
                rare(2.0_f64.powf(RARE_BITS * share) as u64)
            }
        }
    }
}

/// The rare word with this number, which has three syllables.
pub fn rare(number: u64) -> String {
    const CONSONANTS: &[u8] = b"bdfghklmnprstv";
    const VOWELS: &[u8] = b"aeiou";
    let syllable = |number: u64| {
        let number = (number % 70) as usize;
        [CONSONANTS[number / 5], VOWELS[number % 5]].map(char::from)
    };
    [number, number / 70, number / 4900].into_iter().flat_map(syllable).collect()
}

impl Default for Words {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// Takes the kept database of a binary's schema, or makes it.
    pub async fn of(binary: &Binary, messages: u64) -> Result<Self> {
        let lengths = LENGTHS.into_iter().filter(|length| *length <= messages / 2).collect();
        let schema = schema_of(binary).await.context("finding the schema of a binary")?;
        let name = format!("{PREFIX}{messages}-version-{VERSION}-schema-{schema}");
        let folder = std::env::temp_dir().join(name);
        let fixture = Self { folder, lengths };
        if !fixture.folder.exists() {
            remove_old()?;
            println!("importing {messages} messages, once for this schema");
            fixture.make(binary, messages).await.context("making a database")?;
        }
        // The time of the folder is that of the last use.
        fs::write(fixture.folder.join("used"), "")?;
        fs::remove_file(fixture.folder.join("used"))?;
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

    /// Copies the database into `folder`, so that what is measured does not change the kept one.
    pub fn copy_to(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
        Ok(())
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

/// The schema of the databases that a binary makes.
async fn schema_of(binary: &Binary) -> Result<u32> {
    let place = Place::new(binary, "http://127.0.0.1:9/v1", 1)?;
    place.start().await?.stop().await?;
    let file = fs::read(place.data().join("companion.db"))?;
    let schema = file.get(SCHEMA_AT..SCHEMA_AT + 4).context("a short database")?;
    Ok(u32::from_be_bytes(schema.try_into()?))
}

/// Removes the databases that were measured more than a day ago.
fn remove_old() -> Result<()> {
    for entry in fs::read_dir(std::env::temp_dir())? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
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
        // Not as a value, which would take a gigabyte for the longest.
        write!(out, "{{\"title\":{},\"created_at\":{at},\"messages\":[", json!(title))?;
        for n in 0..length {
            let comma = if n == 0 { "" } else { "," };
            write!(out, "{comma}{}", message(n, at + n * PAUSE, &mut words))?;
        }
        writeln!(out, "]}}")?;
    }
    Ok(out.flush()?)
}

fn message(n: u64, at: u64, words: &mut Words) -> Value {
    let (role, length) = if n.is_multiple_of(2) { ("user", 12) } else { ("assistant", 60) };
    json!({ "role": role, "content": words.sentence(length), "created_at": at })
}
