//! The server functions that pages call.
//!
//! Each one gets the backend from the context, calls the runtime and returns its error with the
//! matching HTTP status. Arguments are JSON, which a form on another site cannot post.

use leptos::prelude::*;
use protocol::api::{AskAgain, SendMessage, WorkerPage};
use protocol::{MessageId, ProviderName, Snapshot, TurnId, Visibility, WorkerId};

use crate::wire::Call;
use crate::{AppError, Console, Home, ModelOption, SidebarData};

#[cfg(feature = "ssr")]
use protocol::api::PatchMessage;
#[cfg(feature = "ssr")]
use runtime::ModelPatch;

#[cfg(feature = "ssr")]
use crate::{
    Refused,
    backend::{CallerBackend, map_error},
};

/// The conversation that `/` leads to.
#[server(name = HomeCall, prefix = "/api/fn", endpoint = "home", protocol = Call)]
pub async fn home() -> Result<Home, AppError> {
    let backend = CallerBackend::current()?;
    let page =
        backend.runtime().workers(None, backend.limits.worker_page).await.map_err(map_error)?;
    // Skip a conversation that cannot be read, unless there is no other.
    let readable = page.workers.iter().find(|worker| !worker.unreadable);
    let newest = readable.or(page.workers.first()).cloned();
    let newest = match newest {
        Some(worker) => {
            let worker_id = worker.worker_id;
            // While nothing can be written, the conversation can still be shown.
            let greeted = backend.runtime().welcome(worker, crate::locale::language()).await;
            if let Err(error) = greeted {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a new conversation keeps the profile of another language"
                );
            }
            Some(worker_id)
        }
        None => None,
    };
    Ok(Home { newest, refused: use_context() })
}

/// Everything that a conversation's page shows at first. `before` asks for a page of earlier
/// messages, `around` for the page that holds this message, and `deleted` for the offer to
/// restore this conversation.
#[server(name = ConsoleCall, prefix = "/api/fn", endpoint = "console", protocol = Call)]
pub async fn console(
    worker_id: WorkerId,
    before: Option<u64>,
    around: Option<MessageId>,
    deleted: Option<WorkerId>,
) -> Result<Console, AppError> {
    let backend = CallerBackend::current()?;
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
        message_chars: backend.limits.message_chars,
    })
}

/// Everything that the sidebar shows at first. `list` is the cursor of a later page of the list;
/// `archived` asks for the archived conversations instead.
#[server(name = SidebarCall, prefix = "/api/fn", endpoint = "sidebar", protocol = Call)]
pub async fn sidebar(
    worker_id: WorkerId,
    list: Option<String>,
    archived: bool,
) -> Result<SidebarData, AppError> {
    let backend = CallerBackend::current()?;
    let runtime = backend.runtime();
    let workers = backend.workers(list.as_deref(), archived).await?;
    // If this worker cannot be loaded, the page beside the sidebar shows the error.
    let provider = match runtime.worker(worker_id).await {
        Ok(worker) => runtime.provider_status_of(&worker),
        Err(_) => runtime.provider_status(),
    };
    Ok(SidebarData { workers, now: backend.now(), provider, login: backend.login })
}

/// The current snapshot of a conversation, for a page without a stream. With `before`, it holds
/// the page of messages before that position.
#[server(name = SnapshotCall, prefix = "/api/fn", endpoint = "snapshot", protocol = Call)]
pub async fn snapshot(worker_id: WorkerId, before: Option<u64>) -> Result<Snapshot, AppError> {
    CallerBackend::current()?.snapshot(worker_id, before).await
}

/// Sends a message and returns once it is committed. The page receives it like any other event. With
/// `edited`, the text is the reader's own version of that turn's answer, and no model is asked.
#[server(name = SendCall, prefix = "/api/fn", endpoint = "send", protocol = Call)]
pub async fn send(
    worker_id: WorkerId,
    message: SendMessage,
    edited: Option<TurnId>,
) -> Result<(), AppError> {
    let backend = CallerBackend::current()?;
    let sent = match edited {
        Some(turn) => crate::form::edit_answer(backend.runtime(), worker_id, turn, message).await,
        None => backend.runtime().send(worker_id, message).await,
    };
    sent.map(drop).map_err(map_error)
}

/// Leaves a message out of what models are sent from the next turn on, or sends it again.
#[server(name = OmitCall, prefix = "/api/fn", endpoint = "omit", protocol = Call)]
pub async fn omit(
    worker_id: WorkerId,
    message_id: MessageId,
    omitted: bool,
) -> Result<(), AppError> {
    let runtime = CallerBackend::current()?;
    let done = runtime.runtime().patch_message(worker_id, message_id, PatchMessage { omitted });
    done.await.map(drop).map_err(map_error)
}

/// Begins another answer to a message and returns once the turn is committed.
#[server(name = AskAgainCall, prefix = "/api/fn", endpoint = "ask_again", protocol = Call)]
pub async fn ask_again(worker_id: WorkerId, request: AskAgain) -> Result<(), AppError> {
    CallerBackend::current()?
        .runtime()
        .ask_again(worker_id, request)
        .await
        .map(drop)
        .map_err(map_error)
}

/// Copies the messages up to one into a new conversation, whose id it returns.
#[server(name = ForkCall, prefix = "/api/fn", endpoint = "fork", protocol = Call)]
pub async fn fork(worker_id: WorkerId, message_id: MessageId) -> Result<WorkerId, AppError> {
    let backend = CallerBackend::current()?;
    let made = crate::fork::fork(backend.runtime(), worker_id, message_id).await;
    made.map(|worker| worker.worker_id).map_err(map_error)
}

/// Performs a plain form of a conversation's page or of `/`, for the client-only console, whose
/// pages are static files that take no POST. Returns the path to navigate to.
#[cfg(any(feature = "ssr", feature = "csr"))]
#[server(name = SubmitCall, prefix = "/api/fn", endpoint = "submit", protocol = Call)]
pub async fn submit(
    worker_id: Option<WorkerId>,
    fields: Vec<(String, String)>,
) -> Result<String, AppError> {
    let backend = CallerBackend::current()?;
    let done = match crate::form::Fields::read(fields) {
        Ok(fields) => {
            let reader = crate::form::Reader {
                utc_offset: crate::reader::utc_offset(),
                language: crate::locale::language(),
            };
            fields.perform(backend.runtime(), worker_id, reader).await
        }
        Err(refused) => Err(refused),
    };
    done.map_err(|refused| map_error(refused.error))
}

/// Stops the running turn and returns once the work has ended.
#[server(name = CancelCall, prefix = "/api/fn", endpoint = "cancel", protocol = Call)]
pub async fn cancel(worker_id: WorkerId) -> Result<(), AppError> {
    CallerBackend::current()?.runtime().cancel(worker_id).await.map(drop).map_err(map_error)
}

/// Begins a conversation: the one in which nothing was said yet, or a new one.
#[server(name = CreateCall, prefix = "/api/fn", endpoint = "create", protocol = Call)]
pub async fn create() -> Result<WorkerId, AppError> {
    let worker = CallerBackend::current()?.runtime().begin(crate::locale::language()).await;
    worker.map(|worker| worker.worker_id).map_err(map_error)
}

/// A page of the list of conversations, the most recently used first: the page after the cursor
/// `before`, or the first page.
#[server(name = WorkersCall, prefix = "/api/fn", endpoint = "workers", protocol = Call)]
pub async fn workers(before: Option<String>, archived: bool) -> Result<WorkerPage, AppError> {
    CallerBackend::current()?.workers(before.as_deref(), archived).await
}

/// The conversations whose titles match the query, the best match first.
#[server(name = TitlesCall, prefix = "/api/fn", endpoint = "titles", protocol = Call)]
pub async fn titles(query: String) -> Result<WorkerPage, AppError> {
    let backend = CallerBackend::current()?;
    let workers = backend.titles.find(backend.runtime(), &query).await.map_err(map_error)?;
    Ok(WorkerPage { workers, ..WorkerPage::default() })
}

/// The models to choose from for a conversation.
#[server(name = ModelsCall, prefix = "/api/fn", endpoint = "models", protocol = Call)]
pub async fn models(worker_id: WorkerId) -> Result<Vec<ModelOption>, AppError> {
    let backend = CallerBackend::current()?;
    crate::model_options::model_options(backend.runtime(), worker_id).await.map_err(map_error)
}

/// Chooses the model that answers from now on; `None` for the profile's own. Returns the name of the
/// one that answers if the conversation names none.
#[server(name = ChooseModelCall, prefix = "/api/fn", endpoint = "choose_model", protocol = Call)]
pub async fn choose_model(
    worker_id: WorkerId,
    provider: Option<ProviderName>,
    model: Option<String>,
) -> Result<Option<String>, AppError> {
    let backend = CallerBackend::current()?;
    let runtime = backend.runtime();
    let wanted =
        ModelPatch { provider: Some(provider), model: Some(model), ..ModelPatch::default() };
    let worker = runtime.choose(worker_id, wanted).await.map_err(map_error)?;
    Ok(runtime.provider_status_of(&worker).model)
}

/// Pins or archives a conversation, or puts it back into the normal list.
#[server(name = PlaceCall, prefix = "/api/fn", endpoint = "place", protocol = Call)]
pub async fn place(worker_id: WorkerId, place: Visibility) -> Result<(), AppError> {
    CallerBackend::current()?.runtime().place(worker_id, place).await.map(drop).map_err(map_error)
}

/// Sets or removes a conversation's title.
#[server(name = RenameCall, prefix = "/api/fn", endpoint = "rename", protocol = Call)]
pub async fn rename(worker_id: WorkerId, title: Option<String>) -> Result<(), AppError> {
    CallerBackend::current()?.runtime().rename(worker_id, title).await.map(drop).map_err(map_error)
}

/// Deletes a conversation.
#[server(name = DeleteCall, prefix = "/api/fn", endpoint = "delete", protocol = Call)]
pub async fn delete(worker_id: WorkerId) -> Result<(), AppError> {
    CallerBackend::current()?.runtime().delete(worker_id).await.map_err(map_error)
}
