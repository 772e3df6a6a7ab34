//! A small disk for one test, which the test can fill, unmount or make read-only.
//!
//! Mounting takes rights that a test run may not have, and mounts must not stay behind. So the test
//! runs again in a child process with its own mount namespace (`unshare --mount`, as root or within
//! a user namespace), and all mounts disappear with that process. Every test binary that needs it
//! includes this file by its path.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment variable that tells the child process where its disk is.
const PLACE: &str = "COMPANION_TEST_DISK";

/// If this variable is set, a run without these tests fails.
const REQUIRED: &str = "COMPANION_TEST_DISKS_REQUIRED";

/// The disk is filled in pieces of this size.
const CHUNK: [u8; 4096] = [7; 4096];

pub(crate) struct SmallDisk {
    path: PathBuf,
}

/// Runs `body` on a disk of `kib` KiB. `test` is the calling test's path within its binary.
pub(crate) fn on_a_small_disk<F: Future<Output = ()>>(
    test: &str,
    kib: u32,
    body: impl FnOnce(SmallDisk) -> F,
) {
    let Some(path) = std::env::var_os(PLACE) else { return run_again(test) };
    let disk = SmallDisk { path: path.into() };
    let options = format!("size={kib}k");
    mount(&["-t", "tmpfs", "-o", &options, "companion-test"], &disk.path).unwrap();
    let threads =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    threads.block_on(body(disk));
}

#[allow(dead_code, reason = "not every test binary uses all of it")]
/// Whether the test runs as root and has loop devices; prints a loud note if not.
pub(crate) fn as_root_with_loop_devices() -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let there = root
        && Path::new("/dev/loop-control").exists()
        && Command::new("mkfs.ext4").arg("-V").output().is_ok();
    if !there {
        say("SKIPPED: a disk that goes read-only takes root, a loop device and mkfs.ext4");
    }
    there
}

pub(crate) fn mount(options: &[&str], at: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(options).arg(at).output();
    let output = output.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() { Ok(()) } else { Err(text) }
}

fn run_again(test: &str) {
    let Some(unshare) = unshare() else {
        say(&format!("SKIPPED: {test}: nothing can be mounted here"));
        assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let output = Command::new("unshare")
        .args(unshare)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(PLACE, place.path())
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "in a process of its own:\n{out}\n{err}");
    assert!(out.contains("1 passed"), "{test} is not the test's path: {out}");
}

/// The flags with which a process gets its own mounts on this machine.
fn unshare() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    ways.into_iter().find(|way| {
        let mount = "mount -t tmpfs -o size=64k companion-test /mnt";
        let tried = Command::new("unshare").args(*way).args(["sh", "-c", mount]).output();
        tried.is_ok_and(|tried| tried.status.success())
    })
}

/// Prints past the test harness, which hides the output of passing tests.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[allow(dead_code, reason = "not every test binary uses all of it")]
impl SmallDisk {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Fills all free space.
    pub(crate) fn fill(&self) {
        self.fill_but(0);
    }

    /// Fills the free space except for `kib` KiB.
    pub(crate) fn fill_but(&self, kib: usize) {
        let spare = self.path.join("spare");
        std::fs::write(&spare, vec![7; kib * 1024]).unwrap();
        let mut filler =
            std::fs::OpenOptions::new().append(true).create(true).open(self.filler()).unwrap();
        while filler.write_all(&CHUNK).is_ok() {}
        std::fs::remove_file(spare).unwrap();
    }

    /// Frees the filled space again.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }
}
