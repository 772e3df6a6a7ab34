//! Checks after a restart that every promise is kept.

use std::time::Duration;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use protocol::api::SendMessage;
use protocol::{MessageId, WorkerId};

use super::speaker::is_busy;
use super::traffic::{SharedObserver, lock};
use crate::client::Client;
use crate::companion::HANG;
use crate::ledger::{Fate, Ledger, Loss, Sent};

/// The number of acknowledged messages that are sent again after each restart.
const AGAIN: usize = 3;

/// Reads everything, sends the unclear messages and some acknowledged ones again, lets observers
/// resume, and reads everything again.
pub(super) async fn audit(
    client: &Client,
    ledger: &mut Ledger,
    workers: &[WorkerId],
    observers: &[SharedObserver],
    rng: &mut Rng,
) -> Result<()> {
    let list: Vec<_> = client.workers().await?.iter().map(|worker| worker.worker_id).collect();
    none(&ledger.check_workers(&list))?;
    // The visitors' conversations are deleted, so that the list stays short.
    for id in list.into_iter().filter(|id| !workers.contains(id)) {
        ledger.deletes(id);
        client.delete(id).await?;
        ledger.deleted(id);
    }
    for worker in workers {
        read(client, ledger, *worker).await?;
    }
    for (id, sent) in ledger.with_fate(|fate| fate == Fate::Unclear) {
        send_again(client, ledger, id, &sent).await?;
    }
    let mut known = ledger.with_fate(|fate| matches!(fate, Fate::Acknowledged(_)));
    rng.shuffle(&mut known);
    for (id, sent) in known.iter().take(AGAIN) {
        send_again(client, ledger, *id, sent).await?;
    }
    for worker in workers {
        let whole = client.settled(*worker).await?;
        none(&ledger.check(*worker, &whole))?;
        for observer in observers.iter().filter(|observer| lock(observer).worker == *worker) {
            let mut resumed = lock(observer).clone();
            resumed.catch_up(client, &whole).await?;
            if let Some(view) = &resumed.view {
                ledger.shows(view)?;
            }
            *lock(observer) = resumed;
        }
    }
    Ok(())
}

/// Errors with the first loss, and the number of further ones.
pub(super) fn none(losses: &[Loss]) -> Result<()> {
    let Some(first) = losses.first() else { return Ok(()) };
    for loss in losses {
        eprintln!("loss: {loss}");
    }
    Err(first.clone()).with_context(|| format!("{} losses", losses.len()))
}

async fn read(client: &Client, ledger: &Ledger, worker: WorkerId) -> Result<()> {
    none(&ledger.check(worker, &client.transcript(worker).await?))
}

/// Sends a message again until it is accepted; the ledger compares the turns.
async fn send_again(
    client: &Client,
    ledger: &mut Ledger,
    id: MessageId,
    sent: &Sent,
) -> Result<()> {
    let message = SendMessage::new(id, sent.text.clone());
    let taken = async {
        loop {
            match client.send(sent.worker, &message).await.map_err(anyhow::Error::from) {
                Err(error) if is_busy(&error) => {}
                answer => return answer,
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let taken = tokio::time::timeout(HANG, taken).await.context("a worker stays busy")?;
    let accepted = taken.with_context(|| format!("{id} was not taken again"))?;
    ledger.acknowledged(id, accepted.turn.turn_id)?;
    Ok(())
}
