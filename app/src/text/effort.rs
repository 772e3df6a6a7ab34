//! How hard a model thinks, in the reader's language.

use protocol::Effort;

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

/// The same where it stands among other facts.
pub fn thinks(effort: &Effort) -> String {
    tr!(fact_effort, effort = self::effort(effort))
}
