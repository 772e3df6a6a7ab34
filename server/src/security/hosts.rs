//! The names that this server answers to.
//!
//! A browser sends the host of a request's URL as `Host`, and no page can choose another value. So
//! if DNS rebinds `evil.example` to this machine, the requests of its pages still say
//! `evil.example` and are refused. This needs exact names in the list, ports included.
//!
//! A proxy in front may replace `Host` by the address that it forwards to, as Trunk's does. Then
//! `Host` alone would let every name through that leads to the proxy. Such a proxy puts the name
//! that it received into `X-Forwarded-Host`, so that name has to be in the list as well
//! ([`Hosts::allow_forwarded`]). A page can add this header but cannot remove the proxy's, so every
//! value of it is checked.
//!
//! The same list is used for the origins of requests that change something. So a proxy needs one
//! setting: `allowed_hosts` with the names by which browsers reach it.

/// Invariant: each is lower-case `host` or `host:port`, without the ports 80 and 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts(Vec<String>);

/// The names of the loopback address.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

impl Hosts {
    /// The loopback names and the listened `address`, each with its port, and the configured names.
    pub fn new(address: std::net::SocketAddr, configured: &[String]) -> Self {
        let port = address.port();
        let own = LOOPBACK.iter().map(|name| format!("{name}:{port}"));
        let own = own.chain([address.to_string()]);
        Self(own.chain(configured.iter().cloned()).map(|host| normal(&host)).collect())
    }

    /// Whether `host`, as in a `Host` header, is one of the names.
    pub fn allow(&self, host: &str) -> bool {
        let host = normal(host);
        self.0.contains(&host)
    }

    /// Whether all names in `forwarded`, a value of `X-Forwarded-Host`, are allowed. They are
    /// separated by commas, since each proxy of a chain may have added one.
    pub fn allow_forwarded(&self, forwarded: &str) -> bool {
        forwarded.split(',').all(|host| self.allow(host.trim()))
    }
}

/// The normal form of a host: lower case, and without the ports 80 and 443, which browsers leave
/// out.
fn normal(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let short = host.strip_suffix(":80").or_else(|| host.strip_suffix(":443"));
    // "::80]" is no port but the inside of an address; its bracket keeps it from matching.
    short.map(ToOwned::to_owned).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_and_configured_names_are_allowed() {
        let configured = ["companion.example".to_owned(), "Desk.example:8443".to_owned()];
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &configured);
        for (host, allowed) in [
            ("127.0.0.1:3000", true),
            ("localhost:3000", true),
            ("LocalHost:3000", true),
            ("[::1]:3000", true),
            ("companion.example", true),
            ("companion.example:443", true),
            ("desk.example:8443", true),
            ("", false),
            ("localhost", false),
            ("localhost:3001", false),
            ("127.0.0.2:3000", false),
            ("companion.example:8080", false),
            ("companion.example.", false),
            ("a.companion.example", false),
            ("evil.example:3000", false),
            ("localhost:3000.evil.example", false),
            ("evil@localhost:3000", false),
        ] {
            assert_eq!(hosts.allow(host), allowed, "{host}");
        }
    }

    #[test]
    fn all_names_in_x_forwarded_host_have_to_be_allowed() {
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &["c.example".to_owned()]);
        for (forwarded, allowed) in [
            ("c.example", true),
            ("c.example:443", true),
            ("c.example, 127.0.0.1:3000", true),
            ("evil.example", false),
            ("c.example, evil.example", false),
            ("evil.example,c.example", false),
            ("c.example,", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow_forwarded(forwarded), allowed, "{forwarded}");
        }
    }

    #[test]
    fn the_default_port_may_be_omitted() {
        let hosts = Hosts::new("127.0.0.1:80".parse().unwrap(), &[]);
        assert!(hosts.allow("localhost") && hosts.allow("localhost:80"));
    }
}
