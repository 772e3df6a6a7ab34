//! Wrong requests are refused with `invalid_input` and a hint, and leave no trace.

use protocol::api::{CreateWorker, SendMessage};
use protocol::{ErrorCode, MessageId};

use crate::stage::{Setting, Stage, fresh_id, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_messages_are_refused() {
    let mut stage = Stage::with(Setting { message_chars: 10, ..Setting::default() }).await;
    stage.ask_and_answer("日本語日本語日本語日", &["ten characters fit"]).await;
    let unknown = MessageId::from_parts(1, [1; 10]);
    let after = |parent| SendMessage { parent: Some(parent), ..message("q") };
    let before = stage.log().await;
    for (request, what) in [
        (message(""), "empty"),
        (message(" \n\t\u{3000}"), "only white space"),
        (message("\u{1}\u{200b}\u{202e}"), "nothing that can be seen"),
        (message("12345678901"), "one character too many"),
        (message(&"日".repeat(11)), "one character too many"),
        (after(unknown), "a parent that is not there"),
        (after(fresh_id()), "a parent that is not there"),
    ] {
        let error = stage.runtime.send(stage.worker, request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{what}");
        assert!(error.hint.is_some(), "{what}");
    }
    // A message of another conversation is not known as a parent here.
    let other = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    let parent = stage.snapshot().await.messages[1].id;
    let error = stage.runtime.send(other, after(parent)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
    assert_eq!(stage.log().await, before);
    assert!(stage.script.is_quiet());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_titles_profiles_and_positions_are_refused() {
    let stage = Stage::new().await;
    let before = stage.log().await;
    let long = Some("x".repeat(201));
    let unseen = Some("\u{200b}\u{202e}".to_owned());
    assert_eq!(stage.runtime.rename(stage.worker, unseen).await.unwrap().title, None);
    let error = stage.runtime.rename(stage.worker, long.clone()).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidInput);
    let profile = Some("no-such-profile".parse().unwrap());
    let none = CreateWorker::default;
    for request in [CreateWorker { title: long, ..none() }, CreateWorker { profile, ..none() }] {
        let error = stage.runtime.create(request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
        assert!(error.hint.is_some());
    }
    let id = stage.worker;
    for position in [
        "".to_owned(),
        ".".to_owned(),
        "1".to_owned(),
        format!("x.{id}"),
        format!("1.{id}x"),
        format!("1.{id}.1"),
        format!("99999999999999999999.{id}"),
        format!("{}.{id}", i64::MAX),
    ] {
        let page = stage.runtime.workers(Some(&position), 10).await;
        assert_eq!(page.unwrap_err().code, ErrorCode::InvalidInput, "{position:?}");
    }
    assert_eq!(stage.log().await, before);
    assert_eq!(stage.runtime.summary().await.unwrap().workers, 1);
}
