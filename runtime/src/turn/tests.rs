use proptest::prelude::*;
use protocol::ProviderKind;

use super::*;

const LIMITS: TurnLimits = TurnLimits {
    frame_ms: 20,
    first_token_ms: 1_000,
    stall_ms: 500,
    turn_ms: 10_000,
    retry: RetryLimits { times: 2, first_ms: 100, longest_ms: 1_000 },
};

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_000_000 + ms)
}

fn machine() -> TurnMachine {
    let id = TurnId::from_parts(1, [1; 10]);
    let answer = MessageId::from_parts(1, [2; 10]);
    TurnMachine::new(id, answer, at(0), LIMITS).0
}

fn deltas(effects: &[Effect]) -> String {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit(EventBody::TextDelta { text, .. }) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn reasoning(effects: &[Effect]) -> String {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit(EventBody::ReasoningDelta { text, .. }) => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn ends(effects: &[Effect]) -> Vec<(TurnState, Option<ErrorCode>)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit(EventBody::TurnEnded { state, error, .. }) => {
                Some((*state, error.as_ref().map(|error| error.code)))
            }
            _ => None,
        })
        .collect()
}

fn began() -> Input {
    Input::Began
}

fn text(text: &str) -> Input {
    Input::Text(text.to_owned())
}

#[test]
fn the_first_text_is_committed_at_once_and_later_text_with_the_next_frame() {
    let mut turn = machine();
    turn.step(at(1), began());
    assert_eq!(deltas(&turn.step(at(2), text("a"))), "a");
    assert_eq!(deltas(&turn.step(at(3), text("b"))), "");
    assert_eq!(deltas(&turn.step(at(4), text("c"))), "");
    assert_eq!(deltas(&turn.step(at(22), Input::Elapsed(Timer::Frame))), "bc");
    let quiet = turn.step(at(42), Input::Elapsed(Timer::Frame));
    assert_eq!(quiet, vec![]);
    assert_eq!(deltas(&turn.step(at(99), text("d"))), "d");
}

#[test]
fn a_continued_answer_is_appended_and_can_be_retried() {
    let mut turn = machine().behind(7);
    turn.step(at(1), began());
    let network = Error::new(ErrorCode::Provider(ProviderKind::Network), "x");
    let effects = turn.step(at(2), Input::Failed(network.clone()));
    assert!(matches!(effects[0], Effect::Commit(EventBody::TurnRetrying { .. })), "{effects:?}");
    assert_eq!(turn.step(at(200), Input::Elapsed(Timer::Retry))[0], Effect::Ask);
    turn.step(at(201), began());
    let effects = turn.step(at(210), text("a"));
    let delta = effects.iter().find_map(|effect| match effect {
        Effect::Commit(EventBody::TextDelta { offset, text, .. }) => Some((*offset, text.as_str())),
        _ => None,
    });
    assert_eq!(delta, Some((7, "a")));
    // This attempt has produced text of its own, which is never taken back.
    let effects = turn.step(at(220), Input::Failed(network));
    assert_eq!(ends(&effects).len(), 1);
    let Some(Effect::Commit(EventBody::TurnEnded { timings, .. })) = effects.last() else {
        panic!("the end comes last: {effects:?}")
    };
    assert_eq!(timings.first_token_ms, Some(210));
}

#[test]
fn an_end_commits_the_pending_text_and_then_the_timings() {
    let mut turn = machine();
    turn.step(at(5), began());
    turn.step(at(9), text("a"));
    turn.step(at(10), text("b"));
    let effects = turn.step(at(30), Input::Finished { finish: Finish::Stop, usage: None });
    assert_eq!(deltas(&effects), "b");
    assert_eq!(ends(&effects), [(TurnState::Completed, None)]);
    let Some(Effect::Commit(EventBody::TurnEnded { timings, .. })) = effects.last() else {
        panic!("the end comes last: {effects:?}")
    };
    assert_eq!(
        *timings,
        Timings {
            started_ms: Some(5),
            first_token_ms: Some(9),
            total_ms: Some(30),
            ..Timings::default()
        }
    );
    assert!(turn.is_over());
}

#[test]
fn a_cancel_keeps_the_received_text_and_ignores_later_text() {
    let mut turn = machine();
    turn.step(at(1), began());
    turn.step(at(2), text("a"));
    turn.step(at(3), text("b"));
    let effects = turn.step(at(4), Input::Cancel);
    assert_eq!(deltas(&effects), "b");
    assert_eq!(effects.last(), Some(&Effect::Halt));
    assert_eq!(turn.step(at(5), text("late")), vec![]);
    assert_eq!(turn.step(at(5), Input::Cancel), vec![]);
    let effects = turn.step(at(6), Input::Halted);
    assert_eq!(deltas(&effects), "");
    assert_eq!(ends(&effects), [(TurnState::Cancelled, None)]);
}

#[test]
fn a_cancel_works_before_the_provider_has_begun() {
    let mut turn = machine();
    turn.step(at(0), Input::Waiting { ahead: 2 });
    assert_eq!(turn.step(at(1), Input::Cancel).last(), Some(&Effect::Halt));
    assert_eq!(ends(&turn.step(at(2), Input::Halted)), [(TurnState::Cancelled, None)]);
}

#[test]
fn each_timer_ends_the_turn_with_its_phase() {
    for (timer, phase) in [
        (Timer::FirstToken, TimeoutPhase::FirstToken),
        (Timer::Stall, TimeoutPhase::Stall),
        (Timer::Turn, TimeoutPhase::Turn),
    ] {
        let mut turn = machine();
        turn.step(at(1), began());
        assert_eq!(turn.step(at(2), Input::Elapsed(timer)).last(), Some(&Effect::Halt));
        let end = [(TurnState::TimedOut, Some(ErrorCode::Timeout(phase)))];
        assert_eq!(ends(&turn.step(at(3), Input::Halted)), end);
    }
}

fn thought(text: &str) -> Input {
    Input::Reasoning(text.to_owned())
}

#[test]
fn reasoning_is_committed_before_the_text_that_follows_it() {
    let mut turn = machine();
    turn.step(at(1), began());
    assert_eq!(reasoning(&turn.step(at(2), thought("a"))), "a");
    turn.step(at(3), thought("b"));
    turn.step(at(4), text("c"));
    turn.step(at(5), thought("d"));
    let effects = turn.step(at(22), Input::Elapsed(Timer::Frame));
    let pieces: Vec<_> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit(EventBody::TextDelta { offset, text, .. }) => {
                Some(("text", *offset, text.as_str()))
            }
            Effect::Commit(EventBody::ReasoningDelta { offset, text, .. }) => {
                Some(("reasoning", *offset, text.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(pieces, [("reasoning", 1, "b"), ("text", 0, "c"), ("reasoning", 2, "d")]);
    let effects = turn.step(at(30), Input::Finished { finish: Finish::Stop, usage: None });
    let Some(Effect::Commit(EventBody::TurnEnded { timings, .. })) = effects.last() else {
        panic!("the end comes last: {effects:?}")
    };
    assert_eq!((timings.first_reasoning_ms, timings.first_token_ms), (Some(2), Some(22)));
}

/// `stream/03`: anything that the provider sends restarts the timer for silence; a turn that only
/// thinks is bounded by the limit of the whole turn.
#[test]
fn any_output_restarts_the_stall_timer() {
    let (first, stall) = (
        Effect::Arm(Timer::FirstToken, LIMITS.first_token_ms),
        Effect::Arm(Timer::Stall, LIMITS.stall_ms),
    );
    let mut turn = machine();
    // The provider sends blank lines before an answer.
    assert_eq!(turn.step(at(0), Input::Alive), std::slice::from_ref(&first));
    turn.step(at(1), began());
    assert_eq!(turn.step(at(2), Input::Alive), [first]);
    let effects = turn.step(at(3), thought("a"));
    assert!(effects.contains(&Effect::Disarm(Timer::FirstToken)) && effects.contains(&stall));
    assert_eq!(turn.step(at(4), Input::Alive), std::slice::from_ref(&stall));
    assert!(turn.step(at(5), thought("b")).contains(&stall));
    turn.step(at(6), text("c"));
    assert_eq!(turn.step(at(7), Input::Alive), [stall]);
}

#[test]
fn a_turn_that_has_shown_reasoning_is_not_retried() {
    let mut turn = machine();
    turn.step(at(1), began());
    turn.step(at(2), Input::Alive);
    turn.step(at(3), unreachable());
    turn.step(at(200), Input::Elapsed(Timer::Retry));
    turn.step(at(201), began());
    turn.step(at(202), thought("a"));
    let effects = turn.step(at(203), unreachable());
    assert_eq!((pause(&effects), ends(&effects).len()), (None, 1));
}

#[test]
fn text_that_was_reasoning_is_moved_and_the_answer_starts_again() {
    let mut turn = machine().behind(7);
    turn.step(at(1), began());
    turn.step(at(2), thought("a"));
    turn.step(at(3), text("bé"));
    let effects = turn.step(at(4), Input::TextWasReasoning);
    assert_eq!(deltas(&effects), "bé");
    let moved = effects.iter().find_map(|effect| match effect {
        Effect::Commit(EventBody::TextWasReasoning { offset, .. }) => Some(*offset),
        _ => None,
    });
    // The beginning of the answer was text in the earlier answer already.
    assert_eq!(moved, Some(7));
    // No text is left that could become reasoning.
    assert!(
        !turn.step(at(5), Input::TextWasReasoning).iter().any(|e| matches!(e, Effect::Commit(_)))
    );
    turn.step(at(6), thought("c"));
    turn.step(at(7), text("d"));
    let effects = turn.step(at(24), Input::Elapsed(Timer::Frame));
    let offsets: Vec<u64> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Commit(
                EventBody::TextDelta { offset, .. } | EventBody::ReasoningDelta { offset, .. },
            ) => Some(*offset),
            _ => None,
        })
        .collect();
    assert_eq!(offsets, [4, 7]);
}

#[test]
fn waiting_in_a_queue_does_not_count_as_silence() {
    let mut turn = machine();
    let waiting = turn.step(at(1), Input::Waiting { ahead: 1 });
    assert!(waiting.contains(&Effect::Disarm(Timer::FirstToken)));
    assert!(turn.step(at(2), began()).contains(&Effect::Arm(Timer::FirstToken, 1_000)));
}

#[test]
fn a_provider_that_breaks_its_contract_fails_the_turn() {
    for inputs in [
        vec![text("early")],
        vec![thought("early")],
        vec![began(), began()],
        vec![began(), Input::Halted],
    ] {
        let mut turn = machine();
        let effects: Vec<_> = inputs.into_iter().flat_map(|i| turn.step(at(1), i)).collect();
        assert_eq!(ends(&effects), [(TurnState::Failed, Some(ErrorCode::Internal))]);
    }
}

fn unreachable() -> Input {
    Input::Failed(Error::new(ErrorCode::Provider(ProviderKind::Network), "x"))
}

/// The pause before the retry that these effects schedule.
fn pause(effects: &[Effect]) -> Option<u64> {
    let pause = effects.iter().find_map(|effect| match effect {
        Effect::Commit(EventBody::TurnRetrying { wait_ms, .. }) => Some(*wait_ms),
        _ => None,
    });
    assert_eq!(pause.is_some(), effects.contains(&Effect::Arm(Timer::Retry, pause.unwrap_or(0))));
    pause
}

#[test]
fn a_failure_before_the_first_text_is_retried_after_a_pause() {
    let mut turn = machine();
    for _ in 0..2 {
        assert!(pause(&turn.step(at(1), unreachable())).is_some());
        // Late outputs of the earlier attempt are ignored.
        assert_eq!(turn.step(at(2), Input::Halted), vec![]);
        let again = turn.step(at(200), Input::Elapsed(Timer::Retry));
        assert_eq!(again, [Effect::Ask, Effect::Arm(Timer::FirstToken, 1_000)]);
        turn.step(at(201), began());
    }
    let effects = turn.step(at(500), unreachable());
    let network = ErrorCode::Provider(ProviderKind::Network);
    assert_eq!(ends(&effects), [(TurnState::Failed, Some(network))]);
}

#[test]
fn an_answer_after_a_retry_ends_normally() {
    let mut turn = machine();
    turn.step(at(1), began());
    turn.step(at(2), unreachable());
    turn.step(at(100), Input::Elapsed(Timer::Retry));
    turn.step(at(105), began());
    assert_eq!(deltas(&turn.step(at(110), text("a"))), "a");
    let effects = turn.step(at(120), Input::Finished { finish: Finish::Stop, usage: None });
    assert_eq!(ends(&effects), [(TurnState::Completed, None)]);
    let Some(Effect::Commit(EventBody::TurnEnded { timings, .. })) = effects.last() else {
        panic!("the end comes last: {effects:?}")
    };
    assert_eq!((timings.started_ms, timings.first_token_ms), (Some(105), Some(110)));
}

#[test]
fn a_turn_that_has_shown_text_is_not_retried() {
    let mut turn = machine();
    turn.step(at(1), began());
    turn.step(at(2), text("a"));
    let effects = turn.step(at(3), unreachable());
    assert_eq!((pause(&effects), ends(&effects).len()), (None, 1));
}

#[test]
fn a_retry_pause_ends_with_the_turn() {
    let late = Some(ErrorCode::Timeout(TimeoutPhase::Turn));
    for (input, end) in [
        (Input::Cancel, (TurnState::Cancelled, None)),
        (Input::Shutdown, (TurnState::Interrupted, None)),
        (Input::Elapsed(Timer::Turn), (TurnState::TimedOut, late)),
    ] {
        let mut turn = machine();
        turn.step(at(1), unreachable());
        let effects = turn.step(at(2), input);
        // No provider is at work that could answer a halt.
        assert!(!effects.contains(&Effect::Halt));
        assert_eq!(ends(&effects), [end]);
    }
    let mut turn = machine();
    let effects = turn.step(at(9_950), unreachable());
    assert_eq!((pause(&effects), ends(&effects).len()), (None, 1), "no time is left for it");
}

#[test]
fn a_provider_that_does_not_halt_fails_the_turn_after_a_time_limit() {
    let mut turn = machine();
    turn.step(at(1), began());
    assert!(turn.step(at(2), Input::Cancel).contains(&Effect::Arm(Timer::Halt, HALT_MS)));
    let effects = turn.step(at(3), Input::Elapsed(Timer::Halt));
    assert_eq!(ends(&effects), [(TurnState::Failed, Some(ErrorCode::Internal))]);
}

fn refused(adjustment: Adjustment) -> Input {
    let error = Error::new(ErrorCode::Provider(ProviderKind::Parameter), "x");
    Input::Refused { error, adjustment }
}

#[test]
fn a_refused_request_is_adjusted_and_sent_again_at_once() {
    let mut turn = machine();
    turn.step(at(1), began());
    for adjustment in [Adjustment::WithoutSeed, Adjustment::SystemInUser] {
        let effects = turn.step(at(2), refused(adjustment));
        let [
            Effect::Commit(EventBody::TurnRetrying { wait_ms: 0, adjustment: made, .. }),
            rest @ ..,
        ] = &effects[..]
        else {
            panic!("{effects:?}")
        };
        assert_eq!(*made, Some(adjustment));
        assert_eq!(*rest, [Effect::Ask, Effect::Arm(Timer::FirstToken, 1_000)]);
    }
    // Failed attempts are counted separately from refused ones.
    for _ in 0..2 {
        assert!(pause(&turn.step(at(3), unreachable())).is_some());
        turn.step(at(200), Input::Elapsed(Timer::Retry));
    }
    // Repeating the same adjustment would only be refused again.
    let effects = turn.step(at(300), refused(Adjustment::WithoutSeed));
    let parameter = ErrorCode::Provider(ProviderKind::Parameter);
    assert_eq!(ends(&effects), [(TurnState::Failed, Some(parameter))]);
}

#[test]
fn a_refusal_after_a_cancel_ends_the_turn_as_cancelled() {
    let mut turn = machine();
    turn.step(at(1), Input::Cancel);
    let effects = turn.step(at(2), refused(Adjustment::WithoutSeed));
    assert_eq!(ends(&effects), [(TurnState::Cancelled, None)]);
}

fn any_input() -> impl Strategy<Value = Input> {
    let timer = prop::sample::select(vec![
        Timer::Frame,
        Timer::FirstToken,
        Timer::Stall,
        Timer::Turn,
        Timer::Retry,
        Timer::Halt,
    ]);
    prop_oneof![
        2 => (0u32..3).prop_map(|ahead| Input::Waiting { ahead }),
        1 => Just(Input::Loading),
        4 => Just(began()),
        8 => "[a-zé日]{1,4}".prop_map(Input::Text),
        6 => "[a-zé日]{1,4}".prop_map(Input::Reasoning),
        1 => Just(Input::TextWasReasoning),
        2 => Just(Input::Alive),
        4 => timer.prop_map(Input::Elapsed),
        1 => Just(Input::Finished { finish: Finish::Stop, usage: None }),
        1 => Just(Input::Failed(Error::new(ErrorCode::Internal, "x"))),
        2 => Just(unreachable()),
        2 => prop::sample::select(vec![Adjustment::WithoutSeed, Adjustment::FewerMessages])
            .prop_map(refused),
        1 => Just(Input::Halted),
        1 => Just(Input::Cancel),
        1 => Just(Input::Shutdown),
    ]
}

proptest! {
    /// Any inputs in any order give at most one end, nothing after it, no text after a halt, no
    /// retry after anything was shown, and deltas whose offsets leave no gap.
    #[test]
    fn any_order_of_inputs_gives_a_valid_log(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut turn = machine();
        let (mut length, mut thought) = (0u64, 0u64);
        let (mut ended, mut halted, mut asked) = (false, false, 1);
        let mut spoke = false;
        for (ms, input) in inputs.into_iter().enumerate() {
            let was_halted = halted;
            for effect in turn.step(at(ms as i64), input) {
                prop_assert!(!ended, "an effect after the end: {:?}", effect);
                match effect {
                    Effect::Commit(EventBody::TextDelta { offset, text, .. }) => {
                        prop_assert!(!was_halted, "text after a halt");
                        prop_assert!(!text.is_empty());
                        spoke = true;
                        prop_assert_eq!(offset, length);
                        length += text.len() as u64;
                    }
                    Effect::Commit(EventBody::ReasoningDelta { offset, text, .. }) => {
                        prop_assert!(!was_halted, "thinking after a halt");
                        prop_assert!(!text.is_empty());
                        spoke = true;
                        prop_assert_eq!(offset, thought);
                        thought += text.len() as u64;
                    }
                    Effect::Commit(EventBody::TextWasReasoning { offset, .. }) => {
                        prop_assert!(!was_halted && offset == 0 && length > 0);
                        thought += std::mem::take(&mut length);
                    }
                    Effect::Commit(EventBody::TurnEnded { state, .. }) => {
                        prop_assert!(state.is_final());
                        ended = true;
                    }
                    Effect::Commit(EventBody::TurnRetrying { .. }) => {
                        prop_assert!(!spoke && !halted, "a retry after something was shown, or a stop");
                    }
                    Effect::Ask => {
                        asked += 1;
                        prop_assert!(!halted && asked <= 1 + LIMITS.retry.times + 6);
                    }
                    Effect::Halt => halted = true,
                    _ => {}
                }
            }
            prop_assert_eq!(turn.is_over(), ended);
        }
    }
}
