//! Where a message is written.

use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Textarea;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::SendMessage;
use protocol::{MessageId, WorkerStatus};

use super::console_view::Problem;
use super::editing::Editing;
use super::icon::{Drawing, Icon};
use super::message_actions::catch_up;
use crate::live::{Activity, Conversation, Drafts, Errand, Link};
use crate::text::tr;
use crate::{AppError, api, label, reader};

/// The message box with Send, or Stop while a turn runs. A plain form without JavaScript.
#[component]
pub fn Composer(
    /// The id that the plain form sends with.
    message_id: MessageId,
    /// What stands in the box at first: the text of a form that was refused.
    typed: String,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let area = NodeRef::<Textarea>::new();
    let editing = conversation.editing.clone();
    let typed = match editing.get_untracked() {
        Some(id) if typed.is_empty() => conversation.text_of(id).unwrap_or_default(),
        _ => typed,
    };
    let draft = ArcRwSignal::new(typed.clone());
    // A page with a refused text on it does not refresh itself: the box and its button stay.
    let kept = !typed.is_empty();
    let held = ArcRwSignal::new(false);
    let sender = Sender::new(area, draft.clone(), held.clone(), message_id);

    let activity = expect_context::<Memo<Activity>>();
    let running = move || activity.get().is_running();
    let status = conversation.worker.clone();
    let link = conversation.link.clone();
    let closed =
        move || status.read().status == WorkerStatus::Stopped || link.get() == Link::Deleted;
    let errand = conversation.errand.clone();
    let sending = move || errand.get() == Errand::Sending;
    let refused = {
        let (worker, sending, closed) =
            (conversation.worker.clone(), sending.clone(), closed.clone());
        move || worker.read().status == WorkerStatus::Unavailable || closed() || sending()
    };
    keep_draft(&conversation, area, draft.clone());

    let submit = {
        let sender = sender.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            sender.send();
        }
    };
    let keydown = move |event: KeyboardEvent| {
        if sends(&event) {
            event.prevent_default();
            sender.send();
        }
    };
    let stop = {
        let conversation = conversation.clone();
        let problem = expect_context::<Problem>();
        move |event: SubmitEvent| {
            event.prevent_default();
            stop(conversation.clone(), problem.clone(), area);
        }
    };
    let waits = move || held.get() && running();
    let (lines, words) = (draft.clone(), waits.clone());
    let drafts = expect_context::<Drafts>();
    let path = format!("/c/{worker_id}");
    let leaf = conversation.leaf().filter(|_| editing.get_untracked().is_none());
    let continues =
        leaf.map(|id| view! { <input type="hidden" name="parent" value=id.to_string() /> });
    view! {
        <form
            class="composer"
            method="post"
            action=path.clone()
            data-refreshes=move || (running() && !kept).then_some("")
            on:submit=submit
        >
            <input type="hidden" name="do" value="send" />
            <input type="hidden" name="id" value=message_id.to_string() />
            {continues}
            <Editing area draft=draft.clone() />
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
                rows=move || label::rows(&lines.read())
                disabled=closed
                readonly=sending
                node_ref=area
                on:input=move |_| {
                    if let Some(area) = area.get_untracked() {
                        drafts.keep(worker_id, area.value());
                        draft.set(area.value());
                    }
                }
                on:keydown=keydown
            >
                {first_text(typed)}
            </textarea>
            <p class="refreshes">{tr!(refreshes)}</p>
            <div class="composer-row">
                <p
                    class="composer-keys"
                    id="composer-keys"
                    data-held=move || waits().then_some("")
                >
                    {move || if words() { tr!(busy) } else { if reader::enter_breaks() { tr!(keys_reversed) } else { tr!(keys) } }}
                </p>
                {move || {
                    running().then(|| view! {
                        <button class="round" data-kind="stop" type="submit" form="stop">
                            <Drawing icon=Icon::Stop />
                            <span>{tr!(stop)}</span>
                        </button>
                    })
                }}
                {move || {
                    (kept || !running()).then(|| view! {
                        <button
                            class="round"
                            data-kind="send"
                            type="submit"
                            disabled=refused.clone()
                        >
                            <Drawing icon=Icon::Send />
                            <span>{tr!(send)}</span>
                        </button>
                    })
                }}
            </div>
        </form>
        <form id="stop" method="post" action=path on:submit=stop>
            <input type="hidden" name="do" value="stop" />
        </form>
    }
}

/// Sends what stands in the box.
#[derive(Clone)]
struct Sender {
    conversation: Conversation,
    drafts: Drafts,
    problem: Problem,
    area: NodeRef<Textarea>,
    draft: ArcRwSignal<String>,
    held: ArcRwSignal<bool>,
    /// The text that was tried last and not accepted, with its id: the same text again is the
    /// same sending. Once it is accepted, the same text is a new message.
    tried: ArcStoredValue<(Option<String>, MessageId)>,
}

impl Sender {
    fn new(
        area: NodeRef<Textarea>,
        draft: ArcRwSignal<String>,
        held: ArcRwSignal<bool>,
        message_id: MessageId,
    ) -> Self {
        let tried = ArcStoredValue::new((Some(draft.get_untracked()), message_id));
        let (conversation, drafts, problem) =
            (expect_context(), expect_context(), expect_context());
        Self { conversation, drafts, problem, area, draft, held, tried }
    }

    fn send(&self) {
        let Some(text) = self.area.get_untracked().map(|area| area.value()) else { return };
        let activity = untrack(|| self.conversation.activity());
        self.held.set(activity.is_running());
        let idle = self.conversation.errand.get_untracked() == Errand::None;
        if text.trim().is_empty() || activity.is_running() || !idle {
            return;
        }
        let id = self.id_of(&text);
        self.conversation.errand.set(Errand::Sending);
        self.problem.clear();
        let sender = self.clone();
        spawn_local(async move {
            let worker_id = sender.conversation.worker_id;
            let edits = sender.conversation.editing.get_untracked();
            let parent = sender.conversation.leaf().filter(|_| edits.is_none());
            let message = SendMessage { id, text, parent, edits };
            match api::send(worker_id, message).await {
                Ok(_) => sender.sent().await,
                Err(AppError(error)) => sender.problem.show(error, Some(tr!(text_kept))),
            }
            sender.conversation.errand.set(Errand::None);
        });
    }

    async fn sent(&self) {
        self.tried.update_value(|(tried, _)| *tried = None);
        self.drafts.keep(self.conversation.worker_id, String::new());
        if let Some(area) = self.area.try_get_untracked().flatten() {
            area.set_value("");
            let _ = area.focus();
        }
        self.draft.set(String::new());
        self.conversation.editing.set(None);
        self.conversation.choose_newest();
        catch_up(&self.conversation).await;
    }

    fn id_of(&self, text: &str) -> MessageId {
        let (tried, id) = self.tried.get_value();
        if tried.as_deref() == Some(text) {
            return id;
        }
        #[cfg(feature = "browser")]
        let id = crate::live::new_message_id();
        self.tried.set_value((Some(text.to_owned()), id));
        id
    }
}

fn stop(conversation: Conversation, problem: Problem, area: NodeRef<Textarea>) {
    if conversation.errand.get_untracked() != Errand::None {
        return;
    }
    conversation.errand.set(Errand::Stopping);
    problem.clear();
    spawn_local(async move {
        if let Err(AppError(error)) = api::cancel(conversation.worker_id).await {
            problem.show(error, None);
        }
        // The button that had the focus goes away.
        if let Some(area) = area.try_get_untracked().flatten() {
            let _ = area.focus();
        }
        conversation.errand.set(Errand::None);
    });
}

/// Whether a key sends: Enter alone, and never one that belongs to an input method. Its
/// last Enter has `isComposing`, or, where the composition has just ended, key code 229.
fn sends(event: &KeyboardEvent) -> bool {
    event.key() == "Enter" && !event.shift_key() && !event.is_composing() && event.key_code() != 229
}

/// Brings back what was typed here before, and keeps what is typed now: in the box there
/// may already be something from before the script ran.
fn keep_draft(conversation: &Conversation, area: NodeRef<Textarea>, draft: ArcRwSignal<String>) {
    let (worker_id, drafts) = (conversation.worker_id, expect_context::<Drafts>());
    let kept = drafts.of(worker_id);
    Effect::new(move || {
        let Some(area) = area.get() else { return };
        if area.value().is_empty() {
            area.set_value(&kept);
        }
        draft.set(area.value());
        drafts.keep(worker_id, area.value());
    });
}

/// The box's first text, which is written into the page as it is. The parser of HTML drops
/// one line break at the beginning.
fn first_text(typed: String) -> impl IntoView {
    let typed = (!typed.is_empty()).then_some(typed);
    #[cfg(feature = "ssr")]
    let typed = typed.map(|typed| format!("\n{}", label::raw(typed)));
    typed
}
