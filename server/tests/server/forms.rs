//! A refused form is answered with a page for browsers and with JSON for programs.

use reqwest::{Method, Response};

use super::support::{Server, code, start};

const FORM: &str = "application/x-www-form-urlencoded";
const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
/// The paths of forms, each with the path of the page that contains it.
const FORMS: [(&str, &str); 12] = [
    ("/", "/"),
    ("/c/019aabcd-0123-7abc-8def-0123456789ab", "/c/019aabcd-0123-7abc-8def-0123456789ab"),
    ("/new", "/new"),
    (
        "/profile/019aabcd-0123-7abc-8def-0123456789ab",
        "/profile/019aabcd-0123-7abc-8def-0123456789ab",
    ),
    (
        "/turns/019aabcd-0123-7abc-8def-0123456789ab/019aabcd-0123-7abc-8def-0123456789ab/again",
        "/turns/019aabcd-0123-7abc-8def-0123456789ab/019aabcd-0123-7abc-8def-0123456789ab/again",
    ),
    ("/data", "/data"),
    ("/data/conversations", "/data/conversations"),
    ("/data/deleted", "/data"),
    ("/settings", "/settings"),
    ("/settings/forget", "/settings"),
    ("/share/019aabcd-0123-7abc-8def-0123456789ab", "/share/019aabcd-0123-7abc-8def-0123456789ab"),
    ("/shares/revoke", "/shares"),
];

struct Wrong {
    method: Method,
    kind: &'static str,
    body: Vec<u8>,
    origin: Option<&'static str>,
    status: u16,
}

/// Requests that the server refuses before the page's handler gets the form.
fn wrong() -> Vec<Wrong> {
    let wrong = |method, status| {
        let body = b"text=x".to_vec();
        Wrong { method, kind: FORM, body, origin: None, status }
    };
    let large = [b"text=".to_vec(), vec![b'x'; 3 << 20]].concat();
    vec![
        Wrong { body: large, ..wrong(Method::POST, 413) },
        Wrong { origin: Some("https://evil.example"), ..wrong(Method::POST, 403) },
        wrong(Method::PUT, 405),
        wrong(Method::DELETE, 405),
    ]
}

async fn sent(server: &Server, path: &str, wrong: &Wrong, accept: &str) -> Response {
    let request = server.client.request(wrong.method.clone(), server.url(path));
    let request = request.header("accept", accept).header("content-type", wrong.kind);
    let request = match wrong.origin {
        Some(origin) => request.header("origin", origin),
        None => request,
    };
    request.body(wrong.body.clone()).send().await.unwrap()
}

#[tokio::test]
async fn a_refused_form_gets_a_page_with_a_link_back_or_json_for_a_program() {
    let server = start("import_bytes = 1048576").await;
    for (path, page) in FORMS {
        for wrong in wrong() {
            let what = format!("{} {path} {}", wrong.method, wrong.status);
            let answer = sent(&server, path, &wrong, BROWSER).await;
            assert_eq!(answer.status(), wrong.status, "{what}");
            let headers = answer.headers().clone();
            assert!(headers["content-type"].to_str().unwrap().starts_with("text/html"), "{what}");
            assert!(headers.contains_key("content-security-policy"), "{what}");
            assert_eq!(headers.contains_key("allow"), wrong.status == 405, "{what}");
            let html = answer.text().await.unwrap();
            let back = if wrong.status == 403 { "/" } else { page };
            assert!(html.contains(&format!("href=\"{back}\"")), "{what}: {html}");
            assert!(
                html.contains("<h1>") && html.contains("data-kind=\"error\""),
                "{what}: {html}"
            );
            if wrong.status == 413 {
                let most = if path == "/data" { "Up to 1 MB" } else { "Up to 2.4 MB" };
                assert!(html.contains(most), "{what}: {html}");
            }
            let (status, name, _) = code(sent(&server, path, &wrong, "*/*").await).await;
            assert_eq!(status, wrong.status, "{what}");
            assert_eq!(name, if status == 403 { "forbidden" } else { "invalid_input" }, "{what}");
        }
    }
    // A path that looks like another host must not become a link to it.
    let wrong = Wrong { origin: None, ..wrong().remove(0) };
    let html = sent(&server, "//evil.example/x", &wrong, BROWSER).await.text().await.unwrap();
    assert!(html.contains("href=\"/\"") && !html.contains("evil"), "{html}");
}

/// Such a form reaches the handler of its page, which shows the error.
#[tokio::test]
async fn an_unreadable_form_changes_nothing_and_gets_an_error_page() {
    let server = start("").await;
    for (path, _) in FORMS {
        for kind in ["text/plain", "", "multipart/form-data"] {
            let request = server.post(path).header("accept", BROWSER);
            let request =
                if kind.is_empty() { request } else { request.header("content-type", kind) };
            let answer = request.body("x").send().await.unwrap();
            let status = answer.status().as_u16();
            let cookies = answer.headers().contains_key("set-cookie");
            assert!([422, 404].contains(&status) && !cookies, "{path} {kind}: {status}");
            assert_eq!(answer.url().path(), path, "{path} {kind}");
            let html = answer.text().await.unwrap();
            assert!(html.contains("<main") && html.contains("href=\"/\""), "{path} {kind}: {html}");
        }
    }
}

async fn post_form(server: &Server, path: &str, body: String) -> Response {
    let request = server.post(path).header("accept", BROWSER);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(body).send().await.unwrap()
}

/// Somebody else deletes the conversation while the message is typed.
#[tokio::test]
async fn a_message_to_a_deleted_conversation_is_shown_to_be_copied() {
    let server = start("").await;
    let id = server.worker_id().await;
    server.home().delete(id).await.unwrap();
    let text = "\n  A long text</textarea><script>alert(1)</script> & more";
    for path in [format!("/c/{id}"), "/".to_owned()] {
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let body = format!("do=send&id={}&text={encoded}", super::support::message_id());
        let answer = post_form(&server, &path, body).await;
        let status = if path == "/" { 422 } else { 404 };
        assert_eq!(answer.status(), status);
        let html = answer.text().await.unwrap();
        let (_, field) = html.split_once("<textarea readonly").unwrap_or_else(|| panic!("{html}"));
        let field = field.split_once('>').unwrap().1.split_once("</textarea>").unwrap().0;
        let expected = "\n  A long text&lt;/textarea>&lt;script>alert(1)&lt;/script> &amp; more";
        assert!(field.trim_end().ends_with(expected), "{field}");
        assert!(field.starts_with("\n\n"), "{field}");
    }
    // A form without a text shows no empty field.
    let answer = post_form(&server, &format!("/c/{id}"), "do=stop".to_owned()).await;
    let html = answer.text().await.unwrap();
    assert!(!html.contains("<textarea readonly"), "{html}");
}

/// Readers may reload such a page, or return to its address.
#[tokio::test]
async fn the_address_of_a_form_redirects_to_its_page() {
    let server = start("").await;
    for (path, page) in FORMS.into_iter().filter(|(path, page)| path != page) {
        let answer = server.get(path).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.url().path()), (200, page), "{path}");
    }
}
