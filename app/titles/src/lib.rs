//! Finds conversations by their titles, with tolerance for queries typed in a hurry.
//!
//! Pure: [`score`] rates how well a text matches, and [`Titles`] holds the prepared titles of a
//! list. The caller loads the list and follows its changes.

mod index;
mod score;

pub use index::{FOUND, MOST, Titles};
pub use score::{is_said, score};

/// The most characters of a query that are used.
pub const QUERY_CHARS: usize = 200;
