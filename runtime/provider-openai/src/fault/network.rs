//! The errors between this machine and the provider: proxy, TLS and certificates.

use protocol::Error;
use protocol::ProviderKind::{Certificate, Network, Proxy, ProxyAuth, ProxyRefused, Tls};

use super::{CHECK_RUNNING, TRY_AGAIN, error};

const CHECK_PROXY: &str = "Check that the proxy is running and that {proxy} is right.";
const LET_THROUGH: &str =
    "Allow Companion's connection to the endpoint at the proxy, or remove {proxy}.";
const LOG_IN: &str =
    "Put the proxy's user name and password into {proxy}, before the host, followed by an @.";
const NAME_IT: &str = "If you trust the endpoint, add the certificate, or the authority that signed it, to {ca_file}.";

pub(crate) fn proxy_not_found() -> Error {
    error(Proxy, "The proxy's host was not found.", CHECK_PROXY)
}

pub(crate) fn proxy_unreachable() -> Error {
    error(Proxy, "The proxy can't be reached.", CHECK_PROXY)
}

pub(crate) fn proxy_timeout() -> Error {
    error(Proxy, "The proxy didn't connect in time.", CHECK_PROXY)
}

/// The proxy closed the connection, or its answer is not that of a proxy.
pub(crate) fn not_a_proxy() -> Error {
    error(Proxy, "The configured proxy doesn't respond like a proxy.", CHECK_PROXY)
}

/// The proxy allows the connection but could not open it.
pub(crate) fn proxy_failed(status: u16) -> Error {
    let message = format!("The proxy couldn't reach the endpoint ({status}).");
    error(Proxy, message, CHECK_RUNNING)
}

/// The same for SOCKS, which has no status codes.
pub(crate) fn socks_failed() -> Error {
    error(Proxy, "The proxy couldn't reach the endpoint.", CHECK_RUNNING)
}

pub(crate) fn proxy_login() -> Error {
    error(ProxyAuth, "The proxy requires a login, or refused this one (407).", LOG_IN)
}

pub(crate) fn socks_login() -> Error {
    error(ProxyAuth, "The proxy requires a login, or refused this one.", LOG_IN)
}

pub(crate) fn proxy_refused(status: u16) -> Error {
    let message = format!("The proxy blocks the connection to the endpoint ({status}).");
    error(ProxyRefused, message, LET_THROUGH)
}

pub(crate) fn socks_refused() -> Error {
    error(ProxyRefused, "The proxy blocks the connection to the endpoint.", LET_THROUGH)
}

/// The connection ended during the TLS handshake, for an unknown reason.
pub(crate) fn no_secure_connection() -> Error {
    let hint = "Check that {url} names the right host and port, and check the endpoint's own log.";
    error(Network, "A secure connection to the endpoint couldn't be made.", hint)
}

/// The address is https, but the port does not speak TLS.
pub(crate) fn speaks_no_tls() -> Error {
    let message = "The endpoint's port doesn't use TLS.";
    error(Tls, message, "Start {url} with http:// instead of https://, or change its port.")
}

/// The address is http, but the port speaks TLS.
pub(crate) fn wants_tls() -> Error {
    let message = "The endpoint's port accepts only TLS.";
    error(Tls, message, "Start {url} with https:// instead of http://, or change its port.")
}

pub(crate) fn certificate_of_another() -> Error {
    let hint = "Check that {url} names the right host, set {tls_server_name} to the name in the \
                certificate, or add the certificate itself to {ca_file}.";
    error(Certificate, "The endpoint's certificate is for another name.", hint)
}

pub(crate) fn certificate_expired() -> Error {
    let hint = "Renew it, check this machine's clock, or add it to {ca_file} if you trust it \
                anyway.";
    error(Certificate, "The endpoint's certificate has expired.", hint)
}

pub(crate) fn certificate_not_yet() -> Error {
    let message = "The endpoint's certificate isn't valid yet.";
    error(Certificate, message, "Check the clocks of this machine and of the endpoint's.")
}

pub(crate) fn issuer_unknown() -> Error {
    let message = "The endpoint's certificate is signed by an authority that this system doesn't \
                   trust.";
    error(Certificate, message, NAME_IT)
}

/// The certificate is its own issuer, as is usual for a server at home.
pub(crate) fn self_signed() -> Error {
    let hint = "If you trust the endpoint, add the certificate to {ca_file}.";
    error(
        Certificate,
        "The endpoint's certificate is self-signed: no authority vouches for it.",
        hint,
    )
}

/// The certificate of an authority, signed by another one.
pub(crate) fn certificate_of_authority() -> Error {
    error(Certificate, "The endpoint's certificate is that of an authority.", NAME_IT)
}

pub(crate) fn certificate_unusable() -> Error {
    error(Certificate, "The endpoint's certificate can't be used.", NAME_IT)
}

/// TLS failed with a proxy whose address is https.
pub(crate) fn proxy_not_secure() -> Error {
    error(Proxy, "A secure connection to the proxy couldn't be made.", CHECK_PROXY)
}

/// An open connection to the proxy broke before the proxy answered.
pub(crate) fn proxy_broken() -> Error {
    error(Proxy, "The connection to the proxy was lost.", TRY_AGAIN)
}
