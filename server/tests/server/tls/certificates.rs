//! Certificates as authorities and people make them, in files.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::RootCertStore;

/// The settings for [`Certificate::install`].
pub(crate) const SETTINGS: &str = "tls_cert = \"cert.pem\"\ntls_key = \"key.pem\"";

/// A private authority.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

pub(crate) struct Certificate {
    /// In PEM form.
    pub cert: String,
    /// In PEM form.
    pub key: String,
    /// The certificate in DER form.
    pub der: Vec<u8>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "The house's own authority");
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn certify(&self, names: &[&str]) -> Certificate {
        self.certify_with(names, |_| {})
    }

    pub(crate) fn certify_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Certificate {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "A server");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = params.signed_by(&key, &self.0).unwrap();
        Certificate { cert: made.pem(), key: key.serialize_pem(), der: made.der().to_vec() }
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }
}

impl Certificate {
    /// Puts it into the files of [`SETTINGS`].
    pub(crate) fn install(&self, folder: &Path) {
        replace(&folder.join("cert.pem"), &self.cert);
        replace(&folder.join("key.pem"), &self.key);
    }
}

/// Replaces a file by renaming another one, as acme.sh and most programs do.
pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(new, path).unwrap();
}
