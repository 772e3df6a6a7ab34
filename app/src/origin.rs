//! Under which address a browser knows this server, for addresses that are given to others.

use axum::http::{HeaderMap, header};

/// A scheme and a host, such as `https://chat.example:8443`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    address: String,
    /// Whether only this machine knows the server under that name.
    pub is_loopback: bool,
}

impl Origin {
    /// The origin of a request's page. The server has checked that the names in the headers are its
    /// own; a proxy that replaces `Host` says which name it received.
    pub(crate) fn of(headers: &HeaderMap, secure: bool) -> Option<Self> {
        let value = |name: &str| headers.get(name)?.to_str().ok();
        let forwarded = value("x-forwarded-host").and_then(|hosts| hosts.split(',').next());
        let host = forwarded.map(str::trim).or_else(|| value(header::HOST.as_str()))?;
        let scheme = if secure { "https" } else { "http" };
        Some(Self { address: format!("{scheme}://{host}"), is_loopback: is_loopback(host) })
    }

    /// The whole address of a path of this server.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(name: &'static str, host: &'static str) -> Origin {
        let headers = [(name, host)].into_iter().map(|(name, host)| {
            (name.parse::<header::HeaderName>().unwrap(), host.parse().unwrap())
        });
        Origin::of(&headers.collect(), true).unwrap()
    }

    #[test]
    fn an_address_is_that_of_the_browser() {
        let plain = origin("host", "chat.example:8443");
        assert_eq!(plain.address("/s/1"), "https://chat.example:8443/s/1");
        assert!(!plain.is_loopback);
        assert_eq!(origin("x-forwarded-host", "a.example, b").address("/"), "https://a.example/");
        for local in ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "a.LOCALHOST"] {
            assert!(origin("host", local).is_loopback, "{local}");
        }
        for other in ["192.168.1.2:3000", "[2001:db8::1]", "localhost.example", "127.example"] {
            assert!(!origin("host", other).is_loopback, "{other}");
        }
        assert_eq!(Origin::of(&HeaderMap::new(), false), None);
    }
}
