//! A position in a worker's log, opaque to clients.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Identifies the log that a cursor belongs to. It is random and made with the worker, so that a
/// cursor of another worker or another database is recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogId(pub u64);

/// A position as clients hold it: they send it back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String))]
pub struct Cursor(String);

/// The text is not a valid cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CursorError;

impl fmt::Display for CursorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a cursor")
    }
}

impl std::error::Error for CursorError {}

impl Cursor {
    /// The position after event `seq` of `log`; `seq` 0 is before the first.
    pub fn new(log: LogId, seq: u64) -> Self {
        Self(format!("1{:016x}{seq:x}", log.0))
    }

    /// Wraps a text from a client without checking it; [`Self::parts`] does that.
    pub fn from_client(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The log and the position. Fails for any text that [`Self::new`] does not make.
    pub fn parts(&self) -> Result<(LogId, u64), CursorError> {
        let text = self.0.as_str();
        let known =
            text.len() <= 33 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let rest = text.strip_prefix('1').filter(|rest| known && rest.len() > 16);
        let (log, seq) = rest.ok_or(CursorError)?.split_at(16);
        let hex = |digits| u64::from_str_radix(digits, 16).map_err(|_| CursorError);
        let parts = (LogId(hex(log)?), hex(seq)?);
        // One position has one spelling, so that equal cursors compare equal.
        if Self::new(parts.0, parts.1) == *self { Ok(parts) } else { Err(CursorError) }
    }

    /// The cursor of another position in the same log; `None` if this is no valid cursor.
    pub fn moved(&self, seq: u64) -> Option<Self> {
        self.parts().ok().map(|(log, _)| Self::new(log, seq))
    }

    /// The cursor as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_inverts_new(log: u64, seq: u64) {
            prop_assert_eq!(Cursor::new(LogId(log), seq).parts(), Ok((LogId(log), seq)));
        }

        #[test]
        fn any_text_is_a_cursor_or_an_error(text in ".{0,60}") {
            let cursor = Cursor::from_client(text);
            if let Ok((log, seq)) = cursor.parts() {
                prop_assert_eq!(Cursor::new(log, seq), cursor);
            }
        }
    }

    #[test]
    fn malformed_cursors_are_refused() {
        for bad in ["", "1", "2000000000000000ff1", "100000000000000ff", "100000000000000ff01", "é"]
        {
            assert!(Cursor::from_client(bad).parts().is_err(), "{bad}");
        }
    }
}
