//! The logins that have begun: pure, the time is passed in.
//!
//! A login is found by its state, once, and only with the secret that the browser got in a cookie when
//! it began: a link with somebody else's code and state must not log anybody in (login CSRF).

use std::collections::HashMap;
use std::time::Duration;

use accounts::{Network, SecretHash, SessionId};
use openidconnect::{Nonce, PkceCodeVerifier};
use protocol::AccountId;

/// How long a login may take. The cookie lasts as long.
pub(crate) const VALID: Duration = Duration::from_secs(10 * 60);

/// The most logins that are remembered; a further one replaces the oldest.
const MOST: usize = 1_024;

/// The most of one network, so that a stranger does not push out everybody else's. Behind a proxy that
/// was not declared, all browsers are one network.
const MOST_OF_NETWORK: usize = 128;

/// What a login is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Logging in.
    LogIn,
    /// Connecting the provider with the account that is logged in, by the session from which it was
    /// asked for. Another session must not end it.
    Connect(AccountId, SessionId),
}

/// A login that has begun.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) browser: SecretHash,
    pub(crate) nonce: Nonce,
    pub(crate) verifier: PkceCodeVerifier,
    pub(crate) redirect: String,
    pub(crate) next: String,
    pub(crate) purpose: Purpose,
    pub(crate) network: Option<Network>,
    /// What had passed since a fixed moment.
    pub(crate) begun: Duration,
}

/// All logins that have begun, by their states.
#[derive(Debug, Default)]
pub(crate) struct PendingLogins {
    of: HashMap<SecretHash, Pending>,
}

impl PendingLogins {
    /// Remembers a login.
    pub(crate) fn add(&mut self, state: SecretHash, pending: Pending) {
        let now = pending.begun;
        self.of.retain(|_, pending| !has_ended(pending, now));
        let network = pending.network;
        let of_network = self.of.values().filter(|pending| pending.network == network).count();
        if of_network >= MOST_OF_NETWORK {
            self.remove_oldest(|pending| pending.network == network);
        } else if self.of.len() >= MOST {
            self.remove_oldest(|_| true);
        }
        self.of.insert(state, pending);
    }

    /// Takes the login with this state out, if the browser has its secret and it has not ended.
    /// Another browser does not end it.
    pub(crate) fn take(
        &mut self,
        state: SecretHash,
        browser: SecretHash,
        now: Duration,
    ) -> Option<Pending> {
        let found = self.of.get(&state)?;
        if has_ended(found, now) || found.browser != browser {
            return None;
        }
        self.of.remove(&state)
    }

    fn remove_oldest(&mut self, of: impl Fn(&Pending) -> bool) {
        let candidates = self.of.iter().filter(|(_, pending)| of(pending));
        let oldest = candidates.min_by_key(|(_, pending)| pending.begun).map(|(state, _)| *state);
        if let Some(state) = oldest {
            self.of.remove(&state);
        }
    }
}

fn has_ended(pending: &Pending, now: Duration) -> bool {
    now.saturating_sub(pending.begun) >= VALID
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pending(browser: &str, network: &str, seconds: u64) -> Pending {
        Pending {
            browser: SecretHash::of(browser),
            nonce: Nonce::new("n".to_owned()),
            verifier: PkceCodeVerifier::new("v".repeat(43)),
            redirect: String::new(),
            next: String::new(),
            purpose: Purpose::LogIn,
            network: Some(Network::of(network.parse().unwrap())),
            begun: Duration::from_secs(seconds),
        }
    }

    fn take(logins: &mut PendingLogins, state: &str, browser: &str, seconds: u64) -> bool {
        let (state, browser) = (SecretHash::of(state), SecretHash::of(browser));
        logins.take(state, browser, Duration::from_secs(seconds)).is_some()
    }

    #[test]
    fn a_login_is_taken_once_in_time_and_by_its_browser() {
        let mut logins = PendingLogins::default();
        logins.add(SecretHash::of("s"), pending("b", "192.0.2.1", 1));
        assert!(!take(&mut logins, "s", "another", 2));
        assert!(!take(&mut logins, "another", "b", 2));
        assert!(take(&mut logins, "s", "b", 600));
        assert!(!take(&mut logins, "s", "b", 600));
        logins.add(SecretHash::of("t"), pending("b", "192.0.2.1", 1));
        assert!(!take(&mut logins, "t", "b", 601));
    }

    #[test]
    fn a_flood_from_one_network_pushes_out_only_its_own() {
        let mut logins = PendingLogins::default();
        logins.add(SecretHash::of("mine"), pending("b", "198.51.100.1", 0));
        for number in 0..MOST as u64 + 9 {
            logins.add(SecretHash::of(&number.to_string()), pending("x", "192.0.2.1", 1));
        }
        assert_eq!(logins.of.len(), MOST_OF_NETWORK + 1);
        assert!(take(&mut logins, "mine", "b", 2));
    }

    #[test]
    fn there_are_never_more_than_the_limit_and_ended_ones_make_room() {
        let mut logins = PendingLogins::default();
        let add = |logins: &mut PendingLogins, number: usize, seconds: u64| {
            let network = format!("10.{}.{}.1", number / 200, number % 200);
            let login = pending("b", &network, seconds);
            logins.add(SecretHash::of(&number.to_string()), login);
        };
        for number in 0..MOST + 3 {
            add(&mut logins, number, u64::from(number > 2));
        }
        assert_eq!(logins.of.len(), MOST);
        assert!(!take(&mut logins, "0", "b", 1), "the oldest made room");
        assert!(take(&mut logins, "9", "b", 1));
        add(&mut logins, 0, 601);
        assert_eq!(logins.of.len(), 1);
    }
}
