//! Damages a database: it replaces one value in one column of one row.

use std::fmt;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// One damage: which value is replaced, and by what.
pub(super) struct Case {
    pub table: String,
    pub column: String,
    /// The row's primary key: its columns with their values.
    row: Vec<(String, Value)>,
    blow: Blow,
    /// An SQL condition for the rows that may be damaged.
    of: String,
}

/// Whether the stored value has changed.
#[derive(PartialEq)]
pub(super) enum Damaged {
    Yes,
    No,
}

/// The replacement of a value.
#[derive(Clone, Copy, Debug)]
enum Blow {
    Null,
    /// A text, whatever the column's type.
    Words,
    /// A blob, whatever the column's type.
    Bytes,
    Number(i64),
    Fraction,
    Empty,
    /// The first half of the value.
    Cut,
    /// The value with one bit of its middle byte flipped.
    Flip,
    /// The value with a middle byte that is not UTF-8.
    NoText,
    /// JSON that this version does not know.
    Newer,
    /// The value of another row.
    Another,
}

const BLOWS: [Blow; 15] = [
    Blow::Null,
    Blow::Words,
    Blow::Bytes,
    Blow::Number(0),
    Blow::Number(-1),
    Blow::Number(7),
    Blow::Number(i64::MAX),
    Blow::Number(i64::MIN),
    Blow::Fraction,
    Blow::Empty,
    Blow::Cut,
    Blow::Flip,
    Blow::NoText,
    Blow::Newer,
    Blow::Another,
];

/// The blows for [`OF_THE_SERVER`].
const FEW: [Blow; 6] =
    [Blow::Null, Blow::Words, Blow::Bytes, Blow::Number(i64::MAX), Blow::Cut, Blow::NoText];

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row: Vec<_> =
            self.row.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
        let row: String = row.join(", ").chars().take(60).collect();
        write!(f, "{}.{} of ({row}) {:?}", self.table, self.column, self.blow)
    }
}

/// The tables about accounts and shares, which the runtime does not read: one row and [`FEW`] show
/// whether their damage affects it all the same.
const OF_THE_SERVER: [&str; 8] =
    ["accounts", "audit", "devices", "identities", "passkeys", "sessions", "shares", "tokens"];

/// Every damage to every column of every table, in the first, the middle and the last row that does
/// not belong to the worker with the key `sound`. The tables [`OF_THE_SERVER`] get fewer.
pub(super) fn cases(db: &Connection, sound: i64) -> Vec<Case> {
    let mut cases = Vec::new();
    for table in tables(db) {
        let columns = columns(db, &table);
        let keys: Vec<_> = columns.iter().filter(|(_, key)| *key > 0).collect();
        assert!(!keys.is_empty(), "{table} has a key");
        let keys: Vec<String> = keys.iter().map(|(name, _)| name.clone()).collect();
        let of = match table.as_str() {
            "workers" => format!("id <> {sound}"),
            _ if columns.iter().any(|(name, _)| name == "worker") => format!("worker <> {sound}"),
            _ => "true".to_owned(),
        };
        let list = keys.join(", ");
        let sql = format!("SELECT {list} FROM {table} WHERE {of} ORDER BY {list}");
        let mut statement = db.prepare(&sql).unwrap();
        let mut found = statement.query([]).unwrap();
        let mut rows: Vec<Vec<(String, Value)>> = Vec::new();
        while let Some(row) = found.next().unwrap() {
            let value = |at: usize| -> Value { row.get(at).unwrap() };
            rows.push(keys.iter().enumerate().map(|(at, key)| (key.clone(), value(at))).collect());
        }
        assert!(!rows.is_empty(), "{table} has a row that can be damaged");
        let mut at = vec![0, rows.len() / 2, rows.len() - 1];
        let mut blows: &[Blow] = &BLOWS;
        if OF_THE_SERVER.contains(&table.as_str()) {
            at.truncate(1);
            blows = &FEW;
        }
        at.dedup();
        for at in at {
            for (column, _) in &columns {
                cases.extend(blows.iter().map(|blow| Case {
                    table: table.clone(),
                    column: column.clone(),
                    row: rows[at].clone(),
                    blow: *blow,
                    of: of.clone(),
                }));
            }
        }
    }
    cases
}

/// The tables that hold rows. Virtual tables are left out: they keep their data in other tables.
fn tables(db: &Connection) -> Vec<String> {
    let mut statement = db
        .prepare(
            "SELECT name FROM sqlite_schema
             WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND sql NOT LIKE 'CREATE VIRTUAL%'
             ORDER BY name",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The columns' names, each with its position in the primary key, or 0.
fn columns(db: &Connection, table: &str) -> Vec<(String, i64)> {
    let mut statement = db.prepare(&format!("PRAGMA table_info({table})")).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get(1)?, row.get(5)?))).unwrap();
    columns.collect::<Result<_, _>>().unwrap()
}

/// Damages the file. The table's constraints are removed meanwhile, since a failing disk does not
/// respect them.
pub(super) fn strike(file: &Path, case: &Case) -> Damaged {
    let Case { table, column, row, blow, of: any } = case;
    let rules = loosen(file, table);
    let db = Connection::open(file).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    let of: Vec<_> = row.iter().map(|(name, _)| format!("{name} = ?")).collect();
    let of = of.join(" AND ");
    let keys = || row.iter().map(|(_, value)| value.clone());
    let read = format!("SELECT {column} FROM {table} WHERE {of}");
    let before: Value = db.query_row(&read, params_from_iter(keys()), |row| row.get(0)).unwrap();
    let after = match blow {
        Blow::Null => Some("NULL".to_owned()),
        Blow::Words => Some("'words'".to_owned()),
        Blow::Bytes => Some("x'00ff01fe'".to_owned()),
        Blow::Number(number) => Some(format!("({number})")),
        Blow::Fraction => Some("1.5".to_owned()),
        Blow::Empty => match before {
            Value::Blob(_) => Some("x''".to_owned()),
            _ => Some("''".to_owned()),
        },
        Blow::Cut => of_bytes(&before, |bytes| bytes.truncate(bytes.len() / 2)),
        Blow::Flip => of_bytes(&before, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x04;
        }),
        Blow::NoText => of_bytes(&before, |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] = 0xff;
        }),
        Blow::Newer => Some(r#"'{"type":"of_tomorrow","seq":1}'"#.to_owned()),
        Blow::Another => Some(format!(
            "(SELECT {column} FROM {table}
              WHERE {any} AND NOT ({of}) AND {column} IS NOT NULL LIMIT 1)"
        )),
    };
    let Some(after) = after else { return tighten(db, file, &rules, Damaged::No) };
    let sql = format!("UPDATE {table} SET {column} = {after} WHERE {of}");
    let times = sql.matches('?').count() / row.len();
    let values: Vec<Value> = (0..times).flat_map(|_| keys()).collect();
    let changed = db.execute(&sql, params_from_iter(values)).unwrap_or(0) > 0;
    let now: Result<Value, _> = db.query_row(&read, params_from_iter(keys()), |row| row.get(0));
    let same = now.is_ok_and(|now| now == before);
    let damaged = if changed && !same { Damaged::Yes } else { Damaged::No };
    tighten(db, file, &rules, damaged)
}

/// A text or blob with changed bytes, as an SQL expression of the same type. `None` for other and
/// empty values.
fn of_bytes(value: &Value, change: impl Fn(&mut Vec<u8>)) -> Option<String> {
    let (mut bytes, kind) = match value {
        Value::Text(text) => (text.clone().into_bytes(), "TEXT"),
        Value::Blob(bytes) => (bytes.clone(), "BLOB"),
        _ => return None,
    };
    if bytes.is_empty() {
        return None;
    }
    change(&mut bytes);
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("CAST(x'{hex}' AS {kind})"))
}

/// A table's name and its `CREATE` statement in the schema.
type Rules = (String, String);

fn loosen(file: &Path, table: &str) -> Rules {
    let db = Connection::open(file).unwrap();
    let sql: String = db
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?", [table], |row| row.get(0))
        .unwrap();
    let loose = sql.replace("STRICT, WITHOUT ROWID", "WITHOUT ROWID").replace("STRICT", "");
    write_rules(&db, table, &loose.replace(" NOT NULL", ""));
    (table.to_owned(), sql)
}

fn tighten(db: Connection, file: &Path, (table, sql): &Rules, damaged: Damaged) -> Damaged {
    drop(db);
    let db = Connection::open(file).unwrap();
    write_rules(&db, table, sql);
    damaged
}

fn write_rules(db: &Connection, table: &str, sql: &str) {
    db.pragma_update(None, "writable_schema", true).unwrap();
    db.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", [sql, table]).unwrap();
    db.pragma_update(None, "writable_schema", "RESET").unwrap();
}
