//! Errors of accounts as errors of the API. The pages have words of their own, in both languages.

use protocol::{Error, ErrorCode};

use super::AccountError;

impl From<AccountError> for Error {
    fn from(error: AccountError) -> Self {
        let text = sentence(&error.to_string());
        match error {
            AccountError::WrongCredentials
            | AccountError::WrongPasskey
            | AccountError::PasskeyCopied
            | AccountError::SetUp(_) => Self::new(ErrorCode::Unauthorized, text),
            AccountError::RateLimited(limited) => Self::new(ErrorCode::RateLimited, text)
                .with_retry_after_ms(
                    u64::try_from(limited.retry_after.as_millis()).unwrap_or(u64::MAX),
                ),
            AccountError::Name(_)
            | AccountError::Password(_)
            | AccountError::NameTaken
            | AccountError::Full
            | AccountError::IdentityTaken
            | AccountError::LastWayIn
            | AccountError::LastOwner
            | AccountError::PasskeyTaken
            | AccountError::NotNow => Self::new(ErrorCode::InvalidInput, text),
            AccountError::Disabled | AccountError::NotFresh => {
                Self::new(ErrorCode::Forbidden, text)
            }
            AccountError::NotFound => Self::new(ErrorCode::NotFound, text),
            AccountError::Hashing => Self::new(ErrorCode::Internal, text),
            // The cause names files; it is logged where it occurs, and no client gets it.
            AccountError::Store(_) => {
                Self::new(ErrorCode::Unavailable, text).with_hint("The server's log says why.")
            }
        }
    }
}

/// An error's words as a sentence.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_sentence_with_a_code() {
        let error = Error::from(AccountError::WrongCredentials);
        assert_eq!(error.code, ErrorCode::Unauthorized);
        assert_eq!(error.message, "The name or the password is wrong.");
    }
}
