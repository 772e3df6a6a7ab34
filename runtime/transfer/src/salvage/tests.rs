use protocol::api::Sampling;
use protocol::{ProviderName, Turn, Worker};

use super::*;

fn at(n: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_763_800_000_000 + n)
}

fn worker() -> Worker {
    let profile = "companion".parse().unwrap();
    initial_worker::worker(WorkerId::from_parts(1, [1; 10]), profile, at(0))
}

/// The ids of a turn: its own, its question's and its answer's.
fn ids(n: u8) -> (TurnId, MessageId, MessageId) {
    let bytes = [n; 10];
    (TurnId::from_parts(2, bytes), MessageId::from_parts(3, bytes), MessageId::from_parts(4, bytes))
}

/// A log of two turns, each with an answer in two pieces.
fn log() -> Vec<Event> {
    let profile: ProfileName = "companion".parse().unwrap();
    let mut bodies = vec![EventBody::WorkerCreated { title: None, profile: profile.clone() }];
    let mut parent = None;
    for n in [1, 2] {
        let (turn_id, question, answer) = ids(n);
        let message = Message {
            id: question,
            parent,
            role: Role::User,
            text: format!("question {n}"),
            created_at: at(0),
            turn_id: Some(turn_id),
            reasoning: String::new(),
            html: None,
        };
        let turn = Turn {
            turn_id,
            question,
            answer,
            continues: None,
            edits: None,
            together: None,
            omitted: Vec::new(),
            state: TurnState::Accepted,
            waiting: None,
            loading: false,
            retries: Vec::new(),
            error: None,
            finish: None,
            profile: profile.clone(),
            provider: ProviderName::local(),
            model: "m".to_owned(),
            prompt_digest: String::new(),
            bundle_digest: String::new(),
            sampling: Sampling::default(),
            effort: None,
            unsent: protocol::Unsent::default(),
            sight: None,
            usage: None,
            timings: Timings::default(),
            started_at: at(0),
            ended_at: None,
        };
        let delta = |offset, text: &str| EventBody::TextDelta {
            turn_id,
            message_id: answer,
            offset,
            text: text.to_owned(),
        };
        bodies.extend([
            EventBody::MessageCommitted { message },
            EventBody::TurnAccepted { turn: Box::new(turn) },
            delta(0, "first "),
            delta(6, "second"),
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: None,
                usage: None,
                timings: Timings::default(),
            },
        ]);
        parent = Some(answer);
    }
    let number = |(seq, body)| Event { seq, first_seq: None, at: at(seq as i64), body };
    (1..).zip(bodies).map(number).collect()
}

fn without(gone: &[u64]) -> Salvaged {
    let events = log().into_iter().filter(|event| !gone.contains(&event.seq)).collect();
    salvage(Salvage { worker: worker(), events, lost: gone.len() as u64, prompts: Vec::new() })
}

fn texts(salvaged: &Salvaged) -> Vec<String> {
    let whole = salvaged.whole.clone().unwrap();
    let mut view = protocol::View::new(whole.worker, 0);
    for event in &whole.events {
        view.apply(event);
    }
    assert!(view.running().is_none(), "every turn ends");
    view.messages.into_iter().map(|message| message.text).collect()
}

#[test]
fn a_log_that_lacks_any_two_events_is_salvaged_to_a_valid_one() {
    let events = log().len() as u64;
    for first in 1..=events {
        for second in 1..=events {
            let salvaged = without(&[first, second]);
            let whole = salvaged.whole.clone().unwrap();
            assert!(is_sound(&whole), "{first}, {second}");
            assert!(salvaged.lost > 0);
            assert_ne!(whole.log, LogId(0));
        }
    }
}

#[test]
fn placeholders_replace_missing_events() {
    let all = ["question 1", "first second", "question 2", "first second"];
    assert_eq!(texts(&without(&[])), all);
    // Without a question.
    assert_eq!(texts(&without(&[2])), [lost::MESSAGE, all[1], all[2], all[3]]);
    // Without the beginning of a turn: its text is kept and answers the question before it.
    assert_eq!(texts(&without(&[3])), all);
    assert_eq!(texts(&without(&[2, 3])), [lost::MESSAGE, all[1], all[2], all[3]]);
    // Without the beginning of an answer, and without its end.
    let missing = format!("{}second", lost::TEXT);
    assert_eq!(texts(&without(&[4])), [all[0], &missing, all[2], all[3]]);
    assert_eq!(texts(&without(&[5])), [all[0], "first ", all[2], all[3]]);
    // Without the end of a turn.
    assert_eq!(texts(&without(&[6])), all);
    assert_eq!(without(&[3]).lost, 1);
}

#[test]
fn reasoning_is_salvaged_beside_the_text() {
    let changed = |event: Event| match event.body.clone() {
        EventBody::TextDelta { turn_id, message_id, offset, text } => {
            let body = match event.seq {
                4 | 5 => EventBody::ReasoningDelta { turn_id, message_id, offset, text },
                10 => EventBody::TextWasReasoning { turn_id, message_id, offset: 0 },
                _ => event.body,
            };
            Event { body, ..event }
        }
        _ => event,
    };
    let events: Vec<Event> =
        log().into_iter().map(changed).filter(|event| event.seq != 4).collect();
    let found = Salvage { worker: worker(), events, lost: 1, prompts: Vec::new() };
    let whole = salvage(found).whole.unwrap();
    assert!(is_sound(&whole));
    let mut view = protocol::View::new(whole.worker, 0);
    for event in &whole.events {
        view.apply(event);
    }
    let said = |at: usize| (view.messages[at].reasoning.clone(), view.messages[at].text.clone());
    assert_eq!(said(1), (format!("{}second", lost::TEXT), String::new()));
    assert_eq!(said(3), ("first ".to_owned(), String::new()));
}

#[test]
fn nothing_is_salvaged_from_a_log_without_readable_events() {
    let found = Salvage { worker: worker(), events: Vec::new(), lost: 3, prompts: Vec::new() };
    assert_eq!(salvage(found), Salvaged { worker_id: worker().worker_id, whole: None, lost: 3 });
}
