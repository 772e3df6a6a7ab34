//! A cursor as any client may send it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::Cursor;

fuzz_target!(|text: &str| {
    let cursor = Cursor::from_client(text);
    assert_eq!(cursor.as_str(), text);
    // Whatever is understood is the one way to say it.
    if let Ok((log, seq)) = cursor.parts() {
        let own = Cursor::new(log, seq);
        assert_eq!(own.parts(), Ok((log, seq)));
        assert_eq!(own.as_str(), text, "two texts for one position");
    }
});
