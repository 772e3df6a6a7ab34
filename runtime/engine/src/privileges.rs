//! Drops privileges of the model's process before it reads a model file, so that a malicious file
//! that exploits a fault of the engine gains as little power as possible. Files that the account
//! itself may read or write stay accessible.

/// Must be called before the first thread is started: capabilities and `no_new_privs` belong to
/// a thread and are inherited by the threads that it starts. A privilege that cannot be dropped
/// is logged, and the process goes on with less protection.
#[cfg(target_os = "linux")]
pub(crate) fn drop_privileges() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
    };

    // `no_new_privs`: a program that this process executes cannot gain privileges.
    let steps = [
        ("no_new_privs", set_no_new_privs(true)),
        // A core dump would hold the conversation.
        ("core", setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })),
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
    for (what, done) in steps {
        if let Err(error) = done {
            tracing::warn!(what, %error, "the model's process keeps a privilege that it does not need");
        }
    }
}

/// Does nothing on systems other than Linux.
#[cfg(not(target_os = "linux"))]
pub(crate) fn drop_privileges() {}
