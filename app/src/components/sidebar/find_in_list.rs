//! The search field above the list, which finds titles while the reader types.

use leptos::ev::{Event, KeyboardEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::Worker;

use crate::base_path::at;
use crate::components::search_box::SearchBox;
use crate::erase::{Erased, attr, erase, live};
use crate::text::{self, tr};
use crate::{api, label};

/// The most titles that are shown.
const TITLES: usize = 30;

/// What the field found so far.
#[derive(Clone)]
struct Finder {
    query: ArcRwSignal<String>,
    found: ArcRwSignal<Vec<Worker>>,
    /// Only one request is in flight; a query that changed meanwhile is sent afterwards.
    asking: ArcStoredValue<bool>,
}

impl Finder {
    fn typed(&self, query: String) {
        self.query.set(query);
        if self.asking.get_value() {
            return;
        }
        self.asking.set_value(true);
        let finder = self.clone();
        spawn_local(async move {
            loop {
                let query = finder.query.get_untracked();
                let found = match query.trim() {
                    "" => Vec::new(),
                    words => api::titles(words.to_owned()).await.unwrap_or_default().workers,
                };
                finder.found.set(found.into_iter().take(TITLES).collect());
                if finder.query.get_untracked() == query {
                    break;
                }
            }
            finder.asking.set_value(false);
        });
    }
}

/// The field, with what it found in place of the list. Enter searches all messages, as it does
/// without a script.
#[component]
pub fn FindInList() -> impl IntoView {
    let (query, found) = (ArcRwSignal::new(String::new()), ArcRwSignal::new(Vec::new()));
    let finder = Finder { query, found, asking: ArcStoredValue::new(false) };
    let (finds, shown, typed) = (finder.clone(), finder.clone(), finder.clone());
    let input = move |event: Event| typed.typed(event_target_value(&event));
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape"
            && !event.is_composing()
            && !finder.query.read_untracked().is_empty()
        {
            // On a narrow screen the list is a popover, which Escape must not close. The browser
            // empties the field.
            event.stop_propagation();
            finder.typed(String::new());
        }
    };
    let is_finding = move || !finds.query.read().trim().is_empty();
    view! {
        <div
            class="find-in-list"
            data-finding=attr(move || is_finding().then_some(""))
            on:input=input
            on:keydown=keydown
        >
            <SearchBox />
            {live(move || {
                let query = shown.query.get();
                let query = query.trim();
                (!query.is_empty()).then(|| results(query, &shown))
            })}
        </div>
    }
}

fn results(query: &str, finder: &Finder) -> Erased {
    let (found, left) = (finder.found.get(), finder.clone());
    // The list is shown again once the reader follows a link.
    let follow = move |_| {
        left.typed(String::new());
        #[cfg(feature = "browser")]
        if let Ok(Some(field)) = document().query_selector(".find-in-list input") {
            use wasm_bindgen::JsCast;
            field.unchecked_into::<web_sys::HtmlInputElement>().set_value("");
        }
    };
    let titles = found.iter().map(|worker| {
        let href = at(&format!("/c/{}", worker.worker_id));
        view! {
            <li>
                <a class="found-title" href=href>
                    {label::of(worker).to_owned()}
                </a>
            </li>
        }
    });
    let titles = titles.collect_view();
    let mut fields = leptos_router::params::ParamsMap::new();
    fields.insert("q", query.to_owned());
    let all = at(&["/search", &fields.to_query_string()].concat());
    erase(view! {
        <p class="visually-hidden" role="status">
            {text::choices(found.len())}
        </p>
        <ul class="found-list" aria-label=tr!(conversations) on:click=follow>
            {titles}
            <li>
                <a class="found-title" data-kind="search" href=all rel="external">
                    {text::search_for(query)}
                </a>
            </li>
        </ul>
    })
}
