//! The page's live connection to the list of conversations.
//!
//! Each page has this WebSocket besides that of its conversation. Browsers allow hundreds of them,
//! but a hidden page closes its own after a while, so that no connection is wasted; when the page
//! is visible again, the cursor brings what was missed.

use futures::StreamExt;
use futures::future::{AbortHandle, Abortable};
use gloo_net::websocket::Message;
use gloo_timers::future::TimeoutFuture;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::ListFrame;

use super::List;
use super::ladder::REFUSALS;
use super::socket::{self, Pause, STAYED_MS};
use crate::api;

/// How long a hidden page keeps its connection, in milliseconds, so that switching between tabs
/// does not reconnect each time.
const UNWATCHED_MS: u32 = 30_000;

/// How often the list is polled if no connection opens, and after how long connecting is tried
/// again, in milliseconds.
const POLL_MS: u32 = 3_000;
const AGAIN_MS: f64 = 60_000.0;

/// Follows the list until the calling component is removed.
pub fn follow_list(list: List) {
    let (pause, watch) = (Pause::default(), Watch::default());
    let (awake, woken) = (watch.clone(), pause.clone());
    let online = window_event_listener(ev::online, {
        let pause = pause.clone();
        move |_| pause.end()
    });
    let looking = window_event_listener(ev::visibilitychange, move |_| {
        if document().hidden() {
            awake.doze();
        } else {
            awake.wake();
            woken.end();
        }
    });
    let (abort, registration) = AbortHandle::new_pair();
    let left = list.clone();
    on_cleanup(move || {
        online.remove();
        looking.remove();
        abort.abort();
        left.set_live(false);
    });
    spawn_local(async move {
        let _ = Abortable::new(stay(list, pause, watch), registration).await;
    });
}

/// Whether the page is in use, and the connection to close when it is not.
#[derive(Clone, Default)]
struct Watch(ArcStoredValue<Watching>);

#[derive(Default)]
struct Watching {
    asleep: bool,
    connection: Option<AbortHandle>,
    falling_asleep: Option<AbortHandle>,
}

impl Watch {
    fn doze(&self) {
        let (awake, woken) = AbortHandle::new_pair();
        self.0.update_value(|watching| watching.falling_asleep = Some(awake));
        let watch = self.clone();
        spawn_local(async move {
            if Abortable::new(TimeoutFuture::new(UNWATCHED_MS), woken).await.is_ok() {
                watch.0.update_value(|watching| {
                    watching.asleep = true;
                    watching.connection.iter().for_each(AbortHandle::abort);
                });
            }
        });
    }

    fn wake(&self) {
        self.0.update_value(|watching| {
            watching.falling_asleep.take().iter().for_each(AbortHandle::abort);
            watching.asleep = false;
        });
    }

    fn is_asleep(&self) -> bool {
        self.0.with_value(|watching| watching.asleep)
    }

    /// Runs the work until it ends or the page falls asleep; returns true in the latter case.
    async fn awake(&self, work: impl Future<Output = bool>) -> bool {
        let (abort, registration) = AbortHandle::new_pair();
        self.0.update_value(|watching| watching.connection = Some(abort));
        Abortable::new(work, registration).await.unwrap_or(true)
    }
}

/// Connects repeatedly, with pauses that `pause` can end. If the server answers but no connection
/// opens, the list is polled for a while instead.
async fn stay(list: List, pause: Pause, watch: Watch) {
    let mut attempt = 0;
    let mut refusals = 0;
    loop {
        if watch.is_asleep() {
            pause.for_long().await;
            continue;
        }
        let was_of_use = watch.awake(connect(&list)).await;
        list.set_live(false);
        if was_of_use {
            (attempt, refusals) = (0, 0);
        } else {
            match read_again(&list).await {
                Read::Done => {
                    refusals += 1;
                    if refusals >= REFUSALS {
                        poll(&list, &pause, &watch).await;
                        attempt = 0;
                    }
                }
                Read::Failed => refusals = 0,
                // The page says so and offers the login. Coming back to it is a reason to look.
                Read::LoggedOut => {
                    pause.for_long().await;
                    (attempt, refusals) = (0, 0);
                    continue;
                }
            }
        }
        if watch.is_asleep() {
            continue;
        }
        attempt += 1;
        if !pause.before(attempt).await {
            attempt = 0;
        }
    }
}

/// Polls the list until connecting should be tried again, the server does not answer, or the page
/// falls asleep.
async fn poll(list: &List, pause: &Pause, watch: &Watch) {
    let begun_ms = js_sys::Date::now();
    while js_sys::Date::now() - begun_ms < AGAIN_MS {
        pause.until(TimeoutFuture::new(POLL_MS)).await;
        if watch.is_asleep() || read_again(list).await != Read::Done {
            return;
        }
    }
}

/// Follows the list until the connection ends. Returns whether the connection was of use: one that
/// closes at once is as bad as one that does not open.
async fn connect(list: &List) -> bool {
    let Some(mut socket) = socket::open(&path(list)).await else { return false };
    let (opened_ms, mut heard) = (js_sys::Date::now(), false);
    while let Some(Ok(message)) = socket.next().await {
        heard = true;
        let Message::Text(text) = message else { continue };
        // A frame that cannot be parsed is of a newer server; loading the page again would not
        // help.
        let Ok(frame) = crate::wire::list_frame(&text) else { continue };
        if matches!(frame, ListFrame::Close { .. }) {
            break;
        }
        if list.apply(frame) {
            read_again(list).await;
        }
        list.set_live(true);
    }
    heard || js_sys::Date::now() - opened_ms > STAYED_MS
}

/// The outcome of loading the list again.
#[derive(PartialEq)]
enum Read {
    Done,
    /// The server does not answer.
    Failed,
    /// The session has ended by which the page was loaded.
    LoggedOut,
}

/// Loads the first page again, unless the list shows a later page.
async fn read_again(list: &List) -> Read {
    let part = *list.part.read_untracked();
    let page = match api::workers(None, part.archived).await {
        Ok(page) => page,
        Err(error) if error.is_unauthorized() => return Read::LoggedOut,
        Err(_) => return Read::Failed,
    };
    // The list may show another part by now.
    if !part.older && *list.part.read_untracked() == part {
        list.replace(page);
    }
    Read::Done
}

fn path(list: &List) -> String {
    let runtime = list.runtime.get_untracked().map(|id| id.to_string()).unwrap_or_default();
    let path = ["/api/v1/runtimes/", &runtime, "/events"].concat();
    match list.cursor() {
        Some(cursor) => [&path, "?cursor=", cursor.as_str()].concat(),
        None => path,
    }
}
