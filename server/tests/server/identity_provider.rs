//! Logging in with a provider of identities (OpenID Connect): who comes in, and who does not.

mod connecting;
mod double;
mod faults;
mod untrusted;

use accounts::{AccountName, AuditKind};
use protocol::AccountRole;
use protocol::api::SessionStatus;
use reqwest::Response;
use reqwest::header::{LOCATION, REFRESH, SET_COOKIE};
use serde_json::json;

use super::browser::Browser;
use super::entrance::add;
use super::support::{Server, load, start};
use double::{CLIENT, Double, SECRET, Script};

impl Browser {
    /// Presses the button of the login: the address at the provider.
    async fn begin(&mut self, server: &Server, next: &str) -> String {
        let page = self.post(&server.url("/login/provider"), &format!("next={next}")).await;
        onward(page).await
    }

    /// Goes to the provider and comes back: the address here.
    async fn at_provider(&mut self, location: &str) -> String {
        // The provider has cookies of its own, which are none of this browser's jar.
        let answer = self.client.get(location).send().await.unwrap();
        assert_eq!(answer.status(), 303);
        answer.headers()[LOCATION].to_str().unwrap().to_owned()
    }

    /// The whole login with the provider, and what it is answered with.
    async fn log_in(&mut self, server: &Server) -> Response {
        let location = self.begin(server, "/data").await;
        let back = self.at_provider(&location).await;
        self.get(&back).await
    }
}

/// The address to which the page leads that begins a login.
async fn onward(page: Response) -> String {
    assert_eq!(page.status(), 200);
    let refresh = page.headers()[REFRESH].to_str().unwrap();
    let location = refresh.strip_prefix("0; url=").unwrap().to_owned();
    assert_eq!(page.headers()["cache-control"], "no-store");
    let text = page.text().await.unwrap();
    let link = location.replace('&', "&amp;");
    assert!(text.contains(&format!("href=\"{link}\"")), "{text}");
    location
}

/// The lines of a configuration with this provider.
fn lines(double: &Double, further: &str) -> String {
    format!(
        "require_login = true\noidc_issuer = \"{}\"\noidc_client_id = \"{CLIENT}\"\n\
         oidc_client_secret_file = \"secret\"\noidc_name = \"Home\"\n{further}",
        double.issuer
    )
}

/// A server that lets the double's people of the group `chat` in, with an owner.
async fn stage(further: &str) -> (Server, Double) {
    let (server, double) = empty_stage(&format!("oidc_allow = [\"groups=chat\"]\n{further}")).await;
    add(&server, "Ada", AccountRole::Owner).await;
    (server, double)
}

/// The same without an account, and with these rules.
async fn empty_stage(further: &str) -> (Server, Double) {
    let double = Double::start().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    let server = super::support::start_in(folder, &lines(&double, further)).await;
    (server, double)
}

/// The words of the page, and that it lets nobody in.
async fn refusal(browser: &Browser, answer: Response) -> (u16, String) {
    assert!(!browser.has_session());
    let status = answer.status().as_u16();
    let text = answer.text().await.unwrap();
    let alert = text.split("role=\"alert\"").nth(1).unwrap_or_else(|| panic!("{text}"));
    let words = alert.split("class=\"note-title\">").nth(1).unwrap_or_else(|| panic!("{alert}"));
    (status, words.split("</").next().unwrap().to_owned())
}

async fn kinds(server: &Server) -> Vec<AuditKind> {
    let audit = server.accounts.audit(None, 100).await.unwrap();
    audit.iter().map(|entry| entry.note.kind).collect()
}

#[tokio::test]
async fn a_person_whom_the_provider_knows_comes_in_and_finds_the_account_again() {
    let (server, double) = stage("").await;
    let mut browser = Browser::new();
    let login = browser.get(&server.url("/login")).await.text().await.unwrap();
    assert!(login.contains("action=\"/login/provider\"") && login.contains("Log in with Home"));
    let answer = browser.log_in(&server).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[LOCATION]),
        (303, &"/data".parse().unwrap())
    );
    for cookie in answer.headers().get_all(SET_COOKIE) {
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    }
    assert!(!browser.cookies.contains_key("companion-login"), "{:?}", browser.cookies);
    let eve = browser.who(&server).await.unwrap();
    assert_eq!((eve.name.as_deref(), eve.role), (Some("eve"), AccountRole::Member));
    assert_eq!(kinds(&server).await[..2], [AuditKind::LoggedInByProvider, AuditKind::AccountAdded]);
    assert_eq!(double.asked(), ["discovery", "keys", "authorize", "token", "userinfo"]);
    // Another browser, and another name there: it is the same person.
    let person = json!({ "preferred_username": "Ada", "groups": ["chat"] });
    double.script(Script { person, ..Script::default() });
    let mut other = Browser::new();
    other.log_in(&server).await;
    let again = other.who(&server).await.unwrap();
    assert_eq!((again.account_id, again.name.as_deref()), (eve.account_id, Some("eve")));
    assert!(browser.has_session() && browser.who(&server).await.is_some());
    assert_eq!(double.asked().iter().filter(|part| **part == "discovery").count(), 1);
}

#[tokio::test]
async fn the_provider_leads_back_below_the_base_path() {
    let (server, double) = stage("base_path = \"/companion\"").await;
    let mut browser = Browser::new();
    let page = browser.get(&server.url("/companion/login")).await.text().await.unwrap();
    assert!(page.contains("action=\"/companion/login/provider\""), "{page}");
    let page = browser.post(&server.url("/companion/login/provider"), "next=/data").await;
    let back = browser.at_provider(&onward(page).await).await;
    assert!(back.starts_with(&server.url("/companion/login/callback?code=")), "{back}");
    let answer = browser.get(&back).await;
    assert_eq!(answer.headers()[LOCATION], "/companion/data");
    let status = browser.get(&server.url("/companion/api/v1/session")).await;
    assert_eq!(status.json::<SessionStatus>().await.unwrap().name.as_deref(), Some("eve"));
    assert_eq!(double.asked().last(), Some(&"userinfo"));
}

/// open-webui finds accounts by e-mail if it is told to; here nothing but issuer and subject counts.
#[tokio::test]
async fn nobody_gets_the_account_of_the_same_name() {
    let (server, double) = stage("").await;
    let person = json!({
        "preferred_username": "Ada", "groups": ["chat"],
        "email": "ada@example.org", "email_verified": true,
    });
    double.script(Script { person, ..Script::default() });
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    let status = browser.who(&server).await.unwrap();
    assert_eq!((status.name.as_deref(), status.role), (Some("Ada-2"), AccountRole::Member));
    let refused = server.post("/api/v1/session").json(&json!({ "name": "Ada-2", "password": "" }));
    assert_eq!(refused.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn only_those_come_in_whom_a_rule_lets_in() {
    let rules = "oidc_allow = [\"groups=chat\", \"email=eve@example.org\"]\n\
                 oidc_owner = [\"groups=owners\"]";
    let (server, double) = empty_stage(rules).await;
    add(&server, "Ada", AccountRole::Owner).await;
    for person in [
        json!({}),
        json!({ "groups": ["chatter"] }),
        json!({ "groups": "chat,other" }),
        json!({ "groups": ["owners"] }),
        json!({ "email": "eve@example.org" }),
        json!({ "email": "eve@example.org", "email_verified": false }),
    ] {
        double.script(Script { person: person.clone(), ..Script::default() });
        let mut browser = Browser::new();
        let answer = browser.log_in(&server).await;
        let (status, words) = refusal(&browser, answer).await;
        assert_eq!(status, 403, "{person}");
        assert!(words.starts_with("Home knows you"), "{words}");
    }
    assert_eq!(server.accounts.accounts().await.unwrap().len(), 1);
    assert_eq!(
        kinds(&server).await.iter().filter(|kind| **kind == AuditKind::LoginFailed).count(),
        6
    );
    let by_mail = json!({ "email": "eve@example.org", "email_verified": true });
    double.script(Script { person: by_mail, ..Script::default() });
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    assert_eq!(browser.who(&server).await.unwrap().name.as_deref(), Some("eve"));
    let owner = json!({ "sub": "2", "name": "Grace Hopper", "groups": ["owners", "chat"] });
    let claims = std::sync::Arc::new(|claims: &mut serde_json::Map<_, _>| {
        claims.insert("sub".to_owned(), json!("2"));
    });
    double.script(Script { person: owner, claims, ..Script::default() });
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    let grace = browser.who(&server).await.unwrap();
    assert_eq!((grace.name.as_deref(), grace.role), (Some("Grace Hopper"), AccountRole::Owner));
}

#[tokio::test]
async fn a_disabled_account_stays_out() {
    let (server, _double) = stage("").await;
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    let eve = browser.who(&server).await.unwrap().account_id;
    server.accounts.disable(None, eve, None).await.unwrap();
    assert!(browser.who(&server).await.is_none());
    let mut browser = Browser::new();
    let answer = browser.log_in(&server).await;
    assert_eq!(refusal(&browser, answer).await, (403, "Your account is disabled.".to_owned()));
}

/// The first account gets the conversations that are there, so not anybody may make it.
#[tokio::test]
async fn the_first_account_is_made_only_by_an_owner() {
    let rules = "oidc_allow = [\"sub=*\"]\noidc_owner = [\"groups=owners\"]";
    let (server, double) = empty_stage(rules).await;
    let mut browser = Browser::new();
    let set_up = browser.get(&server.url("/setup")).await.text().await.unwrap();
    assert!(set_up.contains("action=\"/login/provider\""));
    let answer = browser.log_in(&server).await;
    let (status, words) = refusal(&browser, answer).await;
    assert!(status == 422 && words.starts_with("The first account doesn’t exist yet"), "{words}");
    let person = json!({ "name": "eve", "groups": ["owners"] });
    double.script(Script { person, ..Script::default() });
    browser.log_in(&server).await;
    let eve = browser.who(&server).await.unwrap();
    assert_eq!((eve.account_id, eve.role), (protocol::AccountId::FIRST, AccountRole::Owner));
}

/// open-webui/open-webui#12516 and #15373: the address was wrong behind proxies.
#[tokio::test]
async fn the_way_back_is_the_address_that_the_browser_uses() {
    let double = Double::start().await;
    let allowed = "oidc_allow = [\"sub=*\"]\nallowed_hosts = [\"companion.example\"]\n";
    let begin = async |server: &Server, headers: &[(&str, &str)]| {
        let mut request = Browser::new().client.post(server.url("/login/provider"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    let redirect = async |server: &Server, headers: &[(&str, &str)]| {
        let location = onward(begin(server, headers).await).await;
        let url = reqwest::Url::parse(&location).unwrap();
        let found = url.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap().1;
        found.into_owned()
    };
    let secretless = |further: &str| {
        let all = lines(&double, &format!("{allowed}{further}"));
        all.replace("oidc_client_secret_file = \"secret\"\n", "")
    };
    let server = start(&secretless("")).await;
    let own = format!("http://{}/login/callback", server.address);
    assert_eq!(redirect(&server, &[]).await, own);
    let far = "https://companion.example/login/callback";
    let origin = ("origin", "https://companion.example");
    assert_eq!(redirect(&server, &[origin]).await, far);
    assert_eq!(redirect(&server, &[origin, ("host", "companion.example")]).await, far);
    let named = [("host", "companion.example"), ("x-forwarded-proto", "https")];
    assert_eq!(redirect(&server, &named).await, far);
    for foreign in [("origin", "https://evil.example"), ("host", "evil.example")] {
        assert!(begin(&server, &[foreign]).await.status().is_client_error());
    }
    let cross = [("sec-fetch-site", "cross-site")];
    assert_eq!(begin(&server, &cross).await.status(), 403, "another site begins nothing");
    let server = start(&secretless("public_url = \"https://public.example\"")).await;
    assert_eq!(redirect(&server, &[]).await, "https://public.example/login/callback");
}

#[tokio::test]
async fn a_login_leads_only_to_pages_of_this_site() {
    let (server, _double) = stage("").await;
    for (next, leads) in [("/data?a=b%26c", "/data?a=b&c"), ("//evil.example", "/"), ("", "/")] {
        let mut browser = Browser::new();
        let location = browser.begin(&server, &next.replace('&', "%26")).await;
        let back = browser.at_provider(&location).await;
        let answer = browser.get(&back).await;
        assert_eq!(answer.headers()[LOCATION], leads, "{next}");
    }
}

#[test]
fn the_settings_are_checked_together() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("secret"), "s").unwrap();
    let with = |arguments: &[&str]| load(folder.path(), arguments, &[]);
    let issuer = ["--oidc-issuer", "https://login.example", "--oidc-client-id", "companion"];
    let refused = with(&issuer).unwrap_err();
    assert!(refused.contains("oidc_allow is missing, so nobody could come in"), "{refused}");
    let whole = |further: &[&'static str]| {
        let mut all = issuer.to_vec();
        all.extend(["--oidc-allow", "groups=chat,sub=1"]);
        all.extend(further);
        all
    };
    let config = with(&whole(&[])).unwrap();
    let provider = config.identity_provider.unwrap().settings;
    assert_eq!((provider.name.as_str(), provider.client_secret), ("login.example", None));
    assert_eq!(provider.scopes, ["openid", "profile"]);
    assert_eq!(provider.allow.iter().count(), 2);
    for (further, words) in [
        (&["--oidc-owner", "groups"][..], "\"groups\" is no rule"),
        (&["--public-url", "https://a.example/chat"], "without a path"),
        (
            &["--proxy-user-header", "X-User", "--trusted-proxies", "10.0.0.1"],
            "a proxy logs people in already",
        ),
    ] {
        let refused = with(&whole(further)).unwrap_err();
        assert!(refused.contains(words), "{refused}");
    }
    let refused = with(&["--oidc-allow", "sub=*"]).unwrap_err();
    assert!(refused.contains("oidc_issuer is missing"), "{refused}");
    let mut plain = whole(&[]);
    plain[1] = "http://login.example";
    assert!(with(&plain).unwrap_err().contains("an issuer needs https"));
    let secret = [("COMPANION_OIDC_CLIENT_SECRET", "from the environment")];
    let config = load(folder.path(), &whole(&[]), &secret).unwrap();
    let shown = server::config::sample::effective(&config);
    assert!(shown.contains("#oidc_client_secret = \"***\""), "{shown}");
    assert!(!shown.contains("from the environment") && !format!("{config:?}").contains("from the"));
}

#[tokio::test]
async fn an_account_by_the_provider_is_one_like_any_other() {
    let (server, _double) = stage("").await;
    let mut browser = Browser::new();
    browser.log_in(&server).await;
    let page = browser.get(&server.url("/account")).await.text().await.unwrap();
    assert!(page.contains("id=\"identities\"") && !page.contains("password-heading"), "{page}");
    assert!(!page.contains("value=\"disconnect\""), "it is the only way in");
    let eve = server.accounts.find(&AccountName::parse("eve").unwrap()).await.unwrap();
    assert_eq!(eve.password, None);
    browser.post(&server.url("/logout"), "").await;
    assert!(!browser.has_session());
}
