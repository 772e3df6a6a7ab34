//! Errors of requests always have the same form.

use reqwest::Method;
use serde_json::json;

use super::support::{code, message_id, start};

#[tokio::test]
async fn each_mistake_has_its_code_and_names_its_position() {
    let server = start("").await;
    let worker = server.worker().await;
    let messages = format!("{worker}/messages");
    let transcript = format!("{worker}/transcript");
    let missing = "/api/v1/runtimes/backend-internal/workers/019aabcd-0123-7abc-8def-0123456789ab";
    let no_turn = format!("{worker}/turns/019aabcd-0123-7abc-8def-0123456789ab");
    let id = message_id();
    let cases = [
        (Method::GET, "/api/v1/nothing", "", 404, "not_found", "nothing at this address"),
        (Method::GET, "/api/nothing", "", 404, "not_found", "nothing at this address"),
        (Method::GET, "/api/v1/runtimes/elsewhere", "", 404, "not_found", "elsewhere"),
        (Method::GET, "/api/v1/runtimes/Not%20One", "", 422, "invalid_input", "rid"),
        (
            Method::GET,
            "/api/v1/runtimes/backend-internal/workers/7",
            "",
            422,
            "invalid_input",
            "wid",
        ),
        (
            Method::GET,
            "/api/v1/runtimes/backend-internal/workers?limit=0",
            "",
            422,
            "invalid_input",
            "1 to 200",
        ),
        (
            Method::GET,
            "/api/v1/runtimes/backend-internal/workers?limit=x",
            "",
            422,
            "invalid_input",
            "limit",
        ),
        (
            Method::GET,
            "/api/v1/runtimes/backend-internal/workers?before=x",
            "",
            422,
            "invalid_input",
            "",
        ),
        (
            Method::GET,
            "/api/v1/runtimes/backend-internal/workers?lim=1",
            "",
            422,
            "invalid_input",
            "lim",
        ),
        (Method::GET, &format!("{transcript}?limit=201"), "", 422, "invalid_input", "1 to 200"),
        (Method::GET, &format!("{transcript}?before=-1"), "", 422, "invalid_input", "before"),
        (Method::GET, missing, "", 404, "not_found", ""),
        (Method::DELETE, missing, "", 404, "not_found", ""),
        (Method::PATCH, missing, "{}", 404, "not_found", ""),
        (Method::GET, &no_turn, "", 404, "not_found", ""),
        (Method::GET, &format!("{no_turn}/input"), "", 404, "not_found", ""),
        (Method::GET, &format!("{worker}/turns/x"), "", 422, "invalid_input", "tid"),
        (Method::PUT, &worker, "", 405, "invalid_input", "method"),
        (Method::POST, "/api/v1/status", "", 405, "invalid_input", "method"),
        (Method::POST, &messages, "", 422, "invalid_input", "body"),
        (Method::POST, &messages, "{", 422, "invalid_input", "line 1 column 1"),
        (Method::POST, &messages, "[]", 422, "invalid_input", "body"),
        (Method::POST, &messages, "{\"id\":\"x\",\"text\":\"t\"}", 422, "invalid_input", "id"),
        (
            Method::POST,
            &messages,
            &format!("{{\"id\":\"{id}\",\"text\":7}}"),
            422,
            "invalid_input",
            "text",
        ),
        (
            Method::POST,
            &messages,
            &format!("{{\"id\":\"{id}\",\"text\":\"t\",\"x\":1}}"),
            422,
            "invalid_input",
            "x",
        ),
        (
            Method::POST,
            &messages,
            &format!("{{\"id\":\"{id}\",\"text\":\"\"}}"),
            422,
            "invalid_input",
            "",
        ),
        (
            Method::POST,
            &server.workers(),
            "{\"profile\":\"nobody\"}",
            422,
            "invalid_input",
            "nobody",
        ),
        (Method::PATCH, &worker, "{\"name\":\"x\"}", 422, "invalid_input", "name"),
        (Method::GET, &format!("{worker}/events"), "", 406, "invalid_input", "Server-Sent"),
        (Method::GET, &format!("{worker}/events?cursors=1"), "", 422, "invalid_input", "cursors"),
    ];
    for (method, path, body, status, name, place) in cases {
        let request = server.client.request(method.clone(), server.url(path));
        let request = request.header("content-type", "application/json").body(body.to_owned());
        let (found, code, body) = code(request.send().await.unwrap()).await;
        assert_eq!((found, code.as_str()), (status, name), "{method} {path}: {body}");
        assert!(body.to_string().contains(place), "{method} {path}: {body}");
    }
}

#[tokio::test]
async fn the_response_to_a_wrong_method_lists_the_allowed_ones() {
    let server = start("").await;
    let answer = server.post("/api/v1/status").send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
}

#[tokio::test]
async fn a_body_has_to_be_json() {
    let server = start("").await;
    let path = format!("{}/messages", server.worker().await);
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"] {
        let request = server.post(&path).header("content-type", kind).body("{}");
        let (status, name, _) = code(request.send().await.unwrap()).await;
        assert_eq!((status, name.as_str()), (415, "invalid_input"), "{kind}");
    }
}

#[tokio::test]
async fn the_size_of_a_body_is_limited() {
    let server = start("body_bytes = 2048").await;
    let path = server.workers();
    let json = |length: usize| {
        let body = json!({ "title": "" }).to_string();
        let title = "x".repeat(length - body.len());
        body.replace("\"title\":\"\"", &format!("\"title\":\"{title}\""))
    };
    // A body that fits is read, and then its title is found to be too long.
    for (length, status) in [(2049, 413), (2048, 422)] {
        let request = server.post(&path).header("content-type", "application/json");
        let answer = request.body(json(length)).send().await.unwrap();
        assert_eq!(answer.status(), status, "{length}");
    }
    // The limit also holds without a `Content-Length`.
    let pieces = futures::stream::iter([Ok::<_, std::io::Error>(json(1500)), Ok(json(1500))]);
    let request = server.post(&path).header("content-type", "application/json");
    let answer = request.body(reqwest::Body::wrap_stream(pieces)).send().await.unwrap();
    let (status, name, _) = code(answer).await;
    assert_eq!((status, name.as_str()), (413, "invalid_input"));
}

/// A program may write every character as an escape, and a character beyond U+FFFF as two of them
/// (RFC 8259, section 7): twelve bytes for an emoji, as Python's `json.dumps` does.
#[tokio::test]
async fn a_message_of_the_largest_size_is_accepted_however_it_is_encoded() {
    let server = start("body_bytes = 2048").await;
    let path = format!("{}/messages", server.worker().await);
    let text = "\\ud83d\\ude42".repeat(200_000);
    let body = format!("{{\"id\":\"{}\",\"text\":\"{text}\"}}", message_id());
    let request = server.post(&path).header("content-type", "application/json").body(body);
    assert_eq!(request.send().await.unwrap().status(), 202);
    let too_large = format!("{{\"text\":\"{}\"}}", "x".repeat(3_000_000));
    let request = server.post(&path).header("content-type", "application/json").body(too_large);
    assert_eq!(request.send().await.unwrap().status(), 413);
}

#[tokio::test]
async fn the_size_of_a_request_head_is_limited() {
    let server = start("").await;
    let long = "x".repeat(128 * 1024);
    let answer = server.get("/healthz").header("x-long", long).send().await.unwrap();
    assert_eq!(answer.status(), 431);
}
