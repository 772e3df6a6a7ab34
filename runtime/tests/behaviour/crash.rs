//! The process dies at any step of a turn (invariant 1). The database's files are copied at that
//! moment, and the copy is opened.

use protocol::{ErrorCode, TurnState, WorkerStatus};
use provider::Output;

use crate::stage::{Stage, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_at_any_step_shown_text_is_kept_and_the_turn_interrupted() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("before", &["an", " answer"]).await;
    let mut watcher = stage.watch().await;
    let request = message("the question");
    let accepted = stage.runtime.send(stage.worker, request.clone()).await.unwrap();
    let call = stage.script.call().await;
    for step in 0..6 {
        match step {
            0 => watcher.until(|view| view.messages.len() == 4).await,
            1 => {
                call.say(Output::Waiting { ahead: 1 }).await;
                watcher.until(|view| view.turns[1].waiting == Some(1)).await;
            }
            2 => {
                call.begin().await;
                watcher.until(|view| view.turns[1].state == TurnState::Generating).await;
            }
            3 => {
                call.text("one ").await;
                watcher.until_text("one ").await;
            }
            4 => {
                let title = Some("renamed".to_owned());
                stage.runtime.rename(stage.worker, title).await.unwrap();
            }
            _ => {
                call.text("日本").await;
                watcher.until_text("one 日本").await;
            }
        }
        let seen = stage.snapshot().await;
        let mut crashed = stage.after_a_crash().await;
        let view = crashed.snapshot().await;
        assert_eq!(view.messages, seen.messages, "step {step}");
        assert_eq!(view.turns[0], seen.turns[0]);
        let turn = view.turn(accepted.turn.turn_id).unwrap();
        assert_eq!((turn.state, &turn.error), (TurnState::Interrupted, &None));
        assert_eq!(turn.timings.first_token_ms, seen.turns[1].timings.first_token_ms);
        assert!(turn.ended_at.is_some() && turn.timings.total_ms.is_some());
        assert_eq!(
            (view.worker.status, &view.worker.title),
            (WorkerStatus::Idle, &seen.worker.title)
        );
        assert_eq!(crashed.runtime.summary().await.unwrap().running, 0);

        // An earlier observer resumes from its cursor and ends with the same bytes.
        let cursor = watcher.cursor.clone().unwrap();
        let mut resumed = crashed.watch_from(watcher.view().clone(), cursor).await;
        resumed.until_ended(accepted.turn.turn_id).await;
        assert_eq!(*resumed.view(), view);
        assert!(resumed.notices.is_empty());

        // The message exists once, and the conversation can be continued.
        let again = crashed.runtime.send(crashed.worker, request.clone()).await.unwrap();
        assert_eq!(again, accepted);
        let next = crashed.ask_and_answer("go on", &["yes"]).await;
        assert_eq!(next.state, TurnState::Completed);
        assert_eq!(crashed.snapshot().await.messages.len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_unfinished_turns_are_interrupted_at_the_next_start() {
    let mut stage = Stage::new().await;
    let mut turns = Vec::new();
    for _ in 0..10 {
        let worker = stage.runtime.create(Default::default()).await.unwrap().worker_id;
        let accepted = stage.runtime.send(worker, message("q")).await.unwrap();
        let call = stage.script.call().await;
        call.begin().await;
        turns.push((worker, accepted.turn.turn_id, call));
    }
    let crashed = stage.after_a_crash().await;
    assert_eq!(crashed.runtime.summary().await.unwrap().running, 0);
    for (worker, turn, _call) in &turns {
        let turn = crashed.runtime.turn(*worker, *turn).await.unwrap();
        assert_eq!(turn.state, TurnState::Interrupted);
    }
    // After another crash there is nothing more to recover.
    let logs = crashed.log().await;
    assert_eq!(crashed.after_a_crash().await.log().await, logs);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_turns_changes_nothing() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    let crashed = stage.after_a_crash().await;
    assert_eq!(crashed.log().await, stage.log().await);
    assert_eq!(crashed.snapshot().await, stage.snapshot().await);
    let nothing =
        crashed.runtime.turn_input(crashed.worker, protocol::TurnId::from_parts(1, [0; 10]));
    assert_eq!(nothing.await.unwrap_err().code, ErrorCode::NotFound);
}
