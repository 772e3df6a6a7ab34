//! The budget for a model that used up its last one by thinking; pure functions.

use protocol::api::Sampling;
use protocol::{Effort, Turn};

/// The factor by which the limit of tokens grows.
const MORE: u32 = 4;

/// The assumed number of tokens of an answer whose tokens were not counted.
const USUAL_TOKENS: u32 = 1_024;

/// The effort and the sampling, with its limit of tokens, to ask for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Budget {
    pub(crate) effort: Option<Effort>,
    pub(crate) sampling: Sampling,
}

impl Budget {
    /// The budget for another try at `before`, which was used up by thinking. It asks for the least
    /// of the `efforts` that the model takes. If the model takes none, or was asked for the least
    /// already, it gets more tokens within its window.
    pub(crate) fn sooner(self, before: &Turn, efforts: &[Effort]) -> Self {
        let least = Effort::least(efforts);
        if let Some(least) = least.filter(|least| before.effort.as_ref() != Some(*least)) {
            return Self { effort: Some(least.clone()), ..self };
        }
        let spent = before.usage.map(|usage| usage.completion_tokens);
        let known = before.sampling.max_tokens.max(spent).filter(|tokens| *tokens > 0);
        let known = known.unwrap_or(USUAL_TOKENS);
        let prompt = before.usage.map_or(0, |usage| usage.prompt_tokens);
        let free = before.window_tokens().map(|window| window.saturating_sub(prompt));
        let more = known.saturating_mul(MORE).min(free.unwrap_or(u32::MAX)).max(known);
        let effort = least.cloned().or(self.effort);
        Self { effort, sampling: Sampling { max_tokens: Some(more), ..self.sampling } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::{ContextWindow, MessageId, Timestamp, TurnId, Usage};
    use store::initial_worker::imported_turn;

    fn before() -> Turn {
        let message = |n| MessageId::from_parts(0, [n; 10]);
        let ids = (TurnId::from_parts(0, [0; 10]), message(1), message(2));
        let profile = "companion".parse().unwrap();
        imported_turn(ids, profile, "m".into(), Timestamp::from_unix_ms(0))
    }

    fn asked(effort: Option<&str>) -> Budget {
        let effort = effort.map(|effort| effort.parse().unwrap());
        Budget { effort, sampling: Sampling { max_tokens: Some(500), ..Sampling::default() } }
    }

    #[test]
    fn the_least_effort_is_asked_for() {
        let efforts = Effort::usual();
        let sooner = asked(Some("high")).sooner(&before(), &efforts);
        assert_eq!(sooner, asked(Some("none")));
        let some = &efforts[1..];
        assert_eq!(asked(None).sooner(&before(), some), asked(Some("low")));
    }

    #[test]
    fn where_that_is_no_help_there_is_more_room() {
        let room = |before: &Turn, efforts: &[Effort]| {
            let Budget { effort, sampling } = asked(None).sooner(before, efforts);
            (effort.map(String::from), sampling.max_tokens)
        };
        let mut thought = before();
        assert_eq!(room(&thought, &[]), (None, Some(4 * USUAL_TOKENS)));
        thought.sampling.max_tokens = Some(500);
        thought.effort = Some(Effort::none());
        assert_eq!(room(&thought, &Effort::usual()), (Some("none".into()), Some(2_000)));
        let counted = |completion_tokens| Usage {
            prompt_tokens: 100,
            completion_tokens,
            cached_tokens: None,
            reasoning_tokens: None,
        };
        thought.usage = Some(counted(600));
        assert_eq!(room(&thought, &[]), (None, Some(2_400)));
        // The limit is at most what the window has left, and never less than before.
        thought.sight =
            Some(ContextWindow { window_tokens: Some(2_048), ..ContextWindow::default() });
        assert_eq!(room(&thought, &[]), (None, Some(1_948)));
        thought.usage = Some(counted(1_990));
        assert_eq!(room(&thought, &[]), (None, Some(1_990)));
    }
}
