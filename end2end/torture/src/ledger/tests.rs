//! Histories with a loss; the checker has to find each.

use protocol::{Cursor, LogId};

use super::*;
use crate::sample::{self, message_id as message, turn_id};

fn echo(text: &str) -> String {
    format!("You said: {text}")
}

fn worker() -> WorkerId {
    sample::worker_id(1)
}

/// A conversation in which message 2 ("one") was completely answered by message 3.
fn kept() -> Whole {
    let messages = vec![
        sample::message(message(2), 1, Role::User, "one"),
        sample::message(message(3), 1, Role::Assistant, "You said: one"),
    ];
    let turns = vec![sample::turn(1, TurnState::Completed)];
    Whole { messages, turns, cursor: Cursor::new(LogId(1), 9) }
}

fn view(whole: &Whole) -> View {
    let mut view = View::new(sample::worker(1), 9);
    view.messages.clone_from(&whole.messages);
    view.turns.clone_from(&whole.turns);
    view
}

/// A ledger that has recorded all of [`kept`].
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(echo);
    ledger.sends(message(2), worker(), "one");
    ledger.acknowledged(message(2), turn_id(1)).unwrap();
    ledger.shows(&view(&kept())).unwrap();
    ledger
}

/// The losses that the checker finds in the kept conversation after `change`.
fn losses(change: impl FnOnce(&mut Whole)) -> Vec<Loss> {
    let mut whole = kept();
    change(&mut whole);
    ledger().check(worker(), &whole)
}

#[test]
fn a_complete_history_has_no_loss() {
    assert_eq!(losses(|_| ()), []);
    assert_eq!(same_as_fresh(&view(&kept()), &kept()), Ok(()));
}

#[test]
fn a_lost_message_is_detected() {
    let found = losses(|whole| {
        whole.messages.clear();
        whole.turns.clear();
    });
    for loss in [
        Loss::Message(message(2)),
        Loss::Shown(message(3)),
        Loss::Turn(turn_id(1), TurnState::Completed, None),
    ] {
        assert!(found.contains(&loss), "{loss:?} in {found:?}");
    }
}

#[test]
fn a_lost_byte_is_detected() {
    let found = losses(|whole| whole.messages[1].text.truncate(12));
    assert!(found.contains(&Loss::Bytes(message(3), 13, 12)), "{found:?}");
    assert!(found.contains(&Loss::Answer(message(3), TurnState::Completed)), "{found:?}");
}

#[test]
fn an_extra_byte_is_detected() {
    let found = losses(|whole| whole.messages[1].text.push('!'));
    assert_eq!(found, [Loss::Answer(message(3), TurnState::Completed)]);
}

#[test]
fn a_repeated_message_is_detected_under_the_same_and_another_id() {
    let found = losses(|whole| whole.messages.push(whole.messages[0].clone()));
    assert_eq!(found, [Loss::Repeated(message(2), 2)]);
    let found = losses(|whole| {
        let copy = Message { id: message(4), ..whole.messages[0].clone() };
        whole.messages.push(copy);
    });
    assert_eq!(found, [Loss::Repeated(message(2), 2), Loss::Stranger(message(4))]);
}

#[test]
fn a_turn_that_is_left_running_is_detected() {
    let found = losses(|whole| whole.turns[0].state = TurnState::Generating);
    assert!(found.contains(&Loss::Unfinished(turn_id(1), TurnState::Generating)), "{found:?}");
    let found = losses(|whole| whole.turns[0].state = TurnState::Interrupted);
    let other = Loss::Turn(turn_id(1), TurnState::Completed, Some(TurnState::Interrupted));
    assert_eq!(found, [other]);
}

#[test]
fn a_refused_message_that_is_stored_is_detected() {
    let mut ledger = Ledger::new(echo);
    ledger.sends(message(2), worker(), "one");
    ledger.refused(message(2));
    assert_eq!(ledger.check(worker(), &kept()), [Loss::RefusedStored(message(2))]);
}

#[test]
fn a_second_acknowledgement_has_to_name_the_same_turn() {
    let again = ledger().acknowledged(message(2), turn_id(2));
    assert_eq!(again, Err(Loss::OtherTurn(message(2), turn_id(1))));
}

#[test]
fn observers_that_contradict_each_other_are_detected() {
    let mut whole = kept();
    whole.messages[1].text = "You paid".to_owned();
    assert_eq!(ledger().shows(&view(&whole)), Err(Loss::Bytes(message(3), 13, 4)));
    assert_eq!(same_as_fresh(&view(&whole), &kept()), Err(Loss::View(worker())));
}

#[test]
fn an_unacknowledged_message_may_be_stored_or_not() {
    let mut ledger = Ledger::new(echo);
    ledger.sends(message(2), worker(), "one");
    assert_eq!(ledger.check(worker(), &kept()), []);
    let mut whole = kept();
    whole.messages.clear();
    whole.turns.clear();
    assert_eq!(ledger.check(worker(), &whole), []);
}

#[test]
fn lost_and_restored_conversations_are_detected() {
    let mut ledger = Ledger::new(echo);
    ledger.created(worker());
    assert_eq!(ledger.check_workers(&[]), [Loss::Worker(worker())]);
    ledger.deletes(worker());
    assert_eq!(ledger.check_workers(&[]), []);
    assert_eq!(ledger.check_workers(&[worker()]), []);
    ledger.deleted(worker());
    assert_eq!(ledger.check_workers(&[worker()]), [Loss::Undeleted(worker())]);
}
