//! What the model's process gives up before it touches a model's file: a fault in the engine
//! that such a file can use must not reach further than this process.

/// To be called before the first thread is started, because what is given up is a thread's,
/// and threads that it starts are like it. What the system does not let go of is told in the
/// log, and the process goes on with less protection.
#[cfg(target_os = "linux")]
pub(super) fn give_up() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use rustix::thread::{
        CapabilitySet, CapabilitySets, capabilities, set_capabilities, set_no_new_privs,
    };

    // No program that it starts is more than it is.
    let steps = [
        ("no_new_privs", set_no_new_privs(true)),
        // A dump of its memory would hold the conversation.
        ("core", setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })),
        // Where the server runs as root: no look into other processes, the server's
        // environment and memory before all, and no other power but to find and read the
        // model's file, which may belong to another account.
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
            tracing::warn!(what, %error, "the model's process keeps a power that it does not need");
        }
    }
}

/// Other systems have other means; none is used yet.
#[cfg(not(target_os = "linux"))]
pub(super) fn give_up() {}
