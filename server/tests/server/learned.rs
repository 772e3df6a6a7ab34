//! What refusals taught about a model is shown, survives a restart, and can be forgotten.

use protocol::Adjustment;
use protocol::catalogue::{Forgotten, LearnedModel, ModelList};
use serde_json::json;
use server::engine;
use upstream::{Rule, Script, Step, When};

use super::support::{HANG, Server, code, load, start};

/// An endpoint that refuses a temperature (<https://github.com/vercel/ai/issues/6034>).
async fn taught() -> Server {
    let server = start("retries = 0").await;
    let message = "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.";
    let body = json!({ "error": {
        "message": message, "type": "invalid_request_error", "param": "temperature", "code": "unsupported_value",
    }});
    let rule = Rule { when: When::Has("temperature".into()), reply: vec![Step::json(400, &body)] };
    server.upstream.script(Script { rules: vec![rule], ..Script::default() });
    let worker = server.worker().await;
    server.send(&worker, "Hello").await;
    server.ended(server.worker_id().await).await;
    server
}

fn without_temperature() -> LearnedModel {
    LearnedModel {
        model: "scripted-model".to_owned(),
        adjustments: vec![Adjustment::WithoutTemperature],
        window_tokens: None,
        prompt_tokens: None,
        refused_efforts: Vec::new(),
        taken_efforts: Vec::new(),
    }
}

async fn learned(server: &Server) -> Vec<LearnedModel> {
    let list: ModelList = server.get("/api/v1/models").send().await.unwrap().json().await.unwrap();
    let endpoint = list.providers.into_iter().find(|models| models.provider.as_str() == "openai");
    endpoint.unwrap().learned
}

/// The number of requests for an answer that the endpoint received.
fn asked(server: &Server) -> usize {
    server.upstream.log().requests.iter().filter(|request| request.method == "POST").count()
}

/// What a server would know if it were started now.
fn after_a_restart(server: &Server, more: &[&str]) -> Vec<LearnedModel> {
    let config = load(server.data().parent().unwrap(), more, &[]).unwrap();
    let learned = engine::providers(&config).unwrap().learned();
    learned.into_iter().flat_map(|(_, models)| models).collect()
}

/// Waits for the file, which is written only after the end of the turn.
async fn remembered(server: &Server, expected: &[LearnedModel]) {
    let seen = async {
        while after_a_restart(server, &[]) != expected {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(HANG, seen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn learned_habits_are_shown_and_survive_a_restart_but_not_a_configuration_change() {
    let server = taught().await;
    assert_eq!(asked(&server), 2);
    assert_eq!(learned(&server).await, [without_temperature()]);
    let page = server.get("/settings").send().await.unwrap().text().await.unwrap();
    assert!(page.contains("without temperature"), "{page}");

    remembered(&server, &[without_temperature()]).await;
    assert_eq!(after_a_restart(&server, &["--context-tokens", "4096"]), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn learned_habits_are_forgotten_on_request_and_learned_again() {
    let server = taught().await;
    let forget = "/api/v1/providers/openai/forget";
    for (body, models) in [(json!({ "model": "another" }), 0), (json!({}), 1), (json!({}), 0)] {
        let answer = server.post(forget).json(&body).send().await.unwrap();
        assert_eq!(answer.json::<Forgotten>().await.unwrap(), Forgotten { models }, "{body}");
    }
    assert_eq!(learned(&server).await, []);
    let page = server.get("/settings").send().await.unwrap().text().await.unwrap();
    assert!(!page.contains("without temperature"), "{page}");

    let worker = server.worker().await;
    server.send(&worker, "Again").await;
    server.ended(server.worker_id().await).await;
    assert_eq!((asked(&server), learned(&server).await), (4, vec![without_temperature()]));
    let form = server.post("/settings/forget").body("provider=openai&model=scripted-model");
    let form = form.header("content-type", "application/x-www-form-urlencoded");
    let answer = form.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.unwrap();
    assert!(page.contains("Forgotten about scripted-model: without temperature"), "{page}");
    assert_eq!(learned(&server).await, []);
    remembered(&server, &[]).await;
    // A second click in another language, and a form that cannot be read.
    for (body, status, words) in [
        ("provider=openai&model=scripted-model", 200, "消去するものは、もうありません"),
        ("provider=nobody&model=m", 404, "data-kind=\"error\""),
        ("model=m", 422, "何も変更されていません"),
    ] {
        let form = server.post("/settings/forget").body(body).header("accept-language", "ja");
        let form = form.header("content-type", "application/x-www-form-urlencoded");
        let answer = form.send().await.unwrap();
        assert_eq!(answer.status(), status, "{body}");
        let page = answer.text().await.unwrap();
        assert!(page.contains(words), "{body}: {page}");
    }
}

#[tokio::test]
async fn forgetting_for_an_unknown_provider_or_with_a_wrong_body_is_refused() {
    let server = start("").await;
    let missing = server.post("/api/v1/providers/nobody/forget").send().await.unwrap();
    assert_eq!(code(missing).await.0, 404);
    let path = "/api/v1/providers/openai/forget";
    for body in [json!({ "modell": "m" }), json!({ "model": 7 })] {
        let wrong = server.post(path).json(&body).send().await.unwrap();
        assert_eq!(code(wrong).await.0, 422, "{body}");
    }
    let nothing = server.post(path).send().await.unwrap();
    assert_eq!(nothing.json::<Forgotten>().await.unwrap(), Forgotten { models: 0 });
}
