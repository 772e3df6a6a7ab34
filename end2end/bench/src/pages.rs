//! How long pages of a conversation and searches take.

use std::time::Instant;

use anyhow::Result;

use crate::api::{self, Client};
use crate::endpoint::spawn;
use crate::fixture::{Fixture, Words};
use crate::measured::{Figures, Samples};
use crate::server::{Binary, Place, Server};

/// Requests before anything is counted.
const WARM_UP: u32 = 20;

/// A companion on a database of a certain size.
pub struct Pages {
    server: Server,
    _place: Place,
    /// The lengths of the conversations whose pages can be read.
    pub lengths: Vec<u64>,
}

impl Pages {
    pub async fn start(binary: &Binary, messages: u64) -> Result<Self> {
        let fixture = Fixture::of(binary, messages).await?;
        // Nothing is asked of this endpoint.
        let mut place = Place::new(binary, "http://127.0.0.1:9/v1", 1)?;
        place.use_data(&fixture.folder)?;
        let server = place.start().await?;
        Ok(Self { server, _place: place, lengths: fixture.lengths })
    }

    /// Reads the newest page of the conversation of `length` messages, as HTML and by the API.
    pub async fn page(&self, length: u64, samples: u32) -> Result<Figures> {
        let client = &self.server.client;
        let worker = Fixture::conversation(client, length).await?;
        let mut figures = Figures::new();
        let page = format!("/c/{worker}");
        read(client, "page", &page, None, samples, &mut figures).await?;
        read(client, "brotli", &page, Some("br"), samples, &mut figures).await?;
        let transcript = || format!("{}/transcript?limit=50", api::path(worker));
        time(client, "transcript", samples, &mut figures, transcript).await?;
        Ok(figures)
    }

    /// Searches for one word, two and three.
    pub async fn search(&self, samples: u32) -> Result<Figures> {
        let mut figures = Figures::new();
        let (mut words, mut count) = (Words::new(), 0);
        let query = || {
            count += 1;
            let words: Vec<_> = (0..=count % 3).map(|_| words.word()).collect();
            format!("/api/v1/runtimes/backend-internal/search?q={}", words.join("%20"))
        };
        time(&self.server.client, "search", samples, &mut figures, query).await?;
        Ok(figures)
    }

    pub async fn stop(self) -> Result<()> {
        self.server.stop().await
    }
}

/// Reads a file of `bytes` bytes from a server that does nothing else.
pub async fn file(bytes: u64, samples: u32) -> Result<Figures> {
    let (_child, address) = spawn(&["file"]).await?;
    let client = Client::new(address.trim().parse()?)?;
    let mut figures = Figures::new();
    time(&client, "page", samples, &mut figures, || format!("/{bytes}")).await?;
    Ok(figures)
}

/// Reads a page again and again, and adds how long it took until its first and its last bytes.
async fn read(
    client: &Client,
    what: &str,
    path: &str,
    encoding: Option<&str>,
    samples: u32,
    figures: &mut Figures,
) -> Result<()> {
    let (mut first, mut whole, mut bytes) = (Vec::new(), Vec::new(), 0);
    for n in 0..WARM_UP + samples {
        let read = client.page(path, encoding).await?;
        if n >= WARM_UP {
            first.push(read.first.as_secs_f64() * 1000.0);
            whole.push(read.whole.as_secs_f64() * 1000.0);
        }
        bytes = read.bytes;
    }
    add(figures, &format!("{what}_first"), first);
    add(figures, what, whole);
    figures.insert(format!("{what}_bytes"), bytes as f64);
    Ok(())
}

/// Makes requests one after the other, and adds how long they took.
async fn time(
    client: &Client,
    what: &str,
    samples: u32,
    figures: &mut Figures,
    mut path: impl FnMut() -> String,
) -> Result<()> {
    let (mut times, mut bytes) = (Vec::new(), 0);
    for n in 0..WARM_UP + samples {
        let path = path();
        let begun = Instant::now();
        bytes = client.get(&path).await?.len();
        if n >= WARM_UP {
            times.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    add(figures, what, times);
    figures.insert(format!("{what}_bytes"), bytes as f64);
    Ok(())
}

fn add(figures: &mut Figures, what: &str, times: Vec<f64>) {
    let times = Samples::new(times);
    for (name, share) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)] {
        figures.insert(format!("{what}_{name}_ms"), times.at(share));
    }
}
