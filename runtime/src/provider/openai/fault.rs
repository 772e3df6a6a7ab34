//! What is told when the provider fails: one sentence and what to do, per fault.
//!
//! Nothing of what the provider wrote is repeated: its text may hold keys, addresses and
//! paths (see the invariant of [`Error`]).

use protocol::ProviderKind::{
    Auth, ContentFilter, ContextLength, Malformed, ModelNotFound, Network, RateLimited, Upstream,
};
use protocol::{Error, ErrorCode, ProviderKind};

const CHECK_URL: &str = "Check COMPANION_BASE_URL: it is the address that ends before /chat/completions, usually in /v1.";
const CHECK_RUNNING: &str =
    "Check that the provider is running and that COMPANION_BASE_URL is right.";
const CHECK_KEY: &str = "Set COMPANION_API_KEY to a key that is valid for this provider.";
const CHECK_MODEL: &str = "Set COMPANION_MODEL to a chat model that the provider offers.";
const TRY_AGAIN: &str = "Try again; if it happens often, look into the provider's own log.";

fn error(kind: ProviderKind, message: impl Into<String>, hint: &str) -> Error {
    Error::new(ErrorCode::Provider(kind), message).with_hint(hint)
}

pub(super) fn unauthorized() -> Error {
    error(Auth, "The provider did not accept the API key.", CHECK_KEY)
}

pub(super) fn forbidden() -> Error {
    error(Auth, "The provider does not allow this with the API key.", CHECK_KEY)
}

/// Not `rate_limited`, for waiting does not help.
pub(super) fn no_credit() -> Error {
    let hint = "Check the account's billing, or set COMPANION_API_KEY to a key of another account.";
    error(Auth, "The provider says that the account has no credit left.", hint)
}

pub(super) fn rate_limited() -> Error {
    error(RateLimited, "The provider asks to wait before the next request.", "Try again later.")
}

pub(super) fn model_not_found() -> Error {
    error(ModelNotFound, "The provider does not know the model.", CHECK_MODEL)
}

pub(super) fn no_models() -> Error {
    error(ModelNotFound, "The provider lists no model to choose from.", CHECK_MODEL)
}

pub(super) fn list_unreadable() -> Error {
    error(Malformed, "The provider's list of models cannot be read.", CHECK_URL)
}

pub(super) fn list_timeout() -> Error {
    error(Network, "The provider did not list its models in time.", CHECK_RUNNING)
}

pub(super) fn context_length() -> Error {
    let hint = "Send a shorter message, or begin a new conversation.";
    error(ContextLength, "The message does not fit the model's window.", hint)
}

pub(super) fn content_filter() -> Error {
    let hint = "Say it in another way.";
    error(ContentFilter, "The provider's content filter stopped the answer.", hint)
}

pub(super) fn host_not_found() -> Error {
    error(Network, "The provider's host was not found.", CHECK_RUNNING)
}

pub(super) fn refused() -> Error {
    error(Network, "The provider refused the connection.", CHECK_RUNNING)
}

pub(super) fn unreachable() -> Error {
    error(Network, "The provider could not be reached.", CHECK_RUNNING)
}

pub(super) fn connect_timeout() -> Error {
    error(Network, "The provider did not take the connection in time.", CHECK_RUNNING)
}

pub(super) fn tls() -> Error {
    let hint = "Check that COMPANION_BASE_URL names the right host and that this system trusts \
                the authority of its certificate.";
    error(Network, "No secure connection to the provider could be made.", hint)
}

pub(super) fn broken() -> Error {
    let message = "The connection to the provider broke before the answer was complete.";
    error(Network, message, TRY_AGAIN)
}

pub(super) fn upstream(status: u16) -> Error {
    let message = format!("The provider reported a fault of its own (status {status}).");
    error(Upstream, message, TRY_AGAIN)
}

pub(super) fn upstream_in_stream() -> Error {
    error(Upstream, "The provider reported a fault of its own.", TRY_AGAIN)
}

/// `malformed` and not `upstream`, for the same request would be refused again.
pub(super) fn rejected(status: u16) -> Error {
    let message = format!("The provider did not accept the request (status {status}).");
    error(Malformed, message, CHECK_MODEL)
}

pub(super) fn wrong_address(status: u16) -> Error {
    let message = format!("The provider has no chat completions at its address (status {status}).");
    error(Malformed, message, CHECK_URL)
}

pub(super) fn redirect() -> Error {
    let hint = "Set COMPANION_BASE_URL to the final address.";
    let message =
        "The provider's address redirects to another one, and redirects are not followed.";
    error(Malformed, message, hint)
}

pub(super) fn not_http() -> Error {
    error(Malformed, "What the provider answered is not HTTP.", CHECK_URL)
}

pub(super) fn not_a_stream() -> Error {
    error(Malformed, "The provider's answer is not a stream of events.", CHECK_URL)
}

pub(super) fn not_json() -> Error {
    error(Malformed, "The provider's stream has an event that cannot be read.", TRY_AGAIN)
}

pub(super) fn event_too_long() -> Error {
    error(Malformed, "The provider's stream has an event that is far too long.", TRY_AGAIN)
}

pub(super) fn tool_call() -> Error {
    let message = "The model called a tool, though there are none, and answered nothing else.";
    error(Malformed, message, "Try again, or set COMPANION_MODEL to another model.")
}

pub(super) fn no_answer() -> Error {
    error(Malformed, "The provider ended its stream without an answer.", TRY_AGAIN)
}
