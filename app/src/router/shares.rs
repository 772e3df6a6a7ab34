//! The handlers of `/share/{worker_id}` and `/shares`: making, listing and revoking the own shares.

use axum::Form;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use leptos::prelude::*;
use protocol::{Error, ErrorCode, ExcerptParts, MessageId, WorkerId, limits};
use runtime::BranchExport;
use serde::Deserialize;
use shares::{Actor, ShareDays, ShareError, ShareId, Wish};

use super::Handlers;
use super::document::failure;
use super::shared::html_headers;
use super::visit::Visit;
use crate::base_path::at;
use crate::components::Plain;
use crate::erase::erase;
use crate::excerpt::{self, Frame, SharedFrame, Source};
use crate::origin::Origin;
use crate::pages::shares::{COPY_POLICY, ShareForm, SharePage, SharesList, SharesPage, Until};
use crate::rendering::Reuse;
use crate::text::tr;

/// How many of the last messages the form offers as the last one of the copy.
const OFFERED: usize = 50;

/// The characters of a message that the form shows of it.
const BEGINNING: usize = 60;

/// The fields of the form, and the query of its preview.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Fields {
    /// The message at which the branch that the console shows ends.
    m: String,
    /// The last message of the copy.
    until: String,
    title: Option<String>,
    thinking: Option<String>,
    prompt: Option<String>,
    days: Option<u32>,
}

#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// The share that was made just now.
    made: Option<i64>,
    #[serde(default)]
    revoked: bool,
}

#[derive(Deserialize)]
pub(super) struct RevokeFields {
    share: i64,
}

impl Fields {
    /// The end of the copy; `None` for the conversation's newest message.
    fn until(&self) -> Result<Option<MessageId>, Error> {
        let chosen = [&self.until, &self.m].into_iter().find(|id| !id.is_empty());
        let unknown = |_| Error::new(ErrorCode::NotFound, tr!(no_message));
        chosen.map(|id| id.parse()).transpose().map_err(unknown)
    }

    fn parts(&self) -> ExcerptParts {
        ExcerptParts { reasoning: self.thinking.is_some(), prompts: self.prompt.is_some() }
    }

    /// The title that the copy gets; `None` to keep the conversation's.
    fn title(&self) -> Option<String> {
        let title = self.title.as_deref()?.trim();
        Some(title.chars().filter(|c| !c.is_control()).take(limits::TITLE_CHARS).collect())
    }

    fn days(&self) -> Option<ShareDays> {
        self.days.map_or(Some(ShareDays::default()), ShareDays::of)
    }
}

/// The form.
pub(super) async fn form(
    handlers: Handlers,
    headers: HeaderMap,
    Path(worker): Path<String>,
    fields: Result<Query<Fields>, QueryRejection>,
) -> Response {
    let Query(fields) = fields.unwrap_or_default();
    show_form(&handlers, &headers, &worker, &fields, None).await
}

/// The page as others would see it with the chosen parts, for its owner alone.
pub(super) async fn preview(
    handlers: Handlers,
    headers: HeaderMap,
    Path(worker): Path<String>,
    fields: Result<Query<Fields>, QueryRejection>,
) -> Response {
    let Query(fields) = fields.unwrap_or_default();
    let (worker_id, branch) = match branch(&handlers, &worker, &fields).await {
        Ok(found) => found,
        Err(error) => return refused(&handlers, &headers, error).await,
    };
    let mut export = branch.into_excerpt(fields.parts());
    let mut excerpt = export.take();
    excerpt.title = fields.title().or(excerpt.title);
    let frame = Frame::Page(SharedFrame {
        style: at(&handlers.assets.style),
        icon: at("/favicon.svg"),
        from_until: None,
        leads: form_of(worker_id, &fields.m),
    });
    let source = Source { conversation: worker_id, reuse: Reuse::Never };
    let body = excerpt::body(excerpt, frame, source, &headers, export);
    (html_headers(), body).into_response()
}

/// Shares a copy, and leads to the list, which shows its address.
pub(super) async fn share(
    handlers: Handlers,
    visit: Visit,
    headers: HeaderMap,
    Path(worker): Path<String>,
    fields: Result<Form<Fields>, FormRejection>,
) -> Response {
    let Ok(Form(fields)) = fields else {
        return refused(&handlers, &headers, bad_form()).await;
    };
    let (worker_id, branch) = match branch(&handlers, &worker, &fields).await {
        Ok(found) => found,
        Err(error) => return refused(&handlers, &headers, error).await,
    };
    let Some(days) = fields.days() else {
        return refused(&handlers, &headers, bad_form()).await;
    };
    let parts = fields.parts();
    let mut export = branch.into_excerpt(parts);
    let mut excerpt = export.take();
    excerpt.title = fields.title().or(excerpt.title);
    let account = handlers.backend.runtime().principal().account;
    let wish = Wish { account, worker_id, excerpt, parts, days };
    match handlers.backend.shares.share(wish, actor(&visit)).await {
        Ok(share) => Redirect::to(&at(&format!("/shares?made={}", share.id.0))).into_response(),
        Err(error) => {
            // Reading the branch again for the form needs the same place.
            drop(export);
            show_form(&handlers, &headers, &worker, &fields, Some(error)).await
        }
    }
}

/// The own shares.
pub(super) async fn list(
    handlers: Handlers,
    visit: Visit,
    headers: HeaderMap,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Query(Asked { made, revoked }) = asked.unwrap_or_default();
    let list = SharesList { made: made.map(ShareId), revoked, ..SharesList::default() };
    show_list(&handlers, &visit, &headers, list).await
}

pub(super) async fn revoke(
    handlers: Handlers,
    visit: Visit,
    headers: HeaderMap,
    form: Result<Form<RevokeFields>, FormRejection>,
) -> Response {
    let account = handlers.backend.runtime().principal().account;
    let done = match form {
        Ok(Form(RevokeFields { share })) => {
            handlers.backend.shares.revoke(account, ShareId(share), actor(&visit)).await
        }
        Err(_) => Err(ShareError::NotFound),
    };
    match done {
        Ok(()) => Redirect::to(&at("/shares?revoked=true")).into_response(),
        Err(error) => {
            let list = SharesList { error: Some(error), ..SharesList::default() };
            show_list(&handlers, &visit, &headers, list).await
        }
    }
}

async fn branch(
    handlers: &Handlers,
    worker: &str,
    fields: &Fields,
) -> Result<(WorkerId, BranchExport), Error> {
    let unknown = |_| Error::new(ErrorCode::NotFound, tr!(not_found_conversation));
    let worker_id: WorkerId = worker.parse().map_err(unknown)?;
    let branch = handlers.backend.runtime().branch(worker_id, fields.until()?).await?;
    Ok((worker_id, branch))
}

async fn show_form(
    handlers: &Handlers,
    headers: &HeaderMap,
    worker: &str,
    fields: &Fields,
    error: Option<ShareError>,
) -> Response {
    let shares = &handlers.backend.shares;
    let error = error.or_else(|| shares.allowed().err());
    // The form offers the whole branch, whatever was chosen as its last message.
    let whole = Fields { m: fields.m.clone(), ..Fields::default() };
    let asked = if fields.m.is_empty() { fields } else { &whole };
    let (worker_id, BranchExport { branch, .. }) = match branch(handlers, worker, asked).await {
        Ok(found) => found,
        Err(error) => return refused(handlers, headers, error).await,
    };
    let chosen = fields.until().ok().flatten();
    let skipped = branch.messages.len().saturating_sub(OFFERED);
    let offered = branch.messages.iter().enumerate().skip(skipped);
    let offered = offered.map(|(at, message)| Until {
        id: message.id,
        number: at + 1,
        role: message.role,
        beginning: beginning(&message.text),
        chosen: chosen == Some(message.id),
    });
    let account = handlers.backend.runtime().principal().account;
    let own = match shares.shares(account).await {
        Ok(own) => own.iter().filter(|share| share.worker_id == worker_id).count(),
        Err(_) => 0,
    };
    let title = branch.worker.as_ref().and_then(|worker| worker.title.clone());
    let form = ShareForm {
        worker_id,
        branch: fields.m.clone(),
        title: fields.title().or(title).unwrap_or_default(),
        offered: offered.collect(),
        has: branch.parts(),
        parts: fields.parts(),
        days: fields.days().unwrap_or_default(),
        shared_before: own,
        error,
    };
    let status = form.error.as_ref().map_or(200, |error| error.code().http_status());
    handlers
        .document(headers, status, || (tr!(share).to_owned(), erase(view! { <SharePage form /> })))
        .await
}

async fn show_list(
    handlers: &Handlers,
    visit: &Visit,
    headers: &HeaderMap,
    mut list: SharesList,
) -> Response {
    let shares = &handlers.backend.shares;
    let account = handlers.backend.runtime().principal().account;
    match shares.shares(account).await {
        Ok(found) => list.shares = found,
        Err(error) => list.error = list.error.or(Some(error)),
    }
    list.sharing_is_off = shares.allowed().is_err();
    list.origin = Origin::of(headers, visit.visitor.secure);
    let status = list.error.as_ref().map_or(200, |error| error.code().http_status());
    let response = handlers.document(headers, status, || {
        (tr!(shares).to_owned(), erase(view! { <SharesPage list /> }))
    });
    let mut response = response.await;
    let policy = HeaderValue::from_static(COPY_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

/// The page for a conversation that cannot be shared, or a form that cannot be read. Its words are
/// found when it is written, in its language.
async fn refused(handlers: &Handlers, headers: &HeaderMap, error: Error) -> Response {
    handlers
        .document(headers, error.code.http_status(), || {
            let words = match error.code {
                ErrorCode::NotFound => tr!(share_error_gone),
                ErrorCode::InvalidInput => tr!(bad_form),
                _ => return failure(error),
            };
            let body = erase(view! {
                <p>{words}</p>
                <p class="actions">
                    <a class="button" href=at("/")>
                        {tr!(to_home)}
                    </a>
                </p>
            });
            (tr!(share).to_owned(), erase(view! { <Plain heading=tr!(share) body /> }))
        })
        .await
}

fn bad_form() -> Error {
    Error::new(ErrorCode::InvalidInput, tr!(bad_form))
}

fn actor(visit: &Visit) -> Actor {
    Actor { account: visit.actor(), from: visit.visitor.address }
}

/// The address of the form for a branch.
fn form_of(worker: WorkerId, branch: &str) -> String {
    let query = branch.parse::<MessageId>().map(|id| format!("?m={id}")).unwrap_or_default();
    at(&format!("/share/{worker}{query}"))
}

/// The first words of a message, on one line.
fn beginning(text: &str) -> String {
    let mut words = text.split_whitespace().take(BEGINNING).collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(BEGINNING) {
        words.truncate(at);
        words.push('…');
    }
    if words.is_empty() { "…".to_owned() } else { words }
}
