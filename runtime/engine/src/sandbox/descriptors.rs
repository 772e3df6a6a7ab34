//! Closes what the process inherited besides its three pipes.

use std::io;

/// The first descriptor after the standard input, output and error.
const FIRST: u32 = 3;

/// Closes all descriptors but the standard three. Must be called before this process opens
/// anything. Fails on Linux before 5.9.
#[allow(unsafe_code, reason = "no crate has a safe wrapper: any descriptor may belong to someone")]
pub(super) fn close_inherited() -> io::Result<()> {
    // SAFETY: the call takes three integers and touches no memory. Nobody in this process owns
    // a descriptor that it closes, because the process has opened nothing yet.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, FIRST, u32::MAX, 0) };
    if closed == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
