//! A point in time.

use leptos::prelude::*;
use protocol::Timestamp;

/// The time as text: in UTC from the server and at first, in the reader's own zone as soon
/// as a script runs.
#[component]
pub fn Moment(
    /// The time.
    at: Timestamp,
) -> impl IntoView {
    let shown = RwSignal::new(format!("{} {} UTC", at.date_utc(), at.clock_utc()));
    #[cfg(feature = "browser")]
    Effect::new(move || shown.set(local(at)));
    view! {
        <time class="moment" datetime=at.to_rfc3339()>
            {shown}
        </time>
    }
}

#[cfg(feature = "browser")]
fn local(at: Timestamp) -> String {
    let date = js_sys::Date::new(&(at.unix_ms() as f64).into());
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes()
    )
}
