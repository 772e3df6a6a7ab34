//! Exports of conversations, in pieces and within limits.

use protocol::ErrorCode;
use protocol::api::CreateWorker;
use runtime::{Export, ExportForm};
use store::Store as _;
use transfer::{Writer, markdown};

use crate::stage::{Stage, soon};

async fn pieces(mut export: Export) -> Vec<Vec<u8>> {
    let mut pieces = Vec::new();
    while let Some(piece) = soon(export.next()).await {
        pieces.push(piece.unwrap());
    }
    assert!(export.next().await.is_none());
    pieces
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_exported_completely_in_pieces() {
    let mut stage = Stage::new().await;
    for _ in 0..120 {
        stage.ask_and_answer(&"a question ".repeat(100), &["an answer"]).await;
    }
    let whole = stage.store.whole(stage.worker).await.unwrap().unwrap();
    let mut lines = Vec::new();
    let mut writer = Writer::begin(&mut lines);
    writer.conversation(&whole, &mut lines);
    writer.end(&mut lines);
    for (form, expected) in
        [(ExportForm::Lines, lines), (ExportForm::Markdown, markdown(&whole).into_bytes())]
    {
        let (title, export) = stage.runtime.export_one(stage.worker, form).await.unwrap();
        assert_eq!(title, whole.worker.title);
        let pieces = pieces(export).await;
        let longest = pieces.iter().map(Vec::len).max().unwrap();
        assert!(pieces.len() > 2 && longest < 80 * 1024, "{} of {longest}", pieces.len());
        assert!(pieces.concat() == expected, "{form:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_all_contains_every_conversation() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("q", &["a"]).await;
    stage.runtime.create(CreateWorker::default()).await.unwrap();
    let lines = pieces(stage.runtime.export().unwrap()).await.concat();
    let mut ids: Vec<_> = transfer::read(&lines).unwrap();
    ids.sort_by_key(|log| log.worker.worker_id);
    assert_eq!(ids.len(), 2);
    for log in ids {
        let stored = stage.store.whole(log.worker.worker_id).await.unwrap().unwrap();
        assert_eq!(log.events, stored.events);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_most_four_exports_run_at_once() {
    let stage = Stage::new().await;
    let (runtime, id) = (&stage.runtime, stage.worker);
    let one = async |form| runtime.export_one(id, form).await.map(|(_, export)| export);
    let mut held = vec![
        runtime.export().unwrap(),
        one(ExportForm::Lines).await.unwrap(),
        one(ExportForm::Markdown).await.unwrap(),
        one(ExportForm::Markdown).await.unwrap(),
    ];
    // An export that has returned all its pieces still counts until it is dropped.
    while let Some(piece) = held[3].next().await {
        piece.unwrap();
    }
    for _ in 0..2 {
        for refused in [
            runtime.export().err(),
            one(ExportForm::Lines).await.err(),
            one(ExportForm::Markdown).await.err(),
        ] {
            let error = refused.unwrap();
            assert_eq!(error.code, ErrorCode::RateLimited);
            assert!(error.retry_after_ms.is_some());
        }
        held.pop();
        held.push(one(ExportForm::Lines).await.unwrap());
    }
}
