//! The title of the browser's window.

/// Sets the window's title while the calling component is shown, until another call sets it. The
/// server writes the title that was set last into its page.
pub fn titled(words: impl Fn() -> String + Send + Sync + 'static) {
    #[cfg(feature = "ssr")]
    {
        // Creating the component registers the title for the document's head; it renders nothing.
        let words = move || crate::label::raw(words());
        drop(leptos_meta::Title(leptos_meta::TitleProps::builder().text(words).build()));
    }
    #[cfg(not(feature = "ssr"))]
    crate::erase::effect(move || leptos::prelude::document().set_title(&words()));
}
