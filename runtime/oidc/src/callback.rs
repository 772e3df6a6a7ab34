//! What the provider sends along when it sends the browser back.

use serde::Deserialize;

/// The query of the redirect address (RFC 6749, section 4.1.2; RFC 9207). Anybody can write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Callback {
    /// The state that this server made at the beginning.
    pub state: String,
    /// The code for which the provider gives a token, if it lets the person in.
    pub code: String,
    /// Who sends this, if the provider says so.
    pub iss: Option<String>,
    /// The code of an error.
    pub error: Option<String>,
    /// The provider's words about it.
    pub error_description: Option<String>,
}

impl Callback {
    /// The longest parts that are looked at, in bytes. Codes of some providers have two thousand.
    const MAX_BYTES: usize = 8 * 1024;

    /// Whether no part is longer than any provider's.
    pub(crate) fn is_bounded(&self) -> bool {
        let optional = [&self.iss, &self.error, &self.error_description];
        let texts = optional.into_iter().flatten().chain([&self.state, &self.code]);
        texts.map(String::len).max().unwrap_or_default() <= Self::MAX_BYTES
    }
}
