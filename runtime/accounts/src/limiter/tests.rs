use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Duration {
    Duration::from_millis(ms.try_into().unwrap())
}

fn network(number: u32) -> Option<Network> {
    Some(Network::of(IpAddr::V4(Ipv4Addr::from_bits(number))))
}

fn stranger(name: &str, number: u32) -> Attempt {
    Attempt { name: SecretHash::of(name), network: network(number), known_device: None }
}

fn at_home(name: &str, device: &str) -> Attempt {
    let known_device = Some(SecretHash::of(device));
    Attempt { name: SecretHash::of(name), network: network(0), known_device }
}

#[test]
fn delays_grow_up_to_a_limit() {
    let mut limiter = Limiter::default();
    let attempt = stranger("ada", 1);
    let (mut now, mut waited) = (0, Vec::new());
    for _ in 0..20 {
        if let Err(RateLimited { retry_after }) = limiter.begin(at(now), &attempt) {
            waited.push(retry_after.as_secs());
            now += i64::try_from(retry_after.as_millis()).unwrap();
            limiter.begin(at(now), &attempt).unwrap();
        }
    }
    assert_eq!(waited[..6], [1, 2, 4, 8, 16, 32]);
    assert_eq!(waited.last(), Some(&300));
    limiter.begin(at(now + FORGOTTEN_MS), &attempt).unwrap();
    limiter.begin(at(now + FORGOTTEN_MS), &attempt).unwrap();
}

/// In other programs others' failures lock the owner out (StuMason/polar-flow-server#51).
#[test]
fn strangers_cannot_keep_a_known_device_out() {
    let mut limiter = Limiter::default();
    let mut now = 0;
    for number in 0..50_000 {
        now += 10;
        let _ = limiter.begin(at(now), &stranger("ada", number));
    }
    assert!(limiter.begin(at(now), &stranger("ada", 99_999)).is_err());
    let known = at_home("ada", "laptop");
    assert_eq!(limiter.begin(at(now), &known), Ok(()));
    limiter.succeeded(&known);
    // Its success says nothing about the strangers.
    assert!(limiter.begin(at(now), &stranger("ada", 99_999)).is_err());
}

#[test]
fn a_stolen_device_cookie_has_a_limit_too() {
    let mut limiter = Limiter::default();
    let known = at_home("ada", "laptop");
    let accepted = (0..3_600).filter(|s| limiter.begin(at(s * 1_000), &known).is_ok()).count();
    assert!(accepted < 100, "{accepted}");
}

#[test]
fn an_account_of_ones_own_gives_no_further_guesses() {
    let mut limiter = Limiter::default();
    let (own, mut guesses) = (stranger("eve", 1), 0);
    for second in 0..3_600 {
        if limiter.begin(at(second * 1_000), &own).is_ok() {
            limiter.succeeded(&own);
        }
        guesses += u32::from(limiter.begin(at(second * 1_000), &stranger("ada", 1)).is_ok());
    }
    assert!(guesses < 40, "{guesses}");
}

#[test]
fn attempts_at_the_same_time_count() {
    let mut limiter = Limiter::default();
    let accepted = (0..100).filter(|_| limiter.begin(at(0), &stranger("ada", 1)).is_ok()).count();
    assert_eq!(accepted, ACCOUNT.free as usize);
}

/// Each name and network only once, as of a botnet that tries one leaked password everywhere.
#[test]
fn a_flood_is_limited_in_total() {
    let mut limiter = Limiter::default();
    let accepted = (0..60_000).filter(|ms: &u32| {
        limiter.begin(at(i64::from(*ms)), &stranger(&ms.to_string(), *ms)).is_ok()
    });
    let accepted = i64::try_from(accepted.count()).unwrap();
    assert_eq!(accepted, TOTAL_BURST + 60_000 / TOTAL_EVERY_MS - 1);
}

#[test]
fn an_attempt_that_was_not_decided_does_not_count() {
    let mut limiter = Limiter::default();
    for known in [stranger("ada", 1), at_home("ada", "laptop")] {
        for second in 0..100 {
            limiter.begin(at(second * 1_000), &known).unwrap();
            limiter.abandoned(&known);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn memory_and_delays_are_bounded_and_waiting_helps(
        steps in prop::collection::vec((0_u32..6_000, 0_u32..6_000, 0_i64..60_000, 0_u8..4), 1..600)
    ) {
        let mut limiter = Limiter::default();
        let mut now = 1_000_000;
        for (name, number, passed, outcome) in steps {
            now += passed;
            let mut attempt = stranger(&format!("n{}", name % 50), number % 50);
            if outcome == 0 {
                attempt.known_device = Some(SecretHash::of(&number.to_string()));
            }
            match limiter.begin(at(now), &attempt) {
                Ok(()) if outcome == 1 => limiter.succeeded(&attempt),
                Ok(()) if outcome == 2 => limiter.abandoned(&attempt),
                Ok(()) => {}
                Err(refused) => {
                    prop_assert!(refused.retry_after <= Limiter::LONGEST);
                    // A refused attempt changes nothing, and the announced time is exact.
                    prop_assert_eq!(limiter.begin(at(now), &attempt), Err(refused));
                    let wait = i64::try_from(refused.retry_after.as_millis()).unwrap();
                    prop_assert!(limiter.begin(at(now + wait - 1), &attempt).is_err());
                    now += wait;
                    prop_assert!(limiter.begin(at(now), &attempt).is_ok());
                }
            }
        }
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut failures = Failures::new(ACCOUNT);
    for _ in 0..ACCOUNT.free + 3 {
        failures.failed(0, usize::MAX);
    }
    for key in 0..REMEMBERED + 500 {
        failures.failed(i64::try_from(key).unwrap(), key);
        assert!(failures.of.len() <= REMEMBERED);
    }
    assert!(failures.of.contains_key(&usize::MAX), "the key that is attacked is remembered");
    assert!(!failures.of.contains_key(&0), "the one with the oldest single failure is not");
}
