//! The passkeys of the own account.

use super::*;
use crate::entrance::log_in;

/// The number of the first passkey on the page of the account.
async fn first(server: &Server, browser: &mut Browser) -> String {
    let page = browser.get(&url(server, "/account")).await.text().await.unwrap();
    let id = page.split("name=\"passkey\" value=\"").nth(1).unwrap_or_else(|| panic!("{page}"));
    id.split('"').next().unwrap().to_owned()
}

async fn remove(server: &Server, browser: &mut Browser, id: &str) -> Response {
    browser.post(&url(server, "/account/passkeys"), &format!("do=remove&passkey={id}")).await
}

#[tokio::test]
async fn a_passkey_is_added_with_the_password_listed_and_removed() {
    let (server, mut ada, device) = with_passkey().await;
    let page = ada.get(&url(&server, "/account?done=passkey_added")).await.text().await.unwrap();
    assert!(page.contains("Passkey added."), "{page}");
    let section = page.split("id=\"passkeys\"").nth(1).unwrap();
    assert!(section.contains("phone") && section.contains("not used yet"), "{section}");
    let mut other = Browser::new();
    assert_eq!(other.uses(&server, &device).await.status(), 303);
    let mut bob = {
        add(&server, "Bob", AccountRole::Member).await;
        Browser::with_password(&server, "Bob").await
    };
    let id = first(&server, &mut ada).await;
    assert_eq!(remove(&server, &mut bob, &id).await.status(), 404, "it is another's");
    let removed = remove(&server, &mut ada, &id).await;
    assert_eq!(removed.headers()[LOCATION], "/account?done=passkey_removed");
    assert!(ada.who(&server).await.is_some(), "the own session stays");
    assert!(other.who(&server).await.is_none(), "the others end");
    assert!(bob.who(&server).await.is_some(), "another's stay");
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 401);
    assert!(kinds(&server).await.contains(&AuditKind::PasskeyRemoved));
}

#[tokio::test]
async fn nobody_at_an_open_browser_adds_a_passkey_without_the_password() {
    let (server, mut ada, _) = with_passkey().await;
    for (form, status, words) in [
        ("do=add&name=x&password=wrong", 422, "password"),
        ("do=add&name=x", 422, "password"),
        ("do=add&name=&password=x", 422, "characters"),
        ("do=other", 422, "form"),
    ] {
        let answer = ada.post(&url(&server, "/account/passkeys"), form).await;
        assert_eq!(answer.status(), status, "{form}");
        let page = answer.text().await.unwrap();
        assert!(!page.contains("data-options") && page.contains(words), "{form}: {page}");
    }
    // What one session has begun, another one does not end.
    let form = format!("do=add&name=x&password={}", field(PASSWORD));
    let asked = ada.is_asked(&server, "/account/passkeys", &form).await;
    let (_, answer) = Authenticator::create(&origin(&server), &asked.options);
    let mut again = Browser::with_password(&server, "Ada").await;
    let secret = ada.cookies["companion-passkey"].clone();
    again.cookies.insert("companion-passkey".to_owned(), secret);
    let path = "/account/passkeys/answer";
    assert_eq!(again.answer(&server, path, &asked, &answer).await.status(), 422);
    assert_eq!(server.accounts.passkeys(protocol::AccountId::FIRST).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_device_is_told_which_passkeys_the_account_has() {
    let (server, mut ada, _) = with_passkey().await;
    let known = &server.accounts.passkeys(protocol::AccountId::FIRST).await.unwrap()[0];
    let form = format!("do=add&name=x&password={}", field(PASSWORD));
    let asked = ada.is_asked(&server, "/account/passkeys", &form).await;
    let options: serde_json::Value = serde_json::from_str(&asked.options).unwrap();
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
    };
    assert_eq!(options["excludeCredentials"][0]["id"], encode(known.credential.as_bytes()));
    assert_eq!(options["user"]["id"], encode(known.handle.as_bytes()));
    // A passkey cannot be added twice, whatever a device does.
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_only_passkey_of_an_account_without_a_password_stays() {
    let server = stage().await;
    let code = server.accounts.new_set_up_code();
    let mut browser = Browser::new();
    let form = format!("code={}&name=Ada&password=&again=", field(code.reveal()));
    let asked = browser.is_asked(&server, "/setup/passkey", &form).await;
    let (device, answer) = Authenticator::create(&origin(&server), &asked.options);
    browser.answer(&server, "/setup/passkey/answer", &asked, &answer).await;
    let page = browser.get(&url(&server, "/account")).await.text().await.unwrap();
    assert!(page.contains("its only passkey can’t be removed"), "{page}");
    assert!(!page.contains("value=\"remove\""), "{page}");
    let id = server.accounts.passkeys(protocol::AccountId::FIRST).await.unwrap()[0].id.0;
    let answer = remove(&server, &mut browser, &id.to_string()).await;
    assert_eq!(answer.status(), 422);
    // The login is fresh, so another passkey needs no password.
    let asked = browser.is_asked(&server, "/account/passkeys", "do=add&name=key").await;
    let (_, answer) = Authenticator::create(&origin(&server), &asked.options);
    let added = browser.answer(&server, "/account/passkeys/answer", &asked, &answer).await;
    assert_eq!(added.headers()[LOCATION], "/account?done=passkey_added");
    let removed = remove(&server, &mut browser, &id.to_string()).await;
    assert_eq!(removed.headers()[LOCATION], "/account?done=passkey_removed");
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 401);
}

#[tokio::test]
async fn a_reset_removes_the_passkeys() {
    let (server, _, device) = with_passkey().await;
    let bob = add(&server, "Bob", AccountRole::Member).await;
    let of_bob = Browser::with_password(&server, "Bob").await.adds_passkey(&server, "key").await;
    let owner = log_in(&server, "Ada").await;
    let request = server.client.patch(server.url(&format!("/api/v1/accounts/{bob}")));
    let body = serde_json::json!({ "password": "another quiet harbour" });
    let answer = owner.on(request).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(Browser::new().uses(&server, &of_bob).await.status(), 401);
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303, "another's stays");
}
