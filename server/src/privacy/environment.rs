//! Removes secrets from the environment variables of this process.
//!
//! `/proc/PID/environ` shows the memory in which the process received its environment. Removing a
//! variable only takes it off the list and leaves that memory as it is, so it is overwritten first.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt as _;

#[allow(unsafe_code, reason = "the C libraries have it, but libc's bindings only for one of them")]
// SAFETY: POSIX requires this variable with this type. Source: environ(7).
unsafe extern "C" {
    static environ: *mut *mut libc::c_char;
}

/// Removes the variables for which `is_secret` says so, and overwrites their values. The names stay
/// where the values were, so that one can still see what the process was given.
///
/// Must be called while no other thread reads or changes the environment.
#[allow(unsafe_code, reason = "no safe interface reaches the memory of the environment")]
pub(super) fn forget(is_secret: impl Fn(&str, &[u8]) -> bool) {
    let mut forgotten = Vec::new();
    // SAFETY: `environ` is null or points to a list of pointers to texts that end with a zero byte,
    // and the list ends with a null pointer. Source: environ(7). Nobody else uses it meanwhile, as
    // the caller grants. The texts are writable: they are on the stack that the kernel made, or were
    // allocated by the C library. Only bytes of a value are written, and never its last zero.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            let bytes = CStr::from_ptr(*entry).to_bytes();
            if let Some(equals) = bytes.iter().position(|byte| *byte == b'=') {
                let name = String::from_utf8_lossy(&bytes[..equals]).into_owned();
                let (start, length) = (equals + 1, bytes.len() - equals - 1);
                if is_secret(&name, &bytes[start..]) {
                    forgotten.push(bytes[..equals].to_vec());
                    for at in start..start + length {
                        // A plain write could be left out, since nothing reads the memory again.
                        (*entry).add(at).write_volatile(0);
                    }
                }
            }
            entry = entry.add(1);
        }
        for name in forgotten {
            std::env::remove_var(OsStr::from_bytes(&name));
        }
    }
}
