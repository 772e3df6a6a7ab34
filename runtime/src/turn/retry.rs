//! Decides whether, and after how long, a provider is asked again.

use protocol::{Adjustment, Error, TurnId};

/// The most adjustments in one turn: the number of parameters that can be refused.
const ADJUSTMENTS: usize = 6;

/// How often and when a turn is tried again after an attempt that failed before any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// The most further attempts.
    pub times: u32,
    /// The pause before the first of them, in milliseconds; each further one is twice as long.
    pub first_ms: u64,
    /// The longest pause in milliseconds. If a provider asks for a longer one, there is no further
    /// attempt.
    pub longest_ms: u64,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self { times: 2, first_ms: 500, longest_ms: 20_000 }
    }
}

impl RetryLimits {
    /// The pause in milliseconds after the attempt that `before` others preceded. `None` ends the
    /// turn: the error will not pass, there were enough attempts, or the pause would not end within
    /// `left_ms`.
    pub(super) fn pause_ms(
        &self,
        turn: TurnId,
        before: u32,
        error: &Error,
        left_ms: u64,
    ) -> Option<u64> {
        if !error.code.may_pass() || before >= self.times {
            return None;
        }
        let doubled = self.first_ms.saturating_mul(1 << before.min(20)).min(self.longest_ms);
        let share = share_of(turn, before);
        // Half of the pause is random, so that turns which failed together do not retry together.
        // No retry comes before the time that the provider asked for.
        let own = doubled / 2 + doubled.div_ceil(2) * share / 1000;
        let asked = error.retry_after_ms.map_or(0, |ms| ms.saturating_add(ms / 10 * share / 1000));
        let within = error.retry_after_ms.is_none_or(|ms| ms <= self.longest_ms);
        let pause = own.max(asked);
        (within && pause < left_ms).then_some(pause)
    }
}

/// Whether one more adjustment may follow these. Each is made once, except for leaving out
/// messages, which can be repeated.
pub(super) fn may_adjust(made: &[Adjustment], next: Adjustment) -> bool {
    let again = next == Adjustment::FewerMessages || !made.contains(&next);
    again && made.len() < ADJUSTMENTS
}

/// A number from 0 to 999, made from the id's random bits: it varies between turns, but stays the
/// same for one turn. The mixing is the last step of SplitMix64.
fn share_of(turn: TurnId, before: u32) -> u64 {
    let [_, _, _, _, _, _, _, _, random @ ..] = *turn.as_bytes();
    let mut mixed = u64::from_be_bytes(random).wrapping_add(u64::from(before));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % 1000
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use protocol::{ErrorCode, ProviderKind};

    fn error(kind: ProviderKind) -> Error {
        Error::new(ErrorCode::Provider(kind), "x")
    }

    fn turn(bytes: [u8; 10]) -> TurnId {
        TurnId::from_parts(1, bytes)
    }

    const LIMITS: RetryLimits = RetryLimits { times: 3, first_ms: 500, longest_ms: 1_500 };

    proptest! {
        #[test]
        fn pauses_double_and_half_of_each_is_random(bytes: [u8; 10]) {
            for (before, whole) in [(0, 500), (1, 1_000), (2, 1_500)] {
                let pause = LIMITS.pause_ms(turn(bytes), before, &error(ProviderKind::Network), 9_999);
                prop_assert!(pause.is_some_and(|ms| (whole / 2..=whole).contains(&ms)), "{pause:?}");
            }
        }

        #[test]
        fn no_retry_comes_before_the_requested_delay(bytes: [u8; 10], asked in 0u64..1_500) {
            let error = error(ProviderKind::RateLimited).with_retry_after_ms(asked);
            let pause = LIMITS.pause_ms(turn(bytes), 0, &error, 9_999).unwrap();
            prop_assert!(pause >= asked && pause <= (asked + asked / 10).max(500), "{pause}");
        }
    }

    #[test]
    fn turns_that_fail_together_retry_at_different_times() {
        let pause =
            |n: u8| LIMITS.pause_ms(turn([n; 10]), 0, &error(ProviderKind::Upstream), 9_999);
        let mut pauses: Vec<_> = (0..100).map(pause).collect();
        pauses.sort();
        pauses.dedup();
        assert!(pauses.len() > 50, "{pauses:?}");
    }

    #[test]
    fn lasting_errors_and_too_long_delays_are_not_retried() {
        let pause =
            |before, error: &Error, left_ms| LIMITS.pause_ms(turn([0; 10]), before, error, left_ms);
        for kind in [ProviderKind::Auth, ProviderKind::ModelNotFound, ProviderKind::Malformed] {
            assert_eq!(pause(0, &error(kind), 9_999), None);
        }
        let network = error(ProviderKind::Network);
        assert!(pause(2, &network, 9_999).is_some());
        assert_eq!(pause(3, &network, 9_999), None);
        assert_eq!(pause(0, &network, 250), None);
        assert_eq!(pause(0, &network.with_retry_after_ms(1_501), 9_999), None);
    }
}
