//! The walls of the model's process, attacked from inside.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use protocol::ErrorCode;
use provider_local::{Local, LocalConfig};

use super::support::*;

/// What the engine needs, and the sandbox therefore allows.
const NEEDED: [&str; 2] = ["read the model", "thread"];
/// What only root may do where there is no sandbox either, depending on the system's settings.
const OF_ROOT: [&str; 2] = ["mount", "trace the parent"];

/// The outcome of each attempt to break out, by its name.
fn break_out(mode: &str) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("model.gguf");
    fs::write(&model, "GGUF").unwrap();
    let data = folder.path().join("data");
    fs::create_dir_all(data.join("mountpoint")).unwrap();
    fs::write(data.join("secret"), "a conversation").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let tried = Command::new(env!("CARGO_BIN_EXE_break_out"))
        .arg(mode)
        .args([&model, &data])
        .arg(port)
        .output()
        .unwrap();
    let text = String::from_utf8(tried.stdout).unwrap();
    assert!(tried.status.success(), "{:?}: {text}", tried.status);
    text.lines()
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
        .collect()
}

#[test]
fn no_attempt_to_break_out_succeeds() {
    let mut outcomes = break_out("in");
    let missing = outcomes.remove("missing").unwrap();
    assert_eq!(missing, "", "this test needs Linux 5.13 with Landlock and seccomp");
    for name in NEEDED {
        assert_eq!(outcomes.remove(name).as_deref(), Some("ok"), "{name}");
    }
    assert!(outcomes.len() > 20);
    for (name, outcome) in outcomes {
        // EPERM is the answer of the filter, EACCES that of Landlock.
        let denied = ["(os error 1)", "(os error 13)"];
        assert!(denied.iter().any(|denied| outcome.ends_with(denied)), "{name}: {outcome}");
    }
}

/// Without the sandbox, the same attempts succeed, so the test above can fail.
#[test]
fn without_the_sandbox_the_attempts_succeed() {
    let outcomes = break_out("out");
    assert!(outcomes.contains_key("become a shell"));
    for (name, outcome) in outcomes {
        let may = rustix::process::getuid().is_root() || !OF_ROOT.contains(&name.as_str());
        assert!(outcome == "ok" || !may, "{name}: {outcome}");
    }
}

/// The real process, after it has loaded and answered.
#[tokio::test]
async fn every_thread_of_a_process_that_answers_is_filtered() {
    let local = Local::new(config());
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    let tasks = fs::read_dir(format!("/proc/{}/task", pid(&local))).unwrap();
    for task in tasks {
        let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        // 2 is SECCOMP_MODE_FILTER. Source: linux/seccomp.h.
        assert_eq!(value("Seccomp:").trim(), "2");
        assert_eq!(value("Seccomp_filters:").trim(), "2");
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", pid(&local))).unwrap();
    for (name, most) in [("Max file size", 0), ("Max open files", 32), ("Max core file size", 0)] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let hard: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(hard <= most, "{name} {line}");
    }
}

#[tokio::test]
async fn the_sandbox_is_reported_without_a_model() {
    let report = provider_local::sandbox(&config()).await.unwrap();
    assert_eq!(report.missing, Vec::<String>::new());
    assert!(report.in_force.iter().any(|wall| wall.starts_with("Landlock")), "{report:?}");
    assert!(report.in_force.iter().any(|wall| wall.starts_with("seccomp")), "{report:?}");
    let broken = LocalConfig { program: Some("/bin/true".into()), ..config() };
    assert!(provider_local::sandbox(&broken).await.is_err());
}

/// Runs the engine as on a kernel without seccomp or Landlock: below a filter that answers the
/// calls which raise these walls as such a kernel does.
#[tokio::test]
async fn a_missing_wall_is_fatal_only_if_the_sandbox_is_required() {
    let without = |require_sandbox| LocalConfig {
        program: Some(env!("CARGO_BIN_EXE_break_out").into()),
        args: vec!["old-kernel".into(), env!("CARGO_BIN_EXE_engine").into()],
        require_sandbox,
        ..config()
    };
    let report = provider_local::sandbox(&without(false)).await.unwrap();
    assert!(report.missing.iter().any(|wall| wall.starts_with("Landlock")), "{report:?}");
    let question = || request(vec![user("hi")], 2);
    ask(&Local::new(without(false)), question()).await.usage();
    let refused = ask(&Local::new(without(true)), question()).await;
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    assert!(refused.error().message.contains("sandbox"), "{:?}", refused.error());
    let whole = LocalConfig { require_sandbox: true, ..config() };
    ask(&Local::new(whole), question()).await.usage();
}
