//! `upstream [--listen ADDR] [--control ADDR]`: prints one line of JSON,
//! `{"base_url": "http://.../v1", "control": "http://.../control"}`, and serves until killed.

use std::io::{self, Write};
use std::net::SocketAddr;

use tokio::net::TcpListener;
use upstream::{Upstream, control};

#[tokio::main]
async fn main() -> io::Result<()> {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let (mut listen, mut control_at) = (free, free);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let address = arguments.next().unwrap_or_default();
        let address = address.parse().map_err(|_| {
            io::Error::other(format!("{name} needs an address such as 127.0.0.1:0"))
        })?;
        match name.as_str() {
            "--listen" => listen = address,
            "--control" => control_at = address,
            _ => return Err(io::Error::other(format!("unknown option {name}"))),
        }
    }
    let upstream = Upstream::listen(listen).await?;
    let listener = TcpListener::bind(control_at).await?;
    let line = serde_json::json!({
        "base_url": upstream.base_url(),
        "control": format!("http://{}/control", listener.local_addr()?),
    });
    writeln!(io::stdout(), "{line}")?;
    control::serve(upstream, listener).await
}
