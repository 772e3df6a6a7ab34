use super::*;

fn admitted(number: i64) -> Admitted {
    Admitted {
        account: AccountId::FIRST,
        name: AccountName::parse("ada").unwrap(),
        role: AccountRole::Owner,
        via: Via::Session(SessionId(number)),
        token_scopes: None,
        expires_ms: 1_000_000,
        idle_expires_ms: AtomicI64::new(1_000_000),
        used_ms: AtomicI64::new(number),
        ended: CancellationToken::new(),
    }
}

fn hash(number: i64) -> SecretHash {
    SecretHash::of(&number.to_string())
}

fn keep(cache: &AdmittedCache, number: i64) -> Arc<Admitted> {
    let now = Timestamp::from_unix_ms(1);
    cache.keep(cache.moment(), hash(number), admitted(number), now).unwrap()
}

#[test]
fn memory_is_bounded_and_what_is_held_is_ended() {
    let cache = AdmittedCache::default();
    let held = keep(&cache, 0);
    for number in 1..5_000 {
        keep(&cache, number);
        assert!(cache.inner().of.len() <= KEPT);
        assert!(cache.get(hash(number)).is_some(), "the newest is there");
    }
    cache.end_sessions(&[SessionId(0)]);
    assert!(held.ended.is_cancelled());
}

/// A request reads the store, the session is revoked, and only then the request goes on.
#[test]
fn what_was_read_before_an_ending_is_not_kept_after_it() {
    let cache = AdmittedCache::default();
    let moment = cache.moment();
    cache.end_sessions(&[SessionId(1)]);
    let now = Timestamp::from_unix_ms(1);
    assert!(cache.keep(moment, hash(1), admitted(1), now).is_none());
    assert!(cache.get(hash(1)).is_none());
}

#[test]
fn two_requests_at_the_same_time_hold_the_same_session() {
    let cache = AdmittedCache::default();
    let (one, other) = (keep(&cache, 1), keep(&cache, 1));
    assert!(Arc::ptr_eq(&one, &other));
}
