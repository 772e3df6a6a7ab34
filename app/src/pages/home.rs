//! The front door: leads to the conversation that was used last.

use leptos::prelude::*;

use crate::components::{ErrorNote, NewConversation, Plain};
use crate::erase::erase;
use crate::wire::Wire;
use crate::{AppError, Home, api, text};

/// `/`: redirects to the latest conversation; stays where there is none.
#[component]
pub fn HomePage() -> impl IntoView {
    let home: Resource<_, Wire> = Resource::new_with_options(|| (), |()| api::home(), true);
    erase(view! {
        <Suspense fallback=|| view! { <p class="loading">{text::LOADING}</p> }>
            {move || Suspend::new(async move { front_door(home.await) })}
        </Suspense>
    })
}

/// Goes on to a path; the front door itself does not stay in the browser's history.
fn lead(path: &str) {
    #[cfg(feature = "ssr")]
    crate::backend::redirect(path);
    #[cfg(not(feature = "ssr"))]
    leptos_router::hooks::use_navigate()(
        path,
        leptos_router::NavigateOptions { replace: true, ..Default::default() },
    );
}

fn front_door(home: Result<Home, AppError>) -> AnyView {
    match home {
        Ok(Home { newest: Some(id), refused: None }) => {
            lead(&format!("/c/{id}"));
            erase(())
        }
        Ok(Home { newest, refused: None }) => {
            debug_assert!(newest.is_none());
            erase(view! {
                <Plain heading=text::NONE_YET>
                    <p>{text::NONE_YET_HINT}</p>
                    <NewConversation />
                </Plain>
            })
        }
        Ok(Home { refused: Some(refused), .. }) => failed(refused.error),
        Err(AppError(error)) => failed(error),
    }
}

fn failed(error: protocol::Error) -> AnyView {
    erase(view! {
        <Plain heading=text::FAILED>
            <ErrorNote error />
            <p>
                <a class="button" href="/" rel="external">
                    {text::RELOAD}
                </a>
            </p>
        </Plain>
    })
}
