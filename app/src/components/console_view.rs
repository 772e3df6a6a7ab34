//! One conversation: transcript and composer. The layout puts the sidebar beside it.

use leptos::prelude::*;
use protocol::WorkerStatus;

use super::composer::Composer;
use super::conversation_header::ConversationHeader;
use super::deleted_note::DeletedNote;
use super::focus::focus_soon_if_lost;
use super::form_id::FormId;
use super::layout::leave_sidebar;
use super::message_actions::focus_soon;
use super::palette::Overlays;
use super::problem::Problem;
use super::status_line::StatusLine;
use super::transcript_view::TranscriptView;
use super::unreadable_note::UnreadableNote;
use super::{Choices, ErrorNote};
use crate::erase::{Erased, effect, erase, live};
use crate::live::{Conversation, Current, Wanted};
use crate::reader::is_touch;
use crate::route::{conversation_page, message_page};
use crate::{Console, text::tr};

/// Reloads the page every two seconds if scripts are off. The string is constant, and a browser
/// with scripts does not parse the content of `noscript` into elements.
const REFRESH: &str = r#"<meta http-equiv="refresh" content="2">"#;

/// A conversation in the layout's outlet, built from one server function result.
#[component]
pub fn ConsoleView(
    /// The initial data.
    console: Console,
    /// The chosen branch, and the message that is being edited.
    wanted: Wanted,
) -> impl IntoView {
    let Console {
        snapshot,
        provider,
        told_effort,
        profiles,
        message_id,
        earlier,
        refused,
        deleted,
        message_chars,
    } = console;
    let effort = snapshot.worker.effort.clone().map(|asked| (asked, told_effort));
    let conversation = Conversation::new(snapshot, wanted);
    provide_context(FormId(message_id));
    let model = ArcRwSignal::new(provider.model.clone());
    provide_context(Choices { titles: profiles, model, effort });
    provide_context(conversation.clone());
    let at_work = conversation.clone();
    let activity = Memo::new(move |_| at_work.activity());
    provide_context(activity);
    let problem = Problem::default();
    provide_context(problem.clone());
    let link = conversation.link.clone();
    problem.show_when_logged_out(link.clone());
    problem.clear_when_back(move || Some(link.get()));
    problem.clear_when_done(activity);
    #[cfg(feature = "csr")]
    super::plain_forms::take(problem.clone());
    let running = untrack(|| conversation.activity()).is_running();
    // Do not refresh while there is text in the composer, because a reload would lose it.
    let refresh = (running && !earlier && refused.is_none() && wanted.edit.is_none())
        .then(|| view! { <noscript inner_html=REFRESH></noscript> });
    let typed = refused.map_or_else(String::new, |refused| {
        match refused.text.is_empty() {
            true => problem.show(refused.error),
            false => problem.show_unsent(refused.error),
        }
        refused.text
    });
    #[cfg(feature = "browser")]
    if !earlier {
        let conversation = conversation.clone();
        effect(move || crate::live::follow(conversation.clone()));
    }
    // Hydration may have moved the message that the address points to, so focus it again.
    if let Some(id) = wanted.found {
        effect(move || focus_soon(format!("m-{id}")));
    }
    let worker_id = conversation.worker_id;
    let (current, shown) = (expect_context::<Current>(), conversation.clone());
    let (answers, offers, is_found) = (provider.clone(), deleted.is_some(), wanted.found.is_some());
    let is_new = conversation.entries.read_untracked().is_empty();
    effect(move || {
        let has_navigated = current.show(shown.clone(), answers.clone());
        if has_navigated {
            leave_sidebar();
        } else if !is_new {
            return;
        }
        // In a new conversation, writing is the next thing to do. In another one, the focus was lost
        // with the link on the previous page. On touch screens, focusing the message box would open
        // the keyboard.
        if !is_found && (offers || !is_touch()) {
            focus_soon_if_lost(if offers { "undo" } else { "composer" }.to_owned());
        }
    });
    let past = earlier.then(|| {
        let last = conversation.entries.read_untracked().last().map(|entry| entry.id);
        Past { worker_id, last }
    });
    let broken = {
        let worker = conversation.worker.clone();
        Memo::new(move |_| worker.read().unreadable)
    };
    let shows_messages = {
        let entries = conversation.entries.clone();
        Memo::new(move |_| !entries.read().is_empty())
    };
    let answers = provider.clone();
    let content = live(move || {
        let provider = answers.clone();
        if broken.get() {
            let messages =
                shows_messages.get().then(|| erase(view! { <TranscriptView provider /> }));
            return erase(view! {
                {messages}
                <UnreadableNote>{past.map(Past::view)}</UnreadableNote>
            });
        }
        let foot = match past {
            Some(past) => past.view(),
            None => erase(view! { <Foot message_id typed=typed.clone() message_chars /> }),
        };
        erase(view! {
            <TranscriptView provider />
            {foot}
        })
    });
    view! {
        {refresh}
        <main class="main" data-past=past.map(|_| "")>
            <ConversationHeader />
            {deleted
                .map(|worker| erase(
                    view! { <DeletedNote worker without=conversation_page(worker_id) /> },
                ))}
            {content}
        </main>
        {erase(view! { <Overlays /> })}
    }
}

/// The links to later messages, shown below a page of earlier ones.
#[derive(Clone, Copy)]
struct Past {
    worker_id: protocol::WorkerId,
    last: Option<protocol::MessageId>,
}

impl Past {
    fn view(self) -> Erased {
        let Self { worker_id, last } = self;
        let later = last.map(|id| {
            view! {
                <a href=message_page(worker_id, id)>{tr!(later)}</a>
                " · "
            }
        });
        erase(view! {
            <p class="past">
                {tr!(past)} " " {later} <a href=conversation_page(worker_id)>{tr!(to_newest)}</a>
            </p>
        })
    }
}

/// Problems, status and composer, below the transcript.
#[component]
fn Foot(message_id: protocol::MessageId, typed: String, message_chars: u32) -> impl IntoView {
    let worker = expect_context::<Conversation>().worker;
    let problem = expect_context::<Problem>();
    let unavailable = move || {
        let worker = worker.read();
        let reason = worker.reason.clone().filter(|_| worker.status == WorkerStatus::Unavailable);
        reason.map(|error| view! { <ErrorNote error /> })
    };
    view! {
        <footer class="foot">
            <div class="problems" role="alert">
                {live(unavailable)}
                {live(move || problem.note())}
            </div>
            <StatusLine />
            <Composer message_id typed message_chars />
        </footer>
    }
}
