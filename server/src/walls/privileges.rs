//! Drops the privileges that the server does not need where it runs as root.

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
};

/// What root keeps: to read and write files whatever their modes say, as it always could, and to
/// listen on a port below 1024.
const KEPT: CapabilitySet = CapabilitySet::from_bits_retain(
    CapabilitySet::DAC_OVERRIDE.bits()
        | CapabilitySet::DAC_READ_SEARCH.bits()
        | CapabilitySet::FOWNER.bits()
        | CapabilitySet::NET_BIND_SERVICE.bits(),
);

/// Describes the privileges that cannot be dropped.
pub(super) fn drop_privileges() -> Result<(), String> {
    let steps = [
        // Without this, the kernel lets only root restrict itself.
        ("no_new_privs", set_no_new_privs(true)),
        ("capabilities", {
            capabilities(None).and_then(|has| {
                let kept = has.permitted & KEPT;
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
