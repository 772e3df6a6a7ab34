//! The text of an empty conversation.

use leptos::prelude::*;
use protocol::api::ProviderStatus;

use super::samples::Samples;
use crate::base_path::at;
use crate::text::tr;

/// A short introduction that says which model will answer.
#[component]
pub fn Welcome(
    /// The provider that will answer.
    provider: ProviderStatus,
) -> impl IntoView {
    let place = provider.kind.as_ref().map(|kind| match kind.is_local() {
        true => tr!(welcome_local),
        false => tr!(welcome_openai),
    });
    let bundled = provider.bundled_model.then(|| {
        view! {
            <p>
                {tr!(welcome_bundled)} " " <a href=at("/settings#model") rel="external">
                    {tr!(welcome_better)}
                </a>
            </p>
        }
    });
    view! {
        <div class="welcome">
            <h2>{tr!(welcome)}</h2>
            {place.map(|place| view! { <p>{place}</p> })}
            {bundled}
            <p>{tr!(welcome_no_tools)}</p>
            {provider.kind.map(|_| view! { <Samples bundled=provider.bundled_model /> })}
        </div>
    }
}
