//! The OpenAPI document and the routes agree.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::start;

/// The HTTP contract of the design, written by hand.
const CONTRACT: [(&str, &str); 54] = [
    ("get", "/healthz"),
    ("get", "/readyz"),
    ("get", "/api/v1/openapi.json"),
    ("post", "/api/v1/setup"),
    ("get", "/api/v1/session"),
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("put", "/api/v1/password"),
    ("get", "/api/v1/sessions"),
    ("delete", "/api/v1/sessions"),
    ("delete", "/api/v1/sessions/{id}"),
    ("get", "/api/v1/tokens"),
    ("post", "/api/v1/tokens"),
    ("delete", "/api/v1/tokens/{id}"),
    ("get", "/api/v1/accounts"),
    ("post", "/api/v1/accounts"),
    ("patch", "/api/v1/accounts/{id}"),
    ("get", "/api/v1/audit"),
    ("get", "/api/v1/accounts/use"),
    ("get", "/api/v1/use"),
    ("get", "/api/v1/status"),
    ("get", "/api/v1/profiles"),
    ("get", "/api/v1/profiles/{name}"),
    ("get", "/api/v1/models"),
    ("post", "/api/v1/providers/{provider}/forget"),
    ("get", "/api/v1/runtimes"),
    ("get", "/api/v1/runtimes/{rid}"),
    ("get", "/api/v1/runtimes/{rid}/workers"),
    ("post", "/api/v1/runtimes/{rid}/workers"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}"),
    ("patch", "/api/v1/runtimes/{rid}/workers/{wid}"),
    ("delete", "/api/v1/runtimes/{rid}/workers/{wid}"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/instructions"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/transcript"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/fork"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/restore"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/stop"),
    ("get", "/api/v1/runtimes/{rid}/deleted"),
    ("get", "/api/v1/runtimes/{rid}/search"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/messages"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/cancel"),
    ("patch", "/api/v1/runtimes/{rid}/workers/{wid}/messages/{mid}"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/edit"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/turns"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/turns/{tid}/input"),
    ("get", "/api/v1/runtimes/{rid}/export"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/export"),
    ("post", "/api/v1/runtimes/{rid}/import"),
    ("get", "/api/v1/runtimes/{rid}/workers/{wid}/events"),
    ("get", "/api/v1/runtimes/{rid}/events"),
    ("get", "/api/v1/shares"),
    ("post", "/api/v1/runtimes/{rid}/workers/{wid}/shares"),
    ("delete", "/api/v1/shares/{id}"),
];

fn contract() -> BTreeSet<(String, String)> {
    CONTRACT.iter().map(|(method, path)| ((*method).to_owned(), (*path).to_owned())).collect()
}

#[tokio::test]
async fn the_document_has_exactly_the_routes_of_the_contract() {
    let server = start("").await;
    let document: Value =
        server.get("/api/v1/openapi.json").send().await.unwrap().json().await.unwrap();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let mut documented = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            documented.insert((method.clone(), path.clone()));
        }
    }
    assert_eq!(documented, contract());
}

#[tokio::test]
async fn each_documented_route_exists_and_allows_only_its_methods() {
    let server = start("").await;
    let worker = server.worker_id().await.to_string();
    let missing = "019aabcd-0123-7abc-8def-0123456789ab";
    for (_, path) in contract() {
        let real = path.replace("{rid}", "backend-internal");
        let real =
            real.replace("{wid}", &worker).replace("{tid}", missing).replace("{name}", "companion");
        for method in ["get", "post", "put", "patch", "delete"] {
            let known = contract().contains(&(method.to_owned(), path.clone()));
            // A deletion goes to a missing worker, so that the real one stays.
            let real =
                if method == "delete" { real.replace(&worker, missing) } else { real.clone() };
            let name = method.to_uppercase().parse().unwrap();
            let request = server.client.request(name, server.url(&real));
            let status = request.send().await.unwrap().status().as_u16();
            assert_eq!(status == 405, !known, "{method} {path}: {status}");
        }
    }
}

#[tokio::test]
async fn every_reference_in_the_document_resolves() {
    let (_, document) = server::routes::documented();
    let document = serde_json::to_value(&document).unwrap();
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut references = 0;
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name}");
        references += 1;
    }
    assert!(references > 20, "{references}");
    for name in ["Frame", "ErrorBody", "Turn", "Transcript", "SendMessage"] {
        assert!(schemas.contains_key(name), "{name}");
    }
}
