//! Starts a companion on an image, and checks whether every promise is kept.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

use super::disk::Image;
use super::timeline::Promises;
use crate::client::Client;
use crate::companion::Installation;
use crate::database;

/// Writes an image as the data folder. `None` for a folder that is gone.
pub(super) fn write(data: &Path, image: &Image) -> Result<()> {
    match fs::remove_dir_all(data) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    if image.is_empty() {
        return Ok(());
    }
    fs::create_dir(data)?;
    for (name, content) in image {
        match content {
            Some(content) => fs::write(data.join(name), content)?,
            None => fs::create_dir(data.join(name))?,
        }
    }
    Ok(())
}

/// Checks an image. Errors with what was lost.
pub(super) async fn check(place: &Installation, image: &Image, promises: &Promises) -> Result<()> {
    write(&place.data(), image)?;
    if place.database().exists() {
        database::check(&place.data()).context("the database is not sound")?;
    }
    for (name, content) in image {
        if let (Some(content), true) = (content, is_copy(name)) {
            check_copy(content).with_context(|| format!("the copy {name} is not sound"))?;
        }
    }
    let companion = place.start().await.context("it does not open")?;
    let kept = check_promises(&companion.client, promises).await;
    companion.kill().await?;
    kept?;
    database::check(&place.data()).context("the database is not sound after the start")
}

/// Whether a file is a complete copy of the database from before a migration.
fn is_copy(name: &str) -> bool {
    name.rsplit_once(".before-schema-").is_some_and(|(_, version)| version.parse::<u32>().is_ok())
}

fn check_copy(content: &[u8]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("companion.db"), content)?;
    database::check(folder.path())
}

async fn check_promises(client: &Client, promises: &Promises) -> Result<()> {
    let workers = client.workers().await?;
    let ids: Vec<_> = workers.iter().map(|worker| worker.worker_id).collect();
    if let Some(loss) = promises.ledger.check_workers(&ids).into_iter().next() {
        return Err(loss.into());
    }
    for worker in &workers {
        let id = worker.worker_id;
        ensure!(!worker.unreadable, "the conversation {id} cannot be read");
        // Others were being created or deleted at the cut.
        if !promises.ledger.has_worker(id) {
            continue;
        }
        let whole = client.transcript(id).await?;
        match promises.imported.get(&id) {
            Some(messages) if whole.messages != *messages => {
                bail!("the imported conversation {id} is not what it was");
            }
            Some(_) => {}
            None => {
                if let Some(loss) = promises.ledger.check(id, &whole).into_iter().next() {
                    return Err(loss.into());
                }
            }
        }
    }
    Ok(())
}
