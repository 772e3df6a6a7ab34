//! The security and cache headers of every response.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::hsts;

/// The headers of every response that does not set its own.
const FIXED: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // `no-referrer` would not work: browsers would then send `Origin: null` with the page's own
    // forms.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// The policy for responses other than pages: they may load nothing, and nobody may frame them.
/// Pages set their own policy, with the nonce of their scripts.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Responses below this path are never stored by browsers or proxies.
const API: &str = "/api/";

/// Adds the headers to every response.
pub async fn add(request: Request, next: Next) -> Response {
    let api = request.uri().path().starts_with(API);
    let only_https = hsts::applies(&request);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        // The page of a share asks for a stricter referrer policy.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if only_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(hsts::A_YEAR));
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    // Browsers may keep pages for the back button, but have to revalidate them; responses of the
    // API are not stored.
    let keep = if api { "no-store" } else { "private, no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(keep));
    response
}
