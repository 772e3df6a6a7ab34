//! The bytes of a provider's stream: the same answer however they are split, within bounds.
//! The first byte says where they are.

#![no_main]

use libfuzzer_sys::fuzz_target;
use protocol::{Error, Finish, Usage};

mod openai;

/// Small, so that bounds are met.
const EVENT_BYTES: usize = 2_000;
const ANSWER_BYTES: usize = 500;

type Outcome = (String, Result<(Finish, Option<Usage>), Option<Error>>);

fuzz_target!(|data: &[u8]| {
    let Some((&split, bytes)) = data.split_first() else { return };
    let whole: Outcome = openai::read(std::iter::once(bytes), EVENT_BYTES, ANSWER_BYTES);
    assert!(whole.0.len() <= ANSWER_BYTES);
    let pieces = bytes.chunks(usize::from(split % 16) + 1);
    assert_eq!(openai::read(pieces, EVENT_BYTES, ANSWER_BYTES), whole, "by {split}");
});
