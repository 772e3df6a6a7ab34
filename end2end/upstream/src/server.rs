//! The server's sockets. One task owns the listener, and each connection has its own task.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::http::{self, Request};
use crate::log::{Book, Entry, Log};
use crate::play::Player;
use crate::script::Script;

/// A running server. When it is dropped, its listener and all its connections are closed.
pub struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// The task that owns the listener, if the server accepts connections.
    listening: Mutex<Option<(CancellationToken, JoinHandle<()>)>>,
    /// Cancelled when dropped.
    alive: CancellationToken,
}

/// The state that the tasks of connections share.
struct Shared {
    /// The script, and the number of requests that it has answered.
    script: Mutex<(Script, usize)>,
    book: Book,
    /// One permit for each release that no hold has used yet.
    releases: Semaphore,
    /// The number of connections so far.
    connections: AtomicU64,
}

impl Upstream {
    /// Starts on a free port of 127.0.0.1.
    pub async fn start() -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts on `address`; port 0 takes a free one.
    pub async fn listen(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let shared = Shared {
            script: Mutex::default(),
            book: Book::new(),
            releases: Semaphore::new(0),
            connections: AtomicU64::new(0),
        };
        let upstream = Self {
            address: listener.local_addr()?,
            shared: Arc::new(shared),
            listening: Mutex::default(),
            alive: CancellationToken::new(),
        };
        upstream.accept(listener);
        Ok(upstream)
    }

    /// `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Plays another script from the next request on.
    pub fn script(&self, script: Script) {
        *lock(&self.shared.script) = (script, 0);
    }

    /// The log of the requests so far.
    pub fn log(&self) -> Log {
        self.shared.book.read()
    }

    /// Waits until `enough` is true for the log, which is checked after each change.
    pub async fn wait(&self, enough: impl Fn(&Log) -> bool) -> Log {
        self.shared.book.wait(enough).await
    }

    /// Ends that many holds: those that wait now, then later ones.
    pub fn release(&self, holds: usize) {
        self.shared.releases.add_permits(holds);
    }

    /// Closes the listener, so that new connections are refused. Open connections continue.
    pub async fn refuse(&self) {
        let listening = lock(&self.listening).take();
        if let Some((stop, task)) = listening {
            stop.cancel();
            let _ = task.await;
        }
    }

    /// Listens again at the same address after [`Self::refuse`].
    pub async fn accept_again(&self) -> io::Result<()> {
        if lock(&self.listening).is_none() {
            self.accept(TcpListener::bind(self.address).await?);
        }
        Ok(())
    }

    fn accept(&self, listener: TcpListener) {
        let (stop, alive) = (self.alive.child_token(), self.alive.clone());
        let (stopped, shared) = (stop.clone(), self.shared.clone());
        let task = tokio::spawn(async move {
            while let Some(Ok((stream, _))) = stopped.run_until_cancelled(listener.accept()).await {
                let (shared, alive) = (shared.clone(), alive.clone());
                tokio::spawn(async move {
                    alive.run_until_cancelled(shared.serve(Arc::new(stream))).await
                });
            }
        });
        *lock(&self.listening) = Some((stop, task));
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.alive.cancel();
    }
}

impl Shared {
    /// Serves the requests of a connection one after the other, until either side closes it.
    async fn serve(&self, stream: Arc<TcpStream>) {
        let connection = self.connections.fetch_add(1, Ordering::Relaxed);
        let _open = self.book.open();
        let mut patience = Duration::MAX;
        while let Ok(Ok(request)) = timeout(patience, http::read(&stream)).await {
            let is_answered = self.answer(&stream, connection, &request).await;
            let kept = lock(&self.script).0.keep_alive_ms;
            let Some(kept) = kept.filter(|_| is_answered) else { return };
            patience = Duration::from_millis(kept);
        }
    }

    /// Plays the reply to one request. Returns whether a further request can follow.
    async fn answer(&self, stream: &Arc<TcpStream>, connection: u64, request: &Request) -> bool {
        let body = request.json();
        let entry = Entry {
            connection,
            method: request.method.clone(),
            path: request.path.clone(),
            authorization: request.headers.get("authorization").cloned(),
            headers: request.headers.clone(),
            body: body.clone(),
            text: String::from_utf8(request.body.clone()).ok(),
            ..Entry::default()
        };
        let number = self.book.add(entry, stream);
        let reply = self.reply(stream, number, request, body.unwrap_or_default());
        let played = tokio::select! {
            biased;
            () = peer_leaves(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
            played = reply => played,
        };
        self.book.end(number, played.is_err());
        played.unwrap_or(false)
    }

    async fn reply(
        &self,
        stream: &TcpStream,
        number: usize,
        request: &Request,
        body: serde_json::Value,
    ) -> io::Result<bool> {
        let by_responses = request.route().ends_with("/responses");
        let asks = by_responses || request.route().ends_with("/chat/completions");
        let connection = match lock(&self.script).0.keep_alive_ms {
            Some(_) => "keep-alive",
            None => "close",
        };
        let releases = &self.releases;
        let book = &self.book;
        let player =
            Player { stream, request: &body, by_responses, connection, releases, book, number };
        if asks && request.method == "POST" {
            let steps = {
                let mut script = lock(&self.script);
                let rule = script.0.rules.iter().find(|rule| rule.when.holds(&body));
                match rule.map(|rule| rule.reply.clone()) {
                    Some(reply) => reply,
                    None => {
                        script.1 += 1;
                        script.0.reply(script.1 - 1)
                    }
                }
            };
            return player.play(steps).await;
        }
        let response = if request.route().ends_with("/models") && request.method == "GET" {
            let Script { models, list, .. } = lock(&self.script).0.clone();
            if !list.is_empty() {
                return player.play(list).await;
            }
            let data: Vec<_> =
                models.iter().map(|id| json!({ "id": id, "object": "model" })).collect();
            http::json(200, connection, &json!({ "object": "list", "data": data }))
        } else {
            http::json(
                404,
                connection,
                &json!({ "error": { "message": "Not Found", "code": 404 } }),
            )
        };
        http::write(stream, &response).await.map(|()| true)
    }
}

/// Returns when the peer has closed the connection. Bytes that it sends are dropped.
async fn peer_leaves(stream: &TcpStream) {
    let mut buffer = [0; 1024];
    loop {
        if stream.readable().await.is_err() {
            return;
        }
        match stream.try_read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
