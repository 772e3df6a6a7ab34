//! The front door: leads to the conversation that was used last.

use leptos::prelude::*;
use leptos_router::components::Redirect;

use crate::components::{ErrorNote, NewConversation, Plain};
use crate::{AppError, Home, api, text};

/// `/`: redirects to the latest conversation; stays where there is none.
#[component]
pub fn HomePage() -> impl IntoView {
    let home = Resource::new_blocking(|| (), |()| api::home());
    view! {
        <Suspense fallback=|| view! { <p class="loading">{text::LOADING}</p> }>
            {move || Suspend::new(async move { front_door(home.await) })}
        </Suspense>
    }
}

fn front_door(home: Result<Home, AppError>) -> AnyView {
    match home {
        Ok(Home { newest: Some(id), refused: None }) => {
            view! { <Redirect path=format!("/c/{id}") /> }.into_any()
        }
        Ok(Home { newest, refused: None }) => {
            debug_assert!(newest.is_none());
            view! {
                <Plain heading=text::NONE_YET>
                    <p>{text::NONE_YET_HINT}</p>
                    <NewConversation />
                </Plain>
            }
            .into_any()
        }
        Ok(Home { refused: Some(refused), .. }) => failed(refused.error),
        Err(AppError(error)) => failed(error),
    }
}

fn failed(error: protocol::Error) -> AnyView {
    view! {
        <Plain heading=text::FAILED>
            <ErrorNote error />
            <p>
                <a class="button" href="/" rel="external">
                    {text::RELOAD}
                </a>
            </p>
        </Plain>
    }
    .into_any()
}
