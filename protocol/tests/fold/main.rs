//! Properties of the fold that hold for every sound log (invariants 2 and 3).

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

use proptest::prelude::*;
use protocol::{Applied, Event, EventBody, Role, Snapshot, View, fold_deltas};

mod logs;
mod wire;

use logs::{LOG, any_log, folded, unborn};

/// The view that an observer gets over the wire, as a snapshot.
fn over_the_wire(view: &View) -> View {
    let json = serde_json::to_string(&view.snapshot(LOG)).unwrap();
    View::from_snapshot(serde_json::from_str::<Snapshot>(&json).unwrap())
}

/// The events that a resuming observer is sent: those after its position.
fn tail(events: &[Event], seq: u64) -> impl Iterator<Item = &Event> {
    events.iter().filter(move |event| event.seq > seq)
}

/// Where pages may begin: the indices of events that begin a message, and the end.
fn page_bounds(events: &[Event]) -> Vec<usize> {
    let begins = events.iter().enumerate().filter(|(_, event)| event.body.begins_message());
    begins.map(|(index, _)| index).chain([events.len()]).collect()
}

/// An index in `0..=len`, which gets smaller when the case is shrunk.
fn cut(at: &prop::sample::Index, len: usize) -> usize {
    at.index(len + 1)
}

proptest! {
    #[test]
    fn folding_a_prefix_over_the_wire_and_then_the_rest_equals_folding_all(events in any_log()) {
        let all = folded(&events);
        for at in 0..=events.len() {
            let mut view = over_the_wire(&folded(&events[..at]));
            for event in &events[at..] {
                prop_assert!(matches!(view.apply(event), Applied::Changed(_)));
            }
            prop_assert_eq!(&view, &all);
        }
    }

    #[test]
    fn a_repeated_event_changes_nothing(events in any_log(), at: prop::sample::Index) {
        let at = cut(&at, events.len());
        let before = folded(&events[..at]);
        let mut view = before.clone();
        for event in &events[..at] {
            prop_assert_eq!(view.apply(event), Applied::Repeated);
        }
        for event in fold_deltas(events[..at].to_vec()) {
            prop_assert_eq!(view.apply(&event), Applied::Repeated);
        }
        prop_assert_eq!(view, before);
    }

    #[test]
    fn an_event_beyond_a_gap_is_refused_and_changes_nothing(
        events in any_log(),
        at: prop::sample::Index,
    ) {
        let at = cut(&at, events.len());
        let before = folded(&events[..at]);
        let mut view = before.clone();
        for event in events.iter().skip(at + 1) {
            prop_assert_eq!(view.apply(event), Applied::Gap);
        }
        for event in fold_deltas(events.get(at + 1..).unwrap_or_default().to_vec()) {
            prop_assert_eq!(view.apply(&event), Applied::Gap);
        }
        prop_assert_eq!(view, before);
    }

    /// The log may be folded from any event on, as the store does at the end of a turn and an
    /// observer's read does at its position. The observer may be at any position.
    #[test]
    fn folded_deltas_give_the_same_view_from_every_cursor(
        events in any_log(),
        from: prop::sample::Index,
    ) {
        let all = folded(&events);
        let from = cut(&from, events.len());
        let mut log = events[..from].to_vec();
        log.extend(fold_deltas(events[from..].to_vec()));
        for at in 0..=events.len() {
            let mut view = over_the_wire(&folded(&events[..at]));
            for event in tail(&log, view.seq) {
                prop_assert!(matches!(view.apply(event), Applied::Changed(_)));
            }
            prop_assert_eq!(&view, &all, "folded from {}, resumed at {}", from, at);
        }
    }

    /// Events for a lagging observer are folded once more, after the store has folded them.
    #[test]
    fn folding_deltas_twice_equals_folding_them_once(events in any_log(), at: prop::sample::Index) {
        let once = fold_deltas(events.clone());
        prop_assert_eq!(&fold_deltas(once.clone()), &once);
        let at = cut(&at, events.len());
        let mut halves = fold_deltas(events[..at].to_vec());
        halves.extend_from_slice(&events[at..]);
        prop_assert_eq!(fold_deltas(halves), once);
    }

    #[test]
    fn folded_logs_stay_contiguous_and_hold_every_byte(events in any_log()) {
        let text = |events: &[Event]| -> Vec<String> {
            let of = |delta: fn(&EventBody) -> Option<&str>| {
                events.iter().filter_map(|event| delta(&event.body)).collect()
            };
            let text = of(|body| match body {
                EventBody::TextDelta { text, .. } => Some(text),
                _ => None,
            });
            let reasoning = of(|body| match body {
                EventBody::ReasoningDelta { text, .. } => Some(text),
                _ => None,
            });
            vec![text, reasoning]
        };
        let short = fold_deltas(events.clone());
        prop_assert_eq!(text(&short), text(&events));
        let mut next = 1;
        for event in &short {
            prop_assert_eq!(event.first_seq(), next);
            next = event.seq + 1;
        }
        prop_assert_eq!(next, events.len() as u64 + 1);
        let deltas = |pair: &[Event]| {
            pair[0].body.is_delta() && pair[0].body.kind() == pair[1].body.kind()
        };
        prop_assert!(!short.windows(2).any(deltas), "neighbouring deltas are joined");
    }

    /// Text and reasoning grow independently, and text that was thinking is moved.
    #[test]
    fn an_answer_is_the_concatenation_of_its_deltas(events in any_log()) {
        let all = folded(&events);
        for message in all.messages.iter().filter(|message| message.role == Role::Assistant) {
            let (mut text, mut reasoning) = (String::new(), String::new());
            for event in &events {
                match &event.body {
                    EventBody::TextDelta { message_id, text: piece, .. }
                        if *message_id == message.id => text.push_str(piece),
                    EventBody::ReasoningDelta { message_id, text: piece, .. }
                        if *message_id == message.id => reasoning.push_str(piece),
                    EventBody::TextWasReasoning { message_id, .. }
                        if *message_id == message.id =>
                        reasoning.push_str(&std::mem::take(&mut text)),
                    _ => {}
                }
            }
            prop_assert_eq!((&message.text, &message.reasoning), (&text, &reasoning));
        }
    }

    #[test]
    fn a_page_holds_exactly_its_slice_of_the_messages(
        events in any_log(),
        first: prop::sample::Index,
        last: prop::sample::Index,
    ) {
        let all = folded(&events);
        let bounds = page_bounds(&events);
        let (a, b) = (first.index(bounds.len()), last.index(bounds.len()));
        let (a, b) = (a.min(b), a.max(b));
        let page = &events[bounds[a]..bounds[b]];
        let mut view = View::new(all.worker.clone(), bounds[a] as u64);
        for event in page {
            view.apply(event);
        }
        prop_assert_eq!(&view.messages[..], &all.messages[a..b]);
        let wrote = |turn: &&protocol::Turn| view.messages.iter().any(|m| m.id == turn.answer);
        let turns: Vec<_> = all.turns.iter().filter(wrote).cloned().collect();
        prop_assert_eq!(&view.turns, &turns);
    }

    #[test]
    fn prepending_pages_rebuilds_the_whole_view(events in any_log(), limit in 1usize..4) {
        let all = folded(&events);
        let bounds = page_bounds(&events);
        let mut end = bounds.len() - 1;
        let mut view: Option<View> = None;
        while end > 0 {
            let start = end.saturating_sub(limit);
            let mut page = View::new(unborn(), bounds[start] as u64);
            for event in &events[bounds[start]..bounds[end]] {
                page.apply(event);
            }
            page.next_before = (start > 0).then_some(bounds[start] as u64 + 1);
            match &mut view {
                None => view = Some(page),
                Some(view) => {
                    let before = view.next_before.unwrap();
                    let untouched = view.clone();
                    view.prepend(page.transcript(LOG), before + 1);
                    prop_assert_eq!(&*view, &untouched, "a page from elsewhere is not used");
                    view.prepend(page.transcript(LOG), before);
                }
            }
            end = start;
        }
        let (messages, turns) = view.map(|v| (v.messages, v.turns)).unwrap_or_default();
        prop_assert_eq!(messages, all.messages);
        prop_assert_eq!(turns, all.turns);
    }

    /// The worker of a page is the newest one, although the page's events are folded over it again.
    #[test]
    fn replaying_a_run_that_reaches_the_newest_leaves_the_worker_as_it_is(
        events in any_log(),
        from: prop::sample::Index,
    ) {
        let mut worker = folded(&events).worker;
        let newest = worker.clone();
        for event in &events[cut(&from, events.len())..] {
            worker.apply(event);
        }
        prop_assert_eq!(worker, newest);
    }
}
