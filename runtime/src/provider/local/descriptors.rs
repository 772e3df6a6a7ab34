//! Keeping this process's open files out of the model's process.
//!
//! Whatever Rust and SQLite open is closed in a program that is started. What the server got
//! from whoever started it (a shell's or a service manager's leftovers) may not be, and would
//! reach the process that runs foreign files.

use std::io;
use std::os::fd::RawFd;

/// Where a process sees what it has open.
#[cfg(target_os = "linux")]
const OPEN: &str = "/proc/self/fd";
#[cfg(not(target_os = "linux"))]
const OPEN: &str = "/dev/fd";

/// Standard input, output and error, which every start of a program replaces.
const STANDARD: RawFd = 2;

/// Marks all that this process has open, but for the standard three, to be closed in every
/// program that it starts from now on. Errors when the list cannot be read.
pub(super) fn keep_to_this_process() -> io::Result<()> {
    for entry in std::fs::read_dir(OPEN)? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(descriptor) = number.filter(|number| *number > STANDARD) {
            close_on_exec(descriptor);
        }
    }
    Ok(())
}

/// A descriptor that has been closed meanwhile is no error: it reaches nobody.
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
    fn a_descriptor_that_others_would_get_is_kept() {
        let file = tempfile::tempfile().unwrap();
        // What `dup` gives is open in every program that is started. Source: dup(2).
        let leaks = rustix::io::dup(&file).unwrap();
        assert!(!fcntl_getfd(&leaks).unwrap().contains(FdFlags::CLOEXEC));
        keep_to_this_process().unwrap();
        assert!(fcntl_getfd(&leaks).unwrap().contains(FdFlags::CLOEXEC));
    }
}
