//! Calls of the running server over its own socket.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use protocol::api::{AccountList, AccountSummary, AddAccount, PatchAccount};
use protocol::{AccountId, ErrorBody};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::own_socket;

/// How long the server may take; a password's hash waits for others.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of an answer.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A server that runs in a data folder.
pub(super) struct Running {
    socket: PathBuf,
}

impl Running {
    /// `None` if nothing answers on the socket.
    pub(super) async fn connect(data_dir: &Path) -> Option<Self> {
        let socket = own_socket::path(data_dir);
        UnixStream::connect(&socket).await.ok().map(|_| Self { socket })
    }

    pub(super) async fn list(&self) -> anyhow::Result<Vec<AccountSummary>> {
        let list: AccountList = self.call(Method::GET, "/api/v1/accounts", &()).await?;
        Ok(list.accounts)
    }

    pub(super) async fn add(&self, new: &AddAccount) -> anyhow::Result<AccountSummary> {
        self.call(Method::POST, "/api/v1/accounts", new).await
    }

    pub(super) async fn patch(
        &self,
        id: AccountId,
        change: &PatchAccount,
    ) -> anyhow::Result<AccountSummary> {
        self.call(Method::PATCH, &format!("/api/v1/accounts/{id}"), change).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<T> {
        let body = match method {
            Method::GET => Body::empty(),
            _ => Body::from(serde_json::to_vec(body)?),
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)?;
        let answer = timeout(PATIENCE, self.send(request)).await;
        answer.map_err(|_| anyhow!("the server does not answer in time"))?
    }

    async fn send<T: DeserializeOwned>(&self, request: Request<Body>) -> anyhow::Result<T> {
        let gone = "the server ended";
        let stream = UnixStream::connect(&self.socket).await.context(gone)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.context(gone)?;
        let exchange = async {
            let response = sender.send_request(request).await.context(gone)?;
            let status = response.status();
            let body = http_body_util::Limited::new(response.into_body(), ANSWER_BYTES);
            let bytes = body.collect().await.map_err(|error| anyhow!("{gone}: {error}"))?;
            anyhow::Ok((status, bytes.to_bytes()))
        };
        let (status, bytes) = tokio::select! {
            exchanged = exchange => exchanged?,
            ended = connection => {
                ended.context(gone)?;
                bail!(gone)
            }
        };
        if !status.is_success() {
            let ErrorBody { error } =
                serde_json::from_slice(&bytes).context("the server's answer is unreadable")?;
            bail!("{}", error.message);
        }
        serde_json::from_slice(&bytes).context("the server's answer is unreadable")
    }
}
