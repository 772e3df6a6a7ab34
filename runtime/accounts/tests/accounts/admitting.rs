//! Sessions and tokens: whom they let in, and how they end.

use std::time::Duration;

use accounts::{AccountError, Scopes, TokenName, Via};
use protocol::{AccountId, AccountRole, Timestamp};

use crate::stage::{CHEAP, Stage};

const DAY: i64 = 24 * 60 * 60;

/// Whether it has ended by now.
async fn has_ended(admission: &accounts::Admission) -> bool {
    tokio::time::timeout(Duration::from_millis(20), admission.ended()).await.is_ok()
}

#[tokio::test]
async fn unknown_secrets_let_nobody_in() {
    let stage = Stage::new().await;
    let (secret, admission) = stage.entered("ada").await;
    assert_eq!((admission.role(), admission.token_scopes()), (AccountRole::Owner, None));
    let long = "x".repeat(1 << 20);
    let prefixed = format!("companion_{secret}");
    for text in ["", "x", &secret[1..], &prefixed, &long] {
        assert!(stage.verify(text).await.is_none());
        assert!(stage.accounts.verify_token(text).await.unwrap().is_none());
    }
    assert!(stage.accounts.verify_token(&secret).await.unwrap().is_none());
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_at_the_latest_after_its_time() {
    let mut stage = Stage::new().await;
    let (secret, _) = stage.entered("ada").await;
    let (idle, held) = stage.entered("bob").await;
    for day in 1..90 {
        stage.pass(DAY);
        assert!(stage.verify(&secret).await.is_some(), "day {day}");
        if day == 45 {
            stage.restart(CHEAP);
        }
    }
    assert!(stage.verify(&idle).await.is_none());
    assert!(has_ended(&held).await, "an open connection ends, too");
    stage.pass(DAY);
    assert!(stage.verify(&secret).await.is_none());
    assert_eq!(stage.accounts.sessions(stage.account("ada").await.id).await.unwrap(), []);
    stage.accounts.collect().await.unwrap();
}

#[tokio::test]
async fn an_idle_session_ends_to_the_millisecond_also_after_a_restart() {
    let mut stage = Stage::new().await;
    let (secret, _) = stage.entered("ada").await;
    stage.pass(14 * DAY - 1);
    stage.restart(CHEAP);
    assert!(stage.verify(&secret).await.is_some());
    stage.pass(14 * DAY);
    stage.restart(CHEAP);
    assert!(stage.verify(&secret).await.is_none());
}

/// A use is written at most once a minute: a page makes many requests.
#[tokio::test]
async fn the_last_use_is_written_once_a_minute() {
    let stage = Stage::new().await;
    let (secret, admission) = stage.entered("ada").await;
    let used = async || -> Timestamp {
        stage.accounts.sessions(admission.account()).await.unwrap()[0].used_at
    };
    let first = used().await;
    stage.pass(59);
    stage.verify(&secret).await.unwrap();
    assert_eq!(used().await, first);
    stage.pass(1);
    stage.verify(&secret).await.unwrap();
    assert_eq!(used().await.ms_since(first), 60_000);
}

#[tokio::test]
async fn a_revoked_session_ends_at_once_with_its_open_connections() {
    let stage = Stage::new().await;
    let (one, phone) = stage.entered("ada").await;
    let (two, laptop) = stage.entered("ada").await;
    let (_, bob) = stage.entered("bob").await;
    let Via::Session(id) = phone.via() else { panic!("a session") };
    let foreign = stage.accounts.revoke_session(&bob, id, None).await;
    assert!(matches!(foreign, Err(AccountError::NotFound)), "{foreign:?}");
    assert!(!has_ended(&phone).await);
    stage.accounts.revoke_session(&laptop, id, None).await.unwrap();
    assert!(has_ended(&phone).await);
    assert!(stage.verify(&one).await.is_none());
    assert!(!has_ended(&laptop).await);
    let (three, _) = stage.entered("ada").await;
    assert_eq!(stage.accounts.revoke_other_sessions(&laptop, None).await.unwrap(), 1);
    assert!(stage.verify(&three).await.is_none());
    stage.accounts.log_out(&laptop, None).await.unwrap();
    assert!(stage.verify(&two).await.is_none() && has_ended(&laptop).await);
    assert!(!has_ended(&bob).await);
}

/// A request that read the session before it was revoked must not bring it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_session_never_comes_back() {
    for _ in 0..20 {
        let mut stage = Stage::new().await;
        let (secret, _) = stage.entered("ada").await;
        let (_, other) = stage.entered("ada").await;
        stage.restart(CHEAP);
        let (accounts, text) = (stage.accounts.clone(), secret.clone());
        let reading = tokio::spawn(async move { accounts.verify(&text).await.unwrap() });
        stage.accounts.revoke_other_sessions(&other, None).await.unwrap();
        let read = reading.await.unwrap();
        assert!(stage.verify(&secret).await.is_none());
        if let Some(read) = read {
            assert!(has_ended(&read).await);
        }
    }
}

#[tokio::test]
async fn a_token_allows_its_scopes_until_it_ends() {
    let stage = Stage::new().await;
    let (_, ada) = stage.entered("ada").await;
    let (_, bob) = stage.entered("bob").await;
    let name = || TokenName::parse("nightly").unwrap();
    let read = Scopes { read: true, ..Scopes::default() };
    let hour = Duration::from_secs(3_600);
    let (token, secret) =
        stage.accounts.create_token(&ada, name(), read, hour, None).await.unwrap();
    assert!(secret.reveal().starts_with("companion_"));
    let verify = async || stage.accounts.verify_token(secret.reveal()).await.unwrap();
    let admission = verify().await.unwrap();
    assert_eq!((admission.account(), admission.token_scopes()), (ada.account(), Some(read)));
    assert!(stage.verify(secret.reveal()).await.is_none(), "a token is no session");
    let renamed = stage.accounts.rename_token(&bob, token.id, name()).await;
    assert!(matches!(renamed, Err(AccountError::NotFound)));
    let foreign = stage.accounts.revoke_token(&bob, token.id, None).await;
    assert!(matches!(foreign, Err(AccountError::NotFound)));
    assert!(stage.accounts.tokens(ada.account()).await.unwrap()[0].used_at.is_some());
    stage.accounts.revoke_token(&ada, token.id, None).await.unwrap();
    assert!(verify().await.is_none() && has_ended(&admission).await);
    let (_, secret) = stage.accounts.create_token(&ada, name(), read, hour, None).await.unwrap();
    let admission = stage.accounts.verify_token(secret.reveal()).await.unwrap().unwrap();
    stage.pass(3_600);
    assert!(stage.accounts.verify_token(secret.reveal()).await.unwrap().is_none());
    assert!(has_ended(&admission).await);
}

/// What a proxy has authenticated: the first name is an owner's, and a name keeps its account.
#[tokio::test]
async fn a_proxys_user_has_an_account_and_is_ended_like_others() {
    let stage = Stage::empty();
    let first = stage.accounts.verify_proxied("ada@house.example").await.unwrap().unwrap();
    assert_eq!((first.account(), first.role()), (AccountId::FIRST, AccountRole::Owner));
    let second = stage.accounts.verify_proxied("Bob").await.unwrap().unwrap();
    assert_eq!(second.role(), AccountRole::Member);
    let again = stage.accounts.verify_proxied("bob").await.unwrap().unwrap();
    assert_eq!(again.account(), second.account());
    assert!(stage.accounts.verify_proxied("<b>").await.is_err());
    stage.accounts.disable(None, second.account(), None).await.unwrap();
    second.ended().await;
    assert!(stage.accounts.verify_proxied("bob").await.unwrap().is_none());
}
