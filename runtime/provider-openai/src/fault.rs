//! The errors for a provider's failures: a sentence and a hint for each cause.
//!
//! They contain nothing that the provider wrote; its own words are shown beside them (`words`). The
//! errors between this machine and the provider are in [`network`].
//!
//! A hint names the setting to change by a placeholder such as `{key}`, because the endpoint of
//! `COMPANION_BASE_URL` and those of the configuration file's tables have different settings;
//! [`with_settings`] fills in the right one.

use protocol::ProviderKind::{
    Api, Auth, Beginning, Compressed, ContentFilter, ContextLength, Credit, Cut, Malformed,
    ModelNotFound, Network, Parameter, Permission, RateLimited, Rejected, Roles, Unfit, Upstream,
};
use protocol::{Error, ErrorCode, ProviderKind, ProviderName};

pub(crate) mod network;

const CHECK_URL: &str =
    "Check {url}: it's the address up to /chat/completions, and usually ends in /v1.";
const CHECK_RUNNING: &str = "Check that the endpoint is running and that {url} is right.";
const CHECK_KEY: &str = "Set {key} to a key that is valid for this endpoint.";
const CHECK_MODEL: &str =
    "Choose another model, or set {model} to a chat model that the endpoint offers.";
const CHOOSE_ANOTHER: &str = "Choose another model.";
const TRY_AGAIN: &str = "Try again. If it keeps happening, check the endpoint's own log.";

fn error(kind: ProviderKind, message: impl Into<String>, hint: &str) -> Error {
    Error::new(ErrorCode::Provider(kind), message).with_hint(hint)
}

/// Replaces the placeholders by the settings of this endpoint.
pub(crate) fn with_settings(mut error: Error, endpoint: &ProviderName) -> Error {
    let Some(hint) = &error.hint else { return error };
    let own = endpoint.is_openai();
    let settings = [
        ("{url}", "COMPANION_BASE_URL", "`base_url`"),
        ("{key}", "COMPANION_API_KEY", "`api_key_file` or `api_key_env`"),
        ("{model}", "COMPANION_MODEL", "`models`"),
        ("{proxy}", "COMPANION_PROXY", "`proxy`"),
        ("{api}", "COMPANION_API", "`api`"),
        ("{ca_file}", "SSL_CERT_FILE", "`ca_file`"),
        ("{tls_server_name}", "tls_server_name of an [[endpoint]]", "`tls_server_name`"),
    ];
    let mut filled = hint.clone();
    for (placeholder, variable, setting) in settings {
        if filled.contains(placeholder) {
            let table = format!("{setting} of the endpoint `{endpoint}` in companion.toml");
            filled = filled.replace(placeholder, if own { variable } else { &table });
        }
    }
    error.hint = Some(filled);
    error
}

pub(crate) fn unauthorized() -> Error {
    error(Auth, "The endpoint refused the API key.", CHECK_KEY)
}

pub(crate) fn no_key() -> Error {
    error(Auth, "The endpoint requires an API key, and none is configured.", CHECK_KEY)
}

pub(crate) fn forbidden() -> Error {
    let hint = "Check what the account and its API key are allowed to do, or choose another model.";
    error(Permission, "The endpoint doesn't allow this.", hint)
}

/// Not `rate_limited`, because waiting does not help.
pub(crate) fn no_credit() -> Error {
    let hint = "Check the account's billing, or set {key} to a key of another account.";
    error(Credit, "The account at the endpoint has no credit left.", hint)
}

pub(crate) fn rate_limited() -> Error {
    error(
        RateLimited,
        "The endpoint limits the rate of requests.",
        "Wait a moment, then try again.",
    )
}

pub(crate) fn model_not_found() -> Error {
    error(ModelNotFound, "The endpoint doesn't offer this model.", CHECK_MODEL)
}

/// Not `upstream`, for asking again makes the endpoint load it again.
pub(crate) fn not_loaded() -> Error {
    let hint =
        "Check the endpoint's own log (it may lack memory for the model), or choose another model.";
    error(Rejected, "The endpoint couldn't load the model.", hint)
}

/// The account's settings keep out everybody who serves the model.
pub(crate) fn kept_out() -> Error {
    let hint = "Change the account's privacy settings at the endpoint, or choose another model.";
    error(
        Permission,
        "The account's privacy settings exclude everyone who serves this model.",
        hint,
    )
}

pub(crate) fn no_models() -> Error {
    error(ModelNotFound, "The endpoint lists no models.", CHECK_MODEL)
}

pub(crate) fn list_unreadable() -> Error {
    error(Malformed, "The endpoint's list of models can't be read.", CHECK_URL)
}

pub(crate) fn list_timeout() -> Error {
    error(Network, "The endpoint didn't list its models in time.", CHECK_RUNNING)
}

pub(crate) fn context_length() -> Error {
    let hint = "Send a shorter message, or start a new conversation.";
    error(ContextLength, "The message doesn't fit the model's context window.", hint)
}

pub(crate) fn content_filter() -> Error {
    let hint = "Edit the message and rephrase it.";
    error(ContentFilter, "The endpoint's content filter stopped the answer.", hint)
}

/// The endpoint refuses the value of a parameter, or a parameter that cannot be left out.
pub(crate) fn parameter(name: &str) -> Error {
    let message = format!("The endpoint doesn't accept the parameter `{name}` as it was sent.");
    error(Parameter, message, "Change it in the profile, or choose another model.")
}

pub(crate) fn roles() -> Error {
    let message = "The endpoint doesn't accept the roles of these messages.";
    error(Roles, message, "Choose another model, or start a new conversation.")
}

pub(crate) fn beginning() -> Error {
    let message = "The endpoint can't continue a partial answer.";
    error(Beginning, message, "Regenerate the answer, or ask for the rest in a message.")
}

pub(crate) fn compressed() -> Error {
    let message = "The endpoint compressed its response without being asked to.";
    error(
        Compressed,
        message,
        "Turn off compression at the endpoint, or at the proxy in front of it.",
    )
}

pub(crate) fn host_not_found() -> Error {
    error(Network, "The endpoint's host was not found.", CHECK_RUNNING)
}

pub(crate) fn refused() -> Error {
    error(Network, "The endpoint refused the connection.", CHECK_RUNNING)
}

pub(crate) fn unreachable() -> Error {
    error(Network, "The endpoint can't be reached.", CHECK_RUNNING)
}

pub(crate) fn connect_timeout() -> Error {
    error(Network, "The endpoint didn't accept the connection in time.", CHECK_RUNNING)
}

pub(crate) fn broken() -> Error {
    let message = "The connection to the endpoint ended before the answer was complete.";
    error(Cut, message, TRY_AGAIN)
}

pub(crate) fn upstream(status: u16) -> Error {
    let message = format!("The model endpoint returned an error ({status}).");
    error(Upstream, message, TRY_AGAIN)
}

pub(crate) fn upstream_in_stream() -> Error {
    error(Upstream, "The model endpoint returned an error.", TRY_AGAIN)
}

/// Not `upstream`, because the same request would be refused again.
pub(crate) fn rejected(status: u16) -> Error {
    let message = format!("The endpoint refused the request ({status}).");
    error(
        Rejected,
        message,
        "The endpoint's own words or its log say why. Another model may accept it.",
    )
}

/// The request could not be built.
pub(crate) fn not_sent() -> Error {
    error(Rejected, "The request couldn't be made.", TRY_AGAIN)
}

pub(crate) fn wrong_address(status: u16) -> Error {
    let message = format!("The endpoint has no chat completions at its address ({status}).");
    error(Malformed, message, CHECK_URL)
}

/// The endpoint has only chat completions.
pub(crate) fn no_responses(status: u16) -> Error {
    let message = format!("The endpoint has no Responses API at its address ({status}).");
    error(Api, message, "Set {api} to \"chat\", or check {url}.")
}

/// The model is offered only by the Responses API.
pub(crate) fn only_responses() -> Error {
    let message = "The endpoint offers this model only through its Responses API.";
    error(Api, message, "Set {api} to \"responses\", or choose another model.")
}

/// The model is offered only by chat completions.
pub(crate) fn not_by_responses() -> Error {
    let message = "The endpoint doesn't offer this model through its Responses API.";
    error(Api, message, "Set {api} to \"chat\", or choose another model.")
}

pub(crate) fn redirect() -> Error {
    let hint = "Set {url} to the final address.";
    let message =
        "The endpoint's address redirects to another one, and redirects are not followed.";
    error(Malformed, message, hint)
}

pub(crate) fn not_http() -> Error {
    error(Malformed, "The endpoint's response isn't HTTP.", CHECK_URL)
}

pub(crate) fn not_a_stream() -> Error {
    error(Malformed, "The endpoint's response isn't a stream of events.", CHECK_URL)
}

pub(crate) fn not_json() -> Error {
    error(Malformed, "The endpoint's stream contains an event that can't be read.", TRY_AGAIN)
}

pub(crate) fn event_too_long() -> Error {
    error(Malformed, "The endpoint's stream contains an event that is far too long.", TRY_AGAIN)
}

pub(crate) fn tool_call() -> Error {
    let message = "The model called a tool instead of answering, and there are no tools.";
    error(Unfit, message, CHOOSE_ANOTHER)
}

/// The model is made for embeddings, speech or pictures.
pub(crate) fn not_for_chats() -> Error {
    error(Unfit, "This model isn't made for chat.", CHOOSE_ANOTHER)
}

pub(crate) fn no_answer() -> Error {
    error(Malformed, "The endpoint ended its stream without an answer.", TRY_AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_names_the_setting_of_the_failed_endpoint() {
        let hint = |error: Error, name: &str| {
            with_settings(error, &name.parse().unwrap()).hint.unwrap_or_default()
        };
        assert!(hint(unauthorized(), "openai").starts_with("Set COMPANION_API_KEY to"));
        assert_eq!(
            hint(unauthorized(), "azure"),
            "Set `api_key_file` or `api_key_env` of the endpoint `azure` in companion.toml to a \
             key that is valid for this endpoint."
        );
    }
}
