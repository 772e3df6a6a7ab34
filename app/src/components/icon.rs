//! Small drawings; never the only name of anything.

use leptos::prelude::*;

/// What a drawing shows.
#[derive(Clone, Copy)]
pub enum Icon {
    Menu,
    Plus,
    Send,
    Stop,
    Dots,
    Alert,
}

impl Icon {
    /// The path of the drawing in a square of 20.
    fn path(self) -> &'static str {
        match self {
            Self::Menu => "M3 6h14M3 10h14M3 14h9",
            Self::Plus => "M10 4v12M4 10h12",
            Self::Send => "M10 16V4M4.5 9.5 10 4l5.5 5.5",
            Self::Stop => "M6 6h8v8H6z",
            Self::Dots => "M4.5 10h.01M10 10h.01M15.5 10h.01",
            Self::Alert => "M10 6v5M10 14h.01M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15z",
        }
    }

    /// How thick its lines are, where the usual would be too thin.
    fn weight(self) -> Option<&'static str> {
        matches!(self, Self::Dots).then_some("2.8")
    }
}

/// One drawing, hidden from assistive technology.
#[component]
pub fn Drawing(
    /// What it shows.
    icon: Icon,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=icon.path() stroke-width=icon.weight() />
        </svg>
    }
}
