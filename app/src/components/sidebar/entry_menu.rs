//! The menu of an entry. All entries share one menu, so that an entry stays small, and an entry
//! that moves in the list does not move an open menu.

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use protocol::Visibility;

use super::entry_title::link_of;
use super::menu::{Menu, Step, step};
use crate::components::entry_actions::{remove, set_place};
use crate::components::focus::{focus_soon, focus_soon_if_lost};
use crate::components::problem::Problem;
use crate::erase::words;
use crate::live::{Current, List};
use crate::text::tr;

/// The menu, closed at first.
#[component]
pub fn EntryMenu() -> impl IntoView {
    let (menu, list) = (expect_context::<Menu>(), expect_context::<List>());
    let problem = expect_context::<Problem>();
    let (of, element) = (menu.of.clone(), menu.element);
    let shown = {
        let list = list.clone();
        move || of.get().and_then(|id| list.worker(id))
    };
    let place_of = move || shown().map(|worker| worker.place).unwrap_or_default();
    let pinned = {
        let place_of = place_of.clone();
        move || place_of() == Visibility::Pinned
    };
    let archived = move || place_of() == Visibility::Archived;
    let (pin_to, archive_to) = (pinned.clone(), archived.clone());
    let chosen = move |menu: &Menu| {
        let id = menu.of.get_untracked();
        menu.close();
        id
    };
    let rename = {
        let (menu, list) = (menu.clone(), list.clone());
        move |_| list.renaming.set(chosen(&menu))
    };
    let put = {
        let (menu, list, problem) = (menu.clone(), list.clone(), problem.clone());
        move |to: Visibility| {
            if let Some(worker) = chosen(&menu).and_then(|id| list.worker(id)) {
                let link = link_of(worker.worker_id);
                let beside = beside(&link);
                set_place(list.clone(), problem.clone(), worker, to);
                // A conversation that is archived, or taken out of the archive, leaves this list.
                focus_soon(link);
                if let Some(beside) = beside {
                    focus_soon_if_lost(beside);
                }
            }
        }
    };
    let put_archive = put.clone();
    let delete = {
        let (menu, navigate) = (menu.clone(), use_navigate());
        let current = expect_context::<Current>().worker_id;
        move |_| {
            if let Some(id) = chosen(&menu) {
                let navigate = navigate.clone();
                let go = move |path: &str| navigate(path, Default::default());
                remove(list.clone(), problem.clone(), id, current.get_untracked(), go);
            }
        }
    };
    let closed = menu.of.clone();
    let toggled = move |_| {
        let open = element
            .get_untracked()
            .is_some_and(|menu| menu.matches(":popover-open").unwrap_or(false));
        if !open {
            closed.set(None);
        }
    };
    view! {
        <div
            class="menu"
            popover="auto"
            role="menu"
            aria-label=tr!(entry_menu_name)
            node_ref=element
            on:toggle=toggled
            on:keydown=move |event| walk(&event, element)
        >
            <button type="button" role="menuitem" tabindex="-1" on:click=rename>
                {tr!(entry_rename)}
            </button>
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                on:click=move |_| put(
                    if pin_to() { Visibility::Listed } else { Visibility::Pinned },
                )
            >
                {words(move || if pinned() { tr!(entry_unpin) } else { tr!(entry_pin) })}
            </button>
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                on:click=move |_| {
                    put_archive(
                        if archive_to() { Visibility::Listed } else { Visibility::Archived },
                    );
                }
            >
                {words(move || if archived() { tr!(entry_unarchive) } else { tr!(entry_archive) })}
            </button>
            <button type="button" role="menuitem" tabindex="-1" data-kind="danger" on:click=delete>
                {tr!(delete)}
            </button>
        </div>
    }
}

/// The id of the link below the one with this id, or else above it.
#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
fn beside(link: &str) -> Option<String> {
    #[cfg(feature = "browser")]
    {
        let links = document().query_selector_all("#sidebar a.conversation").ok()?;
        let id = |at: u32| {
            use wasm_bindgen::JsCast;
            Some(links.get(at)?.unchecked_into::<web_sys::Element>().id())
        };
        let at = (0..links.length()).find(|at| id(*at).as_deref() == Some(link))?;
        id(at + 1).or_else(|| id(at.checked_sub(1)?))
    }
    #[cfg(not(feature = "browser"))]
    None
}

/// Moves through the menu with arrow keys, Home and End; Tab closes it.
fn walk(event: &KeyboardEvent, element: NodeRef<Div>) {
    let Some(menu) = element.get_untracked() else { return };
    let to = match event.key().as_str() {
        "ArrowDown" => Step::By(1),
        "ArrowUp" => Step::By(-1),
        "Home" => Step::First,
        "End" => Step::Last,
        "Tab" => {
            #[cfg(feature = "browser")]
            let _ = menu.hide_popover();
            return;
        }
        _ => return,
    };
    event.prevent_default();
    step(&menu, to);
}
