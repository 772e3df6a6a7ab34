//! The formats of the programs that have no fixtures of their own. The texts are made up; the
//! shapes are those of real exports, and each test names its source.

use protocol::api::{ImportFormat, LeftOut};
use serde_json::{Value, json};

use crate::support::{lines, taken};

fn one(file: &Value) -> (Vec<String>, ImportFormat, LeftOut) {
    of_text(&file.to_string())
}

fn of_text(file: &str) -> (Vec<String>, ImportFormat, LeftOut) {
    let (logs, tally) = taken(&[("file.json", file.as_bytes())]);
    assert_eq!((logs.len(), tally.refused), (1, 0), "{tally:?}");
    (lines(&logs[0]), tally.formats[0], tally.left_out)
}

const TOLD: [&str; 2] = ["user: Q", "model: [T] A"];

/// <https://github.com/DavidShiang/DeepSeek2md>
#[test]
fn deepseek_fragments_become_questions_reasoning_and_answers() {
    let node = |id: &str, parent: Value, fragments: Value| {
        json!({ "id": id, "parent": parent, "children": [], "message": {
            "files": [], "model": "deepseek-reasoner",
            "inserted_at": "2025-03-30T04:49:37.018000+08:00", "fragments": fragments,
        }})
    };
    let file = json!([{
        "id": "d", "title": "T", "inserted_at": "2025-03-30T04:49:36.505000+08:00",
        "mapping": {
            "root": { "id": "root", "parent": null, "children": ["1"], "message": null },
            "1": node("1", json!("root"), json!([{ "type": "REQUEST", "content": "Q" }])),
            "2": node("2", json!("1"), json!([
                { "type": "SEARCH", "results": [] },
                { "type": "THINK", "content": "T" },
                { "type": "RESPONSE", "content": "A" },
            ])),
        },
    }]);
    let left_out = LeftOut { tools: 1, ..LeftOut::default() };
    assert_eq!(one(&file), (TOLD.map(str::to_owned).to_vec(), ImportFormat::Deepseek, left_out));
    let (logs, _) = taken(&[("f", file.to_string().as_bytes())]);
    assert_eq!(logs[0].worker.created_at.to_rfc3339(), "2025-03-29T20:49:36.505Z");
}

/// Branches; and the export of a browser extension, which is one object with texts only in
/// `content` (<https://github.com/CherryHQ/cherry-studio/pull/18135>) and with kinds of parts that
/// were new (<https://github.com/osteele/claude-chat-viewer/issues/5>).
#[test]
fn branches_of_claude_and_a_single_conversation_are_imported() {
    let message = |id: &str, parent: &str, sender: &str, content: Value| {
        json!({ "uuid": id, "parent_message_uuid": parent, "sender": sender, "text": "",
            "content": content, "created_at": "2025-01-02T03:04:05Z", "attachments": [
                { "file_name": "a.txt" } ], "files": [null] })
    };
    let text = |text: &str| json!([{ "type": "text", "text": text, "citations": [] }]);
    let root = "00000000-0000-4000-8000-000000000000";
    let file = json!({
        "uuid": "c", "name": "N", "model": "claude-x", "created_at": "2025-01-02T03:04:05Z",
        "current_leaf_message_uuid": "3",
        "chat_messages": [
            message("1", root, "human", text("Q")),
            message("2", "1", "assistant", json!([
                { "type": "thinking", "thinking": "T", "summaries": [{ "summary": "s" }] },
                { "type": "tool_use", "name": "x", "input": {} },
                { "type": "tool_result", "content": [] },
                { "type": "token_budget" },
                { "type": "text", "text": "A" },
            ])),
            message("3", "1", "assistant", text("Other")),
        ],
    });
    let (told, format, left_out) = one(&file);
    // The branch that was shown last comes last.
    assert_eq!(
        (told, format),
        (vec![TOLD[0].into(), TOLD[1].into(), "model: Other".into()], ImportFormat::Claude)
    );
    let expected = LeftOut { tools: 2, attachments: 3, other: 1, ..LeftOut::default() };
    assert_eq!(left_out, expected);
}

/// <https://github.com/danny-avila/LibreChat>: `librechat-export.json`,
/// `librechat-opts-nonr-branches.json` of its importers' tests.
#[test]
fn lists_and_trees_of_librechat_are_imported() {
    let root = "00000000-0000-0000-0000-000000000000";
    let message = |id: &str, parent: &str, by_user: bool, rest: Value| {
        let mut message = json!({ "messageId": id, "parentMessageId": parent,
            "isCreatedByUser": by_user, "createdAt": "2024-04-09T14:32:05.230Z", "error": false });
        message.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        message
    };
    let answer = json!({ "text": "", "model": "gpt", "content": [
        { "type": "think", "think": "T" }, { "type": "text", "text": { "value": "A" } },
    ]});
    let failed = json!({ "error": true, "text": "overloaded" });
    let flat = json!({ "conversationId": "l", "title": "N", "options": { "model": "m" }, "messages": [
        message("1", root, true, json!({ "text": "Q", "files": [{}] })),
        message("2", "1", false, answer.clone()),
        message("3", "1", false, failed),
    ]});
    let (told, format, left_out) = one(&flat);
    assert_eq!((told.as_slice(), format), (&TOLD.map(str::to_owned)[..], ImportFormat::Librechat));
    assert_eq!(left_out, LeftOut { attachments: 1, other: 1, ..LeftOut::default() });
    let mut question = message("1", root, true, json!({ "text": "Q" }));
    question["children"] = json!([message("2", "1", false, answer)]);
    let tree = json!({ "conversationId": "l", "recursive": true, "messagesTree": [question] });
    assert_eq!(one(&tree).0, TOLD);
}

/// <https://github.com/ggml-org/llama.cpp/pull/24688>: a line for the session and one for each
/// message; earlier versions wrote `conv` and `messages`.
#[test]
fn both_formats_of_the_llama_cpp_web_ui_are_imported() {
    let conversation =
        json!({ "id": "c", "name": "N", "lastModified": 1_765_279_699_684_i64, "currNode": "2" });
    let messages = [
        json!({ "id": "r", "convId": "c", "type": "root", "role": "system", "content": "", "parent": null }),
        json!({ "id": "1", "convId": "c", "type": "text", "timestamp": 1_765_275_434_078_i64,
            "role": "user", "content": "Q", "parent": "r", "extra": [{ "type": "TEXT" }] }),
        json!({ "id": "2", "convId": "c", "type": "text", "timestamp": 1_765_275_434_080_i64,
            "role": "assistant", "content": "A", "parent": "1", "reasoningContent": "T", "model": "m" }),
    ];
    let left_out = LeftOut { attachments: 1, ..LeftOut::default() };
    let expected = (TOLD.map(str::to_owned).to_vec(), ImportFormat::LlamaCpp, left_out);
    let whole = json!({ "conv": conversation, "messages": messages });
    assert_eq!(one(&whole), expected);
    assert_eq!(one(&json!([whole])), expected);
    let mut session = conversation;
    session["type"] = json!("session");
    session["harness"] = json!("llama.app");
    let line = |message: &Value| json!({ "type": "message", "message": message }).to_string();
    let mut rows = vec![session.to_string()];
    rows.extend(messages.iter().map(line));
    let rows = rows.join("\n");
    assert_eq!(of_text(&rows), expected);
    // Two sessions and a damaged line, which affects only itself.
    let other = rows.replace("\"c\"", "\"d\"").replacen("\"message\":{", "\"message\" {", 1);
    let (logs, tally) = taken(&[("f", [rows, other].join("\n").as_bytes())]);
    assert_eq!(logs.iter().map(lines).collect::<Vec<_>>(), [TOLD, TOLD]);
    assert_eq!((tally.left_out.unreadable, tally.refused), (1, 0), "{tally:?}");
}

/// Lists as OpenAI's API takes them, data sets of conversations (ShareGPT), and JSON Lines of both.
#[test]
fn plain_lists_of_messages_are_imported() {
    let list = json!([
        { "role": "system", "content": "Be brief." },
        { "role": "user", "content": [{ "type": "text", "text": "Q" }, { "type": "image_url", "image_url": {} }] },
        { "role": "assistant", "content": "A", "reasoning_content": "T" },
        { "role": "tool", "content": "x" },
    ]);
    let left_out = LeftOut { system: 1, attachments: 1, tools: 1, ..LeftOut::default() };
    let expected = (TOLD.map(str::to_owned).to_vec(), ImportFormat::Messages, left_out);
    assert_eq!(one(&list), expected);
    assert_eq!(one(&json!({ "model": "m", "messages": list })), expected);
    let rows: Vec<String> = list.as_array().unwrap().iter().map(Value::to_string).collect();
    assert_eq!(of_text(&rows.join("\n")), expected);
    let shared = json!({ "conversations": [
        { "from": "human", "value": "Q" }, { "from": "gpt", "value": "<think>T</think>A" },
    ]});
    assert_eq!(one(&shared).0, TOLD);
    // Conversations without ids and titles differ by their texts.
    let chat = |answer: &str| json!({ "messages": [{ "role": "user", "content": "Q" }, { "role": "assistant", "content": answer }] });
    let rows = [chat("A").to_string(), chat("B").to_string()].join("\n");
    let (logs, _) = taken(&[("f", rows.as_bytes())]);
    assert_ne!(logs[0].worker.worker_id, logs[1].worker.worker_id);
    let (wrapped, _) =
        taken(&[("f", json!({ "chats": [chat("A"), chat("B")] }).to_string().as_bytes())]);
    assert_eq!(wrapped.len(), 2);
}

/// <https://github.com/danny-avila/LibreChat>, `openwebui-export.json`: newer versions keep the
/// parts of an answer in `output` as well; tool calls are in a block.
#[test]
fn answers_that_open_webui_stores_twice_are_imported_once() {
    let answer = json!({ "id": "b", "parentId": "a", "role": "assistant",
        "content": "<details type=\"tool_calls\"><summary>Done</summary>x</details>A",
        "output": [
            { "type": "reasoning", "content": [{ "type": "output_text", "text": "T" }], "summary": null },
            { "type": "function_call", "name": "x" },
            { "type": "message", "content": [{ "type": "output_text", "text": "A" }] },
        ] });
    let file = json!([{ "id": "o", "chat": { "history": { "currentId": "b", "messages": {
        "a": { "id": "a", "parentId": null, "role": "user", "content": "Q" }, "b": answer,
    }}}}]);
    let left_out = LeftOut { tools: 1, ..LeftOut::default() };
    assert_eq!(one(&file), (TOLD.map(str::to_owned).to_vec(), ImportFormat::OpenWebui, left_out));
}

/// <https://github.com/open-webui/open-webui/issues/8752> (times),
/// <https://github.com/basicmachines-co/basic-memory/issues/451> (a title that is null).
#[test]
fn nulls_and_missing_fields_are_tolerated() {
    let full = json!([{ "id": "o", "title": null, "created_at": null, "updated_at": "x", "meta": null,
        "chat": { "title": null, "models": null, "timestamp": {}, "tags": 7, "history": {
            "currentId": null, "messages": {
                "a": { "id": null, "parentId": null, "childrenIds": null, "role": "user",
                    "content": "Q", "timestamp": null, "files": null, "models": [null] },
                "b": { "parentId": "a", "role": "assistant", "content": [null, "A"], "timestamp": [],
                    "model": null, "files": {}, "usage": 1, "reasoning_content": "T" },
                "c": { "parentId": "b", "role": "user", "content": null },
            } } } }]);
    assert_eq!(one(&full).0, TOLD);
    let gpt = json!([{ "id": null, "title": null, "create_time": null, "current_node": 5,
        "default_model_slug": {}, "mapping": {
            "a": { "parent": null, "message": { "author": { "role": "user" }, "content": { "parts": ["Q"] },
                "metadata": [], "create_time": "NaN", "recipient": null } },
            "b": { "parent": "a", "children": 7, "message": { "author": { "role": "assistant" },
                "content": { "content_type": null, "parts": [[], 7, "<think>T</think>\n\nA"] },
                "metadata": { "content_references": 1, "citations": [{}] } } },
            "x": 7, "y": [], "z": { "message": "text" },
        } }]);
    let (told, _, left_out) = one(&gpt);
    assert_eq!(told, TOLD);
    assert_eq!(left_out.unreadable, 5, "{left_out:?}");
}

/// Claude's web page turns a long pasted text into a file, and a question may consist of nothing
/// else (<https://github.com/Superkikim/nexus-ai-chat-importer/pull/76>,
/// <https://github.com/ryanschiang/claude-export/issues/8>).
#[test]
fn text_pasted_into_claude_is_part_of_the_message() {
    let attachment = |name: &str, text: &str| {
        json!({ "file_name": name, "file_size": text.len(), "file_type": "txt",
            "extracted_content": text })
    };
    let human = |uuid: &str, text: &str, attachments: Value, files: Value| {
        json!({ "uuid": uuid, "sender": "human", "text": text,
            "content": [{ "type": "text", "text": text }],
            "attachments": attachments, "files": files })
    };
    let picture = json!([{ "file_uuid": "f", "file_name": "image.png" }]);
    let file = json!([{ "uuid": "c", "name": "N", "chat_messages": [
        human("1", "Read this.", json!([attachment("paste.txt", "one\ntwo\n")]), picture),
        human("2", "", json!([attachment("", "a ```` fence"), attachment("b.png", "")]), json!([])),
        { "uuid": "3", "sender": "human", "text": "", "content": [],
            "attachments": [attachment("no\ntes.md", "# Notes")], "files": null },
    ] }]);
    let (told, _, left_out) = one(&file);
    assert_eq!(
        told,
        [
            "user: Read this.\n\npaste.txt:\n```\none\ntwo\n```",
            "user: `````\na ```` fence\n`````",
            "user: notes.md:\n```\n# Notes\n```",
        ]
    );
    assert_eq!(left_out, LeftOut { attachments: 2, ..LeftOut::default() });
}

/// The shape is that of `DatabaseMessageExtra` in llama.cpp's
/// `tools/ui/src/lib/types/database.d.ts`.
#[test]
fn text_pasted_into_the_llama_cpp_ui_is_part_of_the_message() {
    let extra = json!([
        { "type": "TEXT", "name": "Pasted", "content": "long" },
        { "type": "context", "name": "old", "content": "older" },
        { "type": "IMAGE", "name": "i.png", "base64Url": "data:image/png;base64,AA" },
    ]);
    let file = json!({ "conv": { "id": "c", "name": "N" }, "messages": [
        { "id": "1", "parent": null, "role": "user", "content": "Q", "extra": extra },
    ] });
    let (told, _, left_out) = one(&file);
    assert_eq!(told, ["user: Q\n\nPasted:\n```\nlong\n```\n\nold:\n```\nolder\n```"]);
    assert_eq!(left_out, LeftOut { attachments: 1, ..LeftOut::default() });
}
