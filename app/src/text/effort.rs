//! Texts about the effort of a model.

use protocol::{Effort, Turn};

use super::tr;

/// The word for an effort, or its own name if there is no word for it.
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

/// The effort that a turn's model was told, and the requested one if it differs.
pub fn thought_as(turn: &Turn) -> Option<String> {
    turn.asked_effort().map(|asked| thinks_as(asked, turn.effort.as_ref()))
}

/// The effort as one of several facts; if the model refuses it, also the one that it is told
/// instead.
pub fn thinks_as(asked: &Effort, told: Option<&Effort>) -> String {
    match told {
        Some(told) if told == asked => thinks(asked),
        Some(told) => {
            tr!(fact_effort_other, effort = effort(told), asked = effort(asked))
        }
        None => tr!(fact_effort_untold, effort = effort(asked)),
    }
}

/// The requested effort as one of several facts.
pub fn thinks(effort: &Effort) -> String {
    tr!(fact_effort, effort = self::effort(effort))
}
