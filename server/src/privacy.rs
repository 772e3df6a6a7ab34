//! Protects this process and its files from other programs of the same machine.

use rustix::fs::Mode;

/// Must be called before any file is created, key is read or program is started.
///
/// Sets the umask, so that new files belong to the owner alone, whatever umask the shell had; the
/// store sets the modes of its own files as well. Also makes the process non-dumpable, so that no
/// other process of the same account can read its memory, its open files, or `/proc/PID/environ`,
/// where the value of `COMPANION_API_KEY` stays for as long as the process lives. (Removing the
/// variable would not help: `environ` shows the memory in which the process received its
/// environment, and the key is elsewhere in memory too.) As a consequence there are no core dumps,
/// and a debugger or tracer can attach only as root. Sources: PR_SET_DUMPABLE in prctl(2),
/// ptrace(2).
pub fn begin() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            eprintln!("companion: other programs may read this one's memory: {error}");
        }
    }
}
