//! The page's live connection: follows the worker by the best transport that works, and reconnects
//! by itself.

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use gloo_net::websocket::Message;
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{Applied, CloseReason, Cursor, Frame, FrameExpander};

use super::ladder::{Ladder, Way};
use super::socket::{self, PROVEN_MS, Pause, STAYED_MS};
use super::{ConnectionState, Conversation, List};
use crate::api;
use crate::erase::{effect, effect_from};

mod polling;
mod stream;

/// How a connection ended.
enum End {
    /// The conversation was deleted.
    Deleted,
    /// Events are missing; start again from a snapshot.
    Gap,
    /// The server answers, but a proxy holds the stream back.
    HeldBack,
    /// The server has no capacity for another observer.
    Crowded,
    /// The connection was lost, or never opened. It was of use if it delivered a frame or stayed
    /// open for a while; one that closes at once is as bad as one that does not open.
    Lost { was_of_use: bool },
}

/// Follows the conversation until the calling component is removed.
pub fn follow(conversation: Conversation) {
    let pause = Pause::default();
    let pausing = pause.clone();
    let online = window_event_listener(ev::online, move |_| pausing.end());
    let awake = pause.clone();
    let looking = window_event_listener(ev::visibilitychange, move |_| {
        if !document().hidden() {
            awake.end();
        }
    });
    await_return(&conversation, pause.clone());
    await_turn(&conversation, pause.clone());
    let (abort, registration) = AbortHandle::new_pair();
    on_cleanup(move || {
        online.remove();
        looking.remove();
        abort.abort();
    });
    // Dropping the future closes the socket.
    spawn_local(async move {
        let _ = Abortable::new(stay(conversation, pause), registration).await;
    });
}

/// Ends the pause when the list reports the conversation, which means that it was restored.
fn await_return(conversation: &Conversation, pause: Pause) {
    let (id, link) = (conversation.worker_id, conversation.link.clone());
    let list = expect_context::<List>();
    effect(move || {
        for group in list.groups.read().iter() {
            group.items.track();
        }
        if link.get_untracked() == ConnectionState::Deleted && list.worker(id).is_some() {
            pause.end();
        }
    });
}

/// Ends the pause when a turn begins, so that a polling page polls at once.
fn await_turn(conversation: &Conversation, pause: Pause) {
    let conversation = conversation.clone();
    effect_from(move |before: Option<bool>| {
        let runs = conversation.activity().is_running();
        let polls = matches!(conversation.link.get_untracked(), ConnectionState::Polling(_));
        if polls && runs && before == Some(false) {
            pause.end();
        }
        runs
    });
}

/// Connects again and again, with pauses that `pause` can end.
async fn stay(conversation: Conversation, pause: Pause) {
    let mut attempt = 0;
    // Not the same as `attempt > 0`: when a pause ends early, the attempts are counted from zero
    // again, and the server may still be unreachable.
    let mut lost = false;
    conversation.link.set(ConnectionState::Connecting);
    let mut ladder = Ladder::default();
    loop {
        let way = ladder.way();
        let end = match way {
            Way::WebSocket => connect(&conversation, lost).await,
            Way::Events => stream::follow(&conversation).await,
            Way::Polling(obstacle) => polling::follow(&conversation, obstacle, &pause).await,
        };
        lost = true;
        let end = match end {
            // A refused handshake does not say why, so find out with a plain request.
            End::Lost { was_of_use: false } => {
                match api::snapshot(conversation.worker_id, None).await {
                    Ok(snapshot) => {
                        conversation.catch_up(snapshot);
                        Next::Refused
                    }
                    Err(error) if error.is_not_found() => Next::Gone,
                    Err(error) if error.is_unauthorized() => Next::LoggedOut,
                    Err(_) => Next::Away,
                }
            }
            End::Lost { was_of_use: true } => Next::Ended,
            End::Gap => {
                conversation.forget_cursor();
                Next::Ended
            }
            End::Deleted => Next::Gone,
            End::HeldBack => Next::Refused,
            End::Crowded => Next::Crowded,
        };
        match end {
            Next::Gone => {
                rest(&conversation, &pause, ConnectionState::Deleted).await;
                (attempt, lost) = (0, false);
                continue;
            }
            Next::LoggedOut => {
                rest(&conversation, &pause, ConnectionState::LoggedOut).await;
                (attempt, lost) = (0, true);
                continue;
            }
            Next::Away => {
                ladder.away();
                attempt += 1;
            }
            Next::Refused => ladder.refused(),
            Next::Crowded => ladder.crowded(),
            Next::Ended => ladder.ended(),
        }
        if !matches!(end, Next::Away) {
            attempt = 1;
        }
        let polls = matches!(conversation.link.get_untracked(), ConnectionState::Polling(_));
        match end {
            Next::Away if attempt > 1 => conversation.link.set(ConnectionState::Away),
            // A polling page keeps that state while it tries a better transport.
            _ if polls => {}
            _ => conversation.link.set(ConnectionState::Connecting),
        }
        if ladder.way() == Way::WebSocket && !pause.before(attempt).await {
            attempt = 0;
        }
    }
}

/// What to do after a connection has ended.
enum Next {
    /// The conversation was deleted.
    Gone,
    /// The session has ended by which the page was loaded.
    LoggedOut,
    /// The server does not answer at all.
    Away,
    /// The server answers, but not on this transport.
    Refused,
    Crowded,
    /// The connection was of use.
    Ended,
}

/// Waits until the conversation is restored or somebody has logged in, if that ever happens. Coming
/// back to the page is a reason to look.
async fn rest(conversation: &Conversation, pause: &Pause, state: ConnectionState) {
    conversation.link.set(state);
    pause.for_long().await;
    conversation.link.set(ConnectionState::Connecting);
}

/// Follows the conversation until the connection ends. `lost` says that the connection before was
/// lost; then an open socket proves nothing yet, because a proxy accepts the browser's connection
/// before it has reached the server.
async fn connect(conversation: &Conversation, lost: bool) -> End {
    let Some(mut socket) = socket::open(&path(conversation, conversation.cursor())).await else {
        return End::Lost { was_of_use: false };
    };
    let link = conversation.link.clone();
    let proven = lost.then(|| Proof::after(PROVEN_MS, link.clone()));
    if !lost {
        link.set(ConnectionState::Live);
    }
    let (opened_ms, mut heard) = (js_sys::Date::now(), false);
    let mut expander = FrameExpander::default();
    while let Some(Ok(message)) = socket.next().await {
        if !heard && proven.is_some() {
            link.set(ConnectionState::Live);
        }
        heard = true;
        let Message::Text(text) = message else { continue };
        match take(conversation, &mut expander, &text) {
            Step::On => {}
            Step::End(end) => return end,
            Step::Close => break,
        }
    }
    let stayed = js_sys::Date::now() - opened_ms > STAYED_MS;
    End::Lost { was_of_use: heard || stayed }
}

/// The effect of a frame on the connection.
enum Step {
    On,
    /// The frame says that the stream is over.
    Close,
    End(End),
}

/// Handles a frame from any transport. `expander` belongs to the connection.
fn take(conversation: &Conversation, expander: &mut FrameExpander, text: &str) -> Step {
    let frame = crate::wire::frame(text).ok().and_then(|frame| expander.expand(frame));
    let Some(frame) = frame else { return Step::End(End::Gap) };
    match frame {
        Frame::Snapshot { snapshot, .. } => conversation.replace(*snapshot),
        Frame::Event(envelope) => {
            let applied = conversation.apply(&envelope.event, envelope.cursor);
            if applied == Applied::Gap {
                return Step::End(End::Gap);
            }
            if let (Applied::Changed(_), Some(patch)) = (applied, envelope.html) {
                conversation.patch(patch);
            }
        }
        Frame::Progress { turn_id, progress, .. } => conversation.reads(turn_id, progress),
        // After the notice of a stale cursor, the next frame is a snapshot.
        Frame::Notice { .. } | Frame::More { .. } => {}
        Frame::Close { reason: CloseReason::Deleted } => return Step::End(End::Deleted),
        Frame::Close { .. } => return Step::Close,
    }
    Step::On
}

/// Shows the connection as live after a delay, unless it is dropped before.
struct Proof(AbortHandle);

impl Proof {
    fn after(ms: u32, link: ArcRwSignal<ConnectionState>) -> Self {
        let (abort, registration) = AbortHandle::new_pair();
        spawn_local(async move {
            if Abortable::new(TimeoutFuture::new(ms), registration).await.is_ok() {
                link.set(ConnectionState::Live);
            }
        });
        Self(abort)
    }
}

impl Drop for Proof {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn path(conversation: &Conversation, cursor: Option<Cursor>) -> String {
    let worker = conversation.worker_id;
    let runtime = conversation.worker.read_untracked().runtime_id.clone();
    let mut path = format!("/api/v1/runtimes/{runtime}/workers/{worker}/events?html=true");
    if let Some(cursor) = cursor {
        path.push_str("&cursor=");
        path.push_str(cursor.as_str());
    }
    path
}
