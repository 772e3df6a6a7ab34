//! The document of a page that only the server writes: no script, not a byte of one.

use leptos::prelude::*;

use crate::erase::Erased;
use crate::{locale, reader, text};

/// The whole document around a page's body, in the language and theme of its reader.
pub fn document(style: String, title: &str, body: Erased) -> impl IntoView + use<> {
    let theme = reader::preferences().theme;
    let title = crate::label::raw(text::window_title(title));
    view! {
        <!DOCTYPE html>
        <html lang=locale::language() data-theme=theme.map(|theme| theme.name())>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=style />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <title>{title}</title>
            </head>
            <body>{body}</body>
        </html>
    }
}
