//! What counts as used, and for whom.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::{
    AccountId, EventBody, MessageId, ProviderName, Timestamp, Timings, TurnState, Usage, UtcOffset,
};

use crate::contract::sample::{Sample, moment};
use crate::contract::{Part, TestStore};
use crate::usage::{UsageKey, UsageSums};
use crate::{
    Append, ConflictPolicy, ConversationExport, ImportSink, ImportSource, Store, UsageFound,
    UsageQuery,
};

const FIRST: AccountId = AccountId::FIRST;

/// How many tokens a turn of a test takes.
const USAGE: Usage = Usage {
    prompt_tokens: 100,
    completion_tokens: 20,
    cached_tokens: Some(60),
    reasoning_tokens: Some(5),
};

fn other() -> AccountId {
    AccountId::new(2).unwrap()
}

fn everything(owner: impl Into<Option<AccountId>>) -> UsageQuery {
    UsageQuery {
        owner: owner.into(),
        from: Timestamp::from_unix_ms(0),
        to: moment(1_000_000_000),
        utc_offset: UtcOffset::default(),
        within: Duration::from_secs(30),
    }
}

async fn used(store: &dyn Store, query: UsageQuery) -> BTreeMap<UsageKey, UsageSums> {
    let UsageFound { sums, cut_short } = store.usage(query).await.unwrap();
    assert!(!cut_short);
    sums
}

/// The number of turns that count for an account.
async fn turns(store: &dyn Store, owner: AccountId) -> u64 {
    used(store, everything(owner)).await.values().map(|sums| sums.turns).sum()
}

/// The end of the running turn, which had begun.
fn ended(sample: &mut Sample, usage: Option<Usage>) -> Append {
    let timings = Timings { started_ms: Some(1), ..Timings::default() };
    let turn_id = sample.turn.unwrap();
    let (state, error, finish) = (TurnState::Completed, None, None);
    sample.append(vec![EventBody::TurnEnded { turn_id, state, error, finish, usage, timings }])
}

async fn asked(sample: &mut Sample, store: &dyn Store, usage: Option<Usage>) -> MessageId {
    store.append(sample.question("q", sample.head)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("a")).await.unwrap();
    store.append(ended(sample, usage)).await.unwrap();
    sample.head.unwrap()
}

fn giving(logs: Vec<ConversationExport>) -> ImportSource {
    Box::new(move |take: &mut ImportSink<'_>| logs.into_iter().try_for_each(take))
}

async fn import(store: &dyn Store, owner: AccountId, log: ConversationExport) {
    store.import(owner, giving(vec![log]), ConflictPolicy::Refuse).await.unwrap();
}

pub async fn turns_are_summed_up_by_day_model_and_profile(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    asked(&mut sample, store.as_ref(), None).await;
    let sums = used(store.as_ref(), everything(FIRST)).await;
    let (key, sum) = sums.first_key_value().unwrap();
    assert_eq!(sums.len(), 1);
    let turn = sample.view().turns[0].clone();
    let expected = (turn.provider, turn.model, turn.profile);
    assert_eq!((key.provider.clone(), key.model.clone(), key.profile.clone()), expected);
    assert_eq!((key.owner, key.date.to_string()), (FIRST, moment(0).date_utc()));
    let expected = UsageSums {
        turns: 3,
        turns_without_tokens: 1,
        prompt_tokens: 200,
        cached_tokens: Some(120),
        completion_tokens: 40,
        reasoning_tokens: Some(10),
    };
    assert_eq!(*sum, expected);

    // A turn that never began, and one that runs, used nothing yet.
    store.append(sample.question("q", sample.head)).await.unwrap();
    store.append(sample.ended()).await.unwrap();
    store.append(sample.question("q", sample.head)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    assert_eq!(turns(store.as_ref(), FIRST).await, 3);

    // The period is that of the turns' ends, with its first and last moment.
    let ends: Vec<_> = sample.view().turns.iter().filter_map(|turn| turn.ended_at).collect();
    let period = |from, to| UsageQuery { from, to, ..everything(FIRST) };
    for (from, to, expected) in [
        (ends[0], ends[1], 2),
        (ends[1], ends[1], 1),
        (moment(0), ends[0], 1),
        (ends[2], moment(1_000_000), 1),
        (moment(1_000_000), moment(2_000_000), 0),
    ] {
        let sums = used(store.as_ref(), period(from, to)).await;
        let found: u64 = sums.values().map(|sums| sums.turns).sum();
        assert_eq!(found, expected, "{from:?} to {to:?}");
    }

    // The days are those of the reader's clock.
    let minutes = |offset: i16| UtcOffset::try_from(offset).unwrap();
    let days = async |offset| {
        let query = UsageQuery { utc_offset: minutes(offset), ..everything(FIRST) };
        used(store.as_ref(), query).await.keys().map(|key| key.date.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(days(0).await, ["2025-11-22"]);
    assert_eq!(days(-600).await, ["2025-11-21"]);
}

pub async fn the_model_that_was_known_last_is_counted(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    store.append(sample.question("q", None)).await.unwrap();
    let turn_id = sample.turn.unwrap();
    let asked = EventBody::TurnAsked {
        turn_id,
        sight: protocol::ContextWindow::default(),
        model: Some("what the endpoint has".to_owned()),
    };
    store.append(sample.append(vec![asked])).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(ended(&mut sample, Some(USAGE))).await.unwrap();
    let sums = used(store.as_ref(), everything(FIRST)).await;
    let models: Vec<_> = sums.keys().map(|key| key.model.as_str()).collect();
    assert_eq!(models, ["what the endpoint has"]);
}

/// Forks and imports bring logs whose turns another conversation, server or program has run.
pub async fn turns_that_ran_elsewhere_are_not_counted(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let answer = asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    let whole = store.whole(sample.id()).await.unwrap().unwrap();
    let made = crate::fork::Fork {
        worker_id: Sample::new(2).id(),
        log: Sample::new(2).log,
        at: moment(1_000),
        title: None,
    };
    let copy = crate::fork::fork(&whole, answer, made).unwrap();
    import(store.as_ref(), FIRST, copy).await;
    assert_eq!(turns(store.as_ref(), FIRST).await, 1);
    // A copy for another account, with the times and ids of the original.
    import(store.as_ref(), other(), whole).await;
    assert_eq!(turns(store.as_ref(), other()).await, 0);
    // A turn of another program, even if a store cannot tell that it was imported.
    let mut foreign = Sample::created(3, store.as_ref()).await;
    let mut question = foreign.question("q", None);
    let EventBody::TurnAccepted { turn } = &mut question.events[1].body else { panic!() };
    turn.provider = ProviderName::imported();
    store.append(question).await.unwrap();
    store.append(ended(&mut foreign, Some(USAGE))).await.unwrap();
    assert_eq!(turns(store.as_ref(), FIRST).await, 1);
}

pub async fn a_continued_copy_counts_only_what_follows(test_store: &impl TestStore) {
    let elsewhere = test_store.open();
    let mut sample = Sample::created(1, elsewhere.as_ref()).await;
    asked(&mut sample, elsewhere.as_ref(), Some(USAGE)).await;
    elsewhere.append(sample.question("half", sample.head)).await.unwrap();
    elsewhere.append(sample.generating()).await.unwrap();
    let whole = elsewhere.whole(sample.id()).await.unwrap().unwrap();
    elsewhere.purge(sample.id()).await.unwrap();
    while elsewhere.collect(moment(0)).await.unwrap() {}
    let store = elsewhere;
    import(store.as_ref(), other(), whole).await;
    // The turn was running when it was copied, and its end is written here.
    store.append(ended(&mut sample, Some(USAGE))).await.unwrap();
    assert_eq!(turns(store.as_ref(), other()).await, 0);
    asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    assert_eq!(turns(store.as_ref(), other()).await, 1);
    // The same after it was deleted and restored.
    store.delete(sample.id(), moment(5_000)).await.unwrap();
    store.restore(sample.id()).await.unwrap();
    assert_eq!(turns(store.as_ref(), other()).await, 1);
    store.close().await;
    drop(store);
    let store = test_store.open();
    assert_eq!(turns(store.as_ref(), other()).await, 1);
}

pub async fn each_account_has_sums_of_its_own(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut ours = Sample::created(1, store.as_ref()).await;
    asked(&mut ours, store.as_ref(), Some(USAGE)).await;
    let mut theirs = Sample::new(2);
    let first = theirs.first();
    store.create(other(), theirs.log, first).await.unwrap();
    for _ in 0..2 {
        asked(&mut theirs, store.as_ref(), Some(USAGE)).await;
    }
    assert_eq!(turns(store.as_ref(), FIRST).await, 1);
    assert_eq!(turns(store.as_ref(), other()).await, 2);
    assert_eq!(turns(store.as_ref(), AccountId::new(3).unwrap()).await, 0);
    let all = used(store.as_ref(), everything(None)).await;
    let all: Vec<_> = all.iter().map(|(key, sums)| (key.owner, sums.turns)).collect();
    assert_eq!(all, [(FIRST, 1), (other(), 2)]);
}

pub async fn a_deleted_worker_counts_until_it_is_purged(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    store.delete(sample.id(), moment(100)).await.unwrap();
    assert_eq!(turns(store.as_ref(), FIRST).await, 1);
    store.purge(sample.id()).await.unwrap();
    assert_eq!(turns(store.as_ref(), FIRST).await, 0);
}

pub async fn unreadable_workers_are_left_out_of_sums(test_store: &impl TestStore) {
    let store = test_store.open();
    for number in 1..=3 {
        let mut sample = Sample::created(number, store.as_ref()).await;
        asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    }
    test_store.spoil(Sample::new(1).id(), Part::Summary);
    test_store.spoil(Sample::new(2).id(), Part::Events);
    // A store may still be able to read what was used; it must not fail, and the others count.
    let found = turns(store.as_ref(), FIRST).await;
    assert!((1..=3).contains(&found), "{found}");
}

pub async fn a_sum_stops_at_its_time_limit(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    asked(&mut sample, store.as_ref(), Some(USAGE)).await;
    let query = UsageQuery { within: Duration::ZERO, ..everything(FIRST) };
    let found = store.usage(query).await.unwrap();
    assert!(found.cut_short && found.sums.is_empty(), "{found:?}");
    assert_eq!(turns(store.as_ref(), FIRST).await, 1, "the next one has its own time");
}
