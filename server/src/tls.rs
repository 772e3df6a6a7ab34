//! The server's own certificate.
//!
//! It is read from two PEM files ([`pair`]), checked, and put into force for every new connection.
//! While the server runs, the files are looked at again and again ([`reload`]), because
//! the programs that renew a certificate only replace them. [`Facts`] says what a certificate is valid for.
//!
//! rustls uses ring, as for the connections to endpoints (`provider-openai`).

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_rustls::TlsAcceptor;

use pair::Digest;

pub mod facts;
pub mod pair;
pub mod reload;

pub use facts::Facts;
pub use pair::{Pair, PairError};

/// HTTP/2 and HTTP/1.1 as a client chooses them in the handshake.
/// Source: the IANA registry of TLS ALPN protocol ids.
pub const HTTP_2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// The days before its end from which on a certificate is reported to expire soon. Certificates
/// of Let's Encrypt are renewed 30 days before, so something has failed by then.
pub const SOON_DAYS: i64 = 14;

/// Where the certificate and its key are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificates in PEM: the server's own, then the intermediate ones.
    pub cert: PathBuf,
    /// The private key in PEM.
    pub key: PathBuf,
}

/// The certificate in force. Cheap to clone; all clones change together.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
    /// The content of the files when they were first read, and when that certificate expires.
    opened: (Digest, i64),
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The files cannot be used.
    #[error(transparent)]
    Pair(#[from] PairError),
    /// The crypto provider has no protocol version. This is a fault of this program.
    #[error("TLS cannot be configured")]
    Config(#[from] rustls::Error),
}

impl Tls {
    /// Reads and checks the files. Blocks as long as their disk takes.
    pub fn open(files: TlsFiles) -> Result<Self, TlsError> {
        let pair = Pair::read(&files)?;
        pair.log();
        let current = Arc::new(Current(RwLock::new(pair.certified.clone())));
        let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![HTTP_2.to_vec(), HTTP_1_1.to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { files, current, acceptor, opened: (pair.digest, pair.facts.not_after) })
    }

    /// Accepts connections with the certificate that is in force then.
    pub fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// Puts another certificate into force. Open connections stay as they are.
    fn replace(&self, certified: Arc<CertifiedKey>) {
        *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = certified;
    }
}

/// The certificate that new connections get.
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Current")
    }
}
