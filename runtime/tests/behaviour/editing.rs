//! The reader's own version of an answer stands beside the model's, and no model is asked for it.
//!
//! Users of Open WebUI, where an edit replaced the answer, asked for a copy that is marked
//! (https://github.com/open-webui/open-webui/issues/5477).

use protocol::api::{Accepted, EditAnswer, ForkWorker};
use protocol::{ErrorCode, Role, TurnId, TurnState};
use store::Store as _;

use crate::stage::{Stage, fresh_id, message, soon};

fn request(text: &str) -> EditAnswer {
    EditAnswer { id: TurnId::from_slice(fresh_id().as_bytes()).unwrap(), text: text.to_owned() }
}

/// Adds a version of the turn's answer.
pub(crate) async fn edit(stage: &Stage, turn: TurnId, text: &str) -> Accepted {
    soon(stage.runtime.edit_answer(stage.worker, turn, request(text))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edited_answer_is_a_marked_sibling_and_the_conversation_goes_on_from_it() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let asked = stage.ask_and_answer("q", &["wrong"]).await;
    let edited = edit(&stage, asked.turn_id, "right\n").await;
    let turn = &edited.turn;
    assert_eq!((turn.state, turn.edits), (TurnState::Completed, Some(asked.answer)));
    assert_eq!((&turn.model, &turn.sight, &turn.usage), (&asked.model, &None, &None));
    assert_eq!(edited.message.id, asked.question);
    assert!(stage.script.is_quiet(), "no model is asked");

    let view = stage.snapshot().await;
    let texts: Vec<_> = view.messages.iter().map(|m| (m.role, m.text.as_str())).collect();
    assert_eq!(
        texts,
        [(Role::User, "q"), (Role::Assistant, "wrong"), (Role::Assistant, "right\n")]
    );
    assert_eq!(view.messages[1].parent, view.messages[2].parent);
    assert_eq!(view.turn(turn.turn_id), Some(turn));
    watcher.until(|seen| seen.seq == view.seq).await;
    assert_eq!(*watcher.view(), view, "observers see the same");
    drop(watcher);
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await;
    assert_eq!(input.unwrap_err().code, ErrorCode::NotFound);

    let (accepted, call) = stage.ask("go on").await;
    let sent: Vec<_> = call.request.messages.iter().map(|m| m.text.trim()).collect();
    assert_eq!(sent, ["q", "right", "go on"]);
    call.answer(&["ok"]).await;
    stage.ended(&accepted).await;
    // A version of a version, and what the copy and the export have of them.
    let again = edit(&stage, turn.turn_id, "better").await;
    assert_eq!(again.turn.edits, Some(turn.answer));
    let copy = ForkWorker { message_id: again.turn.answer, title: None };
    let copy = soon(stage.runtime.fork(stage.worker, copy)).await.unwrap();
    for id in [stage.worker, copy.worker_id] {
        let whole = stage.store.whole(id).await.unwrap().unwrap();
        assert!(transfer::exportable(whole).is_some(), "the log is sound");
    }
    let worker = stage.worker;
    let log = stage.log().await;
    let mut stage = stage.reopened(|_| {}).await;
    stage.worker = worker;
    assert_eq!(stage.log().await, log);
    assert_eq!(stage.snapshot().await.turn(turn.turn_id), Some(turn));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_edit_adds_one_version() {
    let mut stage = Stage::new().await;
    let asked = stage.ask_and_answer("q", &["a"]).await;
    let request = request("mine");
    let edit =
        |request: EditAnswer| stage.runtime.edit_answer(stage.worker, asked.turn_id, request);
    let first = soon(edit(request.clone())).await.unwrap();
    let log = stage.log().await;
    let second = soon(edit(request.clone())).await.unwrap();
    assert_eq!(first.turn, second.turn);
    let other = EditAnswer { text: "another".to_owned(), ..request.clone() };
    assert_eq!(soon(edit(other)).await.unwrap_err().code, ErrorCode::InvalidInput);
    // The id of a turn that a model answered is no edit.
    let taken = EditAnswer { id: asked.turn_id, ..request };
    assert_eq!(soon(edit(taken)).await.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(stage.log().await, log);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_stored_of_an_edit_that_is_refused() {
    let mut stage = Stage::new().await;
    let asked = stage.ask_and_answer("q", &["a"]).await;
    let log = stage.log().await;
    let edit = |turn, text: &str| stage.runtime.edit_answer(stage.worker, turn, request(text));
    assert_eq!(soon(edit(asked.turn_id, " \n")).await.unwrap_err().code, ErrorCode::InvalidInput);
    let unknown = TurnId::from_slice(fresh_id().as_bytes()).unwrap();
    assert_eq!(soon(edit(unknown, "x")).await.unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(stage.log().await, log);
    let (_, _running) = stage.ask("and?").await;
    let edit = |turn, text: &str| stage.runtime.edit_answer(stage.worker, turn, request(text));
    assert_eq!(soon(edit(asked.turn_id, "x")).await.unwrap_err().code, ErrorCode::Busy);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edit_of_an_earlier_answer_begins_another_branch() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    stage.ask_and_answer("two", &["dos"]).await;
    let edited = edit(&stage, first.turn_id, "eins").await;
    let (_, call) = stage.ask("drei?").await;
    let sent: Vec<_> = call.request.messages.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(sent, ["one", "eins", "drei?"]);
    let send = protocol::api::SendMessage { parent: Some(edited.turn.answer), ..message("x") };
    assert_eq!(
        soon(stage.runtime.send(stage.worker, send)).await.unwrap_err().code,
        ErrorCode::Busy
    );
}
