//! What answers here, and how to have something better.

use leptos::either::Either;
use leptos::prelude::*;
use protocol::ProviderName;
use protocol::api::ProviderStatus;

use crate::text;

/// The provider's kind and model, with the way to another one.
#[component]
pub fn ProviderNote(
    /// What answers.
    provider: ProviderStatus,
) -> impl IntoView {
    let ProviderStatus { kind, model, bundled_model, .. } = provider;
    let model = model.unwrap_or_else(|| text::NO_MODEL.to_owned());
    let place = kind.map(|kind| match kind {
        ProviderName::Local => text::LOCAL,
        // Imported answers come from nowhere here; no provider is called that.
        ProviderName::Openai | ProviderName::Imported => text::OPENAI,
    });
    let small = bundled_model.then(|| view! { <span class="provider-small">{text::SMALL}</span> });
    let better = if bundled_model || kind.is_none() {
        Either::Left(view! { <Better /> })
    } else {
        Either::Right(())
    };
    view! {
        <section class="provider" aria-label=text::MODEL>
            <p class="provider-model">{model}</p>
            <p class="provider-place">{place} {small}</p>
            {better}
        </section>
    }
}

#[component]
fn Better() -> impl IntoView {
    view! {
        <details class="better">
            <summary>{text::BETTER}</summary>
            <p>{text::BETTER_FILE} " " <code>"companion --model-file FILE"</code></p>
            <p>
                {text::BETTER_URL} " " <code>"companion --base-url URL"</code> " " {text::BETTER_KEY} " "
                <code>"COMPANION_API_KEY"</code> "."
            </p>
        </details>
    }
}
