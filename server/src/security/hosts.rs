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

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// The names, each as lower-case `host` or `host:port`, without the ports 80 and 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The loopback names with the port that is listened on.
    loopback: Vec<String>,
    /// The names of an open proxy at this machine.
    open: Vec<String>,
    /// The address that is listened on, and the configured names.
    others: Vec<String>,
    /// Whether every address is a name of this server, because it is reached from other machines
    /// under addresses that it cannot know, such as that of the machine around its container.
    /// DNS rebinding needs a name, so an address is no danger.
    any_address: bool,
}

/// The names of the loopback address.
const LOOPBACK: [&str; 3] = ["127.0.0.1", "localhost", "[::1]"];

impl Hosts {
    /// The loopback names and the listened `address`, each with its port, the names of an open proxy
    /// at this machine, and the configured names.
    pub fn new(address: SocketAddr, open: &[String], configured: &[String]) -> Self {
        let port = address.port();
        let loopback = LOOPBACK.iter().map(|name| normal(&format!("{name}:{port}"))).collect();
        let open = open.iter().map(|host| normal(host)).collect();
        let own = std::iter::once(address.to_string()).chain(configured.iter().cloned());
        let others = own.map(|host| normal(&host)).collect();
        Self { loopback, open, others, any_address: !address.ip().is_loopback() }
    }

    /// Whether `host` is a name of this machine. A name in `allowed_hosts` is not, even if it is a
    /// loopback name with the port of a proxy.
    pub fn is_local(&self, host: &str) -> bool {
        self.loopback.contains(&normal(host)) || self.is_open(host)
    }

    /// Whether `host` is a name of an open proxy. Only such a name may be forwarded without a login: a
    /// proxy that people reach from elsewhere would forward a loopback name as well, if one of them
    /// asks for it.
    pub fn is_open(&self, host: &str) -> bool {
        self.open.contains(&normal(host))
    }

    /// Whether `host`, as in a `Host` header, is one of the names.
    pub fn allow(&self, host: &str) -> bool {
        self.is_known(&normal(host)) || self.any_address && is_address(host)
    }

    /// Whether a page of `origin`, a host, may make requests under the name `host`. An address that
    /// is in no list has to be the very one of the request: other addresses are other sites.
    pub fn allow_origin(&self, origin: &str, host: &str) -> bool {
        let origin = normal(origin);
        self.is_known(&origin) || self.allow(&origin) && origin == normal(host)
    }

    fn is_known(&self, normal_host: &str) -> bool {
        let is = |known: &String| known == normal_host;
        [&self.loopback, &self.open, &self.others].into_iter().flatten().any(is)
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

/// Whether a host is an IP address, with or without a port.
fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_v6 = bare.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok());
    is_v6 || host.parse::<Ipv4Addr>().is_ok() || host.parse::<SocketAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_and_configured_names_are_allowed() {
        let configured = ["companion.example".to_owned(), "Desk.example:8443".to_owned()];
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &[], &configured);
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
    fn beyond_loopback_every_address_is_a_name_but_only_its_own_pages_are_ours() {
        let hosts = Hosts::new("0.0.0.0:3000".parse().unwrap(), &[], &["c.example".to_owned()]);
        for (host, allowed) in [
            ("192.168.1.5:3000", true),
            ("192.168.1.5", true),
            ("192.168.1.5:8080", true),
            ("[fd00::5]:3000", true),
            ("[fd00::5]", true),
            ("evil.example:3000", false),
            ("192.168.1.5.evil.example", false),
            ("0x7f000001", false),
            ("fd00::5", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(host), allowed, "{host}");
        }
        for (origin, host, allowed) in [
            ("192.168.1.5:3000", "192.168.1.5:3000", true),
            ("c.example", "192.168.1.5:3000", true),
            ("203.0.113.6", "192.168.1.5:3000", false),
            ("192.168.1.5:8080", "192.168.1.5:3000", false),
            ("evil.example", "evil.example", false),
        ] {
            assert_eq!(hosts.allow_origin(origin, host), allowed, "{origin} {host}");
        }
        let loopback = Hosts::new("127.0.0.1:3000".parse().unwrap(), &[], &[]);
        assert!(!loopback.allow("192.168.1.5:3000"));
    }

    #[test]
    fn a_configured_name_is_none_of_this_machine() {
        let configured = ["127.0.0.1:8080".to_owned(), "localhost:3000".to_owned()];
        let open = ["127.0.0.1:8081".to_owned()];
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &open, &configured);
        for (host, is) in [
            ("LOCALHOST:3000", true),
            ("[::1]:3000", true),
            ("127.0.0.1:8081", true),
            ("127.0.0.1:8080", false),
        ] {
            assert_eq!(hosts.is_local(host), is, "{host}");
            assert_eq!(hosts.is_open(host), host == "127.0.0.1:8081", "{host}");
        }
    }

    #[test]
    fn all_names_in_x_forwarded_host_have_to_be_allowed() {
        let hosts = Hosts::new("127.0.0.1:3000".parse().unwrap(), &[], &["c.example".to_owned()]);
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
        let hosts = Hosts::new("127.0.0.1:80".parse().unwrap(), &[], &[]);
        assert!(hosts.allow("localhost") && hosts.allow("localhost:80"));
    }
}
