//! Beginning a conversation: at most one stays in which nothing was said.

use protocol::Visibility;
use protocol::api::CreateWorker;

use crate::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beginning_again_leads_to_the_conversation_in_which_nothing_was_said() {
    let mut stage = Stage::new().await;
    for _ in 0..2 {
        assert_eq!(stage.runtime.begin("en").await.unwrap().worker_id, stage.worker);
    }
    stage.ask_and_answer("q", &["a"]).await;
    let second = stage.runtime.begin("en").await.unwrap().worker_id;
    assert_ne!(second, stage.worker);
    assert_eq!(stage.runtime.begin("en").await.unwrap().worker_id, second);
    // A message counts even if its title was removed.
    stage.runtime.rename(stage.worker, None).await.unwrap();
    assert_eq!(stage.runtime.begin("en").await.unwrap().worker_id, second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_that_somebody_has_set_up_is_not_taken_for_a_new_one() {
    let stage = Stage::new().await;
    let mut known = vec![stage.worker];
    let another = async |known: &mut Vec<_>| {
        let begun = stage.runtime.begin("en").await.unwrap().worker_id;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_in_which_nothing_was_said_has_the_profile_of_the_readers_language() {
    let mut stage = Stage::new().await;
    let first = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!(first.profile.as_str(), "companion");
    let begun = stage.runtime.begin("ja").await.unwrap();
    assert_eq!((begun.worker_id, begun.profile.as_str()), (stage.worker, "companion-ja"));
    // Another language without a profile of its own.
    let begun = stage.runtime.begin("fr").await.unwrap();
    assert_eq!((begun.worker_id, begun.profile.as_str()), (stage.worker, "companion"));
    let welcomed = stage.runtime.welcome(begun, "ja").await.unwrap();
    assert_eq!(welcomed.profile.as_str(), "companion-ja");
    let turn = stage.ask_and_answer("q", &["a"]).await;
    assert_eq!(turn.profile.as_str(), "companion-ja");
    // From then on it is the reader's.
    let used = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!(stage.runtime.welcome(used.clone(), "en").await.unwrap(), used);
    let next = stage.runtime.begin("ja").await.unwrap();
    assert_ne!(next.worker_id, stage.worker);
    assert_eq!(next.profile.as_str(), "companion-ja");
    // A profile that somebody chose stays.
    let wanted = runtime::ModelPatch {
        profile: Some("code".parse().unwrap()),
        ..runtime::ModelPatch::default()
    };
    let chosen = stage.runtime.choose(next.worker_id, wanted).await.unwrap();
    assert_eq!(stage.runtime.welcome(chosen.clone(), "en").await.unwrap(), chosen);
}
