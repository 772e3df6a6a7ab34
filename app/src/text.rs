//! Every text of the page, in the reader's language.
//!
//! [`tr!`] returns the text of a key in `locales/`. A key begins with the part of the page or with the
//! thing that it is about, such as `archive_`, `import_` or `turn_`. Texts with numbers have
//! functions here.

pub use crate::locale::Locale;
pub(crate) use crate::locale::tr;

mod adjustments;
pub use adjustments::attempt;
#[cfg(feature = "ssr")]
pub use adjustments::{adjustment, interface};

mod effort;
#[cfg(feature = "ssr")]
pub use effort::effort;
pub use effort::{thinks, thinks_as, thought_as};

mod errors;
pub use errors::{Remedy, error_heading, error_next, error_title, is_foreign, prose, remedy};

#[cfg(feature = "ssr")]
mod accounts;
#[cfg(feature = "ssr")]
mod choice;
#[cfg(feature = "ssr")]
mod data;
#[cfg(feature = "ssr")]
mod shares;
#[cfg(feature = "ssr")]
mod usage;
#[cfg(feature = "ssr")]
pub use accounts::*;
#[cfg(feature = "ssr")]
pub use choice::*;
#[cfg(feature = "ssr")]
pub use data::*;
#[cfg(feature = "ssr")]
pub use shares::*;
#[cfg(feature = "ssr")]
pub use usage::*;

/// The product's name, which is the same everywhere.
pub const PRODUCT: &str = "Companion";

/// How many turns wait before this one.
pub fn waiting(ahead: u32) -> String {
    match ahead {
        0 => tr!(waiting_next).to_owned(),
        1 => tr!(waiting_single).to_owned(),
        count => tr!(waiting_many, count = count),
    }
}

/// How long a message is, near the limit or beyond it.
pub fn length(chars: u32, limit: u32) -> String {
    let (count, most) = (thousands(chars), thousands(limit));
    if chars > limit {
        tr!(length_over, count = count, limit = most)
    } else {
        tr!(length_near, count = count, limit = most)
    }
}

/// How many answers follow that were asked for at once.
pub fn more_answers(count: u32) -> String {
    tr!(beside_more, count = count)
}

/// A message is not sent to models, which saves about so many tokens.
pub fn omitted(tokens: u32) -> String {
    if tokens < 10 {
        return tr!(omitted).to_owned();
    }
    tr!(omitted_tokens, count = thousands(tokens))
}

/// A model is being loaded into memory.
pub fn loading_model(model: &str) -> String {
    tr!(loading_model, model = model)
}

/// Whether a sentence is in Japanese, judged by its full stop.
fn is_japanese(sentence: &str) -> bool {
    sentence.ends_with('。')
}

/// The number of the shown version and of all versions.
pub fn version(number: usize, count: usize) -> String {
    format!("{number}/{count}")
}

/// How many messages are left out of the context window.
pub fn left_out(messages: u32) -> String {
    match messages {
        1 => tr!(left_out_single).to_owned(),
        count => tr!(left_out_many, count = count),
    }
}

/// The number of tokens of an answer.
pub fn tokens_out(count: u32) -> String {
    if count == 1 {
        tr!(tokens_out_single).to_owned()
    } else {
        tr!(tokens_out_many, count = thousands(count))
    }
}

/// The number of tokens of a prompt.
pub fn tokens_in(count: u32) -> String {
    if count == 1 {
        tr!(tokens_in_single).to_owned()
    } else {
        tr!(tokens_in_many, count = thousands(count))
    }
}

/// How much of the context window is used.
pub fn window_use(tokens: u32, window: u32) -> String {
    tr!(window_use, tokens = thousands(tokens), window = thousands(window))
}

/// A number as people read it, such as 4,096.
pub fn thousands(number: u32) -> String {
    protocol::grouped(number.into())
}

/// A model that is chosen by its typed name.
pub fn model_typed(name: &str) -> String {
    tr!(model_typed, name = name)
}

/// The temperature that was chosen.
pub fn temperature(value: &str) -> String {
    tr!(fact_temperature, value = value)
}

/// A fraction as a percentage.
pub fn percent(part: u32, whole: u32) -> String {
    let hundredths = u64::from(part) * 100 / u64::from(whole.max(1));
    format!("{hundredths}%")
}

/// How much of a prompt has been read, and how fast.
pub fn reading_share(progress: protocol::Progress) -> String {
    let percent = format!("{}%", progress.percent());
    tr!(reading_share, percent = percent, rate = progress.tokens_per_second)
}

/// Tokens per second.
pub fn speed(rounded: &str) -> String {
    tr!(speed, rate = rounded)
}

/// Seconds to the first token.
pub fn first_token(rounded: &str) -> String {
    tr!(first_token, seconds = rounded)
}

/// How long the model thought, in seconds, and in how many tokens.
pub fn thought(seconds: &str, tokens: Option<u32>) -> String {
    match tokens {
        None => tr!(thought_for, seconds = seconds),
        Some(1) => tr!(thought_in_single, seconds = seconds),
        Some(count) => tr!(thought_in_many, seconds = seconds, count = thousands(count)),
    }
}

/// Seconds to wait before asking again.
pub fn retry_after(seconds: u64) -> String {
    match seconds {
        1 => tr!(retry_after_single).to_owned(),
        seconds => tr!(retry_after_many, seconds = seconds),
    }
}

/// A month of a year.
pub fn month(year: i32, month: u8) -> String {
    let month = match month {
        1 => tr!(month_1),
        2 => tr!(month_2),
        3 => tr!(month_3),
        4 => tr!(month_4),
        5 => tr!(month_5),
        6 => tr!(month_6),
        7 => tr!(month_7),
        8 => tr!(month_8),
        9 => tr!(month_9),
        10 => tr!(month_10),
        11 => tr!(month_11),
        _ => tr!(month_12),
    };
    tr!(day_of, month = month, year = year)
}

/// The palette's option that searches all messages.
pub fn search_for(query: &str) -> String {
    tr!(search_for, query = query)
}

/// The number of options in the palette.
pub fn choices(count: usize) -> String {
    match count {
        0 => tr!(choices_none).to_owned(),
        1 => tr!(choices_single).to_owned(),
        count => tr!(choices_many, count = count),
    }
}

/// The title of the browser's window.
pub fn window_title(conversation: &str) -> String {
    format!("{conversation} · {PRODUCT}")
}

#[cfg(test)]
mod tests;
