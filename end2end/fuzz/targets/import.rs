//! A file that somebody wants imported: Companion's own export, ChatGPT's and Open WebUI's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::ConversationExport;
use transfer::{Writer, read, read_foreign};

fuzz_target!(|data: &[u8]| {
    // What is understood of our own is every byte of it.
    if let Ok(all) = read(data) {
        assert!(export(&all) == data, "it is not written as it was read");
    }
    // What is understood of others is a conversation like any of ours.
    let profile = "companion".parse().unwrap();
    if let Ok(mut all) = read_foreign(data, &profile) {
        // Their files may hold one twice; the import finds it there already.
        let mut seen = std::collections::HashSet::new();
        all.retain(|whole| seen.insert(whole.worker.worker_id));
        let back = read(&export(&all)).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert!(back == all, "it is not read as it was written");
    }
});

fn export(all: &[ConversationExport]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::begin(&mut bytes);
    for whole in all {
        writer.conversation(whole, &mut bytes);
    }
    writer.end(&mut bytes);
    bytes
}
