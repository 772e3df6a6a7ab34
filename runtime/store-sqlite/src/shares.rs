//! The port to the storage of shares. As for accounts, each write is a synced transaction of its own
//! with its entry in the audit.

use ::shares::{
    AddedShare, NewShare, Share, ShareId, ShareStore, ShareToken, ShareUsage, TokenHash, limits,
};
use accounts::Note;
use protocol::{AccountId, Excerpt, ExcerptParts, Timestamp, WorkerId};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use store::{Cause, StoreError};

use super::Sqlite;
use super::accounts::audit;
use super::row::{bad, owner_in};

/// How many shares that have ended one transaction removes: each may be megabytes, which are
/// overwritten.
const ENDED: u32 = 4;

/// The columns that [`share`] reads, in this order.
const SHARE: &str = "shares.id, shares.account, workers.worker_id, shares.token, shares.title, \
     shares.messages, shares.reasoning, shares.prompts, shares.bytes, shares.created_ms, \
     shares.expires_ms, workers.deleted_ms IS NULL";

#[async_trait::async_trait]
impl ShareStore for Sqlite {
    async fn add_share(&self, new: NewShare, note: Note) -> Result<AddedShare, StoreError> {
        self.writer.alone(move |db| db.transact(|db| add(db, new, note))).await
    }

    async fn shares(&self, account: AccountId, at: Timestamp) -> Result<Vec<Share>, StoreError> {
        self.readers.read(move |db| of(db, account, at)).await
    }

    async fn share_usage(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<ShareUsage, StoreError> {
        self.readers.read(move |db| usage(db, account, at)).await
    }

    async fn shared(
        &self,
        hash: TokenHash,
        at: Timestamp,
    ) -> Result<Option<(Share, Excerpt)>, StoreError> {
        self.readers.read(move |db| by_hash(db, hash, at)).await
    }

    async fn revoke_share(
        &self,
        account: AccountId,
        id: ShareId,
        note: Note,
    ) -> Result<bool, StoreError> {
        self.remove_shares(move |db| revoke(db, account, id, note)).await
    }

    async fn remove_ended_shares(&self, at: Timestamp) -> Result<bool, StoreError> {
        self.remove_shares(move |db| remove_ended(db, at)).await
    }
}

impl Sqlite {
    /// Removes shares, and their texts from the write-ahead log soon after.
    async fn remove_shares<F>(&self, work: F) -> Result<bool, StoreError>
    where
        F: FnOnce(&Connection) -> Result<bool, Cause> + Send + 'static,
    {
        self.writer
            .alone(move |db| {
                let removed = db.transact(work)?;
                if removed {
                    db.empty_log_later();
                }
                Ok(removed)
            })
            .await
    }
}

fn add(db: &Connection, new: NewShare, note: Note) -> Result<AddedShare, Cause> {
    let NewShare { account, worker_id, token, excerpt, parts, created_at, expires_at } = new;
    let written = serde_json::to_string(&excerpt)?;
    let bytes = written.len() as u64;
    if bytes > limits::BYTES {
        return Ok(AddedShare::Large);
    }
    // What has ended is removed soon and does not count.
    let usage = usage(db, account, created_at)?;
    if usage.count >= limits::SHARES || usage.bytes.saturating_add(bytes) > limits::ACCOUNT_BYTES {
        return Ok(AddedShare::Full);
    }
    let messages = u32::try_from(excerpt.messages.len()).unwrap_or(u32::MAX);
    let id: Option<i64> = db
        .query_row(
            "INSERT INTO shares
             SELECT random() & 9007199254740991, ?, ?, ?, id, ?, ?, ?, ?, ?, ?, ?, ? FROM workers
             WHERE worker_id = ? AND owner = ? AND deleted_ms IS NULL RETURNING id",
            params![
                token.hash().as_bytes(),
                token.reveal(),
                account.get(),
                excerpt.title,
                messages,
                parts.reasoning,
                parts.prompts,
                bytes,
                created_at.unix_ms(),
                expires_at.unix_ms(),
                written,
                worker_id.as_bytes(),
                account.get(),
            ],
            |row| row.get(0),
        )
        .optional()?;
    let Some(id) = id else { return Ok(AddedShare::NotFound) };
    audit::add(db, note, Some(account))?;
    Ok(AddedShare::Share(Share {
        id: ShareId(id),
        account,
        worker_id,
        token,
        title: excerpt.title,
        messages,
        parts,
        bytes,
        created_at,
        expires_at,
        open: true,
    }))
}

fn usage(db: &Connection, account: AccountId, at: Timestamp) -> Result<ShareUsage, Cause> {
    let sql =
        "SELECT count(*), coalesce(sum(bytes), 0) FROM shares WHERE account = ? AND expires_ms > ?";
    let found = db.query_row(sql, params![account.get(), at.unix_ms()], |row| {
        Ok(ShareUsage { count: row.get(0)?, bytes: row.get(1)? })
    })?;
    Ok(found)
}

fn of(db: &Connection, account: AccountId, at: Timestamp) -> Result<Vec<Share>, Cause> {
    let sql = format!(
        "SELECT {SHARE} FROM shares JOIN workers ON workers.id = shares.worker
         WHERE shares.account = ? AND shares.expires_ms > ?
         ORDER BY shares.created_ms DESC, shares.id DESC"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![account.get(), at.unix_ms()])?;
    let mut shares = Vec::new();
    while let Some(found) = rows.next()? {
        // A share that cannot be read must not hide the others.
        shares.extend(share(found).ok());
    }
    Ok(shares)
}

fn by_hash(
    db: &Connection,
    hash: TokenHash,
    at: Timestamp,
) -> Result<Option<(Share, Excerpt)>, Cause> {
    let sql = format!(
        "SELECT {SHARE}, shares.excerpt FROM shares JOIN workers ON workers.id = shares.worker
         WHERE shares.hash = ? AND shares.expires_ms > ? AND workers.deleted_ms IS NULL
           AND NOT EXISTS (
               SELECT 1 FROM accounts WHERE accounts.id = shares.account AND accounts.disabled <> 0
           )"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![hash.as_bytes(), at.unix_ms()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    let share = share(found)?;
    let written = found.get_ref(12)?.as_str().ok();
    match written.and_then(|written| serde_json::from_str(written).ok()) {
        Some(excerpt) => Ok(Some((share, excerpt))),
        None => bad("shares", "the excerpt is not one that this version knows"),
    }
}

fn revoke(db: &Connection, account: AccountId, id: ShareId, note: Note) -> Result<bool, Cause> {
    let removed = db
        .execute("DELETE FROM shares WHERE id = ? AND account = ?", params![id.0, account.get()])?;
    if removed > 0 {
        audit::add(db, note, Some(account))?;
    }
    Ok(removed > 0)
}

fn remove_ended(db: &Connection, at: Timestamp) -> Result<bool, Cause> {
    let removed = db.execute(
        "DELETE FROM shares WHERE id IN
             (SELECT id FROM shares WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?)",
        params![at.unix_ms(), ENDED],
    )?;
    Ok(removed > 0)
}

/// Removes one share of a worker; true if there was one.
pub(crate) fn forget(db: &Connection, worker: i64) -> Result<bool, Cause> {
    let sql = "DELETE FROM shares WHERE id = (SELECT id FROM shares WHERE worker = ? LIMIT 1)";
    Ok(db.prepare_cached(sql)?.execute([worker])? > 0)
}

fn share(row: &Row<'_>) -> Result<Share, Cause> {
    const TABLE: &str = "shares";
    let Some(account) = owner_in(row.get_ref(1)?) else { return bad(TABLE, "no account") };
    let Ok(worker_id) = WorkerId::from_slice(&get::<Vec<u8>>(row, 2)?) else {
        return bad(TABLE, "the conversation has no id");
    };
    let Some(token) = ShareToken::parse(&get::<String>(row, 3)?) else {
        return bad(TABLE, "the token is none");
    };
    Ok(Share {
        id: ShareId(get(row, 0)?),
        account,
        worker_id,
        token,
        title: get(row, 4)?,
        messages: get(row, 5)?,
        parts: ExcerptParts { reasoning: get(row, 6)?, prompts: get(row, 7)? },
        bytes: get(row, 8)?,
        created_at: Timestamp::from_unix_ms(get(row, 9)?),
        expires_at: Timestamp::from_unix_ms(get(row, 10)?),
        open: get(row, 11)?,
    })
}

/// Reads a column. The error does not quote what was found.
fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, Cause> {
    match row.get(column) {
        Ok(value) => Ok(value),
        Err(_) => bad("shares", "a column is not of its type"),
    }
}
