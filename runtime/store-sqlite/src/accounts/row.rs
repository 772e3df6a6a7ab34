//! Converts rows to values. Any column may hold anything, as in [`crate::row`].

use accounts::{
    Account, AccountName, ApiToken, AuditEntry, AuditKind, CredentialId, Device, Note, Passkey,
    PasskeyId, PasskeyName, PasswordHash, PublicKey, Scopes, Session, SessionId, TokenId,
    TokenName, UserHandle,
};
use protocol::{AccountId, AccountRole, Timestamp};
use rusqlite::Row;
use rusqlite::types::FromSql;
use store::Cause;

use crate::row::{bad, owner_in};

/// The columns that [`account`] reads, in this order.
pub(super) const ACCOUNT: &str = "accounts.id, accounts.name, accounts.name_key, accounts.role, \
     accounts.disabled, accounts.created_ms, accounts.password";

/// The columns that [`session`] reads, in this order.
pub(super) const SESSION: &str = "sessions.id, sessions.account, sessions.created_ms, \
     sessions.used_ms, sessions.idle_expires_ms, sessions.expires_ms, sessions.device";

/// The columns that [`token`] reads, in this order.
pub(super) const TOKEN: &str = "tokens.id, tokens.account, tokens.name, tokens.scopes, \
     tokens.created_ms, tokens.expires_ms, tokens.used_ms";

/// The columns that [`passkey`] reads, in this order.
pub(super) const PASSKEY: &str = "passkeys.id, passkeys.account, passkeys.credential, \
     passkeys.handle, passkeys.host, passkeys.name, passkeys.key, passkeys.created_ms, \
     passkeys.used_ms";

/// How many columns [`PASSKEY`] names.
pub(super) const PASSKEY_COLUMNS: usize = 9;

/// The columns that [`audit`] reads, in this order.
pub(super) const AUDIT: &str = "id, at_ms, kind, actor, account, address";

pub(super) fn account(row: &Row<'_>, first: usize) -> Result<Account, Cause> {
    const TABLE: &str = "accounts";
    let Some(id) = owner_in(row.get_ref(first)?) else { return bad(TABLE, "the id is none") };
    let name: String = get(row, first + 1, TABLE)?;
    let key: String = get(row, first + 2, TABLE)?;
    let name = match AccountName::parse(&name) {
        Ok(name) if name.key() == key => name,
        _ => return bad(TABLE, "the name is none, or not the one that it is found by"),
    };
    let role: String = get(row, first + 3, TABLE)?;
    let Some(role) = role_of(&role) else { return bad(TABLE, "the role is unknown") };
    // Anything but a clear no keeps the account out.
    let disabled = get::<i64>(row, first + 4, TABLE)? != 0;
    let created_at = moment(row, first + 5, TABLE)?;
    let password: Option<String> = get(row, first + 6, TABLE)?;
    let password = password.map(PasswordHash::from_stored);
    Ok(Account { id, name, role, disabled, created_at, password })
}

pub(super) fn session(row: &Row<'_>) -> Result<Session, Cause> {
    const TABLE: &str = "sessions";
    let Some(account) = owner_in(row.get_ref(1)?) else { return bad(TABLE, "no account") };
    let device: String = get(row, 6, TABLE)?;
    Ok(Session {
        id: SessionId(get(row, 0, TABLE)?),
        account,
        created_at: moment(row, 2, TABLE)?,
        used_at: moment(row, 3, TABLE)?,
        idle_expires_at: moment(row, 4, TABLE)?,
        expires_at: moment(row, 5, TABLE)?,
        device: Device::from_user_agent(&device),
    })
}

pub(super) fn token(row: &Row<'_>) -> Result<ApiToken, Cause> {
    const TABLE: &str = "tokens";
    let Some(account) = owner_in(row.get_ref(1)?) else { return bad(TABLE, "no account") };
    let (name, scopes): (String, String) = (get(row, 2, TABLE)?, get(row, 3, TABLE)?);
    let (Some(name), Some(scopes)) = (TokenName::parse(&name), Scopes::parse(&scopes)) else {
        return bad(TABLE, "the name or the scopes are none");
    };
    let used_ms: Option<i64> = get(row, 6, TABLE)?;
    Ok(ApiToken {
        id: TokenId(get(row, 0, TABLE)?),
        account,
        name,
        scopes,
        created_at: moment(row, 4, TABLE)?,
        expires_at: moment(row, 5, TABLE)?,
        used_at: used_ms.map(Timestamp::from_unix_ms),
    })
}

pub(super) fn audit(row: &Row<'_>) -> Result<AuditEntry, Cause> {
    const TABLE: &str = "audit";
    let kind: String = get(row, 2, TABLE)?;
    let Some(kind) = AuditKind::from_name(&kind) else { return bad(TABLE, "the kind is unknown") };
    let address: Option<String> = get(row, 5, TABLE)?;
    let Ok(from) = address.map(|text| text.parse()).transpose() else {
        return bad(TABLE, "the address is none");
    };
    let note = Note { at: moment(row, 1, TABLE)?, kind, by: optional(row, 3)?, from };
    Ok(AuditEntry { id: get(row, 0, TABLE)?, note, account: optional(row, 4)? })
}

pub(super) fn passkey(row: &Row<'_>) -> Result<Passkey, Cause> {
    const TABLE: &str = "passkeys";
    let Some(account) = owner_in(row.get_ref(1)?) else { return bad(TABLE, "no account") };
    let (credential, handle): (Vec<u8>, Vec<u8>) = (get(row, 2, TABLE)?, get(row, 3, TABLE)?);
    let (host, name): (String, String) = (get(row, 4, TABLE)?, get(row, 5, TABLE)?);
    let credential = CredentialId::from_bytes(&credential);
    let (handle, name) = (UserHandle::from_slice(&handle), PasskeyName::parse(&name));
    let (Some(credential), Some(handle), Some(name)) = (credential, handle, name) else {
        return bad(TABLE, "the identifier, the handle or the name is none");
    };
    let used_ms: Option<i64> = get(row, 8, TABLE)?;
    Ok(Passkey {
        id: PasskeyId(get(row, 0, TABLE)?),
        account,
        credential,
        handle,
        host,
        name,
        key: PublicKey::from_stored(get(row, 6, TABLE)?),
        created_at: moment(row, 7, TABLE)?,
        used_at: used_ms.map(Timestamp::from_unix_ms),
    })
}

pub(super) fn role_name(role: AccountRole) -> &'static str {
    match role {
        AccountRole::Owner => "owner",
        AccountRole::Member => "member",
    }
}

fn role_of(name: &str) -> Option<AccountRole> {
    [AccountRole::Owner, AccountRole::Member].into_iter().find(|role| role_name(*role) == name)
}

/// A column with an account, or with null.
fn optional(row: &Row<'_>, column: usize) -> Result<Option<AccountId>, Cause> {
    let value = row.get_ref(column)?;
    match (value, owner_in(value)) {
        (rusqlite::types::ValueRef::Null, _) => Ok(None),
        (_, None) => bad("audit", "the account is none"),
        (_, found) => Ok(found),
    }
}

fn moment(row: &Row<'_>, column: usize, table: &'static str) -> Result<Timestamp, Cause> {
    Ok(Timestamp::from_unix_ms(get(row, column, table)?))
}

/// Reads a column. The error does not quote what was found.
fn get<T: FromSql>(row: &Row<'_>, column: usize, table: &'static str) -> Result<T, Cause> {
    match row.get(column) {
        Ok(value) => Ok(value),
        Err(_) => bad(table, "a column is not of its type"),
    }
}
