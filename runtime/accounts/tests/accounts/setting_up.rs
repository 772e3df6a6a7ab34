//! The first owner.

use accounts::{AccountError, AuditKind, PasswordError, SetUpError};
use protocol::{AccountId, AccountRole};

use crate::stage::{PASSWORD, Stage, login};

#[tokio::test]
async fn the_first_owner_is_made_with_the_code_once() {
    let stage = Stage::empty();
    assert!(!stage.accounts.is_set_up().await.unwrap());
    let code = stage.accounts.new_set_up_code();
    let code = code.reveal();
    let set_up = async |code, password| stage.accounts.set_up(code, login("Ada", password)).await;
    // A weak password does not use up the code.
    let weak = set_up(code, "password123").await;
    assert!(matches!(weak, Err(AccountError::Password(PasswordError::Common))), "{weak:?}");
    let lower = code.to_lowercase();
    let owner = set_up(&lower, PASSWORD).await.unwrap();
    assert_eq!((owner.account, owner.role), (AccountId::FIRST, AccountRole::Owner));
    assert!(stage.verify(owner.session.reveal()).await.is_some());
    assert!(stage.accounts.is_set_up().await.unwrap());
    let again = set_up(code, PASSWORD).await;
    assert!(matches!(again, Err(AccountError::SetUp(SetUpError::Void))), "{again:?}");
    // Even with another code there is one first owner only.
    let code = stage.accounts.new_set_up_code();
    assert!(matches!(set_up(code.reveal(), PASSWORD).await, Err(AccountError::NotNow)));
    let audit = stage.accounts.audit(None, 10).await.unwrap();
    let kinds: Vec<_> = audit.iter().map(|entry| entry.note.kind).collect();
    assert_eq!(kinds, [AuditKind::LoggedIn, AuditKind::SetUp]);
}

#[tokio::test]
async fn two_who_know_the_code_do_not_both_become_owners() {
    let stage = Stage::empty();
    let code = stage.accounts.new_set_up_code();
    let set_up = async |name| stage.accounts.set_up(code.reveal(), login(name, PASSWORD)).await;
    let (one, other) = tokio::join!(set_up("one"), set_up("other"));
    assert_eq!(u8::from(one.is_ok()) + u8::from(other.is_ok()), 1, "{one:?} {other:?}");
    assert_eq!(stage.accounts.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_that_expired_or_was_guessed_at_lets_nobody_in() {
    let stage = Stage::empty();
    let set_up = async |code| stage.accounts.set_up(code, login("ada", PASSWORD)).await;
    let none = set_up("0000-0000-0000-0000").await;
    assert!(matches!(none, Err(AccountError::SetUp(SetUpError::Void))), "{none:?}");
    let code = stage.accounts.new_set_up_code();
    stage.pass(15 * 60);
    let late = set_up(code.reveal()).await;
    assert!(matches!(late, Err(AccountError::SetUp(SetUpError::Void))), "{late:?}");
    stage.accounts.new_set_up_code();
    let mut limited = 0;
    for _ in 0..30 {
        match set_up("0000-0000-0000-0000").await {
            Err(AccountError::SetUp(SetUpError::Wrong)) => {}
            Err(AccountError::RateLimited(_)) => limited += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(limited > 20, "{limited}");
    assert!(!stage.accounts.is_set_up().await.unwrap());
}
