//! Who comes in: at the machine, through proxies, by session and token, and how that ends.

use std::net::IpAddr;

use accounts::AccountName;
use protocol::api::{AccountList, CreatedToken, SessionList, SessionStatus};
use protocol::{AccountId, AccountRole};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::support::{Server, code, start};

pub(crate) const PASSWORD: &str = "a quiet harbour";

/// A browser's cookies after a login.
#[derive(Clone)]
pub(crate) struct Session(String);

impl Session {
    pub(crate) fn on(&self, request: RequestBuilder) -> RequestBuilder {
        request.header(COOKIE, &self.0)
    }
}

/// Adds an account, the first one as an owner, and returns its number.
pub(crate) async fn add(server: &Server, name: &str, role: AccountRole) -> AccountId {
    let name = AccountName::parse(name).unwrap();
    server.accounts.add(None, name, role, PASSWORD, None).await.unwrap().id
}

pub(crate) async fn log_in(server: &Server, name: &str) -> Session {
    let answer = try_login(server, name, PASSWORD).await;
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
    session_of(&answer)
}

async fn try_login(server: &Server, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password });
    server.post("/api/v1/session").json(&body).send().await.unwrap()
}

fn session_of(answer: &Response) -> Session {
    let cookies = answer.headers().get_all(SET_COOKIE).iter();
    let pairs: Vec<&str> =
        cookies.map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap()).collect();
    assert_eq!(pairs.len(), 2);
    Session(pairs.join("; "))
}

pub(crate) async fn token(server: &Server, session: &Session, scopes: &[&str]) -> String {
    let body = json!({ "name": "a program", "scopes": scopes, "days": 7 });
    let answer = session.on(server.post("/api/v1/tokens")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<CreatedToken>().await.unwrap().secret.0
}

async fn who(request: RequestBuilder) -> SessionStatus {
    let answer = request.send().await.unwrap();
    let (status, text) = (answer.status(), answer.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

/// The rule: a login is not needed only where the `Host` is a loopback name and no forwarding
/// header is there, since a proxy connects from loopback, too.
#[tokio::test]
async fn only_the_person_at_the_machine_needs_no_login() {
    let server = start("allowed_hosts = [\"companion.example\", \"127.0.0.1:8080\"]").await;
    let here = who(server.get("/api/v1/session")).await;
    assert_eq!((here.account_id, here.name), (AccountId::FIRST, None));
    let own = server.address.to_string();
    for (name, value) in [
        ("host", "companion.example"),
        // A loopback name of a proxy, which may keep the name that it received.
        ("host", "127.0.0.1:8080"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-host", "127.0.0.1:8080"),
        // What a proxy forwards for somebody elsewhere who asks it for this very name.
        ("x-forwarded-host", own.as_str()),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=192.0.2.1"),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
        ("cf-connecting-ip", "192.0.2.1"),
    ] {
        for path in ["/api/v1/session", "/api/v1/status", &server.workers(), "/data", "/settings"] {
            let request = server.get(path).header(name, value);
            assert_eq!(status(request).await, 401, "{path} with {name}: {value}");
        }
    }
    // An open proxy, which is Trunk's, says under which name and how it was reached.
    let open = start("open_hosts = [\"127.0.0.1:8080\"]").await;
    let by_trunk = |name: &str| {
        let request = open.get("/api/v1/status").header("x-forwarded-host", name);
        request.header("x-forwarded-proto", "http")
    };
    assert_eq!(status(by_trunk("127.0.0.1:8080")).await, 200);
    assert_eq!(status(by_trunk(&open.address.to_string())).await, 401);
    let strict = start("require_login = true").await;
    assert_eq!(status(strict.get("/api/v1/status")).await, 401);
    assert_eq!(status(strict.get("/healthz")).await, 200);
}

#[tokio::test]
async fn a_stranger_who_asks_for_a_page_is_led_to_the_login() {
    let server = start("require_login = true").await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    for (path, leads) in [
        ("/", "/login"),
        ("/data?a=b&c=d", "/login?next=/data?a=b%26c=d"),
        ("/c/x%20y", "/login?next=/c/x%2520y"),
    ] {
        let page = client.get(server.url(path)).header("accept", "text/html").send().await.unwrap();
        assert_eq!(page.status(), 303, "{path}");
        assert_eq!(page.headers()["location"], leads, "{path}");
    }
    let program = client.get(server.url("/api/v1/status")).send().await.unwrap();
    assert_eq!(program.headers()["www-authenticate"], "Bearer realm=\"companion\"");
    assert_eq!(code(program).await.1, "unauthorized");
    let form = client.post(server.url("/settings")).header("accept", "text/html");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let form = form.body("theme=dark").send().await.unwrap();
    assert_eq!(form.status(), 401);
}

#[tokio::test]
async fn the_first_owner_is_made_with_the_code_and_only_once() {
    let server = start("require_login = true").await;
    let code_text = server.accounts.new_set_up_code();
    let body =
        |code: &str, password: &str| json!({ "code": code, "name": "Ada", "password": password });
    let try_it = async |code: &str, password: &str| {
        server.post("/api/v1/setup").json(&body(code, password)).send().await.unwrap()
    };
    assert_eq!(code(try_it("0000-0000-0000-0000", PASSWORD).await).await.1, "unauthorized");
    assert_eq!(code(try_it(code_text.reveal(), "short").await).await.1, "invalid_input");
    let made = try_it(code_text.reveal(), PASSWORD).await;
    assert_eq!(made.status(), 200);
    let ada = session_of(&made);
    let status = who(ada.on(server.get("/api/v1/session"))).await;
    assert_eq!((status.account_id, status.role), (AccountId::FIRST, AccountRole::Owner));
    assert_eq!(try_it(code_text.reveal(), PASSWORD).await.status(), 401);
}

#[tokio::test]
async fn a_session_has_strict_cookies_and_ends_at_the_logout() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    let body = json!({ "name": "ada", "password": PASSWORD });
    let plain = server.post("/api/v1/session").json(&body).send().await.unwrap();
    for cookie in plain.headers().get_all(SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("companion-"), "{cookie}");
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    let over_https = server.post("/api/v1/session").header("x-forwarded-proto", "https");
    let over_https = over_https.json(&body).send().await.unwrap();
    for cookie in over_https.headers().get_all(SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-companion-") && cookie.ends_with("; Secure"),
            "{cookie}"
        );
    }
    let ada = session_of(&plain);
    assert_eq!(status(ada.on(server.get("/api/v1/status"))).await, 200);
    // A cookie without the prefix is not believed over HTTPS.
    let planted = ada.on(server.get("/api/v1/status")).header("x-forwarded-proto", "https");
    assert_eq!(status(planted).await, 401);
    assert_eq!(status(ada.on(server.client.delete(server.url("/api/v1/session")))).await, 204);
    assert_eq!(status(ada.on(server.get("/api/v1/status"))).await, 401);
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_say_the_same() {
    let server = start("require_login = true").await;
    let ada = add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Bob", AccountRole::Member).await;
    let mut said = Vec::new();
    for (name, password) in [("Ada", "wrong password"), ("Nobody", PASSWORD), ("\u{202e}", "")] {
        let (status, _, body) = code(try_login(&server, name, password).await).await;
        said.push((status, body));
    }
    let bob = server.accounts.find(&AccountName::parse("bob").unwrap()).await.unwrap().id;
    server.accounts.disable(Some(ada), bob, None).await.unwrap();
    let (status, _, body) = code(try_login(&server, "Bob", PASSWORD).await).await;
    said.push((status, body));
    assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    assert_eq!(said[0].0, 401);
    let wrong = try_login(&server, "Ada", "wrong password").await;
    assert!(wrong.headers().contains_key("www-authenticate"));
    // Each further failure is followed by a longer delay, which at some point is longer than a
    // login takes on the slowest machine.
    let delayed = loop {
        let answer = try_login(&server, "Ada", "wrong password").await;
        if answer.status() != 401 {
            break answer;
        }
    };
    assert_eq!(delayed.status(), 429);
    assert!(delayed.headers().contains_key("retry-after"));
    assert_eq!(try_login(&server, "Ada", PASSWORD).await.status(), 429, "the right one as well");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Bob", AccountRole::Member).await;
    let (phone, desk) = (log_in(&server, "Ada").await, log_in(&server, "Ada").await);
    let bob = log_in(&server, "Bob").await;
    let list = async |session: &Session| -> SessionList {
        session.on(server.get("/api/v1/sessions")).send().await.unwrap().json().await.unwrap()
    };
    let sessions = list(&desk).await.sessions;
    assert_eq!(sessions.len(), 2);
    let other = sessions.iter().find(|session| !session.current).unwrap().id;
    let end = |session: &Session| {
        session.on(server.client.delete(server.url(&format!("/api/v1/sessions/{other}"))))
    };
    assert_eq!(status(end(&bob)).await, 404);
    assert_eq!(status(phone.on(server.get("/api/v1/status"))).await, 200);
    assert_eq!(status(end(&desk)).await, 204);
    assert_eq!(status(phone.on(server.get("/api/v1/status"))).await, 401);
    assert_eq!(list(&desk).await.sessions.len(), 1);
}

/// What is open ends at once when its session does, and says why.
#[tokio::test]
async fn an_open_stream_ends_with_its_session() {
    let server = start("require_login = true").await;
    let ada = add(&server, "Ada", AccountRole::Owner).await;
    let session = log_in(&server, "Ada").await;
    let worker = server.home().workers(None, 1).await.unwrap().workers[0].worker_id;
    for path in [format!("{}/{worker}/events", server.workers()), events(&server)] {
        let session =
            if path == events(&server) { log_in(&server, "Ada").await } else { session.clone() };
        let stream = session.on(server.get(&path)).header("accept", "text/event-stream");
        let mut stream = stream.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        stream.chunk().await.unwrap().unwrap();
        let out = session.on(server.client.delete(server.url("/api/v1/session")));
        assert_eq!(status(out).await, 204);
        let mut rest = String::new();
        while let Some(piece) = stream.chunk().await.unwrap() {
            rest.push_str(std::str::from_utf8(&piece).unwrap());
        }
        assert!(rest.contains("event: close") && rest.contains("\"unauthorized\""), "{rest}");
    }
    // The same when an owner disables the account, or gives it another role.
    let bob = add(&server, "Bob", AccountRole::Member).await;
    let session = log_in(&server, "Bob").await;
    let stream = session.on(server.get(&events(&server))).header("accept", "text/event-stream");
    let mut stream = stream.send().await.unwrap();
    stream.chunk().await.unwrap().unwrap();
    server.accounts.disable(Some(ada), bob, None).await.unwrap();
    while stream.chunk().await.unwrap().is_some() {}
}

fn events(_: &Server) -> String {
    "/api/v1/runtimes/backend-internal/events".to_owned()
}

#[tokio::test]
async fn a_token_allows_what_its_scopes_say() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    let ada = log_in(&server, "Ada").await;
    let read = token(&server, &ada, &["read"]).await;
    let write = token(&server, &ada, &["write"]).await;
    let list = |token: &str| server.get(&server.workers()).bearer_auth(token);
    let make = |token: &str| server.post(&server.workers()).bearer_auth(token).json(&json!({}));
    assert_eq!(status(list(&read)).await, 200);
    assert_eq!(status(list(&write)).await, 403);
    assert_eq!(status(make(&read)).await, 403);
    assert_eq!(status(make(&write)).await, 201);
    assert_eq!(status(server.get("/data").bearer_auth(&read)).await, 403, "no pages");
    // A wrong token is refused even where nothing would be needed.
    let open = start("").await;
    assert_eq!(status(open.get("/api/v1/status").bearer_auth("companion_wrong")).await, 401);
    // Other schemes and tokens are other programs'.
    assert_eq!(status(open.get("/api/v1/status").bearer_auth("sk-none")).await, 200);
    assert_eq!(status(open.get("/api/v1/status").basic_auth("a", Some("b"))).await, 200);
}

#[tokio::test]
async fn a_revoked_token_ends_its_streams() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    let ada = log_in(&server, "Ada").await;
    let secret = token(&server, &ada, &["read"]).await;
    let stream = server.get(&events(&server)).bearer_auth(&secret);
    let mut stream = stream.header("accept", "text/event-stream").send().await.unwrap();
    stream.chunk().await.unwrap().unwrap();
    let tokens = ada.on(server.get("/api/v1/tokens")).send().await.unwrap();
    let tokens: Value = tokens.json().await.unwrap();
    assert!(!tokens.to_string().contains(&secret), "the secret is shown once");
    let id = &tokens["tokens"][0]["id"];
    let revoke = server.client.delete(server.url(&format!("/api/v1/tokens/{id}")));
    assert_eq!(status(ada.on(revoke)).await, 204);
    while stream.chunk().await.unwrap().is_some() {}
    assert_eq!(status(server.get("/api/v1/status").bearer_auth(&secret)).await, 401);
}

/// A proxy that authenticates, such as oauth2-proxy or Authelia, gives the name in a header.
#[tokio::test]
async fn a_name_in_a_header_is_believed_only_from_a_trusted_proxy() {
    let lines = "trusted_proxies = [\"127.0.0.1\"]\nproxy_user_header = \"X-Remote-User\"\n\
                 require_login = true";
    let server = start(lines).await;
    let as_user = |name: &str| server.get("/api/v1/session").header("x-remote-user", name);
    let ada = who(as_user("ada@house.example")).await;
    assert_eq!((ada.account_id, ada.role), (AccountId::FIRST, AccountRole::Owner));
    let bob = who(as_user("bob")).await;
    assert_eq!(bob.role, AccountRole::Member);
    assert_ne!(bob.account_id, ada.account_id);
    assert_eq!(who(as_user("BOB")).await.account_id, bob.account_id);
    assert_eq!(status(server.get("/api/v1/session")).await, 401, "the proxy knows nobody");
    for name in ["", "\u{202e}", "a\tb"] {
        assert_eq!(status(as_user(name)).await, 401, "{name:?}");
    }
    let twice = as_user("ada@house.example").header("x-remote-user", "bob");
    assert_eq!(status(twice).await, 401);
    server.accounts.disable(None, bob.account_id, None).await.unwrap();
    assert_eq!(status(as_user("bob")).await, 401);

    // A trusted proxy on this machine is not the person at it, whatever name it passes on.
    let open = start(&lines.replace("require_login = true", "")).await;
    assert_eq!(status(open.get("/api/v1/session")).await, 401);

    let elsewhere = lines.replace("127.0.0.1", "192.0.2.1");
    let server = start(&elsewhere).await;
    let forged = server.get("/api/v1/session").header("x-remote-user", "ada");
    assert_eq!(status(forged).await, 401);
}

/// The address in the audit is the one that the trusted proxy saw, and none that a client invents.
#[tokio::test]
async fn an_attempts_address_comes_from_trusted_proxies_only() {
    for (lines, from) in [
        ("trusted_proxies = [\"127.0.0.0/8\"]", "198.51.100.7"),
        ("trusted_proxies = [\"192.0.2.1\"]", "127.0.0.1"),
    ] {
        let server = start(&format!("{lines}\nrequire_login = true")).await;
        add(&server, "Ada", AccountRole::Owner).await;
        let body = json!({ "name": "Ada", "password": PASSWORD });
        let login = server.post("/api/v1/session").json(&body);
        let login = login.header("x-forwarded-for", "203.0.113.9, 198.51.100.7");
        assert_eq!(login.send().await.unwrap().status(), 200);
        let newest = server.accounts.audit(None, 1).await.unwrap()[0].note.from;
        assert_eq!(newest, Some(from.parse::<IpAddr>().unwrap()), "{lines}");
    }
}

/// Each account has its own conversations, whatever way it came in by.
#[tokio::test]
async fn accounts_see_their_own_conversations_only() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    add(&server, "Bob", AccountRole::Member).await;
    let (ada, bob) = (log_in(&server, "Ada").await, log_in(&server, "Bob").await);
    let make = async |session: &Session, title: &str| -> String {
        let body = json!({ "title": title });
        let made = session.on(server.post(&server.workers())).json(&body).send().await.unwrap();
        made.json::<Value>().await.unwrap()["worker_id"].as_str().unwrap().to_owned()
    };
    let (hers, his) = (make(&ada, "Ada's plan").await, make(&bob, "Bob's plan").await);
    let path = |id: &str| format!("{}/{id}", server.workers());
    assert_eq!(status(ada.on(server.get(&path(&hers)))).await, 200);
    assert_eq!(status(ada.on(server.get(&path(&his)))).await, 404);
    assert_eq!(status(bob.on(server.get(&path(&hers)))).await, 404);
    let page = bob.on(server.get(&server.workers())).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Bob's plan") && !page.contains("Ada's plan"));
    let page = bob.on(server.get(&format!("/c/{hers}"))).header("accept", "text/html");
    let page = page.send().await.unwrap();
    assert_eq!(page.status(), 404);
    assert!(!page.text().await.unwrap().contains("Ada's plan"));
}

/// An owner changes others; a member changes nobody, and the last owner stays one.
#[tokio::test]
async fn owners_manage_accounts() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    let ada = log_in(&server, "Ada").await;
    let new = json!({ "name": "Bob", "password": "eleven chairs" });
    let made = ada.on(server.post("/api/v1/accounts")).json(&new).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let bob: Value = made.json().await.unwrap();
    assert_eq!((bob["role"].as_str(), bob["id"].as_u64()), (Some("member"), Some(2)));
    assert_eq!(try_login(&server, "Bob", "eleven chairs").await.status(), 200);
    let list = async |query: &str| {
        let list = ada.on(server.get(&format!("/api/v1/accounts{query}"))).send().await.unwrap();
        list.json::<AccountList>().await.unwrap().accounts
    };
    let (plain, sized) = (list("").await, list("?sizes=true").await);
    assert_eq!(plain.len(), 2);
    assert!(plain.iter().all(|account| account.conversations.is_some() && account.bytes.is_none()));
    assert!(sized.iter().all(|account| account.bytes.is_some()));
    let patch = |id: u32, body: Value| {
        ada.on(server.client.patch(server.url(&format!("/api/v1/accounts/{id}")))).json(&body)
    };
    assert_eq!(status(patch(2, json!({ "password": "twelve tables" }))).await, 200);
    assert_eq!(try_login(&server, "Bob", "twelve tables").await.status(), 200);
    assert_eq!(status(patch(1, json!({ "role": "member" }))).await, 422);
    assert_eq!(status(patch(1, json!({ "disabled": true }))).await, 422);
    assert_eq!(status(patch(9, json!({ "disabled": true }))).await, 404);
    assert_eq!(status(patch(2, json!({}))).await, 422);
    assert_eq!(status(patch(2, json!({ "role": "owner", "disabled": true }))).await, 422);
    let audit: Value =
        ada.on(server.get("/api/v1/audit")).send().await.unwrap().json().await.unwrap();
    let kinds: Vec<_> =
        audit["entries"].as_array().unwrap().iter().map(|e| e["what"].as_str().unwrap()).collect();
    assert_eq!(kinds[..3], ["logged_in", "password_reset", "logged_in"]);
    assert!(!audit.to_string().contains("twelve tables"));
    let change = json!({ "old": PASSWORD, "new": "thirteen lamps" });
    let change = ada.on(server.client.put(server.url("/api/v1/password"))).json(&change);
    assert_eq!(status(change).await, 204);
    assert_eq!(try_login(&server, "Ada", "thirteen lamps").await.status(), 200);
}

/// A token cannot be made longer-lived or wider by what a request invents.
#[tokio::test]
async fn a_token_that_makes_no_sense_is_refused() {
    let server = start("require_login = true").await;
    add(&server, "Ada", AccountRole::Owner).await;
    let ada = log_in(&server, "Ada").await;
    for body in [
        json!({ "name": "", "scopes": ["read"], "days": 1 }),
        json!({ "name": "x", "scopes": [], "days": 1 }),
        json!({ "name": "x", "scopes": ["all"], "days": 1 }),
        json!({ "name": "x", "scopes": ["read"], "days": 0 }),
        json!({ "name": "x", "scopes": ["read"], "days": 367 }),
    ] {
        let made = ada.on(server.post("/api/v1/tokens")).json(&body).send().await.unwrap();
        assert_eq!(made.status(), 422, "{body}");
    }
}
