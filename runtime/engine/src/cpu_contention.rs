//! Tells whether other threads want the cores right now. Only Linux tells; elsewhere
//! [`ChunkSizer`](super::prefill::ChunkSizer) finds out by itself, at the price of a slow chunk.

use std::fs::read_to_string;

/// Whether `threads` that begin to work now would have to share a core with another thread. Takes
/// some microseconds.
pub(crate) fn is_contended(threads: u32) -> bool {
    let runnable = read_to_string("/proc/loadavg").ok().and_then(|text| runnable(&text));
    let online =
        read_to_string("/sys/devices/system/cpu/online").ok().and_then(|text| online(&text));
    match (runnable, online) {
        // This thread is counted in both numbers.
        (Some(runnable), Some(online)) => runnable.saturating_sub(1) + threads > online,
        _ => false,
    }
}

/// The number of runnable threads: 3 for `0.20 0.18 0.12 3/80 11206` (proc_loadavg(5)).
fn runnable(loadavg: &str) -> Option<u32> {
    loadavg.split_whitespace().nth(3)?.split_once('/')?.0.parse().ok()
}

/// The number of CPUs online: 5 for `0-3,8` (cpu list format of the Linux kernel).
fn online(list: &str) -> Option<u32> {
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
        assert_eq!(online("0-3,8\n"), Some(5));
        assert_eq!(online("0\n"), Some(1));
        assert_eq!(online("3-0"), None);
        assert_eq!(online(""), None);
    }
}
