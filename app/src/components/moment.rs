//! A point in time.

use leptos::prelude::*;
use protocol::Timestamp;

#[cfg(feature = "browser")]
use crate::erase::effect;
use crate::erase::words;
use crate::reader;
use crate::text::tr;

/// The time as text, or a note that it is unknown. The server and the first client render use the
/// reader's UTC offset if it is known, else UTC, and name it. Once a script runs, the time is in
/// the reader's own zone and the page's language, without the date if it is today.
#[component]
pub fn Moment(
    /// The time.
    at: Timestamp,
) -> impl IntoView {
    let shown = ArcRwSignal::new(named(at));
    #[cfg(feature = "browser")]
    {
        let shown = shown.clone();
        effect(move || shown.set(local(at)));
    }
    view! {
        <time class="moment" datetime=machine(at)>
            {words(move || shown.get())}
        </time>
    }
}

/// The same text, for callers that know whether a script runs.
pub fn shown(at: Timestamp, scripted: bool) -> String {
    #[cfg(feature = "browser")]
    if scripted {
        return local(at);
    }
    let _ = scripted;
    named(at)
}

/// The time as RFC 3339 for programs, if it is known.
pub fn machine(at: Timestamp) -> Option<String> {
    at.is_known().then(|| at.to_rfc3339())
}

/// The time followed by the UTC offset that it is in.
fn named(at: Timestamp) -> String {
    if !at.is_known() {
        return tr!(undated).to_owned();
    }
    let offset = reader::utc_offset().unwrap_or_default();
    format!("{} {} {offset}", at.date_at(offset), at.clock_at(offset))
}

#[cfg(feature = "browser")]
fn local(at: Timestamp) -> String {
    use js_sys::Date;

    if !at.is_known() {
        return tr!(undated).to_owned();
    }
    let (date, now) = (Date::new(&(at.unix_ms() as f64).into()), Date::new_0());
    let day = |date: &Date| (date.get_full_year(), date.get_month(), date.get_date());
    let detail = match (day(&date), day(&now)) {
        (date, now) if date == now => Detail::Clock,
        (date, now) if date.0 == now.0 => Detail::Day,
        _ => Detail::Year,
    };
    let text = formatter(detail).call1(&wasm_bindgen::JsValue::UNDEFINED, &date);
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// How much of a time is shown.
#[cfg(feature = "browser")]
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Detail {
    Clock,
    Day,
    Year,
}

/// The function that formats a time. It is kept, because making one takes much longer than using
/// it, and a page of messages uses it fifty times.
#[cfg(feature = "browser")]
fn formatter(detail: Detail) -> js_sys::Function {
    use std::cell::OnceCell;

    use js_sys::{Array, Function, Intl, Object, Reflect};

    thread_local!(static KEPT: [OnceCell<Function>; 3] = const { [const { OnceCell::new() }; 3] });
    let make = || {
        let options = Object::new();
        let choose = |part: &str, how: &str| {
            let _ = Reflect::set(&options, &part.into(), &how.into());
        };
        choose("hour", "numeric");
        choose("minute", "2-digit");
        if detail >= Detail::Day {
            choose("month", "short");
            choose("day", "numeric");
        }
        if detail == Detail::Year {
            choose("year", "numeric");
        }
        let locales = Array::of1(&reader::regional().into());
        Intl::DateTimeFormat::new(&locales, &options).format()
    };
    KEPT.with(|kept| kept[detail as usize].get_or_init(make).clone())
}
