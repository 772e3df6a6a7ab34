//! A point in time.

use leptos::prelude::*;
use protocol::Timestamp;

/// The time as text: in UTC from the server and at first, in the reader's own zone, and
/// without the day if that is today, as soon as a script runs.
#[component]
pub fn Moment(
    /// The time.
    at: Timestamp,
) -> impl IntoView {
    let shown = ArcRwSignal::new(format!("{} {} UTC", at.date_utc(), at.clock_utc()));
    #[cfg(feature = "browser")]
    {
        let shown = shown.clone();
        Effect::new(move || shown.set(local(at)));
    }
    view! {
        <time class="moment" datetime=at.to_rfc3339()>
            {move || shown.get()}
        </time>
    }
}

#[cfg(feature = "browser")]
fn local(at: Timestamp) -> String {
    let date = js_sys::Date::new(&(at.unix_ms() as f64).into());
    let day = |date: &js_sys::Date| (date.get_full_year(), date.get_month(), date.get_date());
    let clock = format!("{:02}:{:02}", date.get_hours(), date.get_minutes());
    let (year, month, number) = day(&date);
    if day(&js_sys::Date::new_0()) == (year, month, number) {
        clock
    } else {
        format!("{year:04}-{:02}-{number:02} {clock}", month + 1)
    }
}
