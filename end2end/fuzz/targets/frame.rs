//! Frames of the event stream as a console reads them, one a line: `protocol`'s reader and the
//! page's own, which must agree, and the fold. The page's reader refuses a frame without a field that
//! the server always writes, even if it is null; `protocol` takes it for null.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{Applied, Frame, FrameExpander, LogId, View};

fuzz_target!(|text: &str| {
    let mut view: Option<View> = None;
    let mut expander = FrameExpander::default();
    for line in text.lines() {
        let Ok(frame) = serde_json::from_str::<Frame>(line) else {
            // Others than these may be understood by the page's reader, and do no harm.
            let _ = json_tree::frame(line);
            continue;
        };
        if let Ok(page) = json_tree::frame(line) {
            assert_eq!(page, frame, "the two readers differ");
        }
        let written = serde_json::to_string(&frame).unwrap();
        assert_eq!(serde_json::from_str::<Frame>(&written).unwrap(), frame);
        assert_eq!(json_tree::frame(&written).unwrap(), frame);
        match expander.expand(frame) {
            Some(Frame::Snapshot { snapshot, .. }) => view = Some(View::from_snapshot(*snapshot)),
            Some(Frame::Event(envelope)) => {
                if let Some(view) = &mut view {
                    fold(view, &envelope.event);
                }
            }
            Some(Frame::More { .. }) => panic!("a short frame is left short"),
            Some(Frame::Progress { .. } | Frame::Notice { .. } | Frame::Close { .. }) | None => {}
        }
    }
});

/// Whatever an event says: once is as often as twice, and a gap changes nothing.
fn fold(view: &mut View, event: &protocol::Event) {
    let before = view.clone();
    let applied = view.apply(event);
    match applied {
        Applied::Changed(_) => assert!(view.seq > before.seq),
        Applied::Repeated | Applied::Gap => assert_eq!(*view, before),
    }
    let once = view.clone();
    assert!(!matches!(view.apply(event), Applied::Changed(_)));
    assert_eq!(*view, once);
    let again = View::from_snapshot(view.snapshot(LogId(1)));
    assert_eq!(again, *view, "a snapshot of it is not it");
}
