//! Request bodies that are being received: bounded in number and in bytes. When a further body or
//! piece does not fit, the slowest body is cut off, so that a body that arrives quickly always
//! finds room.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::pace::Rate;
use super::paced::{Ended, Paced};

/// Added to the bytes of each body before rates are compared, so that a body that has just begun is
/// not the slowest.
const HEAD_START_BYTES: f64 = 65_536.0;

/// Why a body was not received completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    TooLarge,
    TooSlow,
    /// It was the slowest when another body needed its place.
    MadeRoom,
    /// The connection was closed, or the body is not valid HTTP.
    Broken,
}

/// The bodies that are being received. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Incoming {
    most: usize,
    most_bytes: u64,
    table: Arc<Mutex<Table>>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// The bytes received so far, of all bodies together.
    bytes: u64,
    bodies: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    begun: Instant,
    bytes: u64,
    cut: CancellationToken,
}

/// One entry in the table of bodies; dropping it removes the entry.
#[derive(Debug)]
pub(super) struct IncomingRequest {
    id: u64,
    incoming: Incoming,
    cut: CancellationToken,
    end: watch::Sender<Option<End>>,
}

/// How a body ended.
type End = Result<(), Unread>;

/// Tells whether and how the wrapped body has ended.
#[derive(Clone, Debug)]
pub(super) struct Progress(watch::Receiver<Option<End>>);

impl Incoming {
    /// Allows at most `most` bodies, with at most `most_bytes` bytes together.
    pub(super) fn new(most: usize, most_bytes: u64) -> Self {
        Self { most, most_bytes, table: Arc::default() }
    }

    /// Receives a whole body of at most `most` bytes. Its bytes count until it is complete.
    pub(super) async fn collect(&self, body: Body, rate: Rate, most: u64) -> Result<Bytes, Unread> {
        if hyper::body::Body::is_end_stream(&body) {
            return Ok(Bytes::new());
        }
        let (body, _) = self.pass_on(body, rate);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        match Limited::new(body, most).collect().await {
            Ok(whole) => Ok(whole.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Unread::TooLarge),
            Err(error) => {
                Err(error.downcast_ref::<Ended>().map_or(Unread::Broken, |ended| ended.0))
            }
        }
    }

    /// Wraps a body for a reader that takes it piece by piece. The pieces are counted, and the body
    /// has to keep the rate.
    pub(super) fn pass_on(&self, body: Body, rate: Rate) -> (Paced, Progress) {
        let (end, progress) = watch::channel(None);
        (Paced::new(body, rate, self.place(end, Instant::now())), Progress(progress))
    }

    fn place(&self, end: watch::Sender<Option<End>>, now: Instant) -> IncomingRequest {
        let mut table = self.table();
        while table.bodies.len() >= self.most.max(1) {
            table.cut_slowest(now);
        }
        let (id, cut) = (table.next, CancellationToken::new());
        table.next += 1;
        table.bodies.insert(id, Entry { begun: now, bytes: 0, cut: cut.clone() });
        drop(table);
        IncomingRequest { id, incoming: self.clone(), cut, end }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Its memory is freed a moment later, when the task that receives it sees the cut.
    fn cut_slowest(&mut self, now: Instant) {
        let rate = |entry: &Entry| {
            let seconds = now.saturating_duration_since(entry.begun).as_secs_f64();
            (entry.bytes as f64 + HEAD_START_BYTES) / (seconds + 1.0)
        };
        let slowest = self.bodies.iter().min_by(|(_, a), (_, b)| rate(a).total_cmp(&rate(b)));
        if let Some(id) = slowest.map(|(id, _)| *id) {
            self.remove(id).inspect(|entry| entry.cut.cancel());
        }
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.bodies.remove(&id)?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

impl IncomingRequest {
    /// Cancelled when this body has to make room.
    pub(super) fn cut(&self) -> CancellationToken {
        self.cut.clone()
    }

    /// Counts a piece of `bytes`. May cut the slowest body off, which may be this one.
    pub(super) fn add(&self, bytes: usize) {
        self.add_at(bytes, Instant::now());
    }

    fn add_at(&self, bytes: usize, now: Instant) {
        let mut table = self.incoming.table();
        let bytes = bytes as u64;
        let Some(entry) = table.bodies.get_mut(&self.id) else { return };
        entry.bytes += bytes;
        table.bytes += bytes;
        while table.bytes > self.incoming.most_bytes {
            table.cut_slowest(now);
        }
    }

    /// Reports how the body has ended.
    pub(super) fn end(&self, end: End) {
        self.end.send_replace(Some(end));
    }
}

impl Drop for IncomingRequest {
    fn drop(&mut self) {
        self.incoming.table().remove(self.id);
    }
}

impl Progress {
    /// Waits for the end of the body. Dropping the body unread counts as a good end.
    pub(super) async fn ended(&mut self) -> End {
        self.0.wait_for(Option::is_some).await.ok().and_then(|end| *end).unwrap_or(Ok(()))
    }

    /// Why the body was not received completely, if it has ended so by now.
    pub(super) fn unread(&self) -> Option<Unread> {
        self.0.borrow().and_then(End::err)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place(incoming: &Incoming, at: Instant) -> IncomingRequest {
        incoming.place(watch::channel(None).0, at)
    }

    #[test]
    fn the_slowest_body_is_cut_off_for_a_new_one() {
        let begin = Instant::now();
        let later = begin + Duration::from_secs(5);
        let incoming = Incoming::new(3, u64::MAX);
        let (trickle, steady) = (place(&incoming, begin), place(&incoming, begin));
        trickle.add_at(5, later);
        steady.add_at(1_000_000, later);
        let fresh = place(&incoming, later);
        let newest = place(&incoming, later);
        let cut = |place: &IncomingRequest| place.cut.is_cancelled();
        assert!(cut(&trickle) && !cut(&steady) && !cut(&fresh) && !cut(&newest));
        drop(newest);
        let another = place(&incoming, later);
        assert!(![&steady, &fresh, &another].into_iter().any(cut), "there was room");
        drop([steady, fresh, another]);
        assert_eq!(incoming.table().bytes, 0);
    }

    #[test]
    fn the_total_bytes_of_all_bodies_are_bounded() {
        let begin = Instant::now();
        let later = begin + Duration::from_secs(60);
        let incoming = Incoming::new(100, 1000);
        let old: Vec<_> = (0..9).map(|_| place(&incoming, begin)).collect();
        old.iter().for_each(|place| place.add_at(100, later));
        let good = place(&incoming, later);
        good.add_at(1000, later);
        assert!(old.iter().all(|place| place.cut.is_cancelled()) && !good.cut.is_cancelled());
        assert_eq!(incoming.table().bytes, 1000);
        // A body that was cut off is not counted any more.
        old[0].add_at(5, later);
        assert_eq!(incoming.table().bytes, 1000);
    }
}
