//! The language of the page, and the words of its keys.
//!
//! The words are in `locales/`, a file for each language; [`tr!`] takes them out by their key,
//! which the compiler checks. A page has one language from its beginning to its end: choosing
//! another one is asking for the page anew. The server chooses it by the request and writes it on the
//! document's root, where a browser finds it.

pub use keys::i18n::Locale;

/// The words of a key, in the language of the page: `&'static str`, or a `String` where they
/// take arguments.
macro_rules! tr {
    ($key:ident $(, $name:ident = $value:expr)* $(,)?) => {
        leptos_i18n::td_string!($crate::locale::locale(), $key $(, $name = $value)*)
    };
}
pub(crate) use tr;

/// Made by the build script.
#[allow(warnings, clippy::all)]
mod keys {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

/// The language of the page at hand, which it has from its beginning to its end.
pub fn locale() -> Locale {
    #[cfg(feature = "browser")]
    return of_document();
    #[cfg(not(feature = "browser"))]
    leptos::prelude::use_context().unwrap_or_default()
}

/// Its name, as a page says it.
#[cfg(feature = "ssr")]
pub fn language() -> &'static str {
    leptos_i18n::Locale::as_str(locale())
}

/// Read once: the server writes a new document for another choice.
#[cfg(feature = "browser")]
fn of_document() -> Locale {
    use std::cell::OnceCell;
    thread_local!(static LOCALE: OnceCell<Locale> = const { OnceCell::new() });
    LOCALE.with(|locale| {
        *locale.get_or_init(|| {
            let root = leptos::prelude::document().document_element();
            let lang = root.and_then(|root| root.get_attribute("lang"));
            if lang.is_some_and(|lang| lang == "ja") { Locale::ja } else { Locale::en }
        })
    })
}
