//! The audit: what happened to accounts, and who did it. It holds no texts.

use std::net::IpAddr;

use protocol::{AccountId, Timestamp};

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// The position in the audit, by which its pages go.
    pub id: i64,
    /// Who, what, when and from where.
    pub note: Note,
    /// The account to which it happened; `None` for a login with an unknown name.
    pub account: Option<AccountId>,
}

/// What is noted about an event; the store adds the account to which it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// Who did it; `None` for somebody who has not logged in, or the command line.
    pub by: Option<AccountId>,
    /// From where; `None` for the command line.
    pub from: Option<IpAddr>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuditKind {
    /// The first owner was made with the set-up code.
    SetUp,
    /// An account was added.
    AccountAdded,
    /// An account was disabled.
    AccountDisabled,
    /// A disabled account can be used again.
    AccountEnabled,
    /// An account has another role.
    RoleChanged,
    /// Somebody logged in.
    LoggedIn,
    /// Somebody logged in whom a provider of identities had authenticated.
    LoggedInByProvider,
    /// Somebody logged in with a passkey.
    LoggedInByPasskey,
    /// A name, password or passkey was wrong, or nobody was let in whom a provider had authenticated.
    LoginFailed,
    /// A passkey was not let in because somebody may have a copy of it.
    PasskeyCopied,
    /// Somebody logged out.
    LoggedOut,
    /// A session, or all others, were ended.
    SessionsRevoked,
    /// Somebody changed the own password.
    PasswordChanged,
    /// An owner, or the command line, gave an account another password.
    PasswordReset,
    /// A provider's identity was connected with an account.
    IdentityConnected,
    /// A provider's identity lets nobody into an account any more.
    IdentityDisconnected,
    /// A passkey was added to an account.
    PasskeyAdded,
    /// A passkey lets nobody into an account any more.
    PasskeyRemoved,
    /// An API token was made.
    TokenCreated,
    /// An API token was revoked.
    TokenRevoked,
    /// A conversation was shared.
    ShareMade,
    /// A share was revoked.
    ShareRevoked,
}

impl AuditKind {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::SetUp,
        Self::AccountAdded,
        Self::AccountDisabled,
        Self::AccountEnabled,
        Self::RoleChanged,
        Self::LoggedIn,
        Self::LoggedInByProvider,
        Self::LoggedInByPasskey,
        Self::LoginFailed,
        Self::PasskeyCopied,
        Self::LoggedOut,
        Self::SessionsRevoked,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::IdentityConnected,
        Self::IdentityDisconnected,
        Self::PasskeyAdded,
        Self::PasskeyRemoved,
        Self::TokenCreated,
        Self::TokenRevoked,
        Self::ShareMade,
        Self::ShareRevoked,
    ];

    /// The name under which it is stored; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::SetUp => "set_up",
            Self::AccountAdded => "account_added",
            Self::AccountDisabled => "account_disabled",
            Self::AccountEnabled => "account_enabled",
            Self::RoleChanged => "role_changed",
            Self::LoggedIn => "logged_in",
            Self::LoggedInByProvider => "logged_in_by_provider",
            Self::LoggedInByPasskey => "logged_in_by_passkey",
            Self::LoginFailed => "login_failed",
            Self::PasskeyCopied => "passkey_copied",
            Self::LoggedOut => "logged_out",
            Self::SessionsRevoked => "sessions_revoked",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::IdentityConnected => "identity_connected",
            Self::IdentityDisconnected => "identity_disconnected",
            Self::PasskeyAdded => "passkey_added",
            Self::PasskeyRemoved => "passkey_removed",
            Self::TokenCreated => "token_created",
            Self::TokenRevoked => "token_revoked",
            Self::ShareMade => "share_made",
            Self::ShareRevoked => "share_revoked",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}
