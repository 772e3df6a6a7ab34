//! The progress of a local model that reads a prompt.

use serde::{Deserialize, Serialize};

/// The current progress. It is not in the log, so a new observer gets only later reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The tokens of the prompt that have been read, including those that were cached.
    pub read_tokens: u32,
    /// The tokens of the whole prompt.
    pub prompt_tokens: u32,
    /// The speed of reading, without the cached tokens.
    pub tokens_per_second: u32,
}

impl Progress {
    /// The part that has been read, in percent.
    pub fn percent(self) -> u32 {
        let whole = u64::from(self.prompt_tokens.max(1));
        let hundredths = u64::from(self.read_tokens) * 100 / whole;
        u32::try_from(hundredths.min(100)).unwrap_or(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_a_percentage_rounded_down() {
        for (read_tokens, prompt_tokens, percent) in
            [(0, 10, 0), (62, 100, 62), (2, 3, 66), (10, 10, 100), (11, 10, 100), (0, 0, 0)]
        {
            let progress = Progress { read_tokens, prompt_tokens, tokens_per_second: 1 };
            assert_eq!(progress.percent(), percent, "{progress:?}");
        }
    }
}
