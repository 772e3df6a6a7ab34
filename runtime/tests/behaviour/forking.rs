//! A conversation is copied up to a message, so that it can go on in two ways.
//!
//! People who come from LibreChat know this as "Fork", one of the actions below a message
//! (https://www.librechat.ai/docs/features/message_actions).

use protocol::api::{AskAgain, ForkWorker};
use protocol::{ErrorCode, MessageId, Temperature, TurnId, View, Worker};
use runtime::ModelPatch;
use store::Store as _;

use crate::scripted::OTHER;
use crate::stage::{Stage, fresh_id, message, soon};

fn until(message_id: MessageId) -> ForkWorker {
    ForkWorker { message_id, title: None }
}

fn texts(view: &View) -> Vec<&str> {
    view.messages.iter().map(|message| message.text.as_str()).collect()
}

async fn view_of(stage: &Stage, worker: &Worker) -> View {
    View::from_snapshot(soon(stage.runtime.snapshot(worker.worker_id)).await.unwrap())
}

/// The copy could be written by this version: its log is sound, and its summary the fold of it.
async fn is_sound(stage: &Stage, worker: &Worker) {
    let whole = stage.store.whole(worker.worker_id).await.unwrap().unwrap();
    let summary = &whole.worker;
    let events = &whole.events;
    let fold = store::initial_worker::folded(summary.worker_id, summary.created_at, events);
    assert_eq!(fold, *summary);
    assert!(transfer::exportable(whole).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_has_the_branch_up_to_the_message_and_goes_on_from_there() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["un", "o"]).await;
    let second = stage.ask_and_answer("two", &["dos"]).await;
    // Another branch: the second question is asked in other words.
    let edited = protocol::api::SendMessage { edits: Some(second.question), ..message("deux?") };
    let accepted = soon(stage.runtime.send(stage.worker, edited)).await.unwrap();
    stage.script.call().await.answer(&["zwei"]).await;
    let other_branch = stage.ended(&accepted).await;
    let before = stage.log().await;

    for (last, expected) in [
        (first.question, &["one"][..]),
        (first.answer, &["one", "uno"]),
        (second.answer, &["one", "uno", "two", "dos"]),
        (other_branch.answer, &["one", "uno", "deux?", "zwei"]),
    ] {
        let copy = soon(stage.runtime.fork(stage.worker, until(last))).await.unwrap();
        let view = view_of(&stage, &copy).await;
        assert_eq!(texts(&view), expected);
        is_sound(&stage, &copy).await;
    }
    assert_eq!(stage.log().await, before, "the original stays as it is");

    let request = ForkWorker { title: Some(" Two ways ".to_owned()), ..until(first.answer) };
    let copy = soon(stage.runtime.fork(stage.worker, request)).await.unwrap();
    assert_eq!(copy.title.as_deref(), Some("Two ways"));
    let listed = soon(stage.runtime.workers(None, 10)).await.unwrap().workers;
    assert_eq!(listed.first(), Some(&copy), "the copy is what was used last");
    // Messages and turns are those of the original, with what was sent to the model.
    let original = stage.snapshot().await;
    let view = view_of(&stage, &copy).await;
    assert_eq!(view.turns, original.turns[..1]);
    assert_eq!(view.messages, original.messages[..2]);
    let there = soon(stage.runtime.turn_input(stage.worker, first.turn_id)).await.unwrap();
    let here = soon(stage.runtime.turn_input(copy.worker_id, first.turn_id)).await.unwrap();
    assert_eq!(there, here);

    stage.worker = copy.worker_id;
    let (accepted, call) = stage.ask("and now?").await;
    let sent: Vec<_> = call.request.messages.iter().map(|m| m.text.clone()).collect();
    assert_eq!(sent, ["one", "uno", "and now?"]);
    call.answer(&["on"]).await;
    stage.ended(&accepted).await;
    let log = stage.log().await;
    let stage = {
        let worker = stage.worker;
        let mut stage = stage.reopened(|_| {}).await;
        stage.worker = worker;
        stage
    };
    assert_eq!(stage.log().await, log);
    is_sound(&stage, &soon(stage.runtime.worker(stage.worker)).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_copy_has_the_settings_of_the_conversation_and_its_instructions() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["a"]).await;
    let wanted = ModelPatch {
        profile: Some("concise".parse().unwrap()),
        model: Some(Some(OTHER.to_owned())),
        temperature: Some(Temperature::try_from(0.5).ok()),
        instructions: Some(Some("Answer in verse.".to_owned())),
        ..ModelPatch::default()
    };
    let now = soon(stage.runtime.choose(stage.worker, wanted)).await.unwrap();
    let copy = soon(stage.runtime.fork(stage.worker, until(turn.answer))).await.unwrap();
    let settings = |worker: &Worker| {
        let Worker { profile, provider, model, effort, temperature, instructions, .. } = worker;
        (
            profile.clone(),
            provider.clone(),
            model.clone(),
            effort.clone(),
            *temperature,
            instructions.clone(),
        )
    };
    assert_eq!(settings(&copy), settings(&now));
    is_sound(&stage, &copy).await;
    // The text of the instructions belongs to the copy, too, also when the original is gone.
    soon(stage.runtime.delete_for_good(stage.worker)).await.unwrap();
    let kept = soon(stage.runtime.instructions(copy.worker_id)).await.unwrap();
    assert_eq!(kept.text.as_deref(), Some("Answer in verse."));
    stage.worker = copy.worker_id;
    let (accepted, call) = stage.ask("again").await;
    assert!(call.request.system.ends_with("Answer in verse."), "{}", call.request.system);
    call.answer(&["b"]).await;
    stage.ended(&accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_was_continued_is_copied_with_the_one_it_continues() {
    let mut stage = Stage::new().await;
    let (accepted, call) = stage.ask("q").await;
    call.begin().await;
    call.text("It is").await;
    call.fail(protocol::ProviderKind::Network).await;
    let cut = stage.ended(&accepted).await;
    let wish = AskAgain {
        continues: Some(cut.answer),
        ..AskAgain::new(TurnId::from_parts(1, [7; 10]), cut.question)
    };
    let accepted = soon(stage.runtime.ask_again(stage.worker, wish)).await.unwrap();
    stage.script.call().await.answer(&[" so."]).await;
    let whole = stage.ended(&accepted).await;

    let copy = soon(stage.runtime.fork(stage.worker, until(whole.answer))).await.unwrap();
    is_sound(&stage, &copy).await;
    assert_eq!(texts(&view_of(&stage, &copy).await), ["q", "It is", "It is so."]);
    let cut_alone = soon(stage.runtime.fork(stage.worker, until(cut.answer))).await.unwrap();
    assert_eq!(texts(&view_of(&stage, &cut_alone).await), ["q", "It is"]);
    is_sound(&stage, &cut_alone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_being_written_is_not_copied_and_earlier_ones_are() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("one", &["uno"]).await;
    let (accepted, call) = stage.ask("two").await;
    call.begin().await;
    call.text("do").await;
    let refused = soon(stage.runtime.fork(stage.worker, until(accepted.turn.answer))).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Busy);
    // A question is whole while it is being answered.
    for (last, expected) in
        [(first.answer, &["one", "uno"][..]), (accepted.turn.question, &["one", "uno", "two"])]
    {
        let copy = soon(stage.runtime.fork(stage.worker, until(last))).await.unwrap();
        assert_eq!(texts(&view_of(&stage, &copy).await), expected);
        is_sound(&stage, &copy).await;
    }
    call.text("s").await;
    call.finish().await;
    let turn = stage.ended(&accepted).await;
    let copy = soon(stage.runtime.fork(stage.worker, until(turn.answer))).await.unwrap();
    assert_eq!(texts(&view_of(&stage, &copy).await), ["one", "uno", "two", "dos"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_message_or_a_title_that_is_too_long_is_refused_and_nothing_is_made() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["a"]).await;
    let missing = soon(stage.runtime.fork(stage.worker, until(fresh_id()))).await;
    assert_eq!(missing.unwrap_err().code, ErrorCode::NotFound);
    let long = ForkWorker { title: Some("x".repeat(201)), ..until(turn.answer) };
    let refused = soon(stage.runtime.fork(stage.worker, long)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidInput);
    assert_eq!(soon(stage.runtime.workers(None, 10)).await.unwrap().workers.len(), 1);
}
