//! Other accounts of the machine cannot read the server's files, and no other program can read its
//! key.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::process::{code, companion, run, serve, signal, text};

/// An account without rights. Source: the Linux Standard Base, user `nobody`.
const NOBODY: u32 = 65534;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn closed(folder: &Path) {
    assert!(files(folder).len() >= 2, "{:?}", files(folder));
    all_closed(folder);
}

/// The folder, and all folders and files in it.
fn all_closed(folder: &Path) {
    assert_eq!(mode(folder), 0o700, "{}", folder.display());
    for file in files(folder) {
        match file.is_dir() {
            true => all_closed(&file),
            false => assert_eq!(mode(&file), 0o600, "{}", file.display()),
        }
    }
}

fn stopped(mut child: Child) -> String {
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
    text(&child.wait_with_output().unwrap().stderr)
}

#[test]
fn the_data_folder_is_private_and_wider_modes_are_narrowed_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let arguments = ["--data-dir", "data"];
    let (child, _) = serve(folder.path(), &arguments);
    closed(&data);
    let log = stopped(child);
    assert!(!log.contains("let other accounts in"), "nothing was to be mended: {log}");

    // The modes that an earlier version left.
    set(&data, 0o755);
    for file in files(&data) {
        set(&file, 0o644);
    }
    let doctor = ["doctor", "--listen", "127.0.0.1:0", "--data-dir", "data"];
    let said = text(&run(folder.path(), &doctor).stdout);
    let line = said.lines().find(|line| line.starts_with("data ")).unwrap();
    assert!(line.contains("warn") && line.contains("mode 755"), "{said}");

    let (child, _) = serve(folder.path(), &arguments);
    closed(&data);
    let log = stopped(child);
    assert_eq!(log.matches("let other accounts in").count(), 1, "{log}");
    let said = text(&run(folder.path(), &doctor).stdout);
    let line = said.lines().find(|line| line.starts_with("data ")).unwrap();
    assert!(line.contains("ok"), "{said}");
}

#[test]
fn backups_and_exports_are_private() {
    let folder = tempfile::tempdir().unwrap();
    stopped(serve(folder.path(), &["--data-dir", "data"]).0);
    for command in ["backup", "export"] {
        let output = run(folder.path(), &[command, command, "--data-dir", "data"]);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert_eq!(mode(&folder.path().join(command)), 0o600);
    }
}

/// A command that runs as an account without rights if this test runs as root, and otherwise as
/// this test's own account.
fn plain(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Whether another program of the same account can read the key in the process's environment.
fn key_is_seen(process: u32) -> bool {
    let mut cat = plain(Path::new("/bin/cat"));
    let output = cat.arg(format!("/proc/{process}/environ")).output().unwrap();
    text(&output.stdout).contains("sk-in-the-environment")
}

#[test]
fn no_program_of_the_same_account_can_read_the_key() {
    let folder = tempfile::tempdir().unwrap();
    set(folder.path(), 0o777);
    // That account may not be allowed to enter the build folder.
    let binary = folder.path().join("companion");
    std::fs::copy(env!("CARGO_BIN_EXE_companion"), &binary).unwrap();
    let key = ("COMPANION_API_KEY", "sk-in-the-environment");

    // This shows that the test can fail: the key of another program can be read.
    let mut other = plain(Path::new("/bin/sleep"));
    let mut other = other.arg("100").env(key.0, key.1).spawn().unwrap();
    assert!(key_is_seen(other.id()));
    other.kill().unwrap();
    other.wait().unwrap();

    let mut command = plain(&binary);
    command.current_dir(folder.path()).env(key.0, key.1).env("HOME", folder.path());
    command.args(["--listen", "127.0.0.1:0", "--data-dir", "data", "--local-load", "start"]);
    // The file's header announces a tensor that is missing, so the engine refuses the file.
    let head = [&b"GGUF\x03\0\0\0\x01"[..], &[0; 15]].concat();
    std::fs::write(folder.path().join("model.gguf"), head).unwrap();
    command.args(["--model-file", "model.gguf"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on"), "{line}");
    assert!(!key_is_seen(child.id()));

    // A non-dumpable process can still start the model's process from its own program file.
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains("the local model cannot be loaded") {
        assert!(log.read_line(&mut said).unwrap() > 0, "{said}");
        let failed = said.contains("cannot be started") || said.contains("ended unexpectedly");
        assert!(!failed, "{said}");
    }
    signal(&child, "-TERM");
    assert_eq!(code(&mut child), Some(0));
}

/// New files are private even if the store does not set their mode, whatever umask the shell had.
#[test]
fn the_server_sets_its_own_umask() {
    let folder = tempfile::tempdir().unwrap();
    let (child, _) = serve(folder.path(), &["--data-dir", "data"]);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    assert!(status.lines().any(|line| line == "Umask:\t0077"), "{status}");
    stopped(child);
}

#[test]
fn a_lock_file_that_is_a_link_is_reported_and_its_target_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter");
    std::fs::write(&letter, "Dear friend").unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::os::unix::fs::symlink(&letter, folder.path().join("data/companion.lock")).unwrap();
    let mut command = companion(folder.path(), &["--listen", "127.0.0.1:0", "--data-dir", "data"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("companion.lock in it is a symbolic link"), "{said}");
    assert_eq!(std::fs::read(&letter).unwrap(), b"Dear friend");
}
