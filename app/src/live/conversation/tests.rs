use protocol::sample;

use super::*;
use protocol::LogId;

fn apply(conversation: &Conversation, event: &Event) -> Applied {
    conversation.apply(event, Cursor::new(LogId(7), event.seq))
}

#[test]
fn a_delta_changes_only_the_text_of_its_message() {
    let owner = Owner::new();
    owner.set();
    let conversation = Conversation::new(sample::empty(), Wanted::default());
    sample::asked().iter().for_each(|event| {
        apply(&conversation, event);
    });
    assert_eq!(conversation.activity(), Activity::Reading);
    let entries = conversation.entries.get_untracked();
    assert_eq!(entries.len(), 2);
    assert!(entries[0].turn.is_none() && entries[1].turn.is_some());

    apply(&conversation, &sample::generating(4));
    apply(&conversation, &sample::delta(5, 0, "Be"));
    assert_eq!(conversation.activity(), Activity::Generating);
    let counted = ArcStoredValue::new(0);
    let (seen, read) = (counted.clone(), conversation.clone());
    let _effect = Effect::new_sync(move |_| {
        read.entries.track();
        read.worker.track();
        read.stage.track();
        seen.update_value(|n| *n += 1);
    });
    let before = counted.get_value();
    apply(&conversation, &sample::delta(6, 2, "cause"));
    assert_eq!(entries[1].text.get_untracked(), "Because");
    assert_eq!(entries[0].text.get_untracked(), "Why?");
    assert_eq!(counted.get_value(), before);
    assert_eq!(conversation.cursor(), Some(Cursor::new(LogId(7), 6)));
}

#[test]
fn a_gap_changes_nothing_and_a_snapshot_repairs_it() {
    let owner = Owner::new();
    owner.set();
    let conversation = Conversation::new(sample::empty(), Wanted::default());
    assert_eq!(apply(&conversation, &sample::delta(9, 0, "x")), Applied::Gap);
    assert_eq!(conversation.cursor(), Some(Cursor::new(LogId(7), 1)));

    let mut view = View::from_snapshot(sample::empty());
    sample::asked().iter().for_each(|event| {
        view.apply(event);
    });
    conversation.catch_up(view.snapshot(LogId(7)));
    let first = conversation.entries.get_untracked();
    view.apply(&sample::delta(4, 0, "So"));
    conversation.catch_up(view.snapshot(LogId(7)));
    // The entries keep their signals, with the new text in them.
    assert_eq!(first[1].text.get_untracked(), "So");
    conversation.catch_up(sample::empty());
    assert_eq!(conversation.entries.get_untracked().len(), 2);
}

#[test]
fn the_context_window_comes_from_the_newest_turn_that_knows_it() {
    let owner = Owner::new();
    owner.set();
    let conversation = Conversation::new(sample::empty(), Wanted::default());
    sample::asked().iter().for_each(|event| {
        apply(&conversation, event);
    });
    let turn_id = sample::turn().turn_id;
    let event = |seq, body| Event { seq, first_seq: None, at: sample::at(9), body };
    let sight = protocol::ContextWindow { window_tokens: Some(2048), ..Default::default() };
    let began = protocol::EventBody::TurnAsked { turn_id, sight, model: None };
    apply(&conversation, &event(4, began));
    assert_eq!(conversation.window.get_untracked(), None);
    let usage = protocol::Usage {
        prompt_tokens: 500,
        completion_tokens: 12,
        cached_tokens: None,
        reasoning_tokens: None,
    };
    let ended = protocol::EventBody::TurnEnded {
        turn_id,
        state: TurnState::Completed,
        error: None,
        finish: None,
        usage: Some(usage),
        timings: Default::default(),
    };
    apply(&conversation, &event(5, ended));
    let expected = WindowUse { tokens: 512, window_tokens: 2048 };
    assert_eq!(conversation.window.get_untracked(), Some(expected));
}

#[test]
fn reasoning_is_shown_beside_the_answer_with_its_newest_line() {
    let owner = Owner::new();
    owner.set();
    let conversation = Conversation::new(sample::empty(), Wanted::default());
    sample::asked().iter().for_each(|event| {
        apply(&conversation, event);
    });
    apply(&conversation, &sample::generating(4));
    let Turn { turn_id, answer: message_id, started_at, .. } = sample::turn();
    let event = |seq: u64, body| Event { seq, first_seq: None, at: sample::at(seq as i64), body };
    let thought = |seq, offset, text: &str| {
        let text = text.to_owned();
        event(seq, protocol::EventBody::ReasoningDelta { turn_id, message_id, offset, text })
    };
    let entry = conversation.entries.get_untracked().pop().unwrap();
    apply(&conversation, &thought(5, 0, "One.\nT"));
    let since = sample::at(5);
    assert!(since > started_at);
    assert_eq!(conversation.activity(), Activity::Thinking { since });
    assert_eq!(entry.turn.as_ref().unwrap().get_untracked().thinks_since(), Some(since));
    apply(&conversation, &thought(6, 6, "wo.\n"));
    assert_eq!(entry.reasoning.get_untracked(), "One.\nTwo.\n");
    assert_eq!(conversation.thought.get_untracked(), "Two.");
    apply(&conversation, &sample::delta(7, 0, "So"));
    assert_eq!(conversation.activity(), Activity::Generating);
    assert_eq!(conversation.thought.get_untracked(), "");
    // The text turns out to be reasoning.
    let moved = protocol::EventBody::TextWasReasoning { turn_id, message_id, offset: 0 };
    apply(&conversation, &event(8, moved));
    assert_eq!(entry.text.get_untracked(), "");
    assert_eq!(entry.reasoning.get_untracked(), "One.\nTwo.\nSo");
    assert_eq!(conversation.activity(), Activity::Thinking { since });
}

#[test]
fn a_message_that_continues_the_branch_is_shown_as_a_whole_update_would() {
    let owner = Owner::new();
    owner.set();
    let conversation = Conversation::new(sample::empty(), Wanted::default());
    sample::asked().iter().for_each(|event| {
        apply(&conversation, event);
    });
    let shown = || {
        let entries = conversation.entries.get_untracked();
        let shown = entries.iter().map(|entry| (entry.id, entry.siblings.get_untracked()));
        shown.collect::<Vec<_>>()
    };
    let continued = shown();
    assert_eq!(continued[1].1, Siblings { number: 1, count: 1, before: None, after: None });
    conversation.choose_newest();
    assert_eq!(shown(), continued);
    // A message with another parent begins a branch of its own.
    let other =
        Message { id: MessageId::from_parts(9, [9; 10]), parent: None, ..sample::question() };
    let body = protocol::EventBody::MessageCommitted { message: other.clone() };
    apply(&conversation, &Event { seq: 4, first_seq: None, at: sample::at(9), body });
    let shown = shown();
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].0, shown[0].1.number, shown[0].1.count), (other.id, 2, 2));
}
