//! A short message about what was done in the transcript.

use leptos::prelude::*;

/// What the transcript has to say of what was done in it: seen for a while, and spoken.
#[derive(Clone, Default)]
pub struct Toast(pub ArcRwSignal<Option<&'static str>>);
