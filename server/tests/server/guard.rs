//! Host names, origins and headers.

use super::support::{code, start};

#[tokio::test]
async fn only_allowed_host_names_are_answered() {
    let server = start("allowed_hosts = [\"companion.example\"]").await;
    let port = server.address.port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 200),
        ("companion.example".to_owned(), 200),
        ("companion.example:443".to_owned(), 200),
        ("localhost".to_owned(), 403),
        (format!("evil.example:{port}"), 403),
        ("companion.example:8080".to_owned(), 403),
    ] {
        let answer = server.get("/healthz").header("host", &host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
        if status == 403 {
            assert_eq!(code(answer).await.1, "forbidden", "{host}");
        }
    }
}

/// Trunk's proxy sends its own `Host`, the browser's as `X-Forwarded-Host`, and every other header
/// unchanged: `make_outbound_request` in trunk-rs/trunk `src/proxy.rs` (0.21.14).
#[tokio::test]
async fn behind_a_proxy_that_replaces_host_only_allowed_host_names_are_answered() {
    let server = start("open_hosts = [\"127.0.0.1:8080\"]").await;
    for (forwarded, status) in [
        (vec![], 200),
        (vec!["127.0.0.1:8080"], 200),
        (vec!["localhost:8080"], 403),
        (vec!["evil.example:8080"], 403),
        // A page may add the header itself; the proxy then sends both values.
        (vec!["127.0.0.1:8080", "evil.example:8080"], 403),
        (vec!["evil.example:8080", "127.0.0.1:8080"], 403),
        (vec!["127.0.0.1:8080, evil.example:8080"], 403),
        (vec![""], 403),
    ] {
        for path in ["/", "/data", "/healthz", "/api/v1/status"] {
            let request = server.get(path).header("sec-fetch-site", "same-origin");
            let request = forwarded
                .iter()
                .fold(request, |request, host| request.header("x-forwarded-host", *host));
            assert_eq!(request.send().await.unwrap().status(), status, "{path} {forwarded:?}");
        }
    }
    // Pages that came through the proxy may change things, and other pages of this machine may not.
    for (origin, status) in [("http://127.0.0.1:8080", 201), ("http://127.0.0.1:8081", 403)] {
        let change = server.post(&server.workers()).header("x-forwarded-host", "127.0.0.1:8080");
        let change = change.header("origin", origin).send().await.unwrap();
        assert_eq!(change.status(), status, "{origin}");
    }
}

#[tokio::test]
async fn other_sites_can_neither_read_nor_change_anything() {
    let server = start("").await;
    let own = format!("http://127.0.0.1:{}", server.address.port());
    let events = format!("{}/events", server.worker().await);
    for (headers, permitted) in [
        (vec![], true),
        (vec![("origin", own.as_str())], true),
        (vec![("sec-fetch-site", "same-origin")], true),
        (vec![("sec-fetch-site", "cross-site")], false),
        (vec![("origin", "https://evil.example")], false),
        (vec![("origin", "http://127.0.0.1:1")], false),
        (vec![("origin", "null"), ("sec-fetch-site", "same-origin")], false),
        (vec![("origin", own.as_str()), ("origin", "https://evil.example")], false),
    ] {
        let with = |request: reqwest::RequestBuilder| {
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
        };
        let change = with(server.post(&server.workers())).send().await.unwrap();
        assert_eq!(change.status(), if permitted { 201 } else { 403 }, "{headers:?}");
        let form = with(server.post("/")).body("text=");
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let form = form.send().await.unwrap();
        assert_eq!(form.status() != 403, permitted, "{headers:?}");
        let follow = with(server.get(&events)).header("accept", "text/event-stream");
        let follow = follow.send().await.unwrap();
        assert_eq!(follow.status(), if permitted { 200 } else { 403 }, "{headers:?}");
        for path in ["/api/v1/models", "/api/v1/status", &server.workers(), "/api/v1/nothing"] {
            let read = with(server.get(path)).send().await.unwrap();
            assert_eq!(read.status() == 403, !permitted, "{path} {headers:?}");
        }
        // Links on other sites may lead to pages.
        let twice = headers.len() == 2 && headers[0].0 == headers[1].0;
        for path in ["/", "/data", "/healthz"] {
            let led = with(server.get(path)).send().await.unwrap();
            assert_eq!(led.status(), if twice { 403 } else { 200 }, "{path} {headers:?}");
        }
    }
    // No CORS header invites other sites, not even for a preflight request.
    let preflight = server.client.request(reqwest::Method::OPTIONS, server.url(&server.workers()));
    let preflight = preflight
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    let answer = preflight.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control")));
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let server = start("").await;
    for (path, keep) in [
        ("/healthz", "private, no-cache"),
        ("/api/v1/status", "no-store"),
        ("/api/v1/nothing", "no-store"),
        ("/pkg/nothing.js", "private, no-cache"),
    ] {
        let answer = server.get(path).send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), keep, "{path}");
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(header("permissions-policy").contains("camera=()"), "{path}");
        let policy = header("content-security-policy");
        assert_eq!(policy, "default-src 'none'; frame-ancestors 'none'", "{path}");
    }
}

#[tokio::test]
async fn a_page_has_its_own_content_security_policy() {
    let server = start("").await;
    let answer = server.get("/").send().await.unwrap();
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("'nonce-") && !policy.contains("unsafe-inline"), "{policy}");
    let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap();
    assert!(answer.text().await.unwrap().contains(nonce));
}
