//! Loads and links to conversations that were used longer ago.

use leptos::ev::MouseEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::api;
use crate::base_path::at;
use crate::erase::{attr, live};
use crate::live::{Current, List};
use crate::text::tr;

/// A link to older conversations. With a script they are loaded into the list.
#[component]
pub fn Older() -> impl IntoView {
    let (list, current) = (expect_context::<List>(), expect_context::<Current>().worker_id);
    let part = list.part.clone();
    live(move || {
        let list = list.clone();
        list.next_before.get().map(|before| {
            let mut query = leptos_router::params::ParamsMap::new();
            query.insert("list", before);
            if part.get_untracked().archived {
                query.insert("place", "archived".to_owned());
            }
            let query = query.to_query_string();
            let load = move |event: MouseEvent| {
                event.prevent_default();
                load_older(&list);
            };
            view! {
                <a
                    class="quiet older"
                    href=attr(move || {
                        current.get().map(|current| at(&format!("/c/{current}{query}")))
                    })
                    on:click=load
                >
                    {tr!(older_conversations)}
                </a>
            }
        })
    })
}

/// Loads the next page, unless it is already being loaded.
pub fn load_older(list: &List) {
    let Some(before) = list.next_before.get_untracked() else { return };
    if !list.begin_loading() {
        return;
    }
    let list = list.clone();
    spawn_local(async move {
        let part = *list.part.read_untracked();
        let page = api::workers(Some(before.clone()), part.archived).await;
        list.end_loading();
        // The list may have been reloaded meanwhile, and then continues at another cursor.
        let expected = list.next_before.get_untracked() == Some(before);
        if let (Ok(page), true) = (page, expected) {
            list.append(page);
        }
    });
}
