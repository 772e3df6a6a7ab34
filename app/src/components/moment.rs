//! A point in time.

use leptos::prelude::*;
use protocol::Timestamp;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::words;

/// The time as text: in UTC from the server and at first; in the reader's own zone, in the words
/// of the page's language and without the day if that is today, as soon as a script runs.
#[component]
pub fn Moment(
    /// The time.
    at: Timestamp,
) -> impl IntoView {
    let shown = ArcRwSignal::new(utc(at));
    #[cfg(feature = "browser")]
    {
        let shown = shown.clone();
        effect(move || shown.set(local(at)));
    }
    view! {
        <time class="moment" datetime=at.to_rfc3339()>
            {words(move || shown.get())}
        </time>
    }
}

/// The same text where it is known whether a script runs.
pub fn shown(at: Timestamp, scripted: bool) -> String {
    #[cfg(feature = "browser")]
    if scripted {
        return local(at);
    }
    let _ = scripted;
    utc(at)
}

fn utc(at: Timestamp) -> String {
    format!("{} {} UTC", at.date_utc(), at.clock_utc())
}

#[cfg(feature = "browser")]
fn local(at: Timestamp) -> String {
    use js_sys::{Date, Object, Reflect};

    let (date, now) = (Date::new(&(at.unix_ms() as f64).into()), Date::new_0());
    let options = Object::new();
    let choose = |part: &str, how: &str| {
        let _ = Reflect::set(&options, &part.into(), &how.into());
    };
    choose("hour", "2-digit");
    choose("minute", "2-digit");
    let day = |date: &Date| (date.get_full_year(), date.get_month(), date.get_date());
    if day(&date) != day(&now) {
        choose("month", "short");
        choose("day", "numeric");
    }
    if date.get_full_year() != now.get_full_year() {
        choose("year", "numeric");
    }
    date.to_locale_string(&crate::reader::regional(), &options).into()
}
