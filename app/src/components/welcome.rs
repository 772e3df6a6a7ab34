//! What an empty conversation says: short, and true.

use leptos::prelude::*;
use protocol::ProviderName;
use protocol::api::ProviderStatus;

use crate::text;

/// The first words of a conversation without messages.
#[component]
pub fn Welcome(
    /// What will answer.
    provider: ProviderStatus,
) -> impl IntoView {
    let place = provider.kind.map(|kind| match kind {
        ProviderName::Local => text::WELCOME_LOCAL,
        // Imported answers come from nowhere here; no provider is called that.
        ProviderName::Openai | ProviderName::Imported => text::WELCOME_OPENAI,
    });
    view! {
        <div class="welcome">
            <h2>{text::WELCOME}</h2>
            {place.map(|place| view! { <p>{place}</p> })}
            {provider.bundled_model.then(|| view! { <p>{text::WELCOME_BUNDLED}</p> })}
            <p>{text::WELCOME_NO_TOOLS}</p>
        </div>
    }
}
