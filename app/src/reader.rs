//! What a page knows of who reads it: the server chose it by the request and wrote it on the
//! document's root, where a browser finds it.

use crate::text::Locale;

/// The language of the page at hand, which it has from its beginning to its end.
pub fn locale() -> Locale {
    #[cfg(feature = "browser")]
    return root().locale;
    #[cfg(not(feature = "browser"))]
    leptos::prelude::use_context().unwrap_or_default()
}

/// Its name, as a page says it.
#[cfg(feature = "ssr")]
pub fn language() -> &'static str {
    leptos_i18n::Locale::as_str(locale())
}

/// What the Enter key does in the message box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnterKey {
    /// It sends, and Shift + Enter begins a new line.
    Sends,
    /// It begins a new line, and Shift + Enter sends.
    Breaks,
}

impl EnterKey {
    /// Its name in the page, in the form and in the cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sends => "sends",
            Self::Breaks => "breaks",
        }
    }

    /// The one of this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::Sends, Self::Breaks].into_iter().find(|key| key.name() == name)
    }
}

/// What the reader chose for Enter; none leaves it to the device.
pub fn enter_chosen() -> Option<EnterKey> {
    #[cfg(feature = "browser")]
    return root().enter;
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

/// The cookie in which a script tells the server where the reader's clock stands, in minutes ahead of
/// UTC: pages without a script tell times by it, and forms send it on.
pub const UTC_OFFSET_COOKIE: &str = "companion_utc_offset";

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
    let minutes = offset.minutes();
    // Without cookies, times are told in UTC.
    let _ = document.set_cookie(&format!(
        "{UTC_OFFSET_COOKIE}={minutes}; Path=/; Max-Age=34560000; SameSite=Lax"
    ));
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

#[cfg(feature = "browser")]
#[derive(Clone, Copy)]
struct Root {
    locale: Locale,
    enter: Option<EnterKey>,
}

/// Read once: the server writes a new document for another choice.
#[cfg(feature = "browser")]
fn root() -> Root {
    use std::cell::OnceCell;
    thread_local!(static ROOT: OnceCell<Root> = const { OnceCell::new() });
    ROOT.with(|root| {
        *root.get_or_init(|| {
            let element = leptos::prelude::document().document_element();
            let value = |name| element.as_ref().and_then(|root| root.get_attribute(name));
            let is_japanese = value("lang").is_some_and(|lang| lang == "ja");
            let locale = if is_japanese { Locale::ja } else { Locale::en };
            let enter = value("data-enter").and_then(|name| EnterKey::of(&name));
            Root { locale, enter }
        })
    })
}
