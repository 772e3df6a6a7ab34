//! Model-based tests (invariants 1 to 6).
//!
//! `machine` drives the pure turn with every input from a provider, a clock and clients. `world`
//! drives a whole runtime, with a real store, a scripted provider and a controlled clock, through
//! random interleavings of clients, the provider, failures of the store and ends of the process. A
//! plain model of the expected state (`reference`) runs beside it, and both are compared after
//! every step.
//!
//! The tests take a few seconds by default; `PROPTEST_CASES=3000` is the big run. Failing cases are
//! saved beside these files and replayed first. Time is paused except where a test advances it;
//! requests that wait for the store's threads are polled until they are done.

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]

mod client;
#[path = "../behaviour/faulty.rs"]
#[allow(dead_code, reason = "shared with the behaviour tests")]
mod faulty;
mod follower;
mod machine;
mod operation;
mod reference;
#[path = "../behaviour/scripted.rs"]
#[allow(dead_code, reason = "shared with the behaviour tests")]
mod scripted;
#[path = "../behaviour/stage.rs"]
#[allow(dead_code, reason = "shared with the behaviour tests")]
mod stage;
#[path = "../behaviour/watcher.rs"]
#[allow(dead_code, reason = "shared with the behaviour tests")]
mod watcher;
mod world;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use operation::operations;
use world::World;

fn config(cases: u32) -> ProptestConfig {
    let persistence = FileFailurePersistence::WithSource("proptest-regressions");
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(cases),
        failure_persistence: Some(Box::new(persistence)),
        max_shrink_iters: 400,
        // It takes some time to notice that a case hangs.
        max_shrink_time: 60_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(40))]

    #[test]
    fn any_interleaving_keeps_the_invariants(operations in operations()) {
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        // While a blocking task runs, tokio does not advance the paused time by itself.
        let (done, until_done) = std::sync::mpsc::channel::<()>();
        let clock = tokio.spawn_blocking(move || until_done.recv().is_ok());
        tokio.block_on(async {
            let mut world = World::open().await;
            for (step, operation) in operations.iter().enumerate() {
                world.perform(operation).await;
                world.compare(&format!("after step {step}, {operation:?}")).await;
            }
            world.end().await;
        });
        drop((done, clock));
    }
}
