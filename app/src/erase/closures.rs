//! Closures without their type.
//!
//! Whatever Leptos does with a closure, it has code of its own for each one: a part of a view,
//! an attribute or an effect costs a browser about a kilobyte each. These are the same things
//! with one type for all closures of a kind.

use leptos::prelude::*;

/// What makes a part of a view, or an attribute, again whenever what it reads has changed.
pub type Live<V> = Box<dyn FnMut() -> V + Send>;

/// A part of a view, or an attribute, that changes.
pub fn live<V>(make: impl FnMut() -> V + Send + 'static) -> Live<V> {
    Box::new(make)
}

/// Words that change.
pub fn words<W: Into<String>>(mut say: impl FnMut() -> W + Send + 'static) -> Live<String> {
    live(move || say().into())
}

/// An attribute that changes, and is not there while it is none.
pub fn attr<W: Into<String>>(
    mut say: impl FnMut() -> Option<W> + Send + 'static,
) -> Live<Option<String>> {
    live(move || say().map(Into::into))
}

/// Does something in the browser now, and whenever what it reads has changed.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// The same, told what it said the last time.
pub fn effect_from<T: 'static>(mut run: impl FnMut(Option<T>) -> T + 'static) {
    let mut last = None;
    effect(move || last = Some(run(last.take())));
}
