//! Signals that notify only of a change.

use leptos::prelude::*;

/// Sets a signal and notifies its readers, unless it has the value already.
pub(super) fn set_if_new<T: PartialEq + Send + Sync + 'static>(signal: &ArcRwSignal<T>, value: T) {
    signal.maybe_update(|shown| {
        let new = *shown != value;
        if new {
            *shown = value;
        }
        new
    });
}
