//! Why a login with the provider of identities failed, in words for the person. What the provider says
//! itself is only in the log: it is for the owner, and anybody could have made it up.

use std::sync::Arc;

use oidc::{LoginError, RelyingParty};
use protocol::ErrorCode;
use tracing::{info, warn};

use super::visit::Failure;
use crate::components::Mistake;
use crate::text::tr;

/// The words about an error, which is logged.
pub(super) fn failure_of(provider: &RelyingParty, error: LoginError) -> Failure {
    match &error {
        LoginError::Unknown | LoginError::Denied(_) | LoginError::NotAllowed => {
            info!(%error, "nobody was let in by the provider of identities");
        }
        LoginError::Unreachable(_)
        | LoginError::Unusable(_)
        | LoginError::Untrusted(_)
        | LoginError::Busy => warn!(%error, "the login with the provider of identities failed"),
    }
    let code = match &error {
        LoginError::Unreachable(_) | LoginError::Unusable(_) => ErrorCode::Unavailable,
        LoginError::Untrusted(_) => ErrorCode::Unauthorized,
        LoginError::Unknown => ErrorCode::InvalidInput,
        LoginError::Denied(_) | LoginError::NotAllowed => ErrorCode::Forbidden,
        LoginError::Busy => ErrorCode::RateLimited,
    };
    let name = provider.name().to_owned();
    let words = move || match &error {
        LoginError::Unreachable(_) => tr!(provider_unreachable, name = &name),
        LoginError::Unusable(_) | LoginError::Untrusted(_) => {
            tr!(provider_unusable, name = &name)
        }
        LoginError::Unknown => tr!(provider_unknown).to_owned(),
        LoginError::Denied(_) => tr!(provider_denied, name = &name),
        LoginError::NotAllowed => tr!(provider_not_allowed, name = &name),
        LoginError::Busy => tr!(provider_busy).to_owned(),
    };
    Failure::with_code(code, Mistake { at: Mistake::FORM, words: Arc::new(words) })
}
