//! The contract that every implementation of the [`ShareStore`] port must fulfil, as a library.
//!
//! A rule of the contract is a function over a [`TestShares`].
//! [`contract!`](crate::contract!) makes a test of each rule for one implementation.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]
#![allow(missing_docs, reason = "the name of a rule says what it demands")]

use std::sync::Arc;

use accounts::{
    AccountChange, AccountName, AccountStore, Added, AuditKind, Entrance, NewAccount, Note,
};
use protocol::{
    AccountId, AccountRole, Excerpt, ExcerptMessage, ExcerptParts, Role, Timestamp, WorkerId,
};
use store::Store;
use store::contract::sample::Sample;

use crate::{AddedShare, NewShare, Share, ShareId, ShareStore, ShareToken, ShareUsage, limits};

/// One store, as its three ports.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub accounts: Arc<dyn AccountStore>,
    pub shares: Arc<dyn ShareStore>,
}

/// Creates and reopens one store of the implementation under test.
pub trait TestShares: Default {
    fn open(&self) -> Ports;
}

/// Makes a module of this name with a test of each rule for an implementation of
/// [`TestShares`](crate::contract::TestShares).
#[macro_export]
macro_rules! contract {
    ($name:ident, $store:ty) => {
        $crate::contract_tests! { $name, $store;
            a_share_is_found_by_its_token_until_it_ends
            a_share_belongs_to_its_account
            only_an_own_conversation_is_shared
            a_deleted_conversation_closes_its_shares_and_takes_them_with_it
            a_disabled_account_closes_its_shares
            shares_of_an_account_are_bounded
            the_bytes_of_an_account_are_bounded
            the_usage_of_an_account_counts_what_has_not_ended
            making_and_revoking_is_in_the_audit
            a_share_is_there_after_the_store_is_reopened
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

fn at(ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

fn second() -> AccountId {
    AccountId::new(2).unwrap()
}

fn note(kind: AuditKind) -> Note {
    Note { at: at(1), kind, by: Some(AccountId::FIRST), from: None }
}

/// An excerpt with one message of this text.
pub fn excerpt(text: &str) -> Excerpt {
    let message = ExcerptMessage {
        role: Role::User,
        text: text.to_owned(),
        reasoning: String::new(),
        model: None,
        created_at: at(1),
        incomplete: None,
        edited: false,
    };
    Excerpt {
        title: Some("Tides".to_owned()),
        prompts: vec!["Be brief.".to_owned()],
        messages: vec![message],
        lost: 0,
    }
}

/// A share of a conversation of the first account, from 10 to 20.
pub fn new(worker_id: WorkerId, text: &str) -> NewShare {
    NewShare {
        account: AccountId::FIRST,
        worker_id,
        token: ShareToken::random(),
        excerpt: excerpt(text),
        parts: ExcerptParts { reasoning: false, prompts: true },
        created_at: at(10),
        expires_at: at(20),
    }
}

/// Shares a conversation of the first account, from 10 to 20.
pub async fn fill(store: &dyn ShareStore, worker_id: WorkerId) {
    let made = store.add_share(new(worker_id, "shared"), note(AuditKind::ShareMade)).await;
    assert!(matches!(made.unwrap(), AddedShare::Share(_)));
}

async fn added(ports: &Ports, new: NewShare) -> Share {
    match ports.shares.add_share(new, note(AuditKind::ShareMade)).await.unwrap() {
        AddedShare::Share(share) => share,
        refused => panic!("{refused:?}"),
    }
}

async fn revoked(ports: &Ports, account: AccountId, id: ShareId) -> bool {
    ports.shares.revoke_share(account, id, note(AuditKind::ShareRevoked)).await.unwrap()
}

async fn is_found(ports: &Ports, share: &Share) -> bool {
    ports.shares.shared(share.token.hash(), at(15)).await.unwrap().is_some()
}

pub async fn a_share_is_found_by_its_token_until_it_ends(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    assert_eq!((share.messages, share.open), (1, true));
    let found = ports.shares.shared(share.token.hash(), at(19)).await.unwrap().unwrap();
    assert_eq!(found, (share.clone(), excerpt("hello")));
    let listed = ports.shares.shares(AccountId::FIRST, at(19)).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&share));
    assert_eq!(ports.shares.shared(share.token.hash(), at(20)).await.unwrap(), None);
    assert_eq!(ports.shares.shares(AccountId::FIRST, at(20)).await.unwrap(), []);
    let other = ShareToken::random();
    assert_eq!(ports.shares.shared(other.hash(), at(15)).await.unwrap(), None);
    assert!(!ports.shares.remove_ended_shares(at(19)).await.unwrap());
    assert!(ports.shares.remove_ended_shares(at(20)).await.unwrap());
    assert!(!ports.shares.remove_ended_shares(at(20)).await.unwrap());
    assert!(!is_found(&ports, &share).await);
}

pub async fn a_share_belongs_to_its_account(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    assert_eq!(ports.shares.shares(second(), at(15)).await.unwrap(), []);
    assert!(!revoked(&ports, second(), share.id).await);
    assert!(is_found(&ports, &share).await);
    assert!(revoked(&ports, AccountId::FIRST, share.id).await);
    assert!(!is_found(&ports, &share).await);
    assert!(!revoked(&ports, AccountId::FIRST, share.id).await);
}

pub async fn only_an_own_conversation_is_shared(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let unknown = WorkerId::from_parts(9, [9; 10]);
    for wrong in
        [NewShare { account: second(), ..new(worker.id(), "another's") }, new(unknown, "none")]
    {
        let made = ports.shares.add_share(wrong, note(AuditKind::ShareMade)).await.unwrap();
        assert_eq!(made, AddedShare::NotFound);
    }
    assert_eq!(ports.accounts.audit(None, 9).await.unwrap(), [], "nothing was made");
}

pub async fn a_deleted_conversation_closes_its_shares_and_takes_them_with_it(
    test: &impl TestShares,
) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let other = Sample::created(2, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    added(&ports, new(worker.id(), "again")).await;
    let kept = added(&ports, new(other.id(), "other")).await;
    ports.store.delete(worker.id(), at(12)).await.unwrap();
    assert!(!is_found(&ports, &share).await);
    let listed = ports.shares.shares(AccountId::FIRST, at(15)).await.unwrap();
    let open: Vec<_> = listed.iter().filter(|share| share.open).collect();
    assert_eq!((listed.len(), open), (3, vec![&kept]));
    let late = ports.shares.add_share(new(worker.id(), "late"), note(AuditKind::ShareMade)).await;
    assert_eq!(late.unwrap(), AddedShare::NotFound);
    ports.store.restore(worker.id()).await.unwrap();
    assert!(is_found(&ports, &share).await);
    ports.store.purge(worker.id()).await.unwrap();
    assert!(!is_found(&ports, &share).await);
    while ports.store.collect(at(12)).await.unwrap() {}
    let left = ports.shares.shares(AccountId::FIRST, at(15)).await.unwrap();
    assert_eq!(left, [kept]);
}

pub async fn a_disabled_account_closes_its_shares(test: &impl TestShares) {
    let ports = test.open();
    for (name, entrance) in [("ada", Entrance::First), ("eve", Entrance::Further)] {
        let account = NewAccount {
            name: AccountName::parse(name).unwrap(),
            role: AccountRole::Owner,
            created_at: at(1),
            password: Some(accounts::PasswordHash::from_stored("hash".to_owned())),
            identity: None,
            passkey: None,
            entrance,
        };
        let added = ports.accounts.add_account(account, note(AuditKind::AccountAdded)).await;
        assert!(matches!(added.unwrap(), Added::Account(_)));
    }
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    for (change, open) in [(AccountChange::Disable, false), (AccountChange::Enable, true)] {
        let noted = note(AuditKind::AccountDisabled);
        ports.accounts.change_account(AccountId::FIRST, change, noted).await.unwrap();
        assert_eq!(is_found(&ports, &share).await, open);
    }
}

pub async fn shares_of_an_account_are_bounded(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let long = "x".repeat(usize::try_from(limits::BYTES).unwrap());
    let large = ports.shares.add_share(new(worker.id(), &long), note(AuditKind::ShareMade)).await;
    assert_eq!(large.unwrap(), AddedShare::Large);
    let first = added(&ports, new(worker.id(), "0")).await;
    for number in 1..limits::SHARES {
        added(&ports, new(worker.id(), &number.to_string())).await;
    }
    let add = async |new| ports.shares.add_share(new, note(AuditKind::ShareMade)).await.unwrap();
    assert_eq!(add(new(worker.id(), "more")).await, AddedShare::Full);
    assert!(revoked(&ports, AccountId::FIRST, first.id).await);
    assert!(matches!(add(new(worker.id(), "more")).await, AddedShare::Share(_)));
    // What has ended makes room.
    let later = NewShare { created_at: at(20), expires_at: at(30), ..new(worker.id(), "later") };
    assert!(matches!(add(later).await, AddedShare::Share(_)));
}

pub async fn the_bytes_of_an_account_are_bounded(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    // With what is around the text, each is a little less than the most.
    let long = "x".repeat(usize::try_from(limits::BYTES).unwrap() - 1_000);
    for _ in 0..limits::ACCOUNT_BYTES / limits::BYTES {
        added(&ports, new(worker.id(), &long)).await;
    }
    let add = async |text: &str| {
        let made = note(AuditKind::ShareMade);
        ports.shares.add_share(new(worker.id(), text), made).await.unwrap()
    };
    assert_eq!(add(&long).await, AddedShare::Full);
    assert!(matches!(add("short").await, AddedShare::Share(_)));
}

pub async fn the_usage_of_an_account_counts_what_has_not_ended(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let usage = async |account, now| ports.shares.share_usage(account, at(now)).await.unwrap();
    assert_eq!(usage(AccountId::FIRST, 15).await, ShareUsage::default());
    let share = added(&ports, new(worker.id(), "hello")).await;
    let later = NewShare { expires_at: at(30), ..new(worker.id(), "later") };
    let later = added(&ports, later).await;
    let both = ShareUsage { count: 2, bytes: share.bytes + later.bytes };
    assert_eq!(usage(AccountId::FIRST, 19).await, both);
    assert_eq!(usage(second(), 19).await, ShareUsage::default());
    let one = ShareUsage { count: 1, bytes: later.bytes };
    assert_eq!(usage(AccountId::FIRST, 20).await, one);
    assert!(revoked(&ports, AccountId::FIRST, later.id).await);
    assert_eq!(usage(AccountId::FIRST, 20).await, ShareUsage::default());
}

pub async fn making_and_revoking_is_in_the_audit(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    assert!(revoked(&ports, AccountId::FIRST, share.id).await);
    let entries = ports.accounts.audit(None, 9).await.unwrap();
    let kinds: Vec<_> = entries.iter().map(|entry| (entry.note.kind, entry.account)).collect();
    let first = Some(AccountId::FIRST);
    assert_eq!(kinds, [(AuditKind::ShareRevoked, first), (AuditKind::ShareMade, first)]);
}

pub async fn a_share_is_there_after_the_store_is_reopened(test: &impl TestShares) {
    let ports = test.open();
    let worker = Sample::created(1, ports.store.as_ref()).await;
    let share = added(&ports, new(worker.id(), "hello")).await;
    ports.store.close().await;
    drop(ports);
    let ports = test.open();
    let found = ports.shares.shared(share.token.hash(), at(15)).await.unwrap().unwrap();
    assert_eq!(found, (share, excerpt("hello")));
}
