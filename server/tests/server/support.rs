//! A server in this process: on a free port, with a folder of its own and a scripted upstream.

use std::net::SocketAddr;
use std::time::Duration;

use accounts::Accounts;
use protocol::api::{Accepted, WorkerPage};
use protocol::{MessageId, WorkerId};
use reqwest::{Client, RequestBuilder, Response};
use runtime::{Access, Principal, Registry};
use serde_json::{Value, json};
use server::cli::Cli;
use server::config::{Config, Sources};
use server::connections::Service;
use server::descriptors::Room;
use server::events::SharedHtml;
use server::state::AppState;
use server::tls::Tls;
use server::{connections, engine, identity_provider, listen, router};
use shares::Shares;
use tokio_util::sync::CancellationToken;
use upstream::{Script, Upstream};

/// Longer than anything here takes: after this time a test counts as hanging.
pub(crate) const HANG: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub address: SocketAddr,
    pub client: Client,
    pub registry: Registry,
    pub accounts: Accounts,
    pub shares: Shares,
    pub upstream: Upstream,
    pub stop: CancellationToken,
    /// Counts what was rendered for observers.
    pub html: SharedHtml,
    folder: tempfile::TempDir,
}

/// Starts a server with these lines in its configuration file.
pub(crate) async fn start(lines: &str) -> Server {
    start_in(tempfile::tempdir().unwrap(), lines).await
}

/// Like [`start`], in the given folder.
pub(crate) async fn start_in(folder: tempfile::TempDir, lines: &str) -> Server {
    let upstream = Upstream::start().await.unwrap();
    let file = format!(
        "listen = \"127.0.0.1:0\"\ndata_dir = \"data\"\nbase_url = \"{}\"\n\
         model = \"scripted-model\"\n{lines}\n",
        upstream.base_url()
    );
    std::fs::write(folder.path().join("companion.toml"), file).unwrap();
    let config = load(folder.path(), &[], &[]).unwrap();

    let listener = listen::bind(config.settings.http.listen).await.unwrap();
    let address = listener.local_addr().unwrap();
    let engine::Opened { registry, accounts, shares } = engine::open(&config).await.unwrap();
    let tls = config.settings.tls.files().map(|files| Tls::open(files).unwrap());
    if let Some(tls) = tls.clone() {
        tokio::spawn(tls.keep_fresh(Duration::from_millis(20)));
    }
    let stop = CancellationToken::new();
    let (settings, closing) = (&config.settings, stop.clone());
    let room = Room::wanted(&settings.http);
    let state =
        AppState::new(registry.clone(), accounts.clone(), shares.clone(), settings, room, closing)
            .with_identity_provider(identity_provider::of(&config).unwrap());
    let patience = state.observers.patience();
    let html = state.html.clone();
    let router = router::build(state, &config.settings, address);
    let most = config.settings.http.max_connections.count();
    let service = Service { router, tls, patience };
    let served = connections::take(listener, service, most, stop.clone());
    tokio::spawn(async move { served.await.end().await });
    let client = Client::builder().timeout(HANG).build().unwrap();
    Server { address, client, registry, accounts, shares, upstream, stop, html, folder }
}

/// Loads a configuration as the binary would do in `folder`, with these arguments and variables.
pub(crate) fn load(
    folder: &std::path::Path,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Config, String> {
    let arguments = std::iter::once("companion").chain(arguments.iter().copied());
    // The configuration is read from the matches, which also say where each value came from.
    let (_, matches) = Cli::read_from(arguments).map_err(|error| error.to_string())?;
    let variable = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
    };
    let file = matches.get_one("config").cloned();
    let sources = Sources { matches: &matches, file, variable: &variable, working_folder: folder };
    Config::load(&sources).map_err(|problems| problems.to_string())
}

impl Server {
    /// The runtime as the person at this machine may use it.
    pub(crate) fn home(&self) -> Access {
        self.registry.home().access(Principal::FIRST_OWNER)
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(self.url(path))
    }

    /// Waits until no turn is running.
    pub(crate) async fn ended(&self, id: WorkerId) {
        self.until(id, |snapshot| {
            snapshot.transcript.turns.iter().all(|turn| turn.state.is_final())
        })
        .await;
    }

    /// Waits for a message with this text.
    pub(crate) async fn sees(&self, id: WorkerId, text: &str) {
        self.until(id, |snapshot| snapshot.transcript.messages.iter().any(|m| m.text == text))
            .await;
    }

    async fn until(&self, id: WorkerId, done: impl Fn(&protocol::Snapshot) -> bool) {
        let runtime = self.home();
        let follow = async {
            let mut observation = runtime.observe(id, None).await.unwrap();
            while !done(&runtime.snapshot(id).await.unwrap()) {
                observation.next().await.unwrap();
            }
        };
        tokio::time::timeout(HANG, follow).await.unwrap();
    }

    /// `/api/v1/runtimes/backend-internal/workers`.
    pub(crate) fn workers(&self) -> String {
        "/api/v1/runtimes/backend-internal/workers".to_owned()
    }

    /// The path of the first worker, which always exists.
    pub(crate) async fn worker(&self) -> String {
        format!("{}/{}", self.workers(), self.worker_id().await)
    }

    pub(crate) async fn worker_id(&self) -> WorkerId {
        let page: WorkerPage =
            self.get(&self.workers()).send().await.unwrap().json().await.unwrap();
        page.workers[0].worker_id
    }

    pub(crate) async fn send(&self, worker: &str, text: &str) -> Accepted {
        let body = json!({ "id": message_id(), "text": text });
        let path = format!("{worker}/messages");
        let response = self.post(&path).json(&body).send().await.unwrap();
        assert_eq!(response.status(), 202);
        response.json().await.unwrap()
    }

    /// Sends a message to the first worker through the runtime, without an HTTP connection.
    pub(crate) async fn send_directly(&self, text: &str) {
        let runtime = self.home();
        let worker = runtime.workers(None, 1).await.unwrap().workers[0].worker_id;
        let message = protocol::api::SendMessage::new(message_id(), text.to_owned());
        runtime.send(worker, message).await.unwrap();
    }

    /// Makes the upstream answer every request with this text.
    pub(crate) fn says(&self, text: &str) {
        let answer = upstream::Answer { text: Some(text.to_owned()), ..Default::default() };
        self.upstream.script(Script::always([upstream::Step::Answer(answer)]));
    }

    /// Makes the upstream wait for a release after the first piece of every answer.
    pub(crate) fn hesitates(&self) {
        let pieces = vec!["One".to_owned(), " two".to_owned()];
        let answer = upstream::Answer { pieces, hold_after: Some(1), ..Default::default() };
        self.upstream.script(Script::always([upstream::Step::Answer(answer)]));
    }
}

pub(crate) fn message_id() -> MessageId {
    runtime::new_message_id()
}

/// The code of a response whose body has to be an `ErrorBody`.
pub(crate) async fn code(response: Response) -> (u16, String, Value) {
    let status = response.status().as_u16();
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "application/json", "{status}");
    let body: Value = response.json().await.unwrap();
    let parsed: protocol::ErrorBody = serde_json::from_value(body.clone()).unwrap();
    (status, parsed.error.code.name().to_owned(), body)
}
