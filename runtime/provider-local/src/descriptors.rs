//! Keeps this process's open file descriptors out of the model's process.
//!
//! Rust and SQLite open files with the close-on-exec flag. Descriptors that the server inherited
//! from the shell or service manager that started it may lack the flag, and the model's process,
//! which reads untrusted files, would inherit them.

use std::io;
use std::os::fd::RawFd;

/// The directory that lists the open descriptors of the process that reads it.
#[cfg(target_os = "linux")]
const OPEN: &str = "/proc/self/fd";
#[cfg(not(target_os = "linux"))]
const OPEN: &str = "/dev/fd";

/// The highest of the standard descriptors (input, output, error). They are replaced whenever a
/// child is started.
const STANDARD: RawFd = 2;

/// Sets close-on-exec on all open descriptors except the standard three, so that no program that is
/// started from now on inherits them. Fails if the descriptors cannot be listed.
pub(crate) fn keep_to_this_process() -> io::Result<()> {
    for entry in std::fs::read_dir(OPEN)? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(descriptor) = number.filter(|number| *number > STANDARD) {
            close_on_exec(descriptor);
        }
    }
    Ok(())
}

/// Errors are ignored: the descriptor was closed in the meantime, so no child inherits it.
#[allow(unsafe_code, reason = "a descriptor that nobody here owns has only a number")]
fn close_on_exec(descriptor: RawFd) {
    // SAFETY: with this command the call takes two integers, touches no memory and closes
    // nothing. If another thread closed the descriptor, it fails; if the number belongs to a
    // new file by now, it sets the flag that Rust gives to every file anyway.
    unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::{FdFlags, fcntl_getfd};

    #[test]
    fn inheritable_descriptors_get_the_close_on_exec_flag() {
        let file = tempfile::tempfile().unwrap();
        // `dup` makes a descriptor without close-on-exec. Source: dup(2).
        let leaks = rustix::io::dup(&file).unwrap();
        assert!(!fcntl_getfd(&leaks).unwrap().contains(FdFlags::CLOEXEC));
        keep_to_this_process().unwrap();
        assert!(fcntl_getfd(&leaks).unwrap().contains(FdFlags::CLOEXEC));
    }
}
