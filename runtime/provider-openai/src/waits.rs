//! Finds the wait that an endpoint asks for in the text of its error; pure.
//!
//! Wordings of real endpoints: "Please try again in 1.2s", "in 20ms" and "in 6m0s" (OpenAI:
//! <https://github.com/earendil-works/pi/issues/2366>,
//! <https://github.com/n3d1117/chatgpt-telegram-bot/pull/341>; Groq says the same), "Please retry in
//! 57.238747106s." with `"retryDelay": "57s"` in the details (Gemini, `google.rpc.RetryInfo`:
//! <https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto>), "Please retry
//! after 26 seconds." (Azure).

/// Phrases after which an error names a wait, in lower case.
const BEFORE: [&str; 3] = ["try again in ", "retry in ", "retry after "];

/// Names of units, with their milliseconds. If one name is the beginning of another, the longer
/// name comes first.
const UNITS: [(&str, f64); 10] = [
    ("millisecond", 1.0),
    ("ms", 1.0),
    ("minute", 60e3),
    ("min", 60e3),
    ("m", 60e3),
    ("second", 1e3),
    ("sec", 1e3),
    ("s", 1e3),
    ("hour", 3600e3),
    ("h", 3600e3),
];

/// The wait in milliseconds that a text in lower case names, if it names one.
pub(crate) fn in_words(text: &str) -> Option<u64> {
    let ends = BEFORE.iter().filter_map(|words| Some(text.find(words)? + words.len()));
    duration(&text[ends.min()?..])
}

/// A duration in milliseconds, such as "1.5s", "6m0s" or "26 seconds", with which a text begins.
pub(crate) fn duration(text: &str) -> Option<u64> {
    let (mut total, mut rest, mut any) = (0.0, text.trim_start(), false);
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let Ok(number) = rest[..digits].trim_end_matches('.').parse::<f64>() else { break };
        let behind = rest[digits..].trim_start();
        let Some((name, ms)) = UNITS.iter().find(|(name, _)| behind.starts_with(name)) else {
            break;
        };
        (total, any) = (total + number * ms, true);
        let plural = usize::from(name.len() > 1 && behind[name.len()..].starts_with('s'));
        rest = behind[name.len() + plural..].trim_start();
    }
    // The conversion saturates at the limits of the integer.
    any.then_some(total.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_delays_are_parsed_from_error_messages() {
        for (text, expected) in [
            ("please try again in 1.2s. visit https://platform.openai.com/", Some(1_200)),
            ("please try again in 20ms.", Some(20)),
            ("please try again in 6m0s.", Some(360_000)),
            ("please try again in 6m15.84s.", Some(375_840)),
            ("please try again in 1h2m3s", Some(3_723_000)),
            ("please retry in 57.238747106s.", Some(57_239)),
            ("please retry after 26 seconds.", Some(26_000)),
            ("try again in 2 minutes and be patient", Some(120_000)),
            ("please try again in a moment", None),
            ("please try again in 5", None),
            ("please try again in 5 days", None),
            ("the window has 4s of room", None),
            ("retry after 99999999999999999999999h", Some(u64::MAX)),
        ] {
            assert_eq!(in_words(text), expected, "{text}");
        }
    }
}
