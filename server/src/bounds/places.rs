//! The places for requests in work, kept apart by kind: none of them can keep another kind out.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Probes in work at the same time. They are asked by few and answered at once.
pub const PROBE_PLACES: usize = 16;
/// Imports on their way or in work at the same time; the runtime does one after the other.
pub const IMPORT_PLACES: usize = 4;

/// How long a request waits for a place, in its turn, before it is refused. A crowd that asks for
/// more at once than there are places then costs everybody a little time and nobody an answer.
/// Who waits holds a connection, and of those there are `max_connections`.
pub const PLACE_WAIT: Duration = Duration::from_secs(2);

/// What a request is to the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Whether the server lives and takes messages.
    Probe,
    /// A file of conversations.
    Import,
    /// What the conversation itself needs: to send, to ask again, to stop.
    Send,
    /// All else: pages, their files, and what is read or changed over the interface.
    Page,
}

impl Kind {
    pub fn of(method: &Method, path: &str) -> Self {
        if matches!(path, "/healthz" | "/readyz") {
            return Self::Probe;
        }
        if *method != Method::POST {
            return Self::Page;
        }
        let over_api = path.starts_with("/api/v1/runtimes/");
        let last = path.rsplit('/').next().unwrap_or_default();
        match last {
            "import" if over_api => Self::Import,
            "messages" | "turns" | "cancel" if over_api => Self::Send,
            // The client-only console posts the console's forms to `submit`.
            "send" | "ask_again" | "cancel" | "submit" if path.starts_with("/api/fn/") => {
                Self::Send
            }
            _ if path == "/data" => Self::Import,
            // The forms of the console.
            _ if path == "/" || path.starts_with("/c/") => Self::Send,
            _ => Self::Page,
        }
    }
}

/// The places of each kind. Observers have their own ([`crate::events::Observers`]).
#[derive(Clone, Debug)]
pub struct Places {
    probes: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    sends: Arc<Semaphore>,
    pages: Arc<Semaphore>,
}

impl Places {
    /// `most` places for sends, and as many for pages.
    pub fn new(most: usize) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            probes: places(PROBE_PLACES),
            imports: places(IMPORT_PLACES),
            sends: places(most),
            pages: places(most),
        }
    }

    /// One place of the kind, until it is dropped; none when all were taken for [`PLACE_WAIT`].
    pub async fn take(&self, kind: Kind) -> Option<OwnedSemaphorePermit> {
        let places = match kind {
            Kind::Probe => &self.probes,
            Kind::Import => &self.imports,
            Kind::Send => &self.sends,
            Kind::Page => &self.pages,
        };
        tokio::time::timeout(PLACE_WAIT, places.clone().acquire_owned()).await.ok()?.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_is_of_one_kind() {
        let (get, post) = (Method::GET, Method::POST);
        for (method, path, kind) in [
            (&get, "/healthz", Kind::Probe),
            (&get, "/readyz", Kind::Probe),
            (&get, "/", Kind::Page),
            (&get, "/c/w", Kind::Page),
            (&get, "/data", Kind::Page),
            (&post, "/data", Kind::Import),
            (&post, "/data/deleted", Kind::Page),
            (&post, "/api/v1/runtimes/r/import", Kind::Import),
            (&get, "/api/v1/runtimes/r/import", Kind::Page),
            (&post, "/api/v1/runtimes/r/workers", Kind::Page),
            (&post, "/api/v1/runtimes/r/workers/w/messages", Kind::Send),
            (&post, "/api/v1/runtimes/r/workers/w/turns", Kind::Send),
            (&post, "/api/v1/runtimes/r/workers/w/cancel", Kind::Send),
            (&get, "/api/v1/runtimes/r/workers/w/events", Kind::Page),
            (&post, "/api/fn/send", Kind::Send),
            (&post, "/api/fn/ask_again", Kind::Send),
            (&post, "/api/fn/cancel", Kind::Send),
            (&post, "/api/fn/submit", Kind::Send),
            (&post, "/api/fn/snapshot", Kind::Page),
            (&post, "/", Kind::Send),
            (&post, "/c/w", Kind::Send),
            (&post, "/new", Kind::Page),
        ] {
            assert_eq!(Kind::of(method, path), kind, "{method} {path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_kind_keeps_another_one_out() {
        let places = Places::new(1);
        let kinds = [Kind::Probe, Kind::Import, Kind::Send, Kind::Page];
        for full in kinds {
            let mut taken = Vec::new();
            while let Some(place) = places.take(full).await {
                taken.push(place);
            }
            assert!(!taken.is_empty());
            for other in kinds {
                let place = places.take(other).await;
                assert_eq!(place.is_some(), other != full, "{other:?} with {full:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_the_next_place_in_turn() {
        let places = Places::new(1);
        let only = places.take(Kind::Page).await;
        let waiting = tokio::spawn({
            let places = places.clone();
            async move { places.take(Kind::Page).await.is_some() }
        });
        tokio::time::sleep(PLACE_WAIT / 2).await;
        drop(only);
        assert!(waiting.await.unwrap());
    }
}
