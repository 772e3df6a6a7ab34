//! The page on which the profile and model are chosen, as plain forms.

use protocol::Worker;
use upstream::Script;

use super::support::{Server, start};

const FORM: &str = "application/x-www-form-urlencoded";

async fn post(server: &Server, path: &str, fields: &str) -> reqwest::Response {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let request = client.unwrap().post(server.url(path)).header("content-type", FORM);
    let origin = format!("http://{}", server.address);
    request.header("origin", origin).body(fields.to_owned()).send().await.unwrap()
}

fn led_to(answer: &reqwest::Response) -> String {
    assert_eq!(answer.status(), 303);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

async fn worker(server: &Server, path: &str) -> Worker {
    let id = path.strip_prefix("/c/").unwrap();
    server.get(&format!("{}/{id}", server.workers())).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_page_lists_every_profile_and_model_and_has_no_script() {
    let server = start("").await;
    let names = ["a<b>".to_owned()].to_vec();
    server.upstream.script(Script { models: names, ..Script::default() });
    let answer = server.get("/new").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    let page = answer.text().await.unwrap();
    for part in ["value=\"companion-ja\"", "value=\"code\"", "openai/scripted-model", "a&lt;b&gt;"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains("You are Companion, a friendly assistant"), "the prompt can be read");
    assert!(!page.contains("<script") && !page.contains("127.0.0.1"), "{page}");
    // The titles are in the requested language.
    let japanese = server.get("/new").header("accept-language", "ja").send().await.unwrap();
    assert!(japanese.text().await.unwrap().contains("翻訳"));
}

#[tokio::test]
async fn one_form_creates_a_conversation_and_another_changes_it() {
    let server = start("").await;
    let fields = "do=create&profile=code&model=openai%2Fmaker%2Fm&title=Code";
    for path in ["/new", "/"] {
        let made = worker(&server, &led_to(&post(&server, path, fields).await)).await;
        assert_eq!((made.profile.as_str(), made.model.as_deref()), ("code", Some("maker/m")));
        assert_eq!(made.title.as_deref(), Some("Code"));
    }
    let path = led_to(&post(&server, "/new", fields).await);
    let profile = path.replacen("/c/", "/profile/", 1);
    let page = server.get(&profile).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("maker/m"), "a model that nobody lists stays chosen: {page}");
    let refused = post(&server, &profile, "do=choose&profile=nobody&model=").await;
    assert_eq!(refused.status(), 422);
    let page = refused.text().await.unwrap();
    assert!(
        page.contains("role=\"alert\"") && page.contains(&format!("href=\"{path}\"")),
        "{page}"
    );
    let answer = post(&server, &profile, "do=choose&profile=concise&model=").await;
    assert_eq!(led_to(&answer), path);
    let changed = worker(&server, &path).await;
    assert_eq!((changed.profile.as_str(), changed.model), ("concise", None));
    // A form with only the button leads to a conversation of the default profile in which nothing was
    // said, and there is one of them.
    let begun = led_to(&post(&server, "/", "do=create").await);
    let made = worker(&server, &begun).await;
    assert_eq!((made.profile.as_str(), made.model, made.title), ("companion", None, None));
    assert_eq!(led_to(&post(&server, "/", "do=create").await), begun);
}

#[tokio::test]
async fn refused_values_stay_in_the_form() {
    let server = start("").await;
    let before = server.home().summary().await.unwrap().workers;
    for (fields, status) in [
        ("do=create&profile=nobody&title=Kept", 422),
        ("do=create&profile=code&model=local%2F..%2Fsecret&title=Kept", 422),
        ("do=create&profile=code&model=elsewhere%2Fm&title=Kept", 422),
        ("do=create&profile=NO+NAME&title=Kept", 422),
    ] {
        let answer = post(&server, "/new", fields).await;
        assert_eq!(answer.status(), status, "{fields}");
        let page = answer.text().await.unwrap();
        assert!(page.contains("role=\"alert\"") && page.contains("value=\"Kept\""), "{page}");
    }
    assert_eq!(server.home().summary().await.unwrap().workers, before);
    for path in ["/profile/nobody", "/c/nobody/profile", "/turns/nobody/x", "/c/nobody/turns/x"] {
        assert_eq!(server.get(path).send().await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(post(&server, "/profile/nobody", "do=choose").await.status(), 422);
    // A form from another site changes nothing.
    let client = reqwest::Client::new();
    let request = client.post(server.url("/new")).header("content-type", FORM);
    let request = request.header("origin", "http://evil.example").body("do=create");
    assert_eq!(request.send().await.unwrap().status(), 403);
}
