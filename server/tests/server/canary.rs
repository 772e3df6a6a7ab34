//! Whatever goes wrong, responses and the log contain no path of the machine, no API key and no
//! address of the endpoint, and the log contains no text of a conversation. Each of these has a
//! recognizable name here (a canary), which the tests search for.
//!
//! Exceptions, not tested here, are the address on standard output and the output of `companion
//! config` and `companion doctor`, which are for the owner at the terminal.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, ChildStderr};

use reqwest::Client;
use serde_json::{Value, json};
use upstream::{Script, Step, Upstream};

use super::process::{code, companion, signal};
use super::support::{HANG, message_id};

const KEY: &str = "sk-canary-0123456789";
const FOLDER: &str = "canary-of-the-data";
const MODELS: &str = "canary-of-the-models";
const HOME: &str = "canary-of-the-home";
/// The text of the message, which may be in a response but not in the log.
const WORDS: &str = "canary-of-the-words";

/// A server in a process of its own, with a canary in each secret and path.
struct Caged {
    child: Child,
    stderr: ChildStderr,
    client: Client,
    url: String,
    endpoint: String,
    answers: Vec<String>,
}

impl Caged {
    fn start(home: &Path, upstream: &Upstream, arguments: &[&str]) -> Self {
        let base_url = upstream.base_url();
        let arguments = [
            &["--listen", "127.0.0.1:0", "--data-dir", FOLDER, "--model-dir", MODELS],
            &["--base-url", &base_url, "--retries", "0", "--log", "info"],
            arguments,
        ]
        .concat();
        let mut command = companion(home, &arguments);
        command.env("COMPANION_API_KEY", KEY);
        let mut child = command.spawn().unwrap();
        let mut address = String::new();
        std::io::BufRead::read_line(
            &mut std::io::BufReader::new(child.stdout.take().unwrap()),
            &mut address,
        )
        .unwrap();
        let url = address.trim_end().strip_prefix("listening on ").unwrap_or_else(|| {
            let mut text = String::new();
            child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
            panic!("{text}")
        });
        let endpoint = base_url.trim_start_matches("http://").trim_end_matches("/v1").to_owned();
        let client = Client::builder().timeout(HANG).build().unwrap();
        let stderr = child.stderr.take().unwrap();
        Self { child, stderr, client, url: url.to_owned(), endpoint, answers: Vec::new() }
    }

    /// Sends a request and keeps the response, to search it later. Returns the response's body.
    async fn keep(&mut self, request: reqwest::RequestBuilder) -> String {
        // An export of a damaged database may be aborted, even before its head was sent.
        let Ok(answer) = request.send().await else { return String::new() };
        let status = answer.status();
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.unwrap_or_default();
        self.answers.push(format!("{status} {headers} {body}"));
        body
    }

    async fn get(&mut self, path: &str) -> String {
        self.keep(self.client.get(format!("{}{path}", self.url))).await
    }

    async fn post(&mut self, path: &str, body: &Value) -> String {
        self.keep(self.client.post(format!("{}{path}", self.url)).json(body)).await
    }

    async fn worker(&mut self) -> String {
        let made = self.post("/api/v1/runtimes/backend-internal/workers", &json!({})).await;
        let made: Value = serde_json::from_str(&made).unwrap();
        made["worker_id"].as_str().unwrap().to_owned()
    }

    /// Sends a message and waits for the end of its turn, in whatever state.
    async fn asks(&mut self, worker: &str) {
        let path = format!("/api/v1/runtimes/backend-internal/workers/{worker}");
        self.post(&format!("{path}/messages"), &json!({ "id": message_id(), "text": WORDS })).await;
        let begin = std::time::Instant::now();
        loop {
            assert!(begin.elapsed() < HANG, "the turn does not end");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let page = self.get(&format!("{path}/transcript")).await;
            let running = ["\"accepted\"", "\"generating\""];
            if !running.iter().any(|state| page.contains(&format!("\"state\":{state}"))) {
                return;
            }
        }
    }

    /// Requests every page and every part of the API.
    async fn looks_around(&mut self, worker: &str) {
        let api = "/api/v1/runtimes/backend-internal";
        for path in [
            "/",
            "/new",
            "/data",
            "/settings",
            "/search?q=canary",
            "/nothing",
            "/healthz",
            "/readyz",
            "/api/v1/status",
            "/api/v1/models",
            "/api/v1/profiles",
            "/api/v1/runtimes",
            "/api/v1/openapi.json",
            "/api/v1/nothing",
        ] {
            self.get(path).await;
        }
        for path in [
            format!("/c/{worker}"),
            format!("/c/{worker}/profile"),
            format!("{api}/workers"),
            format!("{api}/deleted"),
            format!("{api}/export"),
            format!("{api}/search?q=canary"),
            format!("{api}/workers/{worker}"),
            format!("{api}/workers/{worker}/instructions"),
            format!("{api}/workers/{worker}/transcript"),
        ] {
            self.get(&path).await;
        }
        self.post(&format!("{api}/import"), &json!({})).await;
        self.post("/api/fn/console", &json!({ "worker_id": worker })).await;
        self.post("/api/fn/sidebar", &json!({ "worker_id": worker, "archived": false })).await;
    }

    /// Stops the server and searches its log and all responses for the canaries. `told` must be in
    /// the log, which shows that the log was not empty.
    fn ended(&mut self, told: &str) {
        self.ended_without(told, &[]);
    }

    /// Like [`Self::ended`], with further canaries.
    fn ended_without(&mut self, told: &str, more: &[&str]) {
        signal(&self.child, "-TERM");
        assert_eq!(code(&mut self.child), Some(0));
        let mut log = String::new();
        self.stderr.read_to_string(&mut log).unwrap();
        assert!(log.contains(told), "{told:?} is not in the log: {log}");
        for secret in [KEY, FOLDER, MODELS, HOME, &self.endpoint].iter().chain(more) {
            for line in log.lines() {
                assert!(!line.contains(secret), "{secret} in the log: {line}");
            }
            for answer in &self.answers {
                assert!(!answer.contains(secret), "{secret} in an answer: {answer}");
            }
        }
        assert!(!log.contains(WORDS), "{log}");
    }
}

/// Ends the process even if the test fails.
impl Drop for Caged {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A home folder with a model file that is invalid.
fn home() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join(HOME);
    std::fs::create_dir_all(home.join(MODELS)).unwrap();
    std::fs::write(home.join(MODELS).join("broken.gguf"), "GGUF and nothing else").unwrap();
    (folder, home)
}

#[tokio::test]
async fn no_failure_of_an_endpoint_reveals_a_canary() {
    let (_folder, home) = home();
    let upstream = Upstream::start().await.unwrap();
    let mut caged = Caged::start(&home, &upstream, &[]);
    let worker = caged.worker().await;
    let words = format!(
        "{KEY} at {} was refused: {WORDS} in /srv/{FOLDER}/x.py by owner@{HOME}.example at 10.9.8.7",
        upstream.base_url()
    );
    let error = json!({ "error": { "message": words, "type": words, "code": words } });
    let mut faults = vec![vec![Step::Close], vec![Step::Reset], vec![Step::Stream, Step::Close]];
    for status in [301, 400, 401, 403, 404, 413, 429, 500, 503] {
        let mut respond = Step::json(status, &error);
        if let Step::Respond { headers, .. } = &mut respond {
            headers.insert("location".to_owned(), words.replace(' ', "+"));
        }
        faults.push(vec![respond]);
    }
    faults.push(vec![Step::Stream, Step::Data { json: error }]);
    faults.push(vec![Step::Stream, Step::Text { text: format!("data: {words}\n\n") }]);
    faults.push(vec![Step::Respond {
        status: 200,
        headers: Default::default(),
        body: words.clone(),
    }]);
    faults.push(vec![Step::Wire { text: words.clone() }]);
    let models = vec![KEY.to_owned(), format!("m/{KEY}"), "honest".to_owned()];
    for steps in faults {
        upstream.script(Script {
            replies: vec![steps],
            models: models.clone(),
            ..Script::default()
        });
        caged.asks(&worker).await;
    }
    upstream.refuse().await;
    caged.asks(&worker).await;
    caged.looks_around(&worker).await;
    // The endpoint's own words are shown, with the canaries replaced.
    let said =
        format!("[key] at [address] was refused: {WORDS} in [path] by [e-mail] at [address]");
    assert!(caged.answers.iter().any(|answer| answer.contains(&said)), "{:?}", caged.answers);
    assert!(!caged.answers.iter().any(|answer| answer.contains("10.9.8.7")));
    caged.ended("serving");
}

#[tokio::test]
async fn no_failure_of_the_store_reveals_a_canary() {
    let (_folder, home) = home();
    let upstream = Upstream::start().await.unwrap();
    let mut caged = Caged::start(&home, &upstream, &[]);
    let worker = caged.worker().await;
    caged.asks(&worker).await;
    caged.looks_around(&worker).await;
    let (data, away) = (home.join(FOLDER), home.join("away"));
    std::fs::rename(&data, &away).unwrap();
    caged.asks(&worker).await;
    caged.looks_around(&worker).await;
    // The database is replaced by another file.
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("companion.db"), "no database").unwrap();
    caged.asks(&worker).await;
    caged.looks_around(&worker).await;
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&away, &data).unwrap();
    caged.ended("the store");
}

#[tokio::test]
async fn damaged_events_reveal_no_canary() {
    let (_folder, home) = home();
    let upstream = Upstream::start().await.unwrap();
    let mut caged = Caged::start(&home, &upstream, &[]);
    let worker = caged.worker().await;
    caged.asks(&worker).await;
    caged.ended("serving");
    // The canary text is put into fields of events in which a number, a time and a type belong.
    let database = home.join(FOLDER).join("companion.db");
    damage(&database);
    let mut caged = Caged::start(&home, &upstream, &[]);
    caged.looks_around(&worker).await;
    caged.asks(&worker).await;
    caged.ended("serving");
}

/// Replaces the position, the time and the type of each event by the canary text.
fn damage(database: &Path) {
    let connection = rusqlite::Connection::open(database).unwrap();
    let sql = "UPDATE events SET body = json_set(body, '$.seq', ?1, '$.at', ?1, '$.type', ?1)";
    assert!(connection.execute(sql, [WORDS]).unwrap() > 0);
}

#[tokio::test]
async fn an_invalid_model_file_reveals_no_canary() {
    let (_folder, home) = home();
    let upstream = Upstream::start().await.unwrap();
    let broken = format!("{MODELS}/broken.gguf");
    let mut caged =
        Caged::start(&home, &upstream, &["--provider", "local", "--model-file", &broken]);
    let worker = caged.worker().await;
    caged.asks(&worker).await;
    caged.looks_around(&worker).await;
    caged.ended("serving");
}

/// The secrets of a login are in the one answer that hands them out, and nowhere else.
#[tokio::test]
async fn a_login_reveals_none_of_its_secrets_again() {
    const PASSWORD: &str = "canary of the password";
    let (_folder, home) = home();
    let upstream = Upstream::start().await.unwrap();
    let mut caged = Caged::start(&home, &upstream, &[]);
    let worker = caged.worker().await;
    caged.post("/api/v1/accounts", &json!({ "name": "Ada", "password": PASSWORD })).await;
    let body = json!({ "name": "Ada", "password": PASSWORD });
    let login = caged.client.post(format!("{}/api/v1/session", caged.url)).json(&body);
    let login = login.send().await.unwrap();
    let pairs: Vec<String> = login
        .headers()
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap().split(';').next().unwrap().to_owned())
        .collect();
    let secrets: Vec<&str> = pairs.iter().map(|pair| pair.split_once('=').unwrap().1).collect();
    let cookie = pairs.join("; ");
    let on = |request: reqwest::RequestBuilder| request.header("cookie", &cookie);
    let new = json!({ "name": "a program", "scopes": ["read", "admin"], "days": 1 });
    let made = on(caged.client.post(format!("{}/api/v1/tokens", caged.url))).json(&new);
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let token = made["secret"].as_str().unwrap();
    for path in [
        "/",
        "/account",
        "/accounts",
        "/accounts/audit",
        "/settings",
        "/api/v1/session",
        "/api/v1/sessions",
        "/api/v1/tokens",
        "/api/v1/accounts",
        "/api/v1/audit",
        "/api/v1/nothing",
    ] {
        let address = format!("{}{path}", caged.url);
        caged.keep(on(caged.client.get(&address))).await;
        caged.keep(caged.client.get(&address).bearer_auth(token)).await;
        caged.keep(caged.client.get(&address).bearer_auth(format!("{token}x"))).await;
    }
    for wrong in [json!({ "name": "Ada", "password": PASSWORD, "more": PASSWORD }), json!(PASSWORD)]
    {
        caged.post("/api/v1/session", &wrong).await;
    }
    caged.post("/api/v1/accounts", &json!({ "name": "Ada", "password": PASSWORD })).await;
    caged.looks_around(&worker).await;
    caged.ended_without("serving", &[PASSWORD, token, secrets[0], secrets[1]]);
}
