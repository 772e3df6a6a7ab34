//! Drops the privileges of the model's process.

use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
};

/// Describes the privileges that cannot be dropped.
pub(super) fn drop_privileges() -> Result<(), String> {
    let steps = [
        // A program that this process executes cannot gain privileges. Without this, the kernel
        // lets only root restrict itself.
        ("no_new_privs", set_no_new_privs(true)),
        // No other process of the account can read the conversation in this one's memory.
        ("dumpable", set_dumpable_behavior(DumpableBehavior::NotDumpable)),
        // Where the server runs as root, this process must not read the memory or environment
        // of other processes, least of all the server's. It keeps one capability, to find and
        // read the model file, which may belong to another account.
        ("capabilities", {
            capabilities(None).and_then(|has| {
                let kept = has.permitted & CapabilitySet::DAC_READ_SEARCH;
                let inheritable = CapabilitySet::empty();
                set_capabilities(
                    None,
                    CapabilitySets { effective: kept, permitted: kept, inheritable },
                )
            })
        }),
    ];
    let failed: Vec<String> = steps
        .into_iter()
        .filter_map(|(name, done)| done.err().map(|error| format!("{name}: {error}")))
        .collect();
    if failed.is_empty() { Ok(()) } else { Err(failed.join(", ")) }
}
