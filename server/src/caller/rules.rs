//! What the configuration says about who is let in.

use std::net::IpAddr;

use axum::http::HeaderName;
use ipnet::IpNet;

use crate::config::{Settings, check};

/// The rules, from the settings.
#[derive(Clone, Debug)]
pub struct EntranceRules {
    /// Whether the person at this machine needs no login.
    pub open_at_machine: bool,
    /// The header in which a trusted proxy gives the name of the user that it has authenticated.
    pub user_header: Option<HeaderName>,
    trusted_proxies: Vec<IpNet>,
}

impl EntranceRules {
    /// Invariant: the settings were checked.
    pub fn of(settings: &Settings) -> Self {
        let entrance = &settings.entrance;
        let user_header = entrance.proxy_user_header.as_ref();
        Self {
            // A container's or virtual machine's network may make all requests seem to come from
            // loopback, so beyond loopback nobody is taken for the person at the machine.
            open_at_machine: !entrance.require_login && settings.http.listen.ip().is_loopback(),
            user_header: user_header.and_then(|name| name.parse().ok()),
            trusted_proxies: entrance
                .trusted_proxies
                .iter()
                .filter_map(|text| check::network(text).ok())
                .collect(),
        }
    }

    /// Whether the proxy at this address is believed.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }
}

/// Whether nobody can come in before there is an account: people reach the server from elsewhere, or
/// everybody has to log in, and no proxy authenticates them.
pub fn needs_accounts(settings: &Settings) -> bool {
    let entrance = &settings.entrance;
    let reachable = entrance.require_login
        || !settings.http.listen.ip().is_loopback()
        || !settings.http.allowed_hosts.is_empty();
    reachable && entrance.proxy_user_header.is_none()
}
