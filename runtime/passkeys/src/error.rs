//! Why a passkey was not made, or an answer is none.

use webauthn_rs::prelude::WebauthnError;

/// Why a passkey was not made, or an answer is none.
#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    /// This browser was not given such a challenge, or it was answered already, or too much time has
    /// passed.
    #[error("the challenge is unknown or over")]
    Unknown,
    /// What the browser sent is no answer of an authenticator.
    #[error("the answer cannot be read")]
    Unreadable(#[source] serde_json::Error),
    /// The authenticator's answer is not one to the challenge.
    #[error("the answer is refused")]
    Refused(#[source] WebauthnError),
    /// The authenticator has not kept the passkey, so no login could find it.
    #[error("the passkey was not stored by the authenticator")]
    NotKept,
    /// No challenge could be made.
    #[error("no challenge can be made")]
    Begin(#[source] WebauthnError),
    /// What is given to a browser, or is stored, could not be written as text.
    #[error("a passkey cannot be written")]
    Write(#[source] serde_json::Error),
}
