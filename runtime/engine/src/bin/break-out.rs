//! Tries to reach beyond the walls of the engine's process, for tests: `break-out walled|open MODEL
//! FOLDER ADDRESS`. With `walled` it raises them first, exactly as the engine does. Prints a line for
//! each attempt: its name, and `done` or the error.

use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::Path;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, model, folder, address] = &arguments[..] else { return ExitCode::from(2) };
    let (model, folder) = (Path::new(model), Path::new(folder));
    if mode == "walled" {
        println!("walls: {}", engine::walls::raise(model));
    }
    // What the engine needs.
    tell("read the model", std::fs::read(model).map(drop));
    tell("read the load", std::fs::read("/proc/loadavg").map(drop));
    tell(
        "start a thread",
        std::thread::Builder::new().spawn(|| {}).map(|thread| {
            let _ = thread.join();
        }),
    );
    // What nothing but a taken-over engine would try.
    tell("read a file", std::fs::read("/etc/passwd").map(drop));
    tell("read its own environment", std::fs::read("/proc/self/environ").map(drop));
    tell("list a folder", std::fs::read_dir(folder).map(drop));
    tell("read a file beside the model", std::fs::read(folder.join("secret")).map(drop));
    tell("create a file", std::fs::write(folder.join("created"), "x"));
    tell("write the model", std::fs::OpenOptions::new().append(true).open(model).map(drop));
    tell("remove a file", std::fs::remove_file(folder.join("removable")));
    tell("connect", TcpStream::connect(address).map(drop));
    tell("send a datagram", UdpSocket::bind("127.0.0.1:0").map(drop));
    let name = SocketAddr::from_abstract_name(format!("break-out-{}", std::process::id()));
    tell("listen", name.and_then(|name| UnixListener::bind_addr(&name)).map(drop));
    tell("run a program", Command::new("/bin/true").status().map(drop));
    tell("signal the parent", signal_parent());
    tell("trace the parent", trace_parent());
    tell("mount", mount(folder));
    tell("make memory executable", executable_memory());
    ExitCode::SUCCESS
}

fn tell(what: &str, done: io::Result<()>) {
    match done {
        Ok(()) => println!("{what}: done"),
        Err(error) => println!("{what}: {error}"),
    }
}

fn result(code: i64) -> io::Result<()> {
    if code == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Signal 0 only asks whether a signal could be sent.
#[allow(unsafe_code, reason = "the attempt has to be a plain system call")]
fn signal_parent() -> io::Result<()> {
    // SAFETY: both calls take and return integers and touch no memory.
    result(unsafe { i64::from(libc::kill(libc::getppid(), 0)) })
}

#[allow(unsafe_code, reason = "the attempt has to be a plain system call")]
fn trace_parent() -> io::Result<()> {
    let nothing = std::ptr::null_mut::<libc::c_void>();
    // SAFETY: attaching and detaching take a process and ignore the pointers, which are null.
    unsafe {
        let parent = libc::getppid();
        result(libc::ptrace(libc::PTRACE_ATTACH, parent, nothing, nothing))?;
        libc::waitpid(parent, std::ptr::null_mut(), libc::__WALL);
        result(libc::ptrace(libc::PTRACE_DETACH, parent, nothing, nothing))
    }
}

#[allow(unsafe_code, reason = "the attempt has to be a plain system call")]
fn mount(folder: &Path) -> io::Result<()> {
    use std::os::unix::ffi::OsStrExt as _;
    let target = std::ffi::CString::new(folder.join("mounted").as_os_str().as_bytes())?;
    let kind = c"tmpfs";
    // SAFETY: the texts end with a NUL and outlive the calls, and there is no data.
    unsafe {
        let done = libc::mount(kind.as_ptr(), target.as_ptr(), kind.as_ptr(), 0, std::ptr::null());
        result(i64::from(done))?;
        result(i64::from(libc::umount(target.as_ptr())))
    }
}

#[allow(unsafe_code, reason = "the attempt has to be a plain system call")]
fn executable_memory() -> io::Result<()> {
    let (size, access) = (4096, libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new mapping of its own, which is given back unused.
    unsafe {
        let memory = libc::mmap(std::ptr::null_mut(), size, access, flags, -1, 0);
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        result(i64::from(libc::munmap(memory, size)))
    }
}
