//! Logging in, and being refused.

use std::num::NonZeroUsize;

use accounts::{AccountError, AuditKind, HashSettings};
use protocol::AccountRole;

use crate::stage::{CHEAP, PASSWORD, Stage, login};

/// OWASP's Authentication Cheat Sheet: an answer must not tell whether an account exists, by its
/// words or by its time. The computations are counted, since times differ by chance.
#[tokio::test]
async fn every_failure_costs_the_same_and_says_the_same() {
    let stage = Stage::new().await;
    stage.add("gone", AccountRole::Member).await;
    stage.accounts.disable(None, stage.account("gone").await.id, None).await.unwrap();
    for (name, password) in [
        ("ada", "a wrong password"),
        ("nobody", "a wrong password"),
        ("nobody", PASSWORD),
        ("gone", PASSWORD),
        ("\u{0}<no name>", PASSWORD),
        ("ada", ""),
        ("ada", &"x".repeat(100_000)),
    ] {
        let before = stage.accounts.computed_hashes();
        let refused = stage.log_in(name, password).await;
        assert!(matches!(refused, Err(AccountError::WrongCredentials)), "{name}: {refused:?}");
        assert_eq!(stage.accounts.computed_hashes(), before + 1, "{name}");
    }
    let before = stage.accounts.computed_hashes();
    stage.log_in("ADA", PASSWORD).await.unwrap();
    assert_eq!(stage.accounts.computed_hashes(), before + 1, "a login");
    let audit = stage.accounts.audit(None, 100).await.unwrap();
    let failed: Vec<_> =
        audit.iter().filter(|entry| entry.note.kind == AuditKind::LoginFailed).collect();
    assert_eq!(failed.len(), 7);
    assert!(failed.iter().all(|entry| entry.note.by.is_none() && entry.note.from.is_some()));
}

/// A known and an unknown name are limited alike, too.
#[tokio::test]
async fn attempts_are_limited_for_known_and_unknown_names_alike() {
    let stage = Stage::new().await;
    let mut limited = Vec::new();
    for name in ["ada", "nobody"] {
        let mut count = 0;
        for _ in 0..8 {
            let refused = stage.log_in(name, "a wrong password").await.unwrap_err();
            count += u32::from(matches!(refused, AccountError::RateLimited(_)));
        }
        limited.push(count);
    }
    assert_eq!(limited, [3, 3]);
    // Even the right password waits, or it could be told from wrong ones.
    let right = stage.log_in("ada", PASSWORD).await;
    assert!(matches!(right, Err(AccountError::RateLimited(_))), "{right:?}");
}

/// "Slow Down Online Guessing Attacks with Device Cookies", OWASP.
#[tokio::test]
async fn the_owner_gets_in_from_a_known_device_while_others_guess() {
    let stage = Stage::new().await;
    let device = stage.log_in("ada", PASSWORD).await.unwrap().device;
    for _ in 0..20 {
        let _ = stage.log_in("ada", "a guess of a stranger").await;
    }
    assert!(matches!(stage.log_in("ada", PASSWORD).await, Err(AccountError::RateLimited(_))));
    let known = || login("ada", PASSWORD);
    let known = |secret| accounts::Login { device_secret: Some(secret), ..known() };
    let again = stage.accounts.log_in(known(device.reveal())).await.unwrap();
    assert_ne!(again.device.reveal(), device.reveal());
    // The device of one account is a stranger to another.
    for _ in 0..20 {
        let _ = stage.log_in("bob", "a guess of a stranger").await;
    }
    let other = accounts::Login { name: "bob", ..known(device.reveal()) };
    let other = stage.accounts.log_in(other).await;
    assert!(matches!(other, Err(AccountError::RateLimited(_))), "{other:?}");
}

#[tokio::test]
async fn a_login_makes_a_new_session_and_ends_the_one_of_the_browser() {
    let stage = Stage::new().await;
    let (planted, admission) = stage.entered("bob").await;
    let login = accounts::Login { session_secret: Some(&planted), ..login("ada", PASSWORD) };
    let session = stage.accounts.log_in(login).await.unwrap().session;
    assert_ne!(session.reveal(), planted);
    assert!(stage.verify(&planted).await.is_none());
    admission.ended().await;
    assert_eq!(stage.verify(session.reveal()).await.unwrap().name().as_str(), "ada");
}

#[tokio::test]
async fn hashes_are_renewed_when_their_parameters_change() {
    let mut stage = Stage::new().await;
    let (secret, _) = stage.entered("ada").await;
    let old = stage.account("ada").await.password.unwrap();
    let passes = CHEAP.passes + 1;
    stage.restart(HashSettings { passes, ..CHEAP });
    stage.log_in("ada", "a wrong password").await.unwrap_err();
    assert_eq!(stage.account("ada").await.password.unwrap(), old);
    stage.log_in("ada", PASSWORD).await.unwrap();
    let new = stage.account("ada").await.password.unwrap();
    assert!(new.as_stored().starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{}", new.as_stored());
    assert!(stage.verify(&secret).await.is_some(), "sessions go on");
    stage.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(stage.account("ada").await.password.unwrap(), new, "once");
}

/// Reads the whole database file for what must not be in it.
#[tokio::test]
async fn no_secret_and_no_password_is_stored() {
    let stage = Stage::new().await;
    let logged_in = stage.log_in("ada", PASSWORD).await.unwrap();
    let admission = stage.verify(logged_in.session.reveal()).await.unwrap();
    let name = accounts::TokenName::parse("job").unwrap();
    let valid = std::time::Duration::from_secs(60);
    let scopes = accounts::Scopes { read: true, ..Default::default() };
    let token = stage.accounts.create_token(&admission, name, scopes, valid, None).await.unwrap().1;
    for file in std::fs::read_dir(stage.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in
            [logged_in.session.reveal(), logged_in.device.reveal(), token.reveal(), PASSWORD]
        {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found);
        }
    }
    let printed = format!("{logged_in:?} {token:?}");
    assert!(!printed.contains(logged_in.session.reveal()) && printed.contains("***"));
}

/// The parameters of a release: 19 MiB, two passes, one lane (OWASP, Password Storage Cheat Sheet).
#[tokio::test]
async fn the_default_parameters_are_those_of_owasp() {
    let mut stage = Stage::empty();
    let threads = NonZeroUsize::MIN;
    stage.restart(HashSettings { threads, ..HashSettings::default() });
    stage.add("ada", AccountRole::Owner).await;
    let hash = stage.account("ada").await.password.unwrap();
    assert!(hash.as_stored().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}
