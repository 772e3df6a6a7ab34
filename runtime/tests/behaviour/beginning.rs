//! Beginning a conversation: at most one stays in which nothing was said.

use protocol::Visibility;
use protocol::api::CreateWorker;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beginning_again_leads_to_the_conversation_in_which_nothing_was_said() {
    let mut stage = Stage::new().await;
    for _ in 0..2 {
        assert_eq!(stage.runtime.begin().await.unwrap().worker_id, stage.worker);
    }
    stage.ask_and_answer("q", &["a"]).await;
    let second = stage.runtime.begin().await.unwrap().worker_id;
    assert_ne!(second, stage.worker);
    assert_eq!(stage.runtime.begin().await.unwrap().worker_id, second);
    // A message counts even if its title was removed.
    stage.runtime.rename(stage.worker, None).await.unwrap();
    assert_eq!(stage.runtime.begin().await.unwrap().worker_id, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_that_somebody_has_set_up_is_not_taken_for_a_new_one() {
    let stage = Stage::new().await;
    let mut known = vec![stage.worker];
    let another = async |known: &mut Vec<_>| {
        let begun = stage.runtime.begin().await.unwrap().worker_id;
        assert!(!known.contains(&begun));
        known.push(begun);
        begun
    };
    stage.runtime.rename(stage.worker, Some("Plans".to_owned())).await.unwrap();
    let second = another(&mut known).await;
    stage.runtime.place(second, Visibility::Archived).await.unwrap();
    let third = another(&mut known).await;
    stage.runtime.place(third, Visibility::Pinned).await.unwrap();
    let fourth = another(&mut known).await;
    stage.runtime.stop(fourth).await.unwrap();
    let fifth = another(&mut known).await;
    stage.runtime.delete(fifth).await.unwrap();
    another(&mut known).await;
    // What a program creates is its own.
    let created = stage.runtime.create(CreateWorker::default()).await.unwrap().worker_id;
    assert!(!known.contains(&created));
}
