//! The Landlock wall: no file can be opened but those of the model, and these only for reading.
//!
//! The model is opened by its path and not passed as a descriptor: the engine's library opens the
//! files itself, by name, and the kernel checks the rule at each opening, also at one through
//! `/proc/self/fd`. The rule is for the file that the path leads to now, and not for the path, so
//! a file that is put into its place afterwards cannot be opened.

use std::path::PathBuf;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, LandlockStatus, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

/// The newest rules that the library knows. An older kernel applies those that it has.
const NEWEST: ABI = ABI::V10;

/// The wall as it is in force.
pub(super) struct Restricted {
    pub(super) described: String,
    /// The denials that this kernel lacks here, and that the filter of system calls has as well.
    pub(super) single: Vec<String>,
}

/// Restricts this thread, and those that it starts, to reading `readable`. Paths that cannot be
/// opened are left out; the engine reports them when it opens them. Describes why there is no wall.
pub(super) fn restrict(readable: &[PathBuf]) -> Result<Restricted, String> {
    let status = apply(readable).map_err(|error| error.to_string())?;
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Ok(Restricted {
            described: format!("Landlock ABI {} (files)", effective_abi as i32),
            single: lacking(effective_abi),
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

fn apply(readable: &[PathBuf]) -> Result<RestrictionStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?;
    for file in readable.iter().filter_map(|path| PathFd::new(path).ok()) {
        ruleset = ruleset.add_rule(PathBeneath::new(file, AccessFs::ReadFile))?;
    }
    ruleset.restrict_self()
}

/// What a kernel with this ABI cannot deny by Landlock. No socket can be opened and no signal sent
/// in the filter of system calls either. Source: landlock(7).
fn lacking(abi: ABI) -> Vec<String> {
    let rules = [
        (ABI::V4, "Landlock for TCP (Linux 6.7)"),
        (ABI::V6, "Landlock for signals and abstract sockets (Linux 6.12)"),
    ];
    rules.into_iter().filter(|(since, _)| abi < *since).map(|(_, rule)| rule.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_kernel_lacks_is_named() {
        assert_eq!(lacking(ABI::V1).len(), 2);
        assert_eq!(lacking(ABI::V5), ["Landlock for signals and abstract sockets (Linux 6.12)"]);
        assert!(lacking(ABI::V7).is_empty());
    }
}
