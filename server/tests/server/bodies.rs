//! Invalid bodies and queries: the API and the pages' server functions refuse each with the same
//! error.

use reqwest::Method;

use super::support::{Server, code, message_id, start};

/// Methods and paths that read a JSON body.
async fn addresses(server: &Server) -> Vec<(Method, String)> {
    let worker = server.worker().await;
    let mut addresses = vec![
        (Method::POST, server.workers()),
        (Method::PATCH, worker.clone()),
        (Method::POST, format!("{worker}/messages")),
        (Method::POST, format!("{worker}/turns")),
    ];
    for name in [
        "home",
        "console",
        "sidebar",
        "snapshot",
        "send",
        "ask_again",
        "cancel",
        "create",
        "workers",
        "titles",
        "place",
        "rename",
        "delete",
    ] {
        addresses.push((Method::POST, format!("/api/fn/{name}")));
    }
    addresses
}

/// Sends a body with these headers. Returns the status and the error code of the response.
async fn sent(
    server: &Server,
    (method, path): &(Method, String),
    headers: &[(&str, &str)],
    body: &[u8],
) -> (u16, String) {
    let request = server.client.request(method.clone(), server.url(path)).body(body.to_vec());
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    // A server function's own error is not wrapped in an object with the field `error`.
    let said: serde_json::Value = answer.json().await.unwrap();
    let error = said.get("error").unwrap_or(&said);
    (status, error["code"].as_str().unwrap_or_default().to_owned())
}

const JSON: (&str, &str) = ("content-type", "application/json");
const REFUSED: (u16, &str) = (422, "invalid_input");

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_refused_everywhere() {
    let server = start("").await;
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: &[&[u8]] = &[
        b"null",
        b"true",
        b"7",
        b"\"text\"",
        b"[]",
        b"[null,null]",
        b"[null,null,null,null,null]",
        b"[{}]",
        b"{",
        b"{}{}",
        b"{} x",
        b"{\"title\":NaN}",
        b"{\"title\":Infinity}",
        b"{\"title\":01}",
        b"{'title':null}",
        b"{\"title\":null,}",
        b"{\"title\":null,\"title\":null}",
        b"{\"title\":\"a\",\"t\\u0069tle\":\"b\"}",
        b"{\"title\":{\"a\":1,\"a\":2}}",
        b"{\"title\":\"\\ud800\"}",
        b"{\"title\":\"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"/* */{}",
        deep.as_bytes(),
    ];
    let known: Vec<_> = ids(&server).await;
    for address in addresses(&server).await {
        for body in bodies {
            let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
            let (status, name) = sent(&server, &address, &[JSON], body).await;
            assert_eq!((status, name.as_str()), REFUSED, "{address:?} {shown}");
        }
    }
    assert_eq!(ids(&server).await, known, "nothing of it was done");
}

async fn ids(server: &Server) -> Vec<protocol::WorkerId> {
    let page = server.home().workers(None, 100).await.unwrap();
    page.workers.iter().map(|worker| worker.worker_id).collect()
}

#[tokio::test]
async fn wrong_fields_of_a_server_function_are_invalid_input() {
    let server = start("").await;
    let id = server.worker_id().await;
    let message = message_id();
    for (name, body) in [
        ("send", "{}".to_owned()),
        ("send", format!("{{\"worker_id\":\"{id}\"}}")),
        ("send", format!("{{\"worker_id\":\"{id}\",\"message\":null}}")),
        // An array in the place of a nested object.
        ("send", format!("{{\"worker_id\":\"{id}\",\"message\":[\"{message}\",\"t\",null,null]}}")),
        ("send", format!("{{\"worker_id\":\"{id}\",\"message\":{{\"id\":1,\"text\":\"t\"}}}}")),
        (
            "send",
            format!("{{\"worker_id\":7,\"message\":{{\"id\":\"{message}\",\"text\":\"t\"}}}}"),
        ),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":-1}}")),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":1.5}}")),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":\"1\"}}")),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":9007199254740992}}")),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":9223372036854775808}}")),
        ("snapshot", format!("{{\"worker_id\":\"{id}\",\"before\":18446744073709551616}}")),
        ("delete", "{\"worker_id\":\"x\"}".to_owned()),
        ("place", format!("{{\"worker_id\":\"{id}\",\"place\":\"nowhere\"}}")),
    ] {
        let address = (Method::POST, format!("/api/fn/{name}"));
        let (status, name) = sent(&server, &address, &[JSON], body.as_bytes()).await;
        assert_eq!((status, name.as_str()), REFUSED, "{address:?} {body}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_declared_as_json_is_refused() {
    let server = start("").await;
    let known = ids(&server).await;
    let headers: &[&[(&str, &str)]] = &[
        // Types that a page of another site can send without a CORS preflight.
        &[("content-type", "text/plain")],
        &[("content-type", "text/plain;charset=UTF-8")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "multipart/form-data; boundary=x")],
        &[],
        &[("content-type", "")],
        &[("content-type", "text/json")],
        &[("content-type", "application/json"), ("content-type", "text/plain")],
        &[("content-type", "application/json; charset=utf-16")],
        &[("content-type", "application/json; charset=iso-8859-1")],
        &[JSON, ("content-encoding", "gzip")],
        &[JSON, ("content-encoding", "br")],
        &[JSON, ("content-encoding", "identity"), ("content-encoding", "gzip")],
    ];
    for address in addresses(&server).await {
        for headers in headers {
            let (status, name) = sent(&server, &address, headers, b"{}").await;
            assert_eq!((status, name.as_str()), (415, "invalid_input"), "{address:?} {headers:?}");
        }
    }
    assert_eq!(ids(&server).await, known, "nothing of it was done");
    // Other valid spellings of the type are accepted.
    for kind in
        ["Application/Json", "application/json; charset=\"UTF-8\"", "application/merge-patch+json"]
    {
        let request = server.post("/api/fn/create").header("content-type", kind).body("{}");
        assert_eq!(request.send().await.unwrap().status(), 200, "{kind}");
    }
}

#[tokio::test]
async fn a_number_in_a_query_outside_of_its_bounds_is_refused() {
    let server = start("").await;
    let worker = server.worker().await;
    let runtime = "/api/v1/runtimes/backend-internal";
    let cases = [
        (server.workers(), vec!["limit"], vec![]),
        (format!("{runtime}/deleted"), vec!["limit"], vec![]),
        (format!("{worker}/transcript"), vec!["limit"], vec!["before"]),
        (format!("{runtime}/search"), vec!["limit"], vec!["before"]),
    ];
    let q = |path: &str| if path.ends_with("/search") { "q=a&" } else { "" };
    for (path, counts, positions) in &cases {
        let wrong = [
            "-1",
            "-0",
            "1.0",
            "1e2",
            "",
            "%20",
            "+1",
            "x",
            "0x10",
            "1,2",
            "NaN",
            "%EF%BC%91",
            "1%00",
            "18446744073709551616",
            "99999999999999999999999999",
        ];
        let above = ["9007199254740992", "9223372036854775807", "9223372036854775808"];
        let too_many = ["0", "201", "4294967295", "4294967296", "4294967297"];
        for (names, values) in [
            (counts, &wrong[..]),
            (counts, &above[..]),
            (counts, &too_many[..]),
            (positions, &wrong[..]),
            (positions, &above[..]),
        ] {
            for (name, value) in names.iter().flat_map(|n| values.iter().map(move |v| (n, v))) {
                let address = format!("{path}?{}{name}={value}", q(path));
                let (status, code, _) = code(server.get(&address).send().await.unwrap()).await;
                assert_eq!((status, code.as_str()), REFUSED, "{address}");
            }
        }
        for name in counts.iter().chain(positions) {
            for twice in [
                format!("{name}=1&{name}=1"),
                format!("{name}=1&{name}[]=1"),
                format!("{name}[]=1"),
            ] {
                let address = format!("{path}?{}{twice}", q(path));
                let (status, code, _) = code(server.get(&address).send().await.unwrap()).await;
                assert_eq!((status, code.as_str()), REFUSED, "{address}");
            }
            let address = format!("{path}?{}{name}=1", q(path));
            assert_eq!(server.get(&address).send().await.unwrap().status(), 200, "{address}");
        }
    }
    let last = format!("{worker}/transcript?before=9007199254740991");
    assert_eq!(server.get(&last).send().await.unwrap().status(), 200);
}

/// A page ignores or reports the parts of a query that it cannot read, and never answers with a
/// server error.
#[tokio::test]
async fn a_page_answers_any_query_without_a_server_error() {
    let server = start("").await;
    let page = server.worker().await.replace("/api/v1/runtimes/backend-internal/workers", "/c");
    let names =
        ["before", "list", "archived", "around", "m", "at", "edit", "deleted", "q", "in", "worker"];
    for path in [page.as_str(), "/", "/search", "/data", "/settings", "/new"] {
        for value in
            ["-1", "9223372036854775808", "18446744073709551616", "", "x", "%00", "%ff", "1e9"]
        {
            let query = names.map(|name| format!("{name}={value}")).join("&");
            let answer = server.get(&format!("{path}?{query}")).send().await.unwrap();
            assert!(answer.status().as_u16() < 500, "{path}?{query}: {}", answer.status());
        }
    }
}
