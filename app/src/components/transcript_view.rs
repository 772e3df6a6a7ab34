//! The messages of a conversation.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html::{Div, Section};
use leptos::prelude::*;
use protocol::WorkerStatus;
use protocol::api::ProviderStatus;

use super::announcer::Announcer;
use super::earlier::{Earlier, Earliest};
use super::pending_message::PendingMessage;
use super::problem::Problem;
use super::rows::Rows;
use super::toast::Toast;
use super::welcome::Welcome;
use crate::erase::{attr, effect, erase, live, words};
use crate::live::Conversation;
use crate::route::conversation_page;
use crate::text::tr;

/// The transcript in its scrolling column. The style sheet makes it start at the newest message.
#[component]
pub fn TranscriptView(
    /// The provider in use, for the welcome text.
    provider: ProviderStatus,
) -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let worker_id = conversation.worker_id;
    let (entries, stage) = (conversation.entries.clone(), conversation.stage.clone());
    let (sent, worker) = (conversation.clone(), conversation.worker.clone());
    let earliest = Earliest::new(conversation.clone(), expect_context::<Problem>());
    let said = Toast::default();
    let wraps = ArcRwSignal::new(false);
    let away = ArcRwSignal::new(false);
    let (scroller, newest) = (NodeRef::<Section>::new(), NodeRef::<Div>::new());

    #[cfg(feature = "browser")]
    let acts = super::transcript_acts::Acts::new(
        conversation.clone(),
        expect_context::<Problem>(),
        said.clone(),
        wraps.clone(),
        scroller,
    );
    #[cfg(feature = "browser")]
    super::omitted::keep_marked(conversation.clone());
    #[cfg(feature = "browser")]
    super::reading_keys::listen();
    #[cfg(feature = "browser")]
    super::scrolling::keep_place(conversation, earliest.clone(), scroller, newest, away.clone());
    let click = {
        #[cfg(feature = "browser")]
        let acts = acts.clone();
        move |event: MouseEvent| {
            #[cfg(feature = "browser")]
            acts.click(&event);
            #[cfg(not(feature = "browser"))]
            drop(event);
        }
    };
    let submit = move |event: SubmitEvent| {
        #[cfg(feature = "browser")]
        acts.submit(&event);
        #[cfg(not(feature = "browser"))]
        drop(event);
    };
    // Buttons that need a script are shown only when one runs.
    let scripted = ArcRwSignal::new(false);
    let runs = scripted.clone();
    effect(move || runs.set(true));
    // Asking is impossible in a closed conversation; the style sheet hides those buttons.
    let closed = move || worker.read().status == WorkerStatus::Stopped;
    let (wrapped, told) = (wraps.clone(), said.0.clone());
    let form_id = expect_context::<super::form_id::FormId>().0;
    #[cfg(feature = "ssr")]
    let rows = crate::streaming::Later::new(|| erase(view! { <Rows /> }));
    #[cfg(not(feature = "ssr"))]
    let rows = view! { <Rows /> };
    view! {
        <div
            class="reading"
            data-scripted=attr(move || scripted.get().then_some(""))
            data-closed=attr(move || closed().then_some(""))
            on:click=click
            on:submit=submit
        >
            <section
                class="scroller"
                tabindex="0"
                aria-label=tr!(transcript)
                data-wrap=attr(move || wraps.get().then_some(""))
                node_ref=scroller
            >
                <div class="column">
                    <Earlier earliest />
                    // The announcer speaks an answer by sentences, so this log is not live itself.
                    <div
                        class="transcript"
                        role="log"
                        aria-live="off"
                        aria-busy=attr(move || Some(stage.read().is_some().to_string()))
                    >
                        {rows}
                    </div>
                    <PendingMessage />
                    {live(move || {
                        let empty = entries.read().is_empty() && sent.pending().is_none();
                        empty.then(|| erase(view! { <Welcome provider=provider.clone() /> }))
                    })}
                    <div class="newest" node_ref=newest></div>
                </div>
            </section>
            <button
                class="newer"
                type="button"
                data-do="newest"
                hidden=attr(move || (!away.get()).then_some(""))
            >
                {tr!(newer_below)}
            </button>
            <p class="toast" role="status">
                {live(move || told.get())}
            </p>
            {erase(view! { <Announcer /> })}
            <div class="message-menu" id="message-menu" popover="auto">
                <button class="menu-item" type="button" data-do="again-with">
                    {tr!(regenerate_with)}
                </button>
                <button class="menu-item" type="button" data-do="edit-answer">
                    {tr!(edit_answer)}
                </button>
                <button class="menu-item" type="button" data-do="omit">
                    {tr!(omit)}
                </button>
                <button class="menu-item" type="button" data-do="fork">
                    {tr!(fork)}
                </button>
                <button class="menu-item" type="button" data-do="copy-text">
                    {tr!(copy_text)}
                </button>
                <button class="menu-item" type="button" data-do="aloud">
                    {tr!(aloud)}
                </button>
                <button class="menu-item" type="button" data-do="copy-link">
                    {tr!(copy_link)}
                </button>
                <button class="menu-item" type="button" data-do="share">
                    {tr!(share_until_here)}
                </button>
            </div>
            // One form for all "regenerate" buttons of a page without a script.
            <form id="again" method="post" action=conversation_page(worker_id) hidden>
                <input type="hidden" name="do" value="again" />
                <input type="hidden" name="id" value=form_id.to_string() />
            </form>
            // The same for those that copy the conversation up to their answer.
            <form id="fork" method="post" action=conversation_page(worker_id) hidden>
                <input type="hidden" name="do" value="fork" />
            </form>
            // And for those that leave a message out of what is sent, or send it again.
            <form id="omit" method="post" action=conversation_page(worker_id) hidden>
                <input type="hidden" name="do" value="omit" />
            </form>
            // The labels of buttons in rendered text, which does not know the page's language.
            <div hidden>
                <span id="word-copy-code">{tr!(copy_code)}</span>
                <span id="word-wrap">
                    {words(move || if wrapped.get() { tr!(unwrap_lines) } else { tr!(wrap_lines) })}
                </span>
            </div>
        </div>
    }
}
