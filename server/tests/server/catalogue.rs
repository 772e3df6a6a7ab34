//! The profiles and models to choose from, and the effect of a choice.

use protocol::catalogue::{ModelList, ProfileDetail, ProfileList};
use protocol::{ErrorCode, ProviderKind, ProviderName, Turn, Worker, WorkerStatus};
use serde_json::{Value, json};
use upstream::Script;

use super::support::{Server, code, start, start_in};

async fn create(server: &Server, body: Value) -> Worker {
    let made = server.post(&server.workers()).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201, "{body}");
    made.json().await.unwrap()
}

async fn patch(server: &Server, worker: &str, body: Value) -> reqwest::Response {
    server.client.patch(server.url(worker)).json(&body).send().await.unwrap()
}

async fn models(server: &Server) -> (ModelList, String) {
    let answer = server.get("/api/v1/models").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    (serde_json::from_str(&text).unwrap(), text)
}

#[tokio::test]
async fn profiles_and_their_prompts_are_listed() {
    let server = start("").await;
    let list: ProfileList =
        server.get("/api/v1/profiles").send().await.unwrap().json().await.unwrap();
    assert_eq!(list.default.as_str(), "companion");
    for summary in list.profiles {
        let path = format!("/api/v1/profiles/{}", summary.name);
        let detail: ProfileDetail = server.get(&path).send().await.unwrap().json().await.unwrap();
        assert_eq!(detail.summary, summary);
        assert!(detail.prompt.contains("this workspace"), "{}", detail.prompt);
    }
    let (status, name, _) = code(server.get("/api/v1/profiles/nobody").send().await.unwrap()).await;
    assert_eq!((status, name.as_str()), (404, "not_found"));
}

#[tokio::test]
async fn models_of_an_endpoint_are_listed_without_its_address() {
    let server = start("").await;
    let names = ["b", "a"].map(str::to_owned).to_vec();
    server.upstream.script(Script { models: names, ..Script::default() });
    let (list, text) = models(&server).await;
    let openai = &list.providers[0];
    assert_eq!(openai.provider, ProviderName::openai());
    assert_eq!(openai.default_model.as_deref(), Some("scripted-model"));
    let names: Vec<_> = openai.models.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["scripted-model", "a", "b"]);
    assert_eq!(list.providers[1].provider, ProviderName::local());
    assert!(!text.contains("127.0.0.1") && !text.contains("http"), "{text}");
    assert!(!text.contains(".gguf"), "{text}");
    server.get("/api/v1/models").send().await.unwrap();
    assert_eq!(server.upstream.log().requests.len(), 1, "it is kept for a while");
}

#[tokio::test]
async fn an_unreachable_endpoint_is_reported_and_its_configured_model_listed() {
    let server = start("").await;
    server.upstream.refuse().await;
    let (list, text) = models(&server).await;
    let openai = &list.providers[0];
    let error = openai.error.clone().unwrap();
    assert_eq!(error.code, ErrorCode::Provider(ProviderKind::Network));
    assert_eq!(openai.models[0].name, "scripted-model");
    assert!(!text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_folder_of_models_is_listed_by_name_and_only_those_names_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("models");
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("broken.gguf"), b"GGUF and nothing more").unwrap();
    std::fs::write(folder.path().join("secret.gguf"), b"GGUF").unwrap();
    let whole = folder.path().join("secret").to_str().unwrap().to_owned();
    let server = start_in(folder, "model_dir = \"models\"").await;
    let (list, text) = models(&server).await;
    let local = &list.providers[1];
    let broken = local.models.iter().find(|entry| entry.name == "broken").unwrap();
    let reason = broken.reason.clone().unwrap();
    assert_eq!(reason.code, ErrorCode::Unavailable);
    assert!(!text.contains("/models") && !text.contains(&whole), "{text}");

    for model in ["../secret", "../secret.gguf", "broken.gguf", "./broken", "", &whole] {
        let body = json!({ "provider": "local", "model": model });
        let answer = server.post(&server.workers()).json(&body).send().await.unwrap();
        let (status, name, _) = code(answer).await;
        assert_eq!((status, name.as_str()), (422, "invalid_input"), "{model}");
    }
    // With a model that is listed but cannot be used, the conversation is created and shows the
    // reason, until another model is chosen.
    let worker = create(&server, json!({ "provider": "local", "model": "broken" })).await;
    assert_eq!((worker.status, worker.reason), (WorkerStatus::Unavailable, Some(reason)));
    let path = format!("{}/{}", server.workers(), worker.worker_id);
    let body = json!({ "provider": null });
    let changed: Worker = patch(&server, &path, body).await.json().await.unwrap();
    assert_eq!((changed.status, changed.provider, changed.model), (WorkerStatus::Idle, None, None));
}

#[tokio::test]
async fn a_chosen_model_is_used_from_the_next_turn() {
    let server = start("").await;
    server.says("Yes.");
    let body = json!({ "profile": "code", "model": "another", "title": "Code" });
    let worker = create(&server, body).await;
    assert_eq!((worker.profile.as_str(), worker.model.as_deref()), ("code", Some("another")));
    let path = format!("{}/{}", server.workers(), worker.worker_id);
    let first = server.send(&path, "One?").await;
    server.ended(worker.worker_id).await;

    let changed: Worker =
        patch(&server, &path, json!({ "profile": "concise" })).await.json().await.unwrap();
    assert_eq!((changed.profile.as_str(), changed.model), ("concise", None));
    assert_eq!(changed.title.as_deref(), Some("Code"), "what is not told stays");
    let second = server.send(&path, "Two?").await;
    server.ended(worker.worker_id).await;
    let log = server.upstream.log();
    let asked: Vec<_> = log.requests.iter().filter_map(|request| request.body.clone()).collect();
    assert_eq!(
        (&asked[0]["model"], &asked[1]["model"]),
        (&json!("another"), &json!("scripted-model"))
    );
    assert_eq!(asked[1]["max_tokens"], 256);

    let path = format!("{path}/turns");
    for (turn, record) in [
        (first.turn.turn_id, ("code", "another")),
        (second.turn.turn_id, ("concise", "scripted-model")),
    ] {
        let turn: Turn =
            server.get(&format!("{path}/{turn}")).send().await.unwrap().json().await.unwrap();
        assert_eq!((turn.profile.as_str(), turn.model.as_str()), record);
    }
}

#[tokio::test]
async fn an_invalid_change_changes_nothing() {
    let server = start("").await;
    let worker = server.worker().await;
    let before: Worker = server.get(&worker).send().await.unwrap().json().await.unwrap();
    for (body, status) in [
        (json!({ "profile": "nobody", "title": "New" }), 422),
        (json!({ "model": "a\nb" }), 422),
        (json!({ "provider": "imported" }), 422),
        (json!({ "provider": "elsewhere" }), 422),
        (json!({ "profile": "NOT A NAME" }), 422),
        (json!({ "profil": "code" }), 422),
    ] {
        let answer = patch(&server, &worker, body.clone()).await;
        assert_eq!(code(answer).await.0, status, "{body}");
    }
    let after: Worker = server.get(&worker).send().await.unwrap().json().await.unwrap();
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_change_with_one_invalid_field_changes_nothing() {
    let server = start("").await;
    let worker = server.worker().await;
    let before: Worker = server.get(&worker).send().await.unwrap().json().await.unwrap();
    let fields = [
        ("title", json!("A title"), json!("x".repeat(201))),
        ("place", json!("pinned"), json!("elsewhere")),
        ("profile", json!("code"), json!("nobody")),
        ("provider", json!("openai"), json!("imported")),
        ("model", json!("maker/m"), json!("x".repeat(201))),
    ];
    for (bad, _, refused) in &fields {
        for (good, taken, _) in fields.iter().filter(|(name, ..)| name != bad) {
            let answer = patch(&server, &worker, json!({ *good: taken, *bad: refused })).await;
            assert_eq!(answer.status(), 422, "{bad} with {good}");
            let now: Worker = server.get(&worker).send().await.unwrap().json().await.unwrap();
            assert_eq!(now, before, "{bad} with {good}");
        }
    }
}
