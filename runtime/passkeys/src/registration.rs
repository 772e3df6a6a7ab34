//! A passkey is made.

use accounts::{
    AccountName, CredentialId, Network, NewOwner, NewPasskey, PasskeyName, PublicKey, SessionId,
    UserHandle,
};
use protocol::{AccountId, Timestamp};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    PasskeyRegistration, RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnError,
};

use crate::challenges::{Answered, Passkeys, Started};
use crate::error::PasskeyError;
use crate::site::Site;

/// What a passkey is made for.
#[derive(Clone, Debug)]
pub enum Purpose {
    /// The first owner, who has typed the set-up code.
    SetUp(NewOwner),
    /// An account that exists, from one of its sessions.
    Add {
        /// The account.
        account: AccountId,
        /// The session, in which its owner has confirmed it.
        session: SessionId,
        /// What the passkey is called.
        name: PasskeyName,
    },
}

/// Whose passkey is made.
#[derive(Clone, Debug)]
pub struct Owner {
    /// The account's name, which the browser shows.
    pub name: AccountName,
    /// By what authenticators know the account.
    pub handle: UserHandle,
    /// The passkeys that the account has. An authenticator with one of them makes no other.
    pub has: Vec<CredentialId>,
}

/// What is needed to check the answer.
#[derive(Debug)]
pub(crate) struct BegunRegistration {
    checks: Webauthn,
    state: PasskeyRegistration,
    handle: UserHandle,
    host: String,
    purpose: Purpose,
}

/// A passkey that was made.
#[derive(Clone, Debug)]
pub struct Registered {
    /// What for.
    pub purpose: Purpose,
    /// The passkey.
    pub made: Made,
}

/// A passkey without a name.
#[derive(Clone, Debug)]
pub struct Made {
    credential: CredentialId,
    handle: UserHandle,
    host: String,
    key: PublicKey,
}

impl Made {
    /// The identifier by which it is found.
    pub fn credential(&self) -> &CredentialId {
        &self.credential
    }

    /// The passkey to be stored.
    pub fn named(self, name: PasskeyName, created_at: Timestamp) -> NewPasskey {
        let Self { credential, handle, host, key } = self;
        NewPasskey { credential, handle, host, name, key, created_at }
    }
}

impl Passkeys {
    /// Asks a browser at `site` to make a passkey: one that its authenticator keeps and finds by itself
    /// (a discoverable credential), and that it uses only after it has verified its user. Errors:
    /// `Begin`, `Write`.
    pub fn begin_registration(
        &self,
        site: &Site,
        owner: Owner,
        purpose: Purpose,
        network: Option<Network>,
    ) -> Result<Started, PasskeyError> {
        let checks = site.checks();
        let (handle, name) = (owner.handle, owner.name.as_str());
        let has = owner.has.iter().map(|id| id.as_bytes().to_vec()).collect();
        let id = Uuid::from_bytes(*handle.as_bytes());
        let (asked, state) = checks
            .start_passkey_registration(id, name, name, Some(has))
            .map_err(PasskeyError::Begin)?;
        let mut options = serde_json::to_value(&asked.public_key).map_err(PasskeyError::Write)?;
        demand_discoverable(&mut options);
        let host = site.host().to_owned();
        let begun = BegunRegistration { checks, state, handle, host, purpose };
        Ok(self.remember(&mut self.registrations(), options.to_string(), network, begun))
    }

    /// Checks a passkey that a browser has made. Errors: `Unknown`, `Unreadable`, `Refused`, `NotKept`,
    /// `Write`.
    pub fn finish_registration(&self, answered: &Answered<'_>) -> Result<Registered, PasskeyError> {
        let begun = self.taken(&mut self.registrations(), answered)?;
        let answer: RegisterPublicKeyCredential =
            serde_json::from_str(answered.answer).map_err(PasskeyError::Unreadable)?;
        let properties = answer.extensions.cred_props.as_ref();
        if properties.is_some_and(|properties| properties.rk == Some(false)) {
            return Err(PasskeyError::NotKept);
        }
        let BegunRegistration { checks, state, handle, host, purpose } = begun;
        let passkey =
            checks.finish_passkey_registration(&answer, &state).map_err(PasskeyError::Refused)?;
        let credential = CredentialId::from_bytes(passkey.cred_id())
            .ok_or(PasskeyError::Refused(WebauthnError::CredentialNotFound))?;
        let key = serde_json::to_string(&passkey).map_err(PasskeyError::Write)?;
        let made = Made { credential, handle, host, key: PublicKey::from_stored(key) };
        Ok(Registered { purpose, made })
    }
}

/// `webauthn-rs` asks authenticators not to keep a passkey unless the library is told to trust only
/// known models of them. Without a name, a login finds only passkeys that were kept. The second
/// property is that of the first level of WebAuthn.
fn demand_discoverable(options: &mut Value) {
    let selection = &mut options["authenticatorSelection"];
    selection["residentKey"] = json!("required");
    selection["requireResidentKey"] = json!(true);
}
