//! The destination of requests: a checked base URL, the headers, the route and TLS.

use hyper::Uri;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::config::{ConfigError, OpenaiConfig};

pub(crate) mod route;
mod tls;

pub(crate) use tls::{has_no_known_issuer, is_of_authority, is_self_signed};

use route::{Kind, Proxy};

/// Headers that this client sets itself, or that would change how a request is framed.
const RESERVED: [&str; 10] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A TLS connector, and the name that the server's certificate must have.
pub(crate) type Tls = (TlsConnector, ServerName<'static>);

/// A provider's address, checked and parsed.
#[derive(Clone)]
pub(crate) struct Endpoint {
    /// A name or an IP address; an IPv6 address has no brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// `None` for plain http.
    pub(crate) tls: Option<Tls>,
    /// The proxy, or `None` for a direct connection; with [`Tls`] for the connection to the proxy
    /// itself if its address is https.
    pub(crate) proxy: Option<(Proxy, Option<Tls>)>,
    /// `host[:port]` as it was configured.
    pub(crate) authority: HeaderValue,
    /// The key, in the header where the endpoint expects it, and the owner's headers.
    pub(crate) headers: HeaderMap,
    path: String,
    /// The query that is added to each path, with its question mark; may be empty.
    query: String,
    /// Whether this is OpenAI's own service or Azure's.
    pub(crate) is_openai: bool,
}

impl Endpoint {
    /// Checks the configuration. For https the system's root certificates are read.
    pub(crate) fn new(config: &OpenaiConfig) -> Result<Self, ConfigError> {
        let uri = base_url(config.base_url.trim())?;
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_tls = uri.scheme_str() == Some("https");
        let proxy = route::proxy(config.proxy.as_ref(), &uri)?;
        let by_tls = is_tls || proxy.as_ref().is_some_and(|proxy| proxy.is_secure);
        let connector = by_tls.then(|| tls::connector(config)).transpose()?;
        let tls = |name: &str| {
            let name =
                ServerName::try_from(name.to_owned()).map_err(|_| ConfigError::ServerName)?;
            Ok(connector.clone().map(|connector| (connector, name)))
        };
        let proxy = match proxy {
            Some(proxy) if proxy.is_secure => {
                let tls = tls(&proxy.host)?;
                Some((proxy, tls))
            }
            proxy => proxy.map(|proxy| (proxy, None)),
        };
        let name = config.tls_server_name.as_deref().unwrap_or(&host);
        let tls = if is_tls { tls(name)? } else { None };
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Ok(Self {
            port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            authority: HeaderValue::from_str(authority)
                .map_err(|_| ConfigError::BaseUrl("is not a URL"))?,
            headers: headers(config)?,
            path: uri.path().trim_end_matches('/').to_owned(),
            query: query(&config.query),
            is_openai: [".openai.com", ".azure.com"].iter().any(|end| host.ends_with(end)),
            host,
            tls,
            proxy,
        })
    }

    /// The texts that reveal where the endpoint is: its host, authority and path, and its proxy.
    pub(crate) fn places(&self) -> Vec<&str> {
        let proxy = self.proxy.iter().map(|(proxy, _)| proxy.host.as_str());
        let own = [self.host.as_str(), self.authority.to_str().unwrap_or_default(), &self.path];
        own.into_iter().chain(proxy).collect()
    }

    /// The target in the request line for a call such as `/chat/completions`: the path or, for a
    /// proxy that forwards requests, the whole URL (RFC 9112, section 3.2).
    pub(crate) fn target(&self, call: &str) -> String {
        let path = format!("{}{call}{}", self.path, self.query);
        match self.forwarder() {
            Some(_) => format!("http://{}{path}", self.authority.to_str().unwrap_or_default()),
            None => path,
        }
    }

    /// The proxy, if it reads and forwards each request; other proxies only forward bytes.
    pub(crate) fn forwarder(&self) -> Option<&Proxy> {
        let (proxy, _) = self.proxy.as_ref()?;
        (proxy.kind == Kind::Http && self.tls.is_none()).then_some(proxy)
    }
}

fn base_url(text: &str) -> Result<Uri, ConfigError> {
    let wrong = |why| Err(ConfigError::BaseUrl(why));
    if text.contains(['?', '#']) {
        return wrong("must have neither a query nor a fragment");
    }
    let Ok(uri) = text.parse::<Uri>() else {
        return wrong("is not a URL such as http://127.0.0.1:11434/v1");
    };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        wrong("must begin with http:// or https://")
    } else if authority.contains('@') {
        wrong("must not contain a user or a password; a key has a setting of its own")
    } else if uri.host().unwrap_or_default().is_empty() {
        wrong("must name a host")
    } else if uri.port().is_none() && authority.contains(':') && !authority.ends_with(']') {
        wrong("has a port that is not a number from 1 to 65535")
    } else {
        Ok(uri)
    }
}

/// The headers with the key and those of the owner. Their values are secrets, such as a proxy's
/// token or a tenant's name.
fn headers(config: &OpenaiConfig) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let wrong = || ConfigError::Header(name.clone());
        let name = HeaderName::try_from(name.as_str()).map_err(|_| wrong())?;
        if RESERVED.contains(&name.as_str()) {
            return Err(wrong());
        }
        headers.append(name, secret(value.reveal()).ok_or_else(wrong)?);
    }
    let key = config.api_key.as_ref().map(provider::Secret::reveal).filter(|key| !key.is_empty());
    let Some(key) = key else { return Ok(headers) };
    let (name, value) = match &config.key_header {
        None => (AUTHORIZATION, format!("Bearer {key}")),
        Some(name) => {
            let wrong = |_| ConfigError::Header(name.clone());
            (HeaderName::try_from(name.as_str()).map_err(wrong)?, key.to_owned())
        }
    };
    headers.insert(name, secret(&value).ok_or(ConfigError::ApiKey)?);
    Ok(headers)
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Names and values as a query (RFC 3986, section 3.4). Each byte that is not unreserved is
/// escaped.
fn query(pairs: &[(String, String)]) -> String {
    let mut query = String::new();
    for (name, value) in pairs {
        query.push(if query.is_empty() { '?' } else { '&' });
        escape(name, &mut query);
        query.push('=');
        escape(value, &mut query);
    }
    query
}

fn escape(text: &str, into: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                into.push(char::from(byte));
            }
            _ => into.push_str(&format!("%{byte:02X}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider::Secret;

    #[test]
    fn valid_urls_are_parsed() {
        for (url, host, port, path) in [
            ("http://127.0.0.1:11434/v1", "127.0.0.1", 11434, "/v1/models"),
            (" http://localhost/v1/ ", "localhost", 80, "/v1/models"),
            ("http://[::1]:8080", "::1", 8080, "/models"),
        ] {
            let endpoint = Endpoint::new(&OpenaiConfig::new(url)).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port));
            assert_eq!(endpoint.target("/models"), path);
        }
    }

    #[test]
    fn invalid_urls_are_refused_without_being_repeated() {
        for (url, why) in [
            ("", "is not a URL"),
            ("not a url", "is not a URL"),
            ("localhost:8080", "must begin with"),
            ("/v1", "must begin with"),
            ("ftp://host/v1", "must begin with"),
            ("http://me:hunter2@host/v1", "user or a password"),
            ("http://host/v1?key=hunter2", "query"),
            ("http://host/v1#hunter2", "fragment"),
            ("http://host:99999/v1", "port"),
            ("http:///v1", "is not a URL"),
        ] {
            let error = Endpoint::new(&OpenaiConfig::new(url)).err().map(|e| e.to_string());
            let error = error.unwrap_or_else(|| panic!("{url} was taken"));
            assert!(error.starts_with("base_url ") && error.contains(why), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn keys_are_optional_and_checked() {
        let mut config = OpenaiConfig::new("http://host/v1");
        config.api_key = Some(Secret::new("  "));
        assert!(Endpoint::new(&config).unwrap_or_else(|e| panic!("{e}")).headers.is_empty());
        config.api_key = Some(Secret::new("sk-a\nb"));
        assert_eq!(Endpoint::new(&config).err(), Some(ConfigError::ApiKey));
    }

    #[test]
    fn azure_gets_its_own_header_and_api_version() {
        // https://learn.microsoft.com/azure/ai-services/openai/reference
        let mut config = OpenaiConfig::new("http://host/openai/deployments/d");
        config.api_key = Some(Secret::new("k"));
        config.key_header = Some("api-key".to_owned());
        config.query = vec![("api-version".to_owned(), "2024-10-21 &x".to_owned())];
        let endpoint = Endpoint::new(&config).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(endpoint.headers["api-key"], "k");
        assert!(!endpoint.headers.contains_key(AUTHORIZATION));
        let path = "/openai/deployments/d/chat/completions?api-version=2024-10-21%20%26x";
        assert_eq!(endpoint.target("/chat/completions"), path);
    }

    #[test]
    fn configured_headers_are_checked() {
        let with = |name: &str, value: &str| {
            let mut config = OpenaiConfig::new("http://host/v1");
            config.headers = vec![(name.to_owned(), Secret::new(value))];
            Endpoint::new(&config).map(|endpoint| endpoint.headers)
        };
        assert_eq!(with("X-Team", "blue").unwrap()["x-team"], "blue");
        for (name, value) in [("Host", "x"), ("a b", "x"), ("content-length", "1"), ("x", "a\nb")] {
            assert_eq!(with(name, value), Err(ConfigError::Header(name.to_owned())), "{name}");
        }
    }
}
