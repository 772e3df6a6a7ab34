//! Landlock: which files the process can open, and whom it can reach.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath,
    PathFd, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use super::Wall;

/// The version of Landlock that has all that is used here: files (1 to 5), connections (4), signals
/// and abstract sockets (6). Source: <https://docs.kernel.org/userspace-api/landlock.html>.
const WANTED: ABI = ABI::V6;

/// What the engine reads beside the model: the number of runnable threads and of processors, and what
/// ggml asks of the processor. None of it is about a user.
const SYSTEM: [&str; 3] = ["/proc/loadavg", "/proc/cpuinfo", "/sys/devices/system/cpu"];

/// Restricts this thread, and the threads that it starts from now on.
pub(super) fn restrict(model_file: &Path) -> Result<Wall, RulesetError> {
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?;
    let system = SYSTEM.iter().map(PathBuf::from);
    for path in parts(model_file).into_iter().chain(system) {
        // A file that is not there cannot be opened later, either.
        let Ok(opened) = PathFd::new(&path) else { continue };
        let access: BitFlags<AccessFs> = match path.is_dir() {
            true => AccessFs::ReadFile | AccessFs::ReadDir,
            false => AccessFs::ReadFile.into(),
        };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, access))?;
    }
    Ok(match ruleset.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Wall::Up,
        RulesetStatus::PartiallyEnforced => Wall::Partly,
        RulesetStatus::NotEnforced => Wall::Missing,
    })
}

/// What a ruleset can do here, found out by making one and dropping it.
pub(super) fn supported() -> Wall {
    let made = |abi: ABI| {
        let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
        let ruleset =
            ruleset.handle_access(AccessFs::from_all(abi)).and_then(|ruleset| match abi {
                ABI::V1 => Ok(ruleset),
                _ => ruleset.handle_access(AccessNet::from_all(abi))?.scope(Scope::from_all(abi)),
            });
        ruleset.and_then(Ruleset::create).is_ok()
    };
    match (made(WANTED), made(ABI::V1)) {
        (true, _) => Wall::Up,
        (false, true) => Wall::Partly,
        (false, false) => Wall::Missing,
    }
}

/// The files of a model: one, or all parts of one that was split (`m-00001-of-00003.gguf`), which the
/// engine finds from the first.
fn parts(model_file: &Path) -> Vec<PathBuf> {
    let name = model_file.file_name().and_then(|name| name.to_str());
    let split = name.and_then(|name| name.strip_suffix(".gguf")).and_then(|name| {
        let (first, count) = name.rsplit_once("-of-")?;
        let (stem, number) = first.rsplit_once('-')?;
        let is_number = |text: &str| text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
        (is_number(number) && is_number(count)).then_some((stem, count))
    });
    let Some((stem, count)) = split else { return vec![model_file.to_owned()] };
    let last: u32 = count.parse().unwrap_or(1);
    let of = |n: u32| model_file.with_file_name(format!("{stem}-{n:05}-of-{count}.gguf"));
    (1..=last.min(MOST_PARTS)).map(of).collect()
}

/// The most parts of one model. The largest models that people share have some dozens.
const MOST_PARTS: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_model_has_the_files_of_all_its_parts() {
        let names = |file: &str| -> Vec<String> {
            let parts = parts(Path::new(file));
            parts.iter().map(|part| part.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(names("/m/a.gguf"), ["/m/a.gguf"]);
        assert_eq!(names("/m/a-1-of-2.gguf"), ["/m/a-1-of-2.gguf"]);
        assert_eq!(names("/m/日本"), ["/m/日本"]);
        let split = ["/m/a-00001-of-00002.gguf", "/m/a-00002-of-00002.gguf"];
        assert_eq!(names("/m/a-00001-of-00002.gguf"), split);
        assert_eq!(parts(Path::new("/m/a-00001-of-99999.gguf")).len(), MOST_PARTS as usize);
    }
}
