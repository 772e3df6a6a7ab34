//! An error: what happened, what to do, what was kept.

use leptos::prelude::*;
use protocol::Error;

use super::icon::{Drawing, Icon};
use crate::text;

/// One error of the closed set.
#[component]
pub fn ErrorNote(
    /// What happened.
    error: Error,
    /// What was kept in spite of it.
    #[prop(default = None, into)]
    kept: Option<&'static str>,
) -> impl IntoView {
    let retry = error.retry_after_ms.map(|ms| text::retry_after(ms.div_ceil(1000)));
    view! {
        <div class="note" data-kind="error" data-code=error.code.name()>
            <Drawing icon=Icon::Alert />
            <div>
                <p class="note-title">{error.message}</p>
                {error.hint.map(|hint| view! { <p>{hint}</p> })}
                {retry.map(|retry| view! { <p>{retry}</p> })}
                {kept.map(|kept| view! { <p>{kept}</p> })}
            </div>
        </div>
    }
}
