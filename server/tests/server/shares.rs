//! Shares: what strangers see of a conversation, what they never see, and who may share.

use std::io::Read as _;

use protocol::AccountRole;
use protocol::api::{AccountList, ShareList, ShareSummary};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use upstream::{Answer, Script, Step};

use super::entrance::{add, log_in};
use super::support::{Server, code, start};

/// A phrase of the system prompt (`prompts/companion.en.md`).
const PROMPT: &str = "You have no tools";
const THINKING: &str = "a private thought";

/// A server with a conversation that has an answer with thinking; the conversation's path.
async fn lived(lines: &str) -> (Server, String) {
    let server = start(lines).await;
    let answer = Answer {
        reasoning: Some(THINKING.to_owned()),
        text: Some("Because *so*.".to_owned()),
        ..Answer::default()
    };
    server.upstream.script(Script::always([Step::Answer(answer)]));
    let worker = server.worker().await;
    server.send(&worker, "Why?").await;
    server.ended(server.worker_id().await).await;
    (server, worker)
}

async fn share(server: &Server, worker: &str, body: Value) -> ShareSummary {
    let made = server.post(&format!("{worker}/shares")).json(&body).send().await.unwrap();
    let status = made.status();
    let text = made.text().await.unwrap();
    assert_eq!(status, StatusCode::CREATED, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn list(server: &Server) -> Vec<ShareSummary> {
    let list = server.get("/api/v1/shares").send().await.unwrap();
    list.json::<ShareList>().await.unwrap().shares
}

/// A page as somebody reads it who has no session and no cookie.
async fn read(server: &Server, path: &str) -> (u16, String) {
    let page = server.get(path).send().await.unwrap();
    (page.status().as_u16(), page.text().await.unwrap())
}

async fn rename(server: &Server, worker: &str, title: &str) {
    let patch = json!({ "title": title });
    let renamed = server.client.patch(server.url(worker)).json(&patch).send().await.unwrap();
    assert_eq!(renamed.status(), 200);
}

#[tokio::test]
async fn a_share_is_a_copy_that_does_not_change() {
    let (server, worker) = lived("").await;
    rename(&server, &worker, "Reasons").await;
    let made = share(&server, &worker, json!({})).await;
    assert_eq!((made.messages, made.title.as_deref()), (2, Some("Reasons")));
    let (status, page) = read(&server, &made.path).await;
    assert_eq!(status, 200);
    for shown in ["<title>Reasons", "Why?", "Because <em>so</em>.", "scripted-model"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    server.says("A later answer.");
    server.send(&worker, "A later question").await;
    server.ended(server.worker_id().await).await;
    rename(&server, &worker, "Another title").await;
    assert_eq!(read(&server, &made.path).await, (200, page));
    let again = share(&server, &worker, json!({ "days": 1 })).await;
    assert_ne!(again.path, made.path);
    assert!(read(&server, &again.path).await.1.contains("A later answer."));
    let days = |share: &ShareSummary| share.expires_at.ms_since(share.created_at) / 86_400_000;
    assert_eq!((days(&made), days(&again)), (30, 1));
    assert_eq!(list(&server).await, [again, made]);
}

#[tokio::test]
async fn nothing_is_shared_but_what_was_chosen() {
    let (server, worker) = lived("").await;
    let id = server.worker_id().await.to_string();
    let messages = server.get(&format!("{worker}/transcript")).send().await.unwrap();
    let messages: Value = messages.json().await.unwrap();
    let question = messages["messages"][0]["id"].as_str().unwrap().to_owned();
    let answer = messages["messages"][1]["id"].as_str().unwrap().to_owned();
    let plain = share(&server, &worker, json!({})).await;
    let full = share(&server, &worker, json!({ "thinking": true, "system_prompt": true })).await;
    let short = share(&server, &worker, json!({ "until": question })).await;
    for path in [plain.path.clone(), format!("{}/file", plain.path)] {
        let (_, page) = read(&server, &path).await;
        for hidden in [PROMPT, THINKING, &id, &question, &answer, "backend-internal", "/c/"] {
            assert!(!page.contains(hidden), "{hidden}: {page}");
        }
    }
    for path in [full.path.clone(), format!("{}/file", full.path)] {
        let (_, page) = read(&server, &path).await;
        assert!(page.contains(PROMPT) && page.contains(THINKING), "{page}");
    }
    let (_, page) = read(&server, &short.path).await;
    assert!(page.contains("Why?") && !page.contains("Because"), "{page}");
    // What is stored has no more than what is shown.
    let db = rusqlite::Connection::open(server.data().join("companion.db")).unwrap();
    let sql = "SELECT excerpt FROM shares WHERE id = ?";
    let stored: String = db.query_row(sql, [plain.id], |row| row.get(0)).unwrap();
    assert!(!stored.contains(THINKING) && !stored.contains(PROMPT), "{stored}");
}

#[tokio::test]
async fn the_branch_that_was_chosen_is_shared_and_no_other() {
    let (server, worker) = lived("").await;
    let messages = server.get(&format!("{worker}/transcript")).send().await.unwrap();
    let messages: Value = messages.json().await.unwrap();
    let (question, answer) =
        (messages["messages"][0]["id"].clone(), messages["messages"][1]["id"].clone());
    server.says("Another version.");
    let again = json!({ "id": super::support::message_id(), "question": question });
    let asked = server.post(&format!("{worker}/turns")).json(&again).send().await.unwrap();
    assert_eq!(asked.status(), 202);
    server.ended(server.worker_id().await).await;
    let older = share(&server, &worker, json!({ "until": answer })).await;
    let newest = share(&server, &worker, json!({})).await;
    let (_, page) = read(&server, &older.path).await;
    assert!(page.contains("Because") && !page.contains("Another version"), "{page}");
    let (_, page) = read(&server, &newest.path).await;
    assert!(!page.contains("Because") && page.contains("Another version"), "{page}");
    let unknown = json!({ "until": super::support::message_id() });
    let unknown = server.post(&format!("{worker}/shares")).json(&unknown).send().await.unwrap();
    assert_eq!(code(unknown).await.1, "not_found");
}

#[tokio::test]
async fn unknown_ended_revoked_and_closed_addresses_get_the_same_page() {
    let (server, worker) = lived("").await;
    let id = server.worker_id().await;
    let [revoked, ended, closed] = [
        share(&server, &worker, json!({})).await,
        share(&server, &worker, json!({})).await,
        share(&server, &worker, json!({})).await,
    ];
    let path = format!("/api/v1/shares/{}", revoked.id);
    let delete = async || server.client.delete(server.url(&path)).send().await.unwrap();
    assert_eq!(delete().await.status(), 204);
    assert_eq!(code(delete().await).await.1, "not_found");
    let db = rusqlite::Connection::open(server.data().join("companion.db")).unwrap();
    db.busy_timeout(super::support::HANG).unwrap();
    db.execute("UPDATE shares SET expires_ms = 9 WHERE id = ?", [ended.id]).unwrap();
    assert_eq!(list(&server).await, std::slice::from_ref(&closed));
    let deleted = server.client.delete(server.url(&worker)).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    let unknown = "/s/0123456789abcdef0123456789abcdef".to_owned();
    let missing = read(&server, &unknown).await;
    assert_eq!(missing.0, 404);
    for path in [
        revoked.path.clone(),
        ended.path.clone(),
        closed.path.clone(),
        format!("{}/file", closed.path),
        "/s/x".to_owned(),
        format!("{unknown}0"),
        closed.path.to_uppercase().replace("/S/", "/s/"),
        "/s/%00".to_owned(),
    ] {
        assert_eq!(read(&server, &path).await, missing, "{path}");
    }
    assert!(!missing.1.contains("href=\"/c/") && !missing.1.contains("/login"), "{}", missing.1);
    assert!(!list(&server).await[0].open);
    // A conversation that is restored opens its shares again; one that is removed takes them along.
    let restored = server.post(&format!("{worker}/restore")).send().await.unwrap();
    assert_eq!(restored.status(), 200);
    assert_eq!(read(&server, &closed.path).await.0, 200);
    server.home().delete_for_good(id).await.unwrap();
    assert_eq!(read(&server, &closed.path).await, missing);
    server.shares.collect().await.unwrap();
    let left: u32 = db.query_row("SELECT count(*) FROM shares", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_page_for_strangers_is_in_no_index_no_cache_and_no_referrer() {
    let (server, worker) = lived("").await;
    let made = share(&server, &worker, json!({})).await;
    let missing = "/s/0123456789abcdef0123456789abcdef".to_owned();
    for (path, status) in
        [(made.path.clone(), 200), (format!("{}/file", made.path), 200), (missing, 404)]
    {
        let answer = server.get(&path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-robots-tag"), "noindex, nofollow, noarchive");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cache-control"), "private, no-store");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; img-src"), "{policy}");
        assert!(!policy.contains("script"), "{policy}");
        assert!(answer.headers().get("set-cookie").is_none());
        let is_file = answer.headers().contains_key("content-disposition");
        assert_eq!(is_file, path.ends_with("/file"));
    }
    let (_, page) = read(&server, &made.path).await;
    for wanted in [
        "<meta name=\"robots\" content=\"noindex, nofollow, noarchive\">",
        "<meta property=\"og:title\" content=\"Why?\">",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(!page.contains("og:description") && !page.contains("<script"), "{page}");
    // The rest of the site keeps its own policy, which its forms need.
    let settings = server.get("/settings").send().await.unwrap();
    assert_eq!(settings.headers()["referrer-policy"], "same-origin");
}

/// As browsers ask for it. The body is a stream, which the layer that compresses pages polls in its
/// own way.
#[tokio::test]
async fn a_page_arrives_whole_when_it_is_compressed() {
    let (server, worker) = lived("").await;
    let made = share(&server, &worker, json!({})).await;
    let id = server.worker_id().await;
    for path in [made.path.clone(), format!("{}/file", made.path), format!("/share/{id}/preview")] {
        let (_, plain) = read(&server, &path).await;
        let answer = server.get(&path).header("accept-encoding", "br").send().await.unwrap();
        assert_eq!(answer.headers()["content-encoding"], "br", "{path}");
        let bytes = answer.bytes().await.unwrap();
        let mut text = String::new();
        brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain, "{path}");
    }
}

#[tokio::test]
async fn a_file_needs_nothing_but_itself() {
    let (server, worker) = lived("").await;
    server.says("See [this](https://example.com/x) and ![that](https://example.com/y.png).");
    server.send(&worker, "Where?").await;
    server.ended(server.worker_id().await).await;
    let made = share(&server, &worker, json!({})).await;
    let (_, shared) = read(&server, &format!("{}/file", made.path)).await;
    let exported = server.get(&format!("{worker}/export?format=html")).send().await.unwrap();
    assert_eq!(exported.headers()["content-type"], "text/html; charset=utf-8");
    let name = exported.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(name.starts_with("attachment; filename=\"Why-") && name.ends_with(".html\""), "{name}");
    let exported = exported.text().await.unwrap();
    // The owner's own file has the thinking, folded; the system prompt is in neither.
    assert!(exported.contains(THINKING) && !exported.contains(PROMPT), "{exported}");
    assert!(!shared.contains(THINKING));
    for file in [shared, exported] {
        assert!(file.starts_with("<!DOCTYPE html><html lang=\"en\"><head>"), "{file}");
        assert!(file.ends_with("</main></body></html>\n"), "{file}");
        assert!(file.contains("content=\"default-src 'none'; style-src 'unsafe-inline'; img-src"));
        assert!(file.contains("<style>@layer reset, tokens"), "{file}");
        for loading in ["<script", "<link", "<img", "<iframe", "src=", "/pkg/", "@import"] {
            assert!(!file.contains(loading), "{loading}: {file}");
        }
        // Images of answers are links, as everywhere.
        assert!(file.contains("href=\"https://example.com/y.png\""), "{file}");
    }
}

#[tokio::test]
async fn texts_titles_and_names_of_models_are_only_text() {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror=alert(2)>";
    let server = start("").await;
    let answer = Answer {
        text: Some(EVIL.to_owned()),
        reasoning: Some(EVIL.to_owned()),
        ..Answer::default()
    };
    let script = Script { models: vec![EVIL.to_owned()], ..Script::always([Step::Answer(answer)]) };
    server.upstream.script(script);
    let worker = server.worker().await;
    let patch = json!({ "title": EVIL, "model": EVIL, "provider": "openai" });
    let patched = server.client.patch(server.url(&worker)).json(&patch).send().await.unwrap();
    assert_eq!(patched.status(), 200, "{}", patched.text().await.unwrap());
    server.send(&worker, EVIL).await;
    server.ended(server.worker_id().await).await;
    let all = json!({ "thinking": true, "system_prompt": true });
    let made = share(&server, &worker, all).await;
    let id = server.worker_id().await;
    for path in [
        made.path.clone(),
        format!("{}/file", made.path),
        format!("{worker}/export?format=html"),
        format!("/share/{id}"),
        format!("/share/{id}/preview?thinking=on&prompt=on"),
        "/shares".to_owned(),
    ] {
        let (status, page) = read(&server, &path).await;
        assert_eq!(status, 200, "{path}");
        // The list has the one script of its own.
        let own = if path == "/shares" { 1 } else { 0 };
        assert_eq!(page.matches("<script").count(), own, "{path}: {page}");
        assert!(!page.contains("<img"), "{path}: {page}");
        assert!(page.contains("&lt;script"), "{path}: {page}");
    }
}

#[tokio::test]
async fn only_the_owner_shares_lists_and_revokes() {
    let server = start("require_login = true").await;
    let ada = add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Eve", AccountRole::Owner).await;
    let bob_id = add(&server, "Bob", AccountRole::Member).await;
    let (ada_in, bob) = (log_in(&server, "Ada").await, log_in(&server, "Bob").await);
    server.says("An answer of Bob's.");
    let workers = bob.on(server.post(&server.workers())).send().await.unwrap();
    let id = workers.json::<protocol::Worker>().await.unwrap().worker_id;
    let worker = format!("{}/{id}", server.workers());
    let message = json!({ "id": super::support::message_id(), "text": "A question of Bob's" });
    let sent = bob.on(server.post(&format!("{worker}/messages"))).json(&message);
    assert_eq!(sent.send().await.unwrap().status(), 202);
    let shares = format!("{worker}/shares");
    let made = loop {
        let made = bob.on(server.post(&shares)).json(&json!({})).send().await.unwrap();
        let share: ShareSummary = made.json().await.unwrap();
        if read(&server, &share.path).await.1.contains("An answer of Bob's.") {
            break share;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    // Another account, an owner's too, finds neither the conversation nor its shares.
    let stolen = ada_in.on(server.post(&shares)).json(&json!({})).send().await.unwrap();
    assert_eq!(code(stolen).await.1, "not_found");
    let listed = ada_in.on(server.get("/api/v1/shares")).send().await.unwrap();
    assert_eq!(listed.json::<ShareList>().await.unwrap().shares, []);
    let path = format!("/api/v1/shares/{}", made.id);
    let revoked = ada_in.on(server.client.delete(server.url(&path))).send().await.unwrap();
    assert_eq!(code(revoked).await.1, "not_found");
    for page in [format!("/share/{id}"), format!("/share/{id}/preview")] {
        let page = ada_in.on(server.get(&page)).send().await.unwrap();
        assert_eq!(page.status(), 404);
        assert!(!page.text().await.unwrap().contains("Bob"));
    }
    let form = |session: &super::entrance::Session, path: &str, body: String| {
        session.on(server.post(path)).header("content-type", FORM).body(body).send()
    };
    let forged = form(&ada_in, &format!("/share/{id}"), "days=7".to_owned()).await.unwrap();
    assert_eq!(forged.status(), 404);
    let forged = form(&ada_in, "/shares/revoke", format!("share={}", made.id)).await.unwrap();
    assert_eq!(forged.status(), 404);
    // A stranger reads the share, without a login, and nothing about whose it is.
    let (status, page) = read(&server, &made.path).await;
    assert_eq!(status, 200);
    assert!(page.contains("A question of Bob&#x27;s") || page.contains("A question of Bob's"));
    assert!(!page.replace("of Bob", "").contains("Bob"), "{page}");
    for path in [format!("/share/{id}"), "/shares".to_owned(), "/api/v1/shares".to_owned()] {
        assert_eq!(read(&server, &path).await.0, 401, "{path}");
    }
    // An owner sees how many there are, and nothing else of them.
    let accounts = ada_in.on(server.get("/api/v1/accounts")).send().await.unwrap();
    let accounts = accounts.json::<AccountList>().await.unwrap().accounts;
    let counts: Vec<_> = accounts.iter().map(|account| account.shares).collect();
    let his = bob.on(server.get("/api/v1/shares")).send().await.unwrap();
    let his = his.json::<ShareList>().await.unwrap().shares.len();
    assert_eq!(counts, [Some(0), Some(0), Some(u32::try_from(his).unwrap())]);
    let page = ada_in.on(server.get(&format!("/accounts/change?id={bob_id}"))).send().await;
    let page = page.unwrap().text().await.unwrap();
    assert!(page.contains(&format!("Shares: {his}")) && !page.contains(&made.path), "{page}");
    // A disabled account closes what it has shared.
    server.accounts.disable(Some(ada), bob_id, None).await.unwrap();
    assert_eq!(read(&server, &made.path).await.0, 404);
    let audit = ada_in.on(server.get("/api/v1/audit")).send().await.unwrap();
    let audit: Value = audit.json().await.unwrap();
    let entry = audit["entries"].as_array().unwrap().iter().find(|e| e["what"] == "share_made");
    assert_eq!(entry.unwrap()["by"], bob_id.get());
}

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_person_shares_by_the_form_and_sees_the_address_again() {
    let (server, worker) = lived("").await;
    let id = server.worker_id().await;
    let (status, form) = read(&server, &format!("/share/{id}")).await;
    assert_eq!(status, 200);
    for wanted in
        ["1. You: Why?", "2. Companion: Because *so*.", "name=\"thinking\"", "value=\"365\""]
    {
        assert!(form.contains(wanted), "{wanted}: {form}");
    }
    let client = Client::builder().redirect(Policy::none()).build().unwrap();
    let post = async |path: &str, body: &str| {
        let form = client.post(server.url(path)).header("content-type", FORM);
        form.body(body.to_owned()).send().await.unwrap()
    };
    let path = format!("/share/{id}");
    let made = post(&path, "title=Chosen&thinking=on&days=7").await;
    assert_eq!(made.status(), 303);
    let leads = made.headers()["location"].to_str().unwrap().to_owned();
    let shares = list(&server).await;
    assert_eq!(leads, format!("/shares?made={}", shares[0].id));
    assert_eq!((shares[0].title.as_deref(), shares[0].thinking), (Some("Chosen"), true));
    for page in [leads, "/shares".to_owned()] {
        let (_, page) = read(&server, &page).await;
        let address = format!("value=\"{}\"", server.url(&shares[0].path));
        assert!(page.contains(&address) && page.contains("these links work only there"), "{page}");
    }
    // The preview is the same but for its first lines.
    let query = "title=Chosen&thinking=on";
    let (_, preview) = read(&server, &format!("/share/{id}/preview?{query}")).await;
    let (_, page) = read(&server, &shares[0].path).await;
    let messages = |page: &str| page[page.find("<article").unwrap()..].to_owned();
    assert_eq!(messages(&preview), messages(&page));
    assert!(preview.contains(THINKING));
    for wrong in ["days=2", "until=x", "days=x"] {
        let refused = post(&path, wrong).await;
        assert!(matches!(refused.status().as_u16(), 404 | 422), "{wrong}: {}", refused.status());
    }
    let revoked = post("/shares/revoke", &format!("share={}", shares[0].id)).await;
    assert_eq!(revoked.status(), 303);
    assert_eq!(list(&server).await, []);
    let _ = worker;
}

#[tokio::test]
async fn sharing_can_be_switched_off() {
    let (server, worker) = lived("share = false").await;
    let refused = server.post(&format!("{worker}/shares")).json(&json!({})).send().await.unwrap();
    let (status, name, _) = code(refused).await;
    assert_eq!((status, name.as_str()), (403, "forbidden"));
    let id = server.worker_id().await;
    let (status, page) = read(&server, &format!("/share/{id}")).await;
    assert_eq!(status, 403);
    assert!(page.contains("Sharing is turned off") && !page.contains("action=\"/share/"), "{page}");
}

#[tokio::test]
async fn an_empty_conversation_is_not_shared() {
    let server = start("").await;
    let worker = server.worker().await;
    let refused = server.post(&format!("{worker}/shares")).json(&json!({})).send().await.unwrap();
    assert_eq!(code(refused).await.1, "invalid_input");
    for days in [0, 2, 366] {
        let body = json!({ "days": days });
        let refused = server.post(&format!("{worker}/shares")).json(&body).send().await.unwrap();
        assert_eq!(code(refused).await.0, 422, "{days}");
    }
}
