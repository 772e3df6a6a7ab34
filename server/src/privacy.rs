//! What keeps this process and its files from other programs of the same machine.

use rustix::fs::Mode;

/// To be called before any file is made, key is read or program is started.
///
/// Files are made for the owner alone, whatever the shell's umask says: the second wall beside
/// the modes that the store gives. And no other process of the same account may look into this
/// one: `/proc/PID/environ`, where the key of `COMPANION_API_KEY` stands for as long as the
/// process lives, its memory and its open files. (Removing the variable would not do: the
/// system shows the memory in which the process was given its environment, and the key is
/// elsewhere in memory too.) The price: there is no core dump, and a debugger or tracer of the
/// same account cannot attach; root can. Source: PR_SET_DUMPABLE in prctl(2), ptrace(2).
pub fn begin() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            eprintln!("companion: other programs may look into this one: {error}");
        }
    }
}
