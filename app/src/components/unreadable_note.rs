//! A note in the place of a conversation that cannot be read, or below its readable part.

use leptos::prelude::*;

use super::leaving::{DeleteForm, ExportLinks};
use super::problem::Problem;
use super::status_line::StatusLine;
use crate::erase::{erase, live};
use crate::text::tr;

/// Says that the conversation cannot be read, and offers what can be done about it.
#[component]
pub fn UnreadableNote(
    /// Links to other messages.
    children: Children,
) -> impl IntoView {
    let problem = expect_context::<Problem>();
    view! {
        <section class="unreadable" aria-labelledby="unreadable">
            <h2 id="unreadable">{tr!(unreadable)}</h2>
            <p>{tr!(unreadable_hint)}</p>
            <div class="problems" role="alert">
                {live(move || problem.note())}
            </div>
            <div class="exports" role="group" aria-label=tr!(unreadable_export)>
                <p>{tr!(unreadable_export)}</p>
                {erase(view! { <ExportLinks /> })}
            </div>
            <p>{tr!(unreadable_delete)}</p>
            {erase(view! { <DeleteForm /> })}
            {children()}
            {erase(view! { <StatusLine /> })}
        </section>
    }
}
