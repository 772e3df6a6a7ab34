//! How long searches take, one after the other, through the API.

use std::fmt::Write as _;
use std::time::Instant;

use anyhow::{Context as _, Result};
use protocol::api::SearchPage;

use crate::fixture::{Fixture, Words, rare};
use crate::measured::{Figures, Measured, Samples, short};
use crate::server::{Binary, Place, Server};

/// Searches of a kind before anything is counted.
const WARM_UP: u32 = 5;

/// The numbers of rare words that few messages have, and of those that hardly any has.
const RARE: (u64, u64) = (20_000, 200_000);

/// What people search for.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A word that many messages have.
    Common,
    /// A word that few messages have, or none.
    Rare,
    /// A word that no message has, of parts that many have.
    Absent,
    /// Two words that many messages have.
    TwoWords,
    /// A common word and a rare one.
    CommonAndRare,
    /// Four words that stand beside each other in a message.
    Phrase,
    /// Japanese, of two to nine letters.
    Japanese,
}

/// All kinds, with their names in the figures.
pub const KINDS: [(&str, Kind); 7] = [
    ("common", Kind::Common),
    ("rare", Kind::Rare),
    ("absent", Kind::Absent),
    ("two-words", Kind::TwoWords),
    ("common-and-rare", Kind::CommonAndRare),
    ("phrase", Kind::Phrase),
    ("japanese", Kind::Japanese),
];

/// Headings and figures of the page's table.
const FIGURES: [(&str, &str); 6] = [
    ("p50 ms", "p50_ms"),
    ("p95 ms", "p95_ms"),
    ("p99 ms", "p99_ms"),
    ("max ms", "max_ms"),
    ("hits on a page", "hits_per_search"),
    ("cut short", "cut_short_share"),
];

/// A companion on a database of a certain size.
pub struct Searches {
    server: Server,
    _place: Place,
    words: Words,
    /// The times of all kinds.
    times: Vec<f64>,
}

impl Searches {
    pub async fn start(binary: &Binary, messages: u64) -> Result<Self> {
        let place = Place::new(binary, "http://127.0.0.1:9/v1", 1)?;
        Fixture::of(binary, messages).await?.copy_to(&place.data())?;
        let server = place.start().await?;
        Ok(Self { server, _place: place, words: Words::new(), times: Vec::new() })
    }

    /// Searches `samples` times for something of a kind.
    pub async fn run(&mut self, kind: Kind, samples: u32) -> Result<Figures> {
        let (mut times, mut hits, mut cut_short) = (Vec::new(), 0, 0);
        for n in 0..WARM_UP + samples {
            let query = self.query(kind);
            let path = format!("/api/v1/runtimes/backend-internal/search?q={}", percent(&query));
            let begun = Instant::now();
            let answer = self.server.client.get(&path).await?;
            let took = begun.elapsed().as_secs_f64() * 1000.0;
            let page: SearchPage = serde_json::from_slice(&answer).context("a page of hits")?;
            if n >= WARM_UP {
                times.push(took);
                hits += page.hits.len();
                cut_short += u32::from(page.cut_short);
            }
        }
        self.times.extend(&times);
        let mut figures = percentiles(times);
        figures.insert("hits_per_search".to_owned(), hits as f64 / f64::from(samples));
        figures.insert("cut_short_share".to_owned(), f64::from(cut_short) / f64::from(samples));
        Ok(figures)
    }

    /// The figures of all searches together, and the memory after them.
    pub async fn stop(self) -> Result<Figures> {
        let mut figures = percentiles(self.times);
        let private = self.server.process.memory()?.private as f64 / f64::from(1 << 20);
        figures.insert("private_mib".to_owned(), private);
        self.server.stop().await?;
        Ok(figures)
    }

    fn query(&mut self, kind: Kind) -> String {
        let words = &mut self.words;
        match kind {
            Kind::Common => words.word().to_owned(),
            Kind::Rare => rare(words.number(RARE.1 - RARE.0) + RARE.0),
            // Rare words have three syllables.
            Kind::Absent => {
                let [first, second] = [(); 2].map(|()| rare(words.number(4900)));
                format!("{}{second}", &first[..4])
            }
            Kind::TwoWords => format!("{} {}", words.word(), words.word()),
            Kind::CommonAndRare => {
                format!("{} {}", words.word(), rare(words.number(RARE.0)))
            }
            Kind::Phrase => words.sentence(4),
            Kind::Japanese => {
                const QUERIES: [&str; 6] =
                    ["天気", "東京の天気", "翻訳", "索引", "予定を確認", "美味しいラーメン"];
                QUERIES[words.number(QUERIES.len() as u64) as usize].to_owned()
            }
        }
    }
}

/// The page's table of the kinds of searches.
pub fn table(measured: &Measured) -> String {
    let mut rows = String::new();
    for (name, _) in KINDS {
        let kind = format!("in-{name}");
        for (size, of) in measured.sizes("search", &kind) {
            let figure = |name: &str| {
                let figure = measured.median("search", &kind, size, &of, name);
                figure.map_or("-".to_owned(), short)
            };
            let figures = FIGURES.map(|(_, name)| figure(name)).join(" | ");
            let _ = writeln!(rows, "| {name} | {size} | {of} | {figures} |");
        }
    }
    if rows.is_empty() {
        return rows;
    }
    let headings = FIGURES.map(|(heading, _)| heading).join(" | ");
    let lines = "| --- ".repeat(3 + FIGURES.len());
    format!(
        "## Searches by kind\n\nOne search after the other, by the API, each for other words. `absent` is a word that no \
         message has, of parts that many have; `phrase` is four words of a sentence. A search that takes longer than half a \
         second is cut short.\n\n| kind | messages | | {headings} |\n{lines}|\n{rows}\n"
    )
}

fn percentiles(times: Vec<f64>) -> Figures {
    let times = Samples::new(times);
    let shares = [("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99), ("max_ms", 1.0)];
    shares.map(|(name, share)| (name.to_owned(), times.at(share))).into()
}

/// Encodes a query for a URL.
fn percent(text: &str) -> String {
    let bytes = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded() {
        assert_eq!(percent("a 天"), "a%20%E5%A4%A9");
    }
}
