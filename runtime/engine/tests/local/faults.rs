use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use protocol::{ErrorCode, ProviderKind};
use provider::{Output, Provider};
use provider_local::{Engine, LoadPolicy, Local};
use tokio_util::sync::CancellationToken;

use super::support::*;

#[tokio::test]
async fn a_killed_child_fails_only_the_running_turn() {
    let local = Local::new(config());
    let mut outputs = local.generate(story(), CancellationToken::new());
    until(&mut outputs, is_text).await;
    let mut waiting = local.generate(request(vec![user("hi")], 2), CancellationToken::new());
    let child = pid(&local);
    signal(child, "KILL");
    let answer = rest(&mut outputs).await;
    assert_eq!(answer.code(), ErrorCode::Provider(ProviderKind::Crashed));
    assert!(!exists(child), "no zombie is left");
    rest(&mut waiting).await.usage();
    assert_ne!(pid(&local), child);
}

#[tokio::test]
async fn a_wrong_engine_program_fails_the_turn() {
    for program in ["/nowhere/at/all", "/bin/true", "/bin/echo"] {
        let mut config = config();
        config.program = Some(program.into());
        config.args = vec!["not the protocol".into()];
        let answer = ask(&Local::new(config), request(vec![user("hi")], 2)).await;
        assert_eq!(answer.code(), ErrorCode::Provider(ProviderKind::Crashed), "{program}");
        assert!(!answer.error().message.contains('/'));
    }
}

#[tokio::test]
async fn shutdown_ends_the_child_and_all_turns() {
    let local = Local::new(config());
    let mut running = local.generate(story(), CancellationToken::new());
    until(&mut running, is_text).await;
    let mut waiting = local.generate(story(), CancellationToken::new());
    let child = pid(&local);
    local.shutdown().await;
    assert!(!exists(child));
    assert!(rest(&mut running).await.halted());
    assert!(rest(&mut waiting).await.halted());
    assert_eq!(ask(&local, story()).await.code(), ErrorCode::Unavailable);
    local.shutdown().await;
}

#[tokio::test]
async fn an_idle_model_is_unloaded_and_loaded_again() {
    let mut config = config();
    config.idle_unload = Some(Duration::from_millis(50));
    config.load = LoadPolicy::AtStart;
    let local = Local::new(config);
    wait_for(&local, |engine| matches!(engine, Engine::Ready { .. })).await;
    let child = pid(&local);
    wait_for(&local, |engine| *engine == Engine::Off).await;
    assert!(!exists(child));
    ask(&local, request(vec![user("hi")], 2)).await.usage();
}

#[tokio::test]
async fn the_child_inherits_no_environment() {
    let local = Local::new(config());
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    let environment = std::fs::read(format!("/proc/{}/environ", pid(&local))).unwrap();
    let names: BTreeSet<String> = environment
        .split(|byte| *byte == 0)
        .map(|pair| {
            String::from_utf8_lossy(pair.split(|byte| *byte == b'=').next().unwrap()).into()
        })
        .filter(|name: &String| !name.is_empty() && name != "LD_LIBRARY_PATH")
        .collect();
    assert_eq!(names, BTreeSet::from(["GGML_NO_BACKTRACE".to_owned()]));
}

/// The server may have inherited descriptors without close-on-exec from the program that started
/// it. The child must not inherit them.
#[tokio::test]
async fn the_child_inherits_no_descriptors_but_its_pipes() {
    let file = tempfile::tempfile().unwrap();
    // `dup` makes a descriptor without close-on-exec. Source: dup(2).
    let leaks = rustix::io::dup(&file).unwrap();
    let local = Local::new(config());
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    let open = std::fs::read_dir(format!("/proc/{}/fd", pid(&local))).unwrap();
    let open: BTreeSet<_> = open
        .map(|entry| std::fs::read_link(entry.unwrap().path()).unwrap())
        .map(|target| target.to_str().unwrap().to_owned())
        .filter(|target| !target.starts_with("pipe:"))
        .collect();
    // It has opened this one itself.
    assert_eq!(open, BTreeSet::from(["/proc/loadavg".to_owned()]));
    drop(leaks);
}

/// Even if the server runs as root, the child keeps only what it needs to read a model file.
#[tokio::test]
async fn the_child_has_dropped_the_privileges_it_does_not_need() {
    let local = Local::new(config());
    ask(&local, request(vec![user("hi")], 2)).await.usage();
    let tasks = std::fs::read_dir(format!("/proc/{}/task", pid(&local))).unwrap();
    let mut threads = 0;
    for task in tasks {
        let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_else(|| panic!("{name} is not in {status}")).trim().to_owned()
        };
        assert_eq!(value("NoNewPrivs:"), "1");
        // Bit 2 is CAP_DAC_READ_SEARCH. Source: linux/capability.h.
        for set in ["CapPrm:", "CapEff:"] {
            let powers = u64::from_str_radix(&value(set), 16).unwrap();
            assert_eq!(powers & !(1 << 2), 0, "{set} {powers:x}");
        }
        assert_eq!(u64::from_str_radix(&value("CapInh:"), 16), Ok(0));
        threads += 1;
    }
    assert!(threads >= 2, "the engine and the reader");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", pid(&local))).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);
}

/// The environment variable that makes this program run as the server that is killed.
const SERVER: &str = "COMPANION_TEST_SERVER";
/// The text before the child's process id in the output of that server.
const CHILD: &str = "child ";

/// Prints the child's process id while the child writes a long answer, and never ends.
async fn print_the_childs_id_and_stay() {
    let local = Local::new(config());
    let question = user("Tell me a very long story about a lighthouse and the sea.");
    let mut outputs = local.generate(request(vec![question], 10_000), CancellationToken::new());
    while let Some(output) = outputs.recv().await {
        if matches!(output, Output::Text(_)) {
            println!("\n{CHILD}{}", pid(&local));
            break;
        }
    }
    std::future::pending::<()>().await;
}

/// When the server is killed, the child must not live on, even in the middle of an answer.
#[tokio::test]
async fn no_child_outlives_a_killed_server() {
    if std::env::var_os(SERVER).is_some() {
        return print_the_childs_id_and_stay().await;
    }
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "faults::no_child_outlives_a_killed_server", "--nocapture"])
        .env(SERVER, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let child = lines.filter_map(|line| line.strip_prefix(CHILD)?.parse().ok()).next();
    let child: u32 = child.expect("the server names its child");
    assert!(exists(child));
    server.kill().unwrap();
    server.wait().unwrap();
    // The child is not a child of this process, which can only watch it end. A zombie that no init
    // collects counts as ended.
    let ended = || match std::fs::read_to_string(format!("/proc/{child}/stat")) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    for _ in 0..1000 {
        if ended() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    signal(child, "KILL");
    panic!("the child lives on");
}
