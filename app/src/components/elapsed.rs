//! How long something has been going on.

use leptos::prelude::*;
use protocol::Timestamp;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::words;

/// Whole seconds, which a browser counts on. The server's page cannot, so it says none.
#[component]
pub fn Elapsed(
    /// When it began.
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

/// A clock that is behind the server's has seen nothing of it yet.
#[cfg(feature = "browser")]
fn seconds(since: Timestamp) -> String {
    let ms = js_sys::Date::now() - since.unix_ms() as f64;
    crate::text::tr!(elapsed, seconds = (ms.max(0.0) / 1_000.0) as u64)
}
