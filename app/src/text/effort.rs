//! How hard a model thinks, in the reader's language.

use protocol::{Effort, Turn};

use super::tr;

/// An effort by its usual word, or by its own name where that is not known.
pub fn effort(effort: &Effort) -> String {
    let words = match effort.as_str() {
        "none" => tr!(effort_none),
        "minimal" => tr!(effort_minimal),
        "low" => tr!(effort_low),
        "medium" => tr!(effort_medium),
        "high" => tr!(effort_high),
        "xhigh" => tr!(effort_xhigh),
        "max" => tr!(effort_max),
        other => return other.to_owned(),
    };
    words.to_owned()
}

/// How hard the model of a turn was told to think, and what was asked for where that is not it.
pub fn thought_as(turn: &Turn) -> Option<String> {
    turn.asked_effort().map(|asked| thinks_as(asked, turn.effort.as_ref()))
}

/// The same where it stands among other facts, beside what the model is told instead where it
/// refuses it.
pub fn thinks_as(asked: &Effort, told: Option<&Effort>) -> String {
    match told {
        Some(told) if told == asked => thinks(asked),
        Some(told) => {
            tr!(fact_effort_other, effort = effort(told), asked = effort(asked))
        }
        None => tr!(fact_effort_untold, effort = effort(asked)),
    }
}

/// The same where it stands among other facts.
pub fn thinks(effort: &Effort) -> String {
    tr!(fact_effort, effort = self::effort(effort))
}
