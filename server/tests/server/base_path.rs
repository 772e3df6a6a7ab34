//! A site below a path of its host: its requests, redirects, cookies and streams. That no page leads
//! out of it is in `crawl`.

mod crawl;

use futures::StreamExt as _;
use protocol::AccountRole;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, redirect};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::connect_async;

use super::entrance::{PASSWORD, add};
use super::support::{HANG, Server, code, load, message_id, start};

/// The base path of these tests.
const BASE: &str = "/companion";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// A server below [`BASE`], where everybody needs a login, and a client that follows no redirect.
struct Below {
    server: Server,
    client: Client,
    /// The cookies of an owner, as a browser sends them.
    cookies: String,
}

impl Below {
    async fn start(lines: &str) -> Self {
        let lines = format!("base_path = \"{BASE}\"\nrequire_login = true\n{lines}");
        let server = start(&lines).await;
        add(&server, "Ada", AccountRole::Owner).await;
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(HANG);
        let client = client.build().unwrap();
        let below = Self { server, client, cookies: String::new() };
        let cookies = below.log_in("http").await.join("; ");
        Self { cookies, ..below }
    }

    /// A request for a path of the host, by nobody.
    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.server.url(path))
    }

    /// A request for an address below the base path, by the owner.
    fn get(&self, path: &str) -> RequestBuilder {
        self.ask(Method::GET, &format!("{BASE}{path}")).header(COOKIE, &self.cookies)
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.ask(Method::POST, &format!("{BASE}{path}")).header(COOKIE, &self.cookies)
    }

    /// Sends a form as the owner's browser does.
    async fn submit(&self, path: &str, form: &str) -> Response {
        let request = self.post(path).header("accept", BROWSER);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().await.unwrap()
    }

    /// The cookies of a login over this scheme, as `name=value`.
    async fn log_in(&self, scheme: &str) -> Vec<String> {
        let body = json!({ "name": "Ada", "password": PASSWORD });
        let request = self.ask(Method::POST, &format!("{BASE}/api/v1/session"));
        let answer = request.header("x-forwarded-proto", scheme).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let pair = |cookie: &String| cookie.split(';').next().unwrap().to_owned();
        set_cookies(answer.headers()).iter().map(pair).collect()
    }

    async fn worker(&self) -> String {
        let workers = self.server.home().workers(None, 1).await.unwrap().workers;
        workers[0].worker_id.to_string()
    }
}

fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    let cookies = headers.get_all(SET_COOKIE).iter();
    cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

fn location(answer: &Response) -> &str {
    answer.headers()[LOCATION].to_str().unwrap()
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn every_redirect_stays_below_the_base_path() {
    let below = Below::start("").await;
    let worker = below.worker().await;
    for (path, expected) in [
        ("/", "/companion/login"),
        ("/data?a=b", "/companion/login?next=/data?a=b"),
        ("/c/1", "/companion/login?next=/c/1"),
    ] {
        let page = below.ask(Method::GET, &format!("{BASE}{path}")).header("accept", BROWSER);
        let page = page.send().await.unwrap();
        assert_eq!((page.status().as_u16(), location(&page)), (303, expected), "{path}");
    }
    for (path, expected) in [
        ("/", format!("/companion/c/{worker}")),
        ("/logout", "/companion/login".to_owned()),
        ("/login?next=/c/1?m=2", "/companion/c/1?m=2".to_owned()),
        ("/login?next=//host/x", "/companion/".to_owned()),
        ("/data/deleted", "/companion/data".to_owned()),
        ("/account/password", "/companion/account".to_owned()),
    ] {
        let page = below.get(path).header("accept", BROWSER).send().await.unwrap();
        assert_eq!(location(&page), expected, "{path}: {}", page.status());
    }
    let conversation = format!("/c/{worker}");
    let message = format!("do=send&text=Hello&id={}", message_id());
    let login = format!("name=Ada&password={}&next=/search?q=a", PASSWORD.replace(' ', "+"));
    for (path, form, expected) in [
        ("/settings", "theme=dark", "/companion/settings?saved=true".to_owned()),
        (&conversation, "do=rename&title=Tides", format!("/companion/c/{worker}")),
        (&conversation, message.as_str(), format!("/companion/c/{worker}")),
        (&conversation, "do=delete", format!("/companion/?deleted={worker}")),
        ("/data/deleted", &format!("do=restore&worker={worker}"), format!("/companion/c/{worker}")),
        (
            "/accounts",
            "name=bob&password=a+quiet+harbour&role=member",
            "/companion/accounts?done=added".to_owned(),
        ),
    ] {
        let answer = below.submit(path, form).await;
        assert_eq!(answer.status(), 303, "{path} {form}");
        assert_eq!(location(&answer), expected, "{path} {form}");
    }
    let made = below.post(&below.server.workers()).json(&json!({})).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let address = location(&made).to_owned();
    assert!(address.starts_with("/companion/api/v1/runtimes/"), "{address}");
    let path = address.strip_prefix(BASE).unwrap();
    assert_eq!(status(below.get(path)).await, 200);
    // It ends the session that this browser had.
    let answer = below.submit("/login", &login).await;
    assert_eq!(location(&answer), "/companion/search?q=a");
}

#[tokio::test]
async fn cookies_are_for_the_base_path_only() {
    let below = Below::start("").await;
    let body = json!({ "name": "Ada", "password": PASSWORD });
    for (scheme, prefix, end) in
        [("http", "companion-", ""), ("https", "__Secure-companion-", "; Secure")]
    {
        let login = below.ask(Method::POST, "/companion/api/v1/session").json(&body);
        let login = login.header("x-forwarded-proto", scheme).send().await.unwrap();
        let cookies = set_cookies(login.headers());
        assert_eq!(cookies.len(), 2);
        for cookie in cookies {
            assert!(cookie.starts_with(prefix) && cookie.ends_with(end), "{cookie}");
            assert!(cookie.contains("; Path=/companion; HttpOnly; SameSite=Lax"), "{cookie}");
        }
    }
    for cookie in set_cookies(below.submit("/settings", "theme=dark").await.headers()) {
        assert!(cookie.contains("; Path=/companion; "), "{cookie}");
    }
    // Over HTTPS, the cookie with the prefix that fits is read, and none of a site at the root.
    let [session, _] = <[String; 2]>::try_from(below.log_in("https").await).unwrap();
    let secret = session.strip_prefix("__Secure-companion-session=").unwrap().to_owned();
    let over_https = |cookies: &str| {
        let request = below.ask(Method::GET, "/companion/api/v1/status");
        status(request.header("x-forwarded-proto", "https").header(COOKIE, cookies))
    };
    assert_eq!(over_https(&session).await, 200);
    assert_eq!(over_https(&format!("__Host-companion-session=root; {session}")).await, 200);
    for other in [
        format!("__Host-companion-session={secret}"),
        format!("companion-session={secret}"),
        format!("{session}; __Secure-companion-session=planted"),
    ] {
        assert_eq!(over_https(&other).await, 401, "{other}");
    }
    // Without encryption, a Companion at the root of the host has a cookie of the same name.
    let both = format!("{}; companion-session=root; companion_theme=light", below.cookies);
    let page = below.ask(Method::GET, "/companion/settings");
    let page = page.header(COOKIE, format!("companion_theme=dark; {both}")).send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("data-theme=\"dark\""));
}

#[tokio::test]
async fn beside_the_base_path_there_are_the_probes_and_an_explanation() {
    let below = Below::start("").await;
    assert_eq!(status(below.ask(Method::GET, "/healthz")).await, 200);
    assert_eq!(status(below.ask(Method::GET, "/readyz")).await, 200);
    assert_eq!(status(below.ask(Method::GET, "/companion/healthz")).await, 200);
    for (path, expected) in
        [("/companion", "/companion/"), ("/companion?deleted=1", "/companion/?deleted=1")]
    {
        let answer = below.ask(Method::GET, path).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), location(&answer)), (307, expected));
    }
    let worker = below.worker().await;
    for path in [
        "/".to_owned(),
        format!("/c/{worker}"),
        "/login".to_owned(),
        "/api/v1/status".to_owned(),
        "/api/v1/openapi.json".to_owned(),
        "/companions/login".to_owned(),
        "/Companion/login".to_owned(),
        "/companion%2Flogin".to_owned(),
        "/favicon.svg".to_owned(),
        "/healthz/".to_owned(),
    ] {
        for method in [Method::GET, Method::POST] {
            let request = below.ask(method, &path).header(COOKIE, &below.cookies);
            let (status, name, body) = code(request.send().await.unwrap()).await;
            assert_eq!((status, name.as_str()), (404, "not_found"), "{path}");
            assert!(body["error"]["message"].as_str().unwrap().contains("/companion/"));
        }
    }
    // A prefix is removed once: this is not the page `/companion/c/...` of the site's.
    let twice = below.get(&format!("/companion/c/{worker}")).header("accept", BROWSER);
    assert_eq!(status(twice).await, 404);
    let page = below.ask(Method::GET, "/").header("accept", BROWSER).send().await.unwrap();
    assert_eq!(page.status(), 404);
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    assert!(page.headers().contains_key("content-security-policy"));
    assert!(page.text().await.unwrap().contains("href=\"/companion/\""));
    let foreign = below.ask(Method::GET, "/").header("host", "evil.example");
    assert_eq!(status(foreign).await, 403, "its name is checked there as well");
}

#[tokio::test]
async fn a_proxy_that_removes_the_base_path_says_so() {
    let below = Below::start("").await;
    let worker = below.worker().await;
    let removed = |path: &str, prefix: &str| {
        let request = below.ask(Method::GET, path).header(COOKIE, &below.cookies);
        request.header("x-forwarded-prefix", prefix)
    };
    for path in ["/settings".to_owned(), format!("/c/{worker}"), "/api/v1/status".to_owned()] {
        assert_eq!(status(removed(&path, "/companion")).await, 200, "{path}");
        assert_eq!(status(removed(&path, "/companion/")).await, 200, "{path}");
        assert_eq!(status(removed(&path, "/other")).await, 404, "{path}");
    }
    let start = removed("/", "/companion").send().await.unwrap();
    assert_eq!(location(&start), format!("/companion/c/{worker}"));
    let page = removed("/settings", "/companion").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("action=\"/companion/settings\""));
    // Of `/companion/companion/settings` it leaves this, which is no page; and a proxy that only says
    // that it has removed the base path sends this, and is told what is wrong.
    let kept = removed("/companion/settings", "/companion").header("accept", BROWSER);
    let kept = kept.send().await.unwrap();
    assert_eq!(kept.status(), 404);
    assert!(kept.text().await.unwrap().contains("X-Forwarded-Prefix: /companion"));
    // The person at the machine needs a login through such a proxy, as through any other.
    let open = start_open().await;
    let request = || open.get("/companion/api/v1/status");
    assert_eq!(status(request()).await, 200);
    let request = open.get("/api/v1/status").header("x-forwarded-prefix", BASE);
    assert_eq!(status(request).await, 401);
}

#[test]
fn the_setting_comes_from_every_source_and_a_wrong_one_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let base = |arguments: &[&str], variables: &[(&str, &str)]| {
        load(folder.path(), arguments, variables)
            .map(|config| config.settings.http.base().to_string())
    };
    assert_eq!(base(&[], &[]).unwrap(), "");
    let variable = [("COMPANION_BASE_PATH", "/apps/companion/")];
    assert_eq!(base(&[], &variable).unwrap(), "/apps/companion");
    assert_eq!(base(&["--base-path", "/"], &variable).unwrap(), "");
    assert_eq!(base(&[], &[("COMPANION_BASE_PATH", "")]).unwrap(), "", "as if it were not set");
    for (wrong, why) in [
        ("companion", "does not begin with a slash"),
        ("/a/../b", "\"..\" cannot be a part"),
        ("/a%20b", "\"a%20b\" cannot be a part"),
        ("//host", "\"\" cannot be a part"),
        ("/c", "begin with /c"),
        ("/api/companion", "begin with /api"),
        ("/pkg", "begin with /pkg"),
    ] {
        let variable = base(&[], &[("COMPANION_BASE_PATH", wrong)]).unwrap_err();
        assert!(variable.contains("COMPANION_BASE_PATH") && variable.contains(why), "{variable}");
        let flag = base(&["--base-path", wrong], &[]).unwrap_err();
        assert!(flag.contains("--base-path") && flag.contains(why), "{flag}");
    }
    std::fs::write(folder.path().join("companion.toml"), "base_path = \"/a b\"").unwrap();
    let file = base(&[], &[]).unwrap_err();
    assert!(file.contains("base_path") && file.contains("cannot be a part"), "{file}");
}

async fn start_open() -> Server {
    start(&format!("base_path = \"{BASE}/\"")).await
}

#[tokio::test]
async fn the_api_and_its_streams_are_below_the_base_path() {
    let below = Below::start("").await;
    let worker = format!("{}/{}", below.server.workers(), below.worker().await);
    below.server.says("Good morning.");
    let secret = by_token(&below).await;
    let body = json!({ "id": message_id(), "text": "Hello" });
    let send = below.ask(Method::POST, &format!("{BASE}{worker}/messages"));
    assert_eq!(status(send.bearer_auth(&secret).json(&body)).await, 202);

    let socket = format!("ws://{}{BASE}{worker}/events?full=true", below.server.address);
    let mut request =
        tokio_tungstenite::tungstenite::client::IntoClientRequest::into_client_request(socket)
            .unwrap();
    request.headers_mut().insert("cookie", below.cookies.parse().unwrap());
    let (mut socket, _) = connect_async(request).await.unwrap();
    let first = timeout(HANG, socket.next()).await.unwrap().unwrap().unwrap();
    assert!(first.to_text().unwrap().contains("\"snapshot\""), "{first}");

    for path in [format!("{worker}/events"), "/api/v1/runtimes/backend-internal/events".to_owned()]
    {
        let stream = below.get(&path).header("accept", "text/event-stream");
        let mut stream = stream.send().await.unwrap();
        assert_eq!(stream.status(), 200);
        let piece = stream.chunk().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&piece).contains("event: "));
    }
    let call = below.post("/api/fn/workers").json(&json!({ "before": null, "archived": false }));
    assert_eq!(status(call).await, 200);

    let document = below.get("/api/v1/openapi.json").send().await.unwrap();
    let document: Value = document.json().await.unwrap();
    assert_eq!(document["servers"], json!([{ "url": BASE }]));
    let (_, _, body) = code(below.get("/api/v1/nothing").send().await.unwrap()).await;
    let hint = body["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("/companion/api/v1/openapi.json"), "{hint}");
    let at_root: Value =
        start("").await.get("/api/v1/openapi.json").send().await.unwrap().json().await.unwrap();
    assert!(at_root.get("servers").is_none());
}

async fn by_token(below: &Below) -> String {
    let body = json!({ "name": "a program", "scopes": ["read", "write"], "days": 7 });
    let answer = below.post("/api/v1/tokens").json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    answer.json::<protocol::api::CreatedToken>().await.unwrap().secret.0
}

/// `Clear-Site-Data: "storage"` would erase what the host's other programs have stored.
#[tokio::test]
async fn a_logout_erases_nothing_of_the_hosts_other_programs() {
    let below = Below::start("").await;
    let out = below.submit("/logout", "").await;
    assert_eq!(out.status(), 200);
    assert_eq!(out.headers()["clear-site-data"], "\"cache\"");
    assert_eq!(out.headers()["cache-control"], "no-store");
    let cookies = set_cookies(out.headers());
    assert!(cookies[0].starts_with("companion-session=; Path=/companion; "), "{cookies:?}");
    let policy = out.headers()["content-security-policy"].to_str().unwrap().to_owned();
    let page = out.text().await.unwrap();
    let (_, rest) = page.split_once("<script nonce=\"").unwrap();
    let (nonce, rest) = rest.split_once("\">").unwrap();
    assert!(policy.contains(&format!("script-src 'nonce-{nonce}'")), "{policy}");
    let (script, _) = rest.split_once("</script>").unwrap();
    assert!(script.contains("key.startsWith('/companiondraft:')"), "{script}");
    assert!(script.contains("key.startsWith('companion-')"), "{script}");
    assert!(script.contains("location.replace('/companion/login')"), "{script}");
    assert!(page.contains("content=\"0; url=/companion/login\""), "{page}");
    assert_eq!(status(below.get("/api/v1/status")).await, 401);

    let at_root = start("require_login = true").await;
    add(&at_root, "Ada", AccountRole::Owner).await;
    let session = super::entrance::log_in(&at_root, "Ada").await;
    let out = session.on(below.client.post(at_root.url("/logout"))).send().await.unwrap();
    assert_eq!(out.status(), 303);
    assert_eq!(out.headers()["clear-site-data"], "\"cache\", \"storage\"");
}
