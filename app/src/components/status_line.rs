//! The status of the conversation in one line, which screen readers announce, too.

use leptos::prelude::*;

use super::elapsed::Elapsed;
use crate::erase::{attr, effect_from, erase, live, words};
use crate::live::{Activity, ConnectionState, Conversation, Obstacle};
use crate::text::{self, tr};

/// The conversation's activity and the state of the page's connection.
#[component]
pub fn StatusLine() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let (link, thought) = (conversation.link.clone(), conversation.thought.clone());
    let progress = conversation.progress.clone();
    let (model, shown) = (conversation.clone(), conversation);
    let activity = expect_context::<Memo<Activity>>();
    let answered = ArcRwSignal::new(false);
    let done = answered.clone();
    effect_from(move |before| {
        let runs = activity.get().is_running();
        // An answer that was stopped, failed, was cut off or is empty has a note of its own.
        done.set(before == Some(true) && !runs && shown.has_answered());
        runs
    });
    let goes_on = move || match activity.get() {
        Activity::Idle if answered.get() => tr!(answered).to_owned(),
        Activity::Idle => "".to_owned(),
        Activity::Sending => tr!(sending).to_owned(),
        Activity::Waiting { ahead } => text::waiting(ahead),
        Activity::Loading => text::loading_model(&model.running_model()),
        Activity::Retrying => tr!(retrying).to_owned(),
        Activity::Reading => tr!(reading).to_owned(),
        Activity::Thinking { .. } => tr!(thinking).to_owned(),
        Activity::Generating => tr!(generating).to_owned(),
        Activity::Stopping => tr!(stopping).to_owned(),
        Activity::Unavailable => tr!(unavailable).to_owned(),
        Activity::Stopped => tr!(stopped).to_owned(),
    };
    let (name, words_of_link) = (link.clone(), link);
    view! {
        <div class="status">
            <p
                class="activity"
                role="status"
                data-activity=attr(move || Some(activity.get().name()))
            >
                {words(goes_on)}
            </p>
            {live(move || {
                let Activity::Thinking { since } = activity.get() else { return None };
                let thought = thought.clone();
                Some(
                    erase(
                        view! {
                            // The line changes all the time, so it is not announced.
                            <p class="thought" aria-hidden="true">
                                <Elapsed since />
                                <span dir="auto">{words(move || thought.get())}</span>
                            </p>
                        },
                    ),
                )
            })}
            {live(move || {
                let progress = progress.get()?;
                Some(
                    erase(
                        view! {
                            // Not announced either: the status line says once that the prompt is being read.
                            <p class="thought progress" aria-hidden="true">
                                {text::reading_share(progress)}
                            </p>
                        },
                    ),
                )
            })}
            <p class="link" role="status" data-link=attr(move || Some(link_name(name.get())))>
                {words(move || link_words(words_of_link.get()))}
            </p>
        </div>
    }
}

fn link_name(link: ConnectionState) -> &'static str {
    match link {
        ConnectionState::Off => "off",
        ConnectionState::Connecting => "connecting",
        ConnectionState::Live => "live",
        ConnectionState::Polling(_) => "polling",
        ConnectionState::Away => "away",
        ConnectionState::Deleted => "deleted",
        ConnectionState::LoggedOut => "logged-out",
    }
}

fn link_words(link: ConnectionState) -> &'static str {
    match link {
        ConnectionState::Off => "",
        ConnectionState::Connecting => tr!(link_connecting),
        ConnectionState::Live => tr!(link_live),
        ConnectionState::Polling(Obstacle::HeldBack) => tr!(link_held_back),
        ConnectionState::Polling(Obstacle::Crowded) => tr!(link_crowded),
        ConnectionState::Away => tr!(link_away),
        ConnectionState::Deleted => tr!(deleted),
        ConnectionState::LoggedOut => tr!(error_unauthorized),
    }
}
