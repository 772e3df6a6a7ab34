//! A conversation belongs to one account. For all others it does not exist, whatever is asked of it
//! (invariant 14).

use protocol::api::{AskAgain, CreateWorker, EditAnswer, ForkWorker, PatchMessage};
use protocol::{
    AccountId, AccountRole, CloseReason, Error, ErrorCode, ListFrame, TurnId, Visibility,
};
use runtime::{Access, ConflictPolicy, ExportForm, ModelPatch, Patch, Principal, Unsound};

use crate::stage::{Setting, Stage, message, soon, still_waits};
use crate::watcher::Watcher;

/// The runtime as another account sees it.
fn other(stage: &Stage) -> Access {
    let account = AccountId::new(2).unwrap();
    stage.runtime.access(Principal { account, role: AccountRole::Member })
}

/// Without the value, whose type differs from call to call.
fn refusal<T>(done: Result<T, Error>) -> Option<ErrorCode> {
    done.err().map(|error| error.code)
}

async fn export_of(access: &Access) -> String {
    let mut export = access.export().unwrap();
    let mut whole = Vec::new();
    while let Some(piece) = export.next().await {
        whole.extend(piece.unwrap());
    }
    String::from_utf8(whole).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_for_another_accounts_conversation_is_not_found_and_changes_nothing() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("between us", &["a ", "secret"]).await;
    let (id, question) = (stage.worker, turn.question);
    let before = stage.log().await;
    let them = other(&stage);
    let id_of_turn = TurnId::from_parts(1, [7; 10]);
    let again = AskAgain::new(id_of_turn, question);
    let fork = ForkWorker { message_id: question, title: None };
    let edit = EditAnswer { id: id_of_turn, text: "mine".to_owned() };
    let omit = PatchMessage { omitted: true };
    for round in ["while it is there", "after it was deleted"] {
        let refusals = [
            ("worker", refusal(soon(them.worker(id)).await)),
            ("instructions", refusal(soon(them.instructions(id)).await)),
            ("snapshot", refusal(soon(them.snapshot(id)).await)),
            ("transcript", refusal(soon(them.transcript(id, None, 10)).await)),
            ("transcript_around", refusal(soon(them.transcript_around(id, question, 10)).await)),
            ("turn", refusal(soon(them.turn(id, turn.turn_id)).await)),
            ("turn_input", refusal(soon(them.turn_input(id, turn.turn_id)).await)),
            ("observe", refusal(soon(them.observe(id, None)).await)),
            ("search", refusal(soon(them.search("secret", Some(id), None, 10)).await)),
            ("send", refusal(soon(them.send(id, message("hello"))).await)),
            ("ask_again", refusal(soon(them.ask_again(id, again.clone())).await)),
            ("edit_answer", refusal(soon(them.edit_answer(id, turn.turn_id, edit.clone())).await)),
            ("patch_message", refusal(soon(them.patch_message(id, question, omit.clone())).await)),
            ("fork", refusal(soon(them.fork(id, fork.clone())).await)),
            ("cancel", refusal(soon(them.cancel(id)).await)),
            ("stop", refusal(soon(them.stop(id)).await)),
            ("rename", refusal(soon(them.rename(id, Some("mine".into()))).await)),
            ("place", refusal(soon(them.place(id, Visibility::Archived)).await)),
            ("choose", refusal(soon(them.choose(id, ModelPatch::default())).await)),
            ("patch", refusal(soon(them.patch(id, Patch::default())).await)),
            ("delete", refusal(soon(them.delete(id)).await)),
            ("delete_for_good", refusal(soon(them.delete_for_good(id)).await)),
            ("restore", refusal(soon(them.restore(id)).await)),
            ("export_one", refusal(soon(them.export_one(id, ExportForm::Lines)).await)),
            ("as text", refusal(soon(them.export_one(id, ExportForm::Markdown)).await)),
        ];
        for (call, refused) in refusals {
            assert_eq!(refused, Some(ErrorCode::NotFound), "{call} {round}");
        }
        assert_eq!(soon(them.deleted_one(id)).await.unwrap(), None, "{round}");
        assert!(soon(them.deleted(None, 10)).await.unwrap().deleted.is_empty(), "{round}");
        assert!(soon(them.search("secret", None, None, 10)).await.unwrap().hits.is_empty());
        let listed = soon(them.workers(None, 10)).await.unwrap().workers;
        assert!(listed.len() == 1 && listed[0].worker_id != id, "one of its own, {round}");
        assert!(!export_of(&them).await.contains("secret"));
        if round == "while it is there" {
            assert_eq!(stage.log().await, before);
            soon(stage.runtime.delete(id)).await.unwrap();
        }
    }
    let back = soon(stage.runtime.restore(id)).await.unwrap();
    assert_eq!(back.worker_id, id);
    assert_eq!(stage.log().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_account_has_a_list_with_a_conversation_of_its_own() {
    let stage = Stage::new().await;
    let them = other(&stage);
    let theirs = soon(them.workers(None, 10)).await.unwrap().workers;
    assert_eq!(theirs.len(), 1);
    let ours = soon(stage.runtime.workers(None, 10)).await.unwrap().workers;
    assert_eq!(ours.iter().map(|worker| worker.worker_id).collect::<Vec<_>>(), [stage.worker]);
    assert_eq!(soon(them.summary()).await.unwrap().workers, 1);
    // Deleting the last one makes another for the same account.
    soon(them.delete(theirs[0].worker_id)).await.unwrap();
    let after = soon(them.workers(None, 10)).await.unwrap().workers;
    assert!(after.len() == 1 && after[0].worker_id != theirs[0].worker_id);
    assert_eq!(soon(stage.runtime.workers(None, 10)).await.unwrap().workers, ours);
    // The lists are the same after a restart.
    drop(them);
    let stage = stage.reopened(|_| {}).await;
    assert_eq!(soon(other(&stage).workers(None, 10)).await.unwrap().workers, after);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_turns_are_counted_for_their_own_account() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("how many?").await;
    call.begin().await;
    assert_eq!(soon(stage.runtime.summary()).await.unwrap().running, 1);
    assert_eq!(soon(other(&stage).summary()).await.unwrap().running, 0);
    call.finish().await;
    stage.ended(&accepted).await;
}

/// Neither a change nor a cursor tells how much another account does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn followers_of_a_list_hear_nothing_of_other_accounts() {
    let mut stage = Stage::new().await;
    let them = other(&stage);
    // The first page makes a conversation, so its cursor comes before that.
    soon(them.workers(None, 10)).await.unwrap();
    let page = soon(them.workers(None, 10)).await.unwrap();
    let mut list = them.observe_list(page.cursor.as_ref()).unwrap();
    let hello = soon(list.next()).await.unwrap();
    assert!(matches!(hello, ListFrame::Hello { resumed: true, .. }), "{hello:?}");
    let mut all = stage.runtime.observe_all_lists().unwrap();
    soon(all.next()).await.unwrap();
    {
        let mut told = Box::pin(list.next());
        still_waits(&mut told, async {
            stage.ask_and_answer("a busy day", &["yes"]).await;
            let made = stage.runtime.create(CreateWorker::default()).await.unwrap();
            stage.runtime.delete(made.worker_id).await.unwrap();
            stage.runtime.restore(made.worker_id).await.unwrap();
        })
        .await;
    }
    assert_eq!(soon(them.workers(None, 10)).await.unwrap().cursor, page.cursor);
    // The caches of the process hear of it.
    assert!(matches!(soon(all.next()).await, Some(ListFrame::Worker { .. })));
    let made = soon(them.create(CreateWorker::default())).await.unwrap();
    let frame = soon(list.next()).await.unwrap();
    assert!(matches!(&frame, ListFrame::Worker { worker, .. } if **worker == made), "{frame:?}");
    // A cursor of another account's list fits no position of this one.
    let ours = soon(stage.runtime.workers(None, 10)).await.unwrap().cursor;
    let mut foreign = them.observe_list(ours.as_ref()).unwrap();
    let hello = soon(foreign.next()).await.unwrap();
    assert!(matches!(hello, ListFrame::Hello { resumed: false, .. }), "{hello:?}");
    soon(stage.runtime.shutdown()).await;
    let closed = soon(list.next()).await;
    assert!(matches!(closed, Some(ListFrame::Close { reason: CloseReason::Shutdown })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_of_one_account_becomes_a_copy_of_another() {
    let mut stage = Stage::new().await;
    stage.ask_and_answer("what is mine", &["is ", "yours"]).await;
    let exported = export_of(&stage.runtime).await;
    let them = other(&stage);
    for (round, imported) in [1, 0].into_iter().enumerate() {
        let mut upload = them.incoming().unwrap();
        upload.write(exported.as_bytes()).await.unwrap();
        let done = them.import(upload, ConflictPolicy::Refuse, Unsound::Refuse).await.unwrap();
        assert_eq!(done.imported, imported, "{round}");
    }
    let hits = soon(them.search("yours", None, None, 10)).await.unwrap().hits;
    assert_eq!(hits.len(), 1);
    let copy = hits[0].worker.worker_id;
    assert_ne!(copy, stage.worker);
    let (ours, theirs) = (
        soon(stage.runtime.snapshot(stage.worker)).await.unwrap(),
        soon(them.snapshot(copy)).await.unwrap(),
    );
    assert_eq!(ours.transcript.messages, theirs.transcript.messages);
    // What one of them does to it from now on is not the other's.
    soon(them.delete_for_good(copy)).await.unwrap();
    assert!(soon(stage.runtime.snapshot(stage.worker)).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_concerns_all_accounts_is_for_owners_only() {
    let stage = Stage::new().await;
    let provider = "scripted".parse().unwrap();
    let refused = soon(other(&stage).forget(&provider, None)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::Forbidden);
    let refused = soon(stage.runtime.forget(&provider, None)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotFound);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_has_a_bounded_number_of_turns_and_an_owner_has_not() {
    let mut stage = Stage::with(Setting { member_turns: 2, ..Setting::default() }).await;
    let them = other(&stage);
    let mut workers = Vec::new();
    for _ in 0..3 {
        let new = soon(them.create(CreateWorker::default())).await.unwrap();
        workers.push(new.worker_id);
    }
    let first = message("first");
    let accepted = soon(them.send(workers[0], first.clone())).await.unwrap();
    let call = stage.script.call().await;
    soon(them.send(workers[1], message("second"))).await.unwrap();
    let second = stage.script.call().await;

    let third = message("third");
    let refused = soon(them.send(workers[2], third.clone())).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    assert!(refused.retry_after_ms.is_some(), "{refused:?}");
    assert!(soon(them.snapshot(workers[2])).await.unwrap().transcript.messages.is_empty());
    // A message that was accepted before is not a new turn.
    let repeated = soon(them.send(workers[0], first)).await.unwrap();
    assert_eq!(repeated.turn.turn_id, accepted.turn.turn_id);
    // Nobody else is concerned, and an owner may have more than two.
    let mut owners = Vec::new();
    for _ in 0..3 {
        let new = soon(stage.runtime.create(CreateWorker::default())).await.unwrap();
        soon(stage.runtime.send(new.worker_id, message("an owner's"))).await.unwrap();
        owners.push(stage.script.call().await);
    }

    call.answer(&["done"]).await;
    let mut watcher = Watcher::begin(&them, workers[0], None).await;
    watcher.until_ended(accepted.turn.turn_id).await;
    soon(them.send(workers[2], third)).await.unwrap();
    // A turn that was cancelled has given its place back, too.
    let third = stage.script.call().await;
    let halts = async {
        third.asked_to_stop().await;
        third.halt().await;
    };
    let (cancelled, ()) = tokio::join!(soon(them.cancel(workers[2])), halts);
    cancelled.unwrap();
    soon(them.send(workers[2], message("again"))).await.unwrap();
    drop((second, owners));
}
