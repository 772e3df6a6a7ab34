//! Several answers to one message are asked for at once and run one after the other (invariant 4).
//!
//! Users of Open WebUI, which also asks one after the other, expect the order in which the models were
//! chosen (https://github.com/open-webui/open-webui/issues/2209).

use protocol::api::{AnswerWith, AskAgain, SendMessage};
use protocol::{
    ErrorCode, EventBody, ProviderKind, Temperature, Together, Turn, TurnId, TurnState,
    WorkerStatus,
};

use crate::faulty::Writes;
use crate::scripted::OTHER;
use crate::stage::{Stage, message, soon, still_waits};

fn other() -> AnswerWith {
    AnswerWith { model: Some(OTHER.to_owned()), ..AnswerWith::default() }
}

fn warm() -> AnswerWith {
    AnswerWith { temperature: Temperature::try_from(1.5).ok(), ..AnswerWith::default() }
}

fn three(text: &str) -> SendMessage {
    SendMessage { also: vec![other(), warm()], ..message(text) }
}

async fn turns(stage: &Stage) -> Vec<Turn> {
    stage.snapshot().await.turns
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answers_follow_each_other_as_siblings_and_nothing_comes_between_them() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let request = three("q");
    let accepted = soon(stage.runtime.send(stage.worker, request.clone())).await.unwrap();
    let mut asked = Vec::new();
    for text in ["one", "two", "three"] {
        let call = stage.script.call().await;
        assert!(stage.script.is_quiet(), "one turn runs at a time");
        let busy = soon(stage.runtime.send(stage.worker, message("now?"))).await;
        assert_eq!(busy.unwrap_err().code, ErrorCode::Busy);
        assert_eq!(call.request.messages.len(), 1);
        asked.push((call.request.model.clone(), call.request.sampling.temperature));
        if text == "two" {
            // A failure ends this answer alone.
            call.begin().await;
            call.fail(ProviderKind::Auth).await;
        } else {
            call.answer(&[text]).await;
        }
    }
    watcher.until(|view| view.turns.len() == 3 && view.running().is_none()).await;
    assert_eq!((asked[1].0.as_str(), asked[2].1), (OTHER, Some(1.5)));
    assert_eq!(asked[0].0, asked[2].0);
    let turns = turns(&stage).await;
    let states: Vec<_> = turns.iter().map(|turn| turn.state).collect();
    assert_eq!(states, [TurnState::Completed, TurnState::Failed, TurnState::Completed]);
    for (number, turn) in (1..).zip(&turns) {
        let first = accepted.turn.turn_id;
        assert_eq!(turn.together, Some(Together { first, number, count: 3 }));
        assert_eq!((turn.question, turn.more()), (request.id, 3 - number));
    }
    let view = stage.snapshot().await;
    let parents: Vec<_> = view.messages[1..].iter().map(|message| message.parent).collect();
    assert_eq!(parents, [Some(request.id); 3]);
    assert_eq!(view.worker.status, WorkerStatus::Idle);
    // Each further turn was accepted in the commit that ended the one before.
    let log = stage.log().await;
    for (at, event) in log.iter().enumerate() {
        if let EventBody::TurnEnded { turn_id, .. } = &event.body
            && *turn_id != turns[2].turn_id
        {
            assert!(matches!(log[at + 1].body, EventBody::TurnAccepted { .. }), "{event:?}");
        }
    }
    // The same request gets the same answer, and nothing is asked again.
    let again = soon(stage.runtime.send(stage.worker, request)).await.unwrap();
    assert_eq!(again.turn, accepted.turn);
    assert!(stage.script.is_quiet());
    // The next message follows the newest answer.
    let (_, call) = stage.ask("and?").await;
    assert_eq!(call.request.messages[1].text, "three");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_ends_all_that_are_left() {
    let mut stage = Stage::new().await;
    soon(stage.runtime.send(stage.worker, three("q"))).await.unwrap();
    stage.script.call().await.answer(&["one"]).await;
    let second = stage.script.call().await;
    second.begin().await;
    let mut cancel = Box::pin(stage.runtime.cancel(stage.worker));
    still_waits(&mut cancel, second.asked_to_stop()).await;
    second.halt().await;
    let turn = soon(cancel).await.unwrap().turn.unwrap();
    assert_eq!((turn.state, turn.more()), (TurnState::Cancelled, 1));
    assert!(stage.script.is_quiet());
    assert_eq!(turns(&stage).await.len(), 2);
    // The conversation goes on as ever.
    let (accepted, call) = stage.ask("and?").await;
    assert_eq!(accepted.turn.together, None);
    call.answer(&["yes"]).await;
    stage.ended(&accepted).await;
    assert_eq!(turns(&stage).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_and_deleting_end_all_that_are_left() {
    for deletes in [false, true] {
        let mut stage = Stage::new().await;
        soon(stage.runtime.send(stage.worker, three("q"))).await.unwrap();
        let call = stage.script.call().await;
        call.begin().await;
        let runtime = stage.runtime.clone();
        let worker = stage.worker;
        let end = async move {
            match deletes {
                true => runtime.delete(worker).await,
                false => runtime.stop(worker).await.map(drop),
            }
        };
        let mut end = Box::pin(end);
        still_waits(&mut end, call.asked_to_stop()).await;
        call.halt().await;
        soon(end).await.unwrap();
        assert!(stage.script.is_quiet());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_during_a_store_outage_ends_the_turn_that_was_accepted_meanwhile() {
    let mut stage = Stage::new().await;
    soon(stage.runtime.send(stage.worker, three("q"))).await.unwrap();
    let call = stage.script.call().await;
    let mut watcher = stage.watch().await;
    call.begin().await;
    watcher.until(|view| view.turns[0].state == TurnState::Generating).await;
    stage.store.set(Writes::Refuse);
    call.finish().await;
    let mut cancel = Box::pin(stage.runtime.cancel(stage.worker));
    stage.store.met(1).await;
    // The stop arrives while neither the end nor the next turn is committed.
    still_waits(&mut cancel, stage.store.met(2)).await;
    stage.store.set(Writes::Pass);
    let next = still_waits(&mut cancel, async { stage.script.call().await }).await;
    still_waits(&mut cancel, next.asked_to_stop()).await;
    next.halt().await;
    let turn = soon(cancel).await.unwrap().turn.unwrap();
    assert_eq!(turn.state, TurnState::Cancelled);
    assert!(stage.script.is_quiet());
    assert_eq!(turns(&stage).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_begins_by_itself_after_a_crash() {
    let mut stage = Stage::new().await;
    soon(stage.runtime.send(stage.worker, three("q"))).await.unwrap();
    stage.script.call().await.answer(&["one"]).await;
    let _second = stage.script.call().await;
    let mut crashed = stage.after_a_crash().await;
    let states: Vec<_> = turns(&crashed).await.iter().map(|turn| turn.state).collect();
    assert_eq!(states, [TurnState::Completed, TurnState::Interrupted]);
    assert!(crashed.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_answered_again_by_several() {
    let mut stage = Stage::new().await;
    let turn = stage.ask_and_answer("q", &["a"]).await;
    let id = TurnId::from_parts(1_763_800_000_000, [7; 10]);
    let request =
        AskAgain { with: warm(), also: vec![other()], ..AskAgain::new(id, turn.question) };
    soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap();
    let first = stage.script.call().await;
    assert_eq!(first.request.sampling.temperature, Some(1.5));
    first.answer(&["b"]).await;
    let second = stage.script.call().await;
    assert_eq!(second.request.model, OTHER);
    assert_ne!(second.request.sampling.temperature, Some(1.5), "it is for the first alone");
    second.answer(&["c"]).await;
    let mut watcher = stage.watch().await;
    watcher.until(|view| view.turns.len() == 3 && view.running().is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_stored_of_a_request_that_cannot_be_carried_out() {
    let mut stage = Stage::new().await;
    let log = stage.log().await;
    let unknown = AnswerWith { effort: "extreme".parse().ok(), ..AnswerWith::default() };
    for also in [vec![other(); 4], vec![other(), unknown]] {
        let request = SendMessage { also, ..message("q") };
        let refused = soon(stage.runtime.send(stage.worker, request)).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidInput, "{refused:?}");
    }
    assert_eq!(stage.log().await, log);
    assert!(stage.script.is_quiet());
}

/// A member has few places for turns, and several answers take one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_answers_take_one_place_until_the_last_one_ends() {
    use protocol::{AccountId, AccountRole};
    use runtime::Principal;

    let mut stage =
        Stage::with(crate::stage::Setting { member_turns: 1, ..Default::default() }).await;
    let account = AccountId::new(2).unwrap();
    let member = stage.runtime.access(Principal { account, role: AccountRole::Member });
    let mut own = Vec::new();
    for _ in 0..2 {
        own.push(soon(member.create(Default::default())).await.unwrap().worker_id);
    }
    let request = SendMessage { also: vec![other()], ..message("q") };
    soon(member.send(own[0], request)).await.unwrap();
    stage.script.call().await.answer(&["one"]).await;
    let second = stage.script.call().await;
    let refused = soon(member.send(own[1], message("q"))).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::RateLimited);
    second.answer(&["two"]).await;
    loop {
        match soon(member.send(own[1], message("q"))).await {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code, ErrorCode::RateLimited),
        }
        tokio::task::yield_now().await;
    }
}
