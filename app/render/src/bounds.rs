//! Limits for two constructs whose HTML can grow faster than their text: tables, because the parser
//! fills short rows with empty cells, and link references, whose address is written once and used
//! by many links.
//!
//! The parser's own limits for both (2^18 cells, 100,000 bytes) are far above what a short text
//! should cost. The limit at a position depends only on the text before it, so that rendered HTML
//! stays valid while the text grows.

use super::work;

/// The most columns of a table. If a text has a wider table, none of its tables is parsed as one,
/// and their lines are shown as text.
const COLUMNS: usize = 100;

/// How many bytes all addresses of a text may have together, beyond the length of the text up to
/// the last of them. Only link references can exceed that length, because an inline address is
/// itself part of it.
const ADDRESS_BYTES: usize = 16 * 1024;

/// Whether a text may contain a table that is too wide: a line has too many `|` with only `-`, `:`
/// and white space between them, like the delimiter row below a table's head.
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

/// What was written so far for a text: bytes of addresses, and empty cells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Bounds {
    address_bytes: usize,
    cells: usize,
}

impl Bounds {
    /// Whether another use of an address is within the limit at this position of the text.
    /// Otherwise its link is shown as plain text.
    pub(super) fn takes_address(&mut self, address: &str, at: usize) -> bool {
        let bytes = self.address_bytes + address.len();
        let takes = bytes <= at + ADDRESS_BYTES;
        if takes {
            self.address_bytes = bytes;
        }
        takes
    }

    /// Whether another empty cell at the end of a row is within the limit at this position.
    /// Otherwise it is left out.
    pub(super) fn takes_empty_cell(&mut self, at: usize) -> bool {
        // A cell that is written in the text takes at least one byte of it, so this many are
        // enough.
        let takes = self.cells < at;
        self.cells += usize::from(takes);
        takes
    }
}
