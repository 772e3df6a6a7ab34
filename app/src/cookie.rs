//! Cookies that the browser writes and the server reads.

/// In it a script tells the server where the reader's clock stands, in minutes ahead of UTC: pages
/// without a script tell times by it, and forms send it on.
pub const UTC_OFFSET: &str = "companion_utc_offset";
