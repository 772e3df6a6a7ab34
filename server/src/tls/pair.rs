//! Reads a certificate and its key from PEM files, and checks that they can be used together.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use files::{PIPE_PATIENCE, read_text};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use tracing::{info, warn};

use super::facts::{Facts, now};
use super::{SOON_DAYS, TlsFiles};

/// The largest size of such a file, in bytes. A usual one has some thousand.
const FILE_BYTES: u64 = 1024 * 1024;

/// A certificate with its chain and its key, which belongs to it.
#[derive(Debug)]
pub struct Pair {
    /// For rustls.
    pub certified: Arc<CertifiedKey>,
    /// What the certificate says.
    pub facts: Facts,
    /// The digest of what the files contain.
    pub digest: Digest,
}

/// The digest of the content of both files.
pub type Digest = [u8; 32];

/// The content of both files.
pub(super) struct Texts {
    cert: String,
    key: String,
}

/// Why the files cannot be used. Each message names the setting and the file.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// For example it does not exist, or this account may not read it.
    #[error("{setting}: {} cannot be read: {error}", path.display())]
    Read {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// There is nothing in it, or only white space.
    #[error("{setting}: {} is empty", path.display())]
    Empty {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A key is where the certificate should be.
    #[error("tls_cert: {} holds a key and no certificate; tls_cert and tls_key seem to be swapped", .0.display())]
    Swapped(PathBuf),
    /// The file has no certificate, or a damaged one.
    #[error("tls_cert: {} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// The certificate itself cannot be understood.
    #[error("tls_cert: {} holds a certificate that cannot be read: {reason}", path.display())]
    BadCertificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has no key, or a damaged one.
    #[error("tls_key: {} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)", .0.display())]
    NoKey(PathBuf),
    /// The key has a passphrase, which nobody could enter when the server starts by itself.
    #[error("tls_key: {} is encrypted; `openssl pkey -in FILE -out NEW` writes it without a passphrase", .0.display())]
    Encrypted(PathBuf),
    /// For example RSA with fewer than 2048 bits.
    #[error("tls_key: {} holds a key of a kind or size that cannot be used", .0.display())]
    BadKey(PathBuf),
    /// The key is another certificate's.
    #[error("tls_key: {} is not the key of the certificate in tls_cert", .0.display())]
    OtherKey(PathBuf),
    /// The key is that of a certificate that comes later in the file.
    #[error("tls_cert: {} has the server's own certificate in place {place}; it has to come first, and the ones that signed it after it", path.display())]
    WrongOrder {
        /// The file.
        path: PathBuf,
        /// The place in the file, from 1.
        place: usize,
    },
    /// Browsers refuse it.
    #[error("tls_cert: the certificate in {} expired on {date}", path.display())]
    Expired {
        /// The file.
        path: PathBuf,
        /// When, such as 2026-11-27.
        date: String,
    },
}

impl PairError {
    /// Whether this process may not open a file.
    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Self::Read { error, .. } if error.kind() == io::ErrorKind::PermissionDenied)
    }
}

impl Texts {
    /// Reads both files. Blocks as long as their disk takes.
    pub(super) fn read(files: &TlsFiles) -> Result<Self, PairError> {
        let cert = text("tls_cert", &files.cert)?;
        let key = text("tls_key", &files.key)?;
        Ok(Self { cert, key })
    }

    pub(super) fn digest(&self) -> Digest {
        let mut digest = Sha256::new();
        digest.update((self.cert.len() as u64).to_be_bytes());
        digest.update(&self.cert);
        digest.update(&self.key);
        digest.finalize().into()
    }

    /// Parses and checks them.
    pub(super) fn pair(&self, files: &TlsFiles) -> Result<Pair, PairError> {
        let chain = certificates(&self.cert, &files.cert)?;
        let key = private_key(&self.key, &files.key)?;
        let bad = |reason: String| PairError::BadCertificate { path: files.cert.clone(), reason };
        let facts = Facts::of(&chain[0]).map_err(|error| bad(error.to_string()))?;
        let bad_key = || PairError::BadKey(files.key.clone());
        let key = default_provider().key_provider.load_private_key(key).map_err(|_| bad_key())?;
        let matches = |certificate: &CertificateDer<'static>| {
            CertifiedKey::new(vec![certificate.clone()], key.clone()).keys_match().is_ok()
        };
        match chain.iter().position(matches) {
            None => return Err(PairError::OtherKey(files.key.clone())),
            Some(0) => {}
            Some(n) => {
                return Err(PairError::WrongOrder { path: files.cert.clone(), place: n + 1 });
            }
        }
        // A clock that is late, as after a start without network, is no reason to refuse a
        // certificate that is not valid yet.
        if facts.not_after < now() {
            let date = facts.last_day.clone();
            return Err(PairError::Expired { path: files.cert.clone(), date });
        }
        let certified = Arc::new(CertifiedKey::new(chain, key));
        Ok(Pair { certified, facts, digest: self.digest() })
    }
}

impl Pair {
    /// Reads and checks the files. Blocks as long as their disk takes.
    pub fn read(files: &TlsFiles) -> Result<Self, PairError> {
        Texts::read(files)?.pair(files)
    }

    /// Logs how long the certificate is valid.
    pub(super) fn log(&self) {
        let Facts { last_day, .. } = &self.facts;
        let days = self.facts.days_left();
        let names = self.facts.names.join(", ");
        if self.facts.begins_in_future() {
            warn!(names, "the certificate is not valid yet, or this machine's clock is late");
        } else if days < SOON_DAYS {
            warn!(names, days, last_day, "the certificate expires soon; is it being renewed?");
        } else {
            info!(names, days, last_day, "the certificate is in force");
        }
    }
}

fn text(setting: &'static str, path: &Path) -> Result<String, PairError> {
    match read_text(path, FILE_BYTES, PIPE_PATIENCE) {
        Ok(text) if text.trim().is_empty() => {
            Err(PairError::Empty { setting, path: path.to_owned() })
        }
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(match setting {
            "tls_cert" => PairError::NoCertificate(path.to_owned()),
            _ => PairError::NoKey(path.to_owned()),
        }),
        Err(error) => Err(PairError::Read { setting, path: path.to_owned(), error }),
    }
}

/// All certificates of a file, which may hold other things besides.
fn certificates(text: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, PairError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) if text.contains(" PRIVATE KEY-----") => Err(PairError::Swapped(path.to_owned())),
        Ok(_) => Err(PairError::NoCertificate(path.to_owned())),
        Err(error) => {
            Err(PairError::BadCertificate { path: path.to_owned(), reason: error.to_string() })
        }
    }
}

/// The first key of a file: PKCS#8, PKCS#1 (RSA) or SEC1 (EC).
fn private_key(text: &str, path: &Path) -> Result<PrivateKeyDer<'static>, PairError> {
    if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains(": 4,ENCRYPTED") {
        return Err(PairError::Encrypted(path.to_owned()));
    }
    PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| PairError::NoKey(path.to_owned()))
}
