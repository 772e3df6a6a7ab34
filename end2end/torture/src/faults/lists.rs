//! Hostile lists of models. The page with the models requests each list, and a message to the same
//! endpoint must still be answered.
//!
//! The server caches a list for a while, so each row starts a companion of its own.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::json;
use upstream::{Script, Step, Upstream};

use super::endpoint::{KEY, PEAK_BYTES};
use super::report::Line;
use super::row::Promise;
use super::steps::{endless, refusal, respond, wire};
use super::trial::{Trial, judge};
use crate::companion::{Companion, HANG, Installation, answered_by};

/// The most models in one list: the 200 that the server offers, and the configured one.
const MODELS: usize = 201;

/// Plays all rows.
pub(super) async fn play(binary: &Path) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let elsewhere = Upstream::start().await?;
    for (name, script) in scripts(&elsewhere.base_url()) {
        let upstream = Upstream::start().await?;
        upstream.script(script);
        let key = "api_key_file = \"key\"\n";
        let place = Installation::new(binary, &format!("{key}{}", answered_by(&upstream)))?;
        place.file("key", KEY)?;
        let line = play_in(&place, &upstream, name).await.with_context(|| format!("{name:?}"));
        lines.push(place.close(line)?);
    }
    let leaked = elsewhere.log().requests.len();
    anyhow::ensure!(leaked == 0, "a redirect was followed: {leaked} requests elsewhere");
    Ok(lines)
}

async fn play_in(place: &Installation, upstream: &Upstream, name: &'static str) -> Result<Line> {
    let companion = place.start().await?;
    let memory = companion.memory()?;
    let work = async {
        let listed = get(&companion, "/api/v1/models").await?;
        Ok((listed, get(&companion, "/new").await?))
    };
    let ((listed, page), peak) = companion.watched(work).await?;
    let trial = Trial::of(&companion.client, "Hello?").await?;

    let own = upstream.base_url();
    let hidden = [KEY, "internal.example", own.trim_start_matches("http://")];
    let promise = Promise::completed().keeps("You said: Hello?");
    let mut line = judge(name, &promise, &trial, &hidden);
    line.at_most("bytes of memory at its peak", peak.saturating_sub(memory), PEAK_BYTES);
    let list: serde_json::Value = serde_json::from_str(&listed)?;
    let providers = list["providers"].as_array().map(Vec::as_slice).unwrap_or_default();
    line.expect("a list of providers", &true, &!providers.is_empty());
    for provider in providers {
        let models = provider["models"].as_array().map_or(0, Vec::len);
        line.at_most("models that are offered", models as u64, MODELS as u64);
    }
    for word in hidden {
        let shown = listed.contains(word) || page.contains(word);
        line.expect(&format!("{word:?} shown"), &false, &shown);
    }
    companion.kill().await?;
    Ok(line)
}

async fn get(companion: &Companion, path: &str) -> Result<String> {
    let asked = reqwest::get(format!("http://{}{path}", companion.address));
    let answer = tokio::time::timeout(HANG, asked).await.context("no response comes")??;
    anyhow::ensure!(answer.status() == 200, "{path} is answered with {}", answer.status());
    Ok(answer.text().await?)
}

fn scripts(elsewhere: &str) -> Vec<(&'static str, Script)> {
    let plays = |list: Vec<Step>| Script { list, ..Script::default() };
    let offers = |models: Vec<String>| Script { models, ..Script::default() };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let many = (0..100_000).map(|n| format!("model-{n}")).collect();
    let deep = format!("{{\"data\":{}", "[".repeat(1 << 20));
    vec![
        ("a list of 100,000 models", offers(many)),
        ("a list of one name of 1 MiB", offers(vec!["x".repeat(1 << 20)])),
        ("a list without end", {
            let begun = format!("{head}\r\n{{\"data\":[");
            plays(vec![wire(&begun), endless("{\"id\":\"one more\"},")])
        }),
        ("a list with headers without end", plays(vec![wire(head), endless("x-filler: one\r\n")])),
        ("a list that never comes", plays(vec![Step::Silent])),
        ("a list that is elsewhere", {
            plays(respond(302, ("location", &format!("{elsewhere}/models")), ""))
        }),
        ("a list that is a file", plays(respond(302, ("location", "file:///etc/passwd"), ""))),
        ("a list of lists within lists", {
            plays(respond(200, ("content-type", "application/json"), &deep))
        }),
        ("a list of what are no models", {
            let data = json!({ "data": [null, 7, [], {}, { "id": 7 }, { "id": "\u{0}" }] });
            plays(vec![Step::json(200, &data)])
        }),
        ("the key in the names of models", {
            offers(vec![KEY.to_owned(), format!("proxy/{KEY}:free"), "scripted".to_owned()])
        }),
        ("the key instead of a list", plays(refusal(401, &format!("{KEY} at internal.example")))),
    ]
}
