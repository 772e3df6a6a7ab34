//! Cookies that the browser writes and the server reads.

/// A script stores the reader's UTC offset in this cookie, in minutes ahead of UTC. Pages without a
/// script show times by it, and forms pass it on.
pub const UTC_OFFSET: &str = "companion_utc_offset";
