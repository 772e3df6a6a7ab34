//! The handle to the provider, which the server uses.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use accounts::{Begun, Identity, Network, Pending, Secret, SecretHash};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient};
use openidconnect::{ClientId, CsrfToken, Nonce, PkceCodeChallenge, RedirectUrl, Scope};
use tokio::time::Instant;

use crate::callback::Callback;
use crate::check::{self, Checked};
use crate::claims::{self, Claims};
use crate::discovery::{Discovery, Metadata};
use crate::error::{LoginError, SetUpError, cleaned};
use crate::exchange::{Grant, exchange, verify};
use crate::http::HttpClient;
use crate::pending::{BegunLogin, Purpose, VALID};
use crate::redirect::Origin;
use crate::settings::Settings;

/// This server, as one that relies on the provider; cheap to clone.
#[derive(Clone)]
pub struct RelyingParty {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    http: HttpClient,
    discovery: Discovery,
    started: Instant,
    /// Held only for lookups in memory.
    pending: Mutex<Pending<BegunLogin>>,
}

/// The beginning of a login.
#[derive(Clone, Debug)]
pub struct Begin {
    /// Under which address the browser reaches this server.
    pub origin: Origin,
    /// The path below it to which the provider sends the browser back.
    pub callback_path: String,
    /// The path that the login leads on to; kept as it is.
    pub next: String,
    /// What the login is for.
    pub purpose: Purpose,
    /// Where it comes from.
    pub network: Option<Network>,
}

/// A login that has begun.
#[derive(Clone, Debug)]
pub struct Started {
    /// The address at the provider that the browser has to go to.
    pub location: String,
    /// The secret by which the browser is known when it comes back.
    pub browser: Secret,
}

/// A login that the provider has answered.
#[derive(Clone, Debug)]
pub struct Finished {
    /// See [`Begin::purpose`].
    pub purpose: Purpose,
    /// See [`Begin::next`].
    pub next: String,
    /// Who it is. Errors: all of [`LoginError`] but `Unknown`.
    pub person: Result<Person, LoginError>,
}

/// Somebody whom the provider has authenticated, and whom a rule lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// By what the account is found, and by nothing else.
    pub identity: Identity,
    /// Whether a new account of theirs is an owner's.
    pub is_owner: bool,
    /// What a new account may be called, the best first.
    pub names: Vec<String>,
}

impl RelyingParty {
    /// Nothing is asked of the provider yet.
    pub fn new(settings: Settings) -> Result<Self, SetUpError> {
        let http = HttpClient::new()?;
        let discovery = Discovery::new(settings.issuer.clone(), http.clone());
        let (started, pending) = (Instant::now(), Mutex::new(Pending::new(VALID)));
        let shared = Shared { settings, http, discovery, started, pending };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// What people call the provider.
    pub fn name(&self) -> &str {
        &self.shared.settings.name
    }

    /// The issuer.
    pub fn issuer(&self) -> &str {
        &self.shared.settings.issuer
    }

    /// Whether the provider's people may make the first account.
    pub fn makes_owners(&self) -> bool {
        !self.shared.settings.owner.is_empty()
    }

    /// The address by which browsers reach this server, if the configuration says it.
    pub fn public_origin(&self) -> Option<&Origin> {
        self.shared.settings.public_origin.as_ref()
    }

    /// Begins a login. Errors: `Unreachable`, `Unusable`, `Busy`.
    pub async fn begin(&self, begin: Begin) -> Result<Started, LoginError> {
        let Shared { settings, discovery, .. } = self.shared.as_ref();
        let metadata = discovery.metadata().await?;
        let origin = settings.public_origin.as_ref().unwrap_or(&begin.origin);
        let redirect = origin.join(&begin.callback_path);
        let redirect_url = RedirectUrl::new(redirect.clone())
            .map_err(|error| LoginError::Unusable(error.to_string()))?;
        let client = CoreClient::from_provider_metadata(
            (*metadata).clone(),
            ClientId::new(settings.client_id.clone()),
            None,
        );
        let client = client.set_redirect_uri(redirect_url);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (state, browser) = (Secret::random(""), Secret::random(""));
        let sent_state = CsrfToken::new(state.reveal().to_owned());
        let scopes = settings.scopes.iter().filter(|scope| *scope != "openid");
        let (location, _, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || sent_state,
                Nonce::new_random,
            )
            .add_scopes(scopes.map(|scope| Scope::new(scope.clone())))
            .set_pkce_challenge(challenge)
            .url();
        let Begin { next, purpose, network, .. } = begin;
        let begun = Begun {
            browser: browser.hash(),
            network,
            at: self.shared.started.elapsed(),
            what: BegunLogin { nonce, verifier, redirect, next, purpose },
        };
        self.pending().add(state.hash(), begun);
        Ok(Started { location: location.into(), browser })
    }

    /// Ends a login with what the provider has sent along, and with the browser's secret. Error:
    /// `Unknown`.
    pub async fn finish(
        &self,
        callback: Callback,
        browser: Option<&str>,
    ) -> Result<Finished, LoginError> {
        let browser = browser.filter(|secret| secret.len() <= Secret::MAX_BYTES);
        let Some(browser) = browser.filter(|_| callback.is_bounded()) else {
            return Err(LoginError::Unknown);
        };
        let (state, browser) = (SecretHash::of(&callback.state), SecretHash::of(browser));
        let now = self.shared.started.elapsed();
        let taken = self.pending().take(state, browser, now);
        let Some(mut begun) = taken else { return Err(LoginError::Unknown) };
        let (purpose, next) = (begun.purpose, std::mem::take(&mut begun.next));
        let person = self.person(callback, begun).await;
        Ok(Finished { purpose, next, person })
    }

    /// Asks the provider afresh, for `companion doctor`.
    pub async fn check(&self) -> Result<Checked, LoginError> {
        check::check(&self.shared.settings, &self.shared.http).await
    }

    async fn person(&self, callback: Callback, begun: BegunLogin) -> Result<Person, LoginError> {
        let Shared { settings, http, discovery, .. } = self.shared.as_ref();
        let metadata = discovery.metadata().await?;
        check_sender(settings, &metadata, callback.iss.as_deref())?;
        if let Some(error) = &callback.error {
            let words = callback.error_description.as_deref().unwrap_or_default();
            return Err(LoginError::Denied(cleaned(&format!("{error} {words}"))));
        }
        let BegunLogin { nonce, verifier, redirect, .. } = begun;
        let grant = Grant { code: callback.code, verifier, redirect };
        let response = exchange(settings, &metadata, http, grant).await?;
        let mut verified = verify(settings, discovery, &metadata, &response, &nonce).await?;
        if !has_all(settings, &verified.claims) {
            verified.ask_further(&metadata, http).await?;
        }
        if !settings.allow.match_any(&verified.claims) {
            return Err(LoginError::NotAllowed);
        }
        let identity = Identity { issuer: settings.issuer.clone(), subject: verified.subject };
        let is_owner = settings.owner.match_any(&verified.claims);
        Ok(Person { identity, is_owner, names: claims::names(&verified.claims) })
    }

    fn pending(&self) -> MutexGuard<'_, Pending<BegunLogin>> {
        self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// With several providers, one could send a browser back with another's code (RFC 9207). What it says
/// about itself has to be right, and has to be there if the provider always says it.
fn check_sender(
    settings: &Settings,
    metadata: &Metadata,
    iss: Option<&str>,
) -> Result<(), LoginError> {
    let always = metadata.additional_metadata().authorization_response_iss_parameter_supported;
    match iss {
        Some(iss) if iss == settings.issuer => Ok(()),
        None if !always => Ok(()),
        _ => Err(LoginError::Untrusted("the answer came from another issuer".to_owned())),
    }
}

/// Whether the ID token has all claims that a rule looks at, and a name.
fn has_all(settings: &Settings, claims: &Claims) -> bool {
    let mut rules = settings.allow.iter().chain(settings.owner.iter());
    let has = |claim: &str| claims::find(claims, claim).is_some();
    let has_verified = |claim: &str| claim != "email" || has("email_verified");
    rules.all(|rule| has(rule.claim()) && has_verified(rule.claim()))
        && !claims::names(claims).is_empty()
}
