//! The page's live connection to the list of conversations.
//!
//! One more of each page: a browser has hundreds of places for WebSockets, but no page holds one
//! that nobody looks at. In the background it is let go of after a while, and the cursor brings
//! back what was missed when somebody looks again.

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

/// How long a page in the background goes on being told, in milliseconds: walking between tabs
/// costs no new connection.
const UNWATCHED_MS: u32 = 30_000;

/// How often the list is read where no connection opens, and after how long one is tried again, in
/// milliseconds.
const POLL_MS: u32 = 3_000;
const AGAIN_MS: f64 = 60_000.0;

/// Follows the list until the component that called this is gone.
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

/// Whether somebody looks, and what to end where nobody does.
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

    /// Does it while somebody looks.
    async fn awake(&self, work: impl Future<Output = bool>) -> bool {
        let (abort, registration) = AbortHandle::new_pair();
        self.0.update_value(|watching| watching.connection = Some(abort));
        Abortable::new(work, registration).await.unwrap_or(true)
    }
}

/// Connects again and again, with pauses that `pause` can end. Where the server answers and no
/// connection opens, the list is read again and again for a while instead.
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
        } else if read_again(&list).await {
            refusals += 1;
            if refusals >= REFUSALS {
                poll(&list, &pause, &watch).await;
                attempt = 0;
            }
        } else {
            refusals = 0;
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

/// Reads the list again and again, until a connection should be tried again, the server does not
/// answer, or nobody looks.
async fn poll(list: &List, pause: &Pause, watch: &Watch) {
    let begun_ms = js_sys::Date::now();
    while js_sys::Date::now() - begun_ms < AGAIN_MS {
        pause.until(TimeoutFuture::new(POLL_MS)).await;
        if watch.is_asleep() || !read_again(list).await {
            return;
        }
    }
}

/// Follows for as long as it goes. Whether the connection was of use: one that opens and closes
/// at once is no better than one that does not open.
async fn connect(list: &List) -> bool {
    let Some(mut socket) = socket::open(&path(list)).await else { return false };
    let (opened_ms, mut heard) = (js_sys::Date::now(), false);
    while let Some(Ok(message)) = socket.next().await {
        heard = true;
        let Message::Text(text) = message else { continue };
        // What cannot be read is of a newer server: a page that is read again knows no more.
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

/// Reads the first page, which an older part of the list does not show. Whether the server answered.
async fn read_again(list: &List) -> bool {
    let part = *list.part.read_untracked();
    let page = api::workers(None, part.archived).await;
    let answered = page.is_ok();
    // The part may have become another one meanwhile.
    if let Ok(page) = page
        && !part.older
        && *list.part.read_untracked() == part
    {
        list.replace(page);
    }
    answered
}

fn path(list: &List) -> String {
    let runtime = list.runtime.get_untracked().map(|id| id.to_string()).unwrap_or_default();
    let path = ["/api/v1/runtimes/", &runtime, "/events"].concat();
    match list.cursor() {
        Some(cursor) => [&path, "?cursor=", cursor.as_str()].concat(),
        None => path,
    }
}
