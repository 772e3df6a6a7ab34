//! Registrations and logins with the double of a device.

use std::time::Duration;

use accounts::{
    AccountName, CheckedAnswer, Passkey, PasskeyId, PasskeyName, SessionId, UserHandle,
};
use protocol::{AccountId, Timestamp};
use serde_json::Value;
use tokio::time::advance;

use super::*;
use crate::authenticator::Authenticator;

const ORIGIN: &str = "https://companion.example";

fn site() -> Site {
    Site::of(ORIGIN).unwrap()
}

fn owner() -> Owner {
    let name = AccountName::parse("ada").unwrap();
    Owner { name, handle: UserHandle::random(), has: Vec::new() }
}

fn purpose() -> Purpose {
    let name = PasskeyName::parse("phone").unwrap();
    Purpose::Add { account: AccountId::FIRST, session: SessionId(1), name }
}

fn begun(passkeys: &Passkeys) -> Started {
    passkeys.begin_registration(&site(), owner(), purpose(), None).unwrap()
}

fn finish(
    passkeys: &Passkeys,
    started: &Started,
    answer: &str,
) -> Result<Registered, PasskeyError> {
    passkeys.finish_registration(&answered(started, answer))
}

fn answered<'a>(started: &'a Started, answer: &'a str) -> Answered<'a> {
    let browser = Some(started.browser.reveal());
    Answered { state: started.state.reveal(), browser, answer }
}

fn made(passkeys: &Passkeys) -> (Authenticator, Passkey) {
    let started = begun(passkeys);
    let (device, answer) = Authenticator::create(ORIGIN, &started.options);
    let Registered { made, .. } = finish(passkeys, &started, &answer).unwrap();
    let at = Timestamp::from_unix_ms(1);
    let new = made.named(PasskeyName::parse("phone").unwrap(), at);
    let passkey = Passkey {
        id: PasskeyId(1),
        account: AccountId::FIRST,
        credential: new.credential,
        handle: new.handle,
        host: new.host,
        name: new.name,
        key: new.key,
        created_at: at,
        used_at: None,
    };
    (device, passkey)
}

fn logged_in(passkeys: &Passkeys, device: &Authenticator, passkey: &Passkey) -> CheckedAnswer {
    logged_in_at(ORIGIN, passkeys, device, passkey)
}

fn logged_in_at(
    origin: &str,
    passkeys: &Passkeys,
    device: &Authenticator,
    passkey: &Passkey,
) -> CheckedAnswer {
    let started = passkeys.begin_login(&site(), "/next".to_owned(), None).unwrap();
    let answer = device.get(origin, &started.options);
    let answer = passkeys.finish_login(&answered(&started, &answer)).unwrap();
    assert_eq!((answer.next.as_str(), &answer.credential), ("/next", &passkey.credential));
    answer.check(passkey)
}

#[tokio::test]
async fn a_passkey_is_asked_for_that_needs_no_name_and_verifies_its_user() {
    let passkeys = Passkeys::default();
    let started = begun(&passkeys);
    let options: Value = serde_json::from_str(&started.options).unwrap();
    assert_eq!(options["rp"]["id"], "companion.example");
    let selection = &options["authenticatorSelection"];
    assert_eq!(selection["residentKey"], "required");
    assert_eq!(selection["requireResidentKey"], true);
    assert_eq!(selection["userVerification"], "required");
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["timeout"], 300_000);
    let started = passkeys.begin_login(&site(), String::new(), None).unwrap();
    let options: Value = serde_json::from_str(&started.options).unwrap();
    assert_eq!(options["rpId"], "companion.example");
    assert_eq!(options["userVerification"], "required");
    // Nothing says which accounts or passkeys there are.
    assert_eq!(options["allowCredentials"].as_array().map(Vec::len).unwrap_or_default(), 0);
}

#[tokio::test]
async fn a_passkey_that_was_made_logs_in() {
    let passkeys = Passkeys::default();
    let (mut device, passkey) = made(&passkeys);
    assert_eq!(passkey.host, "companion.example");
    let CheckedAnswer::Right(same) = logged_in(&passkeys, &device, &passkey) else {
        panic!("it is right")
    };
    assert_eq!(same, passkey.key, "a counter of 0 stays 0, as in synced passkeys");
    device.counter = 7;
    let CheckedAnswer::Right(next) = logged_in(&passkeys, &device, &passkey) else {
        panic!("it is right")
    };
    let passkey = Passkey { key: next, ..passkey };
    for counter in [7, 6, 0] {
        device.counter = counter;
        assert_eq!(logged_in(&passkeys, &device, &passkey), CheckedAnswer::Copied, "{counter}");
    }
    device.counter = 8;
    assert!(matches!(logged_in(&passkeys, &device, &passkey), CheckedAnswer::Right(_)));
}

#[tokio::test]
async fn an_answer_for_another_site_person_or_passkey_is_wrong() {
    let passkeys = Passkeys::default();
    let (mut device, passkey) = made(&passkeys);
    for origin in [
        "https://evil.example",
        "http://companion.example",
        "https://companion.example:8443",
        "https://a.companion.example",
    ] {
        let checked = logged_in_at(origin, &passkeys, &device, &passkey);
        assert_eq!(checked, CheckedAnswer::Wrong, "{origin}");
    }
    let of_another = Passkey { handle: UserHandle::random(), ..passkey.clone() };
    assert_eq!(logged_in(&passkeys, &device, &of_another), CheckedAnswer::Wrong);
    let (other, _) = made(&passkeys);
    let started = passkeys.begin_login(&site(), String::new(), None).unwrap();
    let mut answer: Value = serde_json::from_str(&device.get(ORIGIN, &started.options)).unwrap();
    let forged: Value = serde_json::from_str(&other.get(ORIGIN, &started.options)).unwrap();
    answer["response"]["signature"] = forged["response"]["signature"].clone();
    let answer = answer.to_string();
    let answer = passkeys.finish_login(&answered(&started, &answer)).unwrap();
    assert_eq!(answer.check(&passkey), CheckedAnswer::Wrong, "another key has signed");
    device.verifies = false;
    assert_eq!(logged_in(&passkeys, &device, &passkey), CheckedAnswer::Wrong, "nobody is verified");
    device.verifies = true;
    let damaged = Passkey { key: accounts::PublicKey::from_stored("{}".to_owned()), ..passkey };
    assert_eq!(logged_in(&passkeys, &device, &damaged), CheckedAnswer::Wrong);
}

#[tokio::test]
async fn a_new_passkey_has_to_be_for_this_site_and_to_verify_its_user() {
    let passkeys = Passkeys::default();
    let started = begun(&passkeys);
    let (_, answer) = Authenticator::create("https://evil.example", &started.options);
    assert!(matches!(finish(&passkeys, &started, &answer), Err(PasskeyError::Refused(_))));
    let started = begun(&passkeys);
    let (_, answer) = Authenticator::create_as(ORIGIN, &started.options, false);
    assert!(matches!(finish(&passkeys, &started, &answer), Err(PasskeyError::Refused(_))));
    let (started, another) = (begun(&passkeys), begun(&passkeys));
    let (_, answer) = Authenticator::create(ORIGIN, &another.options);
    assert!(
        matches!(finish(&passkeys, &started, &answer), Err(PasskeyError::Refused(_))),
        "it answers another challenge"
    );
    let started = begun(&passkeys);
    let (_, answer) = Authenticator::create(ORIGIN, &started.options);
    let answer = answer.replace("\"rk\":true", "\"rk\":false");
    assert!(matches!(finish(&passkeys, &started, &answer), Err(PasskeyError::NotKept)));
    let started = begun(&passkeys);
    assert!(matches!(finish(&passkeys, &started, "{}"), Err(PasskeyError::Unreadable(_))));
}

#[tokio::test(start_paused = true)]
async fn a_challenge_is_answered_once_in_time_and_by_its_browser() {
    let passkeys = Passkeys::default();
    let started = begun(&passkeys);
    let (_, answer) = Authenticator::create(ORIGIN, &started.options);
    let finish = |started: &Started, browser: Option<&str>| {
        let state = started.state.reveal();
        passkeys.finish_registration(&Answered { state, browser, answer: &answer })
    };
    let other = begun(&passkeys);
    for browser in [None, Some(""), Some(other.browser.reveal())] {
        assert!(matches!(finish(&started, browser), Err(PasskeyError::Unknown)), "{browser:?}");
    }
    let own = Some(started.browser.reveal());
    assert!(finish(&started, own).is_ok());
    assert!(matches!(finish(&started, own), Err(PasskeyError::Unknown)), "it was answered");
    let late = begun(&passkeys);
    let (_, answer) = Authenticator::create(ORIGIN, &late.options);
    advance(Duration::from_secs(300)).await;
    let finished = passkeys.finish_registration(&answered(&late, &answer));
    assert!(matches!(finished, Err(PasskeyError::Unknown)), "it is too late");
    // A challenge of one kind is none of the other.
    let login = passkeys.begin_login(&site(), String::new(), None).unwrap();
    let finished = passkeys.finish_registration(&answered(&login, &answer));
    assert!(matches!(finished, Err(PasskeyError::Unknown)));
}
