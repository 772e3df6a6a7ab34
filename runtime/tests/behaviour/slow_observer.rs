//! A slow observer costs nobody else anything (invariant 11).

use protocol::Frame;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_observer_delays_nobody_and_gets_larger_frames_later() {
    let mut stage = Stage::new().await;
    let (mut fast, mut slow) = (stage.watch().await, stage.watch().await);
    slow.view_after_snapshot().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    // Each piece is an event of its own, because the fast observer sees it before the next one is
    // sent.
    let mut length = 0;
    for n in 0..300 {
        let piece = ["x", "日本", "🦀"][n % 3];
        call.text(piece).await;
        length += piece.len();
        fast.until(|view| view.messages.last().is_some_and(|m| m.text.len() == length)).await;
    }
    let seen = fast.events;
    assert!(seen >= 300);

    // While the turn is still running, the slow observer catches up in few frames.
    slow.until(|view| view.seq == fast.view().seq).await;
    assert_eq!(slow.view(), fast.view());
    assert!(slow.events < 20, "{} frames for {seen} events", slow.events);

    call.finish().await;
    for watcher in [&mut fast, &mut slow] {
        watcher.until_ended(accepted.turn.turn_id).await;
    }
    assert_eq!(slow.view(), fast.view());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_observer_that_reads_after_many_turns_gets_all_of_them() {
    let mut stage = Stage::new().await;
    let (mut fast, mut slow) = (stage.watch().await, stage.watch().await);
    slow.view_after_snapshot().await;
    // More rows than one read returns. The fast observer sees each piece before the next one is
    // sent, so that each is an event of its own.
    for n in 0..100 {
        let (accepted, call) = stage.ask(&format!("q{n}")).await;
        call.begin().await;
        for (piece, text) in [("a", "a"), ("b", "ab")] {
            call.text(piece).await;
            fast.until_text(text).await;
        }
        call.finish().await;
        fast.until_ended(accepted.turn.turn_id).await;
    }
    let mut merged = 0;
    while slow.view().messages.len() < 200 || slow.view().running().is_some() {
        let frame = slow.next().await.unwrap();
        if let Frame::Event(envelope) = frame {
            merged += u64::from(envelope.event.first_seq.is_some());
        }
    }
    assert!(merged > 0);
    let page = stage.runtime.transcript(stage.worker, None, 200).await.unwrap();
    assert_eq!(slow.view().messages, page.messages);
    assert_eq!(slow.view().turns, page.turns);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_that_leave_during_an_answer_do_not_affect_others() {
    let mut stage = Stage::new().await;
    let mut stays = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    for n in 0..20 {
        let mut leaves = stage.watch().await;
        call.text("x").await;
        leaves.until_text(&"x".repeat(n + 1)).await;
    }
    call.finish().await;
    stays.until_ended(accepted.turn.turn_id).await;
    assert_eq!(stays.text(), "x".repeat(20));
}
