//! Exchanges the code for a token, and verifies what the token says.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use openidconnect::core::{
    CoreClient, CoreClientAuthMethod, CoreIdToken, CoreJwsSigningAlgorithm as Alg,
    CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    IdTokenVerifier, Nonce, OAuth2TokenResponse as _, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, SignatureVerificationError, TokenResponse as _,
};
use serde_json::Value;

use crate::claims::Claims;
use crate::discovery::{Discovery, Metadata};
use crate::error::{LoginError, chain, cleaned};
use crate::http::{HttpClient, HttpError};
use crate::settings::Settings;

/// The signatures that are accepted: those with a key that only the provider has. `none` is no
/// signature, and with HS256 whoever knows the client's secret could be anybody.
pub(crate) const ALGORITHMS: [Alg; 9] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::RsaSsaPssSha384,
    Alg::RsaSsaPssSha512,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

/// By how much the clocks of the two machines may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// The longest subject, in bytes (OpenID Connect Core 1.0, section 2).
const SUBJECT_BYTES: usize = 255;

/// What a verified token says.
pub(crate) struct Verified {
    pub(crate) subject: String,
    pub(crate) claims: Claims,
    access_token: String,
}

/// The code, and what the provider checks it by.
pub(crate) struct Grant {
    pub(crate) code: String,
    pub(crate) verifier: PkceCodeVerifier,
    pub(crate) redirect: String,
}

/// Exchanges a code for a token.
pub(crate) async fn exchange(
    settings: &Settings,
    metadata: &Metadata,
    http: &HttpClient,
    grant: Grant,
) -> Result<CoreTokenResponse, LoginError> {
    let unusable = |words: String| LoginError::Unusable(words);
    let secret = settings.client_secret.as_ref().map(|secret| secret.reveal().to_owned());
    let redirect = RedirectUrl::new(grant.redirect).map_err(|error| unusable(error.to_string()))?;
    let client = CoreClient::from_provider_metadata(
        metadata.clone(),
        ClientId::new(settings.client_id.clone()),
        secret.map(ClientSecret::new),
    );
    let client = client.set_auth_type(auth_type(metadata)).set_redirect_uri(redirect);
    let request = client
        .exchange_code(AuthorizationCode::new(grant.code))
        .map_err(|error| unusable(error.to_string()))?
        .set_pkce_verifier(grant.verifier);
    request.request_async(http).await.map_err(|error| match error {
        RequestTokenError::Request(error @ (HttpError::Port(_) | HttpError::Address(_))) => {
            unusable(error.words())
        }
        RequestTokenError::Request(error) => LoginError::Unreachable(error.words()),
        RequestTokenError::ServerResponse(words) => unusable(cleaned(&words.to_string())),
        // The body may have a token in it, so it is not quoted.
        RequestTokenError::Parse(error, _) => {
            unusable(format!("the answer of its token endpoint cannot be read: {}", error.path()))
        }
        RequestTokenError::Other(words) => unusable(cleaned(&words)),
    })
}

/// How this server proves to be the client. The usual way is in the header; some providers know only
/// the other one.
fn auth_type(metadata: &Metadata) -> AuthType {
    let known = metadata.token_endpoint_auth_methods_supported().map(Vec::as_slice);
    let knows = |method| known.is_some_and(|known| known.contains(&method));
    let only_body = !knows(CoreClientAuthMethod::ClientSecretBasic)
        && knows(CoreClientAuthMethod::ClientSecretPost);
    if only_body { AuthType::RequestBody } else { AuthType::BasicAuth }
}

/// Verifies the token of an answer. If its key is unknown, the provider's keys are read again, at
/// most once a minute.
pub(crate) async fn verify(
    settings: &Settings,
    discovery: &Discovery,
    metadata: &Metadata,
    response: &CoreTokenResponse,
    nonce: &Nonce,
) -> Result<Verified, LoginError> {
    let first = verify_with(settings, metadata, response, nonce);
    let is_key_missing = matches!(
        first,
        Err(Wrong::Claims(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey
        )))
    );
    let verified = match is_key_missing {
        true => match discovery.newer().await {
            Some(newer) => verify_with(settings, &newer, response, nonce),
            None => first,
        },
        false => first,
    };
    verified.map_err(|wrong| LoginError::Untrusted(cleaned(&chain(&wrong))))
}

/// What is wrong with a token.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error("there is no ID token")]
    Missing,
    #[error("the ID token is not valid")]
    Claims(#[source] ClaimsVerificationError),
    #[error("the access token is not the one of the ID token")]
    AccessToken,
    #[error("its authorized party is another client")]
    Party,
    #[error("its subject is none")]
    Subject,
    #[error("its payload cannot be read")]
    Payload,
}

fn verify_with(
    settings: &Settings,
    metadata: &Metadata,
    response: &CoreTokenResponse,
    nonce: &Nonce,
) -> Result<Verified, Wrong> {
    let token = response.id_token().ok_or(Wrong::Missing)?;
    // A public client's verifier never accepts a shared secret as the key of a signature.
    let verifier = IdTokenVerifier::new_public_client(
        ClientId::new(settings.client_id.clone()),
        metadata.issuer().clone(),
        metadata.jwks().clone(),
    );
    let verifier = verifier
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(|| Utc::now() - SKEW)
        .set_issue_time_verifier_fn(|issued| match issued <= Utc::now() + SKEW {
            true => Ok(()),
            false => Err("it was issued in the future; one of the clocks is wrong".to_owned()),
        });
    let claims = token.claims(&verifier, nonce).map_err(Wrong::Claims)?;
    if let Some(expected) = claims.access_token_hash() {
        let signature = ClaimsVerificationError::SignatureVerification;
        let algorithm = token.signing_alg().map_err(signature).map_err(Wrong::Claims)?;
        let key = token.signing_key(&verifier).map_err(signature).map_err(Wrong::Claims)?;
        let found = AccessTokenHash::from_token(response.access_token(), algorithm, key);
        if found.ok().as_ref() != Some(expected) {
            return Err(Wrong::AccessToken);
        }
    }
    if claims.authorized_party().is_some_and(|party| party.as_str() != settings.client_id) {
        return Err(Wrong::Party);
    }
    let subject = claims.subject().as_str().to_owned();
    if subject.is_empty() || subject.len() > SUBJECT_BYTES {
        return Err(Wrong::Subject);
    }
    let claims = payload(token).ok_or(Wrong::Payload)?;
    Ok(Verified { subject, claims, access_token: response.access_token().secret().clone() })
}

/// All claims of a token that was verified. The library gives only those that it knows.
fn payload(token: &CoreIdToken) -> Option<Claims> {
    let text = token.to_string();
    let payload = text.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

impl Verified {
    /// Adds the claims that the provider gives only on request: many leave groups and names out of
    /// the ID token. What the ID token says stays. The answer has to be about the same person (OpenID
    /// Connect Core 1.0, section 5.3.2).
    pub(crate) async fn ask_further(
        &mut self,
        metadata: &Metadata,
        http: &HttpClient,
    ) -> Result<(), LoginError> {
        let Some(url) = metadata.userinfo_endpoint() else { return Ok(()) };
        let unusable = |words: &str| LoginError::Unusable(words.to_owned());
        // The library's own request panics if the token has a character that no header can have.
        let request = openidconnect::http::Request::get(url.url().as_str())
            .header("accept", "application/json")
            .header("authorization", format!("Bearer {}", self.access_token))
            .body(Vec::new())
            .map_err(|_| unusable("its access token cannot be sent"))?;
        let answer = http.send(request).await;
        let answer = answer.map_err(|error| LoginError::Unreachable(error.words()))?;
        if !answer.status().is_success() {
            let words = format!("its userinfo endpoint answers with {}", answer.status());
            return Err(LoginError::Unusable(words));
        }
        let claims: Claims = serde_json::from_slice(answer.body())
            .map_err(|_| unusable("the answer of its userinfo endpoint is no JSON"))?;
        if claims.get("sub").and_then(Value::as_str) != Some(self.subject.as_str()) {
            let words = "its userinfo endpoint speaks of another person".to_owned();
            return Err(LoginError::Untrusted(words));
        }
        for (claim, value) in claims {
            self.claims.entry(claim).or_insert(value);
        }
        Ok(())
    }
}
