//! Bounds that both sides of the wire know. The server may be configured lower.

/// Characters in a conversation's title.
pub const TITLE_CHARS: usize = 200;
/// Characters in the query of a search.
pub const QUERY_CHARS: usize = 200;
/// Words in the query of a search.
pub const QUERY_WORDS: usize = 16;
/// Hits in one page of a search, unless asked otherwise.
pub const SEARCH_PAGE: u32 = 30;
/// Hits in one page of a search at most.
pub const SEARCH_PAGE_MAX: u32 = 100;
/// Characters of a text around its first hit.
pub const SNIPPET_CHARS: usize = 200;
/// Characters in a model's name.
pub const MODEL_CHARS: usize = 200;
/// Characters that are shown of what a provider said of an error.
pub const SAID_CHARS: usize = 500;
/// Messages in one page of a transcript, unless asked otherwise.
pub const TRANSCRIPT_PAGE: u32 = 50;
/// Messages in one page of a transcript at most.
pub const TRANSCRIPT_PAGE_MAX: u32 = 200;
/// Workers in one page of the list.
pub const WORKER_PAGE: u32 = 50;
/// Workers in one page of the list at most.
pub const WORKER_PAGE_MAX: u32 = 200;
/// The highest position in a log or an index that a client may name: the largest integer that a
/// number of JavaScript holds exactly (RFC 7493, section 2.2).
pub const POSITION_MAX: u64 = (1 << 53) - 1;
