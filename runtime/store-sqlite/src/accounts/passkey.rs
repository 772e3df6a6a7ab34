//! The statements about passkeys.

use accounts::{
    Account, AddedPasskey, CredentialId, NewPasskey, Note, Passkey, PasskeyId, Removed, SessionId,
    UsedPasskey, limits,
};
use protocol::{AccountId, Timestamp};
use rusqlite::{Connection, params};
use store::Cause;

use super::{account, audit, row, session};

pub(super) fn is_there(db: &Connection, host: Option<&str>) -> Result<bool, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM passkeys WHERE ?1 IS NULL OR host = ?1 LIMIT 1)",
    )?;
    Ok(statement.query_row([host], |row| row.get(0))?)
}

pub(super) fn by_credential(
    db: &Connection,
    credential: &CredentialId,
) -> Result<Option<(Passkey, Account)>, Cause> {
    let sql = format!(
        "SELECT {}, {} FROM passkeys JOIN accounts ON accounts.id = passkeys.account
         WHERE passkeys.credential = ?",
        row::PASSKEY,
        row::ACCOUNT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([credential.as_bytes()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    Ok(Some((row::passkey(found)?, row::account(found, row::PASSKEY_COLUMNS)?)))
}

pub(super) fn of(db: &Connection, account: AccountId) -> Result<Vec<Passkey>, Cause> {
    let sql =
        format!("SELECT {} FROM passkeys WHERE account = ? ORDER BY created_ms, id", row::PASSKEY);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([account.get()])?;
    let mut passkeys = Vec::new();
    while let Some(found) = rows.next()? {
        passkeys.extend(row::passkey(found).ok());
    }
    Ok(passkeys)
}

/// Whether there is a passkey with this identifier, which may be unreadable.
pub(super) fn is_known(db: &Connection, credential: &CredentialId) -> Result<bool, Cause> {
    let mut statement =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM passkeys WHERE credential = ?)")?;
    Ok(statement.query_row([credential.as_bytes()], |row| row.get(0))?)
}

/// How many passkeys an account has.
pub(super) fn count(db: &Connection, account: AccountId) -> Result<u32, Cause> {
    let mut statement = db.prepare_cached("SELECT count(*) FROM passkeys WHERE account = ?")?;
    Ok(statement.query_row([account.get()], |row| row.get(0))?)
}

/// Adds the row. The caller has checked that there is none.
pub(super) fn insert(db: &Connection, account: AccountId, new: &NewPasskey) -> Result<(), Cause> {
    db.execute(
        "INSERT INTO passkeys (id, credential, account, handle, host, name, key, created_ms)
         VALUES (random() & 9007199254740991, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.credential.as_bytes(),
            account.get(),
            new.handle.as_bytes(),
            new.host,
            new.name.as_str(),
            new.key.as_stored(),
            new.created_at.unix_ms(),
        ],
    )?;
    Ok(())
}

pub(super) fn add(
    db: &Connection,
    account: AccountId,
    new: &NewPasskey,
    note: Note,
) -> Result<AddedPasskey, Cause> {
    let found = account::by_id(db, account)?;
    if found.is_none_or(|found| found.disabled) {
        return Ok(AddedPasskey::NotFound);
    }
    if is_known(db, &new.credential)? {
        return Ok(AddedPasskey::Taken);
    }
    if count(db, account)? >= limits::PASSKEYS {
        return Ok(AddedPasskey::Full);
    }
    insert(db, account, new)?;
    audit::add(db, note, Some(account))?;
    Ok(AddedPasskey::Done)
}

/// Notes the use of a passkey of this account; false if it is not the account's, or not the one whose
/// answer was checked.
pub(super) fn used(
    db: &Connection,
    account: AccountId,
    used: &UsedPasskey,
    at: Timestamp,
) -> Result<bool, Cause> {
    let changed = db.execute(
        "UPDATE passkeys SET key = ?, used_ms = ? WHERE id = ? AND account = ? AND key = ?",
        params![
            used.next.as_stored(),
            at.unix_ms(),
            used.id.0,
            account.get(),
            used.key.as_stored()
        ],
    )?;
    Ok(changed > 0)
}

pub(super) fn remove(
    db: &Connection,
    account: AccountId,
    id: PasskeyId,
    keep: Option<SessionId>,
    note: Note,
) -> Result<Removed, Cause> {
    let is_of: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM passkeys WHERE id = ? AND account = ?)",
        params![id.0, account.get()],
        |row| row.get(0),
    )?;
    if !is_of {
        return Ok(Removed::NotFound);
    }
    let has_password = account::by_id(db, account)?.is_some_and(|found| found.password.is_some());
    let has_identity: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM identities WHERE account = ?)",
        [account.get()],
        |row| row.get(0),
    )?;
    if !has_password && !has_identity && count(db, account)? <= 1 {
        return Ok(Removed::LastWayIn);
    }
    db.execute("DELETE FROM passkeys WHERE id = ?", [id.0])?;
    session::end_others(db, account, keep)?;
    audit::add(db, note, Some(account))?;
    Ok(Removed::Done)
}

/// Removes all passkeys of an account.
pub(super) fn remove_all(db: &Connection, account: AccountId) -> Result<(), Cause> {
    db.execute("DELETE FROM passkeys WHERE account = ?", [account.get()])?;
    Ok(())
}
