//! Reading transcripts, and titles.

use protocol::api::CreateWorker;
use protocol::{ErrorCode, TurnState, View};

use crate::stage::{Setting, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_return_the_whole_transcript() {
    let mut stage = Stage::with(Setting { transcript_page: 3, ..Setting::default() }).await;
    let mut watcher = stage.watch().await;
    for n in 0..6 {
        stage.ask_and_answer(&format!("question {n}"), &["an", "swer"]).await;
    }
    let (accepted, call) = stage.ask("running").await;
    call.begin().await;
    call.text("so far").await;
    watcher.until_text("so far").await;
    // This observer has followed from the start, so its view is complete.
    let all = watcher.view().clone();
    assert_eq!(all.messages.len(), 14);
    for limit in [1, 2, 3, 5, 14, 200, 5_000] {
        let newest = stage.runtime.transcript(stage.worker, None, limit).await.unwrap();
        let mut view = View::new(all.worker.clone(), all.seq);
        view.next_before = newest.next_before;
        view.messages = newest.messages;
        view.turns = newest.turns;
        while let Some(before) = view.next_before {
            let page = stage.runtime.transcript(stage.worker, Some(before), limit).await.unwrap();
            assert!(!page.messages.is_empty() && page.messages.len() <= limit as usize);
            view.prepend(page, before);
        }
        assert_eq!(view, all, "by {limit}");
    }
    let snapshot = stage.snapshot().await;
    assert_eq!(snapshot.messages.len(), 3, "the page that was configured");
    assert!(snapshot.turn(accepted.turn.turn_id).is_some());
    let page = stage.runtime.transcript(stage.worker, Some(u64::MAX), 5).await.unwrap();
    assert_eq!(page.messages, all.messages[9..]);
    let page = stage.runtime.transcript(stage.worker, Some(0), 5).await.unwrap();
    assert_eq!((page.messages.len(), page.next_before), (0, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_words_become_the_title_and_later_messages_do_not_change_it() {
    let mut stage = Stage::new().await;
    assert_eq!(stage.snapshot().await.worker.title, None);
    stage.ask_and_answer("\n  How do I\tbake bread?\nPlease.", &["So."]).await;
    let title = Some("How do I bake bread?".to_owned());
    assert_eq!(stage.snapshot().await.worker.title, title);
    stage.ask_and_answer("And cake?", &["So."]).await;
    assert_eq!(stage.snapshot().await.worker.title, title);
    let stage = stage.reopened(|_| {}).await;
    assert_eq!(stage.snapshot().await.worker.title, title);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_given_title_is_kept_and_can_be_changed_or_removed_at_any_time() {
    let mut stage = Stage::new().await;
    let request =
        CreateWorker { title: Some(" My \n talk ".to_owned()), ..CreateWorker::default() };
    let made = stage.runtime.create(request).await.unwrap();
    assert_eq!(made.title.as_deref(), Some("My talk"));
    stage.worker = made.worker_id;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    assert_eq!(stage.snapshot().await.worker.title.as_deref(), Some("My talk"));
    call.begin().await;
    for title in [Some("while it runs"), None, Some("again")] {
        let title = title.map(str::to_owned);
        let renamed = stage.runtime.rename(stage.worker, title.clone()).await.unwrap();
        assert_eq!(renamed.title, title);
        watcher.until(|view| view.worker.title == title).await;
    }
    call.text("unharmed").await;
    call.finish().await;
    watcher.until_ended(accepted.turn.turn_id).await;
    assert_eq!(watcher.text(), "unharmed");
    let before = stage.log().await;
    stage.runtime.rename(stage.worker, Some("again".to_owned())).await.unwrap();
    assert_eq!(stage.log().await, before, "no change, no event");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_listed_by_last_use_in_pages() {
    let mut stage = Stage::new().await;
    let mut made = vec![stage.worker];
    for _ in 0..6 {
        made.push(stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id);
    }
    stage.worker = made[3];
    assert_eq!(stage.ask_and_answer("q", &["a"]).await.state, TurnState::Completed);
    let mut expected: Vec<_> = made.iter().rev().copied().filter(|id| *id != made[3]).collect();
    expected.insert(0, made[3]);
    for limit in [1, 3, 7, 50] {
        let (mut found, mut before) = (Vec::new(), None);
        loop {
            let page = stage.runtime.workers(before.as_deref(), limit).await.unwrap();
            assert!(page.workers.len() <= limit as usize);
            found.extend(page.workers.iter().map(|worker| worker.worker_id));
            before = page.next_before;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(found, expected, "by {limit}");
    }
    assert_eq!(stage.runtime.summary().await.unwrap().workers, 7);
    assert_eq!(stage.runtime.summary().await.unwrap().capabilities.tools, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_turn_records_its_profile_model_and_digests() {
    let mut stage = Stage::new().await;
    let accepted = stage.send("q").await.unwrap();
    let turn = &accepted.turn;
    assert_eq!(turn.profile, *stage.runtime.bundle().default_profile());
    assert_eq!(turn.model, "scripted");
    assert_eq!(turn.bundle_digest, stage.runtime.bundle().digest());
    assert!(turn.prompt_digest.starts_with("sha256:") && turn.prompt_digest.len() == 71);
    assert_eq!(turn.question, accepted.message.id);
    assert_eq!(accepted.message.turn_id, Some(turn.turn_id));
    stage.script.call().await.answer(&["a"]).await;
    stage.ended(&accepted).await;
    let missing = stage.runtime.create(CreateWorker {
        profile: Some("nobody".parse().unwrap()),
        ..CreateWorker::default()
    });
    assert_eq!(missing.await.unwrap_err().code, ErrorCode::InvalidInput);
}
