//! SQLite's check of the pages of a file. A broken row only affects the reads of that row, so a
//! finding about a single row does not make the file damaged.

use rusqlite::Connection;

use super::mend::{self, IndexState};

/// The most findings in single rows before a check takes the whole file for damaged.
const FINDINGS: usize = 10_000;

/// The result of a check.
pub(crate) struct Checked {
    /// The first finding that is not about a single row, in words that follow a colon. `None` if the
    /// pages are sound.
    pub(crate) damage: Option<String>,
    pub(crate) index: IndexState,
}

/// Reads all pages of the file. Errors if it cannot be read, or if the check is interrupted.
pub(crate) fn check(db: &Connection) -> rusqlite::Result<Checked> {
    let findings = findings(db, "quick_check")?;
    let is_broken = findings.iter().any(|finding| mend::is_of_index(finding));
    let index = if is_broken { IndexState::Broken } else { IndexState::Sound };
    let damage = findings.into_iter().find(|finding| !mend::is_of_a_row(finding));
    Ok(Checked { damage, index })
}

/// The findings of one of SQLite's checks. If there are too many, the last entry stands for the
/// rest.
pub(crate) fn findings(db: &Connection, check: &str) -> rusqlite::Result<Vec<String>> {
    match collect(db, &format!("PRAGMA {check}({FINDINGS})")) {
        // The index of texts is too broken for the check, so every other table is checked by
        // itself.
        Err(error) if mend::is_of_index(&error.to_string()) => {
            let sql = "SELECT name FROM sqlite_schema
                 WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'";
            let mut findings = vec![error.to_string()];
            for table in collect(db, sql)? {
                findings.extend(collect(db, &format!("PRAGMA {check}({table})"))?);
            }
            Ok(findings)
        }
        findings => findings,
    }
}

fn collect(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let text: String = row.get(0)?;
        if text != "ok" {
            found.push(text);
        }
    }
    if found.len() >= FINDINGS {
        found.push("too much of it is not what was written".to_owned());
    }
    Ok(found)
}
