//! Which profile and model answer: they are chosen at the start, can be changed later, and are
//! shown to all observers.

use protocol::api::{AnswerWith, AskAgain, CreateWorker};
use protocol::{
    ErrorCode, EventBody, ProviderName, Temperature, Turn, TurnId, TurnState, WorkerStatus,
};
use provider::Output;
use runtime::ModelPatch;

use crate::scripted::{BROKEN, OTHER, broken};
use crate::stage::{Stage, soon};

fn model(name: Option<&str>) -> ModelPatch {
    ModelPatch { model: Some(name.map(str::to_owned)), ..ModelPatch::default() }
}

fn profile(name: &str) -> ModelPatch {
    ModelPatch { profile: Some(name.parse().unwrap()), ..ModelPatch::default() }
}

fn temperature(value: f32) -> Option<Temperature> {
    Temperature::try_from(value).ok()
}

/// The profile and model in a turn's record.
fn record(turn: &Turn) -> (&str, &str) {
    (turn.profile.as_str(), &turn.model)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_conversation_uses_the_chosen_profile_and_model() {
    let mut stage = Stage::new().await;
    let request = CreateWorker {
        profile: Some("concise".parse().unwrap()),
        provider: Some(ProviderName::local()),
        model: Some(OTHER.to_owned()),
        title: Some("Short".to_owned()),
        ..CreateWorker::default()
    };
    let made = stage.runtime.create(request).await.unwrap();
    assert_eq!((made.profile.as_str(), made.model.as_deref()), ("concise", Some(OTHER)));
    assert_eq!(made.provider, Some(ProviderName::local()));
    assert_eq!(stage.runtime.worker(made.worker_id).await.unwrap(), made);

    stage.worker = made.worker_id;
    let (accepted, call) = stage.ask("q").await;
    assert_eq!(record(&accepted.turn), ("concise", OTHER));
    assert_eq!(accepted.turn.sampling.max_tokens, Some(256));
    assert_eq!(call.request.model, OTHER);
    assert_eq!(call.request.sampling, accepted.turn.sampling);
    call.answer(&["a"]).await;
    assert_eq!(stage.ended(&accepted).await.window_tokens(), Some(2048));
    // The digest belongs to the prompt that the catalogue shows beforehand.
    let detail = stage.runtime.profile(&made.profile).unwrap();
    assert_eq!(detail.prompt, call.request.system);
    assert_eq!(detail.summary.prompt_digest, accepted.turn.prompt_digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_model_is_logged_and_applies_from_the_next_turn() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    let (first, call) = stage.ask("q").await;
    call.begin().await;
    let changed = soon(stage.runtime.choose(stage.worker, model(Some(OTHER)))).await.unwrap();
    assert_eq!(changed.model.as_deref(), Some(OTHER));
    soon(stage.runtime.choose(stage.worker, profile("code"))).await.unwrap();
    soon(stage.runtime.choose(stage.worker, model(Some(OTHER)))).await.unwrap();
    call.text("a").await;
    call.finish().await;
    assert_eq!(record(&stage.ended(&first).await), ("companion", "scripted"));
    watcher.until(|view| view.worker.model.is_some()).await;
    let (second, call) = stage.ask("q").await;
    assert_eq!(record(&second.turn), ("code", OTHER));
    assert!(call.request.system.contains("programmer"), "{}", call.request.system);
    call.answer(&["b"]).await;
    stage.ended(&second).await;

    let kinds: Vec<_> = stage.log().await.iter().map(|event| event.body.kind()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "profile_changed").count(), 3);
    drop(watcher);
    let stage = stage.reopened(|_| {}).await;
    let worker = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!((worker.profile.as_str(), worker.model.as_deref()), ("code", Some(OTHER)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unspecified_fields_are_kept_and_a_new_profile_resets_the_model() {
    let stage = Stage::new().await;
    let choose = async |wanted| soon(stage.runtime.choose(stage.worker, wanted)).await.unwrap();
    let local = ModelPatch { provider: Some(Some(ProviderName::local())), ..model(Some(OTHER)) };
    assert_eq!(choose(local).await.provider, Some(ProviderName::local()));
    let worker = choose(model(Some("scripted"))).await;
    assert_eq!(worker.provider, Some(ProviderName::local()), "the provider was not told");
    let before = stage.log().await;
    assert_eq!(choose(model(Some("scripted"))).await, worker);
    assert_eq!(stage.log().await, before, "nothing changed, so nothing was written");
    let worker = choose(profile("translator")).await;
    assert_eq!((worker.provider, worker.model), (None, None));
    choose(model(Some(OTHER))).await;
    assert_eq!(choose(model(None)).await.model, None);
    let told = |event: &protocol::Event| matches!(event.body, EventBody::ProfileChanged { .. });
    assert_eq!(stage.log().await.iter().filter(|event| told(event)).count(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_profiles_and_models_are_refused_and_nothing_is_stored() {
    let stage = Stage::new().await;
    let before = stage.log().await;
    let long = "x".repeat(201);
    let names = ["nobody", "", " other", "other\n", "../other", "/etc/passwd", &long];
    let names = names.into_iter().map(|name| model(Some(name)));
    let openai =
        ModelPatch { provider: Some(Some(ProviderName::openai())), ..ModelPatch::default() };
    let imported =
        ModelPatch { provider: Some(Some(ProviderName::imported())), ..ModelPatch::default() };
    for wanted in names.chain([profile("nobody"), openai, imported]) {
        let error = soon(stage.runtime.choose(stage.worker, wanted.clone())).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{wanted:?}");
        assert!(error.hint.is_some(), "{wanted:?}");
        let ModelPatch { profile, provider, model, effort, .. } = wanted;
        let request = CreateWorker {
            profile,
            provider: provider.flatten(),
            model: model.flatten(),
            effort: effort.flatten(),
            ..CreateWorker::default()
        };
        let error = stage.runtime.create(request).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput);
    }
    assert_eq!(stage.log().await, before);
    assert_eq!(stage.runtime.summary().await.unwrap().workers, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unusable_model_makes_the_worker_unavailable_until_another_is_chosen() {
    let mut stage = Stage::new().await;
    let request = CreateWorker { model: Some(BROKEN.to_owned()), ..CreateWorker::default() };
    let made = stage.runtime.create(request).await.unwrap();
    assert_eq!((made.status, made.reason), (WorkerStatus::Unavailable, Some(broken())));
    let worker = soon(stage.runtime.choose(stage.worker, model(Some(BROKEN)))).await.unwrap();
    assert_eq!((worker.status, worker.reason), (WorkerStatus::Unavailable, Some(broken())));
    assert_eq!(stage.runtime.provider_status().reason, None, "the others are not affected");
    assert_eq!(stage.send("q").await.unwrap_err(), broken());
    let worker = soon(stage.runtime.choose(stage.worker, model(None))).await.unwrap();
    assert_eq!((worker.status, worker.reason), (WorkerStatus::Idle, None));
    assert_eq!(stage.ask_and_answer("q", &["a"]).await.state, TurnState::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loading_a_model_is_shown_until_it_answers() {
    let mut stage = Stage::new().await;
    let mut watcher = stage.watch().await;
    for ends in ["answer", "fail", "stop"] {
        let (accepted, call) = stage.ask("q").await;
        call.say(Output::Waiting { ahead: 1 }).await;
        call.say(Output::Loading).await;
        let id = accepted.turn.turn_id;
        let loads = |turn: &Turn| turn.loading && turn.waiting.is_none();
        watcher.until(|view| view.turn(id).is_some_and(loads)).await;
        assert!(stage.snapshot().await.turn(id).is_some_and(loads), "a fresh reader sees it");
        match ends {
            "answer" => {
                call.begin().await;
                watcher.until(|view| view.turn(id).is_some_and(|turn| !turn.loading)).await;
                call.finish().await;
            }
            "fail" => call.fail(protocol::ProviderKind::Crashed).await,
            _ => {
                let (cancelled, ()) = tokio::join!(stage.runtime.cancel(stage.worker), async {
                    call.asked_to_stop().await;
                    call.halt().await;
                });
                cancelled.unwrap();
            }
        }
        assert!(!stage.ended(&accepted).await.loading, "{ends}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn profiles_and_models_are_listed() {
    let stage = Stage::new().await;
    let profiles = stage.runtime.profiles().unwrap();
    assert_eq!(profiles.bundle_digest, stage.runtime.bundle().digest());
    let names: Vec<_> = profiles.profiles.iter().map(|profile| profile.name.as_str()).collect();
    assert_eq!(names, ["companion", "companion-ja", "concise", "translator", "code"]);
    for summary in &profiles.profiles {
        assert!(summary.title.contains_key("en") && summary.title.contains_key("ja"));
        assert!(summary.description.contains_key("en") && summary.description.contains_key("ja"));
        let detail = stage.runtime.profile(&summary.name).unwrap();
        assert_eq!(&detail.summary, summary);
        assert!(detail.prompt.contains("the stage"), "{}", detail.prompt);
    }
    let error = stage.runtime.profile(&"nobody".parse().unwrap()).unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);
    let models = stage.runtime.models().await;
    let names: Vec<_> = models.providers[0].models.iter().map(|model| &model.name).collect();
    assert_eq!(names, ["scripted", OTHER]);
}

/// One answer by another model, with another effort and temperature. The conversation keeps its
/// own, so no event but the turn tells of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_answer_is_asked_for_with_another_model_and_other_parameters() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("q", &["a"]).await;
    let before = stage.runtime.worker(stage.worker).await.unwrap();
    let with = AnswerWith {
        provider: Some(ProviderName::local()),
        model: Some(OTHER.to_owned()),
        effort: None,
        temperature: temperature(1.5),
    };
    let id = |n| TurnId::from_parts(1_763_800_000_000, [n; 10]);
    let request = AskAgain { with: with.clone(), ..AskAgain::new(id(1), first.question) };
    let accepted = soon(stage.runtime.ask_again(stage.worker, request.clone())).await.unwrap();
    let call = stage.script.call().await;
    assert_eq!((call.request.model.as_str(), accepted.turn.model.as_str()), (OTHER, OTHER));
    assert_eq!(call.request.sampling.temperature, Some(1.5));
    assert_eq!(accepted.turn.sampling, call.request.sampling);
    assert_eq!(call.request.sampling.max_tokens, first.sampling.max_tokens);
    call.answer(&["b"]).await;
    let ended = stage.ended(&accepted).await;
    assert_eq!((ended.state, ended.question), (TurnState::Completed, first.question));
    let input = soon(stage.runtime.turn_input(stage.worker, ended.turn_id)).await.unwrap();
    assert_eq!((input.model.as_str(), input.sampling.temperature), (OTHER, Some(1.5)));
    let again = soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap();
    assert_eq!(again.turn.turn_id, accepted.turn.turn_id);
    let after = stage.runtime.worker(stage.worker).await.unwrap();
    assert_eq!((&after.model, &after.provider), (&before.model, &before.provider));
    let log = stage.log().await;
    assert!(!log.iter().any(|event| matches!(event.body, EventBody::ProfileChanged { .. })));

    // Whatever cannot be had is refused, and nothing is stored.
    let effort = |name: &str| Some(name.parse().unwrap());
    for (number, with) in [
        AnswerWith { model: Some("unheard-of".to_owned()), ..AnswerWith::default() },
        AnswerWith { provider: Some("elsewhere".parse().unwrap()), ..AnswerWith::default() },
        AnswerWith { effort: effort("xhigh"), ..with.clone() },
    ]
    .into_iter()
    .enumerate()
    {
        let id = id(u8::try_from(number).unwrap() + 2);
        let request = AskAgain { with: with.clone(), ..AskAgain::new(id, first.question) };
        let error = soon(stage.runtime.ask_again(stage.worker, request)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidInput, "{with:?}: {error:?}");
    }
    assert_eq!(stage.log().await.len(), log.len());
}

/// A conversation whose model cannot answer gets an answer from another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_model_answers_where_the_conversations_own_cannot() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("q", &["a"]).await;
    soon(stage.runtime.choose(stage.worker, model(Some(BROKEN)))).await.unwrap();
    let id = |n| TurnId::from_parts(1_763_800_000_000, [n; 10]);
    let own = AskAgain::new(id(1), first.question);
    let error = soon(stage.runtime.ask_again(stage.worker, own)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::Unavailable);
    let with = AnswerWith { model: Some(OTHER.to_owned()), ..AnswerWith::default() };
    let other = AskAgain { with, ..AskAgain::new(id(2), first.question) };
    let accepted = soon(stage.runtime.ask_again(stage.worker, other)).await.unwrap();
    let call = stage.script.call().await;
    assert_eq!(call.request.model, OTHER);
    call.answer(&["b"]).await;
    assert_eq!(stage.ended(&accepted).await.state, TurnState::Completed);
}

/// The conversation's own instructions follow the profile's prompt, word for word, from the next turn
/// on. They survive a crash and a change of the profile, and what was sent is shown with each turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_has_instructions_and_a_temperature_of_its_own() {
    let mut stage = Stage::new().await;
    let first = stage.ask_and_answer("q", &["a"]).await;
    let tell = |text: Option<&str>| ModelPatch {
        instructions: Some(text.map(str::to_owned)),
        ..ModelPatch::default()
    };
    let words = "Answer like a pirate.\n\n{{ no variable }}";
    let warm = ModelPatch { temperature: Some(temperature(1.25)), ..tell(Some("  \n")) };
    let worker = soon(stage.runtime.choose(stage.worker, warm)).await.unwrap();
    assert_eq!((worker.temperature, &worker.instructions), (temperature(1.25), &None));
    let told = format!(" {words}\n");
    let worker = soon(stage.runtime.choose(stage.worker, tell(Some(&told)))).await.unwrap();
    assert_eq!(worker.temperature, temperature(1.25));
    assert!(worker.instructions.as_ref().unwrap().starts_with("sha256:"), "{worker:?}");
    let text = soon(stage.runtime.instructions(stage.worker)).await.unwrap().text;
    assert_eq!(text.as_deref(), Some(words));

    let mut stage = stage.after_a_crash().await;
    let (accepted, call) = stage.ask("q").await;
    let (before, system) = (&first.prompt_digest, call.request.system.clone());
    assert!(system.starts_with("You are Companion") && system.ends_with(words), "{system}");
    assert!(system.contains(&format!("\n\n{words}")), "{system}");
    assert_eq!(call.request.sampling.temperature, Some(1.25));
    call.answer(&["a"]).await;
    let turn = stage.ended(&accepted).await;
    assert_ne!(&turn.prompt_digest, before);
    let input = soon(stage.runtime.turn_input(stage.worker, turn.turn_id)).await.unwrap();
    assert_eq!(input.messages[0].text, system);
    // The earlier turn is shown as it was sent.
    let input = soon(stage.runtime.turn_input(stage.worker, first.turn_id)).await.unwrap();
    assert!(!input.messages[0].text.contains("pirate"), "{input:?}");

    // Another profile has its own temperature; the instructions stay.
    let worker = soon(stage.runtime.choose(stage.worker, profile("code"))).await.unwrap();
    assert_eq!(worker.temperature, None);
    let (accepted, call) = stage.ask("q").await;
    let system = &call.request.system;
    assert!(system.contains("programmer") && system.ends_with(words), "{system}");
    call.answer(&["a"]).await;
    stage.ended(&accepted).await;

    let worker = soon(stage.runtime.choose(stage.worker, tell(None))).await.unwrap();
    assert_eq!(worker.instructions, None);
    let (accepted, call) = stage.ask("q").await;
    assert!(!call.request.system.contains("pirate"));
    call.answer(&["a"]).await;
    stage.ended(&accepted).await;
    let log = stage.log().await;
    for bad in ["x".repeat(16_001), "a\0b".to_owned()] {
        let refused = soon(stage.runtime.choose(stage.worker, tell(Some(&bad)))).await;
        assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidInput);
    }
    assert_eq!(stage.log().await, log);
}

/// They are there from the first answer of a conversation that is created with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_created_with_instructions() {
    let mut stage = Stage::new().await;
    let request = CreateWorker {
        temperature: temperature(0.25),
        instructions: Some("Be brief.".to_owned()),
        ..CreateWorker::default()
    };
    let made = stage.runtime.create(request).await.unwrap();
    stage.worker = made.worker_id;
    let (accepted, call) = stage.ask("q").await;
    assert!(call.request.system.ends_with("\n\nBe brief."), "{}", call.request.system);
    assert_eq!(call.request.sampling.temperature, Some(0.25));
    call.answer(&["a"]).await;
    stage.ended(&accepted).await;
}
