//! Texts that are not UTF-8, and invalid characters: nothing is changed silently.

use protocol::api::RefusalCode;
use serde_json::{Value, json};
use transfer::Unsound;

use crate::support::{lines, refused, taken, tried};

fn chat(id: &str, text: &str) -> Value {
    json!({ "id": id, "title": format!("T{id}"),
        "chat": { "messages": [{ "role": "user", "content": text }] } })
}

fn latin_1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn a_conversation_that_is_not_utf_8_is_refused_with_the_position() {
    let text = json!([chat("a", "plain"), chat("b", "Grüße"), chat("c", "plain")]).to_string();
    let at = text.chars().position(|c| c == 'ü').unwrap() + 1;
    for mark in [&b""[..], b"\xef\xbb\xbf"] {
        let bytes = [mark, &latin_1(&text)].concat();
        let (logs, tally) = taken(&[("f", &bytes)]);
        assert_eq!((logs.len(), tally.refused), (2, 1));
        let refusal = &tally.refusals[0];
        assert_eq!((refusal.number, refusal.code), (Some(2), RefusalCode::NotUtf8));
        let words = format!("byte {} of the file is not UTF-8", at + mark.len());
        assert!(refusal.reason.starts_with(&words), "{} {words}", refusal.reason);
        let strict = tried(&[("f", &bytes)], Unsound::Refuse).unwrap_err().to_string();
        assert!(strict.contains(&words), "{strict}");
    }
    let told = refused(&latin_1(&json!([chat("b", "Grüße")]).to_string()));
    assert!(told.contains("UTF-8"), "{told}");
    // Messages in separate lines form one conversation.
    let line = |role: &str, text: &str| json!({ "role": role, "content": text }).to_string();
    let text = [line("user", "Q"), line("assistant", "Grüße"), line("user", "R")].join("\n");
    let (logs, tally) = taken(&[("f", &latin_1(&text))]);
    assert_eq!((logs.len(), tally.refusals[0].code), (0, RefusalCode::NotUtf8));
}

/// Real exports contain halves of emojis
/// (<https://github.com/peckjon/copilot-chat-to-markdown/issues/4>,
/// <https://github.com/open-webui/open-webui/pull/27084>).
#[test]
fn lone_surrogates_are_replaced_counted_and_reported() {
    let first =
        json!([chat("a", "x"), chat("b", "one HALF two HALF whole CRAB"), chat("c", "HALF")]);
    let text = first.to_string().replace("HALF", "\\ud83d").replace("CRAB", "\\ud83e\\udd80");
    let (logs, tally) = taken(&[("f", text.as_bytes())]);
    assert_eq!(lines(&logs[1]), ["user: one \u{fffd} two \u{fffd} whole 🦀"]);
    assert_eq!((logs.len(), tally.refused, tally.replaced), (3, 0, 3));
    let told: Vec<_> = tally
        .replacements
        .iter()
        .map(|told| (told.file.as_deref(), told.number, told.title.as_deref(), told.characters))
        .collect();
    assert_eq!(told, [(Some("f"), 2, Some("Tb"), 2), (Some("f"), 3, Some("Tc"), 1)]);
    // U+FFFD that was in the text before does not count, nor do surrogates in parts that are not
    // imported.
    let mut beside = chat("a", "was \u{fffd}");
    beside["meta"] = json!("HALF");
    let (_, tally) = taken(&[("f", json!([beside]).to_string().as_bytes())]);
    assert_eq!(tally.replaced, 0);
    let text =
        json!([chat("a", "plain")]).to_string().replace("\"id\"", "\"x\":\"\\ud83d\",\"id\"");
    assert_eq!(taken(&[("f", text.as_bytes())]).1.replaced, 0);
    // Claude's exports contain each text twice.
    let message = json!({ "uuid": "m", "sender": "human", "text": "HALF",
        "content": [{ "type": "text", "text": "HALF" }] });
    let text = json!([{ "uuid": "c", "chat_messages": [message] }]).to_string();
    let (_, tally) = taken(&[("f", text.replace("HALF", "\\ud83d").as_bytes())]);
    assert_eq!(tally.replaced, 1);
    // A conversation in lines; and the list of named conversations is bounded.
    let line = |text: &str| json!({ "role": "user", "content": text }).to_string();
    let text = [line("HALF"), line("x"), line("HALF")].join("\n").replace("HALF", "\\ud83d");
    assert_eq!(taken(&[("f", text.as_bytes())]).1.replaced, 2);
    let many: Vec<_> = (0..103).map(|n| chat(&n.to_string(), "HALF")).collect();
    let text = json!(many).to_string().replace("HALF", "\\ud83d");
    let (_, tally) = taken(&[("f", text.as_bytes())]);
    assert_eq!((tally.replaced, tally.replacements.len(), tally.more_replacements), (103, 100, 3));
}

/// The halves of these emojis were encoded as separate characters
/// (<https://github.com/mohamed-chs/convoviz/issues/69>).
#[test]
fn surrogate_pairs_encoded_in_utf_8_become_characters() {
    let text = json!([chat("a", "PAIR and HALF")]).to_string();
    let (before, rest) = text.split_once("PAIR").unwrap();
    let (between, after) = rest.split_once("HALF").unwrap();
    let pair = b"\xed\xa0\xbd\xed\xb8\x82";
    let bytes =
        [before.as_bytes(), pair, between.as_bytes(), &pair[..3], after.as_bytes()].concat();
    let (logs, tally) = taken(&[("f", &bytes)]);
    assert_eq!(lines(&logs[0]), ["user: 😂 and \u{fffd}"]);
    assert_eq!((tally.replaced, tally.refused), (1, 0));
}

/// A document beside the conversation is JSON within JSON.
#[test]
fn lone_surrogates_in_a_chatgpt_document_are_counted() {
    let call = r#"{"name":"n","type":"document","content":"x \ud83d"}"#;
    let node = |parent: Value, author: &str, recipient: &str, text: &str| {
        json!({ "parent": parent, "message": { "author": { "role": author },
            "recipient": recipient, "content": { "content_type": "text", "parts": [text] } } })
    };
    let mapping = json!({
        "a": node(Value::Null, "user", "all", "Write."),
        "b": node(json!("a"), "assistant", "canmore.create_textdoc", call),
    });
    let (_, tally) = taken(&[("f", json!([{ "mapping": mapping }]).to_string().as_bytes())]);
    assert_eq!(tally.replaced, 1);
}
