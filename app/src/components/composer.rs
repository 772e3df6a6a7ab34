//! The composer, where the user writes a message.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{MessageId, WorkerStatus};

use super::editing::Editing;
use super::icon::{Drawing, Icon};
use super::problem::Problem;
use crate::enter_key::EnterKey;
use crate::erase::{attr, effect, erase, live, words};
use crate::live::{Activity, ConnectionState, Conversation, PendingRequest};
use crate::route::conversation_page;
use crate::text::{self, tr};
use crate::{AppError, api, label, reader};

mod keys;
mod length;
mod sender;
mod several;

use keys::{BoxState, Key, KeyAction, Keystroke, action};
use length::near_limit;
use sender::{QueuedSend, Sender};
use several::Several;

/// The message box with Send, or Stop while a turn runs. Without JavaScript it is a plain form.
#[component]
pub fn Composer(
    /// The message id that the plain form sends.
    message_id: MessageId,
    /// The initial text of the box: the text of a form that was refused.
    typed: String,
    /// The most characters of a message.
    message_chars: u32,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let area = NodeRef::<Textarea>::new();
    let editing = conversation.editing.clone();
    let typed = match editing.get_untracked() {
        Some(id) if typed.is_empty() => conversation.text_of(id).unwrap_or_default(),
        _ => typed,
    };
    // A page with a refused text does not refresh itself, so the box and its button stay.
    let kept = !typed.is_empty();
    let sender = Sender::new(area, typed.clone(), message_id);
    let (draft, held) = (sender.draft.clone(), sender.held.clone());

    let activity = expect_context::<Memo<Activity>>();
    let running = move || activity.get().is_running();
    let status = conversation.worker.clone();
    let link = conversation.link.clone();
    let closed = move || {
        status.read().status == WorkerStatus::Stopped || link.get() == ConnectionState::Deleted
    };
    let pending = conversation.pending.clone();
    let sending = move || pending.get() == PendingRequest::Sending;
    let refused = {
        let (worker, sending, closed) =
            (conversation.worker.clone(), sending.clone(), closed.clone());
        move || worker.read().status == WorkerStatus::Unavailable || closed() || sending()
    };
    sender.restore();
    sender.send_when_done(activity);

    let submit = {
        let sender = sender.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            sender.send();
        }
    };
    let stop_now = {
        let conversation = conversation.clone();
        let problem = expect_context::<Problem>();
        move || stop(conversation.clone(), problem.clone(), area)
    };
    let keydown = {
        let (sender, stop_now) = (sender.clone(), stop_now.clone());
        let conversation = conversation.clone();
        move |event: KeyboardEvent| {
            let state = BoxState {
                empty: area.get_untracked().is_none_or(|area| area.value().is_empty()),
                editing: conversation.editing.get_untracked().is_some(),
                running: untrack(|| conversation.activity()).is_running(),
            };
            let Some(action) = action(keystroke(&event), state, reader::enter_key()) else {
                return;
            };
            event.prevent_default();
            match action {
                KeyAction::Send => sender.send(),
                KeyAction::Stop => stop_now(),
                KeyAction::LeaveEdit => conversation.editing.set(None),
                KeyAction::EditLast => conversation.editing.set(conversation.last_question()),
            }
        }
    };
    #[cfg(feature = "browser")]
    stop_by_escape(activity, stop_now.clone());
    let stop = move |event: SubmitEvent| {
        event.prevent_default();
        stop_now();
    };
    let waiting = {
        let held = held.clone();
        move || held.get() != QueuedSend::No
    };
    let busy = {
        let sending = sending.clone();
        move || running() || sending()
    };
    // The server does not know the device, so the hint may change after hydration.
    let chosen = reader::enter_chosen().unwrap_or(EnterKey::Sends);
    let keys = ArcRwSignal::new(Keys::Board(chosen));
    let known = keys.clone();
    effect(move || known.set(Keys::now()));
    let (lines, held_now, later) =
        (draft.clone(), held.clone(), (draft.clone(), held, sender.clone()));
    let counted = draft.clone();
    let length = Memo::new(move |_| near_limit(&counted.read(), message_chars));
    let over = move || length.get().is_some_and(|chars| chars > message_chars);
    // Which keys do what is told until the first message is there.
    let entries = conversation.entries.clone();
    let first = move || entries.read().is_empty();
    let path = conversation_page(worker_id);
    let leaf = conversation.leaf().filter(|_| editing.get_untracked().is_none());
    let continues =
        leaf.map(|id| view! { <input type="hidden" name="parent" value=id.to_string() /> });
    view! {
        <form
            class="composer"
            method="post"
            action=path.clone()
            data-refreshes=attr(move || (running() && !kept).then_some(""))
            on:submit=submit
        >
            <input type="hidden" name="do" value="send" />
            <input type="hidden" name="id" value=message_id.to_string() />
            {continues}
            <Editing area draft=draft.clone() />
            {erase(view! { <Several /> })}
            <label class="visually-hidden" for="composer">
                {tr!(composer)}
            </label>
            <textarea
                id="composer"
                name="text"
                required
                placeholder=tr!(placeholder)
                aria-describedby="composer-keys"
                autocomplete="off"
                rows=attr(move || Some(label::rows(&lines.read()).to_string()))
                disabled=attr(move || closed().then_some(""))
                node_ref=area
                on:input=move |_| sender.save_draft()
                on:keydown=keydown
            >
                {first_text(typed)}
            </textarea>
            <p class="refreshes">{tr!(refreshes)}</p>
            <div class="composer-row">
                {live(move || {
                    let (draft, held, sender) = later.clone();
                    let text = !draft.read().trim().is_empty();
                    (running() && text).then(|| later_button(held.get(), sender))
                })}
                {live(move || {
                    running()
                        .then(|| {
                            view! {
                                <button
                                    class="round"
                                    data-kind="stop"
                                    type="submit"
                                    form="stop"
                                    aria-keyshortcuts="Escape"
                                    title=tr!(stop)
                                >
                                    <Drawing icon=Icon::Stop />
                                    <span class="visually-hidden">{tr!(stop)}</span>
                                </button>
                            }
                        })
                })}
                {live(move || {
                    let refused = refused.clone();
                    (kept || !running())
                        .then(|| {
                            view! {
                                <button
                                    class="round"
                                    data-kind="send"
                                    type="submit"
                                    title=tr!(send)
                                    disabled=attr(move || refused().then_some(""))
                                >
                                    <Drawing icon=Icon::Send />
                                    <span class="visually-hidden">{tr!(send)}</span>
                                </button>
                            }
                        })
                })}
            </div>
            <p
                class="composer-keys"
                id="composer-keys"
                data-held=attr(move || (waiting() || length.get().is_some()).then_some(""))
                data-first=attr(move || first().then_some(""))
                data-over=attr(move || over().then_some(""))
            >
                {words(move || match length.get() {
                    Some(chars) => text::length(chars, message_chars),
                    None => hint(held_now.get(), busy(), keys.get()).to_owned(),
                })}
            </p>
        </form>
        <form id="stop" method="post" action=path on:submit=stop>
            <input type="hidden" name="do" value="stop" />
        </form>
    }
}

/// The hint below the box.
fn hint(held: QueuedSend, busy: bool, keys: Keys) -> &'static str {
    match held {
        QueuedSend::Kept if busy => tr!(busy),
        QueuedSend::Queued if busy => tr!(queued),
        QueuedSend::Left => tr!(queue_left),
        _ => match keys {
            Keys::Touch => tr!(keys_touch),
            Keys::Board(EnterKey::Sends) => tr!(keys),
            Keys::Board(EnterKey::Breaks) => tr!(keys_reversed),
        },
    }
}

/// The reader's input device.
#[derive(Clone, Copy)]
enum Keys {
    /// A touch keyboard, where Enter begins a new line and only the button sends.
    Touch,
    Board(EnterKey),
}

impl Keys {
    fn now() -> Self {
        match reader::enter_chosen() {
            None if reader::is_touch() => Self::Touch,
            _ => Self::Board(reader::enter_key()),
        }
    }
}

/// Queues the text until the answer is complete, or cancels that. Needs a script.
fn later_button(held: QueuedSend, sender: Sender) -> impl IntoView {
    let queued = held == QueuedSend::Queued;
    view! {
        <button
            class="round later"
            data-kind="later"
            type="button"
            aria-pressed=queued.to_string()
            on:click=move |_| sender.queue(!queued)
        >
            {if queued { tr!(queue_not) } else { tr!(queue) }}
        </button>
    }
}

fn stop(conversation: Conversation, problem: Problem, area: NodeRef<Textarea>) {
    if conversation.pending.get_untracked() != PendingRequest::None {
        return;
    }
    conversation.pending.set(PendingRequest::Stopping);
    problem.clear();
    spawn_local(async move {
        if let Err(AppError(error)) = api::cancel(conversation.worker_id).await {
            problem.show(error);
        }
        // The focused button disappears, so the message box takes the focus.
        if let Some(area) = area.try_get_untracked().flatten() {
            let _ = area.focus();
        }
        conversation.pending.set(PendingRequest::None);
    });
}

/// Stops the running answer by Escape when nothing has the focus, or something in the transcript, and
/// nothing is open that Escape closes.
#[cfg(feature = "browser")]
fn stop_by_escape(activity: Memo<Activity>, stop: impl Fn() + 'static) {
    let keydown = window_event_listener(leptos::ev::keydown, move |event| {
        let page = document();
        let reads = |element: web_sys::Element| {
            element.tag_name() == "BODY"
                || element.closest(".reading").is_ok_and(|in_it| in_it.is_some())
        };
        let reads = page.active_element().is_none_or(reads);
        let open = page.query_selector("dialog[open], :popover-open").ok().flatten().is_some();
        let is_own = event.key() == "Escape" && !event.default_prevented() && !event.is_composing();
        if is_own && reads && !open && activity.get_untracked().is_running() {
            event.prevent_default();
            stop();
        }
    });
    on_cleanup(move || keydown.remove());
}

/// The fields of an event that decide what it does.
fn keystroke(event: &KeyboardEvent) -> Keystroke {
    Keystroke {
        key: Key::named(&event.key()),
        shift: event.shift_key(),
        command: event.ctrl_key() || event.meta_key(),
        alt: event.alt_key(),
        composing: event.is_composing(),
        key_code: event.key_code(),
    }
}

/// The box's initial text, which is written into the page as it is. The HTML parser drops one
/// line break at the beginning, so one is added.
fn first_text(typed: String) -> impl IntoView {
    let typed = (!typed.is_empty()).then_some(typed);
    #[cfg(feature = "ssr")]
    let typed = typed.map(|typed| format!("\n{}", label::raw(typed)));
    typed
}
