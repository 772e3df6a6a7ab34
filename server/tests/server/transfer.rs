//! Exports and imports of conversations over the API.

use futures::{StreamExt as _, stream};
use protocol::api::{ImportFormat, ImportReport, RefusalCode};
use protocol::{EventBody, Transcript};
use reqwest::Body;
use store::ConversationExport;
use transfer::{Writer, read};

use super::support::{HANG, Server, code, message_id, start};

const RUNTIME: &str = "/api/v1/runtimes/backend-internal";

async fn bytes(server: &Server, path: &str) -> (String, String, Vec<u8>) {
    let response = server.get(path).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
    let (kind, disposition) = (header("content-type"), header("content-disposition"));
    assert!(disposition.starts_with("attachment; filename=\""), "{disposition}");
    (kind, disposition, response.bytes().await.unwrap().to_vec())
}

async fn import(server: &Server, query: &str, file: impl Into<Body>) -> ImportReport {
    let path = format!("{RUNTIME}/import{query}");
    let response = server.post(&path).body(file).send().await.unwrap();
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    response.json().await.unwrap()
}

/// A server with one conversation, which has a title, a branch and two answers.
async fn lived() -> (Server, String) {
    let server = start("").await;
    server.says("一つ目。\n\n# As written");
    let worker = server.worker().await;
    let id = server.worker_id().await;
    let accepted = server.send(&worker, "潮の満ち引き, please?").await;
    server.ended(id).await;
    server.says("Another answer.");
    let body = serde_json::json!({
        "id": message_id(), "text": "Otherwise?", "parent": accepted.turn.answer,
    });
    let path = format!("{worker}/messages");
    for text in ["Otherwise?", "Or so?"] {
        let mut body = body.clone();
        (body["id"], body["text"]) = (message_id().to_string().into(), text.into());
        assert_eq!(server.post(&path).json(&body).send().await.unwrap().status(), 202);
        server.ended(id).await;
    }
    (server, worker)
}

#[tokio::test]
async fn an_exported_conversation_can_be_imported_and_continued_on_another_server() {
    let (server, worker) = lived().await;
    let (kind, name, all) = bytes(&server, &format!("{RUNTIME}/export")).await;
    assert_eq!(kind, "application/jsonl; charset=utf-8");
    assert!(name.contains("companion-2"), "{name}");
    let (_, name, one) = bytes(&server, &format!("{worker}/export")).await;
    assert!(name.contains("filename*=UTF-8''%E6%BD%AE"), "{name}");
    assert_eq!(one, all, "there is one conversation");

    let other = start("").await;
    let before = other.worker_id().await;
    let report = import(&other, "", one.clone()).await;
    assert_eq!((report.imported, report.skipped, report.format), (1, 0, ImportFormat::Companion));
    let id = report.workers[0];
    assert_ne!(id, before);
    let page: serde_json::Value =
        other.get(&other.workers()).send().await.unwrap().json().await.unwrap();
    assert_eq!(page["workers"].as_array().unwrap().len(), 2);
    let read = async |server: &Server, path: &str| -> Transcript {
        let path = format!("{path}/transcript");
        server.get(&path).send().await.unwrap().json().await.unwrap()
    };
    let moved = format!("{}/{id}", other.workers());
    assert_eq!(read(&other, &moved).await, read(&server, &worker).await);

    // The imported conversation can be continued, and its earlier version can still be imported
    // again.
    other.says("Here too.");
    other.send(&moved, "And here?").await;
    other.sees(id, "Here too.").await;
    let report = import(&other, "", one).await;
    assert_eq!((report.imported, report.skipped), (0, 1));
}

#[tokio::test]
async fn a_conversation_of_another_program_can_be_retried_continued_and_edited() {
    const CHATGPT: &[u8] =
        include_bytes!("../../../runtime/transfer/tests/transfer/fixtures/chatgpt-plain.json");
    let server = start("").await;
    server.says("New.");
    let report = import(&server, "", CHATGPT).await;
    let id = report.workers[0];
    let worker = format!("{RUNTIME}/workers/{id}");
    let page = server.get(&format!("{worker}/transcript")).send().await.unwrap();
    let page: Transcript = page.json().await.unwrap();
    let (question, answer) = (&page.messages[0], &page.messages[1]);
    for continues in [None, Some(answer.id)] {
        let body = serde_json::json!({
            "id": message_id(), "question": question.id, "continues": continues,
        });
        let again = server.post(&format!("{worker}/turns")).json(&body).send().await.unwrap();
        assert_eq!(again.status(), 202, "{:?}", again.text().await);
        server.ended(id).await;
    }
    let body = serde_json::json!({ "id": message_id(), "text": "Edited", "edits": question.id });
    let edited = server.post(&format!("{worker}/messages")).json(&body).send().await.unwrap();
    assert_eq!(edited.status(), 202);
    server.ended(id).await;
    let after = server.get(&format!("{worker}/transcript")).send().await.unwrap();
    let after: Transcript = after.json().await.unwrap();
    let new: Vec<_> =
        after.messages[page.messages.len()..].iter().map(|m| m.text.clone()).collect();
    let continued = format!("{}New.", answer.text);
    assert_eq!(new, ["New.", &continued, "Edited", "New."]);
    // The imported messages are unchanged.
    assert_eq!(after.messages[..page.messages.len()], page.messages);
    // An imported conversation with branches can be edited, exported, and imported elsewhere.
    let (_, _, file) = bytes(&server, &format!("{worker}/export")).await;
    let other = start("").await;
    assert_eq!(import(&other, "?strict=true", file.clone()).await.imported, 1);
    let (_, _, again) = bytes(&other, &format!("{worker}/export")).await;
    assert_eq!(again, file);
}

#[tokio::test]
async fn observers_of_a_purged_conversation_can_follow_it_after_an_import() {
    let (server, worker) = lived().await;
    let id = server.worker_id().await;
    let (_, _, file) = bytes(&server, &format!("{worker}/export")).await;
    let runtime = server.home();
    // An observer that has not read yet still has the news of the deletion pending.
    let _slow = runtime.observe(id, None).await.unwrap();
    let purge = server.url(&format!("{worker}?purge=true"));
    assert_eq!(server.client.delete(purge).send().await.unwrap().status(), 204);
    assert_eq!(server.get(&worker).send().await.unwrap().status(), 404);
    assert_eq!(import(&server, "", file).await.imported, 1);
    let mut fresh = runtime.observe(id, None).await.unwrap();
    assert!(matches!(fresh.next().await, Some(protocol::Frame::Snapshot { .. })));
    // If it were told of the deletion, it would close at once.
    let next = futures::poll!(std::pin::pin!(fresh.next()));
    assert!(next.is_pending(), "{next:?}");
    server.says("Back.");
    server.send(&worker, "Are you there?").await;
    let mut seen = false;
    while !seen {
        let frame = tokio::time::timeout(HANG, fresh.next()).await.unwrap().unwrap();
        let protocol::Frame::Event(envelope) = frame else { panic!("{frame:?}") };
        seen = matches!(envelope.event.body, EventBody::TurnEnded { .. });
    }
}

#[tokio::test]
async fn an_import_does_not_change_deleted_conversations_and_reports_them() {
    let (server, worker) = lived().await;
    let (_, _, early) = bytes(&server, &format!("{worker}/export")).await;
    server.says("Here too.");
    server.send(&worker, "And here?").await;
    server.ended(server.worker_id().await).await;
    let (_, _, whole) = bytes(&server, &format!("{worker}/export")).await;
    assert_eq!(server.client.delete(server.url(&worker)).send().await.unwrap().status(), 204);

    let report = import(&server, "", early.clone()).await;
    assert_eq!((report.imported, report.skipped, report.kept, report.deleted), (0, 0, 0, 1));
    for (language, words) in [
        ("en", "1 was deleted here and was not restored."),
        ("ja", "1 件はここで削除した会話のため、復元しませんでした。"),
    ] {
        let mut form = b"--x\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n".to_vec();
        form.extend_from_slice(&early);
        form.extend_from_slice(b"\r\n--x--\r\n");
        let page = server.post("/data").header("accept-language", language);
        let page = page.header("content-type", "multipart/form-data; boundary=x").body(form);
        let page = page.send().await.unwrap().text().await.unwrap();
        assert!(page.contains(words), "{page}");
    }
    assert_eq!(server.post(&format!("{worker}/restore")).send().await.unwrap().status(), 200);
    assert_eq!(bytes(&server, &format!("{worker}/export")).await.2, whole);
}

/// Response bodies hold the permits: a reader that stops reading keeps its own one and no other.
#[tokio::test]
async fn the_number_of_slow_export_readers_is_limited() {
    let (server, worker) = lived().await;
    let (_, _, file) = bytes(&server, &format!("{worker}/export")).await;
    let mut log: ConversationExport = read(&file).unwrap().remove(0);
    // More than the socket buffers hold, and nothing that is searchable.
    let long = format!("x{}", " ".repeat(10 << 20));
    for event in &mut log.events {
        if let EventBody::MessageCommitted { message } = &mut event.body
            && message.text == "Or so?"
        {
            message.text.clone_from(&long);
        }
    }
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out);
    writer.conversation(&log, &mut out);
    writer.end(&mut out);
    let other = start("").await;
    assert_eq!(import(&other, "", out).await.imported, 1);
    let paths = ["", "?format=markdown"]
        .map(|query| format!("{}/{}/export{query}", other.workers(), log.worker.worker_id));
    let mut held = Vec::new();
    for path in paths.iter().cycle().take(4) {
        let answer = other.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        held.push(answer);
    }
    let all = format!("{RUNTIME}/export");
    for path in paths.iter().chain([&all]) {
        let (status, name, _) = code(other.get(path).send().await.unwrap()).await;
        assert_eq!((status, name.as_str()), (429, "rate_limited"), "{path}");
    }
    let read = held.pop().unwrap().bytes().await.unwrap();
    assert!(read.len() > long.len());
    drop(held);
    // The permits are free once the server has noticed the end of the connections.
    let free = async {
        while other.get(&paths[0]).send().await.unwrap().status() == 429 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANG, free).await.unwrap();
}

#[tokio::test]
async fn a_markdown_export_has_the_newest_branch_as_written() {
    let (server, worker) = lived().await;
    let (kind, name, text) = bytes(&server, &format!("{worker}/export?format=markdown")).await;
    assert_eq!(kind, "text/markdown; charset=utf-8");
    assert!(name.ends_with(".md"), "{name}");
    let text = String::from_utf8(text).unwrap();
    assert!(text.starts_with("# 潮の満ち引き, please?\n\n- Date: 2"), "{text}");
    assert!(text.contains("- Model: scripted-model\n"), "{text}");
    assert!(text.contains("2 messages of other branches are not in it"), "{text}");
    assert!(text.contains("\n\n一つ目。\n\n# As written\n"), "{text}");
    assert!(
        text.contains("## You · ") && text.contains(" · one of 2 versions\n\nOr so?\n"),
        "{text}"
    );
    assert!(!text.contains("Otherwise?"), "{text}");
    let path = format!("{worker}/export?format=pdf");
    assert_eq!(code(server.get(&path).send().await.unwrap()).await.0, 422);
}

#[tokio::test]
async fn with_strict_any_error_is_reported_and_nothing_is_imported() {
    let (server, _) = lived().await;
    let (_, _, file) = bytes(&server, &format!("{RUNTIME}/export")).await;
    let other = start("import_bytes = 1048576").await;
    let path = format!("{RUNTIME}/import?strict=true");
    let refused = async |file: Vec<u8>| {
        let response = other.post(&path).body(file).send().await.unwrap();
        let (status, code, body) = code(response).await;
        (status, code, body["error"]["message"].as_str().unwrap().to_owned())
    };
    let text = String::from_utf8(file.clone()).unwrap();
    let line = text.lines().position(|line| line.contains("Or so?")).unwrap() + 1;
    let damaged = text.replacen("Or so?", "Or no?", 1).into_bytes();
    let (status, name, message) = refused(damaged).await;
    assert_eq!((status, name.as_str()), (422, "invalid_input"));
    assert!(message.starts_with(&format!("Line {line}: ")), "{message}");
    for bad in [&b""[..], b"hello", b"[", b"{}", b"[{\"a\":1}]", b"\xff\xfe"] {
        assert_eq!(refused(bad.to_vec()).await.0, 422, "{bad:?}");
    }
    assert_eq!(other.home().summary().await.unwrap().workers, 1);

    // First with an announced size, then in pieces without one.
    let large = vec![b'x'; 2 << 20];
    assert_eq!(refused(large.clone()).await.0, 413);
    let pieces = stream::iter(large.chunks(1 << 16).map(<[u8]>::to_vec).collect::<Vec<_>>());
    let body = Body::wrap_stream(pieces.map(Ok::<_, std::io::Error>));
    let response = other.post(&path).body(body).send().await;
    // The server may close the connection before all of it is sent.
    let refused = response.map(|answer| answer.status().as_u16());
    assert!(!matches!(refused, Ok(status) if status != 413), "{refused:?}");
    // The permit is free again once the server has noticed the end of the connection.
    let mut again = 429;
    while again == 429 {
        again = other.post(&path).body(file.clone()).send().await.unwrap().status().as_u16();
    }
    assert_eq!(again, 200);
}

#[tokio::test]
async fn a_conflicting_conversation_is_refused_with_its_id_or_skipped() {
    let (server, worker) = lived().await;
    let id = server.worker_id().await;
    let (_, _, file) = bytes(&server, &format!("{RUNTIME}/export")).await;
    let mut logs: Vec<ConversationExport> = read(&file).unwrap();
    logs[0].log.0 ^= 1;
    let mut out = Vec::new();
    let mut writer = Writer::begin(&mut out);
    writer.conversation(&logs[0], &mut out);
    writer.end(&mut out);
    let path = format!("{RUNTIME}/import?strict=true");
    let refused = code(server.post(&path).body(out.clone()).send().await.unwrap()).await;
    assert_eq!(refused.0, 422);
    assert!(refused.2["error"]["message"].as_str().unwrap().contains(&id.to_string()));
    let path = format!("{RUNTIME}/import?existing=refuse");
    assert_eq!(server.post(&path).body(out.clone()).send().await.unwrap().status(), 422);
    for query in ["", "?strict=true&existing=keep"] {
        let report = import(&server, query, out.clone()).await;
        assert_eq!((report.imported, report.kept, report.kept_workers), (0, 1, vec![id]));
    }
    let after = bytes(&server, &format!("{worker}/export")).await.2;
    assert_eq!(after, file);
}

#[tokio::test]
async fn other_sites_cannot_import_and_a_slow_upload_blocks_nobody() {
    let server = start("").await;
    let path = format!("{RUNTIME}/import");
    let foreign = server.post(&path).header("origin", "https://evil.example").body("x");
    assert_eq!(code(foreign.send().await.unwrap()).await.0, 403);

    let (pieces, body) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let body = stream::unfold(body, |mut body| async move { Some((body.recv().await?, body)) });
    let slow = server.post(&path).body(Body::wrap_stream(body));
    let slow = tokio::spawn(slow.send());
    // When the second piece is taken, the first one is with the server or on its way.
    for _ in 0..2 {
        pieces.send(Ok(b"slow".to_vec())).await.unwrap();
    }
    assert_eq!(import(&server, "", CHATS).await.imported, 2);
    drop(pieces);
    assert_eq!(slow.await.unwrap().unwrap().status(), 422);
}

/// Two sound chats, and one without messages.
const CHATS: &str = r#"[
    {"id":"a","title":"First","chat":{"messages":[{"role":"user","content":"Q"}]}},
    {"id":"b","title":"Second & <b>","mapping":null},
    {"id":"c","title":"Third","chat":{"messages":[{"role":"user","content":"Q"},{"content":"x"}]}}
]"#;

fn form(files: &[(&str, &str)], strict: bool) -> String {
    let mut form = String::new();
    for (name, text) in files {
        form += &format!(
            "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n"
        );
    }
    if strict {
        form += "--x\r\nContent-Disposition: form-data; name=\"strict\"\r\n\r\non\r\n";
    }
    form + "--x--\r\n"
}

#[tokio::test]
async fn invalid_conversations_are_reported_and_the_others_imported() {
    let server = start("").await;
    let path = format!("{RUNTIME}/import");
    let strict = server.post(&format!("{path}?strict=true")).body(CHATS).send().await.unwrap();
    let (status, _, body) = code(strict).await;
    assert_eq!(status, 422);
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("Conversation 2: it has no messages"), "{message}");
    assert_eq!(server.home().summary().await.unwrap().workers, 1);

    let report = import(&server, "", CHATS).await;
    assert_eq!((report.imported, report.refused, report.left_out), (2, 1, 1));
    assert_eq!((report.format, report.left_out_kinds.unreadable), (ImportFormat::OpenWebui, 1));
    let refusal = &report.refusals[0];
    assert_eq!((refusal.number, refusal.title.as_deref()), (Some(2), Some("Second & <b>")));
    assert_eq!((refusal.code, report.more_refusals), (RefusalCode::NoMessages, 0));

    // The page shows the result without JavaScript, in both languages.
    for (language, words) in [
        (
            "en",
            [
                "1 item was not imported:",
                "No. 2 “Second &amp; &lt;b&gt;”: ",
                "It has no messages.",
                "were already here",
            ],
        ),
        (
            "ja",
            [
                "1 件はインポートしませんでした：",
                "2 番目 「Second &amp; &lt;b&gt;」: ",
                "メッセージがありません。",
                "すでに",
            ],
        ),
    ] {
        let page = server.post("/data").header("accept-language", language);
        let page = page.header("content-type", "multipart/form-data; boundary=x");
        let page = page.body(form(&[("a.json", CHATS)], false)).send().await.unwrap();
        assert_eq!(page.status(), 200);
        let page = page.text().await.unwrap();
        assert!(page.contains(words[0]) && page.contains(words[2]), "{page}");
        let plain = page.replace("&#x27;", "'");
        assert!(plain.contains(words[1]), "{page}");
    }
    let page = server.post("/data").header("content-type", "multipart/form-data; boundary=x");
    let page = page.body(form(&[("a.json", CHATS)], true)).send().await.unwrap();
    assert_eq!(page.status(), 422);
}

/// Half an emoji, and bytes in Latin-1.
#[tokio::test]
async fn replaced_and_refused_characters_are_reported() {
    let server = start("").await;
    let half =
        r#"[{"id":"h","title":"Half","chat":{"messages":[{"role":"user","content":"\ud83d"}]}}]"#;
    let report = import(&server, "", half).await;
    let told = &report.replacements[0];
    assert_eq!((report.imported, report.replaced, told.characters), (1, 1, 1));
    assert_eq!((told.number, told.title.as_deref()), (1, Some("Half")));
    for (language, words) in
        [("en", "1 damaged character was replaced with"), ("ja", "壊れた 1 文字を � に")]
    {
        let page = server.post("/data").header("accept-language", language);
        let page = page.header("content-type", "multipart/form-data; boundary=x");
        let page = page.body(form(&[("a.json", half)], false)).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(
            page.contains(words) && page.contains("“Half”") | page.contains("「Half」"),
            "{page}"
        );
    }
    let mut latin_1 = half.replace("\\ud83d", "X").into_bytes();
    let at = latin_1.iter().position(|byte| *byte == b'X').unwrap();
    latin_1[at] = 0xfc;
    let sent = server.post(&format!("{RUNTIME}/import")).body(latin_1).send().await.unwrap();
    let (status, _, body) = code(sent).await;
    let message = body["error"]["message"].as_str().unwrap();
    assert!(status == 422 && message.contains(&format!("Byte {} ", at + 1)), "{message}");
}

/// A conversation without times has to get the same log at each import; the page does not claim
/// that it is from 1970.
#[tokio::test]
async fn conversations_without_a_date_are_shown_as_undated() {
    let server = start("").await;
    let file = r#"[{"role":"user","content":"Q"},{"role":"assistant","content":"A"}]"#;
    let report = import(&server, "", file).await;
    let worker = report.workers[0];
    for (language, words) in [("en", "Undated"), ("ja", "日付なし")] {
        for path in [format!("/c/{worker}"), "/search?q=Q".to_owned()] {
            let page = server.get(&path).header("accept-language", language);
            let page = page.send().await.unwrap().text().await.unwrap();
            assert!(page.contains(words) && !page.contains("1970-01-01 "), "{path}: {page}");
            assert!(!page.contains("datetime=\"1970"), "{path}: {page}");
        }
    }
    let path = format!("{}/{worker}/export?format=markdown", server.workers());
    let text = server.get(&path).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("## You\n") && !text.contains("1970"), "{text}");
    assert_eq!(import(&server, "", file).await.skipped, 1);
}

#[tokio::test]
async fn several_files_are_imported_at_once() {
    let server = start("").await;
    let second = r#"[{"uuid":"u","name":"C","chat_messages":[{"sender":"human","text":"Q"}]}]"#;
    let files = [("a.json", CHATS), ("b.json", second), ("c.pdf", "%PDF-1.7")];
    let path = format!("{RUNTIME}/import");
    let sent = server.post(&path).header("content-type", "multipart/form-data; boundary=x");
    let sent = sent.body(form(&files, false)).send().await.unwrap();
    assert_eq!(sent.status(), 200);
    let report: ImportReport = sent.json().await.unwrap();
    assert_eq!((report.imported, report.refused), (3, 2));
    assert_eq!(report.format, ImportFormat::Several);
    let last = &report.refusals[1];
    assert_eq!((last.file.as_deref(), last.code), (Some("c.pdf"), RefusalCode::NotAnExport));
    assert!(last.reason.contains("PDF"), "{last:?}");
    let strict = server.post(&path).header("content-type", "multipart/form-data; boundary=x");
    let strict = strict.body(form(&files, true)).send().await.unwrap();
    assert_eq!(strict.status(), 422);
    // When the page imports the same files, they are here already.
    let page = server.post("/data").header("content-type", "multipart/form-data; boundary=x");
    let page = page.body(form(&files, false)).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("3 were already here.") && page.contains("c.pdf"), "{page}");
}

#[tokio::test]
async fn a_form_upload_has_the_size_limit_of_a_body() {
    let server = start("").await;
    let path = format!("{RUNTIME}/import");
    let long = format!(r#"[{{"role":"user","content":"{}"}}]"#, "x".repeat(3 << 20));
    let sent = server.post(&path).header("content-type", "multipart/form-data; boundary=x");
    let sent = sent.body(form(&[("a.json", &long)], false)).send().await.unwrap();
    let report: ImportReport = sent.json().await.unwrap();
    assert_eq!((report.imported, report.refused), (1, 0));
}

#[tokio::test]
async fn a_conversation_without_a_question_is_refused() {
    let server = start("").await;
    let sent = server.post(&format!("{RUNTIME}/import")).header("content-type", "application/json");
    let sent = sent.body(r#"[{"role":"assistant","content":"first"}]"#).send().await.unwrap();
    let report: ImportReport = sent.json().await.unwrap();
    assert_eq!((report.imported, report.refusals[0].code), (0, RefusalCode::NoMessages));
}

#[tokio::test]
async fn the_refusal_of_a_wrong_file_says_what_it_seems_to_be() {
    let server = start("").await;
    for (file, words) in [
        (&b""[..], "it is empty"),
        (b"%PDF-1.7", "PDF document"),
        (b"<!doctype html>", "web page"),
        (b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "without a JSON file"),
    ] {
        let sent = server.post(&format!("{RUNTIME}/import")).body(file.to_vec()).send().await;
        let (status, _, body) = code(sent.unwrap()).await;
        let message = body["error"]["message"].as_str().unwrap().to_owned();
        assert!(
            status == 422 && message.to_lowercase().contains(&words.to_lowercase()),
            "{message}"
        );
    }
}
