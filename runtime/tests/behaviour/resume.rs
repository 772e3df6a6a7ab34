//! A cursor resumes without a gap, from every position (invariant 3).

use protocol::{Cursor, TurnState, View};

use crate::stage::Stage;

/// Every position that an observer of a busy conversation has held, with its view at that position.
async fn positions(stage: &mut Stage) -> Vec<(View, Cursor)> {
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    let mut held = vec![(watcher.view().clone(), watcher.cursor.clone().unwrap())];
    for question in ["one", "two"] {
        let (_, call) = stage.ask(question).await;
        call.begin().await;
        let mut text = String::new();
        for (n, piece) in ["a", "é", "日本", "🦀", "z"].into_iter().enumerate() {
            call.text(piece).await;
            text.push_str(piece);
            while watcher.text() != text {
                watcher.next().await.unwrap();
                held.push((watcher.view().clone(), watcher.cursor.clone().unwrap()));
            }
            if n % 2 == 0 {
                let title = format!("{question} {n}");
                stage.runtime.rename(stage.worker, Some(title.clone())).await.unwrap();
                while watcher.view().worker.title.as_ref() != Some(&title) {
                    watcher.next().await.unwrap();
                    held.push((watcher.view().clone(), watcher.cursor.clone().unwrap()));
                }
            }
        }
        if question == "one" {
            call.finish().await;
            while watcher.view().running().is_some() {
                watcher.next().await.unwrap();
                held.push((watcher.view().clone(), watcher.cursor.clone().unwrap()));
            }
        } else {
            // The second turn keeps running, and so does its provider.
            stage.script.keep(call);
        }
    }
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cursor_of_a_turn_resumes_to_the_same_bytes_during_and_after_it() {
    let mut stage = Stage::new().await;
    let held = positions(&mut stage).await;
    assert!(held.len() > 20, "a lively conversation");
    let now = stage.snapshot().await;
    assert!(now.running().is_some());
    for (view, cursor) in &held {
        let mut watcher = stage.watch_from(view.clone(), cursor.clone()).await;
        watcher.until(|view| view.seq == now.seq).await;
        assert_eq!(*watcher.view(), now, "from {} while it runs", view.seq);
        assert!(watcher.notices.is_empty());
    }

    // After the end, the store has folded the deltas, and the old cursors point into them.
    let stage = stage.after_a_crash().await;
    let now = stage.snapshot().await;
    assert!(now.turns.iter().all(|turn| turn.state.is_final()));
    assert_eq!(now.turns[1].state, TurnState::Interrupted);
    for (view, cursor) in &held {
        let mut watcher = stage.watch_from(view.clone(), cursor.clone()).await;
        watcher.until(|view| view.seq == now.seq).await;
        assert_eq!(*watcher.view(), now, "from {} after the end", view.seq);
        assert!(watcher.notices.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_that_reconnects_after_every_frame_gets_the_same_bytes() {
    let mut stage = Stage::new().await;
    let mut whole = stage.watch().await;
    let mut cut = stage.watch().await;
    cut.view_after_snapshot().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    for n in 0..30 {
        call.text(["x", "日", "🦀"][n % 3]).await;
        // Reads one frame and disconnects.
        cut.next().await.unwrap();
        let (view, cursor) = (cut.view().clone(), cut.cursor.clone().unwrap());
        drop(cut);
        cut = stage.watch_from(view, cursor).await;
    }
    call.finish().await;
    whole.until_ended(accepted.turn.turn_id).await;
    cut.until_ended(accepted.turn.turn_id).await;
    assert_eq!(cut.view(), whole.view());
    assert_eq!(cut.text(), "x日🦀".repeat(10));
}
