//! What is told when the provider fails: one sentence and what to do, per cause.
//!
//! Nothing of what the provider wrote is in them; its own words stand beside them (`words`).

use protocol::ProviderKind::{
    Auth, Beginning, Compressed, ContentFilter, ContextLength, Credit, Malformed, ModelNotFound,
    Network, Parameter, Permission, RateLimited, Rejected, Roles, Upstream,
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

pub(super) fn no_key() -> Error {
    error(Auth, "The provider wants an API key, and none is configured.", CHECK_KEY)
}

pub(super) fn forbidden() -> Error {
    let hint = "Check what the account and its API key may do; another model may be allowed.";
    error(Permission, "The provider does not allow this.", hint)
}

/// Not `rate_limited`, for waiting does not help.
pub(super) fn no_credit() -> Error {
    let hint = "Check the account's billing, or set COMPANION_API_KEY to a key of another account.";
    error(Credit, "The provider says that the account has no credit left.", hint)
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

/// The value of a parameter, or the parameter itself where it cannot be left out.
pub(super) fn parameter(name: &str) -> Error {
    let message = format!("The provider does not take the parameter `{name}` as it was sent.");
    error(Parameter, message, "Change it in the profile, or choose another model.")
}

pub(super) fn roles() -> Error {
    let message = "The provider does not take the roles of these messages.";
    error(Roles, message, "Choose another model, or begin a new conversation.")
}

pub(super) fn beginning() -> Error {
    let message = "The provider does not go on from an answer that was begun.";
    error(Beginning, message, "Ask for the answer once more, or ask for its rest in a message.")
}

pub(super) fn compressed() -> Error {
    let message = "The provider compressed its answer, though nobody had asked for that.";
    error(Compressed, message, "Switch compression off at the provider, or at the proxy before it.")
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

/// Not `upstream`, for the same request would be refused again.
pub(super) fn rejected(status: u16) -> Error {
    let message = format!("The provider did not accept the request (status {status}).");
    error(Rejected, message, "Its own words, or its log, say why. Another model may take it.")
}

/// A request could not be made.
pub(super) fn not_sent() -> Error {
    error(Rejected, "The request could not be made.", TRY_AGAIN)
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
