//! Commits of a store with several answers at the same time.

use anyhow::Result;
use futures::future::try_join_all;
use protocol::{AccountId, Event, LogId, WorkerId};
use store::{Append, Durability, Store as _};
use store_sqlite::Sqlite;

use crate::log::Log;

/// Answers at the same time.
const ANSWERS: u64 = 8;

/// Deltas of each answer in one repetition.
const DELTAS: usize = 20;

/// Begins some answers, then commits deltas of all of them in each repetition.
pub(in crate::cases) fn groups(times: u64) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let store = Sqlite::open(folder.path())?;
        let mut logs = Vec::new();
        for n in 1..=ANSWERS {
            let mut log = Log::begin()?;
            let mut random = [0; 10];
            random[2..].copy_from_slice(&n.to_be_bytes());
            log.worker.worker_id = WorkerId::from_parts(1, random);
            store.create(AccountId::FIRST, LogId(n), append(&log, log.beginning.clone())).await?;
            logs.push(log);
        }
        for _ in 0..=times {
            for _ in 0..DELTAS {
                let appends = logs.iter_mut().map(|log| {
                    let delta = log.delta("a token of 22 bytes, ");
                    store.append(append(log, vec![delta]))
                });
                try_join_all(appends.collect::<Vec<_>>()).await?;
            }
        }
        store.close().await;
        anyhow::Ok(())
    })
}

fn append(log: &Log, events: Vec<Event>) -> Append {
    // As the runtime does, deltas are committed without the summary, which they do not change.
    let changes = !events.iter().all(|event| event.body.is_delta());
    let (worker_id, summary) = (log.worker.worker_id, changes.then(|| log.worker.clone()));
    Append { worker_id, summary, events, durability: Durability::Process, prompt: None }
}
