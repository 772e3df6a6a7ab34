//! The pages that only the server renders, without JavaScript.

use protocol::Worker;

use super::support::{Server, start};

async fn page(server: &Server, path: &str) -> (u16, String) {
    let answer = server.get(path).header("accept", "text/html").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(!policy.contains("script-src"), "{policy}");
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn hits_are_shown_as_text_and_never_as_markup() {
    let server = start("").await;
    server.says("<script>alert(1)</script> otter & \"more\"");
    let worker = server.worker().await;
    server.send(&worker, "<i>otter</i>").await;
    let id = server.worker_id().await;
    server.ended(id).await;
    let (status, html) = page(&server, "/search?q=otter").await;
    assert_eq!(status, 200);
    assert!(!html.contains("<script") && !html.contains("<i>"), "{html}");
    assert_eq!(html.matches("<mark>otter</mark>").count(), 3, "{html}");
    assert!(html.contains(&format!("href=\"/c/{id}?m=")), "{html}");
    // The query is shown in its field, escaped.
    let (_, html) = page(&server, "/search?q=%22%3E%3Cb%3E").await;
    assert!(!html.contains("<b>"), "{html}");
}

#[tokio::test]
async fn every_query_string_gets_a_page() {
    let server = start("").await;
    let id = server.worker_id().await;
    let long = "%E7%8A%AC".repeat(1_000);
    for (query, expected) in [
        (String::new(), 200),
        ("?q=".to_owned(), 200),
        ("?q=%20&in=".to_owned(), 200),
        ("?q=x&before=y&other=z".to_owned(), 200),
        ("?q=%ff%fe".to_owned(), 200),
        (format!("?q={long}"), 422),
        (format!("?in={id}"), 200),
        ("?in=nobody".to_owned(), 404),
        ("?q=x&in=019aabcd-0123-7abc-8def-0123456789ab".to_owned(), 404),
    ] {
        let (status, html) = page(&server, &format!("/search{query}")).await;
        assert_eq!(status, expected, "{query}");
        assert!(html.contains("role=\"search\"") && html.len() < 20_000, "{query}");
    }
}

/// A form of a page as a browser without JavaScript posts it.
async fn post(server: &Server, path: &str, body: String) -> (u16, String) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let request = client.unwrap().post(server.url(path)).body(body);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let request = request.header("origin", server.url(""));
    let answer = request.send().await.unwrap();
    let location = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location.unwrap_or_default())
}

#[tokio::test]
async fn conversations_are_deleted_restored_and_purged_by_forms() {
    let server = start("").await;
    let id = server.worker_id().await;
    let kept: Worker = server.post(&server.workers()).send().await.unwrap().json().await.unwrap();
    let deleted = post(&server, &format!("/c/{id}"), "do=delete".to_owned()).await;
    assert_eq!(deleted, (303, format!("/?deleted={id}")));
    // `/` redirects to another conversation, and its page offers to restore the deleted one.
    let html = server.get(&deleted.1).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("value=\"restore\""), "{html}");
    let html = server.get(&format!("/c/{}", kept.worker_id)).send().await.unwrap();
    assert!(!html.text().await.unwrap().contains("value=\"restore\""));

    let back = post(&server, &format!("/c/{id}"), "do=restore".to_owned()).await;
    assert_eq!(back, (303, format!("/c/{id}")));
    post(&server, &format!("/c/{id}"), "do=delete".to_owned()).await;
    let (_, html) = page(&server, "/data").await;
    assert!(html.contains(&format!("value=\"{id}\"")), "{html}");
    let back = post(&server, "/data/deleted", format!("do=restore&worker={id}")).await;
    assert_eq!(back, (303, format!("/c/{id}")));
    post(&server, &format!("/c/{id}"), "do=delete".to_owned()).await;
    let gone = post(&server, "/data/deleted", format!("do=purge&worker={id}")).await;
    assert_eq!(gone, (303, "/data#deleted".to_owned()));
    let (_, html) = page(&server, "/data").await;
    assert!(!html.contains(&format!("value=\"{id}\"")), "{html}");
    assert_eq!(post(&server, "/data/deleted", format!("do=restore&worker={id}")).await.0, 404);
    assert_eq!(post(&server, "/data/deleted", "do=what".to_owned()).await.0, 422);
}
