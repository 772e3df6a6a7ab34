//! People whom a provider of identities has authenticated.

use accounts::{AccountError, AccountName, AuditKind, Device, IdentifiedLogin, Identity, LoggedIn};
use protocol::AccountRole;

use crate::stage::{PASSWORD, Stage};

fn at_provider(subject: &str) -> Identity {
    Identity { issuer: "https://login.example".to_owned(), subject: subject.to_owned() }
}

async fn came(
    stage: &Stage,
    subject: &str,
    names: &[&str],
    is_owner: bool,
) -> Result<LoggedIn, AccountError> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let login = IdentifiedLogin {
        identity: at_provider(subject),
        is_owner,
        names: &names,
        from: Some("192.0.2.1".parse().unwrap()),
        device: Device::from_user_agent("Browser/1.0"),
        session_secret: None,
    };
    stage.accounts.log_in_identified(login).await
}

async fn name_of(stage: &Stage, login: &LoggedIn) -> String {
    stage.accounts.account(login.account).await.unwrap().name.as_str().to_owned()
}

/// open-webui and others find accounts by e-mail or name, and so let anybody in who has the same one at
/// the provider.
#[tokio::test]
async fn a_newcomer_never_gets_an_account_that_exists() {
    let stage = Stage::new().await;
    let first = came(&stage, "1", &["ADA"], false).await.unwrap();
    assert_eq!(name_of(&stage, &first).await, "ADA-2");
    assert_eq!(first.role, AccountRole::Member);
    let second = came(&stage, "2", &["<>", "ada"], false).await.unwrap();
    assert_eq!(name_of(&stage, &second).await, "ada-3");
    assert_eq!(came(&stage, "1", &["bob"], true).await.unwrap().account, first.account);
    assert_eq!(name_of(&stage, &first).await, "ADA-2", "the name stays, and so does the role");
    let role = stage.accounts.account(first.account).await.unwrap().role;
    assert_eq!(role, AccountRole::Member);
    let nameless = came(&stage, "3", &[], false).await.unwrap();
    assert_eq!(name_of(&stage, &nameless).await, "user");
    let owner = came(&stage, "4", &["eve"], true).await.unwrap();
    assert_eq!(owner.role, AccountRole::Owner);
    let kinds: Vec<_> = stage.accounts.audit(None, 2).await.unwrap();
    let kinds: Vec<_> = kinds.iter().map(|entry| entry.note.kind).collect();
    assert_eq!(kinds, [AuditKind::LoggedInByProvider, AuditKind::AccountAdded]);
}

#[tokio::test]
async fn an_account_without_a_password_cannot_be_used_with_one() {
    let stage = Stage::new().await;
    let login = came(&stage, "1", &["eve"], false).await.unwrap();
    assert!(stage.verify(login.session.reveal()).await.is_some());
    for password in ["", PASSWORD] {
        let before = stage.accounts.computed_hashes();
        let refused = stage.log_in("eve", password).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{refused:?}");
        assert_eq!(stage.accounts.computed_hashes(), before + 1, "it costs the same");
    }
}

#[tokio::test]
async fn a_disabled_account_stays_out() {
    let stage = Stage::new().await;
    let eve = came(&stage, "1", &["eve"], false).await.unwrap();
    stage.accounts.disable(None, eve.account, None).await.unwrap();
    assert!(stage.verify(eve.session.reveal()).await.is_none());
    let again = came(&stage, "1", &["eve"], false).await;
    assert!(matches!(again, Err(AccountError::Disabled)), "{again:?}");
    let entry = &stage.accounts.audit(None, 1).await.unwrap()[0];
    assert_eq!((entry.note.kind, entry.account), (AuditKind::LoginFailed, Some(eve.account)));
}

#[tokio::test]
async fn before_there_is_an_account_only_an_owner_comes_in() {
    let stage = Stage::empty();
    let member = came(&stage, "1", &["eve"], false).await;
    assert!(matches!(member, Err(AccountError::NotNow)), "{member:?}");
    let owner = came(&stage, "2", &["ada"], true).await.unwrap();
    assert_eq!((owner.account, owner.role), (protocol::AccountId::FIRST, AccountRole::Owner));
    assert_eq!(came(&stage, "1", &["eve"], false).await.unwrap().account.get(), 2);
}

#[tokio::test]
async fn a_login_ends_the_session_of_its_browser() {
    let stage = Stage::new().await;
    let (planted, admission) = stage.entered("bob").await;
    let login = IdentifiedLogin {
        identity: at_provider("1"),
        is_owner: false,
        names: &["eve".to_owned()],
        from: None,
        device: Device::default(),
        session_secret: Some(&planted),
    };
    let eve = stage.accounts.log_in_identified(login).await.unwrap();
    assert_ne!(eve.session.reveal(), planted);
    assert!(stage.verify(&planted).await.is_none());
    admission.ended().await;
}

#[tokio::test]
async fn an_own_account_is_connected_and_disconnected() {
    let stage = Stage::new().await;
    let (_, bob) = stage.entered("bob").await;
    let (_, ada) = stage.entered("ada").await;
    let accounts = &stage.accounts;
    accounts.connect(&bob, at_provider("b"), None).await.unwrap();
    let taken = accounts.connect(&ada, at_provider("b"), None).await;
    assert!(matches!(taken, Err(AccountError::IdentityTaken)), "{taken:?}");
    let login = came(&stage, "b", &["somebody"], true).await.unwrap();
    assert_eq!((login.account, login.role), (bob.account(), AccountRole::Member));
    let by_provider = stage.verify(login.session.reveal()).await.unwrap();
    let others = accounts.disconnect(&ada, at_provider("b"), None).await;
    assert!(matches!(others, Err(AccountError::NotFound)), "{others:?}");
    accounts.disconnect(&bob, at_provider("b"), None).await.unwrap();
    by_provider.ended().await;
    assert!(stage.verify(login.session.reveal()).await.is_none(), "its sessions have ended");
    assert!(accounts.identities(bob.account()).await.unwrap().is_empty());
    // The person is a stranger now.
    let stranger = came(&stage, "b", &["bob"], false).await.unwrap();
    assert_ne!(stranger.account, bob.account());
    let only = stage.verify(stranger.session.reveal()).await.unwrap();
    let last = accounts.disconnect(&only, at_provider("b"), None).await;
    assert!(matches!(last, Err(AccountError::LastWayIn)), "{last:?}");
    accounts.reset_password(None, stranger.account, PASSWORD, None).await.unwrap();
    let name = AccountName::parse("bob-2").unwrap();
    assert_eq!(accounts.find(&name).await.unwrap().id, stranger.account);
}
