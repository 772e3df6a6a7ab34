//! The walls of the server's own process: attacked from inside, and with a model's process that is
//! started from within.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command};
use std::time::{Duration, Instant};

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use super::process::{code, companion, run, serve, signal, text};
use super::stopping::{ends, get};
use super::support::{HANG, message_id};

/// What a server needs, and the walls therefore allow.
const NEEDED: [&str; 3] = ["write own data", "connect to the endpoint", "read about itself"];
/// What only root may do where there are no walls either, or not every kernel has.
const OF_ROOT: [&str; 6] = [
    "mount",
    "open a multipath socket",
    "open a packet socket",
    "read the parent's memory",
    "trace the parent",
    "use io_uring",
];

/// Starts a server like [`serve`], with these variables.
fn serve_with(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (Child, String) {
    let arguments = [&["--listen", "127.0.0.1:0", "--data-dir", "data"], arguments].concat();
    let mut command = companion(folder, &arguments);
    let mut child = command.envs(variables.iter().copied()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| {
        panic!("{line:?}, {}", std::io::read_to_string(child.stderr.take().unwrap()).unwrap())
    });
    (child, address.to_owned())
}

/// Reads the log up to a line that has all of these texts.
fn wait_for(log: &mut BufReader<ChildStderr>, parts: &[&str]) -> String {
    let mut said = String::new();
    loop {
        let begin = said.len();
        assert!(log.read_line(&mut said).unwrap() > 0, "no {parts:?} in {said}");
        if parts.iter().all(|part| said[begin..].contains(part)) {
            return said;
        }
    }
}

/// The outcome of each attempt of a running server to leave its walls, by its name.
fn attempts(arguments: &[&str]) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    std::fs::create_dir_all(outside.join("mountpoint")).unwrap();
    for file in ["secret", "remove"] {
        std::fs::write(outside.join(file), "a letter").unwrap();
    }
    let listening = || TcpListener::bind("127.0.0.1:0").unwrap();
    let (foreign, endpoint) = (listening(), listening());
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let asked = format!("{} {} {}", outside.display(), port(&foreign), port(&endpoint));
    let url = format!("http://127.0.0.1:{}/v1", port(&endpoint));
    let arguments = [&["--base-url", &url], arguments].concat();
    let (mut child, _) =
        serve_with(folder.path(), &arguments, &[("COMPANION_TEST_ATTEMPTS", &asked)]);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let said = wait_for(&mut log, &["attempts: done"]);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
    let lines = said.lines().filter_map(|line| line.strip_prefix("attempt: "));
    lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, outcome)| (name.to_owned(), outcome.to_owned()))
        .collect()
}

#[test]
fn no_attempt_to_leave_the_walls_succeeds() {
    let mut outcomes = attempts(&["--require-sandbox"]);
    for name in NEEDED {
        assert_eq!(outcomes.remove(name).as_deref(), Some("ok"), "{name}");
    }
    assert!(outcomes.len() > 20, "{outcomes:?}");
    for (name, outcome) in outcomes {
        // EPERM is the answer of the filter, EACCES that of Landlock.
        let denied = ["(os error 1)", "(os error 13)"];
        assert!(denied.iter().any(|denied| outcome.ends_with(denied)), "{name}: {outcome}");
    }
}

/// Without the walls, the same attempts succeed, so the test above can fail.
#[test]
fn without_the_walls_the_attempts_succeed() {
    let outcomes = attempts(&["--sandbox", "false"]);
    assert!(outcomes.len() > 20, "{outcomes:?}");
    for (name, outcome) in outcomes {
        let may = rustix::process::getuid().is_root() && name != "use io_uring";
        let excused = !may && OF_ROOT.contains(&name.as_str());
        assert!(outcome == "ok" || excused, "{name}: {outcome}");
    }
}

/// The value of a line of a file below `/proc`.
fn value(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned()
}

#[test]
fn every_thread_is_filtered_and_nothing_can_be_dumped() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &["--data-dir", "data"]);
    get(&address, "/");
    let process = format!("/proc/{}", child.id());
    let tasks: Vec<_> = std::fs::read_dir(format!("{process}/task")).unwrap().collect();
    assert!(tasks.len() > 2);
    for task in tasks {
        let status = task.unwrap().path().join("status");
        // 2 is SECCOMP_MODE_FILTER. Source: linux/seccomp.h.
        assert_eq!(value(status.to_str().unwrap(), "Seccomp:"), "2");
        assert_eq!(value(status.to_str().unwrap(), "NoNewPrivs:"), "1");
    }
    let limits = value(&format!("{process}/limits"), "Max core file size");
    assert!(limits.split_whitespace().take(2).all(|limit| limit == "0"), "{limits}");
    ends(&mut child);
}

/// What anybody who may read it, such as root, finds in the environment of a process.
fn environment(process: u32) -> String {
    text(&std::fs::read(format!("/proc/{process}/environ")).unwrap())
}

/// Every other test that reads it has the rights of root, or finds nothing anyway.
#[test]
fn no_secret_stays_in_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let secret = "sk-in-the-environment";
    let file = "[[endpoint]]\nname = \"own\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
                api_key_env = \"UNUSUAL\"\n";
    std::fs::write(folder.path().join("companion.toml"), file).unwrap();
    let proxy = format!("http://me:{secret}@proxy:3128");
    let variables = [
        ("COMPANION_API_KEY", secret),
        ("OPENAI_API_KEY", secret),
        ("UNUSUAL", secret),
        ("OTHER_TOKEN", secret),
        ("HTTPS_PROXY", proxy.as_str()),
        ("HARMLESS", "stays"),
    ];
    // This shows that the test can fail: a program keeps what it was given.
    let mut other = Command::new("sleep").arg("100").envs(variables).spawn().unwrap();
    let begin = Instant::now();
    // The program may still be on its way into the process.
    while environment(other.id()).matches(secret).count() != 5 {
        assert!(begin.elapsed() < HANG, "{:?}", environment(other.id()));
    }
    other.kill().unwrap();
    other.wait().unwrap();

    let url = ["--base-url", "http://127.0.0.1:9/v1"];
    let (mut child, _) = serve_with(folder.path(), &url, &variables);
    if !rustix::process::getuid().is_root() {
        // Nobody else can read it.
        assert!(std::fs::read(format!("/proc/{}/environ", child.id())).is_err());
        ends(&mut child);
        return;
    }
    let seen = environment(child.id());
    assert!(!seen.contains(secret) && seen.contains("HARMLESS=stays"), "{seen:?}");
    // The processes of the server get no secret, either.
    for process in children(child.id()) {
        let seen = environment(process);
        assert!(!seen.contains(secret) && !seen.contains("HARMLESS"), "{seen:?}");
    }
    ends(&mut child);
}

/// The processes that a process has started. Source: `PROC_CHILDREN` in proc(5).
fn children(process: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let lists = tasks
        .filter_map(|task| std::fs::read_to_string(task.unwrap().path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}

/// Waits until a process is gone, or is a zombie that only its parent has not seen yet.
fn gone(process: u32) {
    let begin = Instant::now();
    loop {
        let status = std::fs::read_to_string(format!("/proc/{process}/status"));
        if status.map_or(true, |status| status.contains("State:\tZ")) {
            return;
        }
        assert!(begin.elapsed() < HANG, "{process} is still there");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The model that comes with the product.
fn model_file() -> PathBuf {
    let default = || {
        let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or(home);
        let models = cache.expect("HOME is set").join("companion/models");
        models.join("SmolLM2-135M-Instruct.Q4_1.gguf")
    };
    std::env::var_os("COMPANION_MODEL_FILE").map_or_else(default, PathBuf::from)
}

/// The number after `pid=` in the last line that names one.
fn pid(said: &str) -> u32 {
    let after = said.rsplit_once("pid=").unwrap().1;
    after.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

const LOADS: &str = "the local model is being loaded";
const IS_READY: &str = "the local model is ready";

#[test]
fn the_models_process_is_started_from_outside_and_ends_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let model = model_file();
    let model = ["--model-file", model.to_str().unwrap(), "--local-load", "start"];
    let begin = |arguments: &[&str]| {
        let (mut child, _) = serve_with(folder.path(), arguments, &[]);
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let engine = pid(&wait_for(&mut log, &[LOADS]));
        wait_for(&mut log, &[IS_READY]);
        (child, log, engine)
    };
    for last in ["-TERM", "-KILL"] {
        let (mut child, _log, engine) = begin(&model);
        let spawner = children(child.id());
        assert_eq!(spawner.len(), 1, "{spawner:?}");
        assert_eq!(children(spawner[0]), [engine]);
        // Each has a process group of its own, so Ctrl-C reaches only the server.
        for process in [spawner[0], engine] {
            assert_eq!(group(process), process);
        }
        signal(&child, last);
        code(&mut child);
        gone(engine);
        gone(spawner[0]);
    }

    // The model's process comes again with the next message, until the spawner is gone.
    let (mut child, address) = serve_with(folder.path(), &model, &[]);
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let engine = pid(&wait_for(&mut log, &[LOADS]));
    wait_for(&mut log, &[IS_READY]);
    let spawner = children(child.id())[0];
    kill(engine);
    wait_for(&mut log, &["ended unexpectedly", "unix_wait_status(9)"]);
    send(&address);
    let second = pid(&wait_for(&mut log, &[LOADS]));
    wait_for(&mut log, &[IS_READY]);
    assert_eq!(children(spawner), [second]);
    kill(spawner);
    kill(second);
    wait_for(&mut log, &["ended unexpectedly"]);
    send(&address);
    wait_for(&mut log, &["cannot be started", "the process that starts it is gone"]);
    assert!(get(&address, "/").starts_with("HTTP/1.1 "));
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}

/// Sends a message to the first conversation, as soon as its last turn has ended.
fn send(address: &str) {
    let workers = "/api/v1/runtimes/backend-internal/workers";
    let list = get(address, workers);
    let id = list.split("\"worker_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let body = format!("{{\"id\":\"{}\",\"text\":\"Hello\"}}", message_id());
    let head = format!(
        "POST {workers}/{id}/messages HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let begin = Instant::now();
    loop {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        let answer = std::io::read_to_string(stream).unwrap();
        if answer.starts_with("HTTP/1.1 202") {
            return;
        }
        assert!(answer.contains("busy") && begin.elapsed() < HANG, "{answer}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn kill(process: u32) {
    let done = Command::new("kill").args(["-KILL", &process.to_string()]).status();
    assert!(done.unwrap().success());
}

/// The process group. Source: proc_pid_stat(5), field 5; the name before it may have spaces.
fn group(process: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields = stat.rsplit_once(')').unwrap().1;
    fields.split_whitespace().nth(2).unwrap().parse().unwrap()
}

/// Runs the program as on a kernel without seccomp or Landlock: below a filter that answers the calls
/// which raise these walls as such a kernel does. Source: the errors in landlock_create_ruleset(2)
/// and seccomp(2).
fn on_an_old_kernel<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let enclosed = || {
        let calls = [libc::SYS_landlock_create_ruleset, libc::SYS_seccomp];
        let calls = calls.map(|call| (call, Vec::new())).into();
        let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let arch = std::env::consts::ARCH.try_into().unwrap();
        let filter = SeccompFilter::new(calls, SeccompAction::Allow, unknown, arch).unwrap();
        let filter: BpfProgram = filter.try_into().unwrap();
        // It holds for this thread and for the programs that it starts.
        seccompiler::apply_filter(&filter).unwrap();
        run()
    };
    std::thread::scope(|scope| scope.spawn(enclosed).join().unwrap())
}

#[test]
fn a_missing_wall_is_named_and_fatal_only_if_the_sandbox_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = on_an_old_kernel(|| serve(folder.path(), &["--data-dir", "data"]));
    assert!(get(&address, "/").starts_with("HTTP/1.1 "));
    let log = ends(&mut child);
    for wall in ["Landlock (files and ports)", "seccomp (system calls)"] {
        assert!(log.contains(&format!("wall=\"{wall}")), "{wall}: {log}");
    }
    let required = ["--listen", "127.0.0.1:0", "--data-dir", "data", "--require-sandbox"];
    let output = on_an_old_kernel(|| run(folder.path(), &required));
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("lacks a part of the server's sandbox: seccomp"), "{said}");

    let line = |arguments: &[&str]| {
        let arguments = [&["doctor"], arguments].concat();
        let said = on_an_old_kernel(|| text(&run(folder.path(), &arguments).stdout));
        said.lines().find(|line| line.starts_with("walls ")).unwrap().to_owned()
    };
    let line_of = |arguments: &[&str], verdict: &str, told: &str| {
        let line = line(arguments);
        assert!(line.contains(verdict) && line.contains(told), "{line}");
    };
    line_of(&[], " warn ", "missing: seccomp");
    line_of(&["--require-sandbox"], " fail ", "the server does not start");
    line_of(&["--sandbox", "false"], " warn ", "sandbox is false");
    // To find out, the doctor makes nothing.
    let folder = tempfile::tempdir().unwrap();
    let said = text(&run(folder.path(), &["doctor"]).stdout);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let line = said.lines().find(|line| line.starts_with("walls ")).unwrap();
    assert!(line.contains(" ok ") && line.contains("Landlock ABI"), "{line}");
}
