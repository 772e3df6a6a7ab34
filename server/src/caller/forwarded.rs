//! What proxies say about the requests that they forward.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Headers that only proxies add, besides all that begin with `x-forwarded-`. Sources: RFC 7239
/// (`Forwarded`), RFC 9110 (`Via`), and the documentation of nginx, Cloudflare, Akamai and Fly.
const OF_PROXIES: [&str; 7] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "cf-connecting-ip",
    "true-client-ip",
    "fly-client-ip",
];

/// Whether a request shows nothing of a proxy, or only of an open one: each name under which it was
/// reached `is_open`. Such a proxy may say how it was reached as well, as Trunk's does
/// (`make_outbound_request` in its `src/proxy.rs`, 0.21.14).
pub fn is_open(headers: &HeaderMap, is_open: impl Fn(&HeaderValue) -> bool) -> bool {
    let is_of_proxy = |name: &str| name.starts_with("x-forwarded-") || OF_PROXIES.contains(&name);
    let names_itself = headers.contains_key(FORWARDED_HOST);
    headers.iter().all(|(name, value)| match name {
        name if *name == FORWARDED_HOST => is_open(value),
        name if *name == FORWARDED_PROTO => names_itself,
        name => !is_of_proxy(name.as_str()),
    })
}

/// Whether the browser uses HTTPS, as the proxy in front says. Nobody has to be trusted for this: it
/// only decides which cookies are used, and a request that claims HTTPS gets the stricter ones.
pub fn is_https(headers: &HeaderMap) -> bool {
    let value = headers.get_all(FORWARDED_PROTO).iter().next_back();
    let first = value.and_then(|value| value.to_str().ok()?.split(',').next());
    first.is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

/// The address of the client behind trusted proxies. Each proxy adds the address that it received
/// from to the end, so from there the first one that is not a trusted proxy is the client's. The
/// addresses before it may be invented. `peer` is the proxy that connected.
pub fn client(headers: &HeaderMap, peer: IpAddr, trusts: impl Fn(IpAddr) -> bool) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter().rev();
    let named = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
    let mut last = peer.to_canonical();
    for text in named {
        let Some(address) = address(text.trim()) else { return last };
        last = address.to_canonical();
        if !trusts(last) {
            return last;
        }
    }
    last
}

/// An address, with or without a port and brackets.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_proxys_headers_are_known() {
        let direct =
            |pairs: &[(&'static str, &str)]| is_open(&headers(pairs), |host| host == "ours");
        for name in ["x-forwarded-for", "x-forwarded-anything", "forwarded", "via", "x-real-ip"] {
            assert!(!direct(&[(name, "ours")]), "{name}");
        }
        assert!(direct(&[("host", "a"), ("x-request-id", "1")]));
        assert!(direct(&[("x-forwarded-host", "ours")]));
        assert!(direct(&[("x-forwarded-host", "ours"), ("x-forwarded-proto", "http")]));
        assert!(!direct(&[("x-forwarded-proto", "http")]));
        assert!(!direct(&[("x-forwarded-host", "ours"), ("x-forwarded-for", "127.0.0.1")]));
        assert!(!direct(&[("x-forwarded-host", "ours"), ("x-forwarded-host", "evil")]));
        assert!(!direct(&[("x-forwarded-host", "ours, evil")]));
    }

    #[test]
    fn the_client_is_the_last_address_that_is_no_trusted_proxy() {
        let proxy: IpAddr = "10.0.0.1".parse().unwrap();
        let trusts = |address: IpAddr| address.to_string().starts_with("10.0.0.");
        let client = |lines: &[&str]| {
            let pairs: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            client(&headers(&pairs), proxy, trusts).to_string()
        };
        assert_eq!(client(&[]), "10.0.0.1");
        assert_eq!(client(&["192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["203.0.113.9, 192.0.2.7, 10.0.0.2"]), "192.0.2.7");
        assert_eq!(client(&["203.0.113.9", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(client(&["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(client(&["192.0.2.7:5000"]), "192.0.2.7");
        assert_eq!(client(&["192.0.2.7, unknown"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.3"]), "10.0.0.3");
    }

    #[test]
    fn https_is_what_the_nearest_proxy_received() {
        for (value, https) in
            [("https", true), ("HTTPS", true), ("https, http", true), ("http", false), ("", false)]
        {
            assert_eq!(is_https(&headers(&[("x-forwarded-proto", value)])), https, "{value}");
        }
    }
}
