//! Who may come in: accounts, passwords, sessions, API tokens, and the limits on attempts.
//!
//! This crate decides; it knows no HTTP, no SQL and no pages. [`Accounts`] is the handle that the
//! server uses, [`AccountStore`] the port to durable storage. Secrets are never stored, only their
//! hashes. The reasons are in `docs/adr/accounts.md`.

mod account;
mod address;
mod audit;
#[cfg(feature = "contract")]
pub mod contract;
mod hasher;
mod identity;
mod limiter;
mod passkey;
mod password;
mod pending;
mod secret;
mod service;
mod session;
mod set_up_code;
mod store;
mod token;

pub use account::{Account, AccountName, NameError};
pub use address::Network;
pub use audit::{AuditEntry, AuditKind, Note};
pub use hasher::{HashSettings, PasswordHash};
pub use identity::{ConnectedIdentity, Identity};
pub use limiter::{Attempt, Limiter, RateLimited};
pub use passkey::{
    CheckedAnswer, CredentialId, NewPasskey, Passkey, PasskeyId, PasskeyName, PublicKey, UserHandle,
};
pub use password::{NewPassword, Password, PasswordError};
pub use pending::{Begun, Pending};
pub use secret::{Secret, SecretHash};
pub use service::{
    AccountError, Accounts, Admission, Clock, IdentifiedLogin, LoggedIn, Login, NewOwner,
    PasskeyLogin, SessionSettings, TOKEN_PREFIX, Via,
};
pub use session::{Device, NewSession, Proof, Session, SessionId, UsedPasskey};
pub use set_up_code::{SetUpCode, SetUpError};
pub use store::{
    AccountChange, AccountStore, Added, AddedPasskey, Changed, Connected, Disconnected, Ending,
    Entrance, NewAccount, Removed, limits,
};
pub use token::{ApiToken, NewToken, Scopes, TokenId, TokenName};
