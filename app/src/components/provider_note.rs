//! The provider and model in use, and how to use a better one.

use leptos::either::Either;
use leptos::prelude::*;
use protocol::api::ProviderStatus;

use crate::label;
use crate::text::tr;

/// The provider's kind and model, with instructions for another one.
#[component]
pub fn ProviderNote(
    /// The provider's status.
    provider: ProviderStatus,
) -> impl IntoView {
    let ProviderStatus { kind, model, bundled_model, .. } = provider;
    let model = model.unwrap_or_else(|| tr!(no_model).to_owned());
    let place = kind.as_ref().map(label::place);
    let small = bundled_model.then(|| view! { <span class="provider-small">{tr!(small)}</span> });
    let better = if bundled_model || kind.is_none() {
        Either::Left(view! { <Better /> })
    } else {
        Either::Right(())
    };
    view! {
        <section class="provider" aria-label=tr!(model)>
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
            <summary>{tr!(better)}</summary>
            <BetterModels />
        </details>
    }
}

/// Instructions for using another model.
#[component]
pub fn BetterModels() -> impl IntoView {
    view! {
        <p>{tr!(better_file)} " " <code>"companion --model-file FILE"</code></p>
        <p>
            {tr!(better_url)} " " <code>"companion --base-url URL"</code> " " {tr!(better_key)} " "
            <code>"COMPANION_API_KEY"</code>
        </p>
    }
}
