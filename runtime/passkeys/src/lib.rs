//! Passkeys (WebAuthn): the challenges that browsers are given, and the checks of what they answer.
//!
//! [`Passkeys`] is the handle that the pages use. It remembers the challenges and checks the answers, by
//! the crate `webauthn-rs`. Whose passkeys there are and who may come in by them, `accounts` decides.
//! This crate knows no HTTP and no pages. The reasons are in `docs/adr/passkeys.md`.

#[cfg(any(test, feature = "authenticator"))]
pub mod authenticator;
mod challenges;
mod error;
mod login;
mod registration;
mod site;

pub use challenges::{Answered, Passkeys, Started};
pub use error::PasskeyError;
pub use login::LoginAnswer;
pub use registration::{Made, Owner, Purpose, Registered};
pub use site::{Site, SiteError};

#[cfg(test)]
mod tests;
