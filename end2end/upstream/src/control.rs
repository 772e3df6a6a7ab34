//! The program's control endpoints. They have a separate port, so that they also work while the
//! server refuses connections:
//!
//! | call | does |
//! | --- | --- |
//! | `PUT /control/script` with a [`Script`] | [`Upstream::script`] |
//! | `GET /control/log` | [`Upstream::log`] |
//! | `POST /control/release` with `{"holds": 1}` or nothing | [`Upstream::release`] |
//! | `POST /control/refuse` | [`Upstream::refuse`] |
//! | `POST /control/accept` | [`Upstream::accept_again`] |
//!
//! Answers are 200 with JSON, or 400 with `{"error": "..."}` if the script cannot be parsed.

use std::io;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::script::Script;
use crate::{Upstream, http};

/// Serves the control endpoints of `upstream`, and never returns.
pub async fn serve(upstream: Upstream, listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // Connections are served one at a time. The calls are short, and so they take effect in the
        // order of their arrival.
        let Ok(request) = http::read(&stream).await else {
            continue;
        };
        let (status, body) = match call(&upstream, &request).await {
            Ok(body) => (200, body),
            Err(error) => (400, json!({ "error": error.to_string() })),
        };
        let _ = http::write(&stream, &http::json(status, "close", &body)).await;
    }
}

async fn call(upstream: &Upstream, request: &http::Request) -> io::Result<Value> {
    match (request.method.as_str(), request.path.as_str()) {
        ("PUT", "/control/script") => {
            upstream.script(serde_json::from_slice::<Script>(&request.body)?);
        }
        ("GET", "/control/log") => return Ok(serde_json::to_value(upstream.log())?),
        ("POST", "/control/release") => {
            let holds = request.json().and_then(|body| body["holds"].as_u64()).unwrap_or(1);
            upstream.release(usize::try_from(holds).unwrap_or(1));
        }
        ("POST", "/control/refuse") => upstream.refuse().await,
        ("POST", "/control/accept") => upstream.accept_again().await?,
        _ => return Err(io::Error::other("no such control endpoint")),
    }
    Ok(json!({ "ok": true }))
}
