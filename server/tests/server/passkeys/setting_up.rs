//! The first owner gets a passkey.

use super::*;

fn form(code: &str, password: &str) -> String {
    let password = field(password);
    format!("code={}&name=Ada&password={password}&again={password}", field(code))
}

async fn set_up(server: &Server, browser: &mut Browser, form: &str) -> (Authenticator, Response) {
    let asked = browser.is_asked(server, "/setup/passkey", form).await;
    assert!(asked.options.contains("\"name\":\"Ada\""), "{}", asked.options);
    let (device, answer) = Authenticator::create(&origin(server), &asked.options);
    let done = browser.answer(server, "/setup/passkey/answer", &asked, &answer).await;
    (device, done)
}

#[tokio::test]
async fn the_owner_is_made_with_a_passkey_alone_and_comes_in_by_it() {
    let server = stage().await;
    let code = server.accounts.new_set_up_code();
    let mut browser = Browser::new();
    let page = browser.get(&url(&server, "/setup")).await.text().await.unwrap();
    assert!(page.contains("formaction=\"/setup/passkey\""), "{page}");
    let (device, done) = set_up(&server, &mut browser, &form(code.reveal(), "")).await;
    assert_eq!((done.status().as_u16(), &done.headers()[LOCATION]), (303, &"/".parse().unwrap()));
    let status = browser.who(&server).await.unwrap();
    assert_eq!((status.name.as_deref(), status.role), (Some("Ada"), AccountRole::Owner));
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
    // There is no password by which anybody could come in.
    for password in ["", PASSWORD] {
        let form = format!("name=Ada&password={}", field(password));
        let answer = Browser::new().post(&url(&server, "/login"), &form).await;
        assert_eq!(answer.status(), 401, "{password:?}");
    }
    // The code is used up, and there is no second first owner.
    let again =
        Browser::new().post(&url(&server, "/setup/passkey"), &form(code.reveal(), "")).await;
    assert_eq!(again.headers()[LOCATION], "/login");
    let audit = kinds(&server).await;
    assert!(audit.contains(&AuditKind::SetUp) && audit.contains(&AuditKind::LoggedInByPasskey));
}

#[tokio::test]
async fn the_owner_may_have_a_password_and_a_passkey() {
    let server = stage().await;
    let code = server.accounts.new_set_up_code();
    let (device, done) = set_up(&server, &mut Browser::new(), &form(code.reveal(), PASSWORD)).await;
    assert_eq!(done.status(), 303);
    Browser::with_password(&server, "Ada").await;
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
}

#[tokio::test]
async fn without_the_code_or_with_a_bad_password_nobody_is_asked_for_a_passkey() {
    let server = stage().await;
    let code = server.accounts.new_set_up_code();
    let mut browser = Browser::new();
    for (form, status, words) in [
        (form("0000-0000-0000-0000", ""), 401, "set-up code"),
        (form(code.reveal(), "short"), 422, "at least"),
        (form(code.reveal(), "").replace("name=Ada", "name="), 422, "name"),
        (form(code.reveal(), "").replace("again=", "again=x"), 422, "don’t match"),
    ] {
        let answer = browser.post(&url(&server, "/setup/passkey"), &form).await;
        assert_eq!(answer.status(), status, "{form}");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("data-options") && page.contains(words), "{form}: {page}");
    }
    assert!(!server.accounts.is_set_up().await.unwrap());
}

#[tokio::test]
async fn a_challenge_of_the_set_up_makes_one_owner_however_it_is_answered() {
    let server = stage().await;
    let code = server.accounts.new_set_up_code();
    let (mut one, mut other) = (Browser::new(), Browser::new());
    let first = one.is_asked(&server, "/setup/passkey", &form(code.reveal(), "")).await;
    let second = other.is_asked(&server, "/setup/passkey", &form(code.reveal(), "")).await;
    let (_, answer) = Authenticator::create(&origin(&server), &first.options);
    let path = "/setup/passkey/answer";
    assert_eq!(one.answer(&server, path, &first, &answer).await.status(), 303);
    let (_, answer) = Authenticator::create(&origin(&server), &second.options);
    let late = other.answer(&server, path, &second, &answer).await;
    assert_eq!(late.status(), 401, "the code is used up");
    assert!(!other.has_session());
    assert_eq!(server.accounts.accounts().await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_set_up_says_why_there_are_no_passkeys_at_an_ip_address() {
    let server = stage().await;
    let mut browser = Browser::new();
    let page = browser.get(&server.url("/setup")).await.text().await.unwrap();
    assert!(page.contains("Passkeys don’t work at an IP address."), "{page}");
    assert!(!page.contains("/setup/passkey"), "{page}");
    let request = browser.client.get(server.url("/setup")).header("accept-language", "ja");
    let page = browser.send(request).await.text().await.unwrap();
    assert!(page.contains("IP アドレスではパスキーを使えません。"), "{page}");
}
