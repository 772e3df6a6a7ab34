//! The HTTP client for the provider: one request a connection, with limits on time and size, and
//! without following redirects, since an address that the provider's answer names was checked and
//! another one was not.

use std::error::Error as _;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::rt::{Read, Write};
use hyper::{Request, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use openidconnect::url::Url;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tower_service::Service as _;

use crate::error::{SetUpError, chain};
use crate::settings::is_safe;

/// The time for a whole request, with waiting for its turn.
const TIME: Duration = Duration::from_secs(10);

/// The largest answer. Discovery documents have some 3 kB, and sets of keys up to 20 kB.
const ANSWER_BYTES: usize = 256 * 1024;

/// The requests at a time.
const AT_ONCE: usize = 8;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("{0:?} is no address that is encrypted or on this machine")]
    Address(String),
    #[error(
        "the sandbox lets this server connect to the port of oidc_issuer only, and not to port {0}"
    )]
    Port(u16),
    #[error("no connection to {0}")]
    Connect(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("no secure connection to {0}")]
    Secure(String, #[source] io::Error),
    #[error("the exchange broke off")]
    Exchange(#[source] hyper::Error),
    #[error("the answer broke off")]
    Answer(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the answer is larger than {ANSWER_BYTES} bytes")]
    Large,
    #[error("there was no whole answer within {} seconds", TIME.as_secs())]
    Time,
}

/// The client; cheap to clone.
#[derive(Clone)]
pub(crate) struct HttpClient {
    tls: TlsConnector,
    places: Arc<Semaphore>,
}

impl HttpClient {
    /// A client that trusts the authorities that this system trusts, also by `SSL_CERT_FILE`.
    pub(crate) fn new() -> Result<Self, SetUpError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| SetUpError::Certificates)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let places = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { tls: TlsConnector::from(Arc::new(tls)), places })
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let exchange = async {
            // Nobody closes the semaphore.
            let _place = self.places.acquire().await.map_err(|_| HttpError::Time)?;
            self.exchange(request).await
        };
        tokio::time::timeout(TIME, exchange).await.unwrap_or(Err(HttpError::Time))
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (mut parts, body) = request.into_parts();
        let text = parts.uri.to_string();
        let unusable = || HttpError::Address(text.clone());
        let url = Url::parse(&text).map_err(|_| unusable())?;
        let host = url.host_str().filter(|_| is_safe(&url)).ok_or_else(unusable)?.to_owned();
        let authority = parts.uri.authority().ok_or_else(unusable)?.as_str();
        let authority = authority.rsplit('@').next().unwrap_or_default();
        parts.headers.insert(HOST, HeaderValue::from_str(authority).map_err(|_| unusable())?);
        parts.headers.insert(USER_AGENT, HeaderValue::from_static("companion"));
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let target = path.parse().map_err(|_| unusable())?;
        let whole = std::mem::replace(&mut parts.uri, target);
        let request = Request::from_parts(parts, Full::new(Bytes::from(body)));

        let port = url.port_or_known_default().unwrap_or_default();
        let io = TokioIo::new(connect(whole, &host, port).await?);
        if url.scheme() == "http" {
            return answer(io, request).await;
        }
        let bare = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(bare).map_err(|_| unusable())?;
        let secured = self.tls.connect(name, io.into_inner()).await;
        let secured = secured.map_err(|error| HttpError::Secure(host, error))?;
        answer(TokioIo::new(secured), request).await
    }
}

async fn connect(uri: Uri, host: &str, port: u16) -> Result<tokio::net::TcpStream, HttpError> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(TIME));
    let connected = connector.call(uri).await;
    connected.map(TokioIo::into_inner).map_err(|error| {
        let mut cause = error.source();
        while let Some(found) = cause {
            let io = found.downcast_ref::<io::Error>();
            if io.is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
                return HttpError::Port(port);
            }
            cause = found.source();
        }
        HttpError::Connect(host.to_owned(), error.into())
    })
}

async fn answer<I>(io: I, request: Request<Full<Bytes>>) -> Result<HttpResponse, HttpError>
where
    I: Read + Write + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(io).await.map_err(HttpError::Exchange)?;
    // The connection ends with this function, whatever happens in it.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let response = sender.send_request(request).await.map_err(HttpError::Exchange)?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => HttpError::Large,
        false => HttpError::Answer(error),
    })?;
    Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl HttpError {
    /// The error with its causes, as one text.
    pub(crate) fn words(&self) -> String {
        chain(self)
    }
}
