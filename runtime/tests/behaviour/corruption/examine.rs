//! The operations that must still work, whatever a single damaged row holds.

use std::collections::HashSet;
use std::fmt::Debug;

use protocol::api::SendMessage;
use protocol::{TurnState, WorkerId};
use runtime::{Export, UsagePeriod};
use store::VisibilityFilter;
use tempfile::TempDir;

use super::{HANG, SOUND};
use crate::stage::{Setting, Stage, fresh_id, soon};

/// Opens the folder and uses it like a person who finds a damaged conversation in it. The error
/// names the step that failed, and how.
pub(super) async fn examine(folder: TempDir) -> Result<(), String> {
    let mut stage = Stage::open(Setting::default(), folder).await.map_err(|e| at("start", e))?;
    let sound = lists(&stage).await?;
    stage.worker = sound.sound;
    answers(&mut stage).await?;
    shows(&stage, &sound.all).await?;
    exports(&stage).await?;
    removes(&mut stage, sound).await?;
    // After the deletions, everything that is left works.
    let mut stage = stage.try_reopened().await.map_err(|e| at("start again", e))?;
    let left = lists(&stage).await?;
    if left.all != [left.sound] {
        return Err(at("start again", left.all));
    }
    stage.worker = left.sound;
    answers(&mut stage).await?;
    // Otherwise the threads of its database would stay, in each of the thousands of cases.
    tokio::time::timeout(HANG, stage.closed()).await.map_err(|e| at("close", e))
}

struct Listed {
    all: Vec<WorkerId>,
    sound: WorkerId,
    deleted: Vec<WorkerId>,
}

/// Reads every list, page by page.
async fn lists(stage: &Stage) -> Result<Listed, String> {
    let (mut all, mut deleted, mut sound) = (Vec::new(), Vec::new(), None);
    let archived = VisibilityFilter::Only(protocol::Visibility::Archived);
    let pinned = VisibilityFilter::Only(protocol::Visibility::Pinned);
    for places in [VisibilityFilter::InView, archived, pinned] {
        let mut before = None;
        for pages in 0.. {
            let page = stage.runtime.workers_at(places, before.as_deref(), 1).await;
            let page = page.map_err(|e| at("list", e))?;
            for worker in page.workers {
                if worker.title.as_deref() == Some(SOUND) {
                    sound = Some(worker.worker_id);
                }
                if places != pinned {
                    all.push(worker.worker_id);
                }
            }
            before = page.next_before;
            if before.is_none() {
                break;
            }
            if pages > 50 {
                return Err(at("list", "it never ends"));
            }
        }
    }
    let mut before = None;
    for pages in 0.. {
        let page = stage.runtime.deleted(before.as_deref(), 1).await;
        let page = page.map_err(|e| at("list the deleted", e))?;
        deleted.extend(page.deleted.iter().map(|deleted| deleted.worker.worker_id));
        before = page.next_before;
        if before.is_none() {
            break;
        }
        if pages > 50 {
            return Err(at("list the deleted", "it never ends"));
        }
    }
    if all.iter().collect::<HashSet<_>>().len() != all.len() {
        return Err(at("list", format!("one is there twice: {all:?}")));
    }
    let sound = sound.ok_or_else(|| at("list", "the sound one is not there"))?;
    stage.runtime.summary().await.map_err(|e| at("summary", e))?;
    Ok(Listed { all, sound, deleted })
}

/// The sound conversation answers a message and can be found.
async fn answers(stage: &mut Stage) -> Result<(), String> {
    let id = fresh_id();
    let request = SendMessage::new(id, "go on".to_owned());
    let accepted = soon(stage.runtime.send(stage.worker, request)).await;
    let accepted = accepted.map_err(|e| at("answer", e))?;
    stage.script.call().await.answer(&["of ", "course"]).await;
    let turn = stage.ended(&accepted).await;
    if turn.state != TurnState::Completed {
        return Err(at("answer", turn));
    }
    let found = loop {
        let found = stage.runtime.search(SOUND, None, None, 50).await;
        let found = found.map_err(|e| at("search", e))?;
        // On a busy machine a search may run out of time, and says so. The case has a time limit.
        if !found.cut_short || !found.hits.is_empty() {
            break found;
        }
    };
    if !found.hits.iter().any(|hit| hit.worker.worker_id == stage.worker) {
        return Err(at("search", "what the sound one says is not found"));
    }
    // What was used is summed up from all logs, damaged ones included, and has the sound one.
    let used = stage.runtime.usage(UsagePeriod::default()).await.map_err(|e| at("sum up", e))?;
    if used.total.answers == 0 && !used.cut_short {
        return Err(at("sum up", "what the sound one used is missing"));
    }
    // This search finds damaged conversations in the index, and must not fail because of them.
    let found = stage.runtime.search("struckquestion", None, None, 50).await;
    found.map(drop).map_err(|e| at("search", e))
}

/// Each conversation is shown, or reported as unreadable.
async fn shows(stage: &Stage, all: &[WorkerId]) -> Result<(), String> {
    for id in all {
        stage.runtime.worker(*id).await.map_err(|e| at("look at one", e))?;
        stage.runtime.snapshot(*id).await.map_err(|e| at("page of one", e))?;
        let mut observation =
            stage.runtime.observe(*id, None).await.map_err(|e| at("follow one", e))?;
        soon(observation.next()).await.ok_or_else(|| at("follow one", "nothing is told"))?;
        // These may fail because something cannot be read, but must not hang.
        let _ = soon(stage.runtime.transcript(*id, None, 10)).await;
        let _ = soon(stage.runtime.search("struckquestion", Some(*id), None, 5)).await;
    }
    Ok(())
}

/// All conversations can be exported, and the export can be read.
async fn exports(stage: &Stage) -> Result<(), String> {
    let lines = whole(stage.runtime.export().map_err(|e| at("export", e))?).await?;
    transfer::read(&lines).map(drop).map_err(|e| at("export", format!("unreadable: {e}")))
}

async fn whole(mut export: Export) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(piece) = soon(export.next()).await {
        bytes.extend(piece.map_err(|e| at("export", e))?);
    }
    Ok(bytes)
}

/// Every conversation except the sound one can be purged.
async fn removes(stage: &mut Stage, listed: Listed) -> Result<(), String> {
    let Listed { all, sound, deleted } = listed;
    for id in all.into_iter().filter(|id| *id != sound) {
        soon(stage.runtime.delete(id)).await.map_err(|e| at("delete", e))?;
        soon(stage.runtime.delete_for_good(id)).await.map_err(|e| at("delete for good", e))?;
    }
    for id in deleted {
        soon(stage.runtime.delete_for_good(id)).await.map_err(|e| at("delete for good", e))?;
    }
    let left = lists(stage).await?;
    if left.all != [sound] || !left.deleted.is_empty() {
        return Err(at("delete", format!("there are still {:?}, {:?}", left.all, left.deleted)));
    }
    Ok(())
}

fn at(step: &str, error: impl Debug) -> String {
    format!("{step}: {error:?}")
}
