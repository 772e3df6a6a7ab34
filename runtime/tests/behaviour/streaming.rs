//! A streaming answer (invariants 1 and 2).

use protocol::{Finish, Frame, Progress, Role, TurnState, WorkerStatus};
use provider::Output;
use store::Durability;

use crate::faulty::Writes;
use crate::scripted::USAGE;
use crate::stage::{Stage, answer_of, message, soon, still_waits};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_streams_to_every_observer_and_completes() {
    let mut stage = Stage::new().await;
    let (mut first, mut second) = (stage.watch().await, stage.watch().await);
    let (accepted, call) = stage.ask("How are you?").await;
    assert_eq!(accepted.turn.state, TurnState::Accepted);
    assert_eq!(accepted.message.text, "How are you?");
    call.begin().await;
    let mut so_far = String::new();
    for piece in ["Very ", "well", ", 日本", "🦀"] {
        call.text(piece).await;
        so_far.push_str(piece);
        for watcher in [&mut first, &mut second] {
            watcher.until_text(&so_far).await;
            assert_eq!(watcher.view().worker.status, WorkerStatus::Generating);
        }
    }
    call.finish().await;
    for watcher in [&mut first, &mut second] {
        watcher.until_ended(accepted.turn.turn_id).await;
        let view = watcher.view();
        let turn = view.turn(accepted.turn.turn_id).unwrap();
        assert_eq!((turn.state, turn.finish), (TurnState::Completed, Some(Finish::Stop)));
        assert_eq!((turn.usage, &turn.error), (Some(USAGE), &None));
        assert!(turn.timings.first_token_ms <= turn.timings.total_ms);
        assert_eq!(view.worker.status, WorkerStatus::Idle);
        assert_eq!(view.messages.len(), 2);
        assert_eq!(view.messages[1].role, Role::Assistant);
        assert_eq!(view.messages[1].parent, Some(accepted.message.id));
        assert_eq!(watcher.text(), "Very well, 日本🦀");
    }
    let found = stage.runtime.turn(stage.worker, accepted.turn.turn_id).await.unwrap();
    assert_eq!(Some(&found), first.view().turn(found.turn_id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn observers_and_new_readers_have_the_same_view() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    assert_eq!(*watcher.view_after_snapshot().await, stage.snapshot().await);
    for question in ["one", "two"] {
        let (accepted, call) = stage.ask(question).await;
        call.begin().await;
        for piece in ["a", "é", "日", "🦀"] {
            call.text(piece).await;
            watcher
                .until(|view| view.messages.last().is_some_and(|m| m.text.ends_with(piece)))
                .await;
            // The views are the same even in the middle of the answer.
            assert_eq!(*watcher.view(), stage.snapshot().await);
        }
        call.finish().await;
        watcher.until_ended(accepted.turn.turn_id).await;
        // And they are the same after the store has folded the answer's deltas.
        assert_eq!(*watcher.view(), stage.snapshot().await);
    }
    let page = stage.runtime.transcript(stage.worker, None, 50).await.unwrap();
    assert_eq!(page.messages, watcher.view().messages);
    assert_eq!(page.turns, watcher.view().turns);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_or_shown_before_it_is_committed() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    let before = stage.log().await;

    stage.store.set(Writes::Hold);
    let mut send = Box::pin(stage.runtime.send(stage.worker, message("q")));
    still_waits(&mut send, stage.store.met(1)).await;
    still_waits(&mut Box::pin(watcher.next()), async {
        let log = still_waits(&mut send, stage.log()).await;
        assert_eq!(log, before);
    })
    .await;
    assert!(stage.script.is_quiet(), "the model was asked before the commit");
    // A crash now would lose nothing that was acknowledged or shown.
    let mut crashed = stage.after_a_crash().await;
    assert_eq!(crashed.snapshot().await.messages, []);
    assert!(crashed.script.is_quiet());

    stage.store.set(Writes::Pass);
    let accepted = soon(send).await.unwrap();
    let call = stage.script.call().await;
    call.begin().await;
    watcher.until(|view| view.running().is_some_and(|t| t.state == TurnState::Generating)).await;

    stage.store.set(Writes::Hold);
    call.text("seen only when it is safe").await;
    stage.store.met(1).await;
    let fresh = still_waits(&mut Box::pin(watcher.next()), stage.snapshot()).await;
    assert_eq!(answer_of(&fresh, &accepted.turn).0, "");
    stage.store.set(Writes::Pass);
    watcher.until_text("seen only when it is safe").await;
    // The text that an observer has read is still there after a crash.
    let crashed = stage.after_a_crash().await;
    assert_eq!(
        answer_of(&crashed.snapshot().await, &accepted.turn),
        ("seen only when it is safe".to_owned(), TurnState::Interrupted)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_observer_gets_the_text_so_far_and_follows() {
    let mut stage = Stage::new().await;
    let mut early = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("one ").await;
    early.until_text("one ").await;
    let mut late = stage.watch().await;
    assert_eq!(late.view_after_snapshot().await.messages[1].text, "one ");
    call.text("two").await;
    call.finish().await;
    for watcher in [&mut early, &mut late] {
        watcher.until_ended(accepted.turn.turn_id).await;
        assert_eq!(watcher.text(), "one two");
    }
    assert_eq!(late.view(), early.view());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_turn_keeps_its_text_and_names_its_error() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("half an ans").await;
    call.fail(protocol::ProviderKind::Network).await;
    let turn = stage.ended(&accepted).await;
    assert_eq!(turn.state, TurnState::Failed);
    let code = turn.error.unwrap().code;
    assert_eq!(code, protocol::ErrorCode::Provider(protocol::ProviderKind::Network));
    let view = stage.snapshot().await;
    assert_eq!(view.messages[1].text, "half an ans");
    assert_eq!(view.worker.status, WorkerStatus::Idle);
    let turn = stage.ask_and_answer("again", &["yes"]).await;
    assert_eq!(turn.state, TurnState::Completed);
}

/// A provider that just ends (its task panicked) only causes a failed turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_ends_without_a_result_fails_the_turn() {
    let mut stage = Stage::new().await;
    for begins in [false, true] {
        let (accepted, call) = stage.ask("q").await;
        if begins {
            call.begin().await;
            call.text("so far").await;
        }
        drop(call);
        let turn = stage.ended(&accepted).await;
        assert_eq!(turn.state, TurnState::Failed);
        assert_eq!(turn.error.unwrap().code, protocol::ErrorCode::Internal);
    }
    assert_eq!(stage.snapshot().await.messages[3].text, "so far");
}

/// Acknowledged and finished parts survive a power cut; streaming text need not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acceptances_and_ends_are_synced_and_deltas_are_not() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("a").await;
    watcher.until_text("a").await;
    call.text("b").await;
    watcher.until_text("ab").await;
    call.finish().await;
    watcher.until_ended(accepted.turn.turn_id).await;
    stage.runtime.stop(stage.worker).await.unwrap();
    for kind in ["message_committed", "turn_accepted", "turn_ended", "worker_stopped"] {
        assert_eq!(stage.store.durabilities_of(kind), [Durability::Power], "{kind}");
    }
    let deltas = stage.store.durabilities_of("text_delta");
    assert_eq!(deltas, [Durability::Process; 2]);
}

/// The local model's progress with the prompt is shown to observers and not logged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn progress_of_reading_a_prompt_is_sent_and_not_stored() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    watcher.view_after_snapshot().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    watcher.until(|view| view.running().is_some_and(|turn| turn.sight.is_some())).await;
    watcher.until(|view| view.turns[0].state == TurnState::Generating).await;
    let before = stage.log().await;
    let half = Progress { read_tokens: 50, prompt_tokens: 100, tokens_per_second: 7 };
    call.say(Output::Reading(half)).await;
    let Some(Frame::Progress { turn_id, progress, .. }) = watcher.next().await else {
        panic!("a progress");
    };
    assert_eq!((turn_id, progress), (accepted.turn.turn_id, half));
    assert_eq!(stage.log().await, before);
    // A later observer gets the next progress.
    let mut late = stage.watch().await;
    late.view_after_snapshot().await;
    let whole = Progress { read_tokens: 90, ..half };
    call.say(Output::Reading(whole)).await;
    for watcher in [&mut watcher, &mut late] {
        let frame = watcher.next().await;
        assert!(matches!(frame, Some(Frame::Progress { progress, .. }) if progress == whole));
    }
    call.text("a").await;
    call.finish().await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
}
