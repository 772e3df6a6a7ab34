//! The log of the requests that the server got, and of the peers that disconnected.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// A copy of the log at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct Log {
    /// The time of the copy, in milliseconds since the server's start, by a monotonic clock.
    pub now_ms: u64,
    /// The number of open connections, also those between two requests.
    pub open: usize,
    /// The requests, in the order of arrival.
    pub requests: Vec<Entry>,
}

/// One request.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Entry {
    /// The number of the connection of this request.
    pub connection: u64,
    /// When its head and body had been read.
    pub at_ms: u64,
    /// The HTTP method, such as `POST`.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The whole header. The keys of tests are not secret.
    pub authorization: Option<String>,
    /// All headers, by their names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, if it was JSON.
    pub body: Option<Value>,
    /// The unparsed body, if it was text.
    pub text: Option<String>,
    /// The text that a paced answer sent, once all of it was sent.
    pub sent: Option<String>,
    /// When the server noticed that the peer had closed the connection before the end of the reply.
    pub gone_ms: Option<u64>,
    /// When the reply ended.
    pub done_ms: Option<u64>,
}

pub(crate) struct Book {
    started: Instant,
    entries: Mutex<Vec<(Entry, Weak<TcpStream>)>>,
    open: AtomicUsize,
    changed: Notify,
}

/// An open connection.
pub(crate) struct Open<'a>(&'a Book);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_waiters();
    }
}

impl Book {
    pub(crate) fn new() -> Self {
        let (entries, open) = (Mutex::default(), AtomicUsize::new(0));
        Self { started: Instant::now(), entries, open, changed: Notify::new() }
    }

    /// Counts a connection as open for as long as the returned value lives.
    pub(crate) fn open(&self) -> Open<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(self)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Entry, Weak<TcpStream>)>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Adds a request, and returns its number.
    pub(crate) fn add(&self, mut entry: Entry, stream: &Arc<TcpStream>) -> usize {
        let mut entries = self.lock();
        entry.at_ms = self.now_ms();
        entries.push((entry, Arc::downgrade(stream)));
        self.changed.notify_waiters();
        entries.len() - 1
    }

    /// Records the text that a paced answer sent.
    pub(crate) fn sent(&self, number: usize, text: Vec<u8>) {
        if let Some((entry, _)) = self.lock().get_mut(number) {
            entry.sent = String::from_utf8(text).ok();
        }
    }

    /// Records that the reply to a request has ended, or that the peer has left.
    pub(crate) fn end(&self, number: usize, gone: bool) {
        let now = Some(self.now_ms());
        if let Some((entry, stream)) = self.lock().get_mut(number) {
            *stream = Weak::new();
            let slot = if gone { &mut entry.gone_ms } else { &mut entry.done_ms };
            *slot = slot.or(now);
        }
        self.changed.notify_waiters();
    }

    /// Returns the log at this moment. It checks for every open connection whether the peer is
    /// still connected, so that a peer that left is noticed even before the connection's task has
    /// run.
    pub(crate) fn read(&self) -> Log {
        let now_ms = self.now_ms();
        let mut entries = self.lock();
        for (entry, stream) in entries.iter_mut() {
            if entry.gone_ms.is_none() && stream.upgrade().is_some_and(|stream| left(&stream)) {
                entry.gone_ms = Some(now_ms);
            }
        }
        let requests = entries.iter().map(|(entry, _)| entry.clone()).collect();
        Log { now_ms, open: self.open.load(Ordering::Relaxed), requests }
    }

    /// Waits until `enough` is true for the log.
    pub(crate) async fn wait(&self, enough: impl Fn(&Log) -> bool) -> Log {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let log = self.read();
            if enough(&log) {
                return log;
            }
            changed.await;
        }
    }
}

/// Whether the kernel already knows that the peer has closed the connection.
fn left(stream: &TcpStream) -> bool {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    match SockRef::from(stream).peek(&mut byte) {
        Ok(read) => read == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}
