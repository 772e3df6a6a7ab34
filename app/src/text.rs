//! Every word that the page says, so that other languages have one place to begin.

// The product
pub const PRODUCT: &str = "Companion";
pub const SKIP: &str = "Skip to the message box";

// Conversations
pub const CONVERSATIONS: &str = "Conversations";
pub const NEW: &str = "New conversation";
pub const UNTITLED: &str = "New conversation";
pub const OLDER_CONVERSATIONS: &str = "Older conversations";
pub const MANAGE: &str = "Rename, export or delete";
pub const EXPORT: &str = "Export";
pub const EXPORT_MARKDOWN: &str = "Markdown";
pub const EXPORT_JSON: &str = "JSON";
pub const TITLE: &str = "Title";
pub const SAVE: &str = "Save";
pub const DELETE: &str = "Delete";
pub const DELETE_ASK: &str = "Delete this conversation, with everything in it, for good?";
pub const DELETE_YES: &str = "Delete for good";

// Everybody's own data
pub const DATA: &str = "Your data";
#[cfg(feature = "ssr")]
pub use data::*;
#[cfg(feature = "ssr")]
mod data;

// The first words
pub const WELCOME: &str = "What would you like to talk about?";
pub const WELCOME_LOCAL: &str =
    "The model runs inside this server. What you write stays on this machine.";
pub const WELCOME_OPENAI: &str =
    "Your messages go to the model endpoint that this server was configured with.";
pub const WELCOME_BUNDLED: &str = "It is a small model that came with Companion: quick, English \
     only, and often wrong. Check what it tells you.";
pub const WELCOME_NO_TOOLS: &str =
    "Companion has no tools. It can talk; it cannot read or change anything on this machine.";

// The provider
pub const MODEL: &str = "Model";
pub const LOCAL: &str = "runs on this machine";
pub const OPENAI: &str = "configured endpoint";
pub const NO_MODEL: &str = "No model";
pub const SMALL: &str = "small, English only";
pub const BETTER: &str = "Use a better model";
pub const BETTER_FILE: &str = "Any GGUF chat model: start the server with";
pub const BETTER_URL: &str = "Any OpenAI-compatible endpoint: start it with";
pub const BETTER_KEY: &str = "and, where a key is needed, put it in";

// The transcript
pub const TRANSCRIPT: &str = "Transcript";
pub const YOU: &str = "You";
pub const EARLIER: &str = "Earlier messages";
pub const EARLIER_LOADING: &str = "Loading earlier messages…";
pub const TO_NEWEST: &str = "Back to the newest messages";
pub const PAST: &str = "These are earlier messages of this conversation.";
pub const OUT_OF_SIGHT: &str = "The model no longer sees what is above this line";

// Versions
pub const VERSION_BEFORE: &str = "The version before";
pub const VERSION_AFTER: &str = "The next version";
pub const EDIT: &str = "Edit";
pub const EDITING: &str = "You are editing an earlier message. Both versions are kept.";
pub const EDIT_CANCEL: &str = "Cancel";
pub const AGAIN: &str = "Answer again";

// A turn
pub const TURN_WRITING: &str = "Writing";
pub const TURN_CANCELLED: &str = "You stopped this answer. What is above was kept.";
pub const TURN_CANCELLED_EMPTY: &str = "You stopped this answer before it began.";
pub const TURN_INTERRUPTED: &str =
    "The server ended while this was being written. What is above was kept.";
pub const TURN_INTERRUPTED_EMPTY: &str = "The server ended before this answer began.";
pub const TURN_EMPTY: &str = "The model answered with nothing. Ask again, or in other words.";
pub const TURN_LENGTH: &str = "The answer reached its longest allowed length and ends here.";
pub const TURN_FAILED: &str = "The answer failed.";
pub const TURN_KEPT: &str = "Your message and what is above were kept.";
pub const TURN_KEPT_EMPTY: &str = "Your message was kept.";
pub const TURN_TIMED_OUT: &str = "The model took too long.";

// What is going on
pub const IDLE: &str = "";
pub const SENDING: &str = "Sending…";
pub const RETRYING: &str = "Trying again…";
pub const READING: &str = "Reading your message…";
pub const GENERATING: &str = "Answering…";
pub const STOPPING: &str = "Stopping…";
pub const UNAVAILABLE: &str = "No answer is possible right now.";
pub const STOPPED: &str = "This conversation is closed to new messages.";
pub const ANSWERED: &str = "The answer is complete.";
pub const LINK_CONNECTING: &str = "Connecting…";
pub const LINK_LIVE: &str = "Live";
pub const LINK_AWAY: &str = "The server is away. This page comes back by itself.";
pub const DELETED: &str = "This conversation was deleted.";
pub const REFRESHES: &str =
    "An answer is being written. This page refreshes itself until it is there.";

// The composer
pub const COMPOSER: &str = "Your message";
pub const PLACEHOLDER: &str = "Write a message";
pub const KEYS: &str = "Enter sends, Shift + Enter starts a new line";
pub const SEND: &str = "Send";
pub const STOP: &str = "Stop";
pub const BUSY: &str = "The answer is still being written. Your text stays here until you send it.";
pub const TEXT_KEPT: &str = "Your text is still in the message box.";

// Pages that are not a conversation
pub const NOT_FOUND: &str = "There is nothing here";
pub const NOT_FOUND_PAGE: &str = "This address leads nowhere.";
pub const NOT_FOUND_CONVERSATION: &str =
    "This conversation does not exist. It may have been deleted.";
pub const TO_HOME: &str = "Go to the latest conversation";
pub const FAILED: &str = "This page could not be shown";
pub const NONE_YET: &str = "No conversation yet";
pub const NONE_YET_HINT: &str = "Start one; it takes a click.";
pub const LOADING: &str = "Loading…";

// Errors that arise between the page and the server
pub const SERVER_AWAY: &str = "The server could not be reached.";
pub const SERVER_AWAY_HINT: &str = "Check that it is running, then try again.";
pub const BAD_REQUEST: &str = "The server could not read this request.";
pub const BAD_ANSWER: &str = "The server's answer could not be read.";
pub const BAD_ANSWER_HINT: &str = "It may have been updated: reload the page.";
pub const SERVER_FAULT: &str = "The server made a mistake.";
#[cfg(feature = "ssr")]
pub const BAD_FORM: &str = "This form could not be read.";
#[cfg(feature = "ssr")]
pub const BAD_FORM_HINT: &str =
    "The text may be too long. Your browser's Back button brings it back.";
#[cfg(feature = "ssr")]
pub const NOTHING_THERE: &str = "There is nothing at this address.";

/// So many turns go before this one.
pub fn waiting(ahead: u32) -> String {
    match ahead {
        0 => "Waiting: next in line".to_owned(),
        1 => "Waiting: 1 answer goes first".to_owned(),
        n => format!("Waiting: {n} answers go first"),
    }
}

/// An attempt that failed, and the pause after it in seconds.
pub fn attempt(number: usize, happened: &str, pause: &str) -> String {
    format!("Attempt {number}: {happened} Asked again after {pause} s.")
}

/// Which of several versions is shown.
pub fn version(number: usize, count: usize) -> String {
    format!("{number}/{count}")
}

/// So many messages are left out of the model's sight.
pub fn left_out(messages: u32) -> String {
    match messages {
        1 => "1 message left out, for lack of room".to_owned(),
        n => format!("{n} messages left out, for lack of room"),
    }
}

/// Tokens of an answer.
pub fn tokens(count: u32) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// Tokens per second.
pub fn speed(rounded: &str) -> String {
    format!("{rounded} tokens/s")
}

/// Seconds to the first token.
pub fn first_token(rounded: &str) -> String {
    format!("first token after {rounded} s")
}

/// Seconds to wait before asking again.
pub fn retry_after(seconds: u64) -> String {
    if seconds == 1 {
        "Try again in 1 second.".to_owned()
    } else {
        format!("Try again in {seconds} seconds.")
    }
}

/// The title of the browser's window.
pub fn window_title(conversation: &str) -> String {
    format!("{conversation} · {PRODUCT}")
}
