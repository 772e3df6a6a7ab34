//! The statements about API tokens.

use accounts::{Account, ApiToken, NewToken, Note, SecretHash, TokenId, TokenName, limits};
use protocol::{AccountId, Timestamp};
use rusqlite::{Connection, params};
use store::Cause;

use super::{account, audit, row};

pub(super) fn add(db: &Connection, new: NewToken, note: Note) -> Result<Option<ApiToken>, Cause> {
    let NewToken { account: owner, name, hash, scopes, created_at, expires_at } = new;
    let count: u32 =
        db.query_row("SELECT count(*) FROM tokens WHERE account = ?", [owner.get()], |row| {
            row.get(0)
        })?;
    if count >= limits::TOKENS || account::by_id(db, owner)?.is_none() {
        return Ok(None);
    }
    let id = db.query_row(
        "INSERT INTO tokens (id, hash, account, name, scopes, created_ms, expires_ms)
         VALUES (random() & 9007199254740991, ?, ?, ?, ?, ?, ?) RETURNING id",
        params![
            hash.as_bytes(),
            owner.get(),
            name.as_str(),
            scopes.to_string(),
            created_at.unix_ms(),
            expires_at.unix_ms(),
        ],
        |row| row.get(0).map(TokenId),
    )?;
    audit::add(db, note, Some(owner))?;
    let used_at = None;
    Ok(Some(ApiToken { id, account: owner, name, scopes, created_at, expires_at, used_at }))
}

pub(super) fn by_hash(
    db: &Connection,
    hash: SecretHash,
) -> Result<Option<(ApiToken, Account)>, Cause> {
    let sql = format!(
        "SELECT {}, {} FROM tokens JOIN accounts ON accounts.id = tokens.account
         WHERE tokens.hash = ?",
        row::TOKEN,
        row::ACCOUNT
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([hash.as_bytes()])?;
    let Some(found) = rows.next()? else { return Ok(None) };
    Ok(Some((row::token(found)?, row::account(found, 7)?)))
}

pub(super) fn of(db: &Connection, account: AccountId) -> Result<Vec<ApiToken>, Cause> {
    let sql =
        format!("SELECT {} FROM tokens WHERE account = ? ORDER BY created_ms, id", row::TOKEN);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([account.get()])?;
    let mut tokens = Vec::new();
    while let Some(found) = rows.next()? {
        tokens.extend(row::token(found).ok());
    }
    Ok(tokens)
}

pub(super) fn used(db: &Connection, id: TokenId, used_at: Timestamp) -> Result<(), Cause> {
    db.execute("UPDATE tokens SET used_ms = ? WHERE id = ?", params![used_at.unix_ms(), id.0])?;
    Ok(())
}

pub(super) fn rename(
    db: &Connection,
    account: AccountId,
    id: TokenId,
    name: &TokenName,
) -> Result<bool, Cause> {
    let changed = db.execute(
        "UPDATE tokens SET name = ? WHERE id = ? AND account = ?",
        params![name.as_str(), id.0, account.get()],
    )?;
    Ok(changed > 0)
}

pub(super) fn revoke(
    db: &Connection,
    account: AccountId,
    id: TokenId,
    note: Note,
) -> Result<bool, Cause> {
    let removed = db
        .execute("DELETE FROM tokens WHERE id = ? AND account = ?", params![id.0, account.get()])?;
    if removed > 0 {
        audit::add(db, note, Some(account))?;
    }
    Ok(removed > 0)
}
