//! Checks that the type of a single setting cannot express.

use std::net::IpAddr;
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use axum::http::uri::Authority;
use axum::http::{HeaderName, Uri};
use ipnet::IpNet;
use tracing_subscriber::EnvFilter;

use super::base_path::BasePath;
use super::layer::Origin;
use super::problem::{Problem, Problems};
use super::settings::Settings;
use crate::caller::permission::TABLE;

/// How long a disk may take to say whether a folder is there.
const PATIENCE: Duration = Duration::from_millis(500);

/// Adds all problems of `settings`; `origin` returns the origin of a setting.
pub fn all<'a>(settings: &Settings, origin: &dyn Fn(&str) -> &'a Origin, problems: &mut Problems) {
    let mut check = |key: &str, result: Result<(), String>| {
        if let Err(message) = result {
            problems.add(Problem::with_setting(key, origin(key), message));
        }
    };
    for name in &settings.http.allowed_hosts {
        check("allowed_hosts", host(name));
    }
    if let Some(base) = &settings.http.base_path {
        check("base_path", beside_the_routes(base));
    }
    match (&settings.tls.tls_cert, &settings.tls.tls_key) {
        (Some(_), None) => check("tls_cert", Err(alone("tls_key", "the certificate's key"))),
        (None, Some(_)) => check("tls_key", Err(alone("tls_cert", "the key's certificate"))),
        _ => {}
    }
    let entrance = &settings.entrance;
    for name in &entrance.open_hosts {
        check("open_hosts", host(name));
    }
    for text in &entrance.trusted_proxies {
        check("trusted_proxies", network(text).map(drop));
    }
    if let Some(name) = &entrance.proxy_user_header {
        check("proxy_user_header", user_header(name, &entrance.trusted_proxies));
    }
    if let Some(url) = &settings.openai.base_url {
        check("base_url", base_url(url));
    }
    if let Some(model) = &settings.model.model {
        check("model", if model.trim().is_empty() { Err("no name".to_owned()) } else { Ok(()) });
    }
    for (key, folder) in
        [("prompts_dir", &settings.prompts.prompts_dir), ("model_dir", &settings.local.model_dir)]
    {
        let Some(folder) = folder else { continue };
        let missing = || Err(format!("{} is not a folder", folder.display()));
        check(key, if is_missing(folder) { missing() } else { Ok(()) });
    }
    let turns = &settings.turns;
    for (key, ms) in
        [("first_token_ms", turns.first_token_ms.get()), ("stall_ms", turns.stall_ms.get())]
    {
        let turn_ms = turns.turn_ms.get();
        let longer = || Err(format!("{ms} is longer than the whole turn (turn_ms = {turn_ms})"));
        check(key, if ms > turn_ms { longer() } else { Ok(()) });
    }
    let contrary = settings.local.require_sandbox && !settings.http.sandbox;
    let refused =
        || Err("require_sandbox is set, so the sandbox cannot be switched off".to_owned());
    check("sandbox", if contrary { refused() } else { Ok(()) });
    let blank = settings.prompts.workspace.trim().is_empty();
    check("workspace", if blank { Err("no name".to_owned()) } else { Ok(()) });
    check("log", filter(&settings.log.log));
}

/// Checks that no address of the site itself begins like the base path: `/c/1` would have two
/// meanings where a proxy has removed the base path, and in a redirect.
fn beside_the_routes(base: &BasePath) -> Result<(), String> {
    let first = |path: &'static str| path.split('/').nth(1).unwrap_or_default();
    let mut routes = TABLE.iter().map(|(_, route, _)| first(route)).chain(["pkg"]);
    match base.first_part().filter(|part| routes.any(|route| route == *part)) {
        Some(part) => {
            Err(format!("addresses of the site itself begin with /{part}, so choose another name"))
        }
        None => Ok(()),
    }
}

fn alone(missing: &str, what: &str) -> String {
    format!("{missing} is missing: it names the file with {what}, and TLS needs both")
}

/// Whether a path leads to no folder. One on a disk that does not answer may well be a folder, and keeps
/// the server from nothing but its content.
fn is_missing(folder: &Path) -> bool {
    let (reply, answer) = channel();
    let path = folder.to_owned();
    // The look cannot be cancelled. Where it hangs, its thread ends with the process.
    let looks = thread::Builder::new().spawn(move || reply.send(path.is_dir()));
    looks.is_ok() && answer.recv_timeout(PATIENCE) == Ok(false)
}

/// Reads an address or a network, such as "10.0.0.2" or "172.16.0.0/12".
pub fn network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| address()).map_err(|_| {
        format!("{text:?} is neither an address such as \"10.0.0.2\" nor a network such as \"172.16.0.0/12\"")
    })
}

/// Checks the header with the name of a user whom a proxy has authenticated.
fn user_header(name: &str, trusted_proxies: &[String]) -> Result<(), String> {
    if name.parse::<HeaderName>().is_err() {
        return Err(format!("{name:?} is not the name of a header"));
    }
    if trusted_proxies.is_empty() {
        return Err("trusted_proxies has to say from which addresses it is believed".to_owned());
    }
    Ok(())
}

/// Checks for a host name, with or without a port, as browsers write it into `Host`.
pub fn host(name: &str) -> Result<(), String> {
    let plain = |authority: &Authority| {
        !authority.as_str().contains('@') && !authority.host().contains('*')
    };
    match name.parse::<Authority>() {
        Ok(authority) if plain(&authority) && !authority.host().is_empty() => Ok(()),
        _ => Err(format!(
            "{name:?} is not a host such as \"companion.example\" or \"127.0.0.1:8080\""
        )),
    }
}

/// Checks for an http(s) URL without credentials, query or fragment.
pub fn base_url(url: &str) -> Result<(), String> {
    let expected = "expected an address such as \"http://127.0.0.1:11434/v1\"";
    let uri: Uri = url.parse().map_err(|error| format!("{error}; {expected}"))?;
    let http = matches!(uri.scheme_str(), Some("http" | "https"));
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err("a user name or key does not belong in the address; a key has its own setting"
                .to_owned())
        }
        Some(_) if http && uri.query().is_none() && !url.contains('#') => Ok(()),
        _ => Err(format!("no scheme, or something behind the path; {expected}")),
    }
}

fn filter(text: &str) -> Result<(), String> {
    EnvFilter::try_new(text).map(drop).map_err(|error| format!("not a log filter: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trusted_proxy_is_an_address_or_a_network() {
        for good in ["10.0.0.2", "172.16.0.0/12", "::1", "fd00::/8"] {
            assert!(network(good).is_ok(), "{good}");
        }
        for bad in ["", "proxy", "10.0.0.2:80", "10.0.0.0/33", "10.0.0"] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_user_header_needs_a_proxy_that_is_trusted() {
        let proxies = ["127.0.0.1".to_owned()];
        assert_eq!(user_header("X-Remote-User", &proxies), Ok(()));
        assert!(user_header("X-Remote-User", &[]).is_err());
        assert!(user_header("X Remote", &proxies).is_err());
    }

    #[test]
    fn hosts_are_names_with_optional_ports() {
        for good in ["companion.example", "companion.example:8443", "[::1]:8080", "10.0.0.1"] {
            assert_eq!(host(good), Ok(()), "{good}");
        }
        for bad in ["", "http://a", "a/b", "*.example", "*", "me@a", "a b"] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_base_url_has_no_login_query_or_fragment() {
        for good in ["http://127.0.0.1:11434/v1", "https://api.example/v1/", "http://a"] {
            assert_eq!(base_url(good), Ok(()), "{good}");
        }
        for bad in ["", "127.0.0.1:1/v1", "ftp://a/", "http://k@a/", "http://a/?k=1", "http://a/#x"]
        {
            assert!(base_url(bad).is_err(), "{bad}");
        }
    }
}
