//! The resource limits of the model's process.

use rustix::process::{Resource, Rlimit, setrlimit};

/// The descriptors that the process needs besides those of the model: its pipes, the load of the
/// machine, and a few to spare.
const DESCRIPTORS: u64 = 16;

/// Sets the limits; the model has `parts` files, which are open at the same time while it loads.
/// Describes the limits that cannot be set.
pub(super) fn set(parts: usize) -> Result<(), String> {
    let descriptors = DESCRIPTORS.saturating_add(u64::try_from(parts).unwrap_or(u64::MAX));
    let limits = [
        // A core dump would contain the conversation.
        ("core", Resource::Core, 0),
        // Ends the process if it writes to a file. Pipes are no files.
        ("fsize", Resource::Fsize, 0),
        ("nofile", Resource::Nofile, descriptors),
        ("memlock", Resource::Memlock, 0),
        ("msgqueue", Resource::Msgqueue, 0),
    ];
    let failed: Vec<String> = limits
        .into_iter()
        .filter_map(|(name, resource, limit)| {
            let limit = Rlimit { current: Some(limit), maximum: Some(limit) };
            setrlimit(resource, limit).err().map(|error| format!("{name}: {error}"))
        })
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join(", ")) }
}
