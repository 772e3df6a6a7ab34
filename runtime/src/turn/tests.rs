use proptest::prelude::*;

use super::*;

const LIMITS: TurnLimits =
    TurnLimits { frame_ms: 20, first_token_ms: 1_000, stall_ms: 500, turn_ms: 10_000 };

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
    Input::Began { sight: Sight::default(), model: None }
}

fn text(text: &str) -> Input {
    Input::Text(text.to_owned())
}

#[test]
fn the_first_text_goes_out_at_once_and_what_follows_waits_for_the_frame() {
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
fn an_end_commits_what_waits_and_then_the_end_with_its_timings() {
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
        Timings { started_ms: Some(5), first_token_ms: Some(9), total_ms: Some(30) }
    );
    assert!(turn.is_over());
}

#[test]
fn cancel_keeps_what_came_and_takes_nothing_more() {
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
fn cancel_works_before_the_provider_began() {
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

#[test]
fn waiting_in_a_queue_is_not_silence() {
    let mut turn = machine();
    let waiting = turn.step(at(1), Input::Waiting { ahead: 1 });
    assert!(waiting.contains(&Effect::Disarm(Timer::FirstToken)));
    assert!(turn.step(at(2), began()).contains(&Effect::Arm(Timer::FirstToken, 1_000)));
}

#[test]
fn a_provider_that_breaks_its_contract_fails_the_turn() {
    for inputs in [vec![text("early")], vec![began(), began()], vec![began(), Input::Halted]] {
        let mut turn = machine();
        let effects: Vec<_> = inputs.into_iter().flat_map(|i| turn.step(at(1), i)).collect();
        assert_eq!(ends(&effects), [(TurnState::Failed, Some(ErrorCode::Internal))]);
    }
}

fn any_input() -> impl Strategy<Value = Input> {
    let timer = prop_oneof![
        Just(Timer::Frame),
        Just(Timer::FirstToken),
        Just(Timer::Stall),
        Just(Timer::Turn)
    ];
    prop_oneof![
        2 => (0u32..3).prop_map(|ahead| Input::Waiting { ahead }),
        4 => Just(began()),
        8 => "[a-zé日]{1,4}".prop_map(Input::Text),
        4 => timer.prop_map(Input::Elapsed),
        1 => Just(Input::Finished { finish: Finish::Stop, usage: None }),
        1 => Just(Input::Failed(Error::new(ErrorCode::Internal, "x"))),
        1 => Just(Input::Halted),
        1 => Just(Input::Cancel),
        1 => Just(Input::Shutdown),
    ]
}

proptest! {
    /// Whatever happens in whatever order: at most one end, nothing after it, no text after
    /// a halt, and deltas whose offsets join without a gap.
    #[test]
    fn any_order_of_inputs_gives_a_sound_log(inputs in prop::collection::vec(any_input(), 0..60)) {
        let mut turn = machine();
        let (mut length, mut ended, mut halted) = (0u64, false, false);
        for (ms, input) in inputs.into_iter().enumerate() {
            let was_halted = halted;
            for effect in turn.step(at(ms as i64), input) {
                prop_assert!(!ended, "an effect after the end: {:?}", effect);
                match effect {
                    Effect::Commit(EventBody::TextDelta { offset, text, .. }) => {
                        prop_assert!(!was_halted, "text after a halt");
                        prop_assert!(!text.is_empty());
                        prop_assert_eq!(offset, length);
                        length += text.len() as u64;
                    }
                    Effect::Commit(EventBody::TurnEnded { state, .. }) => {
                        prop_assert!(state.is_final());
                        ended = true;
                    }
                    Effect::Halt => halted = true,
                    _ => {}
                }
            }
            prop_assert_eq!(turn.is_over(), ended);
        }
    }
}
