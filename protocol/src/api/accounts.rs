//! Accounts, sessions, API tokens and the audit.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccountId, AccountRole, Timestamp};

/// A password on its way. `Debug` prints `***`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = Password))]
pub struct PasswordText(pub String);

impl fmt::Debug for PasswordText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `POST /api/v1/setup`: makes the first account, an owner's, and logs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetUp {
    /// The code that the server printed when it started; valid for 15 minutes.
    pub code: PasswordText,
    /// The account's name.
    pub name: String,
    /// The account's password.
    pub password: PasswordText,
}

/// `POST /api/v1/session`: logs in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LogIn {
    /// The account's name.
    pub name: String,
    /// The account's password.
    pub password: PasswordText,
}

/// By what a request is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum AdmittedBy {
    /// A login in this browser.
    Session,
    /// An API token.
    Token,
    /// A proxy in front of the server, which authenticates.
    Proxy,
    /// It comes from the server's own machine, where no login is needed.
    Machine,
}

/// `GET /api/v1/session`: who the caller is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionStatus {
    /// The account whose conversations the caller uses.
    pub account_id: AccountId,
    /// The account's name; null at the server's own machine without a login.
    pub name: Option<String>,
    /// The account's role.
    pub role: AccountRole,
    /// By what the caller is let in.
    pub by: AdmittedBy,
}

/// `PUT /api/v1/password`: changes the own password, and ends all other sessions.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangePassword {
    /// The password until now.
    pub old: PasswordText,
    /// The password from now on.
    pub new: PasswordText,
}

/// A session of the own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionSummary {
    /// The session's number.
    pub id: i64,
    /// When somebody logged in.
    pub created_at: Timestamp,
    /// The last use, to about a minute.
    pub used_at: Timestamp,
    /// When it ends unless it is used.
    pub ends_at: Timestamp,
    /// What the browser said about itself at the login; anybody may claim anything there.
    pub device: String,
    /// Whether it is the session of this request.
    pub current: bool,
}

/// `GET /api/v1/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// The sessions that have not ended, the last used first.
    pub sessions: Vec<SessionSummary>,
}

/// `DELETE /api/v1/sessions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedSessions {
    /// How many were ended.
    pub ended: u32,
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TokenScope {
    /// Reading conversations.
    Read,
    /// Sending messages and changing conversations.
    Write,
    /// Accounts and what concerns the whole installation; needs an owner's account.
    Admin,
}

/// An API token of the own account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenSummary {
    /// The token's number.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub scopes: Vec<TokenScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The last use, to about a minute; null if there was none.
    pub used_at: Option<Timestamp>,
}

/// `GET /api/v1/tokens`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenList {
    /// All of them, expired ones included, the oldest first.
    pub tokens: Vec<TokenSummary>,
}

/// `POST /api/v1/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreateToken {
    /// 1 to 64 characters, to recognize it by.
    pub name: String,
    /// What it shall allow; at least one. None includes another.
    pub scopes: Vec<TokenScope>,
    /// For how many days it is valid (1 to 366).
    pub days: u32,
}

/// A new API token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The token.
    pub token: TokenSummary,
    /// What programs send in `Authorization: Bearer`. It is never shown again.
    pub secret: PasswordText,
}

/// An account, for owners. Its conversations are nobody else's, an owner included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountSummary {
    /// The account's number.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: AccountRole,
    /// Whether nobody can use it.
    pub disabled: bool,
    /// When it was added.
    pub created_at: Timestamp,
    /// Whether it can log in with a password.
    pub has_password: bool,
    /// How many conversations it has; null from the command line while no server runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversations: Option<u64>,
    /// How many bytes its conversations have in the database; only in a list that was asked for with
    /// `sizes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How many shares it has that have not ended; null from the command line while no server runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<u32>,
}

/// `GET /api/v1/accounts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountList {
    /// All of them, the oldest first.
    pub accounts: Vec<AccountSummary>,
}

/// `POST /api/v1/accounts`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AddAccount {
    /// Its name: up to 64 letters, digits, spaces and `. _ - @ +`.
    pub name: String,
    /// Its role; the first account is always an owner's.
    #[serde(default = "member")]
    pub role: AccountRole,
    /// Its password: 10 to 1,000 characters.
    pub password: PasswordText,
}

fn member() -> AccountRole {
    AccountRole::Member
}

/// `PATCH /api/v1/accounts/{id}`: exactly one of these.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchAccount {
    /// Another role. Open connections end and come back with it.
    #[serde(default)]
    pub role: Option<AccountRole>,
    /// `true` ends its sessions and voids its tokens; `false` lets it log in again.
    #[serde(default)]
    pub disabled: Option<bool>,
    /// Another password. All its sessions end; its tokens stay.
    #[serde(default)]
    pub password: Option<PasswordText>,
}

/// What happened to an account. It holds no texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// The position, by which pages go.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// What, such as `logged_in` or `account_added`.
    pub what: String,
    /// Who did it; null for somebody who has not logged in, and for the command line.
    pub by: Option<AccountId>,
    /// To which account it happened; null for a login with an unknown name.
    pub account: Option<AccountId>,
    /// From which address; null for the command line.
    pub from: Option<String>,
}

/// `GET /api/v1/audit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The newest first.
    pub entries: Vec<AuditRecord>,
    /// The value of `before` for the next page; null if there is none.
    pub next_before: Option<i64>,
}
