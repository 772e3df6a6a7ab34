//! Chooses the route to an endpoint: directly or through a proxy; pure.
//!
//! A proxy is used only if the owner configures it, by its address or by letting the environment
//! decide (`HTTPS_PROXY` and others, read as curl reads them). A stray variable alone must not send
//! a conversation elsewhere. A loopback address never uses the environment's proxy, since that
//! would send conversations with a model on this machine to another one.

use std::net::IpAddr;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use provider::Secret;

use crate::config::ConfigError;

/// The owner's setting for the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxySetting {
    /// The proxy's address, perhaps with a user and a password, such as
    /// `http://me:secret@proxy:3128`.
    Address(Secret),
    /// The proxy that the environment names.
    Environment(ProxyVariables),
}

/// The environment variables that name proxies; empty if they are not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyVariables {
    http: Secret,
    https: Secret,
    all: Secret,
    no: String,
}

/// A proxy, checked and parsed.
#[derive(Clone)]
pub(crate) struct Proxy {
    pub(crate) kind: Kind,
    /// A name or an IP address; an IPv6 address has no brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether the connection to the proxy itself uses TLS.
    pub(crate) is_secure: bool,
    /// The value of `Proxy-Authorization` for an HTTP proxy.
    pub(crate) authorization: Option<HeaderValue>,
    /// The user and the password for SOCKS.
    pub(crate) login: Option<(String, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Http,
    /// SOCKS 5. The proxy looks up names (`socks5h`), or this machine does (`socks5`).
    Socks {
        remote_names: bool,
    },
}

impl ProxyVariables {
    /// Reads the variables with `get`. Lower case takes precedence over upper case, as with curl.
    /// Nothing is taken from the environment of a CGI program, where `HTTP_PROXY` comes from a
    /// header of the request (<https://httpoxy.org/>).
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let cgi = get("REQUEST_METHOD").is_some();
        let first = |name: &str| {
            let names = [name.to_owned(), name.to_uppercase()];
            let set =
                names.iter().filter_map(|name| get(name)).find(|text| !text.trim().is_empty());
            set.filter(|_| !cgi).unwrap_or_default()
        };
        let secret = |name| Secret::new(&first(name));
        Self {
            http: secret("http_proxy"),
            https: secret("https_proxy"),
            all: secret("all_proxy"),
            no: first("no_proxy"),
        }
    }
}

impl ProxySetting {
    /// Checks that the address can be used.
    pub fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Address(address) => checked(address).map(drop),
            Self::Environment(_) => Ok(()),
        }
    }

    /// The secrets that only the proxy may see: its address, because it may have a login, and the
    /// parts of the login.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Address(address) => with_parts(address),
            Self::Environment(ProxyVariables { http, https, all, .. }) => {
                [http, https, all].into_iter().flat_map(with_parts).collect()
            }
        }
    }

    /// The host and the TCP port of each proxy that may be used. Addresses that cannot be parsed are
    /// left out; [`Self::check`] or the first request reports them.
    pub fn places(&self) -> Vec<(String, u16)> {
        let addresses = match self {
            Self::Address(address) => vec![address],
            Self::Environment(ProxyVariables { http, https, all, .. }) => vec![http, https, all],
        };
        let target = Uri::from_static("http://any.invalid");
        let proxies = addresses.into_iter().filter_map(|address| {
            let matcher = Matcher::builder().all(checked(address).ok()?.to_owned()).build();
            matcher.intercept(&target).as_ref().map(Proxy::of)
        });
        proxies.map(|proxy| (proxy.host, proxy.port)).collect()
    }
}

/// The proxy for connections to `target`, which has a scheme and a host.
pub(super) fn proxy(
    setting: Option<&ProxySetting>,
    target: &Uri,
) -> Result<Option<Proxy>, ConfigError> {
    match setting {
        None => Ok(None),
        Some(ProxySetting::Address(address)) => {
            let matcher = Matcher::builder().all(checked(address)?.to_owned()).build();
            let found = matcher.intercept(target).ok_or(ConfigError::Proxy(NOT_AN_ADDRESS))?;
            Ok(Some(Proxy::of(&found)))
        }
        Some(ProxySetting::Environment(_)) if is_loopback(target) => Ok(None),
        Some(ProxySetting::Environment(variables)) => {
            let ProxyVariables { http, https, all, no } = variables;
            // A variable that is no valid address is an error, and must not lead to a direct
            // connection.
            for address in [http, https, all].into_iter().filter(|text| !text.reveal().is_empty()) {
                checked(address)?;
            }
            let matcher = Matcher::builder()
                .http(http.reveal().to_owned())
                .https(https.reveal().to_owned())
                .all(all.reveal().to_owned())
                .no(exceptions(no, target))
                .build();
            Ok(matcher.intercept(target).as_ref().map(Proxy::of))
        }
    }
}

impl Proxy {
    fn of(found: &Intercept) -> Self {
        let uri = found.uri();
        let (kind, port) = match uri.scheme_str() {
            Some("socks5") => (Kind::Socks { remote_names: false }, 1080),
            Some("socks5h") => (Kind::Socks { remote_names: true }, 1080),
            Some("https") => (Kind::Http, 443),
            _ => (Kind::Http, 80),
        };
        let host = uri.host().unwrap_or_default();
        Self {
            kind,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(port),
            is_secure: uri.scheme_str() == Some("https"),
            authorization: found.basic_auth().cloned(),
            login: found.raw_auth().map(|(user, password)| (user.to_owned(), password.to_owned())),
        }
    }
}

const NOT_AN_ADDRESS: &str = "is not an address such as http://proxy:3128; letters of a password \
                              that an address cannot have stand in it as %40 and the like";

fn checked(address: &Secret) -> Result<&str, ConfigError> {
    let text = address.reveal();
    // As with curl, an address without a scheme is an http address.
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let uri = whole.parse::<Uri>().map_err(|_| ConfigError::Proxy(NOT_AN_ADDRESS))?;
    let known = matches!(uri.scheme_str(), Some("http" | "https" | "socks5" | "socks5h"));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let place = authority.rsplit('@').next().unwrap_or_default();
    if !known {
        Err(ConfigError::Proxy("must begin with http://, https://, socks5:// or socks5h://"))
    } else if uri.host().unwrap_or_default().is_empty() {
        Err(ConfigError::Proxy("must name a host"))
    } else if uri.port().is_none() && place.contains(':') && !place.ends_with(']') {
        Err(ConfigError::Proxy("has a port that is not a number from 1 to 65535"))
    } else if !text.contains("://") && uri.port().is_none() {
        // Without a scheme and a port, any word would be taken for a host.
        Err(ConfigError::Proxy(NOT_AN_ADDRESS))
    } else if uri.path().len() > 1 || uri.query().is_some() || text.contains('#') {
        Err(ConfigError::Proxy("must have nothing behind its host and port"))
    } else {
        Ok(text)
    }
}

/// The address, and the parts of its login as they are written.
fn with_parts(address: &Secret) -> Vec<Secret> {
    let text = address.reveal();
    if text.is_empty() {
        return Vec::new();
    }
    let place = text.split_once("://").map_or(text, |(_, place)| place);
    let Some((login, _)) = place.rsplit_once('@') else { return vec![address.clone()] };
    let password = login.split_once(':').map_or(login, |(_, password)| password);
    [text, login, password].map(Secret::new).to_vec()
}

/// The list of hosts that are connected to directly. An entry with a port applies only to that
/// port, as in Go; curl and [`Matcher`] do not know ports.
fn exceptions(list: &str, target: &Uri) -> String {
    let usual = if target.scheme_str() == Some("https") { 443 } else { 80 };
    let port = target.port_u16().unwrap_or(usual);
    let entries = list.split([',', ' ', '\t']).filter_map(|entry| {
        match entry.rsplit_once(':').map(|(host, port)| (host, port.parse::<u16>())) {
            // Not the last group of an IPv6 address.
            Some((host, Ok(named))) if !host.contains(':') || host.ends_with(']') => {
                (named == port).then_some(host)
            }
            _ => Some(entry),
        }
    });
    let entries = entries.map(|entry| entry.trim_start_matches('[').trim_end_matches(']'));
    entries.collect::<Vec<_>>().join(",")
}

fn is_loopback(target: &Uri) -> bool {
    let host = target.host().unwrap_or_default().to_ascii_lowercase();
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    let is_name = host == "localhost" || host.ends_with(".localhost");
    is_name || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests;
