//! How much later the first token is read than if the endpoint were asked directly.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::api;
use crate::endpoint::Endpoint;
use crate::frames::Form;
use crate::measured::{Figures, Samples};
use crate::observer::Observer;
use crate::server::{Binary, Place};
use crate::yardstick::disk::Disk;
use upstream::stamp;

/// How often it is measured before anything is counted.
const WARM_UP: u64 = 10;

/// The tokens of an answer, and the time between them.
const TOKENS: u32 = 3;
const INTERVAL_US: u64 = 5000;

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Asks `samples` times, each time in a new conversation that an observer follows already. Between
/// them the endpoint is asked directly, and a commit is synced to the same disk.
pub async fn run(binary: &Binary, samples: u64) -> Result<Figures> {
    let endpoint = Endpoint::start(TOKENS, INTERVAL_US).await?;
    let place = Place::new(binary, &endpoint.base_url, 1)?;
    let server = place.start().await?;
    let folder = tempfile::tempdir()?;
    let mut disk = Disk::create(folder.path())?;
    let (mut direct, mut synced) = (Vec::new(), Vec::new());
    let (mut whole, mut before, mut after) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..WARM_UP + samples {
        let worker = server.client.create().await?;
        let path = api::events(worker);
        let mut observer = Observer::connect(server.address(), &path, Form::Json).await?;
        let begun = stamp::now_us();
        let sending = server.client.send(worker, n);
        let (_, read) = tokio::try_join!(sending, observer.first_text_us())?;
        let seen = observer.follow(LIMIT).await;
        let text = seen.received.text.get(..stamp::TOKEN_BYTES);
        let written = text.and_then(stamp::written_at).context("no token was read")?;
        let directly = endpoint.first_token_us(n).await?;
        let commit = disk.synced_ms()?;
        if n < WARM_UP {
            continue;
        }
        let ms = |from: u64, to: u64| to.saturating_sub(from) as f64 / 1000.0;
        whole.push(ms(begun, read));
        before.push(ms(begun, written));
        after.push(ms(written, read));
        direct.push(directly as f64 / 1000.0);
        synced.push(commit);
    }
    server.kill().await?;
    let [whole, before, after, direct, synced] =
        [whole, before, after, direct, synced].map(Samples::new);
    let added = whole.at(0.5) - direct.at(0.5);
    let figures = [
        ("added_p50_ms", added),
        ("added_beyond_commit_p50_ms", added - synced.at(0.5)),
        ("added_p99_ms", whole.at(0.99) - direct.at(0.5)),
        ("to_endpoint_p50_ms", before.at(0.5)),
        ("from_endpoint_p50_ms", after.at(0.5)),
        ("direct_p50_ms", direct.at(0.5)),
        ("synced_commit_p50_ms", synced.at(0.5)),
        ("synced_commit_p99_ms", synced.at(0.99)),
    ];
    Ok(figures.map(|(name, value)| (name.to_owned(), value)).into())
}
