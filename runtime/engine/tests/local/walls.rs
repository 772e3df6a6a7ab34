//! What a program can do that has taken over the model's process: nothing beyond it.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::process::Command;

use protocol::ErrorCode;
use provider_local::Local;

use super::support::*;

/// The attempts that the engine itself depends on.
const NEEDED: [&str; 3] = ["read the model", "read the load", "start a thread"];

/// The outcome of each attempt, by its name.
fn attempts(mode: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.gguf");
    for name in ["model.gguf", "secret", "removable"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    std::fs::create_dir(folder.path().join("mounted")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // A shell between them is the parent, which may be traced and signalled.
    let run = Command::new("sh")
        .args(["-c", "\"$@\"; exit $?", "sh", env!("CARGO_BIN_EXE_break-out"), mode])
        .args([&model, folder.path()])
        .arg(listener.local_addr().unwrap().to_string())
        .output()
        .unwrap();
    assert!(run.status.success(), "{run:?}");
    let lines = String::from_utf8(run.stdout).unwrap();
    let outcomes = lines.lines().map(|line| line.split_once(": ").unwrap());
    outcomes.map(|(what, outcome)| (what.to_owned(), outcome.to_owned())).collect()
}

#[test]
fn a_process_behind_the_walls_reaches_nothing_and_one_without_them_does() {
    let (open, mut walled) = (attempts("open"), attempts("walled"));
    println!("without walls {open:#?}\nwith walls {walled:#?}");
    let walls = walled.remove("walls").unwrap();
    assert_eq!(open.len(), 18);
    assert_eq!(open.keys().collect::<Vec<_>>(), walled.keys().collect::<Vec<_>>());
    let is_root = rustix::process::geteuid().is_root();
    for (what, outcome) in &open {
        let for_root = ["trace the parent", "mount"].contains(&what.as_str());
        assert!(outcome == "done" || for_root && !is_root, "{what} without walls: {outcome}");
    }
    if !walls.contains("Landlock in force") || !walls.contains("seccomp in force") {
        println!("this kernel lacks walls, so the rest was not tested: {walls}");
        return;
    }
    for (what, outcome) in &walled {
        let is_needed = NEEDED.contains(&what.as_str());
        assert_eq!(outcome == "done", is_needed, "{what} behind the walls: {outcome}");
    }
}

/// The walls are the product's own, in the process that the server starts: each of its threads has
/// a filter, and no new privileges.
#[tokio::test]
async fn each_thread_of_the_models_process_is_behind_the_walls() {
    let mut config = config();
    config.require_walls = engine::walls::supported().are_up();
    config.prompt_threads = Some(2);
    let local = Local::new(config);
    ask(&local, request(vec![user("hi")], 4)).await.usage();
    let mut threads = 0;
    for task in std::fs::read_dir(format!("/proc/{}/task", pid(&local))).unwrap() {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        // Mode 2 is a filter. Source: proc_pid_status(5).
        assert!(status.contains("Seccomp:\t2"), "{status}");
        threads += 1;
    }
    assert!(threads >= 2, "the engine and the reader");
}

/// An option that cannot be fulfilled ends the attempt with words, and never runs without the walls.
#[tokio::test]
async fn a_model_that_needs_walls_is_not_loaded_without_them() {
    if engine::walls::supported().are_up() {
        return;
    }
    let mut config = config();
    config.require_walls = true;
    let answer = ask(&Local::new(config), request(vec![user("hi")], 2)).await;
    assert_eq!(answer.code(), ErrorCode::Unavailable);
}
