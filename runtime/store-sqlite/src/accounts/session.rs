//! The statements about sessions and devices.

use accounts::{Account, Ending, NewSession, Note, Proof, SecretHash, Session, SessionId, limits};
use protocol::{AccountId, Timestamp};
use rusqlite::{Connection, Params, params};
use store::Cause;

use super::{account, audit, identity, passkey, row};

pub(super) fn add(
    db: &Connection,
    new: NewSession,
    note: Note,
) -> Result<Option<(Session, Vec<SessionId>)>, Cause> {
    let id = new.account;
    let Some(found) = account::by_id(db, id)?.filter(|found| !found.disabled) else {
        return Ok(None);
    };
    let is_proven = match &new.proof {
        Proof::Password(hash) => found.password.as_ref() == Some(hash),
        Proof::Identity(identity) => identity::is_of(db, identity, id)?,
        Proof::Passkey(used) => passkey::used(db, id, used, new.created_at)?,
    };
    if !is_proven {
        return Ok(None);
    }
    let mut ended = match new.replaces {
        Some(hash) => removed(db, "hash = ?", [hash.as_bytes()])?,
        None => Vec::new(),
    };
    let NewSession { created_at, idle_expires_at, expires_at, device, .. } = new;
    let number: i64 = db.query_row(
        "INSERT INTO sessions (
             id, hash, account, created_ms, used_ms, idle_expires_ms, expires_ms, device
         ) VALUES (random() & 9007199254740991, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        params![
            new.hash.as_bytes(),
            id.get(),
            created_at.unix_ms(),
            created_at.unix_ms(),
            idle_expires_at.unix_ms(),
            expires_at.unix_ms(),
            device.as_str(),
        ],
        |row| row.get(0),
    )?;
    let beyond = "account = ?1 AND id <> ?2 AND id NOT IN (
        SELECT id FROM sessions WHERE account = ?1 AND id <> ?2 ORDER BY used_ms DESC, id LIMIT ?3
    )";
    ended.extend(removed(db, beyond, params![id.get(), number, limits::SESSIONS - 1])?);
    db.execute(
        "INSERT INTO devices (hash, account) VALUES (?, ?)",
        params![new.device_hash.as_bytes(), id.get()],
    )?;
    db.execute(
        "DELETE FROM devices WHERE account = ?1 AND id NOT IN (
             SELECT id FROM devices WHERE account = ?1 ORDER BY id DESC LIMIT ?2
         )",
        params![id.get(), limits::DEVICES],
    )?;
    audit::add(db, note, Some(id))?;
    let session = Session {
        id: SessionId(number),
        account: id,
        created_at,
        used_at: created_at,
        idle_expires_at,
        expires_at,
        device,
    };
    Ok(Some((session, ended)))
}

pub(super) fn by_hash(
    db: &Connection,
    hash: SecretHash,
) -> Result<Option<(Session, Account)>, Cause> {
    let sql = format!(
        "SELECT {}, {} FROM sessions JOIN accounts ON accounts.id = sessions.account
         WHERE sessions.hash = ?",
        row::SESSION,
        row::ACCOUNT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([hash.as_bytes()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    Ok(Some((row::session(found)?, row::account(found, 7)?)))
}

pub(super) fn of(db: &Connection, account: AccountId) -> Result<Vec<Session>, Cause> {
    let sql = format!(
        "SELECT {} FROM sessions WHERE account = ? ORDER BY used_ms DESC, id",
        row::SESSION
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([account.get()])?;
    let mut sessions = Vec::new();
    while let Some(found) = rows.next()? {
        sessions.extend(row::session(found).ok());
    }
    Ok(sessions)
}

pub(super) fn used(
    db: &Connection,
    id: SessionId,
    used_at: Timestamp,
    idle_expires_at: Timestamp,
) -> Result<(), Cause> {
    db.execute(
        "UPDATE sessions SET used_ms = ?, idle_expires_ms = ? WHERE id = ?",
        params![used_at.unix_ms(), idle_expires_at.unix_ms(), id.0],
    )?;
    Ok(())
}

pub(super) fn end(
    db: &Connection,
    ending: Ending,
    note: Option<Note>,
) -> Result<Vec<SessionId>, Cause> {
    let (ended, account) = match ending {
        Ending::One(account, id) => {
            (removed(db, "account = ? AND id = ?", params![account.get(), id.0])?, Some(account))
        }
        Ending::Others(account, keep) => (end_others(db, account, keep)?, Some(account)),
        Ending::Expired(now) => {
            let at = now.unix_ms();
            (removed(db, "idle_expires_ms <= ?1 OR expires_ms <= ?1", [at])?, None)
        }
    };
    if let Some(note) = note.filter(|_| !ended.is_empty()) {
        audit::add(db, note, account)?;
    }
    Ok(ended)
}

pub(super) fn end_others(
    db: &Connection,
    account: AccountId,
    keep: Option<SessionId>,
) -> Result<Vec<SessionId>, Cause> {
    removed(db, "account = ? AND id IS NOT ?", params![account.get(), keep.map(|id| id.0)])
}

pub(super) fn knows_device(
    db: &Connection,
    account: AccountId,
    hash: SecretHash,
) -> Result<bool, Cause> {
    let mut statement =
        db.prepare_cached("SELECT EXISTS (SELECT 1 FROM devices WHERE hash = ? AND account = ?)")?;
    Ok(statement.query_row(params![hash.as_bytes(), account.get()], |row| row.get(0))?)
}

fn removed(db: &Connection, which: &str, values: impl Params) -> Result<Vec<SessionId>, Cause> {
    let mut statement =
        db.prepare_cached(&format!("DELETE FROM sessions WHERE {which} RETURNING id"))?;
    let ended = statement.query_map(values, |row| row.get(0).map(SessionId))?;
    Ok(ended.collect::<Result<_, _>>()?)
}
