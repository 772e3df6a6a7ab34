//! Cookies that the browser writes and the server reads.

/// A script stores the reader's UTC offset in this cookie, in minutes ahead of UTC. Pages without a
/// script show times by it, and forms pass it on.
pub const UTC_OFFSET: &str = "companion_utc_offset";

/// This cookie says that the list of conversations is hidden on wide screens. A script stores it, and
/// on pages without one a form.
pub const LIST: &str = "companion_list";

/// The value of [`LIST`] for that, and of the attribute `data-list` of the page's root element.
pub const HIDDEN: &str = "hidden";
