//! Checks the server's certificate.

use std::net::SocketAddr;

use rustls::RootCertStore;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;

use super::super::Finding::{self, Bad, Doubtful, Good};
use crate::config::Config;
use crate::tls::{Facts, Pair, SOON_DAYS, TlsFiles};

/// The findings about the certificate; none without one.
pub(super) fn all(config: &Config) -> Vec<(String, Finding)> {
    let Some(files) = config.settings.tls.files() else { return Vec::new() };
    let pair = match Pair::read(&files) {
        Ok(pair) => pair,
        Err(error) => return vec![("tls".to_owned(), Bad(error.to_string()))],
    };
    let http = &config.settings.http;
    let hosts = hosts(http.listen, &http.allowed_hosts);
    let chain = &pair.certified.cert;
    let mut findings = vec![
        ("tls", dates(&pair.facts)),
        ("tls names", names(&pair.facts, &chain[0], &hosts)),
        ("tls chain", trust(&pair.facts, chain)),
    ];
    findings.extend(exposed(&files).map(|finding| ("tls key", finding)));
    findings.into_iter().map(|(name, finding)| (name.to_owned(), finding)).collect()
}

fn dates(facts: &Facts) -> Finding {
    let (days, last_day) = (facts.days_left(), &facts.last_day);
    let text = format!("the key matches; {days} days left, until {last_day}");
    if facts.begins_in_future() {
        Doubtful(format!("{text}, but not valid yet, or this machine's clock is late"))
    } else if days < SOON_DAYS {
        Doubtful(format!("{text}; is it being renewed?"))
    } else {
        Good(text)
    }
}

/// The names under which browsers may reach the server from elsewhere, without ports. The loopback
/// names count only if there is no other: authorities certify none.
fn hosts(listen: SocketAddr, allowed: &[String]) -> Vec<String> {
    let parsed = allowed.iter().filter_map(|host| host.parse::<axum::http::uri::Authority>().ok());
    let mut hosts: Vec<String> = parsed.map(|host| host.host().to_owned()).collect();
    let ip = listen.ip();
    if !ip.is_loopback() && !ip.is_unspecified() {
        hosts.push(ip.to_string());
    }
    hosts
}

fn names(facts: &Facts, certificate: &CertificateDer<'_>, hosts: &[String]) -> Finding {
    let names = facts.names.join(", ");
    if facts.names.is_empty() {
        return Bad(
            "the certificate has no subject alternative name, so browsers accept it for no host"
                .to_owned(),
        );
    }
    let wrong: Vec<&str> =
        hosts.iter().map(String::as_str).filter(|host| !covers(certificate, host)).collect();
    if !wrong.is_empty() {
        return Doubtful(format!("valid for {names}, but not for {}", wrong.join(", ")));
    }
    let local = ["localhost", "127.0.0.1", "::1"];
    if hosts.is_empty() && !local.iter().any(|host| covers(certificate, host)) {
        return Doubtful(format!(
            "valid for {names}, but this server does not answer to that name; add it to \
             allowed_hosts, with the port if that is not 443"
        ));
    }
    Good(format!("valid for {names}"))
}

fn covers(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let (Ok(certificate), Ok(name)) =
        (ParsedCertificate::try_from(certificate), ServerName::try_from(host))
    else {
        return false;
    };
    verify_server_name(&certificate, &name).is_ok()
}

/// Whether a browser with this system's authorities would trust the chain.
fn trust(facts: &Facts, chain: &[CertificateDer<'static>]) -> Finding {
    let intermediates = chain.len() - 1;
    if let Some(n) = out_of_order(chain) {
        return Doubtful(format!(
            "certificate {} of the file did not sign certificate {n}; each has to be followed by \
             the one that signed it",
            n + 1
        ));
    }
    let issuer = &facts.issuer;
    if leads_to_a_root(facts, chain) {
        return Good(format!("{intermediates} intermediate certificates, trusted by this system"));
    }
    if facts.is_self_signed() {
        return Doubtful(
            "self-signed: each browser warns until somebody trusts it there".to_owned(),
        );
    }
    if intermediates == 0 {
        return Doubtful(format!(
            "no intermediate certificates: if \"{issuer}\" is one, add it behind the first; if it \
             is your own authority, each browser needs that"
        ));
    }
    Doubtful(format!(
        "{intermediates} intermediate certificates, but they lead to no authority that this \
         system trusts"
    ))
}

/// The place of the first certificate, from 1, that the next one did not sign.
fn out_of_order(chain: &[CertificateDer<'static>]) -> Option<usize> {
    let facts: Vec<Facts> = chain.iter().filter_map(|one| Facts::of(one).ok()).collect();
    let wrong = facts.windows(2).position(|two| two[0].issuer != two[1].subject);
    wrong.map(|n| n + 1)
}

fn leads_to_a_root(facts: &Facts, chain: &[CertificateDer<'static>]) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = default_provider().into();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build();
    let name = facts.names.first().map(|name| name.replacen('*', "any", 1));
    let name = name.and_then(|name| ServerName::try_from(name).ok());
    let (Ok(verifier), Some(name)) = (verifier, name) else { return false };
    verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now()).is_ok()
}

/// Reports a key that every account of this machine can read.
fn exposed(files: &TlsFiles) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(&files.key).ok()?.permissions().mode();
    let key = files.key.display();
    (mode & 0o007 != 0).then(|| {
        Doubtful(format!("{key} can be read by every account of this machine; chmod o= {key}"))
    })
}
