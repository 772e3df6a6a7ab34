//! Strict-Transport-Security: makes browsers use a name only with encryption from then on.
//!
//! Source: RFC 6797, sections 6.1 and 8.1.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header;
use axum::http::uri::Authority;

use crate::connections::Peer;

/// The header's value. Other names below this one are not ours to decide about.
pub const A_YEAR: &str = "max-age=31536000";

/// Whether the answer to a request may say so: only where this server itself encrypts, because
/// behind a proxy the proxy's owner decides, and only for a name of its own. Browsers ignore the
/// header for addresses; for `localhost` it would take every other program on this machine from
/// them, since it counts for all ports.
pub fn applies(request: &Request) -> bool {
    let secure = request.extensions().get::<Peer>().is_some_and(|peer| peer.tls);
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    secure && host.is_some_and(is_a_name)
}

fn is_a_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().is_ok();
    !address && name != "localhost" && !name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_ones_own_are_for_encryption_only() {
        for (host, name) in [
            ("desk.example", true),
            ("desk.example:3000", true),
            ("desk", true),
            ("localhost:3000", false),
            ("LocalHost.", false),
            ("a.localhost", false),
            ("127.0.0.1:3000", false),
            ("[::1]:3000", false),
            ("", false),
        ] {
            assert_eq!(is_a_name(host), name, "{host}");
        }
    }
}
