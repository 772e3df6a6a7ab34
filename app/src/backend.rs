//! The parts of the server process that the console needs.

use accounts::{Accounts, Admission, Via};
use axum::http::StatusCode;
use leptos::prelude::use_context;
use oidc::RelyingParty;
use passkeys::Passkeys;
use protocol::api::{LimitsInForce, WorkerPage};
use protocol::catalogue::words_in;
use protocol::{
    AccountRole, Error, ErrorCode, MessageId, Snapshot, Timestamp, Transcript, Visibility, Worker,
    WorkerId, limits,
};
use runtime::clock::{Clock as _, SystemClock};
use runtime::{Access, Principal, Registry, VisibilityFilter};
use shares::Shares;

use crate::pages::Beside;
use crate::rendering::{self, PageHtml};
use crate::response::set_status;
use crate::title_search::TitleSearch;
use crate::{AppError, LoginStatus, Refused, text::tr};

/// The runtimes, the limits in force, the accounts, the challenges of their passkeys, and the shares.
#[derive(Clone)]
pub struct Backend {
    registry: Registry,
    pub(crate) limits: LimitsInForce,
    pub(crate) accounts: Accounts,
    pub(crate) shares: Shares,
    pub(crate) identity_provider: Option<RelyingParty>,
    pub(crate) passkeys: Passkeys,
    titles: TitleSearch,
}

impl Backend {
    /// Called once when the process starts.
    pub fn new(
        registry: Registry,
        limits: LimitsInForce,
        accounts: Accounts,
        shares: Shares,
    ) -> Self {
        let (identity_provider, passkeys) = (None, Passkeys::default());
        let titles = TitleSearch::default();
        Self { registry, limits, accounts, shares, identity_provider, passkeys, titles }
    }

    /// The same with a provider of identities, by which people can log in.
    #[must_use]
    pub fn with_identity_provider(self, identity_provider: Option<RelyingParty>) -> Self {
        Self { identity_provider, ..self }
    }

    /// The backend as this principal may use it, who is let in by `admission` or without a login.
    pub(crate) fn of(&self, principal: Principal, admission: Option<&Admission>) -> CallerBackend {
        let Self { limits, shares, titles, .. } = self.clone();
        let login = admission.map(|admission| LoginStatus {
            name: admission.name().as_str().to_owned(),
            owner: admission.role() == AccountRole::Owner,
            session: matches!(admission.via(), Via::Session(_)),
        });
        CallerBackend { runtime: self.runtime(principal), limits, shares, titles, login }
    }

    /// The runtime of the pages, as this principal may use it.
    pub(crate) fn runtime(&self, principal: Principal) -> Access {
        self.registry.home().access(principal)
    }
}

/// The backend as the caller of a request may use it. In the context of every page and server
/// function.
#[derive(Clone)]
pub(crate) struct CallerBackend {
    runtime: Access,
    pub(crate) limits: LimitsInForce,
    pub(crate) shares: Shares,
    pub(crate) titles: TitleSearch,
    /// Who is logged in; `None` at the server's own machine.
    pub(crate) login: Option<LoginStatus>,
}

impl CallerBackend {
    /// The backend of the current request. Errors with `internal` if the context has none.
    pub(crate) fn current() -> Result<Self, AppError> {
        use_context().ok_or_else(|| {
            map_error(Error::new(ErrorCode::Internal, "The server has no runtime for this page."))
        })
    }

    /// A worker's snapshot with its newest messages, or with those before a position. Includes
    /// their HTML.
    pub(crate) async fn snapshot(
        &self,
        worker_id: WorkerId,
        before: Option<u64>,
    ) -> Result<Snapshot, AppError> {
        let mut snapshot = self.runtime().snapshot(worker_id).await.map_err(map_error)?;
        if before.is_some_and(|before| before > limits::POSITION_MAX) {
            return Err(map_error(Error::new(ErrorCode::InvalidInput, tr!(bad_request))));
        }
        if before.is_some() && !snapshot.worker.unreadable {
            let limit = self.limits.transcript_page;
            let page = self.runtime().transcript(worker_id, before, limit).await;
            snapshot.transcript = page.map_err(map_error)?;
        }
        fill(worker_id, &mut snapshot.transcript).await;
        Ok(snapshot)
    }

    /// Like `snapshot`, but with the page that holds a message. If the message does not exist,
    /// returns the newest page and an error to show.
    pub(crate) async fn snapshot_around(
        &self,
        worker_id: WorkerId,
        message: MessageId,
    ) -> Result<(Snapshot, Option<Refused>), AppError> {
        let mut snapshot = self.runtime().snapshot(worker_id).await.map_err(map_error)?;
        let there = snapshot.transcript.messages.iter().any(|shown| shown.id == message);
        let mut refused = None;
        if !there && !snapshot.worker.unreadable {
            let limit = self.limits.transcript_page;
            match self.runtime().transcript_around(worker_id, message, limit).await {
                Ok(page) => snapshot.transcript = page,
                Err(error) if error.code == ErrorCode::NotFound => {
                    let error = Error::new(ErrorCode::NotFound, tr!(no_message))
                        .with_hint(tr!(no_message_hint));
                    refused = Some(Refused { error, text: String::new(), message_id: None });
                }
                Err(error) => return Err(map_error(error)),
            }
        }
        // Render only the page that is shown, because the time limit for rendering is that of one
        // page.
        fill(worker_id, &mut snapshot.transcript).await;
        Ok((snapshot, refused))
    }

    /// What to show when the messages cannot be loaded: the conversation without messages if part
    /// of it is unreadable, `error` otherwise.
    pub(crate) async fn without_messages(
        &self,
        worker_id: WorkerId,
        error: AppError,
    ) -> Result<Snapshot, AppError> {
        let mut snapshot = self.runtime().snapshot(worker_id).await.map_err(map_error)?;
        if !snapshot.worker.unreadable {
            return Err(error);
        }
        set_status(StatusCode::OK.as_u16());
        let transcript = &mut snapshot.transcript;
        (transcript.messages, transcript.turns) = (Vec::new(), Vec::new());
        (transcript.next_before, transcript.truncated) = (None, None);
        Ok(snapshot)
    }

    /// Whether a snapshot's messages end before the worker's last event.
    pub(crate) fn ends_earlier(&self, snapshot: &Snapshot) -> bool {
        let end = snapshot.transcript.cursor.parts().map(|(_, seq)| seq);
        end.is_ok_and(|end| end < snapshot.seq)
    }

    /// The deleted conversation with this id, if it can be restored. A failed lookup counts as
    /// none, because the deletion itself succeeded.
    pub(crate) async fn deleted(&self, id: Option<WorkerId>) -> Option<Worker> {
        Some(self.runtime().deleted_one(id?).await.ok()??.worker)
    }

    /// The profiles' names and their titles in the page's language.
    pub(crate) fn profile_titles(&self) -> Vec<(String, String)> {
        let bundle = self.runtime().bundle();
        let titled = bundle.profiles().iter().map(|profile| {
            let titles = profile.title.by_language(&profile.language);
            (profile.name.to_string(), words_in(&titles, crate::locale::language()).to_owned())
        });
        titled.collect()
    }

    /// A page of the list, or of the archive. The first page of the list holds all pinned workers.
    pub(crate) async fn workers(
        &self,
        before: Option<&str>,
        archived: bool,
    ) -> Result<WorkerPage, AppError> {
        let places = if archived {
            VisibilityFilter::Only(Visibility::Archived)
        } else {
            VisibilityFilter::InView
        };
        let (runtime, limit) = (self.runtime(), self.limits.worker_page);
        let mut page = runtime.workers_at(places, before, limit).await.map_err(map_error)?;
        if before.is_none() && !archived {
            // Pinned workers are listed first, however long ago they were used.
            let pinned = VisibilityFilter::Only(Visibility::Pinned);
            let pinned = runtime.workers_at(pinned, None, limits::WORKER_PAGE_MAX).await;
            put_above(&mut page, pinned.map_err(map_error)?.workers);
        }
        Ok(page)
    }

    /// The current time by the server's clock.
    /// What is shown beside a page that only the server renders. `None` if the list cannot be read:
    /// such a page does without.
    pub(crate) async fn beside(&self, path: String) -> Option<Beside> {
        let workers = self.workers(None, false).await.ok()?;
        Some(Beside { workers, now: self.now(), login: self.login.clone(), path })
    }

    pub(crate) fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    /// The runtime whose workers the pages show.
    pub(crate) fn runtime(&self) -> &Access {
        &self.runtime
    }
}

/// Puts the pinned workers in front of a page that was read before them. A worker that changed
/// between the two reads is listed only once.
fn put_above(page: &mut WorkerPage, mut pinned: Vec<Worker>) {
    let listed = |id| page.workers.iter().any(|worker| worker.worker_id == id);
    pinned.retain(|worker| !listed(worker.worker_id));
    page.workers.splice(0..0, pinned);
}

/// Renders the messages into the messages themselves. The server's page, if there is one, renders
/// its messages when it has written what comes before them.
async fn fill(worker_id: WorkerId, transcript: &mut Transcript) {
    match use_context::<PageHtml>() {
        Some(page) => page.want(worker_id, transcript),
        None => rendering::fill(worker_id, transcript).await,
    }
}

/// Turns an error into one for the page, and sets its HTTP status on the response.
pub(crate) fn map_error(error: Error) -> AppError {
    set_status(error.code.http_status());
    AppError(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    #[test]
    fn a_pinned_worker_that_changed_between_the_reads_is_listed_once() {
        let worker = |n: u8, title: &str| Worker {
            worker_id: WorkerId::from_parts(u64::from(n), [n; 10]),
            title: Some(title.to_owned()),
            ..sample::worker()
        };
        let workers = vec![worker(1, "as it was"), worker(2, "another")];
        let mut page = WorkerPage { workers, ..WorkerPage::default() };
        put_above(&mut page, vec![worker(3, "used long ago"), worker(1, "as it is")]);
        let ids: Vec<_> =
            page.workers.iter().map(|worker| worker.worker_id.as_bytes()[15]).collect();
        assert_eq!(ids, [3, 1, 2]);
    }
}
