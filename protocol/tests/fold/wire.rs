//! Everything that is sent over the wire round-trips.

use std::fmt::Debug;

use proptest::prelude::*;
use protocol::api::{
    Accepted, AnswerWith, Cancelled, Capabilities, CompanionState, CreateWorker, InputMessage,
    InputRole, LimitsInForce, PatchWorker, ProviderStatus, RuntimeList, RuntimeSummary, Sampling,
    SendMessage, Status, TurnInput, WorkerPage,
};
use protocol::{
    CloseReason, Cursor, Effort, Envelope, ErrorBody, Event, EventBody, Frame, ListFrame,
    MessageId, ProviderName, Temperature, Timestamp, View, Visibility,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::logs::{LOG, any_error, any_log, any_text, any_usage, folded, unborn};

#[track_caller]
fn round_trips<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    let back: T = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in {json}"));
    assert_eq!(&back, value, "{json}");
}

fn any_sampling() -> impl Strategy<Value = Sampling> {
    let number = || prop::option::of((0u16..2000).prop_map(|n| f32::from(n) / 1000.0));
    let count = || prop::option::of(any::<u32>());
    (number(), number(), count(), count()).prop_map(|(temperature, top_p, seed, max_tokens)| {
        Sampling { temperature, top_p, seed, max_tokens }
    })
}

proptest! {
    #[test]
    fn events_envelopes_and_frames_round_trip(events in any_log()) {
        let view = folded(&events);
        let (runtime_id, worker_id) = (view.worker.runtime_id.clone(), view.worker.worker_id);
        for event in protocol::fold_deltas(events.clone()).into_iter().chain(events) {
            round_trips::<Event>(&event);
            let (cursor, runtime_id) = (Cursor::new(LOG, event.seq), runtime_id.clone());
            let envelope = Envelope { cursor, runtime_id, worker_id, event, html: None };
            round_trips(&Frame::Event(Box::new(envelope)));
        }
        let snapshot = Box::new(view.snapshot(LOG));
        round_trips(&view.transcript(LOG));
        round_trips(&Frame::Snapshot { runtime_id, worker_id, snapshot });
    }

    #[test]
    fn responses_round_trip(events in any_log(), sampling in any_sampling(), text in any_text()) {
        let View { worker, messages, turns, .. } = folded(&events);
        round_trips(&worker);
        let (cursor, worker_id) = (Cursor::new(LOG, 9), worker.worker_id);
        round_trips(&ListFrame::Hello {
            runtime_id: worker.runtime_id.clone(),
            cursor: cursor.clone(),
            resumed: true,
        });
        let told = Box::new(worker.clone());
        round_trips(&ListFrame::Worker { cursor: cursor.clone(), worker: told });
        round_trips(&ListFrame::Deleted { cursor: cursor.clone(), worker_id });
        round_trips(&WorkerPage {
            workers: vec![worker],
            next_before: Some(text.clone()),
            cursor: Some(cursor),
        });
        for (message, turn) in messages.iter().zip(&turns) {
            let (message, turn) = (message.clone(), turn.clone());
            round_trips(&Cancelled { turn: Some(turn.clone()) });
            round_trips(&Accepted { message, turn, cursor: Cursor::new(LOG, 7) });
        }
        round_trips(&Cancelled { turn: None });
        let messages = [InputRole::System, InputRole::User, InputRole::Assistant]
            .map(|role| InputMessage::new(role, text.clone()));
        let request = Some(protocol::api::SentRequest {
            interface: protocol::api::Interface::Responses,
            body: text.clone(),
        });
        round_trips(&TurnInput { rendered: Some(text.clone()), model: text, messages: messages.into(), sampling, effort: Some(Effort::none()), with_reasoning: true, adjustments: vec![protocol::Adjustment::MaxTokens], unsent: protocol::Unsent { sampling, effort: None }, request });
    }

    #[test]
    fn errors_and_status_round_trip(error in any_error(), usage in any_usage(), ms: i32) {
        round_trips(&error);
        round_trips(&ErrorBody { error: error.clone() });
        round_trips(&Frame::Notice { error: error.clone() });
        round_trips(&Frame::Progress {
            runtime_id: unborn().runtime_id,
            worker_id: unborn().worker_id,
            turn_id: protocol::TurnId::from_parts(1, [1; 10]),
            progress: protocol::Progress { read_tokens: 1, prompt_tokens: 2, tokens_per_second: 3 },
        });
        round_trips(&usage);
        round_trips(&Timestamp::from_unix_ms(i64::from(ms) * 1_001));
        let provider = ProviderStatus {
            kind: Some(ProviderName::openai()),
            model: None,
            bundled_model: false,
            reason: Some(error),
        };
        let limits =
            LimitsInForce { message_chars: 1, body_bytes: 2, transcript_page: 3, worker_page: 4 };
        let companion = CompanionState::Unavailable;
        round_trips(&Status { version: "0".to_owned(), provider, companion, limits });
    }

    #[test]
    fn requests_round_trip(text in any_text(), bytes: [u8; 10], ms in 0u64..1 << 48) {
        let id = MessageId::from_parts(ms, bytes);
        prop_assert_eq!(MessageId::from_slice(id.as_bytes()), Ok(id));
        let with = AnswerWith { model: Some(text.clone()), ..AnswerWith::default() };
        round_trips(&SendMessage { parent: Some(id), also: vec![with.clone()], with, ..SendMessage::new(id, text.clone()) });
        let (profile, provider) = (Some(unborn().profile), Some(ProviderName::local()));
        let (title, model) = (Some(text.clone()), Some(text));
        let (profile_, title_, model_) = (profile.clone(), title.clone(), model.clone());
        round_trips(&CreateWorker { profile: profile_, provider: provider.clone(), model: model_, effort: None, temperature: None, instructions: title_.clone(), title: title_ });
        round_trips(&PatchWorker { title, place: Some(Visibility::Archived), profile, provider, model, effort: Some(Effort::none()), temperature: Temperature::try_from(0.7).ok(), instructions: None });
    }
}

#[test]
fn closed_enums_round_trip() {
    for reason in [
        CloseReason::Shutdown,
        CloseReason::Deleted,
        CloseReason::InvalidInput,
        CloseReason::Internal,
    ] {
        round_trips(&Frame::Close { reason });
        round_trips(&ListFrame::Close { reason });
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
    let summary = RuntimeSummary {
        runtime_id: unborn().runtime_id,
        status: CompanionState::Ready,
        capabilities: Capabilities::default(),
        workers: 1,
        running: 0,
        bundle_digest: "sha256:1".to_owned(),
    };
    round_trips(&RuntimeList { runtimes: vec![summary] });
}

#[test]
fn the_name_of_an_event_is_the_same_in_the_store_and_on_the_wire() {
    let body = EventBody::WorkerRenamed { title: None };
    assert_eq!(serde_json::to_value(&body).unwrap()["type"], body.kind());
    let event = Event { seq: 1, first_seq: None, at: Timestamp::from_unix_ms(0), body };
    assert_eq!(serde_json::to_value(&event).unwrap()["type"], "worker_renamed");
}
