//! Bounds for two constructs whose HTML can grow faster than their text: a table, whose short rows
//! the parser fills with empty cells, and a link reference, whose address is written once and used
//! by many links.
//!
//! The parser has bounds of its own for both (2^18 cells, 100,000 bytes), which are far above
//! what a short text should cost. What a place of a text may use depends on the text before it
//! alone, so that it stays as it is while the text grows.

use super::work;

/// Columns of a table at most. When a text has a wider one, none of its tables is read as a table,
/// and their lines are shown as text.
const COLUMNS: usize = 100;

/// Bytes that all addresses of a text may have together, beyond the length of the text up to the
/// last of them. Only addresses of link references can need them: one that is written in its link is
/// part of the text's length.
const ADDRESS_BYTES: usize = 16 * 1024;

/// Whether a text may hold a table that is too wide: a line has too many `|` with nothing between
/// them but `-`, `:` and white space, as in the line below a table's head.
pub(super) fn is_too_wide(text: &str) -> bool {
    work::looked_at(text.len());
    let mut columns = 0;
    text.bytes().any(|byte| {
        match byte {
            b'|' => columns += 1,
            b'-' | b':' | b' ' | b'\t' => {}
            _ => columns = 0,
        }
        columns > COLUMNS
    })
}

/// What was written for a text so far: bytes of addresses, and empty cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bounds {
    address_bytes: usize,
    cells: usize,
}

impl Bounds {
    /// Whether an address may be used once more, so many bytes behind the text's beginning;
    /// otherwise its link is shown as plain words.
    pub(super) fn takes_address(&mut self, address: &str, at: usize) -> bool {
        let bytes = self.address_bytes + address.len();
        let takes = bytes <= at + ADDRESS_BYTES;
        if takes {
            self.address_bytes = bytes;
        }
        takes
    }

    /// Whether one more empty cell may be written at the end of a row there; otherwise it is left
    /// out.
    pub(super) fn takes_empty_cell(&mut self, at: usize) -> bool {
        // A cell that stands in the text takes at least a byte of it, so these are enough for it.
        let takes = self.cells < at;
        self.cells += usize::from(takes);
        takes
    }
}
