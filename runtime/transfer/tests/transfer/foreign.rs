//! Other programs' exports: what is imported, and what no file can cause.

use std::io::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use protocol::api::ImportFormat;
use protocol::{AccountId, ProfileName, Timestamp, TurnState, View};
use serde_json::{Value, json};
use store::{ConflictPolicy, ConversationExport, Store as _};
use store_sqlite::Sqlite;
use transfer::{Options, Source, SourceLocation, Unsound, import, markdown, read, read_foreign};

use crate::support::{all, export, taken};

const CHATGPT: &[u8] = include_bytes!("fixtures/chatgpt-branches.json");
const CHATGPT_PLAIN: &[u8] = include_bytes!("fixtures/chatgpt-plain.json");
const OPENWEBUI: &[u8] = include_bytes!("fixtures/openwebui-branches.json");
const OPENWEBUI_LISTS: &[u8] = include_bytes!("fixtures/openwebui-lists.json");

fn profile() -> ProfileName {
    "companion".parse().unwrap()
}

fn logs(bytes: &[u8]) -> Vec<ConversationExport> {
    read_foreign(bytes, &profile()).unwrap()
}

fn view(log: &ConversationExport) -> View {
    let mut view = View::new(log.worker.clone(), 0);
    for event in &log.events {
        view.apply(event);
    }
    view
}

/// Each message: its text, its parent's text, its model and its time.
fn told(log: &ConversationExport) -> Vec<(String, Option<String>, Option<String>, String)> {
    let view = view(log);
    let text = |id| view.messages.iter().find(|m| m.id == id).unwrap().text.clone();
    let model = |id| view.turns.iter().find(|t| t.answer == id).map(|t| t.model.clone());
    let told = view.messages.iter().map(|message| {
        let at = message.created_at.to_rfc3339();
        (message.text.clone(), message.parent.map(text), model(message.id), at)
    });
    told.collect()
}

type Line = (&'static str, Option<&'static str>, Option<&'static str>, &'static str);

fn assert_told(log: &ConversationExport, expected: &[Line]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(text, parent, model, at)| {
            let own = |text: &Option<&str>| text.map(str::to_owned);
            ((*text).to_owned(), own(parent), own(model), (*at).to_owned())
        })
        .collect();
    assert_eq!(told(log), expected);
}

#[test]
fn a_chatgpt_tree_becomes_branches_with_the_current_one_last() {
    let logs = logs(CHATGPT);
    assert_eq!(logs[0].worker.title.as_deref(), Some("潮の満ち引き"));
    assert_eq!(logs[0].worker.created_at, Timestamp::from_unix_ms(1_735_702_200_123));
    let (q, a1, a2) = (
        "なぜ潮は満ち引きするの？",
        "月の引力のためです。",
        "主に月の引力が\n海水を引き寄せるからです。",
    );
    let picture = "What is in this picture?";
    assert_told(
        &logs[0],
        &[
            (q, None, None, "2025-01-01T03:30:00.5Z"),
            (a1, Some(q), Some("gpt-4o"), "2025-01-01T03:30:10.25Z"),
            ("And the sun?", Some(a1), None, "2025-01-01T03:33:20Z"),
            (
                "It helps, about half as much.",
                Some("And the sun?"),
                Some("gpt-4o"),
                "2025-01-01T03:33:30Z",
            ),
            (a2, Some(q), Some("o1"), "2025-01-01T03:31:40.75Z"),
            (picture, Some(a2), None, "2025-01-01T03:35:00Z"),
            // Two pieces of one answer; the tool call between them is left out.
            (
                "Let me look.\n\nA beach at low tide.",
                Some(picture),
                Some("gpt-4o"),
                "2025-01-01T03:35:09Z",
            ),
        ],
    );
    let view = view(&logs[0]);
    for turn in &view.turns {
        assert_eq!(turn.state, TurnState::Completed);
        assert!(turn.provider.is_imported());
        assert_eq!((turn.prompt_digest.as_str(), turn.profile.as_str()), ("", "chatgpt"));
        assert_eq!((turn.usage, turn.finish, &turn.sight), (None, None, &None));
    }
    assert!(markdown(&logs[0]).contains("one of 2 versions"));
}

#[test]
fn a_plain_chatgpt_conversation_gets_a_title_and_an_empty_one_stays_empty() {
    let logs = logs(CHATGPT_PLAIN);
    let question = "Say \"hello\" \\ and <b>bold</b> 🦀";
    assert_eq!(logs[0].worker.title.as_deref(), Some(question));
    assert_told(
        &logs[0],
        &[
            (question, None, None, "2023-11-14T22:13:20Z"),
            ("hello", Some(question), Some("unknown"), "2023-11-14T22:13:21Z"),
        ],
    );
    assert_eq!(logs[1].worker.title.as_deref(), Some("Nothing was said"));
    assert_told(&logs[1], &[]);
}

#[test]
fn an_open_webui_tree_becomes_branches() {
    let logs = logs(OPENWEBUI);
    assert_eq!(logs[0].worker.title.as_deref(), Some("京都の旅"));
    let (q, r1) = ("京都で二日、どこへ行く？", "清水寺と嵐山。");
    assert_told(
        &logs[0],
        &[
            (q, None, None, "2025-01-02T06:40:00Z"),
            ("伏見稲荷大社がおすすめです。", Some(q), Some("qwen2.5:7b"), "2025-01-02T06:40:11Z"),
            (r1, Some(q), Some("llama3.1:8b"), "2025-01-02T06:40:10Z"),
            ("Where is this?", Some(r1), None, "2025-01-02T06:41:40Z"),
            (
                "I cannot tell.\n\n```\ncode\n```",
                Some("Where is this?"),
                Some("llama3.1:8b"),
                "2025-01-02T06:41:50Z",
            ),
        ],
    );
    assert_eq!(view(&logs[0]).turns[0].profile.as_str(), "open-webui");
}

#[test]
fn older_open_webui_lists_become_one_branch() {
    let logs = logs(OPENWEBUI_LISTS);
    let begin = "2024-01-01T00:00:00Z";
    assert_told(
        &logs[0],
        &[
            ("Hi", None, None, begin),
            ("Hello.", Some("Hi"), Some("mistral:latest"), begin),
            ("Bye", Some("Hello."), None, begin),
            ("Bye.", Some("Bye"), Some("mistral:latest"), "2024-01-01T00:01:39Z"),
        ],
    );
    assert_eq!(logs[1].worker.title.as_deref(), Some("Bare"));
    assert_eq!(told(&logs[1]).len(), 2);
}

#[test]
fn the_same_file_gives_the_same_conversations_which_can_be_exported() {
    let mut all = Vec::new();
    for file in [CHATGPT, CHATGPT_PLAIN, OPENWEBUI, OPENWEBUI_LISTS] {
        assert_eq!(logs(file), logs(file));
        all.extend(logs(file));
    }
    all.sort_by_key(|log| log.worker.worker_id);
    let ids: std::collections::HashSet<_> = all.iter().map(|log| log.worker.worker_id).collect();
    assert_eq!(ids.len(), all.len());
    assert_eq!(read(&export(&all)).unwrap(), all);
}

#[tokio::test]
async fn a_file_is_recognized_by_its_content_and_imported_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Sqlite::open(folder.path()).unwrap();
    let import = async |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let now = Timestamp::from_unix_ms(0);
        let (differing, unsound) = (ConflictPolicy::Refuse, Unsound::Refuse);
        let options = Options { owner: AccountId::FIRST, profile: profile(), differing, unsound };
        import(&store, vec![Source { name: None, file }], options, now).await.unwrap()
    };
    let marked = [b"\xef\xbb\xbf \n", OPENWEBUI].concat();
    for (bytes, format, count, left_out) in [
        // The user's custom instructions, an image, a tool call and its result.
        (CHATGPT, ImportFormat::Chatgpt, 1, 4),
        (CHATGPT_PLAIN, ImportFormat::Chatgpt, 2, 0),
        (&marked, ImportFormat::OpenWebui, 1, 1),
        (OPENWEBUI_LISTS, ImportFormat::OpenWebui, 2, 2),
    ] {
        let report = import(bytes).await;
        assert_eq!(report.tally.formats, [format]);
        assert_eq!(report.tally.left_out.total(), left_out, "{:?}", report.tally.left_out);
        assert_eq!((report.added.len(), report.skipped.len()), (count, 0));
        let again = import(bytes).await;
        assert_eq!((again.added.len(), again.skipped.len()), (0, count));
    }
    let report = import(&export(&all(&store).await)).await;
    assert_eq!((report.tally.formats, report.skipped.len()), (vec![ImportFormat::Companion], 6));
    assert_eq!(store.unfinished().await.unwrap(), []);
}

fn chatgpt(mapping: Value) -> Vec<u8> {
    json!([{ "id": "c", "title": "t", "create_time": 1.0, "mapping": mapping }]).to_string().into()
}

fn node(parent: &str, role: &str, text: &str) -> Value {
    json!({ "parent": parent, "message": {
        "author": { "role": role }, "create_time": 2.0, "content": { "parts": [text] },
    }})
}

#[test]
fn malformed_files_are_refused_with_the_position() {
    let two = |second: &str| format!("[{{\"id\":\"a\",\"mapping\":{{}}}},{second}]").into_bytes();
    let twice = r#"{"id":"b","mapping":{"x":{"parent":null},"x":{"parent":null}}}"#;
    for (what, bytes, place, words) in [
        ("nothing", b"[]".to_vec(), SourceLocation::File, "no conversation"),
        ("cut off", CHATGPT[..CHATGPT.len() - 9].to_vec(), SourceLocation::File, "cut off"),
        (
            "more behind it",
            [CHATGPT, b"x"].concat(),
            SourceLocation::Conversation(2),
            "after the end",
        ),
        ("cut off behind it", two("{\"mapping"), SourceLocation::Conversation(2), "cut off"),
        ("a number", two("7"), SourceLocation::Conversation(2), "not a conversation"),
        ("nobody's", two("{\"x\":1}"), SourceLocation::Conversation(2), "its fields: x"),
        (
            "no JSON",
            two("{\"mapping\":{x}}"),
            SourceLocation::Conversation(2),
            "from byte 38 of the file on",
        ),
        ("a wrong type", two("{\"mapping\":[]}"), SourceLocation::Conversation(2), "no messages"),
        ("an id twice", two(twice), SourceLocation::Conversation(2), "is valid"),
    ] {
        let refusal = read_foreign(&bytes, &profile()).unwrap_err();
        assert_eq!(refusal.place, place, "{what}: {refusal}");
        assert!(refusal.to_string().contains(words), "{what}: {refusal}");
    }
    // Formats may be mixed in a file, and a title that is not a text is ignored.
    assert_eq!(logs(&two("{\"id\":\"b\",\"mapping\":{},\"title\":7}")).len(), 2);
    assert_eq!(logs(&two("{\"chat\":{}}")).len(), 2);
    let circle = chatgpt(json!({ "a": node("b", "user", "x"), "b": node("a", "assistant", "y") }));
    let refusal = read_foreign(&circle, &profile()).unwrap_err();
    assert!(refusal.reason.contains("circle"), "{refusal}");
    let own = chatgpt(json!({ "a": node("a", "user", "x") }));
    assert!(read_foreign(&own, &profile()).is_err());
}

#[test]
fn unusual_trees_are_imported_as_well_as_possible() {
    // A missing parent, an answer without a question, and a continued answer.
    let (logs, _) = taken(&[(
        "f",
        &chatgpt(json!({
            "r": { "message": null },
            "h": node("r", "assistant", "Welcome!"),
            "a": node("h", "user", "one"),
            "b": node("gone", "user", "two"),
            "c": node("a", "assistant", "1"),
            "d": node("c", "assistant", "2"),
            "e": node("c", "user", "three"),
            "f": node("a", "", ""),
        })),
    )]);
    let (text, time) = ("1\n\n2", "1970-01-01T00:00:02Z");
    assert_told(
        &logs[0],
        &[
            ("two", None, None, time),
            ("one", None, None, time),
            ("1", Some("one"), Some("unknown"), time),
            (text, Some("one"), Some("unknown"), time),
            ("three", Some("1"), None, time),
        ],
    );
    for time in [-1.0, 1e300, f64::MAX, 0.0, 253_402_300_799.0, 1e14, 9e18] {
        let mut message = node("", "user", "x");
        message["message"]["create_time"] = json!(time);
        let logs = read_foreign(&chatgpt(json!({ "a": message })), &profile()).unwrap();
        assert_eq!(read(&export(&logs)).unwrap(), logs, "{time}");
    }
}

/// A malicious file can exhaust neither the stack nor the time.
#[test]
fn the_cost_of_deep_and_long_files_is_linear() {
    let begin = Instant::now();
    let chain = |role: &dyn Fn(usize) -> &'static str, count: usize| {
        let mut nodes = serde_json::Map::new();
        for n in 0..count {
            let parent = n.checked_sub(1).map_or(String::new(), |n| n.to_string());
            nodes.insert(n.to_string(), node(&parent, role(n), "x"));
        }
        chatgpt(Value::Object(nodes))
    };
    let begun = |bytes: &[u8]| {
        logs(bytes)[0].events.iter().filter(|event| event.body.begins_message()).count()
    };
    let two = |n: usize| if n.is_multiple_of(2) { "user" } else { "assistant" };
    assert_eq!(begun(&chain(&two, 20_000)), 20_000);
    // One question, and one answer in `n` pieces.
    let pieces = |n: usize| if n == 0 { "user" } else { "assistant" };
    assert_eq!(begun(&chain(&pieces, 20_000)), 2);
    let unasked = read_foreign(&chain(&|_| "assistant", 20_000), &profile()).unwrap_err();
    assert!(unasked.reason.contains("no question"), "{unasked}");
    let deep = [b"[{\"mapping\":{\"a\":".to_vec(), b"[".repeat(200_000)].concat();
    assert!(read_foreign(&deep, &profile()).is_err());
    // LibreChat's trees are as deep as their conversations are long.
    let (begin_message, middle) =
        ("{\"messageId\":\"", "\",\"isCreatedByUser\":true,\"text\":\"x\",\"children\":[");
    let tree: String = (0..20_000).map(|n| format!("{begin_message}{n}{middle}")).collect();
    let tree = format!("{{\"conversationId\":\"l\",\"messages\":[{tree}{}]}}", "]}".repeat(20_000));
    assert_eq!(begun(tree.as_bytes()), 20_000);
    for opening in [
        "[",
        "[{\"conversations\":[",
        "{\"data\":[",
        "[{\"chat\":",
        "{\"messages\":[",
        "{\"history\":{",
    ] {
        let closing: String = opening
            .chars()
            .rev()
            .filter(|c| "[{".contains(*c))
            .map(|c| if c == '[' { ']' } else { '}' })
            .collect();
        for inner in ["", "1", "null"] {
            let deep = [opening.repeat(50_000), inner.to_owned(), closing.repeat(50_000)].concat();
            assert!(read_foreign(deep.as_bytes(), &profile()).is_err(), "{opening}");
        }
    }
    let deep = [b"[{\"mapping\":{},\"x\":".to_vec(), b"[".repeat(200_000)].concat();
    assert!(read_foreign(&deep, &profile()).is_err());
    let parts = [b"[{\"mapping\":{\"a\":{\"message\":{\"author\":{\"role\":\"user\"},\"content\":{\"parts\":".to_vec(), b"[".repeat(200_000)].concat();
    assert!(read_foreign(&parts, &profile()).is_err());
    // The time would be hours if the work grew with the square of the length.
    assert!(begin.elapsed() < Duration::from_secs(600), "it took {:?}", begin.elapsed());
}

/// Trees of all shapes, with any node as a parent.
fn any_tree() -> impl Strategy<Value = Value> {
    let role = prop::sample::select(vec!["user", "assistant", "system", "tool"]);
    let text = prop::sample::select(vec!["", "a", "日本\n", "\u{0}"]);
    let time = prop_oneof![
        Just(json!(null)),
        any::<f64>().prop_map(|t| json!(t)),
        (0..99u32).prop_map(|t| json!(t))
    ];
    let entry = (role, text, time, 0usize..14, any::<bool>());
    prop::collection::vec(entry, 0..12).prop_map(|entries| {
        let mut nodes = serde_json::Map::new();
        for (n, (role, text, time, parent, hidden)) in entries.into_iter().enumerate() {
            let mut node = node(&parent.to_string(), role, text);
            node["message"]["create_time"] = time;
            node["message"]["metadata"] = json!({ "is_visually_hidden_from_conversation": hidden });
            nodes.insert(n.to_string(), node);
        }
        Value::Object(nodes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_tree_becomes_a_valid_log_or_an_error(tree in any_tree(), current in 0usize..14) {
        let mut list: Value = serde_json::from_slice(&chatgpt(tree)).unwrap();
        list[0]["current_node"] = json!(current.to_string());
        match read_foreign(list.to_string().as_bytes(), &profile()) {
            Ok(logs) => {
                prop_assert_eq!(&read(&export(&logs)).unwrap(), &logs);
                let messages = logs[0].events.iter().filter(|event| event.body.begins_message());
                prop_assert!(messages.count() <= 12);
            }
            Err(refusal) => prop_assert_eq!(refusal.place, SourceLocation::Conversation(1), "{}", refusal),
        }
    }

    #[test]
    fn a_changed_file_gives_valid_logs_or_is_refused(
        file in prop::sample::select(vec![CHATGPT, CHATGPT_PLAIN, OPENWEBUI, OPENWEBUI_LISTS]),
        at in any::<prop::sample::Index>(),
        cut in 0usize..30,
        piece in prop::sample::select(vec![
            "", "null", "[]", "{}", "\"\"", "0", "-1e999", "{\"a\":", "[[[[", "\u{0}", "\\u0000", "\\ud800",
        ]),
    ) {
        let at = at.index(file.len());
        let end = (at + cut).min(file.len());
        let changed = [&file[..at], piece.as_bytes(), &file[end..]].concat();
        // All imported conversations are sound, and the rest is reported.
        if let Ok((logs, tally)) = crate::support::tried(&[("f", &changed)], Unsound::Name) {
            prop_assert!(logs.len() as u64 == tally.sound);
            for log in logs {
                prop_assert_eq!(&read(&export(std::slice::from_ref(&log))).unwrap(), &[log]);
            }
        }
        if let Ok(logs) = read_foreign(&changed, &profile()) {
            let mut ids = std::collections::HashSet::new();
            let logs: Vec<_> = logs.into_iter().filter(|log| ids.insert(log.worker.worker_id)).collect();
            prop_assert_eq!(&read(&export(&logs)).unwrap(), &logs);
        }
    }
}
