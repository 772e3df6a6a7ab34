//! Changes to accounts.

use std::time::Duration;

use accounts::{AccountError, AccountName, Password, Scopes, TokenName};
use protocol::{AccountId, AccountRole};

use crate::stage::{PASSWORD, Stage};

const OTHER: &str = "a quite different one";

#[tokio::test]
async fn the_first_account_of_the_command_line_is_an_owner() {
    let stage = Stage::empty();
    let name = || AccountName::parse("ada").unwrap();
    let add = async |by, role| stage.accounts.add(by, name(), role, PASSWORD, None).await;
    let by = Some(AccountId::FIRST);
    assert!(matches!(add(by, AccountRole::Owner).await, Err(AccountError::NotNow)));
    let first = add(None, AccountRole::Member).await.unwrap();
    assert_eq!((first.id, first.role), (AccountId::FIRST, AccountRole::Owner));
    assert!(matches!(add(by, AccountRole::Member).await, Err(AccountError::NameTaken)));
}

#[tokio::test]
async fn a_disabled_account_is_out_at_once() {
    let stage = Stage::new().await;
    let (secret, session) = stage.entered("bob").await;
    let name = TokenName::parse("job").unwrap();
    let hour = Duration::from_secs(3_600);
    let scopes = Scopes { read: true, ..Scopes::default() };
    let made = stage.accounts.create_token(&session, name, scopes, hour, None).await;
    let token = made.unwrap().1;
    let verify = async || stage.accounts.verify_token(token.reveal()).await.unwrap();
    let program = verify().await.unwrap();
    stage.accounts.disable(Some(AccountId::FIRST), session.account(), None).await.unwrap();
    session.ended().await;
    program.ended().await;
    assert!(stage.verify(&secret).await.is_none() && verify().await.is_none());
    let refused = stage.log_in("bob", PASSWORD).await;
    assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
    stage.accounts.enable(Some(AccountId::FIRST), session.account(), None).await.unwrap();
    assert!(stage.verify(&secret).await.is_none());
    stage.log_in("bob", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_last_owner_cannot_be_disabled_or_demoted() {
    let stage = Stage::new().await;
    let (_, ada) = stage.entered("ada").await;
    let (first, bob) = (AccountId::FIRST, stage.account("bob").await.id);
    let last = stage.accounts.disable(Some(first), first, None).await;
    assert!(matches!(last, Err(AccountError::LastOwner)), "{last:?}");
    let last = stage.accounts.set_role(Some(first), first, AccountRole::Member, None).await;
    assert!(matches!(last, Err(AccountError::LastOwner)), "{last:?}");
    stage.accounts.set_role(Some(first), bob, AccountRole::Owner, None).await.unwrap();
    stage.accounts.set_role(Some(first), first, AccountRole::Member, None).await.unwrap();
    // What was let in as an owner does not go on as one.
    ada.ended().await;
}

/// danny-avila/LibreChat#5072 and open-webui/open-webui#28725: sessions survived a reset.
#[tokio::test]
async fn a_password_reset_ends_every_session() {
    let stage = Stage::new().await;
    let (secret, session) = stage.entered("bob").await;
    let device = stage.log_in("bob", PASSWORD).await.unwrap().device;
    let id = session.account();
    stage.accounts.reset_password(Some(AccountId::FIRST), id, OTHER, None).await.unwrap();
    session.ended().await;
    assert!(stage.verify(&secret).await.is_none());
    let old = stage.log_in("bob", PASSWORD).await;
    assert!(matches!(old, Err(AccountError::WrongCredentials)), "{old:?}");
    for _ in 0..10 {
        let _ = stage.log_in("bob", PASSWORD).await;
    }
    // The device that knew the old password is a stranger now.
    let login = crate::stage::login("bob", OTHER);
    let login = accounts::Login { device_secret: Some(device.reveal()), ..login };
    let refused = stage.accounts.log_in(login).await;
    assert!(matches!(refused, Err(AccountError::RateLimited(_))), "{refused:?}");
}

#[tokio::test]
async fn a_changed_password_keeps_only_the_session_that_changed_it() {
    let stage = Stage::new().await;
    let (secret, session) = stage.entered("bob").await;
    let (other, held) = stage.entered("bob").await;
    let change = async |old, new| {
        stage.accounts.change_password(&session, Password::new(old), new, None).await
    };
    let wrong = change("a wrong password", OTHER).await;
    assert!(matches!(wrong, Err(AccountError::WrongCredentials)), "{wrong:?}");
    let weak = change(PASSWORD, "too short").await;
    assert!(matches!(weak, Err(AccountError::Password(_))), "{weak:?}");
    change(PASSWORD, OTHER).await.unwrap();
    held.ended().await;
    assert!(stage.verify(&other).await.is_none());
    assert!(stage.verify(&secret).await.is_some());
    stage.log_in("bob", OTHER).await.unwrap();
    // An open browser is no place to guess the password from.
    let mut limited = false;
    for _ in 0..20 {
        limited |= matches!(change("a guess", PASSWORD).await, Err(AccountError::RateLimited(_)));
    }
    assert!(limited);
}
