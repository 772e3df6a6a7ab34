//! The tables, and the migrations from every earlier schema.

use rusqlite::Transaction;
use rusqlite_migration::{HookError, M, Migrations};
use store::Cause;

use super::{prompts, search_index};

/// "CMPN" in the header of the file. It tells our databases from those of other programs.
pub(crate) const APPLICATION_ID: i64 = 0x434D_504E;

/// The first schema.
///
/// `events` is the source of truth; all other tables are derived from it and written in the same
/// transaction. A worker has a small integer key, so that the keys of the log are short.
const FIRST: &str = "
CREATE TABLE workers (
    id INTEGER PRIMARY KEY,
    worker_id BLOB NOT NULL UNIQUE,
    log_id INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    head BLOB,
    used_ms INTEGER NOT NULL,
    summary TEXT NOT NULL
) STRICT;
CREATE INDEX workers_by_use ON workers (used_ms DESC, worker_id DESC);

CREATE TABLE events (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (worker, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_that_begin_messages ON events (worker, seq)
    WHERE kind IN ('message_committed', 'turn_accepted');

CREATE TABLE messages (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    message_id BLOB NOT NULL,
    parent BLOB,
    role TEXT NOT NULL,
    turn_id BLOB,
    seq INTEGER NOT NULL,
    PRIMARY KEY (worker, message_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE turns (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    turn_id BLOB NOT NULL,
    first_seq INTEGER NOT NULL,
    last_seq INTEGER,
    PRIMARY KEY (worker, turn_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX turns_unfinished ON turns (worker) WHERE last_seq IS NULL;

CREATE TABLE prompts (
    digest TEXT PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 0x434D504E;
";

/// The second schema: search, places, and deleted workers that can be restored.
///
/// `texts` numbers all searchable texts, and `grams` is an index of them that does not store the
/// texts. `summary` holds the place as well; the column is for the queries of lists.
const SECOND: &str = "
ALTER TABLE workers ADD COLUMN place TEXT NOT NULL DEFAULT 'listed';
ALTER TABLE workers ADD COLUMN deleted_ms INTEGER;
CREATE INDEX workers_by_place ON workers (place, used_ms DESC, worker_id DESC)
    WHERE deleted_ms IS NULL;
CREATE INDEX workers_deleted ON workers (deleted_ms) WHERE deleted_ms IS NOT NULL;

CREATE TABLE texts (
    id INTEGER PRIMARY KEY,
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    message_id BLOB
) STRICT;
CREATE INDEX texts_of_workers ON texts (worker, message_id);

CREATE VIRTUAL TABLE grams USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
";

/// Creates only the index of texts, to rebuild it when it is broken. The definition is the same as
/// in [`SECOND`].
pub(crate) const GRAMS: &str = "
CREATE VIRTUAL TABLE grams USING fts5 (
    text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
);
";

/// The third schema: which worker uses which of the `prompts`, so that they go with the last one.
const THIRD: &str = "
CREATE TABLE prompt_uses (
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (worker, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX prompt_uses_by_digest ON prompt_uses (digest);
";

/// The fourth schema changes no table. Deltas have a stored form of their own ([`super::delta`]),
/// beside the old one, and `workers.last_seq` is the position up to which the summary was folded,
/// which deltas may follow. Earlier versions would take both for damage.
const FOURTH: &str = "";

/// The fifth schema: the pieces of running answers ([`super::streamed`]). A row holds the pieces of one
/// group of commits, which may be of many conversations.
const FIFTH: &str = "
CREATE TABLE streamed (
    id INTEGER PRIMARY KEY,
    pieces BLOB NOT NULL
) STRICT;
";

/// The sixth schema: each worker belongs to an account. What was there before belongs to the first
/// one. Lists are of one account, so their indexes begin with it.
const SIXTH: &str = "
ALTER TABLE workers ADD COLUMN owner INTEGER NOT NULL DEFAULT 1;
DROP INDEX workers_by_use;
CREATE INDEX workers_by_use ON workers (owner, used_ms DESC, worker_id DESC);
DROP INDEX workers_by_place;
CREATE INDEX workers_by_place ON workers (owner, place, used_ms DESC, worker_id DESC)
    WHERE deleted_ms IS NULL;
";

/// The seventh schema: accounts ([`super::accounts`]). Of secrets there are only hashes. Numbers of
/// sessions and tokens are random, so that an old page never names a new one.
const SEVENTH: &str = "
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    password TEXT
) STRICT;

CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER NOT NULL,
    idle_expires_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    device TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_accounts ON sessions (account, used_ms);

CREATE TABLE devices (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX devices_of_accounts ON devices (account, id);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    used_ms INTEGER
) STRICT;
CREATE INDEX tokens_of_accounts ON tokens (account, created_ms);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    kind TEXT NOT NULL,
    actor INTEGER,
    account INTEGER,
    address TEXT
) STRICT;
CREATE INDEX audit_of_failed_logins ON audit (id) WHERE kind = 'login_failed';
CREATE INDEX audit_of_others ON audit (id) WHERE kind <> 'login_failed';
";

/// The eighth schema: who people are at providers of identities, and which accounts are theirs.
const EIGHTH: &str = "
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    connected_ms INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_accounts ON identities (account);
";

/// The ninth schema: shares ([`super::shares`]). A share goes with its worker. The excerpt comes
/// last, so that lists do not read it.
const NINTH: &str = "
CREATE TABLE shares (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    token TEXT NOT NULL,
    account INTEGER NOT NULL,
    worker INTEGER NOT NULL REFERENCES workers (id) ON DELETE CASCADE,
    title TEXT,
    messages INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    prompts INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    excerpt TEXT NOT NULL
) STRICT;
CREATE INDEX shares_of_accounts ON shares (account, created_ms);
CREATE INDEX shares_of_workers ON shares (worker);
CREATE INDEX shares_by_end ON shares (expires_ms);
";

/// The tenth schema: passkeys ([`super::accounts`]). Only public keys are here; what a browser answers
/// is checked against `key`. `host` is the name of this server for which a passkey was made.
const TENTH: &str = "
CREATE TABLE passkeys (
    id INTEGER PRIMARY KEY,
    credential BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    handle BLOB NOT NULL,
    host TEXT NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER
) STRICT;
CREATE INDEX passkeys_of_accounts ON passkeys (account, created_ms);
CREATE INDEX passkeys_of_hosts ON passkeys (host);
";

/// The eleventh schema changes no table. The events of a conversation name its temperature and the
/// instructions of its own. Earlier versions would not know them, and would send less than was
/// agreed.
const ELEVENTH: &str = "";

/// The twelfth schema changes no table. Events say which messages are left out of what is sent, and
/// turns that their reader wrote the answer. Earlier versions would send what was left out, and would
/// name a model as the author of such an answer.
const TWELFTH: &str = "";

/// The thirteenth schema: up to which event the log of a worker is a copy, by a fork or an import. What
/// was copied before is not known, so it counts as written here.
const THIRTEENTH: &str = "
ALTER TABLE workers ADD COLUMN copied_seq INTEGER NOT NULL DEFAULT 0;
";

/// The migrations from an empty file to the current schema; step n leads to schema n.
///
/// A step that was released never changes; a later step corrects its mistakes.
/// `tests/sqlite/fixtures` holds a database of each schema.
pub(crate) struct Schema {
    steps: Vec<M<'static>>,
}

impl Schema {
    pub(crate) fn current() -> Self {
        let index_texts = |db: &Transaction<'_>| search_index::fill(db).map_err(hook_error);
        let find_uses = |db: &Transaction<'_>| prompts::fill(db).map_err(hook_error);
        let second = M::up_with_hook(SECOND, index_texts);
        let third = M::up_with_hook(THIRD, find_uses);
        let (fourth, fifth) = (M::up(FOURTH), M::up(FIFTH));
        let (sixth, seventh) = (M::up(SIXTH), M::up(SEVENTH));
        let mut steps = vec![M::up(FIRST), second, third, fourth, fifth, sixth, seventh];
        steps.extend([M::up(EIGHTH), M::up(NINTH), M::up(TENTH), M::up(ELEVENTH)]);
        steps.extend([M::up(TWELFTH), M::up(THIRTEENTH)]);
        Self { steps }
    }

    /// The version of the schema that these steps lead to.
    pub(crate) fn version(&self) -> i64 {
        i64::try_from(self.steps.len()).expect("there are few migrations")
    }

    /// The steps for [`rusqlite_migration`], which takes all missing ones in one transaction.
    pub(crate) fn migrations(&self) -> Migrations<'static> {
        Migrations::new(self.steps.clone())
    }
}

fn hook_error(cause: Cause) -> HookError {
    match cause.downcast::<rusqlite::Error>() {
        Ok(error) => HookError::RusqliteError(*error),
        Err(cause) => HookError::Hook(cause.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Schema {
        /// The current schema with a further step.
        pub(crate) fn with(step: M<'static>) -> Self {
            let mut schema = Self::current();
            schema.steps.push(step);
            schema
        }
    }

    #[test]
    fn the_migrations_are_valid_and_reach_the_schema_version() {
        let schema = Schema::current();
        assert!(schema.migrations().validate().is_ok());
        let mut db = rusqlite::Connection::open_in_memory().unwrap();
        schema.migrations().to_latest(&mut db).unwrap();
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, schema.version());
    }
}
