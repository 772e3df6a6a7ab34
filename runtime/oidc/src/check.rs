//! What `companion doctor` wants to know about the provider.

use std::time::{Duration, SystemTime};

use openidconnect::HttpRequest;
use openidconnect::url::Url;

use crate::discovery::{discover, endpoints};
use crate::error::LoginError;
use crate::http::HttpClient;
use crate::settings::Settings;

/// What was found. That the issuer is right, and all addresses are safe, was checked before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many keys the provider publishes.
    pub keys: usize,
    /// By how much the provider's clock differs from this one; `None` if it does not say its time.
    pub skew: Option<Duration>,
    /// Addresses at other ports than the issuer's, which the server in its sandbox cannot reach.
    pub other_ports: Vec<String>,
}

pub(crate) async fn check(settings: &Settings, http: &HttpClient) -> Result<Checked, LoginError> {
    let metadata = discover(&settings.issuer, http).await?;
    let port = |url: &Url| url.port_or_known_default();
    let own = Url::parse(&settings.issuer).ok().as_ref().and_then(port);
    let other_ports = endpoints(&metadata)
        .into_iter()
        // The browser goes to this one, and not the server.
        .filter(|(name, url)| *name != "authorization endpoint" && port(url) != own)
        .map(|(name, url)| format!("{name} at port {}", port(url).unwrap_or_default()))
        .collect();
    let keys = metadata.jwks().keys().len();
    Ok(Checked { keys, skew: skew(&settings.issuer, http).await, other_ports })
}

/// Compares the clocks by the header `Date` of an answer, which has whole seconds.
async fn skew(issuer: &str, http: &HttpClient) -> Option<Duration> {
    let request = openidconnect::http::Request::get(issuer).body(Vec::new());
    let request: HttpRequest = request.ok()?;
    let before = SystemTime::now();
    let answer = http.send(request).await.ok()?;
    let date = answer.headers().get("date")?.to_str().ok()?;
    let theirs = httpdate::parse_http_date(date).ok()?;
    let after = SystemTime::now();
    // Their clock is right if it shows a moment between the two, give or take its second.
    if theirs < before {
        Some(
            before
                .duration_since(theirs)
                .unwrap_or_default()
                .saturating_sub(Duration::from_secs(1)),
        )
    } else {
        Some(theirs.duration_since(after).unwrap_or_default())
    }
}
