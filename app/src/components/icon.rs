//! Small drawings. They are decorative; every control also has a text name.

use leptos::prelude::*;

/// The available drawings.
#[derive(Clone, Copy)]
pub enum Icon {
    Menu,
    /// The list beside a page.
    Panel,
    Plus,
    Send,
    Stop,
    Dots,
    Alert,
    Search,
    Command,
    Details,
}

/// One drawing, hidden from assistive technology.
///
/// Each drawing is written out whole, because Leptos compiles static markup to one string.
#[component]
#[rustfmt::skip]
pub fn Drawing(
    /// The drawing to show.
    icon: Icon,
) -> impl IntoView {
    match icon {
        Icon::Menu => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M3 6h14M3 10h14M3 14h9" />
            </svg>
        },
        Icon::Panel => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M4.5 3.5h11a1.5 1.5 0 0 1 1.5 1.5v10a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15V5a1.5 1.5 0 0 1 1.5-1.5zM8 3.5v13" />
            </svg>
        },
        Icon::Plus => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M10 4v12M4 10h12" />
            </svg>
        },
        Icon::Send => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M10 16V4M4.5 9.5 10 4l5.5 5.5" />
            </svg>
        },
        Icon::Stop => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M6 6h8v8H6z" />
            </svg>
        },
        Icon::Dots => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M4.5 10h.01M10 10h.01M15.5 10h.01" stroke-width="2.8" />
            </svg>
        },
        Icon::Command => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M4 5.5 8.5 10 4 14.5M10.5 15H16" />
            </svg>
        },
        Icon::Search => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M13.5 13.5 17 17M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z" />
            </svg>
        },
        Icon::Details => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M10 9.5V14M10 6.5h.01M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15z" />
            </svg>
        },
        Icon::Alert => view! {
            <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
                <path d="M10 6v5M10 14h.01M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15z" />
            </svg>
        },
    }
}
