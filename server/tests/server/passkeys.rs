//! Logins with passkeys, with a double of a device that holds them.

mod managing;
mod refused;
mod setting_up;

use accounts::AuditKind;
use passkeys::authenticator::Authenticator;
use protocol::AccountRole;
use reqwest::Response;
use reqwest::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};

use super::browser::Browser;
use super::entrance::{PASSWORD, add};
use super::support::{Server, start};

/// What a page asks of a browser.
struct Asked {
    options: String,
    state: String,
}

/// The address of this server under a name: browsers have no passkeys at an IP address.
fn origin(server: &Server) -> String {
    format!("http://localhost:{}", server.address.port())
}

fn url(server: &Server, path: &str) -> String {
    format!("{}{path}", origin(server))
}

/// A server where everybody has to log in.
async fn stage() -> Server {
    start("require_login = true").await
}

/// A text as a field of a form.
fn field(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

impl Browser {
    /// Fills in a form whose answer is a page that asks for a passkey.
    async fn is_asked(&mut self, server: &Server, path: &str, form: &str) -> Asked {
        let page = self.post(&url(server, path), form).await;
        assert_eq!(page.status(), 200);
        asked(&page.text().await.unwrap())
    }

    /// Sends what the device answers.
    async fn answer(
        &mut self,
        server: &Server,
        path: &str,
        asked: &Asked,
        answer: &str,
    ) -> Response {
        let form = format!("state={}&answer={}", field(&asked.state), field(answer));
        self.post(&url(server, path), &form).await
    }

    async fn uses(&mut self, server: &Server, device: &Authenticator) -> Response {
        let asked = self.is_asked(server, "/login/passkey", "next=%2Fdata").await;
        let answer = device.get(&origin(server), &asked.options);
        self.answer(server, "/login/passkey/answer", &asked, &answer).await
    }

    async fn with_password(server: &Server, name: &str) -> Self {
        let mut browser = Self::new();
        let form = format!("name={name}&password={}", field(PASSWORD));
        assert_eq!(browser.post(&url(server, "/login"), &form).await.status(), 303);
        browser
    }

    /// Adds a passkey to the account of this browser's session.
    async fn adds_passkey(&mut self, server: &Server, name: &str) -> Authenticator {
        let form = format!("do=add&name={}&password={}", field(name), field(PASSWORD));
        let asked = self.is_asked(server, "/account/passkeys", &form).await;
        let (device, answer) = Authenticator::create(&origin(server), &asked.options);
        let added = self.answer(server, "/account/passkeys/answer", &asked, &answer).await;
        assert_eq!(added.headers()[LOCATION], "/account?done=passkey_added");
        device
    }
}

fn asked(page: &str) -> Asked {
    let value = |before: &str| {
        let rest = page.split(before).nth(1).unwrap_or_else(|| panic!("{before}: {page}"));
        let text = rest.split('"').next().unwrap();
        text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    };
    Asked { options: value("data-options=\""), state: value("name=\"state\" value=\"") }
}

/// An owner `Ada` with a password and a passkey.
async fn with_passkey() -> (Server, Browser, Authenticator) {
    let server = stage().await;
    add(&server, "Ada", AccountRole::Owner).await;
    let mut browser = Browser::with_password(&server, "Ada").await;
    let device = browser.adds_passkey(&server, "phone").await;
    (server, browser, device)
}

async fn kinds(server: &Server) -> Vec<AuditKind> {
    let audit = server.accounts.audit(None, 100).await.unwrap();
    audit.iter().map(|entry| entry.note.kind).collect()
}

async fn login_page(server: &Server, origin: &str) -> String {
    let page = server.client.get(format!("{origin}/login")).header("accept", "text/html");
    page.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_passkey_logs_in_without_a_name_and_its_use_is_noted() {
    let (server, mut ada, mut device) = with_passkey().await;
    let mut browser = Browser::new();
    let answer = browser.uses(&server, &device).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[LOCATION]),
        (303, &"/data".parse().unwrap())
    );
    for cookie in answer.headers().get_all(SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    assert!(!browser.cookies.contains_key("companion-passkey"), "{:?}", browser.cookies);
    let status = browser.who(&server).await.unwrap();
    assert_eq!((status.name.as_deref(), status.role), (Some("Ada"), AccountRole::Owner));
    let page = ada.get(&url(&server, "/account")).await.text().await.unwrap();
    let row = page.split("id=\"passkeys\"").nth(1).unwrap();
    assert!(row.contains("phone") && !row.contains("not used yet"), "{row}");
    // Devices with a counter count on.
    device.counter = 1;
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
    device.counter = 2;
    assert_eq!(Browser::new().uses(&server, &device).await.status(), 303);
    let audit = kinds(&server).await;
    assert_eq!(audit.iter().filter(|kind| **kind == AuditKind::LoggedInByPasskey).count(), 3);
    assert!(audit.contains(&AuditKind::PasskeyAdded));
}

#[tokio::test]
async fn the_page_that_asks_has_one_script_by_its_nonce_and_is_kept_by_nobody() {
    let (server, ..) = with_passkey().await;
    let mut browser = Browser::new();
    let page = browser.post(&url(&server, "/login/passkey"), "next=%2F").await;
    let policy = page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert_eq!(page.headers()[CACHE_CONTROL], "no-store");
    let permissions = page.headers()["permissions-policy"].to_str().unwrap();
    assert!(!permissions.contains("publickey-credentials"), "{permissions}");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = page.text().await.unwrap();
    assert_eq!(page.matches("<script").count(), 1);
    assert!(page.contains(&format!("<script type=\"module\" nonce=\"{nonce}\">")), "{page}");
    // Not escaped, as a script has to be.
    assert!(page.contains("text => ") || page.contains("text =>\n"), "{page}");
    assert!(page.contains("<noscript>") && page.contains("Passkeys need JavaScript"), "{page}");
}

#[tokio::test]
async fn the_login_says_something_about_passkeys_only_where_it_matters() {
    let server = stage().await;
    add(&server, "Ada", AccountRole::Owner).await;
    let (name, number) = (origin(&server), server.url(""));
    for origin in [&name, &number] {
        let page = login_page(&server, origin).await;
        assert!(!page.to_lowercase().contains("passkey"), "{origin}: {page}");
    }
    Browser::with_password(&server, "Ada").await.adds_passkey(&server, "phone").await;
    let page = login_page(&server, &name).await;
    assert!(page.contains("action=\"/login/passkey\""), "{page}");
    let page = login_page(&server, &number).await;
    assert!(!page.contains("action=\"/login/passkey\""), "{page}");
    assert!(page.contains("Passkeys don’t work at an IP address."), "{page}");
    // The button is not there; a form that was sent all the same says why.
    let page = Browser::new().post(&server.url("/login/passkey"), "next=").await;
    assert_eq!(page.status(), 422);
    assert!(page.text().await.unwrap().contains("Passkeys don’t work at an IP address."));
}
