//! The binary itself: its output, its exit codes, its end.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::support::HANG;

pub(crate) fn companion(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
    command.current_dir(folder).args(arguments).env_clear().env("HOME", folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    companion(folder, arguments).output().unwrap()
}

/// Starts a server; returns its address once that is printed.
pub(crate) fn serve(folder: &Path, arguments: &[&str]) -> (Child, String) {
    let arguments = [&["--listen", "127.0.0.1:0"], arguments].concat();
    let mut child = companion(folder, &arguments).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim_end().strip_prefix("listening on http://").unwrap_or_else(|| {
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        panic!("{line:?}, {text}")
    });
    (child, address.to_owned())
}

pub(crate) fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

pub(crate) fn code(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(begin.elapsed() < HANG, "it does not end");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The log of a running server, read as it is written.
pub(crate) struct Log {
    lines: std::sync::mpsc::Receiver<String>,
    read: Vec<String>,
}

impl Log {
    pub(crate) fn of(child: &mut Child) -> Self {
        let (sender, lines) = std::sync::mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        // It ends with the process.
        std::thread::spawn(move || {
            log.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { lines, read: Vec::new() }
    }

    pub(crate) fn count(&self, word: &str) -> usize {
        self.read.iter().filter(|line| line.contains(word)).count()
    }

    /// Waits until `word` stands in as many lines.
    pub(crate) fn until(&mut self, word: &str, times: usize) {
        let end = Instant::now() + HANG;
        while self.count(word) < times {
            let line = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()));
            self.read.push(line.unwrap_or_else(|_| panic!("{word} is not in {:#?}", self.read)));
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn wrong_usage_and_configuration_exit_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["--nothing"][..],
        &["nothing"],
        &["--stall-ms", "x"],
        &["--config", "none.toml"],
        &["--trusted-proxies", "proxy"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    assert_eq!(run(folder.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn a_port_in_use_is_reported_with_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["--listen", &address]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output.stderr);
    assert!(text.contains(&format!("{address} is in use")), "{text}");
}

#[test]
fn the_server_shuts_down_on_sigterm_and_sigint() {
    for name in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().unwrap();
        let (mut child, address) = serve(folder.path(), &[]);
        assert!(address.starts_with("127.0.0.1:"));
        assert!(std::net::TcpStream::connect(&address).is_ok());
        signal(&child, name);
        assert_eq!(code(&mut child), Some(0), "{name}");
        assert!(std::net::TcpStream::connect(&address).is_err());
    }
}

/// Opens an event stream over a plain socket; returns once its snapshot has begun.
fn follow(address: &str) -> BufReader<std::net::TcpStream> {
    let ask = |path: &str, accept: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: {accept}\r\n\
             authorization: Bearer sk-in-a-header\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        BufReader::new(stream)
    };
    let workers = "/api/v1/runtimes/backend-internal/workers";
    let mut text = String::new();
    ask(workers, "application/json").read_to_string(&mut text).unwrap();
    let id = text.split("\"worker_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let path = format!("{workers}/{id}/events?cursor=in-a-query");
    let mut stream = ask(&path, "text/event-stream");
    let mut line = String::new();
    while !line.contains("event: snapshot") {
        line.clear();
        assert!(stream.read_line(&mut line).unwrap() > 0);
    }
    stream
}

#[test]
fn observers_are_told_of_a_shutdown_and_the_log_contains_no_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, address) = serve(folder.path(), &["--log", "trace"]);
    let mut stream = follow(&address);
    let begin = Instant::now();
    signal(&child, "-TERM");
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.contains("event: close") && rest.contains("\"reason\":\"shutdown\""), "{rest}");
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(code(&mut child), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(5), "nobody was to be waited for");
    assert!(
        log.contains("route=\"/api/v1/runtimes/{rid}/workers\"") && log.contains("status=200"),
        "{log}"
    );
    for secret in ["in-a-header", "in-a-query"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

#[test]
fn a_second_companion_on_the_same_folder_names_the_holder() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _) = serve(folder.path(), &["--data-dir", "data"]);
    let output = run(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    let holder = format!("in use by another companion (process {})", child.id());
    assert!(told.contains(&holder), "{told}");
    // The first server is not disturbed, and killing it frees the folder.
    signal(&child, "-KILL");
    assert_eq!(code(&mut child), None);
    let (mut second, _) = serve(folder.path(), &["--data-dir", "data"]);
    signal(&second, "-TERM");
    assert_eq!(code(&mut second), Some(0));
}

#[test]
fn config_bundle_and_doctor_print_the_actual_state() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("companion.toml"), "stall_ms = 2000\n").unwrap();
    let config = run(folder.path(), &["config"]);
    assert_eq!(config.status.code(), Some(0));
    let printed = text(&config.stdout);
    assert!(
        printed.contains("stall_ms = 2000") && printed.contains("companion.toml:1"),
        "{printed}"
    );

    let bundle = run(folder.path(), &["bundle"]);
    assert_eq!(bundle.status.code(), Some(0));
    let printed = text(&bundle.stdout);
    assert!(printed.contains("sha256:") && printed.contains("You are Companion"), "{printed}");

    let arguments = ["doctor", "--listen", "127.0.0.1:0", "--base-url", "http://127.0.0.1:9/v1"];
    let doctor = run(folder.path(), &arguments);
    let printed = text(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(0), "{printed}");
    for name in ["config", "prompts", "data", "database", "provider", "site", "address"] {
        assert!(printed.lines().any(|line| line.starts_with(name)), "{name}: {printed}");
    }
    let arguments = ["doctor", "--listen", "127.0.0.1:0", "--model-file", "none.gguf"];
    let doctor = run(folder.path(), &arguments);
    assert_eq!(doctor.status.code(), Some(1));
    assert!(text(&doctor.stdout).contains("none.gguf does not exist"));
}

#[test]
fn errors_in_prompts_are_reported_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("prompts");
    std::fs::create_dir(&prompts).unwrap();
    let profiles = "default = \"a\"\n[[profile]]\nname = \"a\"\ntitle = \"A\"\nprompt = \"a.md\"\nlanguage = \"en\"\n";
    std::fs::write(prompts.join("profiles.toml"), profiles).unwrap();
    std::fs::write(prompts.join("a.md"), "Fine.\n{{ nothing }}\n").unwrap();
    let output = run(folder.path(), &["--listen", "127.0.0.1:0", "--prompts-dir", "prompts"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output.stderr);
    assert!(text.contains("a.md, line 2"), "{text}");
}
