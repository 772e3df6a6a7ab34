//! Gives memory back to the system.
//!
//! Under a load of many streams, glibc's allocator scattered what stays (conversations, connections)
//! among what goes, and kept nearly all of the memory afterwards: 41 MiB of 41 after 100 streams,
//! against 19 with jemalloc. The binary therefore uses jemalloc, which returns pages that were not
//! used for ten seconds. Figures: `docs/adr/allocator.md`.

/// Returns unused memory even while no thread allocates.
///
/// jemalloc has a thread of its own for this. It is started here and not by default, because the
/// model's process drops privileges before it has any thread.
pub fn give_back_when_idle() {
    #[cfg(not(target_env = "msvc"))]
    if let Err(error) = tikv_jemalloc_ctl::background_thread::write(true) {
        tracing::debug!(%error, "unused memory is returned only while more is asked for");
    }
}
