//! Answers of a provider, or of somebody who plays it, that must let nobody in.

use std::sync::Arc;

use accounts::AuditKind;
use serde_json::{Map, Value, json};

use super::double::{CLIENT, Script, Sign};
use super::{Browser, kinds, refusal, stage};

fn claims(change: impl Fn(&mut Map<String, Value>) + Send + Sync + 'static) -> Script {
    Script { claims: Arc::new(change), ..Script::default() }
}

fn set(claim: &'static str, value: Value) -> Script {
    claims(move |claims| drop(claims.insert(claim.to_owned(), value.clone())))
}

fn without(claim: &'static str) -> Script {
    claims(move |claims| drop(claims.remove(claim)))
}

fn at(claim: &'static str, seconds: i64) -> Script {
    claims(move |claims| {
        let now = claims["iat"].as_i64().unwrap();
        claims.insert(claim.to_owned(), json!(now + seconds));
    })
}

fn signed(sign: Sign) -> Script {
    Script { sign, ..Script::default() }
}

fn token(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Script {
    Script { token: Arc::new(change), ..Script::default() }
}

/// OpenID Connect Core 1.0, section 3.1.3.7, and RFC 8725.
#[tokio::test]
async fn a_token_that_is_not_right_lets_nobody_in() {
    let (server, double) = stage("").await;
    let person = |value| Script { person: value, ..Script::default() };
    let scripts = [
        ("another nonce", set("nonce", json!("another"))),
        ("no nonce", without("nonce")),
        ("another audience", set("aud", json!("another client"))),
        ("no audience", without("aud")),
        ("a further audience", set("aud", json!([CLIENT, "another client"]))),
        ("for another party", set("azp", json!("another client"))),
        ("expired", at("exp", -61)),
        ("no end", without("exp")),
        ("of tomorrow", at("iat", 86_400)),
        ("another issuer", set("iss", json!("http://127.0.0.1:1"))),
        ("no issuer", without("iss")),
        ("of another access token", set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
        ("no subject", without("sub")),
        ("an empty subject", set("sub", json!(""))),
        ("a subject that is too long", set("sub", json!("x".repeat(256)))),
        ("not signed", signed(Sign::None)),
        ("signed by another", signed(Sign::OtherKey)),
        ("signed by nobody known", signed(Sign::UnknownKey)),
        ("signed with the public key as a secret", signed(Sign::PublicKeyAsSecret)),
        ("signed with the client's secret", signed(Sign::ClientSecret)),
        ("changed after it was signed", signed(Sign::Changed)),
        ("no token", token(|answer| drop(answer.as_object_mut().unwrap().remove("id_token")))),
        ("a token that is none", token(|answer| answer["id_token"] = json!("a.b.c"))),
        ("an access token that is none", token(|answer| answer["access_token"] = json!("a\nb"))),
        ("an error", token(|answer| *answer = json!({ "error": "server_error" }))),
        ("a list", token(|answer| *answer = json!([]))),
        ("another person at userinfo", person(json!({ "sub": "1", "groups": ["chat"] }))),
        (
            "a subject that is no text",
            person(json!({ "sub": 248_289_761_001_u64, "groups": ["chat"] })),
        ),
    ];
    for (what, script) in scripts {
        double.script(script);
        let mut browser = Browser::new();
        let answer = browser.log_in(&server).await;
        let (status, words) = refusal(&browser, answer).await;
        assert!(matches!(status, 401 | 503), "{what}: {status}");
        assert_eq!(
            words, "Logging in with Home doesn’t work. The server’s log says why.",
            "{what}"
        );
        assert!(browser.who(&server).await.is_none(), "{what}");
    }
    assert_eq!(server.accounts.accounts().await.unwrap().len(), 1);
    assert!(!kinds(&server).await.contains(&AuditKind::LoggedInByProvider));
    // What is allowed to differ.
    for (what, script) in [
        ("a clock that is a little late", at("exp", -50)),
        ("a clock that is a little early", at("iat", 50)),
        ("no hash of the access token", without("at_hash")),
        ("a list with one audience", set("aud", json!([CLIENT]))),
        ("this party", set("azp", json!(CLIENT))),
        ("further claims", set("x", json!({ "y": [1] }))),
    ] {
        double.script(script);
        let mut browser = Browser::new();
        browser.log_in(&server).await;
        assert!(browser.who(&server).await.is_some(), "{what}");
    }
}

/// What the token says is not changed by what the provider adds without a signature.
#[tokio::test]
async fn the_signed_claims_come_first() {
    let (server, double) = stage("").await;
    let person = json!({ "groups": ["chat"], "preferred_username": "eve" });
    let script = Script { person, ..set("groups", json!(["other"])) };
    double.script(script);
    let mut browser = Browser::new();
    let answer = browser.log_in(&server).await;
    assert_eq!(refusal(&browser, answer).await.0, 403);
}

#[tokio::test]
async fn a_login_ends_once_and_only_in_the_browser_in_which_it_began() {
    let (server, _double) = stage("").await;
    let unknown = "This login wasn’t started in this browser at this address, or it took longer \
                   than 10 minutes. Start it again.";
    let mut browser = Browser::new();
    let location = browser.begin(&server, "/data").await;
    let back = browser.at_provider(&location).await;
    // Somebody else gets the link (login CSRF), with a login of their own begun or not.
    let mut other = Browser::new();
    let answer = other.get(&back).await;
    assert_eq!(refusal(&other, answer).await, (422, unknown.to_owned()));
    other.begin(&server, "/data").await;
    let answer = other.get(&back).await;
    assert_eq!(refusal(&other, answer).await, (422, unknown.to_owned()));
    for wrong in [
        "",
        "?state=a&code=b",
        "?code=b",
        "?state=&code=",
        &format!("?state={}", "x".repeat(9_000)),
    ] {
        let answer = browser.get(&server.url(&format!("/login/callback{wrong}"))).await;
        assert_eq!(refusal(&browser, answer).await, (422, unknown.to_owned()), "{wrong}");
    }
    // It is still this browser's, once.
    let cookies = browser.cookies.clone();
    assert_eq!(browser.get(&back).await.status(), 303);
    let eve = browser.who(&server).await.unwrap();
    let mut again = Browser::new();
    again.cookies = cookies;
    let answer = again.get(&back).await;
    assert_eq!(refusal(&again, answer).await, (422, unknown.to_owned()));
    // Who is logged in and reloads the page is led on.
    let answer = browser.get(&back).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["location"]),
        (303, &"/".parse().unwrap())
    );
    assert_eq!(browser.who(&server).await.unwrap().account_id, eve.account_id);
    let logins = kinds(&server).await;
    assert_eq!(logins.iter().filter(|kind| **kind == AuditKind::LoggedInByProvider).count(), 1);
}

#[tokio::test]
async fn a_login_takes_ten_minutes_at_most() {
    let (server, _double) = stage("").await;
    let mut browser = Browser::new();
    let location = browser.begin(&server, "/data").await;
    let back = browser.at_provider(&location).await;
    super::faults::pass(600).await;
    let answer = browser.get(&back).await;
    assert_eq!(refusal(&browser, answer).await.0, 422);
}

/// RFC 9207: this provider says in its redirects who it is, and says that it always does.
#[tokio::test]
async fn an_answer_of_another_provider_is_not_taken() {
    let (server, double) = stage("").await;
    for change in ["", "&iss=https%3A%2F%2Fevil.example", "&iss="] {
        let mut browser = Browser::new();
        let location = browser.begin(&server, "/data").await;
        let back = browser.at_provider(&location).await;
        let (bare, _) = back.split_once("&iss=").unwrap();
        let answer = browser.get(&format!("{bare}{change}")).await;
        assert_eq!(refusal(&browser, answer).await.0, 401, "{change:?}");
    }
    assert!(!double.asked().contains(&"token"), "the code is told to nobody");
}

#[tokio::test]
async fn what_a_provider_says_about_an_error_is_not_on_the_page() {
    let (server, double) = stage("").await;
    let mut browser = Browser::new();
    let location = browser.begin(&server, "/data").await;
    let back = browser.at_provider(&location).await;
    let back = back.replace("code=", "error=access_denied&error_description=%3Cb%3Ecall+me&x=");
    let answer = browser.get(&back).await;
    let (status, words) = refusal(&browser, answer).await;
    assert_eq!((status, words.as_str()), (403, "Home didn’t let you in, or you went back."));
    assert!(!double.asked().contains(&"token"));
}
