use std::time::{Duration, Instant};

use protocol::api::InputMessage;
use provider::{Output, Provider};
use provider_local::{Engine, Local};
use tokio_util::sync::CancellationToken;

use super::support::*;

/// A chunk of the prompt takes up to 0.4 s; a machine that runs many tests at once needs more.
const PROMPTLY: Duration = Duration::from_secs(2);

fn long_question() -> Vec<InputMessage> {
    vec![user(&"The quick brown fox jumps over the lazy dog and runs away. ".repeat(240))]
}

#[tokio::test]
async fn a_turn_can_be_stopped_while_reading_and_while_writing() {
    let mut config = config();
    config.context_tokens = 4096;
    let local = Local::new(config);
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    let child = pid(&local);
    for (what, asked, from) in [
        // The answer is long enough not to be finished before the stop, however fast the machine
        // is.
        ("reading", request(long_question(), 900), is_began as fn(&Output) -> bool),
        ("writing", story(), is_text),
    ] {
        let stop = CancellationToken::new();
        let mut outputs = local.generate(asked, stop.clone());
        until(&mut outputs, from).await;
        let asked = Instant::now();
        stop.cancel();
        let answer = rest(&mut outputs).await;
        let took = asked.elapsed();
        println!("stopped while {what} in {took:?}");
        assert!(answer.halted() && took < PROMPTLY, "{what} {took:?} {answer:?}");
        // No text is written before the prompt is read, which takes far longer than the stop.
        assert!(what == "writing" || answer.pieces.is_empty());
    }
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    assert_eq!(pid(&local), child, "it obeyed and was not killed");
}

#[tokio::test]
async fn a_turn_can_be_stopped_before_it_starts_and_while_the_model_loads() {
    let local = Local::new(config());
    let stop = CancellationToken::new();
    let mut loading = local.generate(story(), stop.clone());
    wait_for(&local, |engine| matches!(engine, Engine::Loading { .. })).await;
    stop.cancel();
    let answer = rest(&mut loading).await;
    assert!(answer.halted() && answer.pieces.is_empty(), "{answer:?}");
    let never = rest(&mut local.generate(story(), stop)).await;
    assert!(never.halted() && never.began.is_none(), "{never:?}");
    ask(&local, request(vec![user("hi")], 2)).await.usage();
}

#[tokio::test]
async fn a_dropped_turn_makes_room_for_the_next() {
    let local = Local::new(config());
    let mut left = local.generate(story(), CancellationToken::new());
    until(&mut left, is_text).await;
    drop(left);
    ask(&local, request(vec![user("hi")], 2)).await.usage();
}

#[tokio::test]
async fn a_turn_whose_output_is_not_received_can_be_stopped() {
    let local = Local::new(config());
    let stop = CancellationToken::new();
    let mut lazy = local.generate(story(), stop.clone());
    // Its channel is full, and the child waits at its pipe.
    while lazy.len() < provider::OUTPUTS {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    // The next request is served although this one still receives nothing.
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    assert!(rest(&mut lazy).await.halted());
}

#[tokio::test]
async fn a_child_that_does_not_stop_is_killed() {
    let local = Local::new(config());
    let stop = CancellationToken::new();
    let mut outputs = local.generate(story(), stop.clone());
    until(&mut outputs, is_text).await;
    let child = pid(&local);
    signal(child, "STOP");
    stop.cancel();
    assert!(rest(&mut outputs).await.halted());
    assert!(!exists(child), "it is gone and was waited for");
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    assert_ne!(pid(&local), child);
}
