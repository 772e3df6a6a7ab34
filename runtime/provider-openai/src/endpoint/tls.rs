//! Verifies the identity of an endpoint.
//!
//! rustls uses ring, the sound provider that is the cheapest to build (seconds of C and assembly
//! with cc alone, while aws-lc needs cmake and minutes). The root certificates are those of the
//! system, and not compiled in, so that a private authority is known, and those of the owner's
//! `ca_file`.

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

/// Makes the TLS connector for this configuration.
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

/// Whether a server presents an authority's certificate as its own. `openssl req -x509` makes only
/// such certificates (<https://github.com/seanmonstar/reqwest/issues/2041>).
pub(crate) fn is_of_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    other.0.downcast_ref::<webpki::Error>() == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// A self-signed certificate that is not trusted.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is self-signed")]
struct SelfSigned;

/// Whether a certificate was refused because only its own key signed it.
pub(crate) fn is_self_signed(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    other.0.is::<SelfSigned>()
}

/// Whether no known authority signed the certificate. If an authority of the same name is known,
/// its key differs: the authority was renewed, or it is another one.
pub(crate) fn has_no_known_issuer(error: &CertificateError) -> bool {
    use CertificateError as E;
    matches!(
        error,
        E::UnknownIssuer
            | E::BadSignature
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
    )
}

/// The reason of a refusal; more precise if the certificate is its own issuer.
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

/// Accepts a certificate that the owner named, compared byte by byte, whatever it contains:
/// certificates that people make for a server at home are often their own authority, have no name
/// or have expired, which webpki refuses. A certificate that the system trusts (also by
/// `SSL_CERT_FILE`) may be its own authority, too, but must have the right name. Any other
/// certificate must lead to a root.
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
        // The signature, which is verified below, proves that the server has the certificate's key.
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

    /// `usage/05`: `SSL_CERT_FILE=c.pem`, which curl accepts.
    #[test]
    fn a_self_signed_certificate_that_the_system_trusts_is_accepted_for_its_name() {
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
