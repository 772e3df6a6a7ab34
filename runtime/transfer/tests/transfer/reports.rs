//! Problems that people reported about imports into other programs. Each test names the report.

use protocol::View;
use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use serde_json::{Value, json};
use transfer::Unsound;

use crate::support::{lines, taken, tried};

fn node(parent: Value, role: &str, text: &str) -> Value {
    json!({ "parent": parent, "message": {
        "author": { "role": role }, "content": { "content_type": "text", "parts": [text] },
    }})
}

/// <https://github.com/danny-avila/LibreChat/pull/15388>: the conversation names the model, hidden
/// instructions are not a message, and an entry without messages affects only itself.
#[test]
fn newer_exports_of_chatgpt_are_imported() {
    let mut hidden = node(json!("r"), "user", "");
    hidden["message"]["content"] =
        json!({ "content_type": "user_editable_context", "user_profile": "x" });
    hidden["message"]["metadata"] = json!({ "is_visually_hidden_from_conversation": true });
    let mut own = node(json!("c"), "assistant", "Own");
    own["message"]["metadata"] = json!({ "model_slug": "o4-mini" });
    let file = json!([
        { "id": "1", "conversation_id": "1", "title": "Whole", "default_model_slug": "gpt-5-thinking",
            "create_time": 1_756_000_000.5, "current_node": "d", "mapping": {
                "r": { "message": null, "parent": null }, "h": hidden,
                "a": node(json!("h"), "user", "Q"), "b": node(json!("a"), "assistant", "A"),
                "c": node(json!("b"), "user", "And?"), "d": own } },
        { "id": "2", "conversation_id": "2", "title": "Corrupted entry", "create_time": 1.0,
            "default_model_slug": "gpt-5" },
        { "id": "3", "conversation_id": "3", "title": null, "create_time": 1.0, "mapping": {
            "a": node(Value::Null, "user", "Pasta?") } },
    ]);
    let (logs, tally) = taken(&[("f", file.to_string().as_bytes())]);
    assert_eq!(lines(&logs[0]), ["user: Q", "model: A", "user: And?", "model: Own"]);
    let mut view = View::new(logs[0].worker.clone(), 0);
    logs[0].events.iter().for_each(|event| {
        view.apply(event);
    });
    let models: Vec<&str> = view.turns.iter().map(|turn| turn.model.as_str()).collect();
    assert_eq!(models, ["gpt-5-thinking", "o4-mini"]);
    assert_eq!(tally.left_out, LeftOut { hidden: 1, ..LeftOut::default() });
    // https://github.com/basicmachines-co/basic-memory/issues/451: the title is null.
    assert_eq!(logs[1].worker.title.as_deref(), Some("Pasta?"));
    let refusal = &tally.refusals[0];
    assert_eq!((refusal.number, refusal.title.as_deref()), (Some(2), Some("Corrupted entry")));
    assert_eq!(refusal.code, RefusalCode::NoMessages);
}

/// <https://github.com/danny-avila/LibreChat/pull/11119>: entries came before their parents, and a
/// tree fell apart. <https://github.com/open-webui/open-webui/issues/5204>: branches and models.
#[test]
fn entries_may_come_before_their_parents() {
    let file = json!([{ "id": "1", "mapping": {
        "d": node(json!("c"), "assistant", "4"), "b": node(json!("a"), "assistant", "2"),
        "c": node(json!("b"), "user", "3"), "a": node(json!("r"), "user", "1"),
        "e": node(json!("a"), "assistant", "2b"), "r": { "message": null, "parent": null },
    }, "current_node": "d" }]);
    let (logs, _) = taken(&[("f", file.to_string().as_bytes())]);
    assert_eq!(lines(&logs[0]), ["user: 1", "model: 2b", "model: 2", "user: 3", "model: 4"]);
}

/// <https://github.com/nowledge-co/community/issues/261>: either the parents or the children may be
/// missing.
#[test]
fn a_tree_without_parents_is_built_from_children() {
    let mut file = json!([{ "id": "1", "mapping": {
        "r": { "message": null, "children": ["a"] },
        "a": node(Value::Null, "user", "Q"), "b": node(Value::Null, "assistant", "A"),
    }}]);
    file[0]["mapping"]["a"]["children"] = json!(["b"]);
    let (logs, tally) = taken(&[("f", file.to_string().as_bytes())]);
    assert_eq!(
        (lines(&logs[0]), tally.left_out.unasked),
        (vec!["user: Q".into(), "model: A".into()], 0)
    );
}

/// <https://github.com/danny-avila/LibreChat/issues/8157>: a surplus comma.
#[test]
fn a_surplus_comma_is_ignored() {
    let file = br#"[{"id":"1","chat":{"messages":[{"role":"user","content":"Q",},],},},]"#;
    assert_eq!(lines(&taken(&[("f", file)]).0[0]), ["user: Q"]);
}

/// <https://github.com/Superkikim/nexus-ai-chat-importer/issues/73>: Claude's list was taken for
/// ChatGPT's because of the archive's name.
#[test]
fn the_format_is_not_taken_from_the_file_name() {
    let file = json!([{ "uuid": "u", "name": "N", "summary": "", "account": { "uuid": "x" },
        "chat_messages": [{ "uuid": "m", "text": "Q", "sender": "human",
            "content": [{ "start_timestamp": "x", "type": "text", "text": "Q", "citations": [] }] }] }]);
    let (_, tally) = taken(&[("chatgpt-conversations-000.json", file.to_string().as_bytes())]);
    assert_eq!(tally.formats, [ImportFormat::Claude]);
}

/// <https://github.com/open-webui/open-webui/issues/2029>,
/// <https://github.com/open-webui/open-webui/issues/11734>: times got lost.
#[test]
fn times_are_imported() {
    let mut question = node(Value::Null, "user", "Q");
    question["message"]["create_time"] = json!(1_715_768_065.068_312_f64);
    let file = json!([{ "id": "1", "create_time": 1_715_768_065.068_312_f64,
        "update_time": 1_715_770_957.006_343_f64, "mapping": { "a": question } }]);
    let (logs, _) = taken(&[("f", file.to_string().as_bytes())]);
    assert_eq!(logs[0].worker.created_at.to_rfc3339(), "2024-05-15T10:14:25.068Z");
}

/// <https://github.com/danny-avila/LibreChat/issues/15229>: more than fifty files, each of which
/// was reported as imported, and none was.
#[test]
fn an_export_of_more_than_fifty_files_is_imported() {
    let files: Vec<(String, String)> = (0..55)
        .map(|n| {
            let file = json!([{ "id": format!("c{n}"), "mapping": { "a": node(Value::Null, "user", "Q") } }]);
            (format!("conversations-{n:03}.json"), file.to_string())
        })
        .collect();
    let given: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let (logs, tally) = taken(&given);
    assert_eq!((logs.len(), tally.sound, tally.refused), (55, 55, 0));
}

/// <https://github.com/danny-avila/LibreChat/issues/7696>,
/// <https://github.com/open-webui/open-webui/issues/337>: an import that reported success although
/// nothing was imported. Here this is an error, or it is reported.
#[test]
fn conversations_that_were_not_imported_are_not_reported_as_imported() {
    for file in [r#"[{"title":"T","notes":[]}]"#, r#"{"title":"T"}"#] {
        assert!(tried(&[("f", file.as_bytes())], Unsound::Name).is_err());
    }
    let (logs, tally) = taken(&[("f", br#"[{"id":"1","title":"T","mapping":null}]"#)]);
    assert_eq!((logs.len(), tally.refused), (0, 1));
}
