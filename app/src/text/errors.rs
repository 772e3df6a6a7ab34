//! The errors of the closed set in the reader's language: their names, and what to do about them.
//!
//! The server also sends a specific message, in English. Pages in English show it as the heading;
//! pages in other languages show it as a detail.

use protocol::Error;
use protocol::ErrorCode as Code;
use protocol::ProviderKind as Kind;
use protocol::TimeoutPhase as Phase;

use super::{Locale, is_japanese, tr};

/// What to do about an error, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Follow a link with these words.
    Link { path: &'static str, words: &'static str },
    /// Choose another profile or model.
    Choose,
    /// Stop the running turn.
    Stop,
    /// Log in, and come back to this page.
    LogIn,
    /// Use the actions beside the message: regenerate, edit.
    Beside,
}

/// The heading of an error's note: its message, without the full stop. It is the error's name if the
/// message is in another language, is for programs, or says only what is wrong with what was sent.
pub fn error_heading(error: &Error) -> String {
    let has_name = matches!(error.code, Code::InvalidInput | Code::Unauthorized);
    if has_name || is_foreign(&error.message) {
        return error_title(error.code).to_owned();
    }
    prose(error.message.trim_end_matches(['.', '。']))
}

/// Whether a message is not in the reader's language. The server's messages are English; those that
/// the page makes are in its language already.
pub fn is_foreign(message: &str) -> bool {
    crate::locale::locale() != Locale::en && !is_japanese(message)
}

/// A server's message as prose: without the backticks around names.
pub fn prose(message: &str) -> String {
    message.replace('`', "")
}

/// The name of an error.
pub fn error_title(code: Code) -> &'static str {
    match code {
        Code::Unavailable => tr!(error_unavailable),
        Code::Busy => tr!(error_busy),
        Code::InvalidInput => tr!(error_invalid_input),
        Code::NotFound => tr!(error_not_found),
        Code::Provider(Kind::Auth) => tr!(error_auth),
        Code::Provider(Kind::Permission) => tr!(error_permission),
        Code::Provider(Kind::Credit) => tr!(error_credit),
        Code::Provider(Kind::RateLimited) => tr!(error_provider_rate_limited),
        Code::Provider(Kind::ModelNotFound) => tr!(error_model_not_found),
        Code::Provider(Kind::ContextLength) => tr!(error_context_length),
        Code::Provider(Kind::ContentFilter) => tr!(error_content_filter),
        Code::Provider(Kind::Parameter) => tr!(error_parameter),
        Code::Provider(Kind::Roles) => tr!(error_roles),
        Code::Provider(Kind::Beginning) => tr!(error_beginning),
        Code::Provider(Kind::Rejected) => tr!(error_rejected),
        Code::Provider(Kind::Network) => tr!(error_network),
        Code::Provider(Kind::Cut) => tr!(error_cut),
        Code::Provider(Kind::Unfit) => tr!(error_unfit),
        Code::Provider(Kind::Proxy) => tr!(error_proxy),
        Code::Provider(Kind::ProxyAuth) => tr!(error_proxy_auth),
        Code::Provider(Kind::ProxyRefused) => tr!(error_proxy_refused),
        Code::Provider(Kind::Certificate) => tr!(error_certificate),
        Code::Provider(Kind::Tls) => tr!(error_tls),
        Code::Provider(Kind::Api) => tr!(error_api),
        Code::Provider(Kind::Malformed) => tr!(error_malformed),
        Code::Provider(Kind::Compressed) => tr!(error_compressed),
        Code::Provider(Kind::Upstream) => tr!(error_upstream),
        Code::Provider(Kind::Crashed) => tr!(error_crashed),
        Code::Timeout(Phase::FirstToken) => tr!(error_first_token),
        Code::Timeout(Phase::Stall) => tr!(error_stall),
        Code::Timeout(Phase::Turn) => tr!(error_turn),
        Code::Cancelled => tr!(error_cancelled),
        Code::Unauthorized => tr!(error_unauthorized),
        Code::Forbidden => tr!(error_forbidden),
        Code::RateLimited => tr!(error_rate_limited),
        Code::StaleCursor => tr!(error_stale_cursor),
        Code::Internal => tr!(error_internal),
    }
}

/// The next step, in words.
pub fn error_next(code: Code) -> &'static str {
    match code {
        Code::Unavailable => tr!(next_unavailable),
        Code::Busy => tr!(next_busy),
        Code::InvalidInput => tr!(next_invalid_input),
        Code::NotFound => tr!(next_not_found),
        Code::Provider(Kind::Auth) => tr!(next_auth),
        Code::Provider(Kind::Permission) => tr!(next_permission),
        Code::Provider(Kind::Credit) => tr!(next_credit),
        Code::Provider(Kind::ModelNotFound) => tr!(next_model_not_found),
        Code::Provider(Kind::ContextLength) => tr!(next_context_length),
        Code::Provider(Kind::ContentFilter) => tr!(next_content_filter),
        Code::Provider(Kind::Parameter) => tr!(next_parameter),
        Code::Provider(Kind::Roles) => tr!(next_roles),
        Code::Provider(Kind::Beginning) => tr!(next_beginning),
        Code::Provider(Kind::Rejected) => tr!(next_rejected),
        Code::Provider(Kind::Malformed) => tr!(next_malformed),
        Code::Provider(Kind::Compressed) => tr!(next_compressed),
        Code::Provider(Kind::Network) => tr!(next_network),
        Code::Provider(Kind::Cut) => tr!(next_timeout),
        Code::Provider(Kind::Unfit) => tr!(next_unfit),
        Code::Provider(Kind::Proxy) => tr!(next_proxy),
        Code::Provider(Kind::ProxyAuth) => tr!(next_proxy_auth),
        Code::Provider(Kind::ProxyRefused) => tr!(next_proxy_refused),
        Code::Provider(Kind::Certificate) => tr!(next_certificate),
        Code::Provider(Kind::Tls) => tr!(next_tls),
        Code::Provider(Kind::Api) => tr!(next_api),
        Code::Provider(Kind::Crashed) => tr!(next_crashed),
        Code::Provider(Kind::RateLimited) | Code::RateLimited => tr!(next_wait),
        Code::Provider(Kind::Upstream) => tr!(next_again_or_log),
        Code::Timeout(_) => tr!(next_timeout),
        Code::Cancelled => tr!(next_cancelled),
        Code::Unauthorized => tr!(next_unauthorized),
        Code::Forbidden => tr!(next_forbidden),
        Code::StaleCursor => tr!(next_stale_cursor),
        Code::Internal => tr!(next_internal),
    }
}

/// Where to take that step on a conversation's page.
pub fn remedy(code: Code) -> Remedy {
    match code {
        Code::Provider(
            Kind::ModelNotFound
            | Kind::Unfit
            | Kind::Api
            | Kind::Permission
            | Kind::Parameter
            | Kind::Roles
            | Kind::Rejected,
        ) => Remedy::Choose,
        Code::Unavailable | Code::Provider(Kind::Auth | Kind::ProxyAuth) => {
            Remedy::Link { path: "/settings#model", words: tr!(remedy_settings) }
        }
        Code::NotFound => Remedy::Link { path: "/", words: tr!(to_home) },
        Code::Unauthorized => Remedy::LogIn,
        Code::Forbidden | Code::StaleCursor | Code::Internal => {
            Remedy::Link { path: "", words: tr!(remedy_reload) }
        }
        Code::InvalidInput => Remedy::Link { path: "#composer", words: tr!(remedy_composer) },
        Code::Busy => Remedy::Stop,
        Code::Provider(_) | Code::Timeout(_) | Code::Cancelled | Code::RateLimited => {
            Remedy::Beside
        }
    }
}
