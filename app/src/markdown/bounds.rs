//! Bounds for two constructs whose HTML can grow faster than their text: a table, whose short rows
//! the parser fills with empty cells, and a link reference, whose address is written once and used
//! by many links.
//!
//! The parser has bounds of its own for both (2^18 cells, 100,000 bytes), which are far above
//! what a short text should cost.

use super::work;

/// Columns of a table at most. When a text has a wider one, none of its tables is read as a table,
/// and their lines are shown as text.
const COLUMNS: usize = 100;

/// Bytes that all addresses of a text may have together, beyond the length of the text. Only
/// addresses of link references can need them: one that is written in its link is part of the
/// text's length.
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

/// What may still be written for a text: bytes of addresses, and empty cells.
pub(super) struct Bounds {
    address_bytes: usize,
    cells: usize,
}

impl Bounds {
    pub(super) fn of(text: &str) -> Self {
        // A cell that stands in the text takes at least a byte of it, so these are enough for it.
        Self { address_bytes: text.len() + ADDRESS_BYTES, cells: text.len() }
    }

    /// Whether an address may be used once more; otherwise its link is shown as plain words.
    pub(super) fn takes_address(&mut self, address: &str) -> bool {
        let left = self.address_bytes.checked_sub(address.len());
        self.address_bytes = left.unwrap_or(self.address_bytes);
        left.is_some()
    }

    /// Whether one more empty cell may be written at the end of a row; otherwise it is left out.
    pub(super) fn takes_empty_cell(&mut self) -> bool {
        let left = self.cells.checked_sub(1);
        self.cells = left.unwrap_or(0);
        left.is_some()
    }
}
