//! Makes ids from the clock and the operating system's random numbers.

use protocol::{LogId, MessageId, Timestamp, TurnId, WorkerId};

use crate::clock::{Clock, SystemClock};

/// A message id from this machine's clock and randomness, for sends from plain forms.
pub fn new_message_id() -> MessageId {
    message_id(SystemClock.now())
}

pub(crate) fn message_id(at: Timestamp) -> MessageId {
    MessageId::from_parts(unix_ms(at), random())
}

pub(crate) fn worker_id(at: Timestamp) -> WorkerId {
    WorkerId::from_parts(unix_ms(at), random())
}

pub(crate) fn turn_id(at: Timestamp) -> TurnId {
    TurnId::from_parts(unix_ms(at), random())
}

/// A log's identity. The top bit is 0, because SQLite stores signed integers.
pub(crate) fn log_id() -> LogId {
    LogId(u64::from_be_bytes(random()) >> 1)
}

fn unix_ms(at: Timestamp) -> u64 {
    u64::try_from(at.unix_ms()).unwrap_or(0)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
