//! A login with a passkey: the browser offers those that it has for this site, so that nobody types or
//! is told a name.

use accounts::{CheckedAnswer, CredentialId, Network, Passkey, PublicKey};
use webauthn_rs::prelude::{
    DiscoverableAuthentication, Passkey as StoredKey, PublicKeyCredential, Webauthn, WebauthnError,
};

use crate::challenges::{Answered, Passkeys, Started};
use crate::error::PasskeyError;
use crate::site::Site;

/// What is needed to check the answer.
#[derive(Debug)]
pub(crate) struct BegunLogin {
    checks: Webauthn,
    state: DiscoverableAuthentication,
    next: String,
}

/// An answer to a challenge that this browser was given. It is not checked yet, because it says itself
/// against which passkey it has to be.
#[derive(Debug)]
pub struct LoginAnswer {
    /// Where the login leads to, as it was when the login began.
    pub next: String,
    /// The passkey that the browser says it has used.
    pub credential: CredentialId,
    checks: Webauthn,
    state: DiscoverableAuthentication,
    answer: PublicKeyCredential,
}

impl Passkeys {
    /// Asks a browser at `site` for any of its passkeys. Errors: `Begin`, `Write`.
    pub fn begin_login(
        &self,
        site: &Site,
        next: String,
        network: Option<Network>,
    ) -> Result<Started, PasskeyError> {
        let checks = site.checks();
        let (asked, state) =
            checks.start_discoverable_authentication().map_err(PasskeyError::Begin)?;
        let options = serde_json::to_string(&asked.public_key).map_err(PasskeyError::Write)?;
        let begun = BegunLogin { checks, state, next };
        Ok(self.remember(&mut self.logins(), options, network, begun))
    }

    /// Reads what a browser answers. Errors: `Unknown`, `Unreadable`.
    pub fn finish_login(&self, answered: &Answered<'_>) -> Result<LoginAnswer, PasskeyError> {
        let BegunLogin { checks, state, next } = self.taken(&mut self.logins(), answered)?;
        let answer: PublicKeyCredential =
            serde_json::from_str(answered.answer).map_err(PasskeyError::Unreadable)?;
        let credential = CredentialId::from_bytes(answer.get_credential_id())
            .ok_or(PasskeyError::Refused(WebauthnError::CredentialNotFound))?;
        Ok(LoginAnswer { next, credential, checks, state, answer })
    }
}

impl LoginAnswer {
    /// Checks the answer against the passkey that was found by [`Self::credential`].
    pub fn check(self, passkey: &Passkey) -> CheckedAnswer {
        let Self { checks, state, answer, .. } = self;
        // The authenticator has to name the account that it was made for, too.
        if answer.get_user_unique_id() != Some(passkey.handle.as_bytes().as_slice()) {
            return CheckedAnswer::Wrong;
        }
        let mut key: StoredKey = match serde_json::from_str(passkey.key.as_stored()) {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!(%error, "a stored passkey cannot be read");
                return CheckedAnswer::Wrong;
            }
        };
        let used = match checks.finish_discoverable_authentication_v2(&answer, state, &key) {
            Ok(used) => used,
            Err(WebauthnError::CredentialPossibleCompromise) => return CheckedAnswer::Copied,
            Err(error) => {
                tracing::info!(%error, "the answer of a passkey is refused");
                return CheckedAnswer::Wrong;
            }
        };
        key.update_credential(&used);
        match serde_json::to_string(&key) {
            Ok(next) => CheckedAnswer::Right(PublicKey::from_stored(next)),
            Err(_) => CheckedAnswer::Wrong,
        }
    }
}
