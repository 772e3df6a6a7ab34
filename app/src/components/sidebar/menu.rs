//! State of the entries' menu: which entry it belongs to, its position, and the focused item.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::web_sys::HtmlDivElement;
#[cfg(feature = "browser")]
use leptos::web_sys::HtmlElement;
use protocol::WorkerId;

/// The menu that all entries share, and the entry that it is open for.
#[derive(Clone, Default)]
pub struct Menu {
    pub of: ArcRwSignal<Option<WorkerId>>,
    pub(super) element: NodeRef<Div>,
}

impl Menu {
    /// Opens the menu beside an entry's button and focuses its first item.
    pub fn open(&self, id: WorkerId) {
        self.of.set(Some(id));
        #[cfg(feature = "browser")]
        if let Some(element) = self.element.get_untracked() {
            let button = document().get_element_by_id(&format!("m-of-{id}"));
            let _ = element.show_popover();
            // The menu has a size only after it is shown.
            if let Some(button) = button {
                place(&element, &button.get_bounding_client_rect());
            }
            step(&element, Step::First);
        }
    }

    pub(super) fn close(&self) {
        #[cfg(feature = "browser")]
        if let Some(element) = self.element.get_untracked() {
            let _ = element.hide_popover();
        }
    }
}

#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "browser"), allow(dead_code))]
pub(super) enum Step {
    First,
    Last,
    By(i32),
}

#[cfg_attr(not(feature = "browser"), allow(unused_variables))]
pub(super) fn step(menu: &HtmlDivElement, to: Step) {
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

/// Puts the menu below a button, or above it if there is no room below. A script may set the
/// position; an inline style in the document would be refused by the Content-Security-Policy.
#[cfg(feature = "browser")]
fn place(menu: &HtmlDivElement, button: &web_sys::DomRect) {
    /// The distance between the menu and the page's edge, in pixels.
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
