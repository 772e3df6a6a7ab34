//! Submits the plain forms of the client-only console.
//!
//! Each of them posts to the address of the page that it is on. In the client-only console this
//! address leads to a static file, which takes no POST. So this module listens for each `submit`
//! event that no component has handled, and sends the form's fields to the server function
//! [`api::submit`], which does the same as a posted form (`form.rs`). Forms that post to one of the
//! server's own pages are left to the browser.

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use wasm_bindgen::JsCast;
use web_sys::{FormData, HtmlFormElement};

use super::problem::Problem;
use crate::base_path::inside;
use crate::route::Route;
use crate::{AppError, api};

/// Submits these forms until the calling component is removed. `problem` shows refusals.
pub fn take(problem: Problem) {
    let navigate = use_navigate();
    let listener = window_event_listener(ev::submit, move |event| {
        if event.default_prevented() {
            return;
        }
        let target = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        let Some(form) = target else { return };
        let path = form.get_attribute("action").unwrap_or_default();
        let worker = match Route::of(inside(&path)) {
            _ if form.method() != "post" => return,
            Route::Home => None,
            Route::Conversation(id) => id.parse().ok(),
            Route::Missing => return,
        };
        let Some(fields) = fields(&form, event.submitter()) else { return };
        event.prevent_default();
        // A new page would have no open menu; closing it returns the focus to the menu's button.
        if let Some(menu) = form.closest("[popover]").ok().flatten() {
            let _ = menu.unchecked_into::<web_sys::HtmlElement>().hide_popover();
        }
        problem.clear();
        let (navigate, problem) = (navigate.clone(), problem.clone());
        spawn_local(async move {
            match api::submit(worker, fields).await {
                Ok(path) => navigate(&path, Default::default()),
                Err(AppError(error)) => problem.show(error),
            }
        });
    });
    on_cleanup(move || listener.remove());
}

/// The names and values that the browser would send.
fn fields(
    form: &HtmlFormElement,
    button: Option<web_sys::HtmlElement>,
) -> Option<Vec<(String, String)>> {
    let data = FormData::new_with_form(form).ok()?;
    let mut fields = Vec::new();
    for pair in js_sys::try_iter(&data).ok()?? {
        let pair = js_sys::Array::from(&pair.ok()?);
        fields.push((pair.get(0).as_string()?, pair.get(1).as_string()?));
    }
    if let Some(button) = button {
        let attribute = |name| button.get_attribute(name);
        if let Some(name) = attribute("name") {
            fields.push((name, attribute("value").unwrap_or_default()));
        }
    }
    Some(fields)
}
