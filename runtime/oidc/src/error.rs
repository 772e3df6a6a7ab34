//! Why somebody was not let in by the provider.

/// Why the provider cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// TLS cannot be set up.
    #[error("no certificate of an authority was found, so the provider cannot be trusted")]
    Certificates,
}

/// Why a login did not succeed. The texts are for the log; people get words of `app`'s.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The provider did not answer, or not in time.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// The provider answers with something that a provider must not answer, or does not know this
    /// server as the configuration says.
    #[error("the provider cannot be used: {0}")]
    Unusable(String),
    /// The provider's answer about the person is not to be trusted.
    #[error("the provider's answer is not to be trusted: {0}")]
    Untrusted(String),
    /// The login was not begun here in this browser, or is used up, or took too long.
    #[error("no login was begun with this state in this browser, or it has ended")]
    Unknown,
    /// The person, or the provider's rules, said no.
    #[error("the provider let nobody in: {0}")]
    Denied(String),
    /// The person is who they say, and no rule lets them in.
    #[error("no rule of oidc_allow lets this person in")]
    NotAllowed,
    /// Too many logins at once.
    #[error("too many requests to the provider at once")]
    Busy,
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// What a provider says, for the log: short, and without characters that would change the log's lines.
pub(crate) fn cleaned(text: &str) -> String {
    const CHARS: usize = 200;
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(CHARS).collect()
}
