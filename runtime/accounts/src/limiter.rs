//! Limits attempts to log in: pure, the time is passed in, as what has passed since any fixed moment.
//! That clock is never set back.
//!
//! Nothing is ever locked. After some failures there is a delay, which grows and is bounded, and an
//! attempt during the delay is refused and changes nothing: in other programs such attempts start
//! the delay again, and a page that retries then never gets in (medic/cht-core#10705).
//!
//! An attacker must not be able to keep the owner out by failing on purpose. Attempts from a device
//! that has logged in to the account before therefore have a budget of their own, which nobody else
//! can spend ("Slow Down Online Guessing Attacks with Device Cookies", OWASP). All other attempts
//! count for the account, for the network that they come from, and in total. The total keeps a flood
//! from filling the queue of the hashing threads, so that known devices find room in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::time::Duration;

use crate::address::Network;
use crate::secret::SecretHash;

/// The most accounts, networks and devices that are remembered, each.
const REMEMBERED: usize = 4_096;

/// After so much time without a failure, failures are forgotten.
const FORGOTTEN_MS: i64 = 60 * 60 * 1000;

/// The limits of one kind of key.
#[derive(Clone, Copy)]
struct Limits {
    /// Failures before there is a delay.
    free: u32,
    /// The first delay; each further failure doubles it.
    first_ms: i64,
    /// The longest delay.
    most_ms: i64,
}

/// An account may get some hundred guesses from strangers in a day; NIST SP 800-63B (section 5.2.2
/// in revision 3) names 100 failures in a row, and delays instead of locks.
const ACCOUNT: Limits = Limits { free: 5, first_ms: 1_000, most_ms: 5 * 60_000 };
/// A household or an office shares a network.
const NETWORK: Limits = Limits { free: 20, first_ms: 1_000, most_ms: 5 * 60_000 };
/// Somebody who has forgotten which password it was.
const DEVICE: Limits = Limits { free: 10, first_ms: 1_000, most_ms: 60_000 };

/// Attempts from unknown devices that may come at once, and the time after which there is one more.
/// Each takes some 100 milliseconds of a thread.
const TOTAL_BURST: i64 = 20;
const TOTAL_EVERY_MS: i64 = 200;

/// Who tries to log in.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The hash of the name that was given, whether there is such an account or not.
    pub name: SecretHash,
    /// Where it comes from, if that is known.
    pub network: Option<Network>,
    /// The device, if somebody has logged in to this very account from it.
    pub known_device: Option<SecretHash>,
}

/// The attempt is refused until some time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts; the next one is possible after {} s", self.retry_after.as_secs_f32().ceil())]
pub struct RateLimited {
    /// After so much time an attempt is accepted, if nobody else's comes first.
    pub retry_after: Duration,
}

/// Remembers failures.
pub struct Limiter {
    accounts: Failures<SecretHash>,
    networks: Failures<Option<Network>>,
    devices: Failures<SecretHash>,
    /// The time up to which the total is used: [`TOTAL_EVERY_MS`] for each attempt.
    total_used_ms: i64,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            accounts: Failures::new(ACCOUNT),
            networks: Failures::new(NETWORK),
            devices: Failures::new(DEVICE),
            total_used_ms: 0,
        }
    }
}

impl Limiter {
    /// The longest time that an attempt is ever refused for.
    pub const LONGEST: Duration = Duration::from_millis(5 * 60_000);

    /// Accepts an attempt and counts it as a failure until [`Self::succeeded`] is called, so that
    /// attempts at the same time count, too. A refused attempt changes nothing.
    pub fn begin(&mut self, now: Duration, attempt: &Attempt) -> Result<(), RateLimited> {
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        if let Some(device) = attempt.known_device {
            refuse_for(self.devices.wait_ms(now, &device))?;
            self.devices.failed(now, device);
            return Ok(());
        }
        let waits = [
            self.accounts.wait_ms(now, &attempt.name),
            self.networks.wait_ms(now, &attempt.network),
            self.total_wait_ms(now),
        ];
        refuse_for(waits.into_iter().max().unwrap_or(0))?;
        self.accounts.failed(now, attempt.name);
        self.networks.failed(now, attempt.network);
        self.total_used_ms = self.total_used(now) + TOTAL_EVERY_MS;
        Ok(())
    }

    /// The attempt was a login. The account's failures are forgotten, since it was its owner; the
    /// network loses only this one, or an attacker with an account could guess others' passwords
    /// without limit.
    pub fn succeeded(&mut self, attempt: &Attempt) {
        match attempt.known_device {
            Some(device) => self.devices.forget(&device),
            None => {
                self.accounts.forget(&attempt.name);
                self.networks.take_back(&attempt.network);
            }
        }
    }

    /// The attempt was not decided, for a reason of this server's. It was no failure.
    pub fn abandoned(&mut self, attempt: &Attempt) {
        match &attempt.known_device {
            Some(device) => self.devices.take_back(device),
            None => {
                self.accounts.take_back(&attempt.name);
                self.networks.take_back(&attempt.network);
            }
        }
    }

    fn total_used(&self, now: i64) -> i64 {
        self.total_used_ms.max(now)
    }

    fn total_wait_ms(&self, now: i64) -> i64 {
        let used = self.total_used(now) - now;
        (used - (TOTAL_BURST - 1) * TOTAL_EVERY_MS).max(0)
    }
}

fn refuse_for(wait_ms: i64) -> Result<(), RateLimited> {
    match u64::try_from(wait_ms) {
        Ok(ms @ 1..) => Err(RateLimited { retry_after: Duration::from_millis(ms) }),
        _ => Ok(()),
    }
}

/// The failures of each key.
struct Failures<K> {
    limits: Limits,
    of: HashMap<K, Failed>,
}

#[derive(Clone, Copy)]
struct Failed {
    times: u32,
    last_ms: i64,
}

impl<K: Eq + Hash + Clone> Failures<K> {
    fn new(limits: Limits) -> Self {
        Self { limits, of: HashMap::new() }
    }

    /// How long an attempt has to wait; 0 if it need not.
    fn wait_ms(&self, now: i64, key: &K) -> i64 {
        let Some(failed) = self.of.get(key) else { return 0 };
        let delay = self.limits.delay_ms(failed.times);
        delay.saturating_sub(now.saturating_sub(failed.last_ms)).max(0)
    }

    fn failed(&mut self, now: i64, key: K) {
        if self.of.len() >= REMEMBERED && !self.of.contains_key(&key) {
            self.make_room(now);
        }
        let failed = self.of.entry(key).or_insert(Failed { times: 0, last_ms: now });
        if is_forgotten(now, failed) {
            failed.times = 0;
        }
        *failed = Failed { times: failed.times.saturating_add(1), last_ms: now };
    }

    fn forget(&mut self, key: &K) {
        self.of.remove(key);
    }

    fn take_back(&mut self, key: &K) {
        if let Entry::Occupied(mut failed) = self.of.entry(key.clone()) {
            failed.get_mut().times -= 1;
            if failed.get().times == 0 {
                failed.remove();
            }
        }
    }

    /// Removes what is forgotten, or else the key with the fewest failures, so that many new keys do
    /// not push out one that is being attacked.
    fn make_room(&mut self, now: i64) {
        self.of.retain(|_, failed| !is_forgotten(now, failed));
        if self.of.len() < REMEMBERED {
            return;
        }
        let least = self.of.iter().min_by_key(|(_, failed)| (failed.times, failed.last_ms));
        if let Some(key) = least.map(|(key, _)| key.clone()) {
            self.of.remove(&key);
        }
    }
}

fn is_forgotten(now: i64, failed: &Failed) -> bool {
    now.saturating_sub(failed.last_ms) >= FORGOTTEN_MS
}

impl Limits {
    fn delay_ms(self, failures: u32) -> i64 {
        match failures.checked_sub(self.free) {
            None => 0,
            // More doublings than these are beyond every limit.
            Some(doublings) => (self.first_ms << doublings.min(20)).min(self.most_ms),
        }
    }
}

#[cfg(test)]
mod tests;
