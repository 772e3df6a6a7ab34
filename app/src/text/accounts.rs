//! Texts about accounts, which only the server renders.

use accounts::{
    AccountError, AccountName, AuditKind, NameError, NewPassword, PasskeyName, PasswordError,
    RateLimited, SetUpError, TokenName,
};
use protocol::{AccountRole, ErrorCode, grouped};

use super::tr;

/// Why an account could not be used or changed.
pub fn account_error(error: &AccountError) -> String {
    match error {
        AccountError::WrongCredentials => tr!(login_wrong).to_owned(),
        AccountError::RateLimited(limited) => too_many_attempts(*limited),
        AccountError::SetUp(SetUpError::Wrong) => tr!(set_up_code_wrong).to_owned(),
        AccountError::SetUp(SetUpError::Void) => tr!(set_up_code_void).to_owned(),
        AccountError::Name(NameError::Empty) => tr!(name_empty).to_owned(),
        AccountError::Name(NameError::Long) => tr!(name_long, count = AccountName::MAX_CHARS),
        AccountError::Name(NameError::Characters) => tr!(name_characters).to_owned(),
        AccountError::Password(PasswordError::Short) => {
            tr!(password_short, count = NewPassword::MIN_CHARS)
        }
        AccountError::Password(PasswordError::Long) => {
            tr!(password_long, count = NewPassword::MAX_CHARS)
        }
        AccountError::Password(PasswordError::Common) => tr!(password_common).to_owned(),
        AccountError::NameTaken => tr!(name_taken).to_owned(),
        AccountError::Disabled => tr!(account_is_disabled).to_owned(),
        AccountError::IdentityTaken => tr!(identity_taken).to_owned(),
        AccountError::WrongPasskey => tr!(passkey_wrong).to_owned(),
        AccountError::PasskeyCopied => tr!(passkey_copied).to_owned(),
        AccountError::PasskeyTaken => tr!(passkey_known).to_owned(),
        AccountError::NotFresh => tr!(passkey_not_fresh).to_owned(),
        AccountError::LastWayIn => tr!(identity_last).to_owned(),
        AccountError::Full => tr!(accounts_full).to_owned(),
        AccountError::NotFound => tr!(account_gone).to_owned(),
        AccountError::LastOwner => tr!(last_owner).to_owned(),
        AccountError::NotNow => tr!(account_not_now).to_owned(),
        AccountError::Hashing | AccountError::Store(_) => tr!(account_failed).to_owned(),
    }
}

/// The code of the same error in the API, whose status its page has, too.
pub fn account_error_code(error: &AccountError) -> ErrorCode {
    match error {
        AccountError::WrongCredentials
        | AccountError::WrongPasskey
        | AccountError::PasskeyCopied
        | AccountError::SetUp(_) => ErrorCode::Unauthorized,
        AccountError::RateLimited(_) => ErrorCode::RateLimited,
        AccountError::Name(_)
        | AccountError::Password(_)
        | AccountError::NameTaken
        | AccountError::IdentityTaken
        | AccountError::LastWayIn
        | AccountError::Full
        | AccountError::LastOwner
        | AccountError::PasskeyTaken
        | AccountError::NotNow => ErrorCode::InvalidInput,
        AccountError::Disabled | AccountError::NotFresh => ErrorCode::Forbidden,
        AccountError::NotFound => ErrorCode::NotFound,
        AccountError::Hashing => ErrorCode::Internal,
        AccountError::Store(_) => ErrorCode::Unavailable,
    }
}

/// Attempts are delayed. The delay is rounded up, so that it is over when the words say so.
fn too_many_attempts(limited: RateLimited) -> String {
    let seconds = retry_after_seconds(limited);
    let wait = match seconds {
        ..120 => super::retry_after(seconds),
        seconds => tr!(retry_after_minutes, minutes = seconds.div_ceil(60)),
    };
    format!("{} {wait}", tr!(too_many_attempts))
}

/// The whole seconds after which an attempt is possible again, for the header `Retry-After`.
pub fn retry_after_seconds(limited: RateLimited) -> u64 {
    let ms = u64::try_from(limited.retry_after.as_millis()).unwrap_or(u64::MAX);
    ms.div_ceil(1_000).max(1)
}

/// What a password has to be like.
pub fn password_rule() -> String {
    tr!(password_rule, count = NewPassword::MIN_CHARS)
}

/// What the name of a token has to be like.
pub fn token_name_rule() -> String {
    tr!(token_name_rule, count = TokenName::MAX_CHARS)
}

/// What the name of a passkey has to be like.
pub fn passkey_name_rule() -> String {
    tr!(passkey_name_rule, count = PasskeyName::MAX_CHARS)
}

/// The word for a role.
pub fn role(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Owner => tr!(role_owner),
        AccountRole::Member => tr!(role_member),
    }
}

/// How many conversations an account has, and their size if it is known.
pub fn account_usage(conversations: u64, bytes: Option<u64>) -> String {
    match bytes {
        Some(bytes) => tr!(account_usage, count = grouped(conversations), size = size(bytes)),
        None => tr!(account_usage_count, count = grouped(conversations)),
    }
}

/// A number of bytes in the largest unit of which there is one, as "3.4 MB".
fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        // Whole tenths, rounded down.
        Some((unit, name)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(unit);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// What happened, in a few words.
pub fn audit(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::SetUp => tr!(audit_set_up),
        AuditKind::AccountAdded => tr!(audit_account_added),
        AuditKind::AccountDisabled => tr!(audit_account_disabled),
        AuditKind::AccountEnabled => tr!(audit_account_enabled),
        AuditKind::RoleChanged => tr!(audit_role_changed),
        AuditKind::LoggedIn => tr!(audit_logged_in),
        AuditKind::LoggedInByProvider => tr!(audit_logged_in_by_provider),
        AuditKind::LoggedInByPasskey => tr!(audit_logged_in_by_passkey),
        AuditKind::PasskeyCopied => tr!(audit_passkey_copied),
        AuditKind::PasskeyAdded => tr!(audit_passkey_added),
        AuditKind::PasskeyRemoved => tr!(audit_passkey_removed),
        AuditKind::LoginFailed => tr!(audit_login_failed),
        AuditKind::LoggedOut => tr!(audit_logged_out),
        AuditKind::SessionsRevoked => tr!(audit_sessions_revoked),
        AuditKind::PasswordChanged => tr!(audit_password_changed),
        AuditKind::PasswordReset => tr!(audit_password_reset),
        AuditKind::IdentityConnected => tr!(audit_identity_connected),
        AuditKind::IdentityDisconnected => tr!(audit_identity_disconnected),
        AuditKind::TokenCreated => tr!(audit_token_created),
        AuditKind::TokenRevoked => tr!(audit_token_revoked),
        AuditKind::ShareMade => tr!(audit_share_made),
        AuditKind::ShareRevoked => tr!(audit_share_revoked),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_delay_is_never_said_to_be_shorter_than_it_is() {
        let limited = |ms| RateLimited { retry_after: Duration::from_millis(ms) };
        for (ms, words) in [
            (1, "Try again in 1 second."),
            (1_001, "Try again in 2 seconds."),
            (119_000, "Try again in 119 seconds."),
            (120_001, "Try again in 3 minutes."),
            (300_000, "Try again in 5 minutes."),
        ] {
            let said = account_error(&AccountError::RateLimited(limited(ms)));
            assert!(said.ends_with(words), "{ms}: {said}");
        }
    }

    #[test]
    fn sizes_have_the_largest_unit_that_they_fill() {
        for (bytes, words) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (999_999, "999.9 kB"),
            (3_456_789, "3.4 MB"),
            (20_000_000_000, "20.0 GB"),
            (u64::MAX, "18446744073.7 GB"),
        ] {
            assert_eq!(size(bytes), words);
        }
    }

    #[test]
    fn a_wrong_name_and_a_disabled_account_are_one_sentence() {
        let said = account_error(&AccountError::WrongCredentials);
        assert!(said.contains("name") && said.contains("password") && said.contains("disabled"));
    }
}
