//! What is known of the provider: its endpoints and its keys, as it publishes them.
//!
//! It is read when somebody logs in and not at the start, so that a provider that is away delays
//! nothing, and kept for a while. One request for it runs at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::url::Url;
use openidconnect::{AdditionalProviderMetadata, DiscoveryError, IssuerUrl, ProviderMetadata};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::error::{LoginError, chain};
use crate::exchange::ALGORITHMS;
use crate::http::{HttpClient, HttpError};
use crate::settings::is_safe;

/// How long it is kept. Endpoints change rarely; new keys are found by [`Discovery::newer`].
const KEPT: Duration = Duration::from_secs(60 * 60);

/// How often it is read again for a key that it does not have. Somebody else may send tokens with
/// invented keys.
const AGAIN: Duration = Duration::from_secs(60);

/// After a failure the provider is left alone for so long, however many people try to log in.
const REST: Duration = Duration::from_secs(5);

/// What the provider publishes beyond the library's fields.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Further {
    /// Whether it says in its redirects who it is (RFC 9207, section 3).
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Further {}

/// What the provider publishes, with its keys.
pub(crate) type Metadata = ProviderMetadata<
    Further,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// Reads and keeps what the provider publishes.
pub(crate) struct Discovery {
    issuer: String,
    http: HttpClient,
    /// Whoever has the place reads it for all.
    reading: Semaphore,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    metadata: Option<(Arc<Metadata>, Instant)>,
    failed: Option<(LoginError, Instant)>,
}

impl Discovery {
    pub(crate) fn new(issuer: String, http: HttpClient) -> Self {
        Self { issuer, http, reading: Semaphore::new(1), known: Mutex::default() }
    }

    /// What the provider publishes. What was read before is used on if it cannot be read again.
    pub(crate) async fn metadata(&self) -> Result<Arc<Metadata>, LoginError> {
        if let Some(known) = self.kept(KEPT) {
            return Ok(known);
        }
        let _place = self.reading.acquire().await.map_err(|_| LoginError::Busy)?;
        // Somebody else may have read it while this call waited.
        if let Some(known) = self.kept(KEPT) {
            return Ok(known);
        }
        let read = match self.last_failure() {
            Some(error) => Err(error),
            None => self.read().await,
        };
        read.or_else(|error| self.kept(Duration::MAX).ok_or(error))
    }

    /// Reads it again because a key is missing; `None` if it was read a moment ago.
    pub(crate) async fn newer(&self) -> Option<Arc<Metadata>> {
        if self.kept(AGAIN).is_some() {
            return None;
        }
        let _place = self.reading.acquire().await.ok()?;
        match self.kept(AGAIN) {
            Some(known) => Some(known),
            None => self.read().await.ok(),
        }
    }

    async fn read(&self) -> Result<Arc<Metadata>, LoginError> {
        let read = discover(&self.issuer, &self.http).await.map(Arc::new);
        let now = Instant::now();
        let mut known = self.known();
        match &read {
            Ok(metadata) => {
                *known = Known { metadata: Some((metadata.clone(), now)), failed: None }
            }
            Err(error) => known.failed = Some((error.clone(), now)),
        }
        read
    }

    /// Why it could not be read a moment ago.
    fn last_failure(&self) -> Option<LoginError> {
        let known = self.known();
        let (error, at) = known.failed.as_ref()?;
        (at.elapsed() < REST).then(|| error.clone())
    }

    fn kept(&self, within: Duration) -> Option<Arc<Metadata>> {
        let known = self.known();
        let (metadata, at) = known.metadata.as_ref()?;
        (at.elapsed() < within).then(|| metadata.clone())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads what the provider publishes, and checks that it is about the issuer and safe to use.
pub(crate) async fn discover(issuer: &str, http: &HttpClient) -> Result<Metadata, LoginError> {
    let unusable = |words: String| LoginError::Unusable(words);
    let url = IssuerUrl::new(issuer.to_owned()).map_err(|error| unusable(error.to_string()))?;
    let metadata = Metadata::discover_async(url, http).await.map_err(|error| match error {
        DiscoveryError::Request(error @ HttpError::Port(_)) => unusable(error.words()),
        DiscoveryError::Request(error @ HttpError::Address(_)) => unusable(error.words()),
        DiscoveryError::Request(error) => LoginError::Unreachable(error.words()),
        // Providers restart, and the proxies in front of them answer meanwhile.
        DiscoveryError::Response(status, _, words) if status.is_server_error() => {
            LoginError::Unreachable(words)
        }
        DiscoveryError::Response(_, _, words) => unusable(words),
        // It compares letter by letter, as the specification demands: a slash makes another issuer.
        DiscoveryError::Validation(words) => {
            unusable(format!("{words}; oidc_issuer has to be what the provider calls itself"))
        }
        error => unusable(chain(&error)),
    })?;
    for (name, url) in endpoints(&metadata) {
        if !is_safe(url) {
            return Err(unusable(format!("its {name} is neither encrypted nor on this machine")));
        }
    }
    let signs = metadata.id_token_signing_alg_values_supported();
    if !signs.iter().any(|algorithm| ALGORITHMS.contains(algorithm)) {
        // Authentik does so until a signing key is selected (goauthentik/authentik#4824).
        return Err(unusable(
            "it signs only with a shared secret; give it a signing key".to_owned(),
        ));
    }
    if metadata.token_endpoint().is_none() {
        return Err(unusable("it has no token endpoint".to_owned()));
    }
    Ok(metadata)
}

/// The addresses that this server or the browser is sent to.
pub(crate) fn endpoints(metadata: &Metadata) -> Vec<(&'static str, &Url)> {
    let token = metadata.token_endpoint().map(|url| ("token endpoint", url.url()));
    let person = metadata.userinfo_endpoint().map(|url| ("userinfo endpoint", url.url()));
    let always = [
        ("authorization endpoint", metadata.authorization_endpoint().url()),
        ("set of keys", metadata.jwks_uri().url()),
    ];
    always.into_iter().chain(token).chain(person).collect()
}
