//! Logins with passkeys, whose answers somebody else has checked.

use accounts::{
    AccountError, Admission, AuditKind, CheckedAnswer, CredentialId, Device, IdentifiedLogin,
    Identity, LoggedIn, NewPasskey, PasskeyLogin, PasskeyName, Password, PublicKey, UserHandle,
};
use protocol::{AccountId, Timestamp};

use crate::stage::{PASSWORD, Stage, login};

fn credential(name: &str) -> CredentialId {
    CredentialId::from_bytes(name.as_bytes()).unwrap()
}

fn key(text: &str) -> PublicKey {
    PublicKey::from_stored(text.to_owned())
}

fn passkey(name: &str) -> NewPasskey {
    NewPasskey {
        credential: credential(name),
        handle: UserHandle::random(),
        host: "companion.example".to_owned(),
        name: PasskeyName::parse(name).unwrap(),
        key: key("key"),
        created_at: Timestamp::from_unix_ms(1),
    }
}

fn used(name: &str) -> PasskeyLogin<'static> {
    PasskeyLogin {
        credential: credential(name),
        from: Some("192.0.2.1".parse().unwrap()),
        device: Device::from_user_agent("Browser/1.0"),
        device_secret: None,
        session_secret: None,
    }
}

async fn uses(stage: &Stage, name: &str, answer: CheckedAnswer) -> Result<LoggedIn, AccountError> {
    stage.accounts.log_in_with_passkey(used(name), |_| answer).await
}

fn right() -> CheckedAnswer {
    CheckedAnswer::Right(key("key"))
}

async fn kinds(stage: &Stage) -> Vec<AuditKind> {
    let audit = stage.accounts.audit(None, 100).await.unwrap();
    audit.iter().map(|entry| entry.note.kind).collect()
}

/// `bob` in a session, with a passkey `b`.
async fn bob(stage: &Stage) -> Admission {
    let (_, bob) = stage.entered("bob").await;
    stage.accounts.add_passkey(&bob, passkey("b"), None).await.unwrap();
    bob
}

#[tokio::test]
async fn only_a_right_answer_of_a_known_passkey_logs_in() {
    let stage = Stage::new().await;
    let bob = bob(&stage).await;
    let done = uses(&stage, "b", right()).await.unwrap();
    assert_eq!(done.account, bob.account());
    let admission = stage.verify(done.session.reveal()).await.unwrap();
    assert_eq!(admission.account(), bob.account());
    assert!(matches!(uses(&stage, "x", right()).await, Err(AccountError::WrongPasskey)));
    let wrong = uses(&stage, "b", CheckedAnswer::Wrong).await;
    assert!(matches!(wrong, Err(AccountError::WrongPasskey)));
    let copied = uses(&stage, "b", CheckedAnswer::Copied).await;
    assert!(matches!(copied, Err(AccountError::PasskeyCopied)));
    stage.accounts.disable(None, bob.account(), None).await.unwrap();
    assert!(matches!(uses(&stage, "b", right()).await, Err(AccountError::WrongPasskey)));
    let audit = kinds(&stage).await;
    let count = |kind| audit.iter().filter(|noted| **noted == kind).count();
    assert_eq!(count(AuditKind::LoginFailed), 3);
    assert_eq!(count(AuditKind::PasskeyCopied), 1);
    assert_eq!(count(AuditKind::LoggedInByPasskey), 1);
}

/// Two answers that were checked against the same counter: the second one may be a copy's.
#[tokio::test]
async fn an_answer_that_was_overtaken_by_another_logs_nobody_in() {
    let stage = Stage::new().await;
    bob(&stage).await;
    let second = stage.accounts.log_in_with_passkey(used("b"), |passkey| {
        assert_eq!(passkey.key, key("key"));
        // Another login comes first while this answer is checked.
        let first = uses(&stage, "b", CheckedAnswer::Right(key("key 2")));
        let first = std::thread::scope(|scope| {
            let alone = move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(first)
            };
            scope.spawn(alone).join().unwrap()
        });
        assert!(first.is_ok());
        CheckedAnswer::Right(key("key 3"))
    });
    assert!(matches!(second.await, Err(AccountError::WrongPasskey)));
    let stored = stage.accounts.passkeys(stage.account("bob").await.id).await.unwrap();
    assert_eq!(stored[0].key, key("key 2"));
}

#[tokio::test(start_paused = true)]
async fn failures_count_for_the_account_and_for_passwords_alike() {
    let stage = Stage::new().await;
    let bob = bob(&stage).await;
    for _ in 0..5 {
        let wrong = uses(&stage, "b", CheckedAnswer::Wrong).await;
        assert!(matches!(wrong, Err(AccountError::WrongPasskey)));
    }
    assert!(matches!(uses(&stage, "b", right()).await, Err(AccountError::RateLimited(_))));
    assert!(matches!(stage.log_in("bob", PASSWORD).await, Err(AccountError::RateLimited(_))));
    assert!(stage.log_in("ada", PASSWORD).await.is_ok(), "another account");
    // A device that is known has its own attempts.
    let device = {
        tokio::time::advance(std::time::Duration::from_secs(60)).await;
        uses(&stage, "b", right()).await.unwrap().device
    };
    for _ in 0..6 {
        let _ = uses(&stage, "b", CheckedAnswer::Wrong).await;
    }
    let known = PasskeyLogin { device_secret: Some(device.reveal()), ..used("b") };
    let done = stage.accounts.log_in_with_passkey(known, |_| right()).await.unwrap();
    assert_eq!(done.account, bob.account());
}

#[tokio::test]
async fn an_account_is_confirmed_by_its_password_or_by_a_fresh_login() {
    let stage = Stage::new().await;
    let (_, ada) = stage.entered("ada").await;
    let confirm = async |by: &Admission, password: &str| {
        stage.accounts.confirm(by, Password::new(password), None).await
    };
    assert!(confirm(&ada, PASSWORD).await.is_ok());
    assert!(matches!(confirm(&ada, "another").await, Err(AccountError::WrongCredentials)));
    let eve = IdentifiedLogin {
        identity: Identity { issuer: "https://login.example".to_owned(), subject: "1".to_owned() },
        is_owner: false,
        names: &["eve".to_owned()],
        from: None,
        device: Device::default(),
        session_secret: None,
    };
    let session = stage.accounts.log_in_identified(eve).await.unwrap().session;
    let eve = stage.verify(session.reveal()).await.unwrap();
    stage.pass(10 * 60);
    assert!(confirm(&eve, "").await.is_ok());
    stage.pass(1);
    assert!(matches!(confirm(&eve, "").await, Err(AccountError::NotFresh)));
    // The password does not become old.
    assert!(confirm(&ada, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn the_first_owner_may_have_a_passkey_and_no_password() {
    let stage = Stage::empty();
    let code = stage.accounts.new_set_up_code();
    let check = async |password: Option<&str>| {
        let password = password.map(Password::new);
        stage.accounts.check_owner(code.reveal(), "ada", password, None).await
    };
    assert!(matches!(check(Some("short")).await, Err(AccountError::Password(_))));
    let (one, other) = (check(None).await.unwrap(), check(None).await.unwrap());
    assert_eq!(one.name().as_str(), "ada");
    let done = stage.accounts.set_up_with_passkey(one, passkey("a"), used("a")).await.unwrap();
    assert_eq!(done.account, AccountId::FIRST);
    assert!(stage.account("ada").await.password.is_none());
    // The code is used up, although it was right when it was checked.
    let late = stage.accounts.set_up_with_passkey(other, passkey("b"), used("b")).await;
    assert!(matches!(late, Err(AccountError::SetUp(_))));
    assert!(stage.accounts.log_in(login("ada", "")).await.is_err());
    assert!(uses(&stage, "a", right()).await.is_ok());
}

#[tokio::test]
async fn a_reset_removes_passkeys_and_a_removed_one_ends_the_other_sessions() {
    let stage = Stage::new().await;
    let bob = bob(&stage).await;
    let other = uses(&stage, "b", right()).await.unwrap().session;
    let id = stage.accounts.passkeys(bob.account()).await.unwrap()[0].id;
    let (_, ada) = stage.entered("ada").await;
    let foreign = stage.accounts.remove_passkey(&ada, id, None).await;
    assert!(matches!(foreign, Err(AccountError::NotFound)));
    stage.accounts.remove_passkey(&bob, id, None).await.unwrap();
    assert!(stage.verify(other.reveal()).await.is_none());
    assert!(matches!(uses(&stage, "b", right()).await, Err(AccountError::WrongPasskey)));
    stage.accounts.add_passkey(&bob, passkey("c"), None).await.unwrap();
    let by = Some(AccountId::FIRST);
    stage.accounts.reset_password(by, bob.account(), "another good one", None).await.unwrap();
    assert_eq!(stage.accounts.passkeys(bob.account()).await.unwrap(), []);
    assert!(matches!(uses(&stage, "c", right()).await, Err(AccountError::WrongPasskey)));
}
