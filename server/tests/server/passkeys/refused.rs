//! Answers that let nobody in.

use super::*;

/// The words of the page, and that it lets nobody in.
async fn refusal(browser: &Browser, answer: Response) -> (u16, String) {
    assert!(!browser.has_session());
    let status = answer.status().as_u16();
    (status, answer.text().await.unwrap())
}

#[tokio::test]
async fn an_answer_for_another_address_or_challenge_lets_nobody_in() {
    let (server, _, device) = with_passkey().await;
    let path = "/login/passkey/answer";
    let mut browser = Browser::new();
    for origin in ["http://localhost:1", "https://evil.example", "http://127.0.0.1:3000"] {
        let asked = browser.is_asked(&server, "/login/passkey", "").await;
        let answer = device.get(origin, &asked.options);
        let answer = browser.answer(&server, path, &asked, &answer).await;
        let (status, page) = refusal(&browser, answer).await;
        assert_eq!(status, 401, "{origin}");
        assert!(page.contains("This passkey doesn’t belong to an account here"), "{page}");
    }
    let (asked, other) = (
        browser.is_asked(&server, "/login/passkey", "").await,
        Browser::new().is_asked(&server, "/login/passkey", "").await,
    );
    let answer = device.get(&origin(&server), &other.options);
    let answer = browser.answer(&server, path, &asked, &answer).await;
    assert_eq!(refusal(&browser, answer).await.0, 401);
    let audit = kinds(&server).await;
    assert_eq!(audit.iter().filter(|kind| **kind == AuditKind::LoginFailed).count(), 4);
}

#[tokio::test]
async fn an_answer_counts_once_and_only_from_the_browser_that_was_asked() {
    let (server, _, device) = with_passkey().await;
    let path = "/login/passkey/answer";
    let (mut browser, mut thief) = (Browser::new(), Browser::new());
    let asked = browser.is_asked(&server, "/login/passkey", "").await;
    let answer = device.get(&origin(&server), &asked.options);
    let stolen = thief.answer(&server, path, &asked, &answer).await;
    let (status, page) = refusal(&thief, stolen).await;
    assert_eq!(status, 422);
    assert!(page.contains("This request has expired"), "{page}");
    thief.is_asked(&server, "/login/passkey", "").await;
    let stolen = thief.answer(&server, path, &asked, &answer).await;
    assert_eq!(refusal(&thief, stolen).await.0, 422, "its own secret is another one");
    let cookies = browser.cookies.clone();
    assert_eq!(browser.answer(&server, path, &asked, &answer).await.status(), 303);
    // Whoever has read all of it cannot use it again.
    thief.cookies = cookies;
    let again = thief.answer(&server, path, &asked, &answer).await;
    assert_eq!(refusal(&thief, again).await.0, 422);
    for junk in ["", "{}", "[]", "x"] {
        let asked = thief.is_asked(&server, "/login/passkey", "").await;
        let answer = thief.answer(&server, path, &asked, junk).await;
        assert_eq!(refusal(&thief, answer).await.0, 422, "{junk}");
    }
}

#[tokio::test]
async fn a_counter_that_goes_back_lets_nobody_in_and_is_noted() {
    let (server, _, mut device) = with_passkey().await;
    device.counter = 9;
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
    for counter in [9, 8, 0] {
        device.counter = counter;
        let mut browser = Browser::new();
        let answer = browser.uses(&server, &device).await;
        let (status, page) = refusal(&browser, answer).await;
        assert_eq!(status, 401, "{counter}");
        assert!(page.contains("This passkey may have been copied"), "{page}");
    }
    let audit = kinds(&server).await;
    assert_eq!(audit.iter().filter(|kind| **kind == AuditKind::PasskeyCopied).count(), 3);
    device.counter = 10;
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
}

#[tokio::test]
async fn a_disabled_account_and_an_unknown_passkey_are_refused_alike() {
    let (server, ..) = with_passkey().await;
    let bob = add(&server, "Bob", AccountRole::Member).await;
    let mut browser = Browser::with_password(&server, "Bob").await;
    let device = browser.adds_passkey(&server, "key").await;
    server.accounts.disable(None, bob, None).await.unwrap();
    let mut pages = Vec::new();
    let mut browser = Browser::new();
    let answer = browser.uses(&server, &device).await;
    pages.push(refusal(&browser, answer).await);
    // This device has made a passkey that was never sent.
    let mut ada = Browser::with_password(&server, "Ada").await;
    let form = format!("do=add&name=x&password={}", field(PASSWORD));
    let asked = ada.is_asked(&server, "/account/passkeys", &form).await;
    let (stranger, _) = Authenticator::create(&origin(&server), &asked.options);
    let answer = browser.uses(&server, &stranger).await;
    pages.push(refusal(&browser, answer).await);
    assert_eq!(pages[0].0, 401);
    assert_eq!(pages[0], pages[1]);
    server.accounts.enable(None, bob, None).await.unwrap();
    assert_eq!(browser.uses(&server, &device).await.status(), 303);
}

#[tokio::test]
async fn failures_delay_further_attempts_like_those_with_passwords() {
    let (server, _, device) = with_passkey().await;
    let mut browser = Browser::new();
    // The delays double, so that even on a slow machine one is not over when the next attempt comes.
    let mut refused = 0;
    for attempt in 0..15 {
        let asked = browser.is_asked(&server, "/login/passkey", "").await;
        let answer = device.get("https://evil.example", &asked.options);
        let answer = browser.answer(&server, "/login/passkey/answer", &asked, &answer).await;
        if answer.status() == 429 {
            assert!(attempt >= 5, "{attempt}");
            assert!(answer.headers().contains_key("retry-after"));
            break;
        }
        assert_eq!(answer.status(), 401, "{attempt}");
        refused += 1;
    }
    assert!(refused < 15);
    // They count for the account: its password has to wait as well.
    let form = format!("name=Ada&password={}", field(PASSWORD));
    let answer = browser.post(&url(&server, "/login"), &form).await;
    assert_eq!(answer.status(), 429);
}
