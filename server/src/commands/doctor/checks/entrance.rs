//! Who has to log in, and over what.

use super::{Doubtful, Finding, Good};
use crate::caller::needs_accounts;
use crate::config::Settings;

/// Says who needs a login, and where that is doubtful.
pub(super) fn login(settings: &Settings) -> Finding {
    let (http, entrance) = (&settings.http, &settings.entrance);
    let beyond = !http.listen.ip().is_loopback();
    if let Some(header) = &entrance.proxy_user_header {
        let proxies = entrance.trusted_proxies.join(", ");
        return Good(format!("{proxies} says in {header} who somebody is"));
    }
    if !entrance.open_hosts.is_empty() {
        let names = entrance.open_hosts.join(", ");
        return Doubtful(format!("nobody needs a login who reaches the proxy of {names}"));
    }
    if beyond && settings.tls.files().is_none() {
        return Doubtful(
            "everybody needs an account; without TLS their passwords can be read on the network, \
             unless a proxy in front encrypts"
                .to_owned(),
        );
    }
    Good(match needs_accounts(settings) {
        true if entrance.require_login || beyond => "everybody needs an account".to_owned(),
        true => "everybody needs an account but the person at this machine".to_owned(),
        false => "only this machine reaches the server, where no login is needed".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_in_too_many_is_doubtful() {
        let mut settings = Settings::default();
        assert!(matches!(login(&settings), Good(_)));
        settings.entrance.open_hosts = vec!["127.0.0.1:8080".to_owned()];
        assert!(matches!(login(&settings), Doubtful(_)));
        settings.entrance.open_hosts.clear();
        settings.http.listen = "0.0.0.0:3000".parse().unwrap();
        assert!(matches!(login(&settings), Doubtful(_)));
        settings.tls.tls_cert = Some("cert.pem".into());
        settings.tls.tls_key = Some("key.pem".into());
        assert_eq!(login(&settings), Good("everybody needs an account".to_owned()));
    }
}
