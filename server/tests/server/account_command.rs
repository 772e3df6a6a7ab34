//! `companion account`, while the server runs and while it does not, and what the server prints when
//! nobody can come in yet.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Output, Stdio};

use super::process::{code, companion, run, serve, signal, text};

/// Runs the command with a line on standard input.
fn with_password(folder: &Path, arguments: &[&str], password: &str) -> Output {
    let mut command = companion(folder, arguments);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // A command that is refused before it reads may have closed its input already.
    let _ = input.write_all(password.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

fn listed(folder: &Path) -> Vec<String> {
    let output = run(folder, &["account", "list", "--data-dir", "data"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(str::to_owned).collect()
}

fn check(folder: &Path) {
    let add = |name: &str, password: &str, more: &[&str]| {
        let arguments = [&["account", "add", name, "--data-dir", "data"], more].concat();
        with_password(folder, &arguments, password)
    };
    let done = |output: Output| {
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let refused = |output: Output, why: &str| {
        let told = text(&output.stderr).to_lowercase();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(why), "{told}");
    };
    refused(add("Ada", "short\n", &[]), "fewer than 10 characters");
    refused(add("Ada", "", &[]), "no password");
    refused(add("<b>", "a quiet harbour\n", &[]), "characters other than");
    assert!(done(add("Ada", "a quiet harbour\n", &[])).contains("owner   Ada"));
    assert!(done(add("Bob", "eleven chairs\n", &[])).contains("member  Bob"));
    refused(add("bob", "eleven chairs\n", &[]), "an account with that name");
    let change = |arguments: &[&str]| {
        let arguments = [&["account"], arguments, &["--data-dir", "data"]].concat();
        with_password(folder, &arguments, "twelve tables\n")
    };
    assert!(done(change(&["disable", "BOB"])).contains("Bob, since "));
    assert!(done(change(&["list"])).contains(", disabled"));
    assert!(!done(change(&["enable", "bob"])).contains(", disabled"));
    assert!(done(change(&["role", "bob", "owner"])).contains("owner   Bob"));
    let reset = done(change(&["reset", "bob"]));
    assert!(reset.contains("Bob") && reset.contains("its passkeys were removed"), "{reset}");
    refused(change(&["reset", "carol"]), "account");
    assert!(done(change(&["role", "bob", "member"])).contains("member  Bob"));
    refused(change(&["disable", "ada"]), "last owner");
    assert_eq!(listed(folder).len(), 2);
}

#[test]
fn accounts_are_changed_while_no_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(listed(folder.path()), ["There are no accounts yet."]);
    check(folder.path());
}

#[test]
fn accounts_are_changed_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _) = serve(folder.path(), &["--data-dir", "data"]);
    check(folder.path());
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
    assert!(!folder.path().join("data/companion.sock").exists());
}

/// A server that was killed leaves its socket behind, which disturbs neither the command nor the next
/// server.
#[test]
fn a_socket_that_was_left_behind_disturbs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, _) = serve(folder.path(), &["--data-dir", "data"]);
    signal(&child, "-KILL");
    code(&mut child);
    assert!(folder.path().join("data/companion.sock").exists());
    assert_eq!(listed(folder.path()), ["There are no accounts yet."]);
    let (mut child, _) = serve(folder.path(), &["--data-dir", "data"]);
    assert_eq!(listed(folder.path()), ["There are no accounts yet."]);
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}

/// Nobody but the account that runs the server may open the socket.
#[test]
fn the_socket_is_private() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (mut child, _) = serve(folder.path(), &["--data-dir", "data"]);
    let socket = std::fs::metadata(folder.path().join("data/companion.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o077, 0);
    signal(&child, "-TERM");
    code(&mut child);
}

/// The first lines of standard error that mention a code; none if the server prints none.
fn printed(folder: &Path, listen: &str, arguments: &[&str]) -> Option<String> {
    let own = ["--data-dir", "data", "--log", "error", "--listen", listen];
    let mut child = companion(folder, &[&own[..], arguments].concat()).spawn().unwrap();
    // The address is printed first, and the code right after it.
    let mut address = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
    assert!(address.starts_with("listening on "), "{address}");
    let errors = child.stderr.take().unwrap();
    signal(&child, "-TERM");
    code(&mut child);
    let lines = BufReader::new(errors).lines().map_while(Result::ok);
    lines.into_iter().find_map(|line| line.strip_prefix("set-up code: ").map(str::to_owned))
}

#[test]
fn a_server_that_others_reach_prints_a_code_until_there_is_an_account() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(printed(folder.path(), "127.0.0.1:0", &[]), None);
    let first = printed(folder.path(), "127.0.0.1:0", &["--require-login"]).unwrap();
    assert_eq!(first.len(), 19);
    assert_ne!(printed(folder.path(), "0.0.0.0:0", &[]), Some(first));
    assert!(printed(folder.path(), "127.0.0.1:0", &["--allowed-hosts", "a.example"]).is_some());
    let proxy = ["--trusted-proxies", "192.0.2.1", "--proxy-user-header", "X-Remote-User"];
    let proxied = [&["--require-login"], &proxy[..]].concat();
    assert_eq!(printed(folder.path(), "127.0.0.1:0", &proxied), None);
    let arguments = ["account", "add", "Ada", "--data-dir", "data"];
    let added = with_password(folder.path(), &arguments, "a quiet harbour\n");
    assert_eq!(added.status.code(), Some(0));
    assert_eq!(printed(folder.path(), "127.0.0.1:0", &["--require-login"]), None);
}
