//! The walls around the engine's process: which files and system calls it may use.
//!
//! llama.cpp parses model files that people download, and its parsers have had faults that a
//! crafted file could use to run code of its own (`docs/adr/engine-walls.md`). So before anything of a
//! model file is read, the process gives up what loading and decoding do not need. A program that
//! takes it over can neither read nor write the user's files, nor reach the network, nor start another
//! program.
//!
//! [`raise`] has to be called while the process has one thread: the walls belong to a thread, and the
//! threads that it starts inherit them.

use std::fmt;
use std::path::Path;

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;

/// The state of one wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wall {
    /// It stands.
    Up,
    /// The kernel is too old for a part of it.
    Partly,
    /// The kernel does not have it, or refused it.
    Missing,
}

/// The walls of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walls {
    /// Landlock: no file but the model's, no connections, no signals to others.
    pub files: Wall,
    /// Seccomp: only the system calls that loading and decoding need.
    pub calls: Wall,
}

impl Walls {
    /// Whether all of them stand.
    pub fn are_up(self) -> bool {
        (self.files, self.calls) == (Wall::Up, Wall::Up)
    }
}

impl fmt::Display for Walls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let walls = [("Landlock", self.files), ("seccomp", self.calls)];
        for (n, (name, wall)) in walls.into_iter().enumerate() {
            let state = match wall {
                Wall::Up => "in force",
                Wall::Partly => "in force as far as this kernel has it",
                Wall::Missing => "missing",
            };
            write!(f, "{}{name} {state}", if n == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Raises the walls around this process, as far as the kernel has them. Of all files, only that of
/// the model can still be opened. There is no way back.
#[cfg(target_os = "linux")]
pub fn raise(model_file: &Path) -> Walls {
    let log = |what: &str, error: &(dyn std::error::Error + 'static)| {
        tracing::warn!(error, "the model's process has no {what}");
    };
    let files = files::restrict(model_file).unwrap_or_else(|error| {
        log("wall for files", &error);
        Wall::Missing
    });
    // The last one, because it forbids the calls that raise the others.
    let calls = calls::restrict().map_or_else(
        |error| {
            log("wall for system calls", &error);
            Wall::Missing
        },
        |()| Wall::Up,
    );
    Walls { files, calls }
}

/// There are no walls on systems other than Linux.
#[cfg(not(target_os = "linux"))]
pub fn raise(_: &Path) -> Walls {
    Walls { files: Wall::Missing, calls: Wall::Missing }
}

/// The walls that this kernel has, without raising any.
#[cfg(target_os = "linux")]
pub fn supported() -> Walls {
    Walls { files: files::supported(), calls: calls::supported() }
}

/// The walls that this kernel has, without raising any.
#[cfg(not(target_os = "linux"))]
pub fn supported() -> Walls {
    Walls { files: Wall::Missing, calls: Wall::Missing }
}
