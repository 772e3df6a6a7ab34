//! Tries to leave the walls from within the running server, for the test `server/walls`. It does what
//! code that has taken the server over would do. Only debug builds have it.

#![allow(unsafe_code, reason = "code that has taken the server over would not use safe wrappers")]

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::ptr::null_mut;

use rustix::process::{Pid, test_kill_process};

/// The variable that asks for the attempts: a folder that is none of the server's, a port at which a
/// program listens that is no endpoint, and the port of an endpoint, with spaces between them.
const VARIABLE: &str = "COMPANION_TEST_ATTEMPTS";

/// What the attempts are made on.
struct Place {
    folder: PathBuf,
    data: PathBuf,
    foreign_port: u16,
    endpoint_port: u16,
}

/// Makes the attempts on a blocking thread if the environment asks for it. Writes a line for each to
/// standard error: `attempt: `, its name, a colon, and `ok` or the error.
pub fn if_asked(data: &Path) {
    let Ok(text) = std::env::var(VARIABLE) else { return };
    let mut parts = text.split(' ');
    let mut next = || parts.next().unwrap_or_default();
    let place = Place {
        folder: next().into(),
        data: data.to_owned(),
        foreign_port: next().parse().unwrap_or_default(),
        endpoint_port: next().parse().unwrap_or_default(),
    };
    tokio::task::spawn_blocking(move || attempt_all(&place));
}

fn attempt_all(place: &Place) {
    let inside = |name: &str| place.folder.join(name);
    let own = place.data.join("attempt");
    let connect = |port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map(drop);
    attempt("write own data", || fs::write(&own, "x").and_then(|()| fs::remove_file(&own)));
    attempt("connect to the endpoint", || connect(place.endpoint_port));
    attempt("read about itself", || fs::read("/proc/self/status").map(drop));

    attempt("read a system file", || fs::read("/etc/passwd").map(drop));
    attempt("read another file", || fs::read(inside("secret")).map(drop));
    attempt("list a folder", || fs::read_dir(&place.folder).map(drop));
    attempt("read the parent's environment", || {
        fs::read(format!("/proc/{}/environ", parent_id())).map(drop)
    });
    attempt("create a file", || fs::write(inside("new"), "x"));
    attempt("change a file", || File::options().append(true).open(inside("secret")).map(drop));
    attempt("truncate a file", || {
        let path = std::ffi::CString::new(inside("secret").as_os_str().as_encoded_bytes())?;
        // SAFETY: the text ends with a zero byte and lives until the call returns.
        outcome(unsafe { libc::truncate(path.as_ptr(), 1) }.into())
    });
    attempt("remove a file", || fs::remove_file(inside("remove")));

    attempt("connect elsewhere", || connect(place.foreign_port));
    attempt("listen elsewhere", || {
        // Some of these ports may be in use. Port 0 would not do: a server that is told to listen on it may.
        let ports = (1..20).map(|n| place.foreign_port.wrapping_add(n));
        let addresses: Vec<_> =
            ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).collect();
        TcpListener::bind(&*addresses).map(drop)
    });
    attempt("open a local socket", || UnixDatagram::unbound().map(drop));
    attempt("open a multipath socket", || {
        let (domain, protocol) = (libc::AF_INET.into(), libc::IPPROTO_MPTCP.into());
        call(libc::SYS_socket, [domain, libc::SOCK_STREAM.into(), protocol])
    });
    attempt("open a packet socket", || {
        call(libc::SYS_socket, [libc::AF_PACKET.into(), libc::SOCK_RAW.into(), 0])
    });

    attempt("start a shell", || Command::new("/bin/sh").args(["-c", "true"]).status().map(drop));
    attempt("start itself", || Command::new("/proc/self/exe").arg("--version").output().map(drop));
    attempt("execute", || {
        // Without walls it fails because there is no file of that name.
        let named = call(libc::SYS_execve, [c"/none".as_ptr() as i64, 0, 0]);
        expect(libc::ENOENT, named)
    });
    attempt("fork", fork);
    attempt("signal the parent", || {
        let parent = i32::try_from(parent_id()).ok().and_then(Pid::from_raw);
        Ok(test_kill_process(parent.ok_or(io::ErrorKind::NotFound)?)?)
    });
    attempt("trace the parent", || {
        // The trace ends with this thread.
        call(libc::SYS_ptrace, [libc::PTRACE_SEIZE.into(), parent_id().into(), 0])
    });
    attempt("read the parent's memory", || {
        expect(libc::EINVAL, call(libc::SYS_process_vm_readv, [parent_id().into(), 0, -1]))
    });
    attempt("mount", || mount(&inside("mountpoint")));
    attempt("leave a namespace", || call(libc::SYS_unshare, [libc::CLONE_FILES.into(), 0, 0]));
    attempt("use io_uring", || expect(libc::EFAULT, call(libc::SYS_io_uring_setup, [1, 0, 0])));
    attempt("use a key ring", || {
        // KEYCTL_GET_KEYRING_ID of the thread's own, which it makes.
        call(libc::SYS_keyctl, [0, -1, 1])
    });
    attempt("become dumpable", || call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0]));
    eprintln!("attempts: done");
}

fn attempt(name: &str, attempt: impl FnOnce() -> io::Result<()>) {
    let outcome = match attempt() {
        Ok(()) => "ok".to_owned(),
        Err(error) => error.to_string(),
    };
    eprintln!("attempt: {name}: {outcome}");
}

/// The call was let through if it failed for this reason, which only the kernel's own code gives.
fn expect(reason: i32, done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.raw_os_error() == Some(reason) => Ok(()),
        done => done,
    }
}

/// A system call whose first three arguments suffice.
fn call(number: libc::c_long, [first, second, third]: [i64; 3]) -> io::Result<()> {
    // SAFETY: the callers pass integers, or a pointer to text that is never freed.
    outcome(unsafe { libc::syscall(number, first, second, third, 0, 0, 0) })
}

fn fork() -> io::Result<()> {
    // SAFETY: the child ends at once, and calls nothing that is not safe after a fork.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(0);
        }
        outcome(child.into())?;
        libc::waitpid(child, null_mut(), 0);
        Ok(())
    }
}

fn mount(folder: &Path) -> io::Result<()> {
    let folder = std::ffi::CString::new(folder.as_os_str().as_encoded_bytes())?;
    let tmpfs = c"tmpfs".as_ptr();
    // SAFETY: the texts end with a zero byte and live until the calls return.
    unsafe {
        outcome(libc::mount(tmpfs, folder.as_ptr(), tmpfs, 0, std::ptr::null()).into())?;
        outcome(libc::umount(folder.as_ptr()).into())
    }
}

fn outcome(returned: i64) -> io::Result<()> {
    if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
