//! Several changes of a conversation in one patch: all are made in one commit, or none.

use protocol::{ErrorCode, ProviderName, Visibility, Worker};
use runtime::{ModelPatch, Patch};

use crate::faulty::Writes;
use crate::scripted::OTHER;
use crate::stage::{Stage, soon};

type Change = fn(&mut Patch);
type Changed = fn(&Worker) -> bool;

/// Each field with a valid change, the check that it was made, and an invalid change.
const FIELDS: [(&str, Change, Changed, Option<Change>); 5] = [
    (
        "title",
        |patch| patch.title = Some(Some("A title".to_owned())),
        |worker| worker.title.as_deref() == Some("A title"),
        Some(|patch| patch.title = Some(Some("x".repeat(201)))),
    ),
    (
        "place",
        |patch| patch.place = Some(Visibility::Pinned),
        |worker| worker.place == Visibility::Pinned,
        None,
    ),
    (
        "profile",
        |patch| patch.wanted.profile = Some("code".parse().unwrap()),
        |worker| worker.profile.as_str() == "code",
        Some(|patch| patch.wanted.profile = Some("nobody".parse().unwrap())),
    ),
    (
        "provider",
        |patch| patch.wanted.provider = Some(Some(ProviderName::local())),
        |worker| worker.provider == Some(ProviderName::local()),
        Some(|patch| patch.wanted.provider = Some(Some(ProviderName::openai()))),
    ),
    (
        "model",
        |patch| patch.wanted.model = Some(Some(OTHER.to_owned())),
        |worker| worker.model.as_deref() == Some(OTHER),
        Some(|patch| patch.wanted.model = Some(Some("../other".to_owned()))),
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn if_one_field_is_refused_no_field_is_changed() {
    let stage = Stage::new().await;
    let before = stage.log().await;
    for (bad, _, _, refused) in FIELDS {
        let Some(refused) = refused else { continue };
        for (good, change, ..) in FIELDS.into_iter().filter(|(name, ..)| *name != bad) {
            let mut patch = Patch::default();
            change(&mut patch);
            refused(&mut patch);
            let error = soon(stage.runtime.patch(stage.worker, patch)).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput, "{bad} with {good}");
            assert_eq!(stage.log().await, before, "{bad} with {good}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_is_one_commit() {
    for (one, change, changed, _) in FIELDS {
        for (other, further, further_changed, _) in FIELDS {
            let stage = Stage::new().await;
            let mut patch = Patch::default();
            change(&mut patch);
            further(&mut patch);
            let before = stage.runtime.worker(stage.worker).await.unwrap();
            // The first commit fails; a second one, if there were any, would succeed.
            stage.store.set_after(0, Writes::Refuse);
            let failed = soon(stage.runtime.patch(stage.worker, patch.clone())).await;
            assert!(failed.is_err(), "{one} with {other}");
            stage.store.set(Writes::Pass);
            assert_eq!(stage.runtime.worker(stage.worker).await.unwrap(), before);

            stage.store.set_after(1, Writes::Refuse);
            let worker = soon(stage.runtime.patch(stage.worker, patch)).await.unwrap();
            assert!(changed(&worker) && further_changed(&worker), "{one} with {other}: {worker:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_without_changes_writes_nothing() {
    let stage = Stage::new().await;
    let before = stage.log().await;
    let patch =
        Patch { title: Some(None), place: Some(Visibility::Listed), wanted: ModelPatch::default() };
    for patch in [Patch::default(), patch] {
        soon(stage.runtime.patch(stage.worker, patch)).await.unwrap();
    }
    assert_eq!(stage.log().await, before);
}
