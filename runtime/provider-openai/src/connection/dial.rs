//! Connects to an endpoint by its route: TCP, perhaps through a proxy, perhaps with TLS.
//!
//! hyper-util's connector tries the addresses of both families side by side (Happy Eyeballs, RFC
//! 6555) and gives each address its share of the time, so that one dead address does not use up all
//! of it. Its `Tunnel` and `SocksV5` are not used: their errors cannot be distinguished from
//! outside, so the error could not say what the proxy refused.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use protocol::Error;
use rustls::CertificateError as Wrong;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_socks::tcp::Socks5Stream;
use tokio_socks::{Error as Socks, TargetAddr};
use tower_service::Service;

use super::super::endpoint::route::{Kind, Proxy};
use super::super::endpoint::{Endpoint, Tls, has_no_known_issuer, is_of_authority, is_self_signed};
use super::super::fault::{self, network};
use super::{Io, tunnel};

/// Connects within `limit`.
pub(super) async fn dial(endpoint: &Endpoint, limit: Duration) -> Result<Box<dyn Io>, Error> {
    let until = Instant::now() + limit;
    let target = (endpoint.host.as_str(), endpoint.port);
    let io: Box<dyn Io> = match &endpoint.proxy {
        None => {
            let connected = timeout_at(until, tcp(GaiResolver::new(), target, limit)).await;
            let connected = connected.unwrap_or(Err(Unconnected::Timeout));
            Box::new(connected.map_err(Unconnected::to_endpoint)?)
        }
        Some((proxy, tls)) => {
            let through = through(proxy, tls.as_ref(), endpoint, limit);
            timeout_at(until, through).await.unwrap_or_else(|_| Err(network::proxy_timeout()))?
        }
    };
    let Some(tls) = &endpoint.tls else { return Ok(io) };
    let greeted = timeout_at(until, greet(tls, io)).await;
    let greeted = greeted.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    greeted.map_err(|error| insecure(&error))
}

/// Opens a connection to the endpoint through a proxy.
async fn through(
    proxy: &Proxy,
    tls: Option<&Tls>,
    endpoint: &Endpoint,
    limit: Duration,
) -> Result<Box<dyn Io>, Error> {
    let connected = tcp(GaiResolver::new(), (&proxy.host, proxy.port), limit).await;
    let mut io: Box<dyn Io> = Box::new(connected.map_err(Unconnected::to_proxy)?);
    if let Some(tls) = tls {
        io = greet(tls, io).await.map_err(|_| network::proxy_not_secure())?;
    }
    match proxy.kind {
        // This proxy reads each request and forwards it.
        Kind::Http if endpoint.tls.is_none() => Ok(io),
        Kind::Http => {
            let target = authority((&endpoint.host, endpoint.port));
            tunnel::open(io, &target, proxy.authorization.as_ref()).await
        }
        Kind::Socks { remote_names } => socks(io, proxy, endpoint, remote_names).await,
    }
}

async fn socks(
    io: Box<dyn Io>,
    proxy: &Proxy,
    endpoint: &Endpoint,
    remote_names: bool,
) -> Result<Box<dyn Io>, Error> {
    let target = match endpoint.host.parse::<IpAddr>() {
        Ok(address) => TargetAddr::Ip((address, endpoint.port).into()),
        Err(_) if remote_names => TargetAddr::Domain(endpoint.host.as_str().into(), endpoint.port),
        Err(_) => {
            let mut found = lookup_host((endpoint.host.as_str(), endpoint.port))
                .await
                .map_err(|_| fault::host_not_found())?;
            TargetAddr::Ip(found.next().ok_or_else(fault::host_not_found)?)
        }
    };
    let opened = match &proxy.login {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(io, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(io, target).await,
    };
    match opened {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(refused_by_socks(&error)),
    }
}

/// Maps the replies of RFC 1928, section 6, and RFC 1929.
fn refused_by_socks(error: &Socks) -> Error {
    match error {
        Socks::PasswordAuthFailure(_)
        | Socks::NoAcceptableAuthMethods
        | Socks::UnknownAuthMethod
        | Socks::AuthorizationRequired
        | Socks::InvalidAuthValues(_) => network::socks_login(),
        Socks::ConnectionNotAllowedByRuleset => network::socks_refused(),
        Socks::GeneralSocksServerFailure
        | Socks::NetworkUnreachable
        | Socks::HostUnreachable
        | Socks::ConnectionRefused
        | Socks::TtlExpired
        | Socks::UnknownError => network::socks_failed(),
        _ => network::not_a_proxy(),
    }
}

async fn greet((connector, name): &Tls, io: Box<dyn Io>) -> io::Result<Box<dyn Io>> {
    Ok(Box::new(connector.connect(name.clone(), io).await?))
}

/// Maps the error of a failed TLS handshake.
fn insecure(error: &io::Error) -> Error {
    use rustls::Error as Cause;
    if error.kind() == io::ErrorKind::TimedOut {
        return fault::connect_timeout();
    }
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<Cause>());
    match cause {
        Some(Cause::InvalidMessage(_)) => network::speaks_no_tls(),
        Some(cause) if is_self_signed(cause) => network::self_signed(),
        Some(cause) if is_of_authority(cause) => network::certificate_of_authority(),
        Some(Cause::InvalidCertificate(wrong)) => match wrong {
            Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                network::certificate_of_another()
            }
            Wrong::Expired | Wrong::ExpiredContext { .. } => network::certificate_expired(),
            Wrong::NotValidYet | Wrong::NotValidYetContext { .. } => network::certificate_not_yet(),
            wrong if has_no_known_issuer(wrong) => network::issuer_unknown(),
            _ => network::certificate_unusable(),
        },
        _ => network::no_secure_connection(),
    }
}

/// Why a connection could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unconnected {
    NotFound,
    Refused,
    Unreachable,
    Timeout,
}

impl Unconnected {
    fn of(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Unreachable,
        }
    }

    fn to_endpoint(self) -> Error {
        match self {
            Self::NotFound => fault::host_not_found(),
            Self::Refused => fault::refused(),
            Self::Unreachable => fault::unreachable(),
            Self::Timeout => fault::connect_timeout(),
        }
    }

    fn to_proxy(self) -> Error {
        match self {
            Self::NotFound => network::proxy_not_found(),
            Self::Refused | Self::Unreachable => network::proxy_unreachable(),
            Self::Timeout => network::proxy_timeout(),
        }
    }
}

/// Connects to the first of a host's addresses that answers. `resolver` looks up the names.
async fn tcp<R>(resolver: R, target: (&str, u16), limit: Duration) -> Result<TcpStream, Unconnected>
where
    R: Service<Name> + Clone + Send + Sync + 'static,
    R::Response: Iterator<Item = SocketAddr>,
    R::Error: std::error::Error + Send + Sync + 'static,
    R::Future: Send + 'static,
{
    let uri = format!("http://{}", authority(target)).parse::<Uri>();
    let uri = uri.map_err(|_| Unconnected::NotFound)?;
    let mut connector = HttpConnector::new_with_resolver(Named(resolver));
    connector.set_connect_timeout(Some(limit));
    // Small requests must be sent without delay.
    connector.set_nodelay(true);
    let connected = connector.call(uri).await;
    connected.map(hyper_util::rt::TokioIo::into_inner).map_err(|error| {
        let mut cause = error.source();
        while let Some(found) = cause {
            if found.is::<NotFound>() {
                return Unconnected::NotFound;
            } else if let Some(error) = found.downcast_ref::<io::Error>() {
                return Unconnected::of(error.kind());
            }
            cause = found.source();
        }
        Unconnected::Unreachable
    })
}

/// `host:port`, with brackets around an IPv6 address.
fn authority((host, port): (&str, u16)) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// Wraps a resolver, so that its error can be told from the connector's other errors.
#[derive(Clone)]
struct Named<R>(R);

#[derive(Debug, thiserror::Error)]
#[error("the host name was not found")]
struct NotFound(#[source] Box<dyn std::error::Error + Send + Sync>);

impl<R> Service<Name> for Named<R>
where
    R: Service<Name>,
    R::Error: std::error::Error + Send + Sync + 'static,
    R::Future: Send + 'static,
{
    type Response = R::Response;
    type Error = NotFound;
    type Future = Pin<Box<dyn Future<Output = Result<R::Response, NotFound>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), NotFound>> {
        self.0.poll_ready(context).map_err(|error| NotFound(error.into()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let found = self.0.call(name);
        Box::pin(async move { found.await.map_err(|error| NotFound(error.into())) })
    }
}

#[cfg(test)]
mod tests;
