//! What can be done with a conversation from the list: one menu for all of its entries, so that
//! an entry is small, and one that moves takes no open menu with it.

use leptos::ev::KeyboardEvent;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::web_sys::HtmlDivElement;
#[cfg(feature = "browser")]
use leptos::web_sys::HtmlElement;
use leptos_router::hooks::use_navigate;
use protocol::{Place, WorkerId};

use super::ListProblem;
use super::entry_title::link_of;
use crate::components::entry_actions::{remove, set_place};
use crate::components::focus::{focus_soon, focus_soon_if_lost};
use crate::erase::words;
use crate::live::{Conversation, List};
use crate::text::tr;

/// Which entry's menu is open.
#[derive(Clone, Default)]
pub struct Menu {
    pub of: ArcRwSignal<Option<WorkerId>>,
    element: NodeRef<Div>,
}

impl Menu {
    /// Opens it beside the button of an entry, its first item focused.
    pub fn open(&self, id: WorkerId) {
        self.of.set(Some(id));
        #[cfg(feature = "browser")]
        if let Some(element) = self.element.get_untracked() {
            let button = document().get_element_by_id(&format!("m-of-{id}"));
            let _ = element.show_popover();
            // It has a size only now.
            if let Some(button) = button {
                place(&element, &button.get_bounding_client_rect());
            }
            step(&element, Step::First);
        }
    }

    fn close(&self) {
        #[cfg(feature = "browser")]
        if let Some(element) = self.element.get_untracked() {
            let _ = element.hide_popover();
        }
    }
}

/// The menu, closed at first.
#[component]
pub fn EntryMenu() -> impl IntoView {
    let (menu, list) = (expect_context::<Menu>(), expect_context::<List>());
    let ListProblem(problem) = expect_context();
    let (of, element) = (menu.of.clone(), menu.element);
    let shown = {
        let list = list.clone();
        move || of.get().and_then(|id| list.worker(id))
    };
    let place_of = move || shown().map(|worker| worker.place).unwrap_or_default();
    let pinned = {
        let place_of = place_of.clone();
        move || place_of() == Place::Pinned
    };
    let archived = move || place_of() == Place::Archived;
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
        move |to: Place| {
            if let Some(worker) = chosen(&menu).and_then(|id| list.worker(id)) {
                let link = link_of(worker.worker_id);
                let beside = beside(&link);
                set_place(list.clone(), problem.clone(), worker, to);
                // One that is archived, or comes out of the archive, leaves the list.
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
        let current = expect_context::<Conversation>().worker_id;
        move |_| {
            if let Some(id) = chosen(&menu) {
                let navigate = navigate.clone();
                let go = move |path: &str| navigate(path, Default::default());
                remove(list.clone(), problem.clone(), id, current, go);
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
                on:click=move |_| put(if pin_to() { Place::Listed } else { Place::Pinned })
            >
                {words(move || if pinned() { tr!(entry_unpin) } else { tr!(entry_pin) })}
            </button>
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                on:click=move |_| {
                    put_archive(if archive_to() { Place::Listed } else { Place::Archived })
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

/// The conversation below the one with this link, or else above it.
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

/// Arrow keys, Home and End walk through the menu; Tab leaves it.
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

#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "browser"), allow(dead_code))]
enum Step {
    First,
    Last,
    By(i32),
}

#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
fn step(menu: &HtmlDivElement, to: Step) {
    #[cfg(feature = "browser")]
    {
        use wasm_bindgen::JsCast;
        let items = menu.children();
        let count = items.length() as i32;
        let focused = document().active_element();
        let now = (0..count).find(|at| items.item(*at as u32) == focused).unwrap_or(-1);
        let next = match to {
            Step::First => 0,
            Step::Last => count - 1,
            Step::By(by) => (now + by).rem_euclid(count.max(1)),
        };
        if let Some(item) = items.item(next as u32) {
            let _ = item.unchecked_into::<HtmlElement>().focus();
        }
    }
}

/// Puts the menu below a button, or above it where there is no room. Not an inline style of the
/// document, which the policy would refuse: a script sets it.
#[cfg(feature = "browser")]
fn place(menu: &HtmlDivElement, button: &web_sys::DomRect) {
    /// Between the menu and the page's edge, in pixels.
    const EDGE: f64 = 8.0;
    let root = document().document_element();
    let page =
        |size: fn(&web_sys::Element) -> i32| root.as_ref().map_or(0.0, |r| f64::from(size(r)));
    let (width, height) =
        (page(web_sys::Element::client_width), page(web_sys::Element::client_height));
    let most = width - f64::from(menu.offset_width()) - EDGE;
    let style = HtmlElement::style(menu);
    let px = |pixels: f64| [&(pixels as i32).to_string(), "px"].concat();
    let below = height - button.bottom() > f64::from(menu.offset_height()) + EDGE;
    let (top, bottom) = if below {
        (px(button.bottom()), "auto".to_owned())
    } else {
        ("auto".to_owned(), px(height - button.top()))
    };
    let _ = style.set_property("top", &top);
    let _ = style.set_property("bottom", &bottom);
    let _ = style.set_property("left", &px(button.left().min(most).max(EDGE)));
}
