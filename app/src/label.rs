//! Short labels made from numbers and names.

use protocol::{ProviderName, Timings, Usage, Worker};

use crate::text::tr;

/// The name of a provider: this machine, the one endpoint, or the name that the owner gave an
/// endpoint.
pub fn place(provider: &ProviderName) -> String {
    if provider.is_local() {
        tr!(local).to_owned()
    } else if provider.is_openai() {
        tr!(openai).to_owned()
    } else if provider.is_imported() {
        tr!(import).to_owned()
    } else {
        provider.to_string()
    }
}

/// The name shown for a conversation: its title, or a replacement if it has none.
pub fn of(worker: &Worker) -> &str {
    let untitled = if worker.unreadable { tr!(unreadable) } else { tr!(untitled) };
    title(worker.title.as_deref()).unwrap_or(untitled)
}

/// A conversation's trimmed title, or none if it is empty or blank.
pub fn title(title: Option<&str>) -> Option<&str> {
    title.map(str::trim).filter(|title| !title.is_empty())
}

/// Tokens per second, reasoning included: the tokens after the first one, divided by the time from
/// the first token to the end.
pub fn tokens_per_second(usage: Usage, timings: Timings) -> Option<String> {
    let first_ms = timings.first_reasoning_ms.into_iter().chain(timings.first_token_ms).min()?;
    let ms = timings.total_ms?.checked_sub(first_ms)?;
    let tokens = u64::from(usage.completion_tokens.checked_sub(1)?);
    (ms > 0 && tokens > 0).then(|| tenths((tokens * 10_000 + ms / 2) / ms))
}

/// Formats milliseconds as seconds.
pub fn seconds(ms: u64) -> String {
    tenths((ms + 50) / 100)
}

/// Formats tenths: one decimal below ten, none above. Uses integers, because formatting floats
/// would add twelve kilobytes to every first visit.
fn tenths(tenths: u64) -> String {
    if tenths < 100 {
        format!("{}.{}", tenths / 10, tenths % 10)
    } else {
        ((tenths + 5) / 10).to_string()
    }
}

/// The word for a turn's state.
#[cfg(feature = "ssr")]
pub fn state(state: protocol::TurnState) -> &'static str {
    use protocol::TurnState as S;
    match state {
        S::Accepted => tr!(state_accepted),
        S::Generating => tr!(state_generating),
        S::Completed => tr!(state_completed),
        S::Failed => tr!(state_failed),
        S::Cancelled => tr!(state_cancelled),
        S::TimedOut => tr!(state_timed_out),
        S::Interrupted => tr!(state_interrupted),
    }
}

/// Escapes a text for `<title>` and `<textarea>`, whose text the server writes without escaping. A
/// browser sets such a text verbatim.
#[cfg(feature = "ssr")]
pub fn raw(text: String) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// How many rows a composer needs in browsers whose CSS cannot size it by its content.
pub fn rows(text: &str) -> u32 {
    text.split('\n').count().clamp(1, 8) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_title_counts_as_no_title() {
        assert_eq!(title(Some("  ")), None);
        assert_eq!(title(Some(" a ")), Some("a"));
        assert_eq!(title(None), None);
    }

    #[test]
    fn speed_is_computed_from_the_time_after_the_first_token() {
        let usage = Usage {
            prompt_tokens: 9,
            completion_tokens: 41,
            cached_tokens: None,
            reasoning_tokens: None,
        };
        let timings =
            Timings { first_token_ms: Some(500), total_ms: Some(2500), ..Timings::default() };
        assert_eq!(tokens_per_second(usage, timings), Some("20".into()));
        assert_eq!(tokens_per_second(usage, Timings::default()), None);
        let thought =
            Timings { first_reasoning_ms: Some(500), first_token_ms: Some(2000), ..timings };
        assert_eq!(tokens_per_second(usage, thought), Some("20".into()));
        let one = Usage { completion_tokens: 1, ..usage };
        assert_eq!(tokens_per_second(one, timings), None);
    }

    #[cfg(feature = "ssr")]
    #[test]
    fn raw_text_cannot_end_its_element() {
        assert_eq!(raw("</title>&lt;".into()), "&lt;/title>&amp;lt;");
    }

    #[test]
    fn numbers_are_rounded_for_display() {
        assert_eq!([seconds(440), seconds(9949), seconds(31_600)], ["0.4", "9.9", "32"]);
        assert_eq!((rows(""), rows("a\nb"), rows(&"\n".repeat(99))), (1, 2, 8));
    }
}
