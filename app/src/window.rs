//! The title of the browser's window.

/// Gives the window a title for as long as what calls this is shown, and until something else
/// gives it one. The server writes the one that was given last into its page.
pub fn titled(words: impl Fn() -> String + Send + Sync + 'static) {
    #[cfg(feature = "ssr")]
    {
        // It keeps the words for the document's head, and has nothing to show itself.
        let words = move || crate::label::raw(words());
        drop(leptos_meta::Title(leptos_meta::TitleProps::builder().text(words).build()));
    }
    #[cfg(not(feature = "ssr"))]
    crate::erase::effect(move || leptos::prelude::document().set_title(&words()));
}
