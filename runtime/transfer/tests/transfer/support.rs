//! Makes conversations and their exports.

use std::io::{Cursor, Write as _};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use protocol::{AccountId, Event, EventBody, LogId, Role, View, WorkerId};
use sha2::{Digest, Sha256};
use store::{
    ConflictPolicy, ConversationExport, ImportSink, ImportSource, Imported, Prompt, Store,
};
use transfer::{ImportError, Options, Tally, Unsound, Writer, read, read_files};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::logs;

/// A conversation with these events; its turns refer to one of a few prompts, or to an unknown one.
pub(crate) fn whole(number: u8, mut events: Vec<Event>) -> ConversationExport {
    let id = WorkerId::from_parts(u64::from(number) + 1, [number; 10]);
    let mut prompts = Vec::new();
    for event in &mut events {
        if let EventBody::TurnAccepted { turn } = &mut event.body {
            let prompt = prompt(event.seq % 3);
            turn.prompt_digest.clone_from(&prompt.digest);
            if event.seq % 3 != 2 && !prompts.contains(&prompt) {
                prompts.push(prompt);
            }
        }
    }
    prompts.sort_by(|a, b| a.digest.cmp(&b.digest));
    let mut worker = logs::unborn();
    worker.worker_id = id;
    worker.created_at = events[0].at;
    worker.updated_at = events[0].at;
    for event in &events {
        worker.apply(event);
    }
    ConversationExport { worker, log: LogId(u64::from(number) << 32 | 5), events, prompts }
}

fn prompt(number: u64) -> Prompt {
    let text = format!("Prompt {number}.\n日本語");
    Prompt { digest: format!("sha256:{:x}", Sha256::digest(&text)), text }
}

/// Conversations in the order of their ids.
pub(crate) fn any_wholes() -> impl Strategy<Value = Vec<ConversationExport>> {
    prop::collection::vec(logs::any_log(), 0..5).prop_map(|logs| {
        logs.into_iter().zip(0..).map(|(events, number)| whole(number, events)).collect()
    })
}

pub(crate) fn export(wholes: &[ConversationExport]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out);
    for whole in wholes {
        writer.conversation(whole, &mut out);
    }
    writer.end(&mut out);
    out
}

/// A small export with every kind of content.
pub(crate) fn small() -> Vec<u8> {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let strategy = prop::collection::vec(logs::any_log(), 2..3)
        .prop_filter("small, but with turns", |logs| {
            logs.iter().all(|log| (5..12).contains(&log.len()))
        });
    let logs = strategy.new_tree(&mut runner).unwrap().current();
    let wholes: Vec<_> = logs.into_iter().zip(0..).map(|(log, n)| whole(n, log)).collect();
    export(&wholes)
}

pub(crate) async fn import(store: &dyn Store, wholes: Vec<ConversationExport>) -> Imported {
    let give: ImportSource =
        Box::new(move |take: &mut ImportSink<'_>| wholes.into_iter().try_for_each(take));
    store.import(AccountId::FIRST, give, ConflictPolicy::Refuse).await.unwrap()
}

pub(crate) async fn all(store: &dyn Store) -> Vec<ConversationExport> {
    let (mut all, mut last) = (Vec::new(), None);
    while let Some(id) = store.next_worker(AccountId::FIRST, last).await.unwrap() {
        all.push(store.whole(id).await.unwrap().unwrap());
        last = Some(id);
    }
    all
}

/// The conversations that are imported from files, and the tally.
pub(crate) fn taken(files: &[(&str, &[u8])]) -> (Vec<ConversationExport>, Tally) {
    let (logs, tally) = tried(files, Unsound::Name).unwrap_or_else(|error| panic!("{error}"));
    for log in &logs {
        let one = std::slice::from_ref(log);
        assert_eq!(read(&export(one)).unwrap(), one);
    }
    (logs, tally)
}

/// The reason why a file is not imported.
pub(crate) fn refused(file: &[u8]) -> String {
    match tried(&[("file", file)], Unsound::Name) {
        Ok((logs, tally)) => panic!("{} were taken: {tally:?}", logs.len()),
        Err(error) => error.to_string(),
    }
}

pub(crate) fn tried(
    files: &[(&str, &[u8])],
    unsound: Unsound,
) -> Result<(Vec<ConversationExport>, Tally), ImportError> {
    let profile = "companion".parse().unwrap();
    read_files(
        files,
        &Options { owner: AccountId::FIRST, profile, differing: ConflictPolicy::Keep, unsound },
    )
}

/// An archive of these files.
pub(crate) fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    zipped(files, CompressionMethod::Deflated)
}

/// The same archive with uncompressed files.
pub(crate) fn stored(files: &[(&str, &[u8])]) -> Vec<u8> {
    zipped(files, CompressionMethod::Stored)
}

fn zipped(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A line for each message in the log's order: its role, its text and its reasoning.
pub(crate) fn lines(log: &ConversationExport) -> Vec<String> {
    let mut view = View::new(log.worker.clone(), 0);
    for event in &log.events {
        view.apply(event);
    }
    let line = |message: &protocol::Message| {
        let who = match message.role {
            Role::User => "user",
            Role::Assistant => "model",
        };
        let thought = match message.reasoning.as_str() {
            "" => String::new(),
            reasoning => format!("[{reasoning}] "),
        };
        format!("{who}: {thought}{}", message.text)
    };
    view.messages.iter().map(line).collect()
}
