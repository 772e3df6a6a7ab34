//! A short message about an action in the transcript.

use leptos::prelude::*;

/// The result of an action in the transcript, shown for a few seconds and announced.
#[derive(Clone, Default)]
pub struct Toast(pub ArcRwSignal<Option<&'static str>>);
