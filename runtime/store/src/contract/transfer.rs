//! Whole conversations: iterating over them, exporting and importing.

use protocol::{AccountId, EventBody, MessageId, WorkerId};

use crate::contract::TestStore;
use crate::contract::sample::{Sample, assert_holds, moment, prompt};
use crate::{
    ConflictPolicy, ConversationExport, ImportSink, ImportSource, Imported, Prompt, Store,
    StoreError,
};

fn giving(logs: Vec<ConversationExport>) -> ImportSource {
    Box::new(move |take: &mut ImportSink<'_>| logs.into_iter().try_for_each(take))
}

async fn put(store: &dyn Store, logs: Vec<ConversationExport>) -> Imported {
    store.import(AccountId::FIRST, giving(logs), ConflictPolicy::Refuse).await.unwrap()
}

async fn all(store: &dyn Store) -> Vec<ConversationExport> {
    let (mut all, mut last) = (Vec::new(), None);
    while let Some(id) = store.next_worker(AccountId::FIRST, last).await.unwrap() {
        all.push(store.whole(id).await.unwrap().unwrap());
        last = Some(id);
    }
    all
}

/// A sample with a branch, a folded answer and an unfinished turn.
async fn lived(number: u8, store: &dyn Store) -> Sample {
    let mut sample = Sample::created(number, store).await;
    let first = sample.asked(store, "one?", &["1", "2", "日"]).await;
    sample.asked_after(store, "two?", Some(first), &["3"]).await;
    store.append(sample.renamed("a title")).await.unwrap();
    store.append(sample.question("three?", sample.head)).await.unwrap();
    store.append(sample.generating()).await.unwrap();
    store.append(sample.delta("so ")).await.unwrap();
    store.append(sample.delta("far")).await.unwrap();
    sample
}

pub async fn workers_are_iterated_by_id(test_store: &impl TestStore) {
    let store = test_store.open();
    assert_eq!(store.next_worker(AccountId::FIRST, None).await.unwrap(), None);
    let mut samples = Vec::new();
    for number in [3, 1, 2] {
        samples.push(Sample::created(number, store.as_ref()).await);
    }
    samples[0].asked(store.as_ref(), "q", &["a"]).await;
    let walked: Vec<WorkerId> =
        all(store.as_ref()).await.iter().map(|log| log.worker.worker_id).collect();
    let mut ids: Vec<WorkerId> = samples.iter().map(Sample::id).collect();
    ids.sort();
    assert_eq!(walked, ids);
    store.delete(ids[1], moment(9)).await.unwrap();
    assert_eq!(store.next_worker(AccountId::FIRST, Some(ids[0])).await.unwrap(), Some(ids[2]));
    assert_eq!(store.next_worker(AccountId::FIRST, Some(ids[1])).await.unwrap(), Some(ids[2]));
    assert!(store.whole(ids[1]).await.unwrap().is_none());
}

pub async fn an_imported_log_equals_the_exported_one(test_store: &impl TestStore) {
    let store = test_store.open();
    let samples = [lived(1, store.as_ref()).await, lived(2, store.as_ref()).await];
    let logs = all(store.as_ref()).await;
    for sample in &samples {
        store.purge(sample.id()).await.unwrap();
    }
    let done = put(store.as_ref(), logs.clone()).await;
    assert_eq!(done.added, samples.each_ref().map(Sample::id));
    assert_eq!(all(store.as_ref()).await, logs);
    for mut sample in samples {
        assert_holds(store.as_ref(), &sample).await;
        // Lookups by id find the imported data, and the log can be continued.
        let (turn, head) = (sample.turn.unwrap(), sample.head.unwrap());
        assert_eq!(
            store.unfinished().await.unwrap().iter().filter(|(id, _)| *id == sample.id()).count(),
            1
        );
        assert!(store.turn(sample.id(), turn).await.unwrap().is_some());
        let branch = store.branch(sample.id(), head, 1000).await.unwrap();
        assert_eq!(branch.messages.last().unwrap().text, "so far");
        store.append(sample.ended()).await.unwrap();
        assert_holds(store.as_ref(), &sample).await;
    }
}

pub async fn prompts_are_exported_with_the_logs_that_refer_to_them(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = Sample::created(1, store.as_ref()).await;
    let mut question = sample.question("q", None);
    if let EventBody::TurnAccepted { turn } = &mut question.events[1].body {
        turn.prompt_digest = "sha256:mine".to_owned();
    }
    question.prompt = Some(prompt("mine"));
    store.append(question).await.unwrap();
    store.append(sample.instructed("be brief")).await.unwrap();
    let mut other = Sample::created(2, store.as_ref()).await;
    let mut unrelated = other.renamed("x");
    unrelated.prompt = Some(prompt("of nobody"));
    store.append(unrelated).await.unwrap();

    let logs = all(store.as_ref()).await;
    assert_eq!(logs[0].prompts, [prompt("be brief"), prompt("mine")]);
    assert_eq!(logs[1].prompts, []);
    let mut log = logs[0].clone();
    log.worker.worker_id = WorkerId::from_parts(9, [9; 10]);
    log.prompts.push(Prompt { digest: "sha256:new".to_owned(), text: "new".to_owned() });
    put(store.as_ref(), vec![log]).await;
    assert_eq!(store.prompt("sha256:new").await.unwrap().as_deref(), Some("new"));
    assert_eq!(store.prompt("sha256:mine").await.unwrap().as_deref(), Some("mine"));
}

pub async fn an_import_does_not_change_an_existing_log(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = lived(1, store.as_ref()).await;
    let early = all(store.as_ref()).await;
    let id = sample.id();
    assert_eq!(put(store.as_ref(), early.clone()).await.skipped, [id]);

    // The stored log is longer than the imported one, and its deltas have been folded since.
    store.append(sample.delta(", and on")).await.unwrap();
    assert_eq!(put(store.as_ref(), early.clone()).await.skipped, [id]);
    store.append(sample.ended()).await.unwrap();
    sample.asked(store.as_ref(), "more?", &["yes"]).await;
    assert_eq!(put(store.as_ref(), early.clone()).await.skipped, [id]);
    assert_holds(store.as_ref(), &sample).await;

    // These differ: another text, another log, and a log that continues where the stored one ends.
    let now = all(store.as_ref()).await.remove(0);
    let mut changed = now.clone();
    if let EventBody::MessageCommitted { message } = &mut changed.events[1].body {
        message.text.push('!');
    }
    let mut shorter = early[0].clone();
    let cut = shorter.events.len() - 1;
    if let EventBody::TextDelta { text, .. } = &mut shorter.events[cut].body {
        *text = "fad".to_owned();
    }
    let mut another = now.clone();
    another.log.0 += 1;
    let mut longer = now.clone();
    longer.events.push(protocol::Event {
        seq: sample.last_seq() + 1,
        first_seq: None,
        at: now.worker.created_at,
        body: EventBody::WorkerStopped,
    });
    for log in [changed, shorter, another, longer] {
        let done = put(store.as_ref(), vec![log]).await;
        assert_eq!(done, Imported { differing: vec![id], ..Imported::default() });
        assert_holds(store.as_ref(), &sample).await;
    }
}

pub async fn a_conflicting_conversation_cancels_the_import_or_is_skipped(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let sample = lived(1, store.as_ref()).await;
    let here = all(store.as_ref()).await.remove(0);
    let mut differs = here.clone();
    differs.log.0 += 1;
    let mut new = here.clone();
    new.worker.worker_id = WorkerId::from_parts(9, [9; 10]);
    let logs = vec![new.clone(), differs, here];
    let done = put(store.as_ref(), logs.clone()).await;
    let (added, ids) = (vec![], vec![sample.id()]);
    let deleted = Vec::new();
    let (skipped, differing) = (ids.clone(), ids.clone());
    assert_eq!(done, Imported { added, skipped, differing, deleted });
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);

    let done = store.import(AccountId::FIRST, giving(logs), ConflictPolicy::Keep).await.unwrap();
    let added = vec![new.worker.worker_id];
    let (skipped, differing, deleted) = (ids.clone(), ids, Vec::new());
    assert_eq!(done, Imported { added, skipped, differing, deleted });
    assert_holds(store.as_ref(), &sample).await;
    assert_eq!(store.whole(new.worker.worker_id).await.unwrap(), Some(new));
}

/// The stored log may be longer, shorter or different: a deleted worker is restored unchanged.
pub async fn an_import_reports_deleted_workers_and_they_can_still_be_restored(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let mut sample = lived(1, store.as_ref()).await;
    let early = all(store.as_ref()).await.remove(0);
    store.append(sample.ended()).await.unwrap();
    sample.asked(store.as_ref(), "more?", &["yes"]).await;
    let mut another = early.clone();
    another.log.0 += 1;
    let mut new = early.clone();
    new.worker.worker_id = WorkerId::from_parts(9, [9; 10]);
    store.delete(sample.id(), moment(9)).await.unwrap();
    for log in [early.clone(), another] {
        let done = put(store.as_ref(), vec![log, new.clone()]).await;
        assert_eq!(done.deleted, [sample.id()]);
        assert!(!done.skipped.contains(&sample.id()) && done.differing.is_empty());
        assert!(store.worker(sample.id()).await.unwrap().is_none());
        assert!(store.worker(new.worker.worker_id).await.unwrap().is_some());
    }
    assert!(store.restore(sample.id()).await.unwrap());
    assert_holds(store.as_ref(), &sample).await;

    // A purged worker cannot be restored, so the import adds it.
    store.purge(sample.id()).await.unwrap();
    assert_eq!(put(store.as_ref(), vec![early.clone()]).await.added, [sample.id()]);
    assert_eq!(store.whole(sample.id()).await.unwrap(), Some(early));
}

pub async fn a_failed_import_source_leaves_nothing(test_store: &impl TestStore) {
    let store = test_store.open();
    let sample = lived(1, store.as_ref()).await;
    let mut logs = Vec::new();
    for number in 2..5 {
        let mut log = store.whole(sample.id()).await.unwrap().unwrap();
        log.worker.worker_id = WorkerId::from_parts(9, [number; 10]);
        logs.push(log);
    }
    let broken = logs.clone();
    let give: ImportSource = Box::new(move |take| {
        broken.into_iter().try_for_each(take)?;
        Err("the file went away".into())
    });
    let refused = store.import(AccountId::FIRST, give, ConflictPolicy::Refuse).await;
    assert!(matches!(refused, Err(StoreError::Import(_))), "{refused:?}");
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);

    // A log that cannot be stored, because it has the same message twice.
    let last = &mut logs[2];
    let body = last.events[1].body.clone();
    let seq = last.events.last().unwrap().seq + 1;
    last.events.push(protocol::Event { seq, first_seq: None, at: last.worker.created_at, body });
    let refused = store.import(AccountId::FIRST, giving(logs), ConflictPolicy::Refuse).await;
    assert!(matches!(refused, Err(StoreError::Import(_))), "{refused:?}");
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
    assert!(store.role_of(sample.id(), MessageId::from_parts(9, [9; 10])).await.unwrap().is_none());
    assert_holds(store.as_ref(), &sample).await;
}

pub async fn an_import_survives_reopening_and_a_closed_store_refuses_imports(
    test_store: &impl TestStore,
) {
    let store = test_store.open();
    let sample = lived(1, store.as_ref()).await;
    let mut log = store.whole(sample.id()).await.unwrap().unwrap();
    log.worker.worker_id = WorkerId::from_parts(9, [9; 10]);
    put(store.as_ref(), vec![log.clone()]).await;
    store.close().await;
    let refused =
        store.import(AccountId::FIRST, giving(vec![log.clone()]), ConflictPolicy::Refuse).await;
    assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    drop(store);
    let store = test_store.open();
    assert_eq!(store.whole(log.worker.worker_id).await.unwrap(), Some(log));
}

/// Other commits go on during an import, and no reader sees any of it before all of it is
/// committed.
pub async fn an_import_becomes_visible_all_at_once(test_store: &impl TestStore) {
    let store = test_store.open();
    let mut sample = lived(1, store.as_ref()).await;
    store.append(sample.ended()).await.unwrap();
    let log = store.whole(sample.id()).await.unwrap().unwrap();
    let (told, wait) = (std::sync::mpsc::channel::<()>(), std::sync::mpsc::channel::<()>());
    let (staged, go_on) = (told.0, wait.1);
    let give: ImportSource = Box::new(move |take| {
        for number in 2..200 {
            let mut log = log.clone();
            log.worker.worker_id = WorkerId::from_parts(9, [number; 10]);
            take(log)?;
        }
        staged.send(())?;
        Ok(go_on.recv()?)
    });
    let look = async {
        while told.1.try_recv().is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 1);
        assert_eq!(all(store.as_ref()).await.len(), 1);
        assert_eq!(store.deleted(AccountId::FIRST, None, 100).await.unwrap(), []);
        assert_eq!(store.unfinished().await.unwrap(), []);
        let id = WorkerId::from_parts(9, [5; 10]);
        assert!(!store.purge(id).await.unwrap() && !store.restore(id).await.unwrap());
        while store.collect(moment(1 << 40)).await.unwrap() {}
        sample.asked(store.as_ref(), "meanwhile?", &["yes"]).await;
        wait.0.send(()).unwrap();
    };
    let (done, ()) =
        tokio::join!(store.import(AccountId::FIRST, give, ConflictPolicy::Refuse), look);
    assert_eq!(done.unwrap().added.len(), 198);
    assert_eq!(store.count(AccountId::FIRST).await.unwrap(), 199);
    assert_holds(store.as_ref(), &sample).await;
}
