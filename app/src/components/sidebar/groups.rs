//! The list of conversations: headings, and the entries below them.

use leptos::prelude::*;

use super::entry::Entry;
use super::older::load_older;
use crate::erase::{erase, live};
use crate::live::List;
use crate::live::list::{Day, Group};
use crate::text::{self, tr};

/// Distance from the end of the list, in pixels, at which more is loaded.
const NEAR: i32 = 240;

/// The conversations grouped by day. Scrolls, and loads more at its end.
#[component]
pub fn Groups() -> impl IntoView {
    let list = expect_context::<List>();
    let (groups, archived) = (list.groups.clone(), list.part.clone());
    let scroller = NodeRef::<leptos::html::Div>::new();
    let scrolled = {
        #[cfg(feature = "browser")]
        let list = list.clone();
        move |_| {
            let Some(element) = scroller.get_untracked() else { return };
            let left = element.scroll_height() - element.scroll_top() - element.client_height();
            if left < NEAR {
                load_older(&list);
            }
        }
    };
    #[cfg(feature = "browser")]
    super::refocus::refocus(&list);
    view! {
        <div class="conversations" node_ref=scroller on:scroll=scrolled>
            {live(move || {
                archived
                    .get()
                    .archived
                    .then(|| erase(view! { <p class="part">{tr!(archive_part)}</p> }))
            })}
            <For each=move || groups.get() key=|group| group.day let(group)>
                <OfDay group />
            </For>
        </div>
    }
}

#[component]
fn OfDay(group: Group) -> impl IntoView {
    let Group { day, items } = group;
    view! {
        <div class="day" role="group" aria-labelledby=day.id()>
            <h2 class="day-name" id=day.id()>
                {day_name(day)}
            </h2>
            <ul>
                <For each=move || items.get() key=|item| item.id let(item)>
                    <Entry item />
                </For>
            </ul>
        </div>
    }
}

/// The heading of a day.
pub fn day_name(day: Day) -> String {
    match day {
        Day::Pinned => tr!(day_pinned).to_owned(),
        Day::Today => tr!(day_today).to_owned(),
        Day::Yesterday => tr!(day_yesterday).to_owned(),
        Day::Week => tr!(day_week).to_owned(),
        Day::Month => tr!(day_month).to_owned(),
        Day::Undated => tr!(undated).to_owned(),
        Day::Of { year, month } => text::month(year, month),
    }
}
