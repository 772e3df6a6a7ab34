//! The statements about the audit.

use accounts::{AuditEntry, AuditKind, Note, limits};
use protocol::AccountId;
use rusqlite::{Connection, params};
use store::Cause;

use super::row;

/// Adds an entry and removes the oldest of its kind beyond the limit.
pub(crate) fn add(db: &Connection, note: Note, account: Option<AccountId>) -> Result<(), Cause> {
    let Note { at, kind, by, from } = note;
    db.prepare_cached(
        "INSERT INTO audit (at_ms, kind, actor, account, address) VALUES (?, ?, ?, ?, ?)",
    )?
    .execute(params![
        at.unix_ms(),
        kind.name(),
        by.map(AccountId::get),
        account.map(AccountId::get),
        from.map(|address| address.to_string()),
    ])?;
    let (is, most) = match kind {
        AuditKind::LoginFailed => ("=", limits::AUDIT_FAILED),
        _ => ("<>", limits::AUDIT),
    };
    db.prepare_cached(&format!(
        "DELETE FROM audit WHERE kind {is} 'login_failed' AND id <= (
             SELECT id FROM audit WHERE kind {is} 'login_failed'
             ORDER BY id DESC LIMIT 1 OFFSET {most}
         )"
    ))?
    .execute([])?;
    Ok(())
}

pub(super) fn page(
    db: &Connection,
    before: Option<i64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Cause> {
    let sql = format!("SELECT {} FROM audit WHERE id < ? ORDER BY id DESC", row::AUDIT);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([before.unwrap_or(i64::MAX)])?;
    let mut entries = Vec::new();
    while entries.len() < limit as usize
        && let Some(found) = rows.next()?
    {
        // An entry that cannot be read must not hide the others.
        entries.extend(row::audit(found).ok());
    }
    Ok(entries)
}
