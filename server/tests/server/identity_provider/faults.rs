//! A provider that is away, slow, or not what the configuration says.

use std::sync::Arc;
use std::time::Duration;

use protocol::AccountRole;
use serde_json::{Value, json};

use super::super::entrance::{add, log_in};
use super::super::support::Server;
use super::double::{Double, Script};
use super::{Browser, refusal, stage};

/// Lets time pass for everything that waits in this process.
pub(super) async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// Presses the button, and gives the words of the page that is shown in place of the provider.
async fn pressed(server: &Server) -> (u16, String) {
    let mut browser = Browser::new();
    let answer = browser.post(&server.url("/login/provider"), "next=/data").await;
    refusal(&browser, answer).await
}

const AWAY: &str = "Home can’t be reached right now. Try again later, or log in with a password.";
const UNUSABLE: &str = "Logging in with Home doesn’t work. The server’s log says why.";

fn discovery(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Script {
    Script { discovery: Arc::new(change), ..Script::default() }
}

fn instead(status: u16, headers: &[(&'static str, &str)], body: &str) -> Script {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Script { instead: Some((status, headers, body.to_owned())), ..Script::default() }
}

#[tokio::test]
async fn without_the_provider_passwords_go_on_working() {
    let (server, double) = stage("").await;
    add(&server, "Bob", AccountRole::Member).await;
    double.stop().await;
    assert_eq!(pressed(&server).await, (503, AWAY.to_owned()));
    log_in(&server, "Ada").await;
    log_in(&server, "Bob").await;
}

/// A provider that is down is left alone for a moment, and found again afterwards.
#[tokio::test]
async fn a_provider_that_comes_back_is_found() {
    let (server, double) = stage("").await;
    double.script(instead(502, &[], "Bad Gateway"));
    for _ in 0..3 {
        assert_eq!(pressed(&server).await, (503, AWAY.to_owned()));
    }
    assert_eq!(double.asked(), ["discovery"]);
    double.script(Script::default());
    assert_eq!(pressed(&server).await.1, AWAY);
    pass(6).await;
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    assert!(browser.who(&server).await.is_some());
}

/// What the provider publishes is read again after an hour. If that fails, what was known is used on:
/// the endpoints may work.
#[tokio::test]
async fn what_was_known_of_the_provider_is_used_on() {
    let (server, double) = stage("").await;
    Browser::new().log_in(&server).await;
    double.script(instead(502, &[], "Bad Gateway"));
    pass(60 * 60 + 1).await;
    let asked = || double.asked().iter().filter(|part| **part == "discovery").count();
    for (seconds, times) in [(0, 2), (0, 2), (6, 3)] {
        pass(seconds).await;
        let mut browser = Browser::new();
        browser.log_in(&server).await;
        assert!(browser.who(&server).await.is_some());
        assert_eq!(asked(), times);
    }
}

#[tokio::test]
async fn a_provider_that_is_not_what_the_configuration_says_is_not_used() {
    let json_type = [("content-type", "application/json")];
    let elsewhere = Double::start().await;
    let there = format!("{}/.well-known/openid-configuration", elsewhere.issuer);
    let at = |key: &'static str, value: Value| discovery(move |found| found[key] = value.clone());
    let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(300_000));
    let cases = [
        (instead(404, &[], "not found"), UNUSABLE),
        (instead(200, &json_type, "<html>"), UNUSABLE),
        (instead(200, &json_type, "{}"), UNUSABLE),
        (instead(200, &json_type, &huge), AWAY),
        // An address that nobody has checked is not followed (SSRF).
        (instead(302, &[("location", &there)], ""), UNUSABLE),
        (at("issuer", json!("https://another.example")), UNUSABLE),
        (at("token_endpoint", json!("http://192.0.2.1/token")), UNUSABLE),
        (at("jwks_uri", json!("http://192.0.2.1/jwks")), UNUSABLE),
        (at("jwks_uri", json!("file:///etc/passwd")), UNUSABLE),
        (at("authorization_endpoint", json!("http://192.0.2.1/authorize")), UNUSABLE),
        (at("authorization_endpoint", json!("javascript:alert(1)")), UNUSABLE),
        (at("token_endpoint", Value::Null), UNUSABLE),
        // goauthentik/authentik#4824: what Authentik says without a signing key.
        (at("id_token_signing_alg_values_supported", json!(["HS256"])), UNUSABLE),
    ];
    let (server, double) = stage("").await;
    for (number, (script, words)) in cases.into_iter().enumerate() {
        double.script(script);
        assert_eq!(pressed(&server).await, (503, words.to_owned()), "case {number}");
        // After a failure the provider is left alone for a moment.
        pass(6).await;
    }
    assert!(double.asked().iter().all(|part| matches!(*part, "discovery" | "keys")));
    double.script(Script::default());
    Browser::new().begin(&server, "/data").await;
    assert!(elsewhere.asked().is_empty());
}

/// The issuer has to be the same letter by letter: a slash at its end makes another one.
#[tokio::test]
async fn an_issuer_with_another_slash_is_another_issuer() {
    let (server, double) = stage("").await;
    let slashed = format!("{}/", double.issuer);
    double.script(discovery(move |found| found["issuer"] = json!(slashed)));
    assert_eq!(pressed(&server).await, (503, UNUSABLE.to_owned()));
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up_after_ten_seconds() {
    let (server, double) = stage("").await;
    double.script(Script { hangs: true, ..Script::default() });
    let mut browser = Browser::new();
    let location = browser.begin(&server, "/data").await;
    let back = browser.at_provider(&location).await;
    let waiting = async { browser.get(&back).await };
    let passing = async {
        double.until_asked("token").await;
        pass(11).await;
    };
    let (answer, ()) = tokio::join!(waiting, passing);
    assert_eq!(refusal(&browser, answer).await, (503, AWAY.to_owned()));
}

/// Keys are read again for a new one, at most once a minute, since tokens may name any key.
#[tokio::test]
async fn new_keys_of_the_provider_are_found() {
    let (server, double) = stage("").await;
    Browser::new().log_in(&server).await;
    double.rotate();
    let mut browser = Browser::new();
    let answer = browser.log_in(&server).await;
    assert_eq!(refusal(&browser, answer).await.0, 401);
    let read = || double.asked().iter().filter(|part| **part == "keys").count();
    assert_eq!(read(), 1);
    pass(61).await;
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    assert!(browser.who(&server).await.is_some());
    assert_eq!(read(), 2);
}

#[tokio::test]
async fn a_wrong_secret_is_the_owners_fault_and_says_so_in_the_log_only() {
    let (server, double) = stage("").await;
    double.script(Script {
        token: Arc::new(|answer| *answer = json!({ "error": "invalid_client" })),
        ..Script::default()
    });
    let mut browser = Browser::new();
    let answer = browser.log_in(&server).await;
    assert_eq!(refusal(&browser, answer).await, (503, UNUSABLE.to_owned()));
}
