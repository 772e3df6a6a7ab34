//! The HTTP routes of this crate.

use axum::extract::rejection::FormRejection;
use axum::extract::{DefaultBodyLimit, FromRequestParts, OriginalUri, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router, body::Body};
use futures::StreamExt as _;
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use protocol::{Error, ErrorBody, ErrorCode, WorkerId};
use runtime::Principal;

use crate::backend::CallerBackend;
use crate::base_path::{BasePath, base};
use crate::form::{Fields, Reader, unreadable};
use crate::preferences::Preferences;
use crate::rendering::PageHtml;
use crate::response::set_status;
use crate::streaming::{Beginning, in_order};
use crate::{Assets, Backend, Refused, Visitor, shell, text::tr};

mod account;
mod accounts;
mod bulk;
mod data;
mod deleted;
mod document;
mod entrance;
mod identity;
mod input;
mod logged_out;
mod new;
mod outside;
mod passkey;
mod passkey_failure;
mod provider_failure;
mod reader;
mod regenerate;
mod search;
mod settings;
mod shared;
mod shares;
mod usage;
mod visit;

pub use document::{Refusal, refusal};
pub use outside::outside;

/// The largest body of a form about accounts: two passwords of the greatest length, each byte of
/// which a browser may send as three.
const ACCOUNT_FORM_BYTES: usize = 64 * 1024;

/// The pages, their forms, the server functions, and the fallback.
pub fn router(backend: Backend, options: LeptosOptions, assets: Assets) -> Router {
    // Leptos starts this executor when it generates its list of routes, which is not used here.
    let _ = any_spawner::Executor::init_tokio();
    let form_bytes = usize::try_from(backend.limits.form_bytes()).unwrap_or(usize::MAX);
    let console = Console { backend, options, assets };
    Router::new()
        // Only forms post to some of these addresses, but a reader may reload one, so redirect a GET.
        .route("/login", get(entrance::login).post(entrance::log_in))
        .route("/login/provider", get(|| leads("/login")).post(identity::begin))
        .route("/login/callback", get(identity::finish))
        .route("/login/passkey", get(|| leads("/login")).post(passkey::begin_login))
        .route("/login/passkey/answer", get(|| leads("/login")).post(passkey::finish_login))
        .route("/setup", get(entrance::set_up_form).post(entrance::set_up))
        .route("/setup/passkey", get(|| leads("/setup")).post(passkey::begin_set_up))
        .route("/setup/passkey/answer", get(|| leads("/setup")).post(passkey::finish_set_up))
        .route("/logout", get(|| leads("/login")).post(entrance::log_out))
        .route("/account", get(account::page))
        .route("/account/password", get(|| leads("/account")).post(account::change_password))
        .route("/account/identities", get(|| leads("/account")).post(identity::change))
        .route("/account/passkeys", get(|| leads("/account")).post(passkey::change))
        .route("/account/passkeys/answer", get(|| leads("/account")).post(passkey::finish_adding))
        .route("/account/sessions", get(|| leads("/account")).post(account::end_sessions))
        .route("/account/tokens", get(|| leads("/account")).post(account::create_token))
        .route("/account/tokens/revoke", get(|| leads("/account")).post(account::revoke_token))
        .route("/accounts", get(accounts::page).post(accounts::add))
        .route("/accounts/change", get(accounts::change_page).post(accounts::change))
        .route("/accounts/audit", get(accounts::audit))
        .layer(DefaultBodyLimit::max(ACCOUNT_FORM_BYTES))
        .route("/", get(page).post(submit_home))
        .route("/c/{worker_id}", get(page).post(submit_conversation))
        .route("/profile/{worker_id}", get(new::change).post(new::choose))
        .route("/new", get(new::page).post(new::submit))
        .route("/turns/{worker_id}/{turn_id}", get(input::page))
        .route("/turns/{worker_id}/{turn_id}/again", get(regenerate::page).post(regenerate::submit))
        // The former addresses of these two pages, which readers may have bookmarked.
        .route("/c/{worker_id}/profile", get(new::change))
        .route("/c/{worker_id}/turns/{turn_id}", get(input::page))
        .layer(DefaultBodyLimit::max(form_bytes))
        // The server limits the size of an import (`server/src/bounds.rs`).
        .route("/data", get(data::page).post(data::import).layer(DefaultBodyLimit::disable()))
        .route("/data/conversations", get(bulk::page).post(bulk::submit))
        .route("/data/deleted", get(|| leads("/data")).post(deleted::submit))
        .route("/search", get(search::page))
        .route("/share/{worker_id}", get(shares::form).post(shares::share))
        .route("/share/{worker_id}/preview", get(shares::preview))
        .route("/shares", get(shares::list))
        .route("/shares/revoke", get(|| leads("/shares")).post(shares::revoke))
        .route("/s/{token}", get(shared::page))
        .route("/s/{token}/file", get(shared::file))
        .route("/settings", get(settings::page).post(settings::save))
        .route("/settings/use", get(usage::page))
        .route("/settings/list", get(|| leads("/settings")).post(settings::hide_list))
        .route("/settings/forget", get(|| leads("/settings")).post(settings::forget))
        .route("/api/fn/reader", get(reader::chosen))
        .route("/api/fn/{*name}", post(server_function))
        .fallback(fallback)
        .with_state(console)
        .layer(from_fn(keep_from_the_next_person))
}

/// Browsers keep pages for their back button, and restore them without asking the server. After a
/// logout, another person at the same browser must not see them. All browsers leave out pages that
/// must not be stored; Chromium, which keeps even some of those, drops them when a cookie changes.
async fn keep_from_the_next_person(request: Request<Body>, next: Next) -> Response {
    let visitor = request.extensions().get::<Visitor>();
    let has_login = visitor.is_some_and(|visitor| visitor.admission.is_some());
    let mut response = next.run(request).await;
    if has_login {
        let keep = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
    }
    response
}

/// The state of the routes.
#[derive(Clone)]
struct Console {
    backend: Backend,
    options: LeptosOptions,
    assets: Assets,
}

/// What a handler needs, for the caller of its request. The server has put the [`Principal`] into
/// the request's extensions; a request without one is refused.
struct Handlers {
    backend: CallerBackend,
    options: LeptosOptions,
    assets: Assets,
    /// The path of the request with its query, without the base path.
    path: String,
}

impl FromRequestParts<Console> for Handlers {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(principal) = parts.extensions.get::<Principal>() else { return Err(nobody()) };
        let admission =
            parts.extensions.get::<Visitor>().and_then(|visit| visit.admission.as_ref());
        let Console { backend, options, assets } = console.clone();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { backend: backend.of(*principal, admission), options, assets, path })
    }
}

impl Handlers {
    async fn render(self, request: Request<Body>, refused: Option<Refused>) -> Response {
        let Self { backend, options, assets, .. } = self;
        let preferences = Preferences::of(request.headers());
        let locale = preferences.locale(request.headers());
        let (html, beginning) = (PageHtml::default(), Beginning::default());
        let answered = html.until_answered();
        let base = BasePath(base().into());
        let context = move || {
            provide_context(base.clone());
            provide_context(backend.clone());
            provide_context(preferences);
            provide_context(locale);
            provide_context(html.clone());
            provide_context(beginning.clone());
            if let Some(refused) = &refused {
                set_status(refused.error.code.http_status());
                provide_context(refused.clone());
            }
        };
        let document = move || shell(options.clone(), assets.clone());
        let page = leptos_axum::handle_response_inner(context, document, request, in_order).await;
        page.map(|body| {
            let pieces = body.into_data_stream().map(move |piece| {
                let _until_here = &answered;
                piece
            });
            Body::from_stream(pieces)
        })
    }

    async fn submit(
        self,
        uri: OriginalUri,
        mut headers: HeaderMap,
        worker: Option<WorkerId>,
        form: Result<Form<Fields>, FormRejection>,
    ) -> Response {
        let done = match form {
            Ok(Form(fields)) => {
                fields.perform(self.backend.runtime(), worker, Reader::of(&headers)).await
            }
            Err(_) => Err(unreadable()),
        };
        let refused = match done {
            Ok(path) => return Redirect::to(&path).into_response(),
            Err(refused) => refused,
        };
        headers.remove(header::CONTENT_TYPE);
        headers.remove(header::CONTENT_LENGTH);
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::GET;
        *request.uri_mut() = uri.0;
        *request.headers_mut() = headers;
        self.render(request, Some(*refused)).await
    }
}

/// The answer to a request whose maker the server has not identified.
fn nobody() -> Response {
    let error = Error::new(ErrorCode::Unauthorized, tr!(error_unauthorized));
    (StatusCode::UNAUTHORIZED, Json(ErrorBody { error })).into_response()
}

async fn leads(to: &'static str) -> Redirect {
    Redirect::to(to)
}

async fn page(handlers: Handlers, request: Request<Body>) -> Response {
    handlers.render(request, None).await
}

async fn submit_home(
    handlers: Handlers,
    uri: OriginalUri,
    headers: HeaderMap,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    handlers.submit(uri, headers, None, form).await
}

async fn submit_conversation(
    handlers: Handlers,
    uri: OriginalUri,
    headers: HeaderMap,
    Path(worker): Path<String>,
    form: Result<Form<Fields>, FormRejection>,
) -> Response {
    handlers.submit(uri, headers, worker.parse().ok(), form).await
}

async fn server_function(handlers: Handlers, request: Request<Body>) -> Response {
    let backend = handlers.backend;
    let preferences = Preferences::of(request.headers());
    let locale = preferences.locale(request.headers());
    let context = move || {
        provide_context(backend.clone());
        provide_context(preferences);
        provide_context(locale);
    };
    let known = leptos::server_fn::axum::server_fn_paths()
        .any(|(path, method)| path == request.uri().path() && method == *request.method());
    if known {
        leptos_axum::handle_server_fns_with_context(context, request).await.into_response()
    } else {
        nothing_there()
    }
}

async fn fallback(handlers: Handlers, request: Request<Body>) -> Response {
    if request.uri().path().starts_with("/api/") {
        nothing_there()
    } else if matches!(*request.method(), Method::GET | Method::HEAD) {
        handlers.render(request, None).await
    } else {
        StatusCode::METHOD_NOT_ALLOWED.into_response()
    }
}

fn nothing_there() -> Response {
    let error = Error::new(ErrorCode::NotFound, tr!(nothing_there));
    (StatusCode::NOT_FOUND, Json(ErrorBody { error })).into_response()
}
