//! The errors that people see when the local model cannot answer. Each has a code of the closed set
//! and safe sentences, without a path or the engine's messages.

use engine_wire::{Failure, NotLoaded};
use protocol::{Error, ErrorCode, ProviderKind};

use super::gguf::GgufError;

const CHOOSE: &str = "Choose a GGUF chat model with --model-file or COMPANION_MODEL_FILE, or configure another provider.";
const CHOOSE_OTHER: &str =
    "Choose another model for this conversation, or put a complete GGUF chat model in its place.";

/// The model's file is missing or is not a usable model.
pub(crate) fn file(error: &GgufError) -> Error {
    let what = match error {
        GgufError::Read(error) if error.kind() == std::io::ErrorKind::NotFound => {
            "The model file is missing.".to_owned()
        }
        GgufError::Read(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            "The server isn't allowed to read the model file.".to_owned()
        }
        GgufError::Read(_) => "The model file can't be read.".to_owned(),
        other => format!("The model file can't be used: {other}."),
    };
    unavailable(what)
}

/// The file system of the model file does not answer in time.
pub(crate) fn no_answer() -> Error {
    unavailable("The model file can't be reached: its disk or network doesn't respond.")
}

/// The file's path cannot be passed to the engine.
pub(crate) fn path() -> Error {
    unavailable("The model file's path isn't valid UTF-8.")
}

/// The processor lacks features that the engine is compiled to use.
pub(crate) fn processor(lacking: &[&str]) -> Error {
    let what = format!(
        "This machine's processor lacks what the local model needs: {}.",
        lacking.join(", ")
    );
    Error::new(ErrorCode::Unavailable, what).with_hint(
        "Configure an OpenAI-compatible endpoint with --base-url or COMPANION_BASE_URL, or run \
         Companion on a newer processor.",
    )
}

/// The engine could not load the model.
pub(crate) fn not_loaded(why: NotLoaded) -> Error {
    match why {
        NotLoaded::Sandbox => Error::new(
            ErrorCode::Unavailable,
            "This system lacks a part of the sandbox that the local model is required to run in.",
        )
        .with_hint(
            "`companion doctor` says which part. Run Companion on a newer kernel, or without \
             require_sandbox.",
        ),
        NotLoaded::Refused => {
            unavailable("The model file is damaged, or of a kind that this version can't run.")
        }
        NotLoaded::Template => {
            unavailable("The model file has no usable chat template, so it isn't a chat model.")
        }
        NotLoaded::Context => Error::new(
            ErrorCode::Unavailable,
            "There isn't enough memory for the model and its context window.",
        )
        .with_hint("Choose a smaller model file or context window, or free some memory."),
    }
}

/// A request failed, and the engine can take further ones.
pub(crate) fn of_job(why: &Failure) -> Error {
    match why {
        Failure::TooLong { needed, room } => too_long(*needed, *room),
        // Not `upstream`, which invites a retry: the same conversation would be refused again.
        Failure::Template { .. } => Error::new(
            ErrorCode::Provider(ProviderKind::Malformed),
            "The model's chat template refuses this conversation.",
        )
        .with_hint("Start a new conversation, or choose another model file."),
        Failure::Engine { .. } => Error::new(
            ErrorCode::Provider(ProviderKind::Upstream),
            "The inference engine reported an error.",
        )
        .with_hint("Try again. If it keeps happening, choose another model file."),
    }
}

fn too_long(needed: u32, room: u32) -> Error {
    Error::new(
        ErrorCode::Provider(ProviderKind::ContextLength),
        format!(
            "The message has {needed} tokens, and the model's context window has room for {room}."
        ),
    )
    .with_hint("Send a shorter message, or use a model with a larger context window.")
}

/// The conversation is too large to be sent to the model's process.
pub(crate) fn too_large() -> Error {
    Error::new(
        ErrorCode::Provider(ProviderKind::ContextLength),
        "The message is far too long for the model's context window.",
    )
    .with_hint("Send a shorter message.")
}

/// The model's process ended, did not start, or sent invalid messages.
pub(crate) fn crashed() -> Error {
    Error::new(ErrorCode::Provider(ProviderKind::Crashed), "The model crashed.")
        .with_hint("Try again; the model starts again by itself. If it keeps happening, choose another model file.")
}

/// There is no model with the requested name.
pub(crate) fn not_here(asked: &str) -> Error {
    Error::new(ErrorCode::Unavailable, format!("The local model `{asked}` isn't available.")).with_hint(
        "Choose another model for this conversation, or bring its file with COMPANION_MODEL_FILE or \
         COMPANION_MODEL_DIR.",
    )
}

/// There is no model with the name that a turn needs.
pub(crate) fn gone(asked: &str) -> Error {
    Error { code: ErrorCode::Provider(ProviderKind::ModelNotFound), ..not_here(asked) }
}

/// A link in the folder of models is not followed.
pub(crate) fn leads_out() -> Error {
    of_folder(unavailable("The model file is a link that leads out of the folder, or nowhere."))
}

/// The file has no chat template.
pub(crate) fn no_template() -> Error {
    unavailable("The model file has no chat template, so it isn't a chat model.")
}

/// The folder of models cannot be listed.
pub(crate) fn folder(error: &std::io::Error) -> Error {
    let what = match error.kind() {
        std::io::ErrorKind::NotFound => "The models folder is missing.",
        std::io::ErrorKind::TimedOut => {
            "The models folder can't be reached: its disk or network doesn't respond."
        }
        _ => "The models folder can't be read.",
    };
    Error::new(ErrorCode::Unavailable, what)
        .with_hint("Set --model-dir or COMPANION_MODEL_DIR to a folder of GGUF files.")
}

/// Changes an error about the configured model file into one about a file of the folder, whose
/// advice is different.
pub(crate) fn of_folder(error: Error) -> Error {
    let is_files = error.hint.as_deref() == Some(CHOOSE);
    if is_files { error.with_hint(CHOOSE_OTHER) } else { error }
}

/// Too many requests wait already; `retry_after_ms` is an estimate of how long a turn takes.
pub(crate) fn queue_full() -> Error {
    Error::new(ErrorCode::RateLimited, "Too many messages are waiting for the local model.")
        .with_hint("Wait until others have been answered, then send again.")
        .with_retry_after_ms(10_000)
}

/// The provider has been shut down.
pub(crate) fn shut_down() -> Error {
    Error::new(ErrorCode::Unavailable, "The server is shutting down.")
}

fn unavailable(what: impl Into<String>) -> Error {
    Error::new(ErrorCode::Unavailable, what).with_hint(CHOOSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn the_error_for_an_unusable_file_names_the_setting() {
        let missing = file(&GgufError::Read(io::Error::from(io::ErrorKind::NotFound)));
        assert_eq!(missing.code, ErrorCode::Unavailable);
        assert!(missing.hint.unwrap().contains("COMPANION_MODEL_FILE"));
        assert_eq!(
            file(&GgufError::NotGguf).message,
            "The model file can't be used: it is not a GGUF file."
        );
    }

    #[test]
    fn messages_of_the_engine_are_not_shown() {
        let detail = "/home/someone/secret.gguf: bad tensor".to_owned();
        for why in [Failure::Engine { detail: detail.clone() }, Failure::Template { detail }] {
            let json = serde_json::to_string(&of_job(&why)).unwrap();
            assert!(!json.contains("secret"), "{json}");
        }
    }

    #[test]
    fn the_error_lists_the_missing_processor_features() {
        assert!(processor(&["avx2", "fma"]).message.ends_with("needs: avx2, fma."));
    }
}
