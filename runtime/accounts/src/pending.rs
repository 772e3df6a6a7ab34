//! What browsers have begun and have not ended yet, such as a login at a provider: pure, the time is
//! passed in.
//!
//! It is found by its state, once, and only with the secret that the browser got in a cookie when it
//! began: what somebody else has begun must not log anybody in (login CSRF).

use std::collections::HashMap;
use std::time::Duration;

use crate::address::Network;
use crate::secret::SecretHash;

/// The most that is remembered; a further one replaces the oldest.
const MOST: usize = 1_024;

/// The most of one network, so that a stranger does not push out everybody else's. Behind a proxy that
/// was not declared, all browsers are one network.
const MOST_OF_NETWORK: usize = 128;

/// Something that was begun in a browser.
#[derive(Debug)]
pub struct Begun<T> {
    /// The hash of the secret that the browser got.
    pub browser: SecretHash,
    /// Where it comes from.
    pub network: Option<Network>,
    /// What had passed since a fixed moment.
    pub at: Duration,
    /// What is needed to end it.
    pub what: T,
}

/// All that has begun, by its state.
#[derive(Debug)]
pub struct Pending<T> {
    valid: Duration,
    of: HashMap<SecretHash, Begun<T>>,
}

impl<T> Pending<T> {
    /// What has begun can be ended for so long.
    pub fn new(valid: Duration) -> Self {
        Self { valid, of: HashMap::new() }
    }

    /// Remembers what has begun.
    pub fn add(&mut self, state: SecretHash, begun: Begun<T>) {
        let (now, valid) = (begun.at, self.valid);
        self.of.retain(|_, begun| !has_ended(begun, valid, now));
        let network = begun.network;
        let of_network = self.of.values().filter(|begun| begun.network == network).count();
        if of_network >= MOST_OF_NETWORK {
            self.remove_oldest(|begun| begun.network == network);
        } else if self.of.len() >= MOST {
            self.remove_oldest(|_| true);
        }
        self.of.insert(state, begun);
    }

    /// Takes out what has this state, if the browser has its secret and the time is not over. Another
    /// browser does not end it.
    pub fn take(&mut self, state: SecretHash, browser: SecretHash, now: Duration) -> Option<T> {
        let found = self.of.get(&state)?;
        if has_ended(found, self.valid, now) || found.browser != browser {
            return None;
        }
        self.of.remove(&state).map(|begun| begun.what)
    }

    fn remove_oldest(&mut self, of: impl Fn(&Begun<T>) -> bool) {
        let candidates = self.of.iter().filter(|(_, begun)| of(begun));
        let oldest = candidates.min_by_key(|(_, begun)| begun.at).map(|(state, _)| *state);
        if let Some(state) = oldest {
            self.of.remove(&state);
        }
    }
}

fn has_ended<T>(begun: &Begun<T>, valid: Duration, now: Duration) -> bool {
    now.saturating_sub(begun.at) >= valid
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: Duration = Duration::from_secs(600);

    fn begun(browser: &str, network: &str, seconds: u64) -> Begun<()> {
        Begun {
            browser: SecretHash::of(browser),
            network: Some(Network::of(network.parse().unwrap())),
            at: Duration::from_secs(seconds),
            what: (),
        }
    }

    fn take(pending: &mut Pending<()>, state: &str, browser: &str, seconds: u64) -> bool {
        let (state, browser) = (SecretHash::of(state), SecretHash::of(browser));
        pending.take(state, browser, Duration::from_secs(seconds)).is_some()
    }

    #[test]
    fn it_is_taken_once_in_time_and_by_its_browser() {
        let mut pending = Pending::new(VALID);
        pending.add(SecretHash::of("s"), begun("b", "192.0.2.1", 1));
        assert!(!take(&mut pending, "s", "another", 2));
        assert!(!take(&mut pending, "another", "b", 2));
        assert!(take(&mut pending, "s", "b", 600));
        assert!(!take(&mut pending, "s", "b", 600));
        pending.add(SecretHash::of("t"), begun("b", "192.0.2.1", 1));
        assert!(!take(&mut pending, "t", "b", 601));
    }

    #[test]
    fn a_flood_from_one_network_pushes_out_only_its_own() {
        let mut pending = Pending::new(VALID);
        pending.add(SecretHash::of("mine"), begun("b", "198.51.100.1", 0));
        for number in 0..MOST as u64 + 9 {
            pending.add(SecretHash::of(&number.to_string()), begun("x", "192.0.2.1", 1));
        }
        assert_eq!(pending.of.len(), MOST_OF_NETWORK + 1);
        assert!(take(&mut pending, "mine", "b", 2));
    }

    #[test]
    fn there_are_never_more_than_the_limit_and_ended_ones_make_room() {
        let mut pending = Pending::new(VALID);
        let add = |pending: &mut Pending<()>, number: usize, seconds: u64| {
            let network = format!("10.{}.{}.1", number / 200, number % 200);
            pending.add(SecretHash::of(&number.to_string()), begun("b", &network, seconds));
        };
        for number in 0..MOST + 3 {
            add(&mut pending, number, u64::from(number > 2));
        }
        assert_eq!(pending.of.len(), MOST);
        assert!(!take(&mut pending, "0", "b", 1), "the oldest made room");
        assert!(take(&mut pending, "9", "b", 1));
        add(&mut pending, 0, 601);
        assert_eq!(pending.of.len(), 1);
    }
}
