//! Pages as the server sends them: their encoding, their language, the web app manifest.

use std::io::Read as _;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, CONTENT_ENCODING, COOKIE, LOCATION};

use super::support::start;

#[tokio::test]
async fn pages_are_compressed_if_the_client_accepts_it() {
    let server = start("").await;
    let page = || server.get("/settings");
    let plain = page().send().await.unwrap();
    assert!(plain.headers().get(CONTENT_ENCODING).is_none());
    let plain = plain.bytes().await.unwrap();
    for encoding in ["br", "gzip"] {
        let answer = page().header(ACCEPT_ENCODING, encoding).send().await.unwrap();
        assert_eq!(answer.headers()[CONTENT_ENCODING], encoding);
        assert!(answer.headers()["vary"].to_str().unwrap().contains("accept-encoding"));
        assert!(answer.bytes().await.unwrap().len() * 2 < plain.len(), "{encoding}");
    }
}

/// The text of a page as far as it has arrived.
fn decoded(encoding: &str, bytes: &[u8]) -> String {
    let mut text = Vec::new();
    // The end is missing until the page is complete.
    let _ = match encoding {
        "br" => brotli::Decompressor::new(bytes, 4096).read_to_end(&mut text),
        "gzip" => flate2::read::GzDecoder::new(bytes).read_to_end(&mut text),
        _ => (&mut { bytes }).read_to_end(&mut text),
    };
    String::from_utf8_lossy(&text).into_owned()
}

/// The message cannot be rendered before the beginning of the page has arrived.
#[tokio::test]
async fn the_beginning_of_a_page_is_sent_before_its_messages_are_rendered() {
    let server = start("delta_ms = 1").await;
    for encoding in ["identity", "br", "gzip"] {
        let worker = server.post(&server.workers()).send().await.unwrap();
        let worker: protocol::Worker = worker.json().await.unwrap();
        let id = worker.worker_id;
        server.says("It is *there*.");
        server.send(&format!("{}/{id}", server.workers()), "Where?").await;
        server.ended(id).await;
        let permit = app::rendering::permit(id).await;
        let page = server.get(&format!("/c/{id}")).header(ACCEPT_ENCODING, encoding);
        let mut page = page.send().await.unwrap();
        assert_eq!(page.status(), StatusCode::OK);
        assert!(page.headers().contains_key("content-security-policy"));
        let (mut bytes, mut text) = (Vec::new(), String::new());
        while !text.contains("class=\"transcript\"") {
            bytes.extend(page.chunk().await.unwrap().unwrap());
            text = decoded(encoding, &bytes);
        }
        assert!(text.contains("<title>Where?") && text.contains("<main"), "{encoding}: {text}");
        assert!(!text.contains("<article"), "{encoding}: {text}");
        drop(permit);
        while let Some(piece) = page.chunk().await.unwrap() {
            bytes.extend(piece);
        }
        let text = decoded(encoding, &bytes);
        assert!(text.contains("<article") && text.contains("there"), "{encoding}: {text}");
        assert!(text.contains("</html>"), "{encoding}: {text}");
    }
}

#[tokio::test]
async fn a_page_has_the_chosen_language_or_else_the_requested_one() {
    let server = start("").await;
    for (asked, cookie, language) in [
        ("", "", "en"),
        ("ja,en;q=0.5", "", "ja"),
        ("de, ja;q=0.5", "", "ja"),
        ("ja", "companion_language=en", "en"),
        ("en", "other=1; companion_language=ja", "ja"),
        ("ja", "companion_language=xx", "ja"),
    ] {
        for path in ["/settings", "/data", "/nowhere"] {
            let request = server.get(path).header(ACCEPT_LANGUAGE, asked).header(COOKIE, cookie);
            let page = request.send().await.unwrap().text().await.unwrap();
            let root = format!("<html lang=\"{language}\"");
            assert!(page.contains(&root), "{path} {asked:?} {cookie:?}: {page:.80}");
        }
        // A client-only page, which the server did not render, asks for these values.
        let request = server.get("/api/fn/reader").header(ACCEPT_LANGUAGE, asked);
        let answer = request.header(COOKIE, cookie).send().await.unwrap();
        let told: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(told["lang"], language, "{asked:?} {cookie:?}");
    }
    let chosen = "companion_theme=dark; companion_enter=breaks";
    let answer = server.get("/api/fn/reader").header(COOKIE, chosen).send().await.unwrap();
    let told: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((&told["data-theme"], &told["data-enter"]), (&"dark".into(), &"breaks".into()));
}

#[tokio::test]
async fn a_script_submits_the_plain_forms_of_a_client_only_page() {
    let server = start("").await;
    let id = server.worker_id().await;
    let submit = async |worker: &str, fields: &[(&str, &str)]| {
        let body = serde_json::json!({ "worker_id": worker, "fields": fields });
        let request = server.post("/api/fn/submit").header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let worker = id.to_string();
    let done = submit(&worker, &[("do", "place"), ("place", "pinned")]).await;
    assert_eq!(done, (200, format!("\"/c/{id}\"")));
    let done = submit(&worker, &[("do", "delete")]).await;
    assert_eq!(done, (200, format!("\"/?deleted={id}\"")));
    let done = submit(&worker, &[("do", "restore")]).await;
    assert_eq!(done, (200, format!("\"/c/{id}\"")));
    assert_eq!(submit(&worker, &[("do", "fly")]).await.0, 422);
    assert_eq!(submit(&worker, &[]).await.0, 422);
    let other = "0199a3c5-0000-7000-8000-000000000000";
    assert_eq!(submit(other, &[("do", "place"), ("place", "pinned")]).await.0, 404);
}

#[tokio::test]
async fn settings_are_stored_in_cookies_that_no_script_can_read() {
    let server = start("").await;
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let request = client.build().unwrap().post(format!("http://{}/settings", server.address));
    let answer = request.header("origin", format!("http://{}", server.address));
    let body = "language=ja&theme=dark%3B+Domain%3Devil&enter=breaks";
    let answer = answer.header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = answer.send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()[LOCATION]),
        (303, &"/settings?saved=true".parse().unwrap())
    );
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 3);
    for (name, value) in [("language", "ja"), ("theme", ""), ("enter", "breaks")] {
        let start = format!("companion_{name}={value};");
        let cookie = cookies.iter().find(|cookie| cookie.starts_with(&start));
        let cookie = cookie.unwrap_or_else(|| panic!("{start} in {cookies:?}"));
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }
}
