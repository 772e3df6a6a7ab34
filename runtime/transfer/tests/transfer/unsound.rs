//! Files with valid checks but invalid conversations, as somebody might forge them.

use protocol::{Event, EventBody, Message, MessageId, Role, Together, TurnState, limits};
use store::ConversationExport;
use transfer::{SourceLocation, read};

use crate::support::{export, whole};

fn sound() -> ConversationExport {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let two_turns = crate::logs::any_log().prop_filter("two turns that have ended", |log| {
        log.iter().filter(|event| matches!(event.body, EventBody::TurnEnded { .. })).count() > 1
            && log.iter().filter(|e| matches!(e.body, EventBody::TextDelta { .. })).count() > 2
            && log.iter().any(|e| matches!(e.body, EventBody::ReasoningDelta { .. }))
    });
    whole(1, two_turns.new_tree(&mut runner).unwrap().current())
}

fn at(log: &ConversationExport, kind: &str) -> usize {
    log.events.iter().position(|event| event.body.kind() == kind).unwrap()
}

fn message(event: &mut Event) -> &mut Message {
    match &mut event.body {
        EventBody::MessageCommitted { message } => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn logs_that_no_runtime_would_write_are_refused() {
    type Change = fn(&mut ConversationExport);
    let changes: &[(&str, Change)] = &[
        ("a gap", |log| log.events[2].seq += 1),
        ("a seq at the end of numbers", |log| log.events[2].seq = u64::MAX),
        ("no creation", |log| {
            log.events.remove(0);
        }),
        ("a second creation", |log| log.events[1].body = log.events[0].body.clone()),
        ("its own parent", |log| {
            let first = at(log, "message_committed");
            let message = message(&mut log.events[first]);
            message.parent = Some(message.id);
        }),
        ("a parent from nowhere", |log| {
            let first = at(log, "message_committed");
            message(&mut log.events[first]).parent = Some(MessageId::from_parts(7, [7; 10]));
        }),
        ("a user's message by the model", |log| {
            let first = at(log, "message_committed");
            message(&mut log.events[first]).role = Role::Assistant;
        }),
        ("HTML of its own", |log| {
            let first = at(log, "message_committed");
            message(&mut log.events[first]).html = Some(vec!["<script>1</script>".to_owned()]);
        }),
        ("a turn that is over before it begins", |log| {
            let first = at(log, "turn_accepted");
            if let EventBody::TurnAccepted { turn } = &mut log.events[first].body {
                turn.state = TurnState::Completed;
            }
        }),
        ("a turn that answers itself", |log| {
            let first = at(log, "turn_accepted");
            if let EventBody::TurnAccepted { turn } = &mut log.events[first].body {
                turn.question = turn.answer;
            }
        }),
        ("the edit of an answer from nowhere", |log| {
            let first = at(log, "turn_accepted");
            if let EventBody::TurnAccepted { turn } = &mut log.events[first].body {
                turn.edits = Some(MessageId::from_parts(7, [7; 10]));
            }
        }),
        ("too many answers at once", |log| {
            let first = at(log, "turn_accepted");
            if let EventBody::TurnAccepted { turn } = &mut log.events[first].body {
                let (first, number) = (turn.turn_id, 1);
                turn.together = Some(Together { first, number, count: 5 });
            }
        }),
        ("a turn that leaves out too much", |log| {
            let first = at(log, "turn_accepted");
            if let EventBody::TurnAccepted { turn } = &mut log.events[first].body {
                turn.omitted = vec![turn.question; limits::OMITTED_MESSAGES + 1];
            }
        }),
        ("a message from nowhere that is left out", |log| {
            let last = log.events.last().unwrap();
            let message_id = MessageId::from_parts(7, [7; 10]);
            let body = EventBody::MessageOmitted { message_id, omitted: true };
            let event = Event { seq: last.seq + 1, first_seq: None, at: last.at, body };
            log.events.push(event);
        }),
        ("text at another offset", |log| {
            let first = at(log, "text_delta");
            if let EventBody::TextDelta { offset, .. } = &mut log.events[first].body {
                *offset += 1;
            }
        }),
        ("reasoning at another offset", |log| {
            let first = at(log, "reasoning_delta");
            if let EventBody::ReasoningDelta { offset, .. } = &mut log.events[first].body {
                *offset += 1;
            }
        }),
        ("reasoning of a text that is not there", |log| {
            let first = at(log, "text_delta");
            if let EventBody::TextDelta { turn_id, message_id, text, .. } =
                log.events[first].body.clone()
            {
                let offset = text.len() as u64 + 1_000;
                log.events[first].body =
                    EventBody::TextWasReasoning { turn_id, message_id, offset };
            }
        }),
        ("a user who thinks", |log| {
            let first = at(log, "message_committed");
            message(&mut log.events[first]).reasoning = "hm".to_owned();
        }),
        ("an end that is none", |log| {
            let first = at(log, "turn_ended");
            if let EventBody::TurnEnded { state, .. } = &mut log.events[first].body {
                *state = TurnState::Generating;
            }
        }),
        ("two turns at once", |log| {
            let end = at(log, "turn_ended");
            log.events[end].body = EventBody::WorkerStopped;
        }),
        ("the same turn twice", |log| {
            let (first, last) = (at(log, "turn_accepted"), log.events.len());
            let mut event = log.events[first].clone();
            event.seq = log.events[last - 1].seq + 1;
            log.events.push(event);
        }),
        ("a long title", |log| {
            let last = log.events.last().unwrap();
            let body = EventBody::WorkerRenamed { title: Some("x".repeat(201)) };
            let event = Event { seq: last.seq + 1, first_seq: None, at: last.at, body };
            log.events.push(event);
        }),
        ("a run that is no text", |log| log.events[1].first_seq = Some(2)),
        ("no events", |log| log.events.clear()),
    ];
    assert!(read(&export(&[sound()])).is_ok());
    for (what, change) in changes {
        let mut log = sound();
        change(&mut log);
        let refused = read(&export(&[log]));
        assert!(matches!(refused.unwrap_err().place, SourceLocation::Line(_)), "{what}");
    }
}

#[test]
fn repeated_conversations_and_prompts_with_a_wrong_digest_are_refused() {
    let log = sound();
    assert!(read(&export(&[log.clone(), log.clone()])).unwrap_err().reason.contains("in it twice"));
    let mut log = log;
    log.prompts[0].text.push('!');
    assert!(read(&export(&[log])).unwrap_err().reason.contains("digest"));
}
