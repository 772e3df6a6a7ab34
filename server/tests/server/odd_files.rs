//! Pipes, folders, sockets and devices in place of each file that can be named: nothing hangs, and
//! the error says what was found.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;

use super::process::{companion, run, serve, text};
use super::stopping::{ends, get};

fn pipe(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

/// Creates a pipe and writes a text into it as soon as another process opens it to read.
fn write_into(path: &Path, bytes: Vec<u8>) {
    pipe(path);
    let path = path.to_owned();
    std::thread::spawn(move || {
        OpenOptions::new().write(true).open(path).unwrap().write_all(&bytes).unwrap();
    });
}

#[test]
fn special_files_among_the_models_block_nothing_and_are_listed_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    pipe(&models.join("pipe.gguf"));
    std::fs::create_dir(models.join("folder.gguf")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(models.join("socket.gguf")).unwrap();
    std::os::unix::fs::symlink("circle.gguf", models.join("circle.gguf")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", models.join("device.gguf")).unwrap();
    std::os::unix::fs::symlink("pipe.gguf", models.join("link.gguf")).unwrap();

    let (mut child, address) = serve(folder.path(), &["--model-dir", "models"]);
    let answer = get(&address, "/api/v1/models");
    let list: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let reason = |name: &str| {
        let models = list["providers"][0]["models"].as_array().unwrap();
        let entry = models.iter().find(|entry| entry["name"] == name);
        entry.unwrap_or_else(|| panic!("{name}: {list}"))["reason"]["message"].to_string()
    };
    for (name, expected) in [
        ("pipe", "it is a named pipe and not a regular file"),
        ("link", "it is a named pipe and not a regular file"),
        ("folder", "it is a folder and not a regular file"),
        ("socket", "it is a socket and not a regular file"),
        ("circle", "a link that leads out of the folder, or nowhere"),
        ("device", "a link that leads out of the folder, or nowhere"),
    ] {
        assert!(reason(name).contains(expected), "{name}: {}", reason(name));
    }
    assert!(get(&address, "/").starts_with("HTTP/1.1 "));
    ends(&mut child);
}

#[test]
fn a_model_file_that_is_a_pipe_is_unusable() {
    let folder = tempfile::tempdir().unwrap();
    pipe(&folder.path().join("pipe.gguf"));
    let (mut child, address) = serve(folder.path(), &["--model-file", "pipe.gguf"]);
    let answer = get(&address, "/api/v1/status");
    assert!(answer.contains("it is a named pipe and not a regular file"), "{answer}");
    ends(&mut child);
    let doctor = ["doctor", "--listen", "127.0.0.1:0", "--model-file", "pipe.gguf"];
    let doctor = companion(folder.path(), &doctor).output().unwrap();
    assert!(text(&doctor.stdout).contains("it is a named pipe and not a regular file"));
}

#[test]
fn a_pipe_in_the_prompts_folder_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("prompts")).unwrap();
    pipe(&folder.path().join("prompts/companion.md"));
    let arguments = ["--listen", "127.0.0.1:0", "--prompts-dir", "prompts"];
    let output = companion(folder.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("companion.md of the prompts folder is not a regular file"), "{said}");
}

/// A shell passes the output of a program as a pipe: `COMPANION_API_KEY_FILE=<(pass show key)`.
#[test]
fn a_key_and_a_configuration_can_be_read_from_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    write_into(&folder.path().join("key"), b"sk-piped\n".to_vec());
    write_into(&folder.path().join("settings"), b"stall_ms = 2345\n".to_vec());
    let arguments = ["config", "--config", "settings", "--base-url", "http://127.0.0.1:9/v1"];
    let mut command = companion(folder.path(), &arguments);
    let output = command.env("COMPANION_API_KEY_FILE", "key").output().unwrap();
    let said = text(&output.stdout);
    assert!(said.contains("stall_ms = 2345") && said.contains("api_key = \"***\""), "{said}");
}

/// As with `companion import <(zcat export.gz)`. An archive's list of files is at its end, and a
/// pipe can be read only in order.
#[test]
fn an_import_can_be_read_from_a_pipe_but_not_from_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    ends(&mut serve(folder.path(), &["--data-dir", "data"]).0);
    let export = run(folder.path(), &["export", "--data-dir", "data"]);
    write_into(&folder.path().join("pipe"), export.stdout);
    let output = run(folder.path(), &["import", "pipe", "--data-dir", "other"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("imported 1 conversation,"));

    let output = run(folder.path(), &["import", "data", "--data-dir", "other"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("data cannot be read: it is a folder and not a regular file"), "{said}");
}
