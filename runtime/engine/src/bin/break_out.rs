//! Tries to break out of the sandbox of the model's process, for the test `local/sandbox`. It does
//! what code in a malicious model file would do after it has taken the process over. The product
//! does not contain it.
//!
//! `break_out in|out MODEL FOLDER PORT`: `in` enters the sandbox first, as the engine does, `out`
//! does not. Prints a line for each attempt: its name, a colon, and `ok` or the error. `FOLDER`
//! contains files that do not belong to the model, and at `PORT` a program listens.
//!
//! `break_out old-kernel PROGRAM` becomes the program, which then finds neither Landlock nor seccomp.

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [mode, program] = &args[..]
        && mode == "old-kernel"
    {
        eprintln!("{}", linux::become_on_old_kernel(program));
        return ExitCode::FAILURE;
    }
    let [mode, model, folder, port] = &args[..] else { return ExitCode::from(2) };
    let entrance = (mode == "in").then(engine::Entrance::begin);
    if let Some(entrance) = entrance {
        let sandbox = entrance.enter(Some(model.as_ref()));
        println!("missing: {}", sandbox.missing.join(", "));
    }
    let place = linux::Place {
        model: model.into(),
        folder: folder.into(),
        port: port.parse().unwrap_or_default(),
    };
    // The engine's threads must be enclosed as its main thread is.
    let tried = std::thread::Builder::new().spawn(move || linux::attempt_all(&place));
    match tried.map(std::thread::JoinHandle::join) {
        Ok(Ok(())) => {
            println!("thread: ok");
            linux::execute();
            ExitCode::SUCCESS
        }
        _ => ExitCode::FAILURE,
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    ExitCode::FAILURE
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::{self, File};
    use std::io;
    use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::os::unix::net::UnixStream;
    use std::os::unix::process::{CommandExt as _, parent_id};
    use std::path::PathBuf;
    use std::process::Command;
    use std::ptr::null_mut;

    use rustix::process::{Pid, Resource, Rlimit, setrlimit, test_kill_process};
    use seccompiler::{BpfProgram, SeccompFilter};

    pub(super) struct Place {
        pub(super) model: PathBuf,
        pub(super) folder: PathBuf,
        pub(super) port: u16,
    }

    pub(super) fn attempt_all(place: &Place) {
        let Place { model, folder, port } = place;
        let inside = |name: &str| folder.join(name);
        attempt("read the model", || {
            File::open(model).and_then(|mut file| io::copy(&mut file, &mut io::sink()).map(drop))
        });
        attempt("read a system file", || fs::read("/etc/passwd").map(drop));
        attempt("read another file", || fs::read(inside("secret")).map(drop));
        attempt("list a folder", || fs::read_dir(folder).map(drop));
        attempt("read the parent's environment", || {
            fs::read(format!("/proc/{}/environ", parent_id())).map(drop)
        });
        attempt("write the model", || File::options().append(true).open(model).map(drop));
        attempt("create a file", || fs::write(inside("new"), "x"));
        attempt("create a folder", || fs::create_dir(inside("new folder")));
        attempt("create a link", || symlink("/etc/passwd", inside("link")));
        attempt("rename a file", || fs::rename(inside("secret"), inside("renamed")));
        attempt("change a mode", || {
            fs::set_permissions(inside("renamed"), fs::Permissions::from_mode(0o666))
        });
        attempt("remove a file", || fs::remove_file(inside("renamed")));

        attempt("connect to a listener", || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, *port)).map(drop)
        });
        attempt("listen", || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop));
        attempt("open a datagram socket", || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map(drop));
        attempt("open a pair of sockets", || UnixStream::pair().map(drop));

        attempt("start a program", || Command::new("/bin/true").status().map(drop));
        attempt("fork", fork);
        attempt("signal the parent", || {
            let parent = i32::try_from(parent_id()).ok().and_then(Pid::from_raw);
            Ok(test_kill_process(parent.ok_or(io::ErrorKind::NotFound)?)?)
        });
        attempt("trace the parent", trace_parent);
        attempt("mount", || mount(&inside("mountpoint")));
        attempt("leave a namespace", || call(libc::SYS_unshare, [libc::CLONE_FILES.into(), 0]));
        attempt("make a file in memory", || {
            call(libc::SYS_memfd_create, [NAME.as_ptr() as i64, 0])
        });
        attempt("make memory executable", executable_memory);
        attempt("become dumpable", || call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1]));
        attempt("change a limit", || {
            let limit = Rlimit { current: Some(8), maximum: Some(8) };
            Ok(setrlimit(Resource::Nofile, limit)?)
        });
    }

    const NAME: &std::ffi::CStr = c"name";

    fn attempt(name: &str, attempt: impl FnOnce() -> io::Result<()>) {
        let outcome = match attempt() {
            Ok(()) => "ok".to_owned(),
            Err(error) => error.to_string(),
        };
        println!("{name}: {outcome}");
    }

    /// Becomes another program, which prints the line of this attempt. It is the last one.
    pub(super) fn execute() {
        let error = Command::new("/bin/sh").args(["-c", "echo 'become a shell: ok'"]).exec();
        println!("become a shell: {error}");
    }

    /// Becomes the program, below a filter that answers the calls which raise walls as a kernel
    /// does that does not have them. Source: the errors in landlock_create_ruleset(2) and
    /// seccomp(2). Returns why that failed.
    pub(super) fn become_on_old_kernel(program: &str) -> String {
        let calls = [libc::SYS_landlock_create_ruleset, libc::SYS_seccomp];
        let unknown = seccompiler::SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let filter = std::env::consts::ARCH.try_into().and_then(|arch| {
            let calls = calls.map(|call| (call, Vec::new())).into();
            SeccompFilter::new(calls, seccompiler::SeccompAction::Allow, unknown, arch)
        });
        let filter: BpfProgram = match filter.and_then(TryInto::try_into) {
            Ok(filter) => filter,
            Err(error) => return error.to_string(),
        };
        match seccompiler::apply_filter(&filter) {
            Ok(()) => Command::new(program).exec().to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// A system call whose first two arguments suffice.
    #[allow(unsafe_code, reason = "a malicious model would not use safe wrappers")]
    fn call(number: libc::c_long, [first, second]: [i64; 2]) -> io::Result<()> {
        // SAFETY: the callers pass integers, or a pointer to text that is never freed.
        outcome(unsafe { libc::syscall(number, first, second, 0, 0, 0) })
    }

    #[allow(unsafe_code, reason = "a malicious model would not use safe wrappers")]
    fn fork() -> io::Result<()> {
        // SAFETY: the child ends at once, and calls nothing that is not safe after a fork.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(0);
            }
            // Waiting may be denied although there is a child, so its failure is no denial.
            libc::waitpid(child, null_mut(), 0);
            outcome(child.into())
        }
    }

    #[allow(unsafe_code, reason = "a malicious model would not use safe wrappers")]
    fn trace_parent() -> io::Result<()> {
        let parent = i64::from(parent_id());
        // SAFETY: this request has no data and does not stop the parent; the trace ends with
        // this thread.
        outcome(unsafe { libc::ptrace(libc::PTRACE_SEIZE, parent, 0i64, 0i64) })
    }

    #[allow(unsafe_code, reason = "a malicious model would not use safe wrappers")]
    fn mount(folder: &std::path::Path) -> io::Result<()> {
        let folder = std::ffi::CString::new(folder.as_os_str().as_encoded_bytes())?;
        let tmpfs = c"tmpfs".as_ptr();
        // SAFETY: the texts end with a zero byte and live until the calls return.
        unsafe {
            outcome(libc::mount(tmpfs, folder.as_ptr(), tmpfs, 0, std::ptr::null()).into())?;
            outcome(libc::umount(folder.as_ptr()).into())
        }
    }

    #[allow(unsafe_code, reason = "a malicious model would not use safe wrappers")]
    fn executable_memory() -> io::Result<()> {
        let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: the kernel chooses the place, and nothing uses the memory.
        let memory = unsafe { libc::mmap(null_mut(), 4096, protection, flags, -1, 0) };
        outcome(if memory == libc::MAP_FAILED { -1 } else { 0 })
    }

    fn outcome(returned: i64) -> io::Result<()> {
        if returned < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
