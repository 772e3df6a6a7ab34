//! Files that are not models, or not any more.

use std::path::Path;

use protocol::{ErrorCode, ProviderKind};
use provider::Provider;
use provider_local::{Engine, Local, ModelInfo};

use super::support::*;

async fn fails_with(file: &Path) -> protocol::Error {
    let local = Local::new(config_for(file));
    let answer = ask(&local, request(vec![user("hi")], 2)).await;
    assert_eq!(answer.began, None);
    let error = answer.error().clone();
    let said = format!("{} {}", error.message, error.hint.clone().unwrap_or_default());
    let folder = file.parent().and_then(Path::to_str).expect("a folder with a name");
    assert!(!said.contains(folder) && !said.contains(".gguf"), "{said}");
    local.look("").await;
    if let Err(now) = local.usable("") {
        assert_eq!(now, error);
    }
    error
}

fn names_the_setting(error: &protocol::Error) {
    assert_eq!(error.code, ErrorCode::Unavailable, "{error}");
    let hint = error.hint.as_deref().unwrap_or_default();
    assert!(hint.contains("--model-file") && hint.contains("COMPANION_MODEL_FILE"), "{hint}");
}

#[tokio::test]
async fn the_error_for_a_missing_or_invalid_file_names_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    names_the_setting(&fails_with(&folder.path().join("none.gguf")).await);
    names_the_setting(&fails_with(&folder.path().join(".")).await);
    for (name, content) in
        [("empty", &b""[..]), ("zip", b"PK\x03\x04"), ("head", b"GGUF\x03\0\0\0")]
    {
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        names_the_setting(&fails_with(&file).await);
    }
}

#[tokio::test]
async fn the_error_for_a_truncated_model_names_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(model_file()).unwrap();
    for length in [23, 24, 1000, 1_000_000, 1_769_507, 1_780_000, 50_000_000, whole.len() - 1] {
        let file = folder.path().join("cut.gguf");
        std::fs::write(&file, &whole[..length]).unwrap();
        let error = fails_with(&file).await;
        println!("cut to {length}: {error}");
        names_the_setting(&error);
    }
}

#[tokio::test]
async fn truncating_the_file_of_a_loaded_model_has_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("model.gguf");
    std::fs::copy(model_file(), &file).unwrap();
    let local = Local::new(config_for(&file));
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    std::fs::File::options().write(true).open(&file).unwrap().set_len(1000).unwrap();
    ask(&local, request(vec![user("hello")], 2)).await.usage();
}

#[tokio::test]
async fn the_real_model_is_described() {
    let info = ModelInfo::read(&model_file()).unwrap();
    assert!(info.has_chat_template && info.context_tokens.is_some(), "{info:?}");
    assert!(!info.architecture.is_empty() && info.file_bytes > 1_000_000, "{info:?}");
}

/// Replaces the bytes after the first `find`, which must be in the file's head.
fn damaged(find: &[u8], replace: &[u8]) -> Vec<u8> {
    let mut model = std::fs::read(model_file()).expect("the model can be read");
    let at = model.windows(find.len()).position(|window| window == find).expect("it is there");
    let from = at + find.len();
    model[from..from + replace.len()].copy_from_slice(replace);
    model
}

/// The engine aborts its process on these: on one while it loads, on the other while it reads a
/// prompt.
#[tokio::test]
async fn an_abort_of_the_engine_fails_only_its_turn() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.gguf");
    let no_layers = [4u32.to_le_bytes(), 0u32.to_le_bytes()].concat();
    let below_zero = [6u32.to_le_bytes(), (-1f32).to_le_bytes()].concat();
    let cases: [(&[u8], Vec<u8>, bool); 2] = [
        (b"llama.block_count", no_layers, false),
        (b"llama.attention.layer_norm_rms_epsilon", below_zero, true),
    ];
    let local = Local::new(config_for(&file));
    for (find, replace, begins) in cases {
        std::fs::write(&file, damaged(find, &replace)).unwrap();
        let answer = ask(&local, request(vec![user("hi")], 2)).await;
        assert_eq!(answer.code(), ErrorCode::Provider(ProviderKind::Crashed));
        assert_eq!(answer.began.is_some(), begins);
        std::fs::copy(model_file(), &file).unwrap();
        if !begins {
            ask(&local, request(vec![user("hi")], 2)).await.usage();
            signal(pid(&local), "KILL");
            wait_for(&local, |engine| *engine == Engine::Off).await;
        }
    }
    ask(&local, request(vec![user("hi")], 2)).await.usage();
}

/// The engine refuses these with messages of its own, which must not be shown.
#[tokio::test]
async fn the_error_for_a_refused_model_names_the_setting() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("damaged.gguf");
    let width = [4u32.to_le_bytes(), 577u32.to_le_bytes()].concat();
    for (find, replace) in [
        (&b"llama.embedding_length"[..], width),
        (&b"llama.block_count"[..], 8u32.to_le_bytes().to_vec()),
        (&b"tokenizer.chat_templat"[..], b"X".to_vec()),
    ] {
        std::fs::write(&file, damaged(find, &replace)).unwrap();
        names_the_setting(&fails_with(&file).await);
    }
}
