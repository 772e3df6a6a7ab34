//! Makes the handle to the provider of identities that the configuration names.

use oidc::{RelyingParty, SetUpError};

use crate::config::Config;

/// The provider by which people can log in; `None` if none is configured. Nothing is asked of it yet,
/// so that a provider that is away does not keep the server from starting.
pub fn of(config: &Config) -> Result<Option<RelyingParty>, SetUpError> {
    let provider = config.identity_provider.as_ref();
    provider.map(|provider| RelyingParty::new(provider.settings.clone())).transpose()
}
