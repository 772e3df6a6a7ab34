//! What a page knows of who reads it: the server chose it by the request and wrote it on the
//! document's root, where a browser finds it.

use crate::enter_key::EnterKey;
#[cfg(feature = "browser")]
use crate::locale::{Locale, locale};

/// What the reader chose for Enter; none leaves it to the device.
pub fn enter_chosen() -> Option<EnterKey> {
    #[cfg(feature = "browser")]
    return enter_of_document();
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return preferences().enter;
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    None
}

/// What Enter does. Where nothing is chosen it begins a new line on a touch screen, whose keyboard
/// has no Shift + Enter; such a device is known to the browser only.
pub fn enter_key() -> EnterKey {
    enter_chosen().unwrap_or(if is_touch() { EnterKey::Breaks } else { EnterKey::Sends })
}

/// Whether what the reader points with is a finger. False on the server.
pub fn is_touch() -> bool {
    #[cfg(feature = "browser")]
    return leptos::prelude::window()
        .match_media("(pointer: coarse)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()));
    #[cfg(not(feature = "browser"))]
    false
}

/// Where the reader's clock stands; none where nobody told.
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
    // The other way round: how many minutes UTC is ahead.
    let behind = js_sys::Date::new_0().get_timezone_offset();
    protocol::UtcOffset::try_from(-(behind as i16)).ok()
}

/// Tells the server where the clock stands, with every request from now on.
#[cfg(feature = "browser")]
pub fn tell_utc_offset() {
    use wasm_bindgen::JsCast;
    let Some(offset) = utc_offset() else { return };
    let document = leptos::prelude::document().unchecked_into::<web_sys::HtmlDocument>();
    let (name, minutes) = (crate::cookie::UTC_OFFSET, offset.minutes());
    // Without cookies, times are told in UTC.
    let _ =
        document.set_cookie(&format!("{name}={minutes}; Path=/; Max-Age=34560000; SameSite=Lax"));
}

/// The page's language as the reader's region writes it: `en-GB` for a browser that says so.
#[cfg(feature = "browser")]
pub fn regional() -> String {
    let page = if locale() == Locale::ja { "ja" } else { "en" };
    let own = leptos::prelude::window().navigator().language();
    own.filter(|own| own.starts_with(page)).unwrap_or_else(|| page.to_owned())
}

/// What the reader chose, while the server writes the page.
#[cfg(feature = "ssr")]
pub fn preferences() -> crate::preferences::Preferences {
    leptos::prelude::use_context().unwrap_or_default()
}

/// Read once: the server writes a new document for another choice.
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
