//! The errors between this machine and the provider: proxy, TLS and certificates.

use protocol::Error;
use protocol::ProviderKind::{Certificate, Network, Proxy, ProxyAuth, ProxyRefused, Tls};

use super::{CHECK_RUNNING, TRY_AGAIN, error};

const CHECK_PROXY: &str = "Check that the proxy is running and that {proxy} is right.";
const LET_THROUGH: &str =
    "Have the proxy let Companion through to the provider, or take {proxy} away.";
const LOG_IN: &str = "Put the proxy's user and password into {proxy}, before its host and an @.";
const NAME_IT: &str =
    "Name it, or the authority that signed it, in {ca_file} if you trust the provider.";

pub(crate) fn proxy_not_found() -> Error {
    error(Proxy, "The proxy's host was not found.", CHECK_PROXY)
}

pub(crate) fn proxy_unreachable() -> Error {
    error(Proxy, "The proxy could not be reached.", CHECK_PROXY)
}

pub(crate) fn proxy_timeout() -> Error {
    error(Proxy, "The proxy made no connection in time.", CHECK_PROXY)
}

/// The proxy closed the connection, or its answer is not that of a proxy.
pub(crate) fn not_a_proxy() -> Error {
    error(Proxy, "What was configured as the proxy does not answer as one.", CHECK_PROXY)
}

/// The proxy allows the connection but could not open it.
pub(crate) fn proxy_failed(status: u16) -> Error {
    let message = format!("The proxy could not reach the provider (status {status}).");
    error(Proxy, message, CHECK_RUNNING)
}

/// The same for SOCKS, which has no status codes.
pub(crate) fn socks_failed() -> Error {
    error(Proxy, "The proxy could not reach the provider.", CHECK_RUNNING)
}

pub(crate) fn proxy_login() -> Error {
    error(ProxyAuth, "The proxy wants a login, or another one (status 407).", LOG_IN)
}

pub(crate) fn socks_login() -> Error {
    error(ProxyAuth, "The proxy wants a login, or another one.", LOG_IN)
}

pub(crate) fn proxy_refused(status: u16) -> Error {
    let message = format!("The proxy does not let this through (status {status}).");
    error(ProxyRefused, message, LET_THROUGH)
}

pub(crate) fn socks_refused() -> Error {
    error(ProxyRefused, "The proxy does not let this through.", LET_THROUGH)
}

/// The connection ended during the TLS handshake, for an unknown reason.
pub(crate) fn no_secure_connection() -> Error {
    let hint = "Check that {url} names the right host and port, and the provider's own log.";
    error(Network, "No secure connection to the provider could be made.", hint)
}

/// The address is https, but the port does not speak TLS.
pub(crate) fn speaks_no_tls() -> Error {
    let message = "The provider's port does not speak TLS.";
    error(Tls, message, "Begin {url} with http:// instead of https://, or change its port.")
}

/// The address is http, but the port speaks TLS.
pub(crate) fn wants_tls() -> Error {
    let message = "The provider's port speaks TLS alone.";
    error(Tls, message, "Begin {url} with https:// instead of http://, or change its port.")
}

pub(crate) fn certificate_of_another() -> Error {
    let hint = "Check that {url} names the right host, set {tls_server_name} to the name that the \
                certificate has, or name the certificate itself in {ca_file}.";
    error(Certificate, "The provider's certificate is for another name.", hint)
}

pub(crate) fn certificate_expired() -> Error {
    let hint = "Have it renewed, check this machine's clock, or name it in {ca_file} if you trust \
                it all the same.";
    error(Certificate, "The provider's certificate has expired.", hint)
}

pub(crate) fn certificate_not_yet() -> Error {
    let message = "The provider's certificate is not valid yet.";
    error(Certificate, message, "Check the clocks of this machine and of the provider's.")
}

pub(crate) fn issuer_unknown() -> Error {
    let message = "The provider's certificate is signed by an authority that this system does not \
                   trust.";
    error(Certificate, message, NAME_IT)
}

/// The certificate is its own issuer, as is usual for a server at home.
pub(crate) fn self_signed() -> Error {
    let hint = "Name the certificate in {ca_file} if you trust the provider.";
    error(
        Certificate,
        "The provider's certificate is self-signed: no authority vouches for it.",
        hint,
    )
}

/// The certificate of an authority, signed by another one.
pub(crate) fn certificate_of_authority() -> Error {
    error(Certificate, "The provider's certificate is that of an authority.", NAME_IT)
}

pub(crate) fn certificate_unusable() -> Error {
    error(Certificate, "The provider's certificate cannot be used.", NAME_IT)
}

/// TLS failed with a proxy whose address is https.
pub(crate) fn proxy_not_secure() -> Error {
    error(Proxy, "No secure connection to the proxy could be made.", CHECK_PROXY)
}

/// An open connection to the proxy broke before the proxy answered.
pub(crate) fn proxy_broken() -> Error {
    error(Proxy, "The connection to the proxy broke.", TRY_AGAIN)
}
