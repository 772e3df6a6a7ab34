//! Bounds for what grows faster than its text: a table whose rows are filled up to its widest
//! one, and an address that is written once and led to again and again.
//!
//! The parser has bounds of its own for both (2^18 cells, 100,000 bytes), which are far above
//! what a short text should cost.

use super::work;

/// Columns of a table. A text with a wider one has none: it is shown as its lines.
const COLUMNS: usize = 100;

/// Bytes of addresses beyond the length of the text. An address that is written where it leads
/// from never counts for more than it is long.
const ADDRESS_BYTES: usize = 16 * 1024;

/// Whether a text could be a table that is too wide: a line of it has that many columns, and
/// nothing but what rules off a table's head.
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

/// What a text may still cost besides its own length.
pub(super) struct Bounds {
    address_bytes: usize,
    cells: usize,
}

impl Bounds {
    pub(super) fn of(text: &str) -> Self {
        // What a table says takes a byte for each of its cells.
        Self { address_bytes: text.len() + ADDRESS_BYTES, cells: text.len() }
    }

    /// Whether an address may be led to once more; otherwise its words stand for themselves.
    pub(super) fn takes_address(&mut self, address: &str) -> bool {
        let left = self.address_bytes.checked_sub(address.len());
        self.address_bytes = left.unwrap_or(self.address_bytes);
        left.is_some()
    }

    /// Whether a cell without anything in it is shown; otherwise its row ends earlier.
    pub(super) fn takes_empty_cell(&mut self) -> bool {
        let left = self.cells.checked_sub(1);
        self.cells = left.unwrap_or(0);
        left.is_some()
    }
}
