//! How an endpoint proves who it is.
//!
//! rustls with ring: the sound provider that costs least to build (seconds of C and assembly by cc
//! alone, where aws-lc needs cmake and minutes). The roots are the system's and not compiled in, so
//! that a house's own authority is known, and those of the owner's `ca_file`.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use tokio_rustls::TlsConnector;

use crate::config::{ConfigError, OpenaiConfig};

/// What makes secure connections as this configuration has it.
pub(super) fn connector(config: &OpenaiConfig) -> Result<TlsConnector, ConfigError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs().certs;
    roots.add_parsable_certificates(system.iter().cloned());
    let named = config.ca_file.as_deref().map(certificates).transpose()?.unwrap_or_default();
    roots.add_parsable_certificates(named.iter().cloned());
    if roots.is_empty() && named.is_empty() {
        return Err(ConfigError::Certificates);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let by_roots = match roots.is_empty() {
        true => None,
        false => {
            let builder =
                WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
            Some(builder.build().map_err(|_| ConfigError::Certificates)?)
        }
    };
    let verifier = Verifier { named, system, by_roots, provider: provider.clone() };
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ConfigError::Certificates)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(client)))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let unusable = || ConfigError::CaFile(file.to_owned());
    let read = CertificateDer::pem_file_iter(file).map_err(|_| unusable())?;
    let certificates: Vec<_> = read.collect::<Result<_, _>>().map_err(|_| unusable())?;
    if certificates.is_empty() { Err(unusable()) } else { Ok(certificates) }
}

/// Whether a server shows the certificate of an authority as its own: `openssl req -x509` makes no
/// other (<https://github.com/seanmonstar/reqwest/issues/2041>).
pub(crate) fn is_of_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    other.0.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// A certificate that its own holder issued, and no authority.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is self-signed")]
struct SelfSigned;

/// Whether a certificate was refused because nobody but its holder vouches for it.
pub(crate) fn is_self_signed(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    other.0.is::<SelfSigned>()
}

/// Whether nobody who is known signed a certificate. Where an authority of the same name is known, its
/// key is another one: the authority was made anew, or is a stranger's.
pub(crate) fn has_no_known_issuer(error: &CertificateError) -> bool {
    use CertificateError as E;
    matches!(
        error,
        E::UnknownIssuer
            | E::BadSignature
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
    )
}

/// The reason of a refusal, more exactly where the certificate is its own issuer.
fn more_exact(error: Error, certificate: &CertificateDer<'_>) -> Error {
    let untrusted =
        matches!(&error, Error::InvalidCertificate(wrong) if has_no_known_issuer(wrong));
    let parsed = webpki::EndEntityCert::try_from(certificate);
    let own = parsed.is_ok_and(|certificate| certificate.issuer() == certificate.subject());
    if own && (untrusted || is_of_authority(&error)) {
        return CertificateError::Other(OtherError(Arc::new(SelfSigned))).into();
    }
    error
}

/// Takes a certificate that the owner named, byte by byte, whatever it says of itself: what people
/// make for a server at home is often its own authority, has no name or has passed its date, which
/// webpki refuses. One that is trusted by the system (also by `SSL_CERT_FILE`) may be its own
/// authority as well, and has to have the right name. Any other has to lead to a root.
#[derive(Debug)]
struct Verifier {
    named: Vec<CertificateDer<'static>>,
    system: Vec<CertificateDer<'static>>,
    by_roots: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // That the server has the certificate's key is shown by its signature, below.
        if self.named.iter().any(|named| named == end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(roots) = &self.by_roots else {
            return Err(more_exact(CertificateError::UnknownIssuer.into(), end_entity));
        };
        let verified =
            roots.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            Err(error)
                if is_of_authority(&error)
                    && self.system.iter().any(|known| known == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified.map_err(|error| more_exact(error, end_entity)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

    /// `usage/05`: `SSL_CERT_FILE=c.pem`, which curl takes.
    #[test]
    fn a_certificate_that_the_system_trusts_may_be_its_own_authority_under_its_own_name() {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = |params: &CertificateParams| {
            params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
        };
        let (known, stranger) = (certificate(&params), certificate(&params));
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        let expired = certificate(&params);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let system = vec![known.clone(), expired.clone()];
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system.iter().cloned());
        let by_roots = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone());
        let by_roots = Some(by_roots.build().unwrap());
        let verifier = Verifier { named: Vec::new(), system, by_roots, provider };
        for (certificate, name, taken) in [
            (&known, "localhost", true),
            (&known, "elsewhere.example", false),
            (&stranger, "localhost", false),
            (&expired, "localhost", false),
        ] {
            let name = ServerName::try_from(name).unwrap();
            let verified =
                verifier.verify_server_cert(certificate, &[], &name, &[], UnixTime::now());
            assert_eq!(verified.is_ok(), taken, "{name:?} {verified:?}");
            if certificate == &stranger {
                assert!(verified.is_err_and(|error| is_self_signed(&error)));
            }
        }
    }
}
