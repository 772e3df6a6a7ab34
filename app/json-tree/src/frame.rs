//! Parses the frames of the event stream.
//!
//! The result equals that of `protocol`'s own `Deserialize`, but it is read directly from the tree:
//! serde reads tagged enums and flattened fields by copying the tree into one of its own, which
//! needs a second deserializer for every type in it. The tests get the kinds of frames and events
//! from `protocol`, and fail if a kind has no example that is read here.

use protocol::*;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use crate::{Held, Tree, Unreadable};

/// Parses one frame.
pub fn frame(text: &str) -> Result<Frame, Unreadable> {
    let mut tree = Tree::parse(text)?;
    match tree.take_text("frame")?.as_str() {
        "snapshot" => Ok(Frame::Snapshot {
            runtime_id: tree.take("runtime_id")?.value()?,
            worker_id: tree.take("worker_id")?.value()?,
            snapshot: tree.take("snapshot")?.value()?,
        }),
        "event" => Ok(Frame::Event(Box::new(Envelope {
            cursor: tree.take("cursor")?.value()?,
            runtime_id: tree.take("runtime_id")?.value()?,
            worker_id: tree.take("worker_id")?.value()?,
            event: event(tree.take("event")?)?,
            html: tree.take("html").unwrap_or(Tree::Null).value()?,
        }))),
        "more" => Ok(Frame::More {
            seq: tree.take("seq")?.value()?,
            text: tree.take_text("text")?,
            html: tree.take("html").unwrap_or(Tree::Null).value()?,
        }),
        "progress" => Ok(Frame::Progress {
            runtime_id: tree.take("runtime_id")?.value()?,
            worker_id: tree.take("worker_id")?.value()?,
            turn_id: tree.take("turn_id")?.value()?,
            progress: tree.take("progress")?.value()?,
        }),
        "notice" => Ok(Frame::Notice { error: tree.take("error")?.value()? }),
        "close" => Ok(Frame::Close { reason: tree.take("reason")?.value()? }),
        _ => Err(Unreadable),
    }
}

/// Parses one frame of the list's stream.
pub fn list_frame(text: &str) -> Result<ListFrame, Unreadable> {
    let mut tree = Tree::parse(text)?;
    match tree.take_text("frame")?.as_str() {
        "hello" => Ok(ListFrame::Hello {
            runtime_id: tree.take("runtime_id")?.value()?,
            cursor: tree.take("cursor")?.value()?,
            resumed: tree.take("resumed")?.value()?,
        }),
        "worker" => Ok(ListFrame::Worker {
            cursor: tree.take("cursor")?.value()?,
            worker: tree.take("worker")?.value()?,
        }),
        "deleted" => Ok(ListFrame::Deleted {
            cursor: tree.take("cursor")?.value()?,
            worker_id: tree.take("worker_id")?.value()?,
        }),
        "close" => Ok(ListFrame::Close { reason: tree.take("reason")?.value()? }),
        _ => Err(Unreadable),
    }
}

fn event(mut tree: Tree) -> Result<Event, Unreadable> {
    Ok(Event {
        seq: tree.take("seq")?.value()?,
        first_seq: tree.take("first_seq").unwrap_or(Tree::Null).value()?,
        at: tree.take("at")?.value()?,
        body: Body::deserialize(ByType(tree))?,
    })
}

/// The fields of [`EventBody`], read by the name in `type`.
#[derive(Deserialize)]
#[serde(remote = "EventBody", rename_all = "snake_case")]
enum Body {
    WorkerCreated {
        title: Option<String>,
        profile: ProfileName,
    },
    WorkerRenamed {
        title: Option<String>,
    },
    WorkerPlaced {
        place: Visibility,
    },
    ProfileChanged {
        profile: ProfileName,
        #[serde(default)]
        provider: Option<ProviderName>,
        #[serde(default)]
        model: Option<String>,
        #[serde(default)]
        effort: Option<Effort>,
        #[serde(default)]
        temperature: Option<Temperature>,
        #[serde(default)]
        instructions: Option<String>,
    },
    MessageOmitted {
        message_id: MessageId,
        omitted: bool,
    },
    WorkerStopped,
    AvailabilityChanged {
        reason: Option<Error>,
    },
    MessageCommitted {
        message: Message,
    },
    TurnAccepted {
        turn: Box<Turn>,
    },
    TurnWaiting {
        turn_id: TurnId,
        ahead: u32,
    },
    TurnLoading {
        turn_id: TurnId,
    },
    TurnAsked {
        turn_id: TurnId,
        sight: ContextWindow,
        #[serde(default)]
        model: Option<String>,
    },
    TurnGenerating {
        turn_id: TurnId,
        #[serde(default)]
        sight: Option<ContextWindow>,
        #[serde(default)]
        model: Option<String>,
    },
    TurnRetrying {
        turn_id: TurnId,
        error: Error,
        wait_ms: u64,
        #[serde(default)]
        adjustment: Option<Adjustment>,
    },
    TextDelta {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
        text: String,
    },
    ReasoningDelta {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
        text: String,
    },
    TextWasReasoning {
        turn_id: TurnId,
        message_id: MessageId,
        offset: u64,
    },
    TurnEnded {
        turn_id: TurnId,
        state: TurnState,
        #[serde(default)]
        error: Option<Error>,
        #[serde(default)]
        finish: Option<Finish>,
        #[serde(default)]
        usage: Option<Usage>,
        timings: Timings,
    },
}

/// Deserializes an enum whose variant is named in the field `type`, beside the variant's own
/// fields.
struct ByType(Tree);

impl<'de> Deserializer<'de> for ByType {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for ByType {
    type Error = Unreadable;
    type Variant = Held;

    fn variant_seed<S: DeserializeSeed<'de>>(
        mut self,
        seed: S,
    ) -> Result<(S::Value, Held), Unreadable> {
        let name = self.0.take("type")?;
        Ok((seed.deserialize(name)?, Held(Some(self.0))))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Debug;

    use protocol::sample;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{from_value, json, to_string, to_value};

    use super::*;

    fn bodies() -> Vec<EventBody> {
        let turn = sample::turn();
        let (turn_id, message_id) = (turn.turn_id, turn.answer);
        let mut error = Error::new(ErrorCode::Provider(ProviderKind::RateLimited), "Wait.")
            .with_hint("A while.")
            .with_retry_after_ms(5);
        error.said = Some("Slow down.".into());
        let sampling = api::Sampling { temperature: Some(0.5), seed: Some(7), ..turn.sampling };
        let mut full = Turn {
            waiting: Some(3),
            loading: true,
            ended_at: Some(sample::at(9)),
            sampling,
            ..turn
        };
        full.usage = Some(Usage {
            prompt_tokens: 1,
            completion_tokens: 2,
            cached_tokens: Some(0),
            reasoning_tokens: Some(1),
        });
        full.sight = Some(ContextWindow {
            first: Some(message_id),
            left_out: 2,
            window_tokens: Some(9),
            adjustments: vec![Adjustment::SystemInUser, Adjustment::WithoutTopP],
            effort: Some(Effort::none()),
            reasoning: true,
            rendered: Some("sha256:0".into()),
            request: Some("sha256:1".into()),
        });
        full.unsent = Unsent { sampling, effort: Some(Effort::none()) };
        full.effort = Some(Effort::none());
        full.retries = [None, Some(Adjustment::FewerMessages)]
            .map(|adjustment| Retry {
                at: sample::at(2),
                error: error.clone(),
                wait_ms: 7,
                adjustment,
            })
            .into();
        full.error = Some(Error::new(ErrorCode::Timeout(TimeoutPhase::Stall), "Late."));
        let (usage, sight) = (full.usage, full.sight.clone().unwrap_or_default());
        vec![
            EventBody::WorkerCreated {
                title: Some("\"é\\ud".into()),
                profile: full.profile.clone(),
            },
            EventBody::WorkerRenamed { title: None },
            EventBody::WorkerPlaced { place: Visibility::Archived },
            EventBody::ProfileChanged {
                profile: full.profile.clone(),
                provider: Some(ProviderName::openai()),
                model: Some("m".into()),
                effort: Some(Effort::none()),
                temperature: Temperature::try_from(0.7).ok(),
                instructions: Some("sha256:0".into()),
            },
            EventBody::ProfileChanged {
                profile: full.profile.clone(),
                provider: None,
                model: None,
                effort: None,
                temperature: None,
                instructions: None,
            },
            EventBody::MessageOmitted { message_id, omitted: true },
            EventBody::WorkerStopped,
            EventBody::AvailabilityChanged { reason: None },
            EventBody::AvailabilityChanged { reason: Some(error.clone()) },
            EventBody::MessageCommitted { message: sample::question() },
            EventBody::TurnAccepted { turn: Box::new(sample::turn()) },
            EventBody::TurnAccepted { turn: Box::new(full) },
            EventBody::TurnWaiting { turn_id, ahead: 2 },
            EventBody::TurnLoading { turn_id },
            EventBody::TurnAsked { turn_id, sight: sight.clone(), model: None },
            EventBody::TurnAsked { turn_id, sight: sight.clone(), model: Some("m".into()) },
            EventBody::TurnGenerating { turn_id, sight: None, model: None },
            EventBody::TurnGenerating { turn_id, sight: Some(sight), model: Some("m".into()) },
            EventBody::TurnRetrying {
                turn_id,
                error: error.clone(),
                wait_ms: 500,
                adjustment: None,
            },
            EventBody::TurnRetrying {
                turn_id,
                error: error.clone(),
                wait_ms: 0,
                adjustment: Some(Adjustment::WithoutTemperature),
            },
            EventBody::TextDelta { turn_id, message_id, offset: 9, text: "\u{1f600}\n".into() },
            EventBody::ReasoningDelta { turn_id, message_id, offset: 4, text: "hm".into() },
            EventBody::TextWasReasoning { turn_id, message_id, offset: 0 },
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Failed,
                error: Some(error),
                finish: None,
                usage,
                timings: Timings { total_ms: Some(4), ..Timings::default() },
            },
            EventBody::TurnEnded {
                turn_id,
                state: TurnState::Completed,
                error: None,
                finish: Some(Finish::Length),
                usage: None,
                timings: Timings::default(),
            },
        ]
    }

    /// The kinds of an enum of `protocol` that is tagged by `tag`. Serde lists all of them in the
    /// error for an unknown kind.
    fn kinds<T: DeserializeOwned + Debug>(tag: &str) -> BTreeSet<String> {
        let unknown = json!({ tag: "?" });
        let error = from_value::<T>(unknown).unwrap_err().to_string();
        error.split('`').skip(1).step_by(2).filter(|name| *name != "?").map(str::to_owned).collect()
    }

    /// The kinds of these examples.
    fn kinds_of<T: Serialize>(examples: &[T], tag: &str) -> BTreeSet<String> {
        let kind = |example| to_value(example).unwrap()[tag].as_str().unwrap().to_owned();
        examples.iter().map(kind).collect()
    }

    #[test]
    fn every_kind_of_event_is_parsed_as_protocol_parses_it() {
        let (runtime_id, worker_id) = (sample::worker().runtime_id, sample::worker().worker_id);
        let message_id = sample::turn().answer;
        assert_eq!(kinds_of(&bodies(), "type"), kinds::<EventBody>("type"));
        let append = Some(HtmlAppend { text: "b".into(), before: 4 });
        let patches = [
            None,
            Some(HtmlPatch { message_id, from: 1, blocks: vec!["<p>a</p>".into()], append: None }),
            Some(HtmlPatch { message_id, from: 1, blocks: Vec::new(), append }),
        ];
        let mut patches = patches.into_iter().cycle();
        for (body, first_seq) in bodies().into_iter().zip([None, Some(1)].into_iter().cycle()) {
            let event = Event { seq: 3, first_seq, at: sample::at(1), body };
            let cursor = Cursor::new(LogId(1), 3);
            let html = patches.next().flatten();
            let runtime_id = runtime_id.clone();
            let envelope = Envelope { cursor, runtime_id, worker_id, event, html };
            let sent = Frame::Event(Box::new(envelope));
            assert_eq!(frame(&to_string(&sent).unwrap()), Ok(sent));
        }
    }

    #[test]
    fn every_other_frame_is_parsed_as_protocol_parses_it() {
        let (runtime_id, worker_id) = (sample::worker().runtime_id, sample::worker().worker_id);
        let mut view = View::from_snapshot(sample::empty());
        sample::asked().iter().for_each(|event| {
            view.apply(event);
        });
        let snapshot = Box::new(view.snapshot(LogId(1)));
        let error = Error::new(ErrorCode::StaleCursor, "Old.");
        let progress = Progress { read_tokens: 1, prompt_tokens: 2, tokens_per_second: 3 };
        let turn_id = sample::turn().turn_id;
        let progress =
            Frame::Progress { runtime_id: runtime_id.clone(), worker_id, turn_id, progress };
        let snapshot = Frame::Snapshot { runtime_id, worker_id, snapshot };
        let mut frames = vec![snapshot, progress, Frame::Notice { error }];
        let append = Some(HtmlAppend { text: "b".into(), before: 4 });
        let changes = [
            None,
            Some(HtmlChange { from: 1, blocks: Vec::new(), append }),
            Some(HtmlChange { from: 1, blocks: vec!["<p>a</p>".into()], append: None }),
        ];
        frames.extend(changes.map(|html| Frame::More { seq: 7, text: "\"é".into(), html }));
        frames.extend(
            [
                CloseReason::Shutdown,
                CloseReason::Deleted,
                CloseReason::InvalidInput,
                CloseReason::Internal,
            ]
            .map(|reason| Frame::Close { reason }),
        );
        let mut others = kinds::<Frame>("frame");
        assert!(others.remove("event"), "events have a test of their own");
        assert_eq!(kinds_of(&frames, "frame"), others);
        for sent in frames {
            assert_eq!(frame(&to_string(&sent).unwrap()), Ok(sent));
        }
    }

    #[test]
    fn every_list_frame_is_parsed_as_protocol_parses_it() {
        let Worker { runtime_id, worker_id, .. } = sample::worker();
        let cursor = Cursor::new(LogId(1), 3);
        let mut worker = sample::worker();
        worker.reason = Some(Error::new(ErrorCode::Unavailable, "No."));
        worker.unreadable = true;
        let frames = [
            ListFrame::Hello { runtime_id, cursor: cursor.clone(), resumed: true },
            ListFrame::Worker { cursor: cursor.clone(), worker: Box::new(worker) },
            ListFrame::Deleted { cursor, worker_id },
            ListFrame::Close { reason: CloseReason::Shutdown },
        ];
        assert_eq!(kinds_of(&frames, "frame"), kinds::<ListFrame>("frame"));
        for sent in frames {
            assert_eq!(list_frame(&to_string(&sent).unwrap()), Ok(sent));
        }
    }

    #[test]
    fn unknown_error_codes_of_a_newer_server_are_parsed_as_general_ones() {
        let error = json!({ "code": "provider", "kind": "new", "message": "No.", "more": [1] });
        let text = json!({ "frame": "notice", "error": error }).to_string();
        let error = Error::new(ErrorCode::Provider(ProviderKind::Upstream), "No.");
        assert_eq!(frame(&text), Ok(Frame::Notice { error }));
        let text = json!({ "frame": "notice", "error": { "code": "new", "message": "No." } });
        let error = Error::new(ErrorCode::Internal, "No.");
        assert_eq!(frame(&text.to_string()), Ok(Frame::Notice { error }));
    }

    #[test]
    fn anything_that_is_not_a_frame_is_unreadable() {
        for text in ["", "{}", "[]", "{\"frame\":\"x\"}", "{\"frame\":1}", "{\"frame\":\"event\"}"]
        {
            assert_eq!(frame(text), Err(Unreadable), "{text}");
            assert_eq!(list_frame(text), Err(Unreadable), "{text}");
        }
    }
}
