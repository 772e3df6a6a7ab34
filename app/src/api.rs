//! The server functions: what a page asks of the server.
//!
//! Each finds the backend, calls the runtime and passes on its error with the status that
//! belongs to it. Arguments are JSON, which no form of another site can post.

use leptos::prelude::*;
use protocol::api::{AskAgain, SendMessage, WorkerPage};
use protocol::{MessageId, Snapshot, Visibility, WorkerId};

use crate::wire::Call;
use crate::{AppError, Console, Home, SidebarData};

#[cfg(feature = "ssr")]
use crate::{
    Refused,
    backend::{Backend, map_error},
};

/// Where the server functions live.
pub const PREFIX: &str = "/api/fn";

/// The conversation that `/` leads to.
#[server(name = HomeCall, prefix = "/api/fn", endpoint = "home", protocol = Call)]
pub async fn home() -> Result<Home, AppError> {
    let backend = Backend::current()?;
    let page =
        backend.runtime().workers(None, backend.limits.worker_page).await.map_err(map_error)?;
    // One that cannot be read is no place to begin at, where there is another.
    let readable = page.workers.iter().find(|worker| !worker.unreadable);
    let newest = readable.or(page.workers.first()).map(|worker| worker.worker_id);
    Ok(Home { newest, refused: use_context() })
}

/// Everything that the page of a conversation shows at first. `before` asks for a page of
/// earlier messages, `around` for one that holds a message, `deleted` for a way to bring that
/// conversation back.
#[server(name = ConsoleCall, prefix = "/api/fn", endpoint = "console", protocol = Call)]
pub async fn console(
    worker_id: WorkerId,
    before: Option<u64>,
    around: Option<MessageId>,
    deleted: Option<WorkerId>,
) -> Result<Console, AppError> {
    let backend = Backend::current()?;
    let runtime = backend.runtime();
    let around = around.filter(|_| before.is_none());
    let found = match around {
        Some(message) => backend.snapshot_around(worker_id, message).await,
        None => backend.snapshot(worker_id, before).await.map(|snapshot| (snapshot, None)),
    };
    let is_part = before.is_some() || around.is_some();
    let (snapshot, lost) = match found {
        Err(error) if is_part => (backend.without_messages(worker_id, error).await?, None),
        found => found?,
    };
    let refused: Option<Refused> = use_context();
    let message_id = refused.as_ref().and_then(|refused| refused.message_id);
    Ok(Console {
        earlier: is_part && (before.is_some() || snapshot.transcript.messages.is_empty())
            || backend.ends_earlier(&snapshot),
        provider: runtime.provider_status_of(&snapshot.worker),
        told_effort: runtime.told_effort(&snapshot.worker),
        profiles: backend.profile_titles(),
        snapshot,
        message_id: message_id.unwrap_or_else(runtime::new_message_id),
        refused: refused.or(lost),
        deleted: backend.deleted(deleted).await,
    })
}

/// What the sidebar shows at first beside a conversation. `list` asks for a later page of the list of
/// conversations, `archived` for the archive in its place.
#[server(name = SidebarCall, prefix = "/api/fn", endpoint = "sidebar", protocol = Call)]
pub async fn sidebar(
    worker_id: WorkerId,
    list: Option<String>,
    archived: bool,
) -> Result<SidebarData, AppError> {
    let backend = Backend::current()?;
    let runtime = backend.runtime();
    let workers = backend.workers(list.as_deref(), archived).await?;
    // The page beside the sidebar says what is wrong with a conversation that cannot be had.
    let provider = match runtime.worker(worker_id).await {
        Ok(worker) => runtime.provider_status_of(&worker),
        Err(_) => runtime.provider_status(),
    };
    Ok(SidebarData { workers, now: backend.now(), provider })
}

/// Where a conversation stands now: for a page that cannot hold a connection. With the
/// messages before the position `before` where that is asked for.
#[server(name = SnapshotCall, prefix = "/api/fn", endpoint = "snapshot", protocol = Call)]
pub async fn snapshot(worker_id: WorkerId, before: Option<u64>) -> Result<Snapshot, AppError> {
    Backend::current()?.snapshot(worker_id, before).await
}

/// Sends a message; answers once it is committed. The page hears of it as of all events.
#[server(name = SendCall, prefix = "/api/fn", endpoint = "send", protocol = Call)]
pub async fn send(worker_id: WorkerId, message: SendMessage) -> Result<(), AppError> {
    Backend::current()?.runtime().send(worker_id, message).await.map(drop).map_err(map_error)
}

/// Begins another answer to a message; answers once it is committed.
#[server(name = AskAgainCall, prefix = "/api/fn", endpoint = "ask_again", protocol = Call)]
pub async fn ask_again(worker_id: WorkerId, request: AskAgain) -> Result<(), AppError> {
    Backend::current()?.runtime().ask_again(worker_id, request).await.map(drop).map_err(map_error)
}

/// Does what a plain form of a conversation's page asks for, or one of the front door. For a page
/// that no server wrote, and so cannot be posted to. Gives the path to go on to.
#[cfg(any(feature = "ssr", feature = "csr"))]
#[server(name = SubmitCall, prefix = "/api/fn", endpoint = "submit", protocol = Call)]
pub async fn submit(
    worker_id: Option<WorkerId>,
    fields: Vec<(String, String)>,
) -> Result<String, AppError> {
    let backend = Backend::current()?;
    let done = match crate::form::Fields::read(fields) {
        Ok(fields) => {
            fields.perform(backend.runtime(), worker_id, crate::reader::utc_offset()).await
        }
        Err(refused) => Err(refused),
    };
    done.map_err(|refused| map_error(refused.error))
}

/// Stops the running turn; answers when the work has really ended.
#[server(name = CancelCall, prefix = "/api/fn", endpoint = "cancel", protocol = Call)]
pub async fn cancel(worker_id: WorkerId) -> Result<(), AppError> {
    Backend::current()?.runtime().cancel(worker_id).await.map(drop).map_err(map_error)
}

/// Begins a conversation.
#[server(name = CreateCall, prefix = "/api/fn", endpoint = "create", protocol = Call)]
pub async fn create() -> Result<WorkerId, AppError> {
    let worker = Backend::current()?.runtime().create(Default::default()).await;
    worker.map(|worker| worker.worker_id).map_err(map_error)
}

/// A page of the list of conversations, the most recently used first: the one that follows
/// `before`, or the first.
#[server(name = WorkersCall, prefix = "/api/fn", endpoint = "workers", protocol = Call)]
pub async fn workers(before: Option<String>, archived: bool) -> Result<WorkerPage, AppError> {
    Backend::current()?.workers(before.as_deref(), archived).await
}

/// The conversations whose titles fit what was typed, the best first.
#[server(name = TitlesCall, prefix = "/api/fn", endpoint = "titles", protocol = Call)]
pub async fn titles(query: String) -> Result<WorkerPage, AppError> {
    let backend = Backend::current()?;
    let workers = backend.titles.find(backend.runtime(), &query).await.map_err(map_error)?;
    Ok(WorkerPage { workers, ..WorkerPage::default() })
}

/// Pins a conversation, archives it, or neither any more.
#[server(name = PlaceCall, prefix = "/api/fn", endpoint = "place", protocol = Call)]
pub async fn place(worker_id: WorkerId, place: Visibility) -> Result<(), AppError> {
    Backend::current()?.runtime().place(worker_id, place).await.map(drop).map_err(map_error)
}

/// Gives a conversation a title, or takes it away.
#[server(name = RenameCall, prefix = "/api/fn", endpoint = "rename", protocol = Call)]
pub async fn rename(worker_id: WorkerId, title: Option<String>) -> Result<(), AppError> {
    Backend::current()?.runtime().rename(worker_id, title).await.map(drop).map_err(map_error)
}

/// Deletes a conversation.
#[server(name = DeleteCall, prefix = "/api/fn", endpoint = "delete", protocol = Call)]
pub async fn delete(worker_id: WorkerId) -> Result<(), AppError> {
    Backend::current()?.runtime().delete(worker_id).await.map_err(map_error)
}
