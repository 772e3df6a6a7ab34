//! The statements about accounts.

use accounts::{
    Account, AccountChange, AccountName, Added, Changed, ConnectedIdentity, Entrance, NewAccount,
    NewPasskey, Note, PasswordHash, SessionId, limits,
};
use protocol::{AccountId, AccountRole};
use rusqlite::{Connection, Params, params};
use store::Cause;

use super::{audit, identity, passkey, row, session};

pub(super) fn add(db: &Connection, new: NewAccount, note: Note) -> Result<Added, Cause> {
    let (count, last): (u32, u32) =
        db.query_row("SELECT count(*), coalesce(max(id), 0) FROM accounts", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let is_first = new.entrance == Entrance::First;
    if is_first != (count == 0) || (is_first && new.role != AccountRole::Owner) {
        return Ok(Added::NotNow);
    }
    if count >= limits::ACCOUNTS {
        return Ok(Added::Full);
    }
    let taken: bool = db.query_row(
        "SELECT EXISTS (SELECT 1 FROM accounts WHERE name_key = ?)",
        [new.name.key()],
        |row| row.get(0),
    )?;
    if taken {
        return Ok(Added::NameTaken);
    }
    let is_known = |known: &_| identity::owner(db, known).map(|owner| owner.is_some());
    if new.identity.as_ref().map(is_known).transpose()? == Some(true) {
        return Ok(Added::IdentityTaken);
    }
    let has_key = |new: &NewPasskey| passkey::is_known(db, &new.credential);
    if new.passkey.as_ref().map(has_key).transpose()? == Some(true) {
        return Ok(Added::PasskeyTaken);
    }
    let Some(id) = last.checked_add(1).and_then(AccountId::new) else { return Ok(Added::Full) };
    let NewAccount { name, role, created_at, password, identity, passkey, .. } = new;
    db.execute(
        "INSERT INTO accounts (id, name, name_key, role, disabled, created_ms, password)
         VALUES (?, ?, ?, ?, 0, ?, ?)",
        params![
            id.get(),
            name.as_str(),
            name.key(),
            row::role_name(role),
            created_at.unix_ms(),
            password.as_ref().map(PasswordHash::as_stored),
        ],
    )?;
    if let Some(identity) = identity {
        identity::insert(db, id, &ConnectedIdentity { identity, connected_at: created_at })?;
    }
    if let Some(new) = passkey {
        passkey::insert(db, id, &new)?;
    }
    audit::add(db, note, Some(id))?;
    Ok(Added::Account(Account { id, name, role, disabled: false, created_at, password }))
}

pub(super) fn by_id(db: &Connection, id: AccountId) -> Result<Option<Account>, Cause> {
    one(db, "id = ?", [id.get()])
}

pub(super) fn by_name(db: &Connection, name: &AccountName) -> Result<Option<Account>, Cause> {
    one(db, "name_key = ?", [name.key()])
}

fn one(db: &Connection, which: &str, values: impl Params) -> Result<Option<Account>, Cause> {
    let sql = format!("SELECT {} FROM accounts WHERE {which}", row::ACCOUNT);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(values)?;
    rows.next()?.map(|found| row::account(found, 0)).transpose()
}

pub(super) fn all(db: &Connection) -> Result<Vec<Account>, Cause> {
    let sql = format!("SELECT {} FROM accounts ORDER BY id", row::ACCOUNT);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([])?;
    let mut accounts = Vec::new();
    while let Some(found) = rows.next()? {
        accounts.extend(row::account(found, 0).ok());
    }
    Ok(accounts)
}

pub(super) fn change(
    db: &Connection,
    id: AccountId,
    change: &AccountChange,
    note: Note,
) -> Result<Changed, Cause> {
    let Some(account) = by_id(db, id)? else { return Ok(Changed::NotFound) };
    let takes_owner =
        matches!(change, AccountChange::Disable | AccountChange::Role(AccountRole::Member));
    if takes_owner && is_last_owner(db, &account)? {
        return Ok(Changed::LastOwner);
    }
    let key = id.get();
    match change {
        AccountChange::Password { hash, keep } => {
            replace_password(db, id, hash, *keep)?;
        }
        AccountChange::Reset(hash) => {
            replace_password(db, id, hash, None)?;
            passkey::remove_all(db, id)?;
        }
        AccountChange::Role(role) => {
            let role = row::role_name(*role);
            db.execute("UPDATE accounts SET role = ? WHERE id = ?", params![role, key])?;
        }
        AccountChange::Disable => {
            db.execute("UPDATE accounts SET disabled = 1 WHERE id = ?", [key])?;
            session::end_others(db, id, None)?;
        }
        AccountChange::Enable => {
            db.execute("UPDATE accounts SET disabled = 0 WHERE id = ?", [key])?;
        }
    }
    audit::add(db, note, Some(id))?;
    Ok(Changed::Done)
}

fn replace_password(
    db: &Connection,
    id: AccountId,
    hash: &PasswordHash,
    keep: Option<SessionId>,
) -> Result<(), Cause> {
    db.execute(
        "UPDATE accounts SET password = ? WHERE id = ?",
        params![hash.as_stored(), id.get()],
    )?;
    session::end_others(db, id, keep)?;
    // Somebody else may have logged in by the old password, and would stay known.
    db.execute("DELETE FROM devices WHERE account = ?", [id.get()])?;
    Ok(())
}

/// Whether no other owner can log in. Rows that cannot be read do not count.
fn is_last_owner(db: &Connection, account: &Account) -> Result<bool, Cause> {
    if account.role != AccountRole::Owner || account.disabled {
        return Ok(false);
    }
    let others = all(db)?;
    Ok(!others
        .iter()
        .any(|other| other.id != account.id && other.role == AccountRole::Owner && !other.disabled))
}

pub(super) fn rehash(
    db: &Connection,
    id: AccountId,
    from: &PasswordHash,
    to: &PasswordHash,
) -> Result<bool, Cause> {
    let changed = db.execute(
        "UPDATE accounts SET password = ? WHERE id = ? AND password = ?",
        params![to.as_stored(), id.get(), from.as_stored()],
    )?;
    Ok(changed > 0)
}
