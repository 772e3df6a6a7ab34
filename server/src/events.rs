//! Streams of a worker's [`protocol::Frame`]s, over a WebSocket or as Server-Sent Events, and
//! likewise of the list of workers ([`list()`]). A stream only observes; it takes no commands.

mod event_source;
mod html_frames;
mod list;
mod shared_html;
mod slots;
mod sse;
mod transport;
mod websocket;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use protocol::{Cursor, ErrorBody, Frame, RuntimeId, WorkerId};
use serde::Deserialize;

use crate::api::WorkerPath;
use crate::bounds::Sharer;
use crate::caller::{Caller, Visit};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Query};
use crate::state::AppState;
use event_source::{DeltaForm, EventSource, WhileAdmitted, WorkerSource};
use html_frames::{Format, HtmlFrames};
pub use list::{__path_list, list};
pub use shared_html::SharedHtml;
use slots::ObserverSlot;
pub use slots::Observers;
use transport::Transport;
pub use websocket::CLIENT_PINGS;

/// After this many unanswered pings an observer counts as gone. An observer that reads none of the
/// sent data counts as gone after the same time, over either transport.
pub const UNANSWERED_PINGS: u32 = 2;

/// Where the stream begins.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// The cursor of the last received frame; without it the stream begins with a snapshot.
    /// Server-Sent Events also take it from the header `Last-Event-ID`.
    pub cursor: Option<String>,
    /// Whether answers are sent as HTML, too: whole messages in a snapshot; with an event, the
    /// changed blocks or an addition to the last block.
    #[serde(default)]
    pub html: bool,
    /// Whether each delta is sent as a whole event. Otherwise one that continues the last event
    /// comes as a frame `more`, without what the client knows already.
    #[serde(default)]
    pub full: bool,
}

/// Follows a worker.
///
/// Each message of the WebSocket is a frame. With `Accept: text/event-stream` the same frames come
/// as events: `event` is the kind of frame, `id` the cursor after it, `data` the frame.
#[utoipa::path(
    get, path = "/api/v1/runtimes/{rid}/workers/{wid}/events", tag = "events",
    params(("rid" = RuntimeId, Path), ("wid" = WorkerId, Path), Since),
    responses(
        (status = 101, description = "a WebSocket; each message is a frame", body = Frame),
        (status = 200, description = "Server-Sent Events", body = Frame, content_type = "text/event-stream"),
        (status = 406, description = "neither of the two was asked for", body = ErrorBody),
        (status = 429, description = "too many observers", body = ErrorBody),
        (status = "default", body = ErrorBody),
    )
)]
pub async fn events(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Visit(visitor): Visit,
    Path(WorkerPath { rid, wid }): Path<WorkerPath>,
    Query(since): Query<Since>,
    request: Request,
) -> ApiResult<Response> {
    let (parts, _) = request.into_parts();
    let transport = transport::of(&parts.headers).ok_or_else(neither)?;
    let slot = state.observers.slot(Sharer::of(&visitor))?;
    let runtime = state.runtime(&rid, principal)?;
    let format = if since.html { Format::Html } else { Format::Text };
    let form = if since.full { DeltaForm::Full } else { DeltaForm::Brief };
    let cursor = since.cursor.or_else(|| last_seen(transport, &parts.headers));
    let follow = async || {
        let observation = runtime.observe(wid, cursor.map(Cursor::from_client)).await?;
        let html = state.html.clone();
        let frames = HtmlFrames::new(observation, runtime.clone(), wid, format, html);
        Ok(WhileAdmitted::new(WorkerSource::new(frames, form), visitor.admission))
    };
    answer(transport, parts, &state, slot, follow).await
}

/// Begins a stream. `follow` is called only after the handshake was checked.
async fn answer<F: EventSource>(
    transport: Transport,
    mut parts: Parts,
    state: &AppState,
    slot: ObserverSlot,
    follow: impl AsyncFnOnce() -> ApiResult<F>,
) -> ApiResult<Response> {
    let ping = state.observers.ping();
    match transport {
        Transport::WebSocket => {
            let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, state).await;
            let upgrade = upgrade.map_err(|rejection| {
                ApiError::invalid(rejection.body_text()).status(rejection.status())
            })?;
            Ok(websocket::answer(upgrade, follow().await?, ping, slot))
        }
        Transport::Sse => Ok(sse::answer(follow().await?, ping, slot)),
    }
}

/// The cursor that a reconnecting client sends.
fn last_seen(transport: Transport, headers: &HeaderMap) -> Option<String> {
    if transport == Transport::Sse { last_event_id(headers) } else { None }
}

/// An id that is not UTF-8 is still passed on: it then fits no log, and the client gets a notice
/// and a snapshot.
fn last_event_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(HeaderName::from_static("last-event-id"))?.as_bytes();
    (!id.is_empty()).then(|| String::from_utf8_lossy(id).into_owned())
}

fn neither() -> ApiError {
    ApiError::invalid("Events come over a WebSocket or as Server-Sent Events.")
        .hint("Open a WebSocket here, or send the header Accept: text/event-stream.")
        .status(StatusCode::NOT_ACCEPTABLE)
}
