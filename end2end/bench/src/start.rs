//! How long a start takes, after an orderly end and after a kill, and the memory of an idle server.

use std::time::Duration;

use anyhow::Result;

use crate::endpoint::Endpoint;
use crate::fixture::Fixture;
use crate::measured::{Figures, Samples};
use crate::server::{Binary, Place, folder_bytes};

/// Answers that run while the server is killed.
const RUNNING: u64 = 4;

/// The time after a start at which the memory is read. After a kill the whole database is still being
/// checked beside the service, if it is large.
const SETTLED: Duration = Duration::from_millis(500);

/// Starts a companion `samples` times on about `messages` messages.
pub async fn run(binary: &Binary, messages: u64, samples: u32) -> Result<Figures> {
    let endpoint = Endpoint::start(10_000, 20_000).await?;
    let place = Place::new(binary, &endpoint.base_url, 1)?;
    if messages > 0 {
        Fixture::of(binary, messages).await?.copy_to(&place.data())?;
    }
    // The first start reads the files from the disk and may change the schema.
    place.start().await?.stop().await?;
    let (mut starts, mut crashes) = (Vec::new(), Vec::new());
    let (mut resident, mut private, mut private_after_kill) = (Vec::new(), Vec::new(), Vec::new());
    let mut proportional = Vec::new();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    for n in 0..u64::from(samples) {
        let server = place.start().await?;
        starts.push(server.ready_in.as_secs_f64() * 1000.0);
        tokio::time::sleep(SETTLED).await;
        let memory = server.process.memory()?;
        resident.push(mib(memory.resident));
        private.push(mib(memory.private));
        proportional.push(mib(server.process.proportional_bytes()?));
        for answer in 0..RUNNING {
            let worker = server.client.create().await?;
            server.client.send(worker, n * RUNNING + answer).await?;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill().await?;
        let server = place.start().await?;
        crashes.push(server.ready_in.as_secs_f64() * 1000.0);
        tokio::time::sleep(SETTLED).await;
        private_after_kill.push(mib(server.process.memory()?.private));
        server.stop().await?;
    }
    let [starts, crashes, resident, private] =
        [starts, crashes, resident, private].map(Samples::new);
    let [proportional, private_after_kill] = [proportional, private_after_kill].map(Samples::new);
    let figures = [
        ("ready_p50_ms", starts.at(0.5)),
        ("ready_max_ms", starts.at(1.0)),
        ("ready_after_kill_p50_ms", crashes.at(0.5)),
        ("ready_after_kill_max_ms", crashes.at(1.0)),
        ("idle_resident_mib", resident.at(0.5)),
        ("idle_private_mib", private.at(0.5)),
        ("idle_proportional_mib", proportional.at(0.5)),
        ("idle_after_kill_private_mib", private_after_kill.at(0.5)),
        ("database_mib", mib(folder_bytes(&place.data())?)),
    ];
    Ok(figures.map(|(name, value)| (name.to_owned(), value)).into())
}
