//! A list without the types of what is in it.

use leptos::prelude::*;

use super::Erased;

/// One of a list: which it is, and what shows it where it is not in the page yet.
pub struct One {
    key: u128,
    view: Box<dyn FnOnce() -> Erased + Send>,
}

impl One {
    /// Invariant: no two of a list have the same key.
    pub fn new(key: u128, view: impl FnOnce() -> Erased + Send + 'static) -> Self {
        Self { key, view: Box::new(view) }
    }
}

/// All of a list in their order. One whose key was there before keeps its elements.
pub fn each(list: impl Fn() -> Vec<One> + Send + Sync + 'static) -> impl IntoView {
    listed(Box::new(list))
}

fn listed(list: Box<dyn Fn() -> Vec<One> + Send + Sync>) -> impl IntoView {
    view! { <For each=list key=|one: &One| one.key children=|one: One| (one.view)() /> }
}
