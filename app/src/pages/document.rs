//! The HTML document of a page that only the server renders, without any script.

use leptos::prelude::*;

use crate::base_path::at;
use crate::erase::Erased;
use crate::{locale, reader, text};

/// The document around a page's body, in the reader's language and theme. `style` is the path of the
/// style sheet.
pub fn document(style: String, title: &str, body: Erased) -> impl IntoView + use<> {
    let preferences = reader::preferences();
    let theme = preferences.theme.map(crate::preferences::Theme::name);
    let title = crate::label::raw(text::window_title(title));
    view! {
        <!DOCTYPE html>
        <html lang=locale::language() data-theme=theme data-list=preferences.list()>
            <head>
                <meta charset="utf-8" />
                <meta
                    name="viewport"
                    content="width=device-width, initial-scale=1, viewport-fit=cover"
                />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=at(&style) />
                <link rel="icon" href=at("/favicon.svg") type="image/svg+xml" />
                <link rel="manifest" href=at("/manifest.webmanifest") />
                <title>{title}</title>
            </head>
            <body>{body}</body>
        </html>
    }
}
