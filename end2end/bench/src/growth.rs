//! How many bytes of the disk a message takes, and which tables and indexes take them.

use std::fmt::Write as _;

use anyhow::Result;
use rusqlite::{Connection, OpenFlags};

use crate::fixture::Fixture;
use crate::measured::{Figures, Measured, short};
use crate::server::Binary;

/// Parts of the database, with the beginnings of the names of their tables and indexes. SQLite names
/// the index of a primary key or a unique column `sqlite_autoindex_TABLE_N`.
const PARTS: [(&str, &[&str]); 7] = [
    ("events", &["events", "sqlite_autoindex_events"]),
    ("messages", &["messages", "sqlite_autoindex_messages"]),
    ("turns", &["turns", "sqlite_autoindex_turns"]),
    ("texts", &["texts"]),
    ("search_index", &["grams"]),
    ("workers", &["workers", "sqlite_autoindex_workers"]),
    ("prompts", &["prompt"]),
];

/// Reads the kept database of `messages` messages.
pub async fn run(binary: &Binary, messages: u64) -> Result<Figures> {
    let fixture = Fixture::of(binary, messages).await?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let db = Connection::open_with_flags(fixture.folder.join("companion.db"), flags)?;
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, f64>(0));
    let stored = count("SELECT count(*) FROM messages")?;
    let per_message = |bytes: f64| bytes / stored;
    let pages = count("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?;
    // Texts are only in the events, which hold them as JSON.
    let texts = count(
        "SELECT total(octet_length(coalesce(body ->> '$.message.text', body ->> '$[7]')))
         FROM events WHERE kind IN ('message_committed', 'text_delta')",
    )?;
    let mut figures = Figures::from([
        ("messages".to_owned(), stored),
        ("bytes_per_message".to_owned(), per_message(pages)),
        ("text_per_message_bytes".to_owned(), per_message(texts)),
    ]);
    let mut all = 0.0;
    let mut statement =
        db.prepare("SELECT name, pgsize, unused FROM dbstat WHERE aggregate = TRUE")?;
    let rows = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, f64>(1)?, row.get::<_, f64>(2)?))
    })?;
    let (mut parts, mut unused) = ([0.0; PARTS.len()], 0.0);
    for row in rows {
        let (name, bytes, free) = row?;
        unused += free;
        let part =
            PARTS.iter().position(|(_, names)| names.iter().any(|own| name.starts_with(own)));
        if let Some(part) = part {
            parts[part] += bytes;
            all += bytes;
        }
    }
    for ((name, _), bytes) in PARTS.iter().zip(parts) {
        figures.insert(format!("{name}_per_message_bytes"), per_message(bytes));
    }
    figures.insert("other_per_message_bytes".to_owned(), per_message(pages - all));
    figures.insert("unused_in_pages_per_message_bytes".to_owned(), per_message(unused));
    Ok(figures)
}

/// What the rows of the page's table hold.
const MEANINGS: [(&str, &str, &str); 11] = [
    ("all", "bytes_per_message", "the file divided by its messages"),
    ("the texts themselves", "text_per_message_bytes", "as UTF-8, a part of the events"),
    ("events", "events_per_message_bytes", "the log: texts, ids, times, and the turns of answers"),
    ("search index", "search_index_per_message_bytes", "the grams of each text"),
    ("messages", "messages_per_message_bytes", "where each message is in its log, and its parent"),
    ("turns", "turns_per_message_bytes", "where each turn is in its log"),
    ("texts", "texts_per_message_bytes", "the numbers by which the search index names texts"),
    (
        "workers",
        "workers_per_message_bytes",
        "the summary of each conversation, and the order of the list",
    ),
    ("prompts", "prompts_per_message_bytes", "system prompts and requests, each stored once"),
    ("other", "other_per_message_bytes", "the schema and free pages"),
    ("unused", "unused_in_pages_per_message_bytes", "room within the pages of all of them"),
];

/// The page's table of what a message takes.
pub fn table(measured: &Measured) -> String {
    let sizes = measured.sizes("growth", "growth");
    let mut text = String::new();
    for (size, of) in sizes {
        let figure = |name: &str| measured.median("growth", "growth", size, &of, name);
        let Some(all) = figure("bytes_per_message") else { continue };
        let _ = writeln!(text, "| {of}, {size} messages | bytes per message | share | |");
        let _ = writeln!(text, "| --- | --- | --- | --- |");
        for (part, name, meaning) in MEANINGS {
            let Some(bytes) = figure(name) else { continue };
            let share = 100.0 * bytes / all;
            let _ = writeln!(text, "| {part} | {} | {share:.0} % | {meaning} |", short(bytes));
        }
        text.push('\n');
    }
    if text.is_empty() {
        return text;
    }
    format!("## Growth\n\nThe bytes of the database, by what they hold.\n\n{text}")
}
