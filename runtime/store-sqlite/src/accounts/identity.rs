//! The statements about identities of people at providers.

use accounts::{
    Account, Connected, ConnectedIdentity, Disconnected, Identity, Note, SessionId, limits,
};
use protocol::{AccountId, Timestamp};
use rusqlite::{Connection, params};
use store::Cause;

use super::{account, audit, passkey, row, session};

pub(super) fn account(db: &Connection, identity: &Identity) -> Result<Option<Account>, Cause> {
    let sql = format!(
        "SELECT {} FROM identities JOIN accounts ON accounts.id = identities.account
         WHERE identities.issuer = ? AND identities.subject = ?",
        row::ACCOUNT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([&identity.issuer, &identity.subject])?;
    rows.next()?.map(|found| row::account(found, 0)).transpose()
}

/// Whether an identity is this account's.
pub(super) fn is_of(
    db: &Connection,
    identity: &Identity,
    account: AccountId,
) -> Result<bool, Cause> {
    Ok(owner(db, identity)? == Some(account.get()))
}

pub(super) fn owner(db: &Connection, identity: &Identity) -> Result<Option<u32>, Cause> {
    let mut statement =
        db.prepare_cached("SELECT account FROM identities WHERE issuer = ? AND subject = ?")?;
    let mut rows = statement.query([&identity.issuer, &identity.subject])?;
    Ok(rows.next()?.map(|found| found.get(0)).transpose()?)
}

pub(super) fn of(db: &Connection, account: AccountId) -> Result<Vec<ConnectedIdentity>, Cause> {
    let mut statement = db.prepare_cached(
        "SELECT issuer, subject, connected_ms FROM identities WHERE account = ?
         ORDER BY connected_ms, issuer, subject",
    )?;
    let mut rows = statement.query([account.get()])?;
    let mut identities = Vec::new();
    while let Some(found) = rows.next()? {
        // A row that cannot be read must not hide the others.
        let (Ok(issuer), Ok(subject), Ok(ms)) = (found.get(0), found.get(1), found.get(2)) else {
            continue;
        };
        let connected_at = Timestamp::from_unix_ms(ms);
        let identity = Identity { issuer, subject };
        identities.push(ConnectedIdentity { identity, connected_at });
    }
    Ok(identities)
}

/// Adds the row. The caller has checked that there is none.
pub(super) fn insert(
    db: &Connection,
    account: AccountId,
    new: &ConnectedIdentity,
) -> Result<(), Cause> {
    let ConnectedIdentity { identity, connected_at } = new;
    db.execute(
        "INSERT INTO identities (issuer, subject, account, connected_ms) VALUES (?, ?, ?, ?)",
        params![identity.issuer, identity.subject, account.get(), connected_at.unix_ms()],
    )?;
    Ok(())
}

pub(super) fn connect(
    db: &Connection,
    account: AccountId,
    new: &ConnectedIdentity,
    note: Note,
) -> Result<Connected, Cause> {
    let found = account::by_id(db, account)?;
    if found.is_none_or(|found| found.disabled) {
        return Ok(Connected::NotFound);
    }
    match owner(db, &new.identity)? {
        Some(owner) if owner == account.get() => return Ok(Connected::Done),
        Some(_) => return Ok(Connected::Taken),
        None => {}
    }
    let count: u32 = db.query_row(
        "SELECT count(*) FROM identities WHERE account = ?",
        [account.get()],
        |row| row.get(0),
    )?;
    if count >= limits::IDENTITIES {
        return Ok(Connected::Full);
    }
    insert(db, account, new)?;
    audit::add(db, note, Some(account))?;
    Ok(Connected::Done)
}

pub(super) fn disconnect(
    db: &Connection,
    account: AccountId,
    identity: &Identity,
    keep: Option<SessionId>,
    note: Note,
) -> Result<Disconnected, Cause> {
    if !is_of(db, identity, account)? {
        return Ok(Disconnected::NotFound);
    }
    let has_password = account::by_id(db, account)?.is_some_and(|found| found.password.is_some());
    if !has_password && passkey::count(db, account)? == 0 {
        return Ok(Disconnected::LastWayIn);
    }
    db.execute(
        "DELETE FROM identities WHERE issuer = ? AND subject = ?",
        [&identity.issuer, &identity.subject],
    )?;
    session::end_others(db, account, keep)?;
    audit::add(db, note, Some(account))?;
    Ok(Disconnected::Done)
}
