//! The bytes of a provider's stream: the same answer however they are split, within bounds.
//! The first byte says where they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use provider_openai::reading::read;

/// Small, so that bounds are met.
const EVENT_BYTES: usize = 2_000;
const ANSWER_BYTES: usize = 500;

fuzz_target!(|data: &[u8]| {
    let Some((&split, bytes)) = data.split_first() else { return };
    let whole = read(std::iter::once(bytes), EVENT_BYTES, ANSWER_BYTES);
    let (reasoning, text, _) = &whole;
    assert!(text.len() <= ANSWER_BYTES);
    // Text that turns out to be reasoning, and the mark of a cut, come on top.
    assert!(reasoning.len() <= 2 * ANSWER_BYTES + 16);
    let pieces = bytes.chunks(usize::from(split % 16) + 1);
    assert_eq!(read(pieces, EVENT_BYTES, ANSWER_BYTES), whole, "by {split}");
});
