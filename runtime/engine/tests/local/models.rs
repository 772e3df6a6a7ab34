//! Several models: listed from a folder, loaded on demand, one at a time.

use std::path::Path;

use protocol::{ErrorCode, ProviderKind};
use provider::{Output, Provider, Request};
use provider_local::{Engine, Local};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::support::*;

const SECOND: &str = "second";

/// A folder with the default model under a second name.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let copied = std::fs::copy(model_file(), folder.path().join("second.gguf"));
    copied.expect("there is room for a second model");
    folder
}

fn local(folder: &Path) -> Local {
    let mut config = config();
    config.model_dir = Some(folder.to_owned());
    Local::new(config)
}

fn of(model: &str, mut request: Request) -> Request {
    request.model = model.to_owned();
    request
}

fn hello(model: &str) -> Request {
    of(model, request(vec![user("Say hello.")], 3))
}

#[tokio::test]
async fn a_requested_model_is_loaded_and_replaces_the_other() {
    let folder = folder();
    let local = local(folder.path());
    let first = ask(&local, hello("")).await;
    first.usage();
    assert_eq!(first.loads, 1, "the first one has to load, too");
    let before = pid(&local);
    let swapped = ask(&local, hello(SECOND)).await;
    swapped.usage();
    assert_eq!(swapped.loads, 1);
    assert!(!exists(before), "there are never two models in memory");
    let second = pid(&local);
    let again = ask(&local, hello(SECOND)).await;
    again.usage();
    assert_eq!((again.loads, pid(&local)), (0, second));
    let default = local.default_model();
    assert_eq!(ask(&local, hello(&default)).await.loads, 1);
    assert!(!exists(second));
}

#[tokio::test]
async fn requests_for_different_models_are_served_in_order() {
    let folder = folder();
    let local = local(folder.path());
    let stop = CancellationToken::new();
    let mut first = local.generate(of("", story()), stop.clone());
    until(&mut first, is_text).await;
    let default = local.default_model();
    let late = CancellationToken::new();
    let models = [SECOND, &default, "not-there", SECOND, SECOND];
    let mut waiting = Vec::new();
    for (number, model) in (1..).zip(models) {
        let stop = if number == 4 { late.clone() } else { CancellationToken::new() };
        let mut outputs = local.generate(hello(model), stop);
        assert_eq!(next(&mut outputs).await, Some(Output::Waiting { ahead: number }));
        waiting.push(outputs);
    }
    late.cancel();
    stop.cancel();
    assert!(rest(&mut first).await.halted());
    let mut answers = Vec::new();
    for outputs in &mut waiting {
        answers.push(rest(outputs).await);
    }
    for (at, loads) in [(0, 1), (1, 1), (4, 1)] {
        answers[at].usage();
        assert_eq!(answers[at].loads, loads, "number {at}");
    }
    assert_eq!(answers[2].code(), ErrorCode::Provider(ProviderKind::ModelNotFound));
    assert!(answers[3].halted());
}

#[tokio::test]
async fn an_invalid_model_file_fails_only_its_turn() {
    let folder = folder();
    std::fs::write(folder.path().join("zip.gguf"), b"PK\x03\x04").unwrap();
    let mut damaged = std::fs::read(model_file()).unwrap();
    let key = b"llama.embedding_length";
    let at = damaged.windows(key.len()).position(|window| window == key).unwrap() + key.len();
    damaged[at..at + 8].copy_from_slice(&[4, 0, 0, 0, 65, 2, 0, 0]);
    std::fs::write(folder.path().join("damaged.gguf"), damaged).unwrap();
    let local = local(folder.path());
    ask(&local, hello("")).await.usage();
    let before = pid(&local);

    // The head of the file shows that it is no model, so the loaded model stays.
    let answer = ask(&local, hello("zip")).await;
    assert_eq!((answer.code(), answer.loads), (ErrorCode::Unavailable, 0));
    local.look("zip").await;
    assert_eq!(local.usable("zip").as_ref(), Err(answer.error()));
    assert_eq!(pid(&local), before);
    assert_eq!(ask(&local, hello("")).await.loads, 0);

    // Only the engine can tell: the other model is loaded again by whoever asks it.
    local.look("damaged").await;
    assert_eq!(local.usable("damaged"), Ok(()));
    let answer = ask(&local, hello("damaged")).await;
    assert_eq!((answer.code(), answer.loads), (ErrorCode::Unavailable, 1));
    let said = format!("{:?}", answer.error());
    assert!(said.contains("Choose another model for this conversation"), "{said}");
    assert!(!said.contains(".gguf") && !said.contains(folder.path().to_str().unwrap()), "{said}");
    ask(&local, hello("")).await.usage();
    ask(&local, hello(SECOND)).await.usage();
}

#[tokio::test]
async fn a_turn_can_be_stopped_while_its_model_loads() {
    let folder = folder();
    let local = local(folder.path());
    ask(&local, hello("")).await.usage();
    let stop = CancellationToken::new();
    let mut outputs = local.generate(hello(SECOND), stop.clone());
    assert_eq!(next(&mut outputs).await, Some(Output::Loading));
    stop.cancel();
    assert!(rest(&mut outputs).await.halted());
    let loading = pid(&local);
    ask(&local, hello("")).await.usage();
    assert!(!exists(loading), "what was loading made room");
}

#[tokio::test]
async fn a_name_is_never_a_path() {
    let outside = folder();
    let inside = outside.path().join("models");
    std::fs::create_dir(&inside).unwrap();
    std::fs::copy(model_file(), inside.join("here.gguf")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../second.gguf", inside.join("link.gguf")).unwrap();
    let local = local(&inside);
    let whole = outside.path().join("second").to_str().unwrap().to_owned();
    for name in ["../second", "../second.gguf", "./here", "here.gguf", "models/here", &whole, "."] {
        local.look(name).await;
        assert!(!local.offers(name), "{name}");
        assert!(local.usable(name).is_err(), "{name}");
        let answer = ask(&local, hello(name)).await;
        assert_eq!(answer.code(), ErrorCode::Provider(ProviderKind::ModelNotFound), "{name}");
    }
    local.look("here").await;
    assert!(local.offers("here") && local.usable("here").is_ok());
    // It is listed, so that nobody wonders, and cannot be used.
    local.look("link").await;
    assert!(local.offers("link"));
    assert_eq!(local.usable("link").unwrap_err().code, ErrorCode::Unavailable);
    assert_eq!(ask(&local, hello("link")).await.code(), ErrorCode::Unavailable);
    assert_eq!(*local.engine().borrow(), Engine::Off);
}

#[tokio::test]
async fn the_list_describes_each_file() {
    let folder = folder();
    let whole = std::fs::read(model_file()).unwrap();
    std::fs::write(folder.path().join("cut.gguf"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.path().join("text.gguf"), "hello").unwrap();
    std::fs::write(folder.path().join("readme.txt"), "hello").unwrap();
    let local = local(folder.path());
    let list = local.models().await;
    assert_eq!((list.left_out, &list.error), (0, &None));
    assert_eq!(list.default_model, Some(local.default_model()));
    let names: Vec<_> = list.models.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, [local.default_model().as_str(), "cut", SECOND, "text"]);
    let json = serde_json::to_string(&list).unwrap();
    assert!(!json.contains(folder.path().to_str().unwrap()) && !json.contains(".gguf"), "{json}");
    for (at, usable) in [(0, true), (1, false), (2, true), (3, false)] {
        let entry = &list.models[at];
        assert_eq!(entry.reason.is_none(), usable, "{entry:?}");
        assert_eq!(entry.window_tokens, usable.then_some(1024), "{entry:?}");
        assert_eq!(entry.architecture.as_deref(), usable.then_some("llama"));
        assert_eq!(entry.file_bytes, usable.then_some(whole.len() as u64));
    }
    // A repaired file is usable without a restart.
    std::fs::copy(model_file(), folder.path().join("cut.gguf")).unwrap();
    assert_eq!(local.models().await.models[1].reason, None);
    drop(folder);
    let list = local.models().await;
    assert_eq!((list.models.len(), list.error.unwrap().code), (1, ErrorCode::Unavailable));
    ask(&local, hello("")).await.usage();
}
