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

/// Whether Enter begins a new line and Shift + Enter sends.
pub fn enter_breaks() -> bool {
    #[cfg(feature = "browser")]
    return root().enter_breaks;
    #[cfg(all(feature = "ssr", not(feature = "browser")))]
    return preferences().enter_breaks;
    #[cfg(not(any(feature = "ssr", feature = "browser")))]
    false
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
    enter_breaks: bool,
}

/// Read once: the server writes a new document for another choice.
#[cfg(feature = "browser")]
fn root() -> Root {
    use std::cell::OnceCell;
    thread_local!(static ROOT: OnceCell<Root> = const { OnceCell::new() });
    ROOT.with(|root| {
        *root.get_or_init(|| {
            let element = leptos::prelude::document().document_element();
            let has = |name, value| {
                let attribute = element.as_ref().and_then(|root| root.get_attribute(name));
                attribute.is_some_and(|attribute| attribute == value)
            };
            let locale = if has("lang", "ja") { Locale::ja } else { Locale::en };
            Root { locale, enter_breaks: has("data-enter", "breaks") }
        })
    })
}
