//! Limits on how many requests are handled at the same time. Each kind of request has places of its
//! own, so that many requests of one kind cannot keep another kind out.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use runtime::AccountPlaces;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::share::{Share, Sharer};

/// Probes that are handled at the same time. Few clients send them, and answers are quick.
pub const PROBE_PLACES: usize = 16;
/// Imports that are received or handled at the same time. The runtime imports one at a time, once
/// all of its files are there.
pub const IMPORT_PLACES: usize = 4;

/// How long a request waits for a place before it is refused; places are given in the order of
/// arrival. So a short burst of requests above the limit is delayed and not refused. The number of
/// waiting requests is bounded by `max_connections`, since each holds a connection.
pub const PLACE_WAIT: Duration = Duration::from_secs(2);

/// The kinds of requests that have places of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `/healthz` and `/readyz`.
    Probe,
    /// The upload of a file of conversations.
    Import,
    /// A message, another answer or a cancel, over the API or by a form of the console.
    Send,
    /// All other requests: pages, their files, and the rest of the API.
    Page,
}

impl Kind {
    /// The kind of a request, by its method and path.
    pub(super) fn of(method: &Method, path: &str) -> Self {
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
            "messages" | "turns" | "edit" | "cancel" | "fork" if over_api => Self::Send,
            // The client-only console posts the console's forms to `submit`.
            "send" | "ask_again" | "omit" | "cancel" | "fork" | "submit"
                if path.starts_with("/api/fn/") =>
            {
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
pub(super) struct RequestSlots {
    probes: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    sends: Arc<Semaphore>,
    pages: Arc<Semaphore>,
}

impl RequestSlots {
    /// `most` places for sends, and as many for pages.
    pub(super) fn new(most: usize) -> Self {
        let slots = |count| Arc::new(Semaphore::new(count));
        Self {
            probes: slots(PROBE_PLACES),
            imports: slots(IMPORT_PLACES),
            sends: slots(most),
            pages: slots(most),
        }
    }

    /// Takes a place of this kind, which is given back when it is dropped. `None` if no place
    /// became free within [`PLACE_WAIT`].
    pub(super) async fn take(&self, kind: Kind) -> Option<OwnedSemaphorePermit> {
        let slots = match kind {
            Kind::Probe => &self.probes,
            Kind::Import => &self.imports,
            Kind::Send => &self.sends,
            Kind::Page => &self.pages,
        };
        tokio::time::timeout(PLACE_WAIT, slots.clone().acquire_owned()).await.ok()?.ok()
    }
}

/// How much of the places of each kind one account gets, and all strangers together.
#[derive(Clone, Debug)]
pub(super) struct RequestShares {
    imports: AccountPlaces,
    sends: AccountPlaces,
    pages: AccountPlaces,
}

impl RequestShares {
    /// The shares of [`RequestSlots::new`] with the same number.
    pub(super) fn new(most: usize) -> Self {
        let share = AccountPlaces::three_quarters_of;
        Self { imports: share(IMPORT_PLACES), sends: share(most), pages: share(most) }
    }

    /// Takes a place for a request. `None` if its maker has their share. Probes are not counted.
    pub(super) fn take(&self, kind: Kind, sharer: Sharer) -> Option<Share> {
        let places = match kind {
            Kind::Probe => return Some(Share::uncounted()),
            Kind::Import => &self.imports,
            Kind::Send => &self.sends,
            Kind::Page => &self.pages,
        };
        sharer.take(places)
    }
}

#[cfg(test)]
mod tests {
    use protocol::AccountId;

    use super::*;

    #[test]
    fn one_account_leaves_places_of_each_kind_to_others() {
        let shares = RequestShares::new(4);
        let (one, other) = (Sharer::Account(AccountId::FIRST), Sharer::Strangers);
        for (kind, most) in [(Kind::Import, 3), (Kind::Send, 3), (Kind::Page, 3)] {
            let taken: Vec<_> = (0..9).map_while(|_| shares.take(kind, one)).collect();
            assert_eq!(taken.len(), most, "{kind:?}");
            assert!(shares.take(kind, other).is_some(), "{kind:?}");
        }
        for (kind, sharer) in [(Kind::Probe, other), (Kind::Page, Sharer::AtMachine)] {
            let all: Vec<_> = (0..99).map_while(|_| shares.take(kind, sharer)).collect();
            assert_eq!(all.len(), 99, "{kind:?}");
        }
    }

    #[test]
    fn each_request_has_its_kind() {
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
            (&post, "/api/v1/runtimes/r/workers/w/fork", Kind::Send),
            (&post, "/api/v1/runtimes/r/workers/w/cancel", Kind::Send),
            (&get, "/api/v1/runtimes/r/workers/w/events", Kind::Page),
            (&post, "/api/fn/send", Kind::Send),
            (&post, "/api/fn/ask_again", Kind::Send),
            (&post, "/api/fn/fork", Kind::Send),
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
    async fn a_kind_without_free_slots_does_not_block_other_kinds() {
        let slots = RequestSlots::new(1);
        let kinds = [Kind::Probe, Kind::Import, Kind::Send, Kind::Page];
        for full in kinds {
            let mut taken = Vec::new();
            while let Some(place) = slots.take(full).await {
                taken.push(place);
            }
            assert!(!taken.is_empty());
            for other in kinds {
                let place = slots.take(other).await;
                assert_eq!(place.is_some(), other != full, "{other:?} with {full:?}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_request_gets_the_next_free_slot() {
        let slots = RequestSlots::new(1);
        let only = slots.take(Kind::Page).await;
        let waiting = tokio::spawn({
            let slots = slots.clone();
            async move { slots.take(Kind::Page).await.is_some() }
        });
        tokio::time::sleep(PLACE_WAIT / 2).await;
        drop(only);
        assert!(waiting.await.unwrap());
    }
}
