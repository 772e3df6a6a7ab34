//! What is going on, in one line that is also spoken.

use leptos::prelude::*;

use crate::live::{Activity, Conversation, Link};
use crate::text;

/// The conversation's activity and the state of the page's connection.
#[component]
pub fn StatusLine() -> impl IntoView {
    let conversation = expect_context::<Conversation>();
    let link = conversation.link;
    let activity = expect_context::<Memo<Activity>>();
    let answered = ArcRwSignal::new(false);
    let done = answered.clone();
    Effect::new(move |before: Option<bool>| {
        let runs = activity.get().is_running();
        done.set(before == Some(true) && !runs);
        runs
    });
    let words = move || match activity.get() {
        Activity::Idle if answered.get() => text::ANSWERED.to_owned(),
        Activity::Idle => text::IDLE.to_owned(),
        Activity::Sending => text::SENDING.to_owned(),
        Activity::Waiting { ahead } => text::waiting(ahead),
        Activity::Retrying => text::RETRYING.to_owned(),
        Activity::Reading => text::READING.to_owned(),
        Activity::Generating => text::GENERATING.to_owned(),
        Activity::Stopping => text::STOPPING.to_owned(),
        Activity::Unavailable => text::UNAVAILABLE.to_owned(),
        Activity::Stopped => text::STOPPED.to_owned(),
    };
    let (name, words_of_link) = (link.clone(), link);
    view! {
        <div class="status">
            <p class="activity" role="status" data-activity=move || activity.get().name()>
                {words}
            </p>
            <p class="link" role="status" data-link=move || link_name(name.get())>
                {move || link_words(words_of_link.get())}
            </p>
        </div>
    }
}

fn link_name(link: Link) -> &'static str {
    match link {
        Link::Off => "off",
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Away => "away",
        Link::Deleted => "deleted",
    }
}

fn link_words(link: Link) -> &'static str {
    match link {
        Link::Off => "",
        Link::Connecting => text::LINK_CONNECTING,
        Link::Live => text::LINK_LIVE,
        Link::Away => text::LINK_AWAY,
        Link::Deleted => text::DELETED,
    }
}
