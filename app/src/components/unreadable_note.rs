//! What stands in the place of a conversation that cannot be read, or below the part that can be.

use leptos::prelude::*;

use super::leaving::{DeleteForm, ExportLinks};
use super::problem::Problem;
use super::status_line::StatusLine;
use crate::erase::{erase, live};
use crate::text::tr;

/// That it cannot be read, and what can be done about it.
#[component]
pub fn UnreadableNote(
    /// The ways to other messages.
    children: Children,
) -> impl IntoView {
    let problem = expect_context::<Problem>();
    view! {
        <section class="unreadable" aria-labelledby="unreadable">
            <h2 id="unreadable">{tr!(unreadable)}</h2>
            <p>{tr!(unreadable_hint)}</p>
            <div class="problems" role="alert">{live(move || problem.note())}</div>
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
