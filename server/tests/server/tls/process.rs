//! The binary with a certificate: its start, its log, its checks and its end.

use std::path::Path;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

use rcgen::KeyPair;

use super::super::process::{Log, code, companion, run, signal, text};
use super::super::stopping::ends;
use super::certificates::{Authority, replace};
use super::client::{self, get, until};

const WITH_TLS: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// Runs a command of the binary with the certificate in `folder`.
fn with_tls(folder: &Path, arguments: &[&str]) -> Output {
    let all = [arguments, &WITH_TLS, &["--listen", "127.0.0.1:0", "--data-dir", "data"]].concat();
    run(folder, &all)
}

/// Starts a server with the certificate in `folder`, which is not its home folder; returns its
/// address.
fn serve(folder: &Path, arguments: &[&str]) -> (Child, std::net::SocketAddr) {
    serve_with_home(folder, Path::new("/nonexistent"), arguments)
}

fn serve_with_home(
    folder: &Path,
    home: &Path,
    arguments: &[&str],
) -> (Child, std::net::SocketAddr) {
    use std::io::{BufRead as _, BufReader};
    let all = [&["--listen", "127.0.0.1:0"], &WITH_TLS[..], arguments].concat();
    let mut child = companion(folder, &all).env("HOME", home).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on https://").unwrap_or_else(|| {
        let mut log = String::new();
        std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut log).unwrap();
        panic!("{line:?}, {log}")
    });
    (child, address.parse().unwrap())
}

/// Each fault is a sentence of its own, for the start and for the doctor.
#[test]
fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let good = authority.certify(&["localhost"]);
    let other = KeyPair::generate().unwrap().serialize_pem();
    let past = |params: &mut rcgen::CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2020, 1, 2);
    };
    let expired = authority.certify_with(&["localhost"], past);
    let reversed = authority.pem() + &good.cert;
    let locked =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nMIIBxyz\n-----END CERTIFICATE-----\n";
    for (cert, key, told) in [
        (None, Some(good.key.as_str()), "tls_cert: {}/cert.pem cannot be read: No such file"),
        (Some(good.cert.as_str()), None, "tls_key: {}/key.pem cannot be read: No such file"),
        (Some(""), Some(&good.key), "tls_cert: {}/cert.pem is empty"),
        (Some(&good.cert), Some("\n"), "tls_key: {}/key.pem is empty"),
        (Some(&good.key), Some(&good.cert), "tls_cert and tls_key seem to be swapped"),
        (Some("hello"), Some(&good.key), "cert.pem holds no certificate in PEM form"),
        (Some(broken), Some(&good.key), "cert.pem holds a certificate that cannot be read"),
        (Some(&good.cert), Some("hello"), "key.pem holds no private key in PEM form"),
        (Some(&good.cert), Some(locked), "key.pem is encrypted; `openssl pkey"),
        (Some(&good.cert), Some(&other), "key.pem is not the key of the certificate in tls_cert"),
        (Some(&reversed), Some(&good.key), "own certificate in place 2; it has to come first"),
        (Some(&expired.cert), Some(&expired.key), "cert.pem expired on 2020-01-02"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap();
        let told = told.replace("{}", &place.display().to_string());
        for (name, content) in [("cert.pem", cert), ("key.pem", key)] {
            if let Some(content) = content {
                std::fs::write(place.join(name), content).unwrap();
            }
        }
        let start = with_tls(&place, &["serve"]);
        let printed = text(&start.stderr);
        assert_eq!(start.status.code(), Some(1), "{printed}");
        assert!(printed.contains(&told) && start.stdout.is_empty(), "{told}: {printed}");
    }
    // The doctor says the same, and which settings belong together is known before any file.
    let folder = tempfile::tempdir().unwrap();
    let doctor = with_tls(folder.path(), &["doctor"]);
    let printed = text(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(printed.contains("tls        fail  tls_cert: cert.pem cannot be read"), "{printed}");
    for (setting, missing) in [("--tls-cert", "tls_key"), ("--tls-key", "tls_cert")] {
        let output = run(folder.path(), &["config", setting, "some.pem"]);
        let printed = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert!(printed.contains(&format!("{setting}: {missing} is missing")), "{printed}");
    }
}

/// Keys as other programs write them, made by OpenSSL 3: `openssl ecparam -genkey` writes SEC1
/// after the curve's parameters, `openssl genrsa -traditional` PKCS#1, `openssl genpkey` PKCS#8.
#[test]
fn keys_of_every_usual_form_can_be_used() {
    let folder = tempfile::tempdir().unwrap();
    for script in [
        "openssl ecparam -name prime256v1 -genkey -out key.pem",
        "openssl genrsa -traditional -out key.pem 2048",
        "openssl genpkey -algorithm ed25519 -out key.pem",
    ] {
        let script = format!(
            "{script} 2>&1 && openssl req -x509 -key key.pem -days 90 -subj /CN=desk \
             -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -out cert.pem 2>&1"
        );
        let mut shell = std::process::Command::new("sh");
        let made = shell.args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stdout));
        let printed = text(&with_tls(folder.path(), &["doctor"]).stdout);
        let says = |line: &str| printed.lines().any(|found| found.starts_with(line));
        assert!(says("tls        ok    the key matches; "), "{printed}");
        assert!(says("tls names  ok    valid for localhost, 127.0.0.1"), "{printed}");
        assert!(says("tls chain  warn  self-signed"), "{printed}");
    }
}

#[test]
fn the_doctor_warns_of_a_certificate_that_will_not_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let soon = |params: &mut rcgen::CertificateParams| {
        let end = std::time::SystemTime::now() + Duration::from_secs(13 * 86_400 + 3600);
        params.not_after = end.into();
    };
    let doctor = |hosts: &[&str]| {
        let hosts: Vec<_> = hosts.iter().flat_map(|host| ["--allowed-hosts", host]).collect();
        text(&with_tls(folder.path(), &[&["doctor"], &hosts[..]].concat()).stdout)
    };
    authority.certify_with(&["*.desk.example"], soon).install(folder.path());
    std::fs::write(folder.path().join("authority.pem"), authority.pem()).unwrap();
    let printed = doctor(&["a.desk.example:8443", "b.example"]);
    for told in [
        "tls        warn  the key matches; 13 days left",
        "tls names  warn  valid for *.desk.example, but not for b.example",
        "tls chain  warn  no intermediate certificates: if \"CN=The house's own authority\" is one",
    ] {
        assert!(printed.contains(told), "{told}: {printed}");
    }
    let printed = doctor(&[]);
    let told = "tls names  warn  valid for *.desk.example, but this server does not answer to";
    assert!(printed.contains(told), "{printed}");
    let key = folder.path().join("key.pem");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(doctor(&[]).contains("tls key    warn  key.pem can be read by every account"));
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(!doctor(&[]).contains("tls key"));
    // An authority that this system trusts.
    let all = [&["doctor", "--data-dir", "data"], &WITH_TLS[..]].concat();
    let trusting = companion(folder.path(), &all).env("SSL_CERT_FILE", "authority.pem").output();
    let printed = text(&trusting.unwrap().stdout);
    let told = "tls chain  ok    0 intermediate certificates, trusted by this system";
    assert!(printed.contains(told), "{printed}");
    // A chain in the wrong order.
    let good = authority.certify(&["localhost"]);
    let stranger = Authority::new().certify(&["stranger"]);
    replace(&folder.path().join("cert.pem"), &(good.cert.clone() + &stranger.cert));
    replace(&key, &good.key);
    let printed = doctor(&[]);
    assert!(printed.contains("certificate 2 of the file did not sign certificate 1"), "{printed}");
    assert!(printed.contains("tls names  ok    valid for localhost"), "{printed}");
}

#[tokio::test]
async fn a_server_with_http2_connections_stops_promptly_and_says_so_to_observers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.certify(&["localhost"]).install(folder.path());
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    let host = format!("localhost:{}", address.port());
    let mut requests = client::http2(&authority, address, 1 << 20).await;
    let workers = "/api/v1/runtimes/backend-internal/workers";
    let page = get(&mut requests, &host, workers, &[]).await.unwrap();
    let page: serde_json::Value = serde_json::from_str(&client::text(page).await).unwrap();
    let id = page["workers"][0]["worker_id"].as_str().unwrap().to_owned();
    let events = format!("{workers}/{id}/events");
    let accept = [("accept", "text/event-stream")];
    let mut observer = get(&mut requests, &host, &events, &accept).await.unwrap().into_body();
    until(&mut observer, "event: snapshot").await.unwrap();
    // One connection is idle, and another one never answers anything, not even a goodbye.
    let idle = client::http2(&authority, address, 1 << 20).await;
    let deaf = client::connect(&authority, address, &[client::H2]).await.unwrap();
    let ended = tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let log = ends(&mut child);
        (begin.elapsed(), log)
    });
    let told = until(&mut observer, "event: close").await.unwrap();
    assert!(told.contains("\"reason\":\"shutdown\""), "{told}");
    let (took, log) = ended.await.unwrap();
    assert!(log.contains("stopped") && !log.contains("without waiting"), "{log}");
    assert!(took < Duration::from_secs(4), "{took:?}");
    drop((idle, deaf));
}

/// What the log says about a renewal, without any path.
#[tokio::test]
async fn a_hangup_reads_the_certificate_again_and_a_fault_is_said_once() {
    const ASKED: &str = "asked to read the certificate again";
    const FAULT: &str = "the new certificate cannot be used, so the old one stays";
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let first = authority.certify(&["localhost"]);
    first.install(folder.path());
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    let mut log = Log::of(&mut child);
    log.until("serving", 1);
    // The key does not match: the first look may fall between two files, the second does not. A
    // look of the clock may come before either of these.
    replace(&folder.path().join("cert.pem"), &authority.certify(&["localhost"]).cert);
    for asked in 1..=2 {
        signal(&child, "-HUP");
        log.until(ASKED, asked);
    }
    log.until(FAULT, 1);
    for asked in 3..=4 {
        signal(&child, "-HUP");
        log.until(ASKED, asked);
    }
    let second = authority.certify(&["localhost"]);
    second.install(folder.path());
    signal(&child, "-HUP");
    log.until("the certificate is in force names=\"localhost\"", 2);
    let stream = client::connect(&authority, address, &[client::H1]).await.unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0].as_ref(), second.der);
    assert_eq!(log.count(FAULT), 1);
    assert_eq!(log.count(&folder.path().display().to_string()), 0);
    assert_eq!(log.count("<certificate's key> is not the key"), 1);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}

/// The sandbox leaves a home folder closed, so only the files that were there at the start.
#[test]
fn a_renewal_in_the_home_folder_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.certify(&["localhost"]).install(folder.path());
    let (mut child, _) = serve_with_home(folder.path(), folder.path(), &["--data-dir", "data"]);
    let mut log = Log::of(&mut child);
    log.until("serving", 1);
    authority.certify(&["localhost"]).install(folder.path());
    for _ in 0..2 {
        signal(&child, "-HUP");
    }
    log.until("the new certificate cannot be used", 1);
    log.until("keep the certificate and its key in a folder of their own", 1);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}
