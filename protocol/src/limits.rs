//! Limits that both sides of the wire know. The server may be configured with lower ones.

/// The most characters in a conversation's title.
pub const TITLE_CHARS: usize = 200;
/// The most characters in a search query.
pub const QUERY_CHARS: usize = 200;
/// The most words in a search query.
pub const QUERY_WORDS: usize = 16;
/// Hits in one page of a search by default.
pub const SEARCH_PAGE: u32 = 30;
/// The most hits in one page of a search.
pub const SEARCH_PAGE_MAX: u32 = 100;
/// The characters of a search hit's snippet.
pub const SNIPPET_CHARS: usize = 200;
/// The most characters in a conversation's own instructions.
pub const INSTRUCTIONS_CHARS: usize = 16_000;
/// The most messages of one conversation that can be left out of what is sent.
pub const OMITTED_MESSAGES: usize = 200;
/// The most answers to one message that can be asked for at once.
pub const ANSWERS_AT_ONCE: usize = 4;
/// The most characters in a model's name.
pub const MODEL_CHARS: usize = 200;
/// The most characters that are shown of a provider's own words about an error.
pub const SAID_CHARS: usize = 500;
/// Messages in one page of a transcript by default.
pub const TRANSCRIPT_PAGE: u32 = 50;
/// The most messages in one page of a transcript.
pub const TRANSCRIPT_PAGE_MAX: u32 = 200;
/// Workers in one page of the list by default.
pub const WORKER_PAGE: u32 = 50;
/// The most workers in one page of the list.
pub const WORKER_PAGE_MAX: u32 = 200;
/// The highest position in a log or an index that a client may send: the largest integer that a
/// JavaScript number holds exactly (RFC 7493, section 2.2).
pub const POSITION_MAX: u64 = (1 << 53) - 1;
