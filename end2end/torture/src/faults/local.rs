//! The faults of the local model.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};
use protocol::ProviderKind::ContextLength;
use protocol::{Turn, TurnState};

use super::report::Line;
use super::row::Promise;
use super::trial::{Trial, judge, message};
use crate::companion::{Companion, Installation};

/// Plays all rows.
pub(super) async fn play(binary: &Path) -> Result<Vec<Line>> {
    let model = model_file()?;
    let whole = std::fs::read(&model).context("the default model cannot be read")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("model.gguf");
    let mut lines = Vec::new();
    for (name, content) in [
        ("local: the file is gone", None),
        ("local: the file is truncated", Some(&whole[..whole.len() / 2])),
        ("local: the file is not GGUF", Some(&b"PK\x03\x04 an archive"[..])),
    ] {
        lines.push(spoiled(binary, &file, &whole, name, content).await?);
    }
    lines.extend(overtaxed(binary, &model).await?);
    Ok(lines)
}

/// The model's file is damaged after the start and before it is loaded; then it is repaired.
async fn spoiled(
    binary: &Path,
    file: &Path,
    whole: &[u8],
    name: &'static str,
    content: Option<&[u8]>,
) -> Result<Line> {
    std::fs::write(file, whole)?;
    let lines = format!("provider = \"local\"\nmodel_file = {:?}\nretry_ms = 40\n", file);
    let place = Installation::new(binary, &lines)?;
    let result = async {
        let companion = place.start().await?;
        let worker = companion.client.create().await?.worker_id;
        match content {
            Some(content) => std::fs::write(file, content)?,
            None => std::fs::remove_file(file)?,
        }
        let name_of_file = file.to_string_lossy();
        let begun = Instant::now();
        let sent = companion.client.send(worker, &message("Hello?")).await;
        let mut line = match sent {
            // The problem was found before anything was stored.
            Err(failure) => Line::refused(name, &failure, begun.elapsed()),
            Ok(accepted) => {
                let trial =
                    Trial::follow(&companion.client, worker, &accepted, begun, |_, _| false)
                        .await?;
                judge(name, &Promise::unavailable(), &trial, &[&name_of_file])
            }
        };
        std::fs::write(file, whole)?;
        let again = Trial::again(&companion.client, worker, "Say yes.").await?;
        line.expect("the next answer", &TurnState::Completed, &again.turn.state);
        companion.kill().await?;
        Ok(line)
    };
    let result = result.await;
    place.close(result)
}

/// A prompt that is too long, and turns that are cancelled in the middle of long work.
async fn overtaxed(binary: &Path, model: &Path) -> Result<Vec<Line>> {
    let lines = format!("provider = \"local\"\nmodel_file = {model:?}\ncontext_tokens = 2048\n");
    let place = Installation::new(binary, &lines)?;
    let result = async {
        let companion = place.start().await?;
        let mut lines = Vec::new();
        let long = "one two three four ".repeat(1_600);
        let trial = Trial::of(&companion.client, &long).await?;
        let promise = Promise::fails(ContextLength);
        let mut line = judge("local: context exceeded", &promise, &trial, &[]);
        answers(&companion, &trial, &mut line).await?;
        lines.push(line);

        // About 800 tokens, which take the model a while to read.
        let much = format!("Repeat this: {}", "one two three four ".repeat(190));
        let reading =
            |turn: &Turn, text: &str| turn.state == TurnState::Generating && text.is_empty();
        let writing = |_: &Turn, text: &str| !text.is_empty();
        lines.push(stopped(&companion, "local: cancelled in prefill", &much, reading).await?);
        let tale = "Tell me a long story about a ship.";
        lines.push(stopped(&companion, "local: cancelled in decoding", tale, writing).await?);
        companion.kill().await?;
        Ok(lines)
    };
    let result = result.await;
    place.close(result)
}

async fn stopped(
    companion: &Companion,
    name: &'static str,
    question: &str,
    enough: impl Fn(&Turn, &str) -> bool,
) -> Result<Line> {
    let worker = companion.client.create().await?.worker_id;
    let trial = Trial::stopped(&companion.client, worker, question, enough).await?;
    let mut line = judge(name, &Promise::cancelled(), &trial, &[]);
    answers(companion, &trial, &mut line).await?;
    Ok(line)
}

/// Checks that the same conversation is answered again.
async fn answers(companion: &Companion, trial: &Trial, line: &mut Line) -> Result<()> {
    let again = Trial::again(&companion.client, trial.worker, "Say yes.").await?;
    line.expect("the next answer", &TurnState::Completed, &again.turn.state);
    Ok(())
}

/// The path of the default model, found in the same way as the companion does.
fn model_file() -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    let cache = cache.filter(|cache| cache.is_absolute()).or(home).context("no cache folder")?;
    let folder = cache.join("companion/models");
    let files = std::fs::read_dir(&folder).context("there is no folder of models")?;
    let file = files.filter_map(Result::ok).map(|entry| entry.path());
    let is_model = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "gguf");
    file.into_iter().find(is_model).context("the default model is not there")
}
