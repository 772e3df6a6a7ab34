//! The contract that every implementation of the [`AccountStore`] port must fulfil, as a library.
//!
//! A rule of the contract is a function over a [`TestAccounts`].
//! [`contract!`](crate::contract!) makes a test of each rule for one implementation.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]
#![allow(missing_docs, reason = "the name of a rule says what it demands")]

use std::sync::Arc;

use protocol::{AccountId, AccountRole, Timestamp};

use crate::{
    Account, AccountChange, AccountName, AccountStore, Added, AddedPasskey, AuditKind, Changed,
    Connected, ConnectedIdentity, CredentialId, Device, Disconnected, Ending, Entrance, Identity,
    NewAccount, NewPasskey, NewSession, NewToken, Note, Passkey, PasskeyName, PasswordHash, Proof,
    PublicKey, Removed, Scopes, SecretHash, Session, SessionId, TokenName, UsedPasskey, UserHandle,
    limits,
};

/// Creates and reopens one store of the implementation under test.
pub trait TestAccounts: Default {
    fn open(&self) -> Arc<dyn AccountStore>;
}

/// Makes a module of this name with a test of each rule for an implementation of
/// [`TestAccounts`](crate::contract::TestAccounts).
#[macro_export]
macro_rules! contract {
    ($name:ident, $store:ty) => {
        $crate::contract_tests! { $name, $store;
            the_first_account_is_an_owner_and_there_is_one_first
            names_are_unique_in_all_their_forms
            the_last_owner_stays
            a_new_password_ends_sessions_and_forgets_devices
            a_session_is_opened_only_for_the_password_that_was_checked
            a_login_replaces_the_session_of_its_browser
            sessions_are_ended_one_by_one_all_and_when_they_expire
            sessions_and_devices_of_an_account_are_bounded
            an_identity_is_one_accounts_and_found_by_issuer_and_subject
            a_session_by_an_identity_needs_that_identity
            the_last_way_into_an_account_stays
            a_passkey_is_one_accounts_and_found_by_its_identifier
            a_session_by_a_passkey_needs_that_passkey_as_it_was_checked
            the_last_passkey_of_an_account_without_another_way_in_stays
            a_reset_removes_the_passkeys_and_a_changed_password_keeps_them
            a_token_belongs_to_its_account
            the_audit_is_bounded_and_failed_logins_push_nothing_else_out
            everything_is_there_after_the_store_is_reopened
        }
    };
}

/// Makes the tests of the given rules.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($name:ident, $store:ty; $($rule:ident)*) => {
        mod $name {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    $crate::contract::$rule(&<$store>::default()).await;
                }
            )*
        }
    };
}

/// Stores an owner `ada` with a session `s`, a token `t`, an identity `ada` and a passkey `p`,
/// and a member `bob`.
pub async fn fill(store: &dyn AccountStore) {
    let account = added(store, "ada", AccountRole::Owner).await;
    added(store, "bob", AccountRole::Member).await;
    opened(store, session_of(&account, "s")).await.unwrap();
    let noted = note(AuditKind::TokenCreated);
    let token = store.add_token(token_of(&account, "t"), noted).await.unwrap().unwrap();
    store.use_token(token.id, at(7)).await.unwrap();
    store.note(note(AuditKind::LoginFailed), Some(account.id)).await.unwrap();
    let noted = note(AuditKind::IdentityConnected);
    assert_eq!(store.connect(account.id, identity("ada"), noted).await.unwrap(), Connected::Done);
    assert_eq!(
        store.add_passkey(account.id, passkey("p"), noted).await.unwrap(),
        AddedPasskey::Done
    );
}

/// The passkey that [`fill`] stores.
pub fn passkey(name: &str) -> NewPasskey {
    NewPasskey {
        credential: credential(name),
        handle: UserHandle::from_slice(b"a random handle.").unwrap(),
        host: "companion.example".to_owned(),
        name: PasskeyName::parse(name).unwrap(),
        key: PublicKey::from_stored(format!("key of {name}")),
        created_at: at(4),
    }
}

fn credential(name: &str) -> CredentialId {
    CredentialId::from_bytes(name.as_bytes()).unwrap()
}

/// The identity that [`fill`] stores.
pub fn identity(subject: &str) -> ConnectedIdentity {
    let issuer = "https://login.example".to_owned();
    let identity = Identity { issuer, subject: subject.to_owned() };
    ConnectedIdentity { identity, connected_at: at(3) }
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

fn note(kind: AuditKind) -> Note {
    let from = Some("2001:db8::1".parse().unwrap());
    Note { at: at(1), kind, by: Some(AccountId::FIRST), from }
}

fn new(name: &str, role: AccountRole, entrance: Entrance) -> NewAccount {
    let password = Some(PasswordHash::from_stored(format!("hash of {name}")));
    NewAccount {
        name: AccountName::parse(name).unwrap(),
        role,
        created_at: at(1),
        password,
        identity: None,
        passkey: None,
        entrance,
    }
}

async fn added(store: &dyn AccountStore, name: &str, role: AccountRole) -> Account {
    let entrance = match store.accounts().await.unwrap().len() {
        0 => Entrance::First,
        _ => Entrance::Further,
    };
    let noted = note(AuditKind::AccountAdded);
    let Added::Account(account) =
        store.add_account(new(name, role, entrance), noted).await.unwrap()
    else {
        panic!("{name} is added")
    };
    account
}

fn session_of(account: &Account, secret: &str) -> NewSession {
    NewSession {
        account: account.id,
        proof: Proof::Password(account.password.clone().unwrap()),
        hash: SecretHash::of(secret),
        device_hash: SecretHash::of(&format!("device of {secret}")),
        replaces: None,
        created_at: at(10),
        idle_expires_at: at(20),
        expires_at: at(30),
        device: Device::from_user_agent("Browser/1.0"),
    }
}

async fn opened(store: &dyn AccountStore, new: NewSession) -> Option<(Session, Vec<SessionId>)> {
    store.add_session(new, note(AuditKind::LoggedIn)).await.unwrap()
}

fn token_of(account: &Account, secret: &str) -> NewToken {
    NewToken {
        account: account.id,
        name: TokenName::parse("backup").unwrap(),
        hash: SecretHash::of(secret),
        scopes: Scopes { read: true, ..Scopes::default() },
        created_at: at(1),
        expires_at: at(100),
    }
}

async fn kinds(store: &dyn AccountStore) -> Vec<AuditKind> {
    store.audit(None, 100).await.unwrap().iter().map(|entry| entry.note.kind).collect()
}

pub async fn the_first_account_is_an_owner_and_there_is_one_first(test: &impl TestAccounts) {
    let store = test.open();
    let add = async |name, role, entrance| {
        store.add_account(new(name, role, entrance), note(AuditKind::SetUp)).await.unwrap()
    };
    assert_eq!(add("ada", AccountRole::Owner, Entrance::Further).await, Added::NotNow);
    assert_eq!(add("ada", AccountRole::Member, Entrance::First).await, Added::NotNow);
    assert_eq!(kinds(store.as_ref()).await, []);
    let Added::Account(first) = add("ada", AccountRole::Owner, Entrance::First).await else {
        panic!("the first")
    };
    assert_eq!(first.id, AccountId::FIRST);
    assert_eq!(add("bob", AccountRole::Owner, Entrance::First).await, Added::NotNow);
    let Added::Account(second) = add("bob", AccountRole::Member, Entrance::Further).await else {
        panic!("the second")
    };
    assert_eq!(second.id.get(), 2);
    assert_eq!(store.accounts().await.unwrap(), [first, second]);
    let entry = &store.audit(None, 1).await.unwrap()[0];
    assert_eq!((entry.note, entry.account), (note(AuditKind::SetUp), AccountId::new(2)));
}

pub async fn names_are_unique_in_all_their_forms(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "Jos\u{e9}", AccountRole::Owner).await;
    for name in ["Jos\u{e9}", "JOSE\u{301}", " jos\u{e9} "] {
        let again = new(name, AccountRole::Member, Entrance::Further);
        let noted = note(AuditKind::AccountAdded);
        assert_eq!(store.add_account(again, noted).await.unwrap(), Added::NameTaken, "{name}");
        let found = store.account_by_name(&AccountName::parse(name).unwrap()).await.unwrap();
        assert_eq!(found.as_ref(), Some(&account));
    }
    let unknown = AccountName::parse("jose").unwrap();
    assert_eq!(store.account_by_name(&unknown).await.unwrap(), None);
}

pub async fn the_last_owner_stays(test: &impl TestAccounts) {
    let store = test.open();
    let one = added(store.as_ref(), "one", AccountRole::Owner).await;
    let two = added(store.as_ref(), "two", AccountRole::Member).await;
    let change = async |id, change| {
        store.change_account(id, change, note(AuditKind::RoleChanged)).await.unwrap()
    };
    let demote = || AccountChange::Role(AccountRole::Member);
    assert_eq!(change(one.id, demote()).await, Changed::LastOwner);
    assert_eq!(change(one.id, AccountChange::Disable).await, Changed::LastOwner);
    assert_eq!(change(two.id, AccountChange::Role(AccountRole::Owner)).await, Changed::Done);
    assert_eq!(change(two.id, AccountChange::Disable).await, Changed::Done);
    // An owner who is disabled cannot log in, and does not count.
    assert_eq!(change(one.id, demote()).await, Changed::LastOwner);
    assert_eq!(change(two.id, AccountChange::Enable).await, Changed::Done);
    assert_eq!(change(one.id, demote()).await, Changed::Done);
    assert_eq!(change(two.id, AccountChange::Disable).await, Changed::LastOwner);
    assert_eq!(change(AccountId::new(9).unwrap(), demote()).await, Changed::NotFound);
    let roles: Vec<_> = store.accounts().await.unwrap().iter().map(|a| a.role).collect();
    assert_eq!(roles, [AccountRole::Member, AccountRole::Owner]);
}

/// danny-avila/LibreChat#5072: sessions went on after a password was reset.
pub async fn a_new_password_ends_sessions_and_forgets_devices(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let other = added(store.as_ref(), "bob", AccountRole::Member).await;
    let (kept, _) = opened(store.as_ref(), session_of(&account, "kept")).await.unwrap();
    opened(store.as_ref(), session_of(&account, "lost")).await.unwrap();
    opened(store.as_ref(), session_of(&other, "other")).await.unwrap();
    let device = SecretHash::of("device of lost");
    assert!(store.knows_device(account.id, device).await.unwrap());
    assert!(!store.knows_device(other.id, device).await.unwrap(), "it is known to one account");
    let hash = PasswordHash::from_stored("another".to_owned());
    let change = AccountChange::Password { hash: hash.clone(), keep: Some(kept.id) };
    let noted = note(AuditKind::PasswordChanged);
    assert_eq!(store.change_account(account.id, change, noted).await.unwrap(), Changed::Done);
    assert!(store.session(SecretHash::of("kept")).await.unwrap().is_some());
    assert!(store.session(SecretHash::of("lost")).await.unwrap().is_none());
    assert!(store.session(SecretHash::of("other")).await.unwrap().is_some());
    assert!(!store.knows_device(account.id, device).await.unwrap());
    let old = account.password.clone().unwrap();
    let rehash = PasswordHash::from_stored("rehashed".to_owned());
    assert!(!store.rehash(account.id, old, rehash.clone()).await.unwrap(), "it is not the old one");
    assert!(store.rehash(account.id, hash, rehash.clone()).await.unwrap());
    assert!(store.session(SecretHash::of("kept")).await.unwrap().is_some());
    assert_eq!(store.account(account.id).await.unwrap().unwrap().password, Some(rehash));
}

pub async fn a_session_is_opened_only_for_the_password_that_was_checked(test: &impl TestAccounts) {
    let store = test.open();
    let owner = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let account = added(store.as_ref(), "bob", AccountRole::Member).await;
    let mut stale = session_of(&account, "stale");
    stale.proof = Proof::Password(owner.password.clone().unwrap());
    assert!(opened(store.as_ref(), stale).await.is_none());
    let disable = AccountChange::Disable;
    store.change_account(account.id, disable, note(AuditKind::AccountDisabled)).await.unwrap();
    assert!(opened(store.as_ref(), session_of(&account, "disabled")).await.is_none());
    assert_eq!(store.sessions(account.id).await.unwrap(), []);
    assert!(!kinds(store.as_ref()).await.contains(&AuditKind::LoggedIn));
}

pub async fn a_login_replaces_the_session_of_its_browser(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let (before, _) = opened(store.as_ref(), session_of(&account, "before")).await.unwrap();
    let mut again = session_of(&account, "after");
    again.replaces = Some(SecretHash::of("before"));
    let (after, ended) = opened(store.as_ref(), again).await.unwrap();
    assert_eq!(ended, [before.id]);
    assert_ne!(after.id, before.id);
    assert!(store.session(SecretHash::of("before")).await.unwrap().is_none());
    let (found, of) = store.session(SecretHash::of("after")).await.unwrap().unwrap();
    assert_eq!((found, of), (after, account));
}

pub async fn sessions_are_ended_one_by_one_all_and_when_they_expire(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let other = added(store.as_ref(), "bob", AccountRole::Member).await;
    let mut ids = Vec::new();
    for secret in ["a", "b", "c", "d"] {
        ids.push(opened(store.as_ref(), session_of(&account, secret)).await.unwrap().0.id);
    }
    let noted = Some(note(AuditKind::SessionsRevoked));
    let end = async |ending| store.end_sessions(ending, noted).await.unwrap();
    assert_eq!(end(Ending::One(other.id, ids[0])).await, [], "it is another's");
    assert!(!kinds(store.as_ref()).await.contains(&AuditKind::SessionsRevoked));
    assert_eq!(end(Ending::One(account.id, ids[0])).await, [ids[0]]);
    assert_eq!(end(Ending::One(account.id, ids[0])).await, []);
    store.use_session(ids[1], at(15), at(25)).await.unwrap();
    let sessions = store.sessions(account.id).await.unwrap();
    assert_eq!(
        (sessions[0].id, sessions[0].used_at),
        (ids[1], at(15)),
        "the last used comes first"
    );
    assert_eq!(end(Ending::Expired(at(19))).await, []);
    assert_eq!(end(Ending::Expired(at(20))).await.len(), 2);
    assert_eq!(end(Ending::Expired(at(25))).await, [ids[1]]);
    let (keep, _) = opened(store.as_ref(), session_of(&account, "keep")).await.unwrap();
    opened(store.as_ref(), session_of(&account, "e")).await.unwrap();
    assert_eq!(end(Ending::Others(account.id, Some(keep.id))).await.len(), 1);
    assert_eq!(end(Ending::Others(account.id, None)).await, [keep.id]);
}

pub async fn sessions_and_devices_of_an_account_are_bounded(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let (first, _) = opened(store.as_ref(), session_of(&account, "first")).await.unwrap();
    for number in 1..limits::SESSIONS {
        let mut session = session_of(&account, &number.to_string());
        session.created_at = at(10 + i64::from(number));
        let (_, ended) = opened(store.as_ref(), session).await.unwrap();
        assert_eq!(ended, []);
    }
    let mut last = session_of(&account, "last");
    last.created_at = at(5);
    let (last, ended) = opened(store.as_ref(), last).await.unwrap();
    assert_eq!(ended, [first.id], "the new one stays, even if the clock was set back");
    let sessions = store.sessions(account.id).await.unwrap();
    assert_eq!(sessions.len(), limits::SESSIONS as usize);
    assert!(sessions.iter().any(|session| session.id == last.id));
    for (secret, known) in [("first", false), ("1", false), ("49", true), ("last", true)] {
        let device = SecretHash::of(&format!("device of {secret}"));
        assert_eq!(store.knows_device(account.id, device).await.unwrap(), known, "{secret}");
    }
}

/// Accounts were taken over at other programs because they were found by an address of e-mail.
pub async fn an_identity_is_one_accounts_and_found_by_issuer_and_subject(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let mut of_bob = new("bob", AccountRole::Member, Entrance::Further);
    of_bob.password = None;
    of_bob.identity = Some(identity("b").identity);
    let noted = note(AuditKind::AccountAdded);
    let Added::Account(bob) = store.add_account(of_bob.clone(), noted).await.unwrap() else {
        panic!("bob is added")
    };
    let found = async |identity: &Identity| {
        store.account_by_identity(identity).await.unwrap().map(|account| account.id)
    };
    assert_eq!(found(&identity("b").identity).await, Some(bob.id));
    let elsewhere =
        Identity { issuer: "https://other.example".to_owned(), subject: "b".to_owned() };
    for other in [&identity("B").identity, &identity("bob").identity, &elsewhere] {
        assert_eq!(found(other).await, None, "{}", other.subject);
    }
    of_bob.name = AccountName::parse("another").unwrap();
    assert_eq!(store.add_account(of_bob, noted).await.unwrap(), Added::IdentityTaken);
    let connect = async |account, subject: &str| {
        let noted = note(AuditKind::IdentityConnected);
        store.connect(account, identity(subject), noted).await.unwrap()
    };
    assert_eq!(connect(ada.id, "b").await, Connected::Taken);
    assert_eq!(found(&identity("b").identity).await, Some(bob.id));
    assert_eq!(connect(bob.id, "b").await, Connected::Done);
    assert_eq!(connect(AccountId::new(9).unwrap(), "x").await, Connected::NotFound);
    for number in 0..limits::IDENTITIES {
        assert_eq!(connect(ada.id, &number.to_string()).await, Connected::Done);
    }
    assert_eq!(connect(ada.id, "more").await, Connected::Full);
    assert_eq!(store.identities(ada.id).await.unwrap().len(), limits::IDENTITIES as usize);
    store.change_account(bob.id, AccountChange::Disable, noted).await.unwrap();
    assert_eq!(connect(bob.id, "y").await, Connected::NotFound, "it is disabled");
    let entries = kinds(store.as_ref()).await;
    let connected = entries.iter().filter(|kind| **kind == AuditKind::IdentityConnected).count();
    assert_eq!(connected, limits::IDENTITIES as usize, "only what changed something is noted");
}

pub async fn a_session_by_an_identity_needs_that_identity(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let bob = added(store.as_ref(), "bob", AccountRole::Member).await;
    let noted = note(AuditKind::IdentityConnected);
    store.connect(bob.id, identity("b"), noted).await.unwrap();
    let session = |account: &Account, subject: &str, secret: &str| {
        let proof = Proof::Identity(identity(subject).identity);
        NewSession { proof, ..session_of(account, secret) }
    };
    assert!(opened(store.as_ref(), session(&ada, "b", "1")).await.is_none(), "it is bob's");
    assert!(opened(store.as_ref(), session(&bob, "x", "2")).await.is_none(), "it is nobody's");
    assert!(opened(store.as_ref(), session(&bob, "b", "3")).await.is_some());
    store.change_account(bob.id, AccountChange::Disable, noted).await.unwrap();
    assert!(opened(store.as_ref(), session(&bob, "b", "4")).await.is_none(), "he is disabled");
}

pub async fn the_last_way_into_an_account_stays(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let mut of_bob = new("bob", AccountRole::Member, Entrance::Further);
    of_bob.password = None;
    of_bob.identity = Some(identity("b").identity);
    let noted = note(AuditKind::AccountAdded);
    let Added::Account(bob) = store.add_account(of_bob, noted).await.unwrap() else {
        panic!("bob is added")
    };
    store.connect(ada.id, identity("a"), noted).await.unwrap();
    let (kept, _) = opened(store.as_ref(), session_of(&ada, "kept")).await.unwrap();
    opened(store.as_ref(), session_of(&ada, "other")).await.unwrap();
    let disconnect = async |account, subject: &str| {
        let (identity, noted) = (identity(subject).identity, note(AuditKind::IdentityDisconnected));
        store.disconnect(account, identity, Some(kept.id), noted).await.unwrap()
    };
    assert_eq!(disconnect(ada.id, "b").await, Disconnected::NotFound);
    assert_eq!(disconnect(bob.id, "b").await, Disconnected::LastWayIn);
    assert_eq!(disconnect(ada.id, "a").await, Disconnected::Done);
    assert_eq!(disconnect(ada.id, "a").await, Disconnected::NotFound);
    assert_eq!(store.identities(ada.id).await.unwrap(), []);
    assert_eq!(store.account_by_identity(&identity("a").identity).await.unwrap(), None);
    let sessions = store.sessions(ada.id).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [kept.id]);
    let hash = PasswordHash::from_stored("a password".to_owned());
    let change = AccountChange::Password { hash, keep: None };
    store.change_account(bob.id, change, note(AuditKind::PasswordReset)).await.unwrap();
    assert_eq!(disconnect(bob.id, "b").await, Disconnected::Done);
}

async fn stored_passkeys(store: &dyn AccountStore, account: &Account) -> Vec<Passkey> {
    store.passkeys(account.id).await.unwrap()
}

/// An account without a password, which has a passkey of its own name.
async fn added_with_passkey(store: &dyn AccountStore, name: &str) -> Account {
    let mut account = new(name, AccountRole::Member, Entrance::Further);
    account.password = None;
    account.passkey = Some(passkey(name));
    let noted = note(AuditKind::AccountAdded);
    let Added::Account(account) = store.add_account(account, noted).await.unwrap() else {
        panic!("{name} is added")
    };
    account
}

pub async fn a_passkey_is_one_accounts_and_found_by_its_identifier(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    assert!(!store.has_passkeys(None).await.unwrap());
    let bob = added_with_passkey(store.as_ref(), "bob").await;
    let (found, of) = store.passkey(&credential("bob")).await.unwrap().unwrap();
    assert_eq!((&of, found.account, found.used_at), (&bob, bob.id, None));
    let NewPasskey { handle, host, name, key, created_at, .. } = passkey("bob");
    assert_eq!(
        (found.handle, &found.host, &found.name, &found.key, found.created_at),
        (handle, &host, &name, &key, created_at)
    );
    assert_eq!(store.passkey(&credential("BOB")).await.unwrap(), None);
    assert_eq!(stored_passkeys(store.as_ref(), &bob).await, [found]);
    assert_eq!(stored_passkeys(store.as_ref(), &ada).await, []);
    for (host, is_there) in
        [(None, true), (Some("companion.example"), true), (Some("other.example"), false)]
    {
        assert_eq!(store.has_passkeys(host).await.unwrap(), is_there, "{host:?}");
    }
    let mut again = new("another", AccountRole::Member, Entrance::Further);
    again.passkey = Some(passkey("bob"));
    let noted = note(AuditKind::AccountAdded);
    assert_eq!(store.add_account(again, noted).await.unwrap(), Added::PasskeyTaken);
    let add = async |account, name: &str| {
        store.add_passkey(account, passkey(name), note(AuditKind::PasskeyAdded)).await.unwrap()
    };
    assert_eq!(add(ada.id, "bob").await, AddedPasskey::Taken);
    assert_eq!(add(bob.id, "bob").await, AddedPasskey::Taken);
    assert_eq!(add(AccountId::new(9).unwrap(), "x").await, AddedPasskey::NotFound);
    for number in 0..limits::PASSKEYS {
        assert_eq!(add(ada.id, &number.to_string()).await, AddedPasskey::Done);
    }
    assert_eq!(add(ada.id, "more").await, AddedPasskey::Full);
    store.change_account(bob.id, AccountChange::Disable, noted).await.unwrap();
    assert_eq!(add(bob.id, "y").await, AddedPasskey::NotFound, "it is disabled");
    let entries = kinds(store.as_ref()).await;
    let noted = entries.iter().filter(|kind| **kind == AuditKind::PasskeyAdded).count();
    assert_eq!(noted, limits::PASSKEYS as usize, "only what changed something is noted");
}

pub async fn a_session_by_a_passkey_needs_that_passkey_as_it_was_checked(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let bob = added_with_passkey(store.as_ref(), "bob").await;
    let id = stored_passkeys(store.as_ref(), &bob).await[0].id;
    let key = |text: &str| PublicKey::from_stored(text.to_owned());
    let session = |account: &Account, was: &str, next: &str, secret: &str| {
        let proof = Proof::Passkey(UsedPasskey { id, key: key(was), next: key(next) });
        NewSession { account: account.id, proof, ..session_of(&ada, secret) }
    };
    let is_opened = async |new| opened(store.as_ref(), new).await.is_some();
    assert!(!is_opened(session(&ada, "key of bob", "x", "1")).await, "it is bob's");
    assert!(!is_opened(session(&bob, "another", "x", "2")).await, "it was checked against another");
    assert!(is_opened(session(&bob, "key of bob", "key 2", "3")).await);
    let found = &stored_passkeys(store.as_ref(), &bob).await[0];
    assert_eq!((&found.key, found.used_at), (&key("key 2"), Some(at(10))));
    assert!(!is_opened(session(&bob, "key of bob", "key 3", "4")).await, "another came first");
    assert!(is_opened(session(&bob, "key 2", "key 2", "5")).await, "a counter may stay 0");
    let noted = note(AuditKind::AccountDisabled);
    store.change_account(bob.id, AccountChange::Disable, noted).await.unwrap();
    assert!(!is_opened(session(&bob, "key 2", "key 2", "6")).await, "he is disabled");
}

pub async fn the_last_passkey_of_an_account_without_another_way_in_stays(test: &impl TestAccounts) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let bob = added_with_passkey(store.as_ref(), "bob").await;
    let noted = note(AuditKind::PasskeyAdded);
    store.add_passkey(ada.id, passkey("a"), noted).await.unwrap();
    let of_ada = stored_passkeys(store.as_ref(), &ada).await[0].id;
    let of_bob = stored_passkeys(store.as_ref(), &bob).await[0].id;
    let (kept, _) = opened(store.as_ref(), session_of(&ada, "kept")).await.unwrap();
    opened(store.as_ref(), session_of(&ada, "other")).await.unwrap();
    let remove = async |account, id| {
        let noted = note(AuditKind::PasskeyRemoved);
        store.remove_passkey(account, id, Some(kept.id), noted).await.unwrap()
    };
    assert_eq!(remove(ada.id, of_bob).await, Removed::NotFound, "it is bob's");
    assert_eq!(remove(bob.id, of_bob).await, Removed::LastWayIn);
    assert_eq!(remove(ada.id, of_ada).await, Removed::Done);
    assert_eq!(remove(ada.id, of_ada).await, Removed::NotFound);
    assert_eq!(store.passkey(&credential("a")).await.unwrap(), None);
    let sessions = store.sessions(ada.id).await.unwrap();
    assert_eq!(sessions.iter().map(|session| session.id).collect::<Vec<_>>(), [kept.id]);
    store.connect(bob.id, identity("b"), noted).await.unwrap();
    let disconnect = async || {
        let noted = note(AuditKind::IdentityDisconnected);
        store.disconnect(bob.id, identity("b").identity, None, noted).await.unwrap()
    };
    assert_eq!(disconnect().await, Disconnected::Done, "the passkey is another way in");
    store.connect(bob.id, identity("b"), noted).await.unwrap();
    assert_eq!(remove(bob.id, of_bob).await, Removed::Done, "the identity is another way in");
    assert_eq!(disconnect().await, Disconnected::LastWayIn);
}

pub async fn a_reset_removes_the_passkeys_and_a_changed_password_keeps_them(
    test: &impl TestAccounts,
) {
    let store = test.open();
    let ada = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let bob = added_with_passkey(store.as_ref(), "bob").await;
    let noted = note(AuditKind::PasskeyAdded);
    store.add_passkey(ada.id, passkey("a"), noted).await.unwrap();
    opened(store.as_ref(), session_of(&ada, "s")).await.unwrap();
    let hash = |text: &str| PasswordHash::from_stored(text.to_owned());
    let change = AccountChange::Password { hash: hash("new"), keep: None };
    store.change_account(ada.id, change, note(AuditKind::PasswordChanged)).await.unwrap();
    assert_eq!(stored_passkeys(store.as_ref(), &ada).await.len(), 1);
    let ada = Account { password: Some(hash("new")), ..ada };
    opened(store.as_ref(), session_of(&ada, "t")).await.unwrap();
    let reset = AccountChange::Reset(hash("reset"));
    let changed = store.change_account(ada.id, reset, note(AuditKind::PasswordReset)).await;
    assert_eq!(changed.unwrap(), Changed::Done);
    assert_eq!(stored_passkeys(store.as_ref(), &ada).await, []);
    assert_eq!(store.sessions(ada.id).await.unwrap(), []);
    assert!(!store.knows_device(ada.id, SecretHash::of("device of t")).await.unwrap());
    let found = store.account(ada.id).await.unwrap().unwrap();
    assert_eq!(found.password, Some(hash("reset")));
    assert_eq!(stored_passkeys(store.as_ref(), &bob).await.len(), 1, "another's stay");
}

pub async fn a_token_belongs_to_its_account(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "ada", AccountRole::Owner).await;
    let other = added(store.as_ref(), "bob", AccountRole::Member).await;
    let noted = note(AuditKind::TokenCreated);
    let token = store.add_token(token_of(&account, "secret"), noted).await.unwrap().unwrap();
    let name = |text| TokenName::parse(text).unwrap();
    assert!(!store.rename_token(other.id, token.id, name("mine")).await.unwrap());
    assert!(!store.revoke_token(other.id, token.id, note(AuditKind::TokenRevoked)).await.unwrap());
    assert!(store.rename_token(account.id, token.id, name("nightly")).await.unwrap());
    store.use_token(token.id, at(7)).await.unwrap();
    let (found, of) = store.token(SecretHash::of("secret")).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.used_at, of.id), ("nightly", Some(at(7)), account.id));
    assert_eq!(found.scopes.to_string(), "read");
    assert_eq!(store.tokens(account.id).await.unwrap(), [found]);
    assert_eq!(store.tokens(other.id).await.unwrap(), []);
    assert!(store.revoke_token(account.id, token.id, note(AuditKind::TokenRevoked)).await.unwrap());
    assert!(store.token(SecretHash::of("secret")).await.unwrap().is_none());
    for number in 0..limits::TOKENS {
        let token = token_of(&account, &number.to_string());
        assert!(store.add_token(token, noted).await.unwrap().is_some());
    }
    assert!(store.add_token(token_of(&account, "more"), noted).await.unwrap().is_none());
}

pub async fn the_audit_is_bounded_and_failed_logins_push_nothing_else_out(
    test: &impl TestAccounts,
) {
    let store = test.open();
    added(store.as_ref(), "ada", AccountRole::Owner).await;
    for _ in 0..limits::AUDIT_FAILED + 5 {
        store.note(note(AuditKind::LoginFailed), None).await.unwrap();
    }
    let (mut count, mut before, mut last) = (0, None, None);
    loop {
        let page = store.audit(before, 700).await.unwrap();
        let Some(entry) = page.last() else { break };
        assert!(page.windows(2).all(|two| two[0].id > two[1].id));
        (before, last) = (Some(entry.id), Some(entry.note.kind));
        count += page.len();
    }
    assert_eq!(count, limits::AUDIT_FAILED as usize + 1);
    assert_eq!(last, Some(AuditKind::AccountAdded));
}

pub async fn everything_is_there_after_the_store_is_reopened(test: &impl TestAccounts) {
    let store = test.open();
    let account = added(store.as_ref(), "Ada Lovelace", AccountRole::Owner).await;
    let session = opened(store.as_ref(), session_of(&account, "s")).await.unwrap().0;
    let noted = note(AuditKind::TokenCreated);
    let token = store.add_token(token_of(&account, "t"), noted).await.unwrap().unwrap();
    let noted = note(AuditKind::IdentityConnected);
    store.connect(account.id, identity("a"), noted).await.unwrap();
    store.add_passkey(account.id, passkey("p"), noted).await.unwrap();
    let passkeys = store.passkeys(account.id).await.unwrap();
    let audit = store.audit(None, 10).await.unwrap();
    assert_eq!((audit.len(), passkeys.len()), (5, 1));
    drop(store);
    let store = test.open();
    assert_eq!(store.accounts().await.unwrap(), std::slice::from_ref(&account));
    let found = store.session(SecretHash::of("s")).await.unwrap();
    assert_eq!(found, Some((session, account.clone())));
    assert_eq!(store.identities(account.id).await.unwrap(), [identity("a")]);
    assert_eq!(store.passkeys(account.id).await.unwrap(), passkeys);
    assert_eq!(store.token(SecretHash::of("t")).await.unwrap(), Some((token, account)));
    assert_eq!(store.audit(None, 10).await.unwrap(), audit);
}
