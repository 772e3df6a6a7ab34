//! Where requests go: a checked base URL, what stands in every request's head, and TLS.

use std::sync::Arc;

use hyper::Uri;
use hyper::header::HeaderValue;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::config::{ConfigError, OpenaiConfig};

/// A provider's address, ready to be used.
#[derive(Clone)]
pub(super) struct Endpoint {
    /// A name or an address, an IPv6 one without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// None for plain http.
    pub(super) tls: Option<(TlsConnector, ServerName<'static>)>,
    /// `host[:port]` as it was configured.
    pub(super) authority: HeaderValue,
    /// `Bearer` and the key.
    pub(super) authorization: Option<HeaderValue>,
    path: String,
    /// Whether this is OpenAI's own service, or Azure's.
    pub(super) is_openai: bool,
}

impl Endpoint {
    /// Checks the configuration. For https the system's root certificates are read.
    pub(super) fn new(config: &OpenaiConfig) -> Result<Self, ConfigError> {
        let uri = base_url(config.base_url.trim())?;
        let host = uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let is_tls = uri.scheme_str() == Some("https");
        let tls = is_tls.then(|| tls(&host)).transpose()?;
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        Ok(Self {
            port: uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 }),
            authority: HeaderValue::from_str(authority)
                .map_err(|_| ConfigError::BaseUrl("is not a URL"))?,
            authorization: authorization(config)?,
            path: uri.path().trim_end_matches('/').to_owned(),
            is_openai: [".openai.com", ".azure.com"].iter().any(|end| host.ends_with(end)),
            host,
            tls,
        })
    }

    /// What tells where it is: its host, its authority and its path.
    pub(super) fn places(&self) -> [&str; 3] {
        [&self.host, self.authority.to_str().unwrap_or_default(), &self.path]
    }

    /// The path of a call such as `/chat/completions`.
    pub(super) fn path(&self, call: &str) -> String {
        format!("{}{call}", self.path)
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
        wrong("must not contain a user or a password; a key belongs into COMPANION_API_KEY")
    } else if uri.host().unwrap_or_default().is_empty() {
        wrong("must name a host")
    } else if uri.port().is_none() && authority.contains(':') && !authority.ends_with(']') {
        wrong("has a port that is not a number from 1 to 65535")
    } else {
        Ok(uri)
    }
}

fn authorization(config: &OpenaiConfig) -> Result<Option<HeaderValue>, ConfigError> {
    let key = config.api_key.as_ref().map(|key| key.reveal()).filter(|key| !key.is_empty());
    let Some(key) = key else { return Ok(None) };
    let mut value =
        HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| ConfigError::ApiKey)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

/// rustls with ring: the sound provider that costs least to build (seconds of C and
/// assembly by cc alone, where aws-lc needs cmake and minutes). The system's roots, not
/// compiled-in ones, so that a house's own authority is known.
fn tls(host: &str) -> Result<(TlsConnector, ServerName<'static>), ConfigError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(ConfigError::Certificates);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ConfigError::Certificates)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| ConfigError::BaseUrl("has a host that no certificate can name"))?;
    Ok((TlsConnector::from(Arc::new(config)), name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Secret;

    #[test]
    fn good_urls_are_taken_apart() {
        for (url, host, port, path) in [
            ("http://127.0.0.1:11434/v1", "127.0.0.1", 11434, "/v1/models"),
            (" http://localhost/v1/ ", "localhost", 80, "/v1/models"),
            ("http://[::1]:8080", "::1", 8080, "/models"),
        ] {
            let endpoint = Endpoint::new(&OpenaiConfig::new(url)).unwrap_or_else(|e| panic!("{e}"));
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port));
            assert_eq!(endpoint.path("/models"), path);
        }
    }

    #[test]
    fn bad_urls_are_refused_without_being_repeated() {
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
            assert!(error.starts_with("COMPANION_BASE_URL ") && error.contains(why), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn keys_are_optional_and_checked() {
        let mut config = OpenaiConfig::new("http://host/v1");
        config.api_key = Some(Secret::new("  "));
        assert!(Endpoint::new(&config).unwrap_or_else(|e| panic!("{e}")).authorization.is_none());
        config.api_key = Some(Secret::new("sk-a\nb"));
        assert_eq!(Endpoint::new(&config).err(), Some(ConfigError::ApiKey));
    }
}
