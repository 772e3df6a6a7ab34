//! Tells whether other threads want the cores right now. Only Linux tells; elsewhere
//! [`ChunkSizer`](super::prefill::ChunkSizer) finds out by itself, at the price of a slow chunk.

use std::fs::{File, read_to_string};
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;

/// More than the kernel ever writes into its file.
const LOADAVG_BYTES: usize = 128;

/// What the system tells, as far as it does.
struct Machine {
    /// Stays open, because the sandbox allows reading it and not opening it.
    loadavg: File,
    online: u32,
}

static MACHINE: OnceLock<Option<Machine>> = OnceLock::new();

/// Must be called once before the sandbox closes; without it the cores never count as contended.
pub(crate) fn prepare() {
    MACHINE.get_or_init(|| {
        let online = read_to_string("/sys/devices/system/cpu/online").ok()?;
        Some(Machine { loadavg: File::open("/proc/loadavg").ok()?, online: online_cpus(&online)? })
    });
}

/// Whether `threads` that begin to work now would have to share a core with another thread. Takes
/// some microseconds.
pub(crate) fn is_contended(threads: u32) -> bool {
    let Some(Some(machine)) = MACHINE.get() else { return false };
    let mut text = [0; LOADAVG_BYTES];
    let read = machine.loadavg.read_at(&mut text, 0).unwrap_or(0);
    let runnable = std::str::from_utf8(&text[..read]).ok().and_then(runnable);
    // This thread is counted in both numbers.
    runnable.is_some_and(|runnable| runnable.saturating_sub(1) + threads > machine.online)
}

/// The number of runnable threads: 3 for `0.20 0.18 0.12 3/80 11206` (proc_loadavg(5)).
fn runnable(loadavg: &str) -> Option<u32> {
    loadavg.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

/// The number of CPUs online: 5 for `0-3,8` (cpu list format of the Linux kernel).
fn online_cpus(list: &str) -> Option<u32> {
    list.trim().split(',').try_fold(0u32, |count, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        count.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loadavg_and_online_cpus_are_parsed() {
        assert_eq!(runnable("0.20 0.18 0.12 3/80 11206\n"), Some(3));
        assert_eq!(runnable("nonsense"), None);
        assert_eq!(online_cpus("0-3,8\n"), Some(5));
        assert_eq!(online_cpus("0\n"), Some(1));
        assert_eq!(online_cpus("3-0"), None);
        assert_eq!(online_cpus(""), None);
    }
}
