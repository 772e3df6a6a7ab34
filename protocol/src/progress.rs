//! How far a local model has come with reading a prompt.

use serde::{Deserialize, Serialize};

/// An observation of the moment: it is in no log, and whoever comes later hears of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// Tokens of the prompt that were read, those that did not have to be read again included.
    pub read_tokens: u32,
    /// Tokens of the whole prompt.
    pub prompt_tokens: u32,
    /// The pace, of the tokens that had to be read.
    pub tokens_per_second: u32,
}

impl Progress {
    /// The part that was read, in hundredths.
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
    fn a_part_is_told_in_hundredths() {
        for (read_tokens, prompt_tokens, percent) in
            [(0, 10, 0), (62, 100, 62), (2, 3, 66), (10, 10, 100), (11, 10, 100), (0, 0, 0)]
        {
            let progress = Progress { read_tokens, prompt_tokens, tokens_per_second: 1 };
            assert_eq!(progress.percent(), percent, "{progress:?}");
        }
    }
}
