//! TLS as it is found in practice: private authorities, certificates that are their own authority,
//! other names, wrong schemes.

use std::path::PathBuf;
use std::sync::Arc;

use protocol::ProviderKind::{Certificate, Tls};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::doubles::{self, Double};
use super::*;

/// A server's certificate, and the certificates by which it can be trusted.
pub(crate) struct Identity {
    acceptor: TlsAcceptor,
    /// The server's certificate in PEM.
    pub own: String,
    /// The certificate of its authority in PEM.
    pub authority: String,
}

impl Identity {
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

fn acceptor(certificate: &CertificateDer<'static>, key: &KeyPair) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A certificate for these names, signed by a private authority.
pub(crate) fn signed(names: &[&str], change: impl Fn(&mut CertificateParams)) -> Identity {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "The house's own authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    Identity {
        acceptor: acceptor(certificate.der(), &key),
        own: certificate.pem(),
        authority: authority.pem(),
    }
}

/// Like a certificate from `openssl req -x509 -subj /CN=localhost`: it is its own authority, and
/// its name is not in the field where clients look for it
/// (<https://github.com/seanmonstar/reqwest/issues/2041>,
/// <https://github.com/rustls/webpki/issues/205>).
fn self_signed(names: &[&str]) -> Identity {
    own_issuer(names, IsCa::Ca(BasicConstraints::Unconstrained))
}

/// A certificate that is its own issuer.
fn own_issuer(names: &[&str], is_ca: IsCa) -> Identity {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.is_ca = is_ca;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let acceptor = acceptor(certificate.der(), &key);
    Identity { acceptor, own: certificate.pem(), authority: certificate.pem() }
}

/// A file of certificates, which is deleted with its folder.
struct File(tempfile::TempDir);

impl File {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("ca.pem")
    }
}

fn trusting(base_url: &str, file: &File) -> OpenaiConfig {
    OpenaiConfig { ca_file: Some(file.path()), ..config(base_url) }
}

/// An upstream behind TLS.
async fn behind(identity: &Identity) -> (Upstream, Double, String) {
    let (upstream, _) = start([]).await;
    let address = upstream.base_url().trim_start_matches("http://").trim_end_matches("/v1").parse();
    let double = doubles::terminator(identity.acceptor(), address.unwrap()).await;
    let url = format!("https://localhost:{}/v1", double.address.port());
    (upstream, double, url)
}

async fn outcome(config: OpenaiConfig) -> Result<String, Error> {
    let outputs = ask(&Openai::new(config).unwrap(), request("?")).await;
    match fold(&outputs) {
        (said, Output::Finished { .. }) => Ok(said),
        (_, Output::Failed(error)) => Err(error),
        (_, other) => panic!("{other:?}"),
    }
}

const ANSWER: &str = "You said: ?";

/// `usage/05`, and further certificates that are trusted.
#[tokio::test]
async fn a_configured_certificate_is_trusted_whatever_its_contents() {
    let past = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    for (name, identity) in [
        ("its own authority, without a name", self_signed(&[])),
        ("its own authority, with one", self_signed(&["localhost"])),
        ("of another name", signed(&["elsewhere.example"], |_| {})),
        ("expired", signed(&["localhost"], past)),
    ] {
        let (_upstream, _double, url) = behind(&identity).await;
        let file = File::new(&identity.own);
        assert_eq!(outcome(trusting(&url, &file)).await.as_deref(), Ok(ANSWER), "{name}");
        // Another certificate with the same content is not trusted.
        let file = File::new(&self_signed(&[]).own);
        let error = outcome(trusting(&url, &file)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Provider(Certificate), "{name}");
    }
}

#[tokio::test]
async fn a_private_authority_is_read_from_files_in_any_layout() {
    let identity = signed(&["localhost", "127.0.0.1"], |_| {});
    let other = signed(&["other.example"], |_| {}).authority;
    let own = &identity.authority;
    for (name, text) in [
        ("alone", own.clone()),
        ("as the second of two", format!("{other}\n{own}")),
        ("with CRLF", own.replace('\n', "\r\n")),
        (
            "behind text",
            format!("# The house's\nsubject=CN = The house\nissuer=x\n{own}trailing\n"),
        ),
        ("without a last line feed", own.trim_end().to_owned()),
        ("beside a key", format!("{}{own}", KeyPair::generate().unwrap().serialize_pem())),
    ] {
        let (_upstream, double, url) = behind(&identity).await;
        let file = File::new(&text);
        assert_eq!(outcome(trusting(&url, &file)).await.as_deref(), Ok(ANSWER), "{name}");
        assert_eq!(*double.asked.lock().unwrap(), ["localhost"]);
        // An IP address that is among the certificate's names.
        let url = url.replace("localhost", "127.0.0.1");
        assert_eq!(outcome(trusting(&url, &file)).await.as_deref(), Ok(ANSWER), "{name}");
    }
}

#[test]
fn the_error_for_a_file_without_a_certificate_names_the_file() {
    let key = KeyPair::generate().unwrap().serialize_pem();
    let der = "\u{30}\u{2}\u{1}";
    for text in ["", "no certificate", &key, der, "-----BEGIN CERTIFICATE-----\nno base64!\n"] {
        let file = File::new(text);
        let error = Openai::new(trusting("https://localhost/v1", &file)).err().unwrap();
        assert!(error.to_string().contains("ca.pem"), "{error}");
    }
    let missing =
        OpenaiConfig { ca_file: Some("/nowhere/ca.pem".into()), ..config("https://a/v1") };
    assert!(Openai::new(missing).err().unwrap().to_string().contains("/nowhere/ca.pem"));
}

#[tokio::test]
async fn each_certificate_fault_has_its_own_message() {
    let past = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let future =
        |params: &mut CertificateParams| params.not_before = rcgen::date_time_ymd(2090, 1, 1);
    let client = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    };
    let of_authority = self_signed(&["localhost"]);
    // Its own issuer, but not marked as an authority.
    let of_server = own_issuer(&["localhost"], IsCa::NoCa);
    let between = |params: &mut CertificateParams| {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    };
    // An authority of the same name as the right one, and one of another name.
    let stranger = signed(&["localhost"], |_| {}).authority;
    let other = self_signed(&[]).own;
    for (identity, named, sentence) in [
        (signed(&["elsewhere.example"], |_| {}), None, "is for another name"),
        (signed(&[], |_| {}), None, "is for another name"),
        (signed(&["localhost"], past), None, "has expired"),
        (signed(&["localhost"], future), None, "isn't valid yet"),
        (signed(&["localhost"], client), None, "can't be used"),
        (signed(&["localhost"], |_| {}), Some(&stranger), "an authority that this system doesn't"),
        (signed(&["localhost"], |_| {}), Some(&other), "an authority that this system doesn't"),
        (signed(&["localhost"], between), None, "is that of an authority"),
        (of_authority, Some(&stranger), "is self-signed"),
        (of_server, Some(&stranger), "is self-signed"),
    ] {
        let (upstream, _double, url) = behind(&identity).await;
        let file = File::new(named.unwrap_or(&identity.authority));
        let error = outcome(trusting(&url, &file)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::Provider(Certificate), "{sentence}: {error:?}");
        assert!(error.message.contains(sentence), "{sentence}: {error:?}");
        let hint = error.hint.unwrap();
        assert!(sentence != "is self-signed" || hint.contains("SSL_CERT_FILE"), "{hint}");
        assert!(upstream.log().requests.is_empty(), "nothing was sent");
    }
}

#[tokio::test]
async fn a_configured_server_name_is_sent_and_verified() {
    let identity = signed(&["model.house.example"], |_| {});
    let (upstream, double, url) = behind(&identity).await;
    let file = File::new(&identity.authority);
    let with = |name: &str| OpenaiConfig {
        tls_server_name: Some(name.to_owned()),
        ..trusting(&url, &file)
    };
    assert_eq!(outcome(with("model.house.example")).await.as_deref(), Ok(ANSWER));
    assert_eq!(*double.asked.lock().unwrap(), ["model.house.example"]);
    let host = upstream.log().requests[0].headers["host"].clone();
    assert!(host.starts_with("localhost:"), "the request names the address: {host}");

    let error = outcome(with("localhost")).await.unwrap_err();
    assert!(error.message.contains("another name"), "{error:?}");
}

#[tokio::test]
async fn a_wrong_scheme_is_reported_as_such() {
    // The address is https, but the port speaks http.
    let (upstream, _) = start(respond(400, &[], "Bad Request")).await;
    let identity = signed(&["localhost"], |_| {});
    let file = File::new(&identity.authority);
    let url = upstream.base_url().replace("http:", "https:");
    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    // What HTTP servers answer to a TLS handshake.
    let speaks = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = plain.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1024]).await;
        let reply = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request";
        stream.write_all(reply).await.unwrap();
    });
    let error = outcome(trusting(&format!("https://{address}/v1"), &file)).await.unwrap_err();
    speaks.await.unwrap();
    assert_eq!(error.code, ErrorCode::Provider(Tls), "{error:?}");
    let hint = error.hint.unwrap();
    assert!(hint.contains("COMPANION_BASE_URL") && hint.contains("http://"), "{hint}");
    // A server that closes the connection without an answer.
    let error = outcome(trusting(&url, &file)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Provider(Network), "{error:?}");

    // The address is http, but the port speaks https and sends an alert.
    let (_upstream, _double, url) = behind(&identity).await;
    let error = outcome(config(&url.replace("https:", "http:"))).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Provider(Tls), "{error:?}");
    assert!(error.hint.unwrap().contains("https://"));
    // nginx, Go's net/http, and Apache answer in words.
    for words in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ] {
        let (_upstream, provider) = start(respond(400, &[], words)).await;
        let (kind, _) = failure(&ask(&provider, request("?")).await);
        assert_eq!(kind, Tls, "{words}");
    }
}

/// Invariant 6, with TLS.
#[tokio::test]
async fn a_stop_closes_a_tls_connection() {
    let identity = signed(&["localhost"], |_| {});
    let (upstream, _double, url) = behind(&identity).await;
    let file = File::new(&identity.authority);
    upstream.script(Script::always([Step::Silent]));
    let provider = Openai::new(trusting(&url, &file)).unwrap();
    let stop = CancellationToken::new();
    let mut outputs = provider.generate(request("?"), stop.clone());
    assert!(matches!(next(&mut outputs).await, Some(Output::Asking(_))));
    upstream.wait(|log| log.requests.len() == 1).await;
    stop.cancel();
    assert_eq!(next(&mut outputs).await, Some(Output::Halted));
    upstream.wait(|log| log.requests[0].gone_ms.is_some()).await;
}
