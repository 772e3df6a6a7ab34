//! The reader's settings, as a page needs them. The server reads them from the request and writes
//! them on the document's root element, where the browser finds them.

use crate::enter_key::EnterKey;
#[cfg(feature = "browser")]
use crate::locale::{Locale, locale};

/// The chosen behaviour of Enter; none leaves it to the device.
pub fn enter_chosen() -> Option<EnterKey> {
    #[cfg(feature = "browser")]
    return enter_of_document();
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return preferences().enter;
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    None
}

/// The behaviour of Enter. By default it begins a new line on a touch screen, whose keyboard has no
/// Shift + Enter; only the browser knows such a device.
pub fn enter_key() -> EnterKey {
    enter_chosen().unwrap_or(if is_touch() { EnterKey::Breaks } else { EnterKey::Sends })
}

/// Whether the primary pointing device is a finger. False on the server.
pub fn is_touch() -> bool {
    #[cfg(feature = "browser")]
    return leptos::prelude::window()
        .match_media("(pointer: coarse)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()));
    #[cfg(not(feature = "browser"))]
    false
}

/// The reader's UTC offset, if it is known.
pub fn utc_offset() -> Option<protocol::UtcOffset> {
    #[cfg(feature = "browser")]
    return browser_offset();
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return preferences().utc_offset;
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    None
}

#[cfg(feature = "browser")]
fn browser_offset() -> Option<protocol::UtcOffset> {
    // JavaScript returns the opposite sign: the minutes that UTC is ahead.
    let behind = js_sys::Date::new_0().get_timezone_offset();
    protocol::UtcOffset::try_from(-(behind as i16)).ok()
}

/// Stores the UTC offset in a cookie, so that every later request tells it to the server.
#[cfg(feature = "browser")]
pub fn tell_utc_offset() {
    // Without cookies, the server shows times in UTC.
    if let Some(offset) = utc_offset() {
        tell(crate::cookie::UTC_OFFSET, &offset.minutes().to_string());
    }
}

/// Whether the list of conversations is hidden on wide screens.
pub fn list_hidden() -> bool {
    #[cfg(feature = "browser")]
    return leptos::prelude::document()
        .document_element()
        .is_some_and(|root| root.get_attribute("data-list").is_some());
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return preferences().list_hidden;
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    false
}

/// Hides the list of conversations on wide screens, or shows it again, and remembers it for later pages.
#[cfg(feature = "browser")]
pub fn hide_list(hidden: bool) {
    use crate::cookie::{HIDDEN, LIST};
    let Some(root) = leptos::prelude::document().document_element() else { return };
    let _ = match hidden {
        true => root.set_attribute("data-list", HIDDEN),
        false => root.remove_attribute("data-list"),
    };
    tell(LIST, if hidden { HIDDEN } else { "" });
}

/// Stores something in a cookie that the server reads.
#[cfg(feature = "browser")]
fn tell(name: &str, value: &str) {
    use wasm_bindgen::JsCast;
    let document = leptos::prelude::document().unchecked_into::<web_sys::HtmlDocument>();
    let path = crate::base_path::at("/");
    let _ = document
        .set_cookie(&format!("{name}={value}; Path={path}; Max-Age=34560000; SameSite=Lax"));
}

/// The page's language with the reader's region, such as `en-GB` if the browser says so.
#[cfg(feature = "browser")]
pub fn regional() -> String {
    let page = if locale() == Locale::ja { "ja" } else { "en" };
    let own = leptos::prelude::window().navigator().language();
    own.filter(|own| own.starts_with(page)).unwrap_or_else(|| page.to_owned())
}

/// The reader's settings while the server renders a page.
#[cfg(feature = "ssr")]
pub fn preferences() -> crate::preferences::Preferences {
    leptos::prelude::use_context().unwrap_or_default()
}

/// Reads the Enter setting of the document. Once is enough, because the server writes a new
/// document for another choice.
#[cfg(feature = "browser")]
fn enter_of_document() -> Option<EnterKey> {
    use std::cell::OnceCell;
    thread_local!(static ENTER: OnceCell<Option<EnterKey>> = const { OnceCell::new() });
    ENTER.with(|enter| {
        *enter.get_or_init(|| {
            let root = leptos::prelude::document().document_element();
            let name = root.and_then(|root| root.get_attribute("data-enter"));
            name.and_then(|name| EnterKey::of(&name))
        })
    })
}
