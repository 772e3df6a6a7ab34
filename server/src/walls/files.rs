//! The Landlock wall: which files can be opened, and which TCP ports can be used.
//!
//! A rule is for the file or folder that a path leads to now, and not for the path. A folder's rule
//! also holds for what is put into it later.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath,
    RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope, make_bitflags,
};

use super::reach::Reach;

/// The newest rules for files that the library knows. An older kernel applies those that it has.
const NEWEST: ABI = ABI::V10;
/// The rules for ports stay at those for TCP. Newer ones are for UDP, which finding the address of an
/// endpoint's name needs, to ports that only the system's resolver knows.
const TCP: ABI = ABI::V9;

/// What is allowed in a folder of files to read.
const READ: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir});
/// What is allowed with a device.
const USE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | WriteFile});
/// What is allowed in the data folder: all that makes, changes and removes files and folders, but no
/// programs, links, devices or sockets.
const WRITE: BitFlags<AccessFs> = make_bitflags!(AccessFs::{
    ReadFile | ReadDir | WriteFile | Truncate | MakeReg | MakeDir | RemoveFile | RemoveDir | Refer
});

/// The wall as it is in force.
pub(super) struct Restricted {
    pub(super) described: String,
    /// The denials that this kernel lacks here, and that the filter of system calls has as well.
    pub(super) single: Vec<String>,
    /// The denials that this kernel lacks, and that nothing else has.
    pub(super) missing: Vec<String>,
}

/// Restricts this thread, and those that it starts, to `reach`. Describes why there is no wall.
pub(super) fn restrict(reach: &Reach) -> Result<Restricted, String> {
    let status = apply(reach).map_err(|error| error.to_string())?;
    // The filter denies all sockets of that kind, or none.
    let (elsewhere, nowhere): (&[_], &[_]) = match reach.has_unix_sockets {
        true => (&[TRUNCATING, SIGNALS], &[PORTS, SOCKETS]),
        false => (&[TRUNCATING, SIGNALS, SOCKETS], &[PORTS]),
    };
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Ok(Restricted {
            described: format!("Landlock ABI {} (files and ports)", effective_abi as i32),
            single: lacking(effective_abi, elsewhere),
            missing: lacking(effective_abi, nowhere),
        }),
        (_, LandlockStatus::NotEnabled) => {
            Err("it is built into the kernel, but switched off".to_owned())
        }
        (_, LandlockStatus::NotImplemented) => {
            Err("the kernel does not have it (Linux 5.13)".to_owned())
        }
        (..) => Err("the kernel did not apply it".to_owned()),
    }
}

fn apply(reach: &Reach) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(TCP))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    let sockets = BitFlags::from(AccessFs::ResolveUnix);
    let kinds = [
        (&reach.written, WRITE),
        (&reach.read, READ),
        (&reach.devices, USE),
        (&reach.unix_sockets, sockets),
    ];
    for (places, access) in kinds {
        for place in places {
            ruleset = ruleset.add_rule(PathBeneath::new(place, access))?;
        }
    }
    let ports = [(&reach.bound, AccessNet::BindTcp), (&reach.connected, AccessNet::ConnectTcp)];
    for (ports, access) in ports {
        for port in ports {
            ruleset = ruleset.add_rule(NetPort::new(*port, access))?;
        }
    }
    ruleset.restrict_self()
}

// Rules that older kernels do not have.
const TRUNCATING: (ABI, &str) = (ABI::V3, "Landlock for truncating files (Linux 6.2)");
const PORTS: (ABI, &str) = (ABI::V4, "Landlock for TCP ports (Linux 6.7)");
const SIGNALS: (ABI, &str) = (ABI::V6, "Landlock for signals (Linux 6.12)");
const SOCKETS: (ABI, &str) = (ABI::V6, "Landlock for abstract sockets (Linux 6.12)");

/// Which of the rules a kernel with this ABI does not have. Source: landlock(7).
fn lacking(abi: ABI, rules: &[(ABI, &str)]) -> Vec<String> {
    let lacking = rules.iter().filter(|(since, _)| abi < *since);
    lacking.map(|(_, rule)| (*rule).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_kernel_lacks_is_named() {
        let all = [TRUNCATING, PORTS, SIGNALS, SOCKETS];
        assert_eq!(lacking(ABI::V2, &all).len(), 4);
        assert_eq!(lacking(ABI::V3, &all[..3]), [PORTS.1, SIGNALS.1]);
        assert!(lacking(ABI::V6, &all).is_empty());
    }
}
