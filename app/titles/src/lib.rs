//! Finds conversations by their titles, as somebody types them in a hurry.
//!
//! Pure: [`score`] says how well a text fits, and [`Titles`] keeps the titles of a list ready for it.
//! Reading the list and following its changes is left to others.

mod index;
mod score;

pub use index::{FOUND, MOST, Titles};
pub use score::{is_said, score};

/// Characters by which a title is looked for, at most.
pub const QUERY_CHARS: usize = 200;
