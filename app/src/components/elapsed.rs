//! The time elapsed since a point in time.

use leptos::prelude::*;
use protocol::Timestamp;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::words;

/// Whole seconds, counted in the browser. The server's page cannot count, so it shows nothing.
#[component]
pub fn Elapsed(
    /// The start time.
    since: Timestamp,
) -> impl IntoView {
    let shown = ArcRwSignal::new(String::new());
    #[cfg(feature = "browser")]
    {
        let shown = shown.clone();
        effect(move || {
            let shown = shown.clone();
            let tick = move || shown.set(seconds(since));
            tick();
            if let Ok(timer) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
                on_cleanup(move || timer.clear());
            }
        });
    }
    #[cfg(not(feature = "browser"))]
    let _ = since;
    view! { <span class="elapsed">{words(move || shown.get())}</span> }
}

/// The elapsed seconds, zero if the browser's clock is behind the server's.
#[cfg(feature = "browser")]
fn seconds(since: Timestamp) -> String {
    let ms = js_sys::Date::now() - since.unix_ms() as f64;
    crate::text::tr!(elapsed, seconds = (ms.max(0.0) / 1_000.0) as u64)
}
