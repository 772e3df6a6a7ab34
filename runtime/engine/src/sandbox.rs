//! Encloses the model's process before it parses anything of a model file, so that a malicious file
//! that exploits a fault of the engine can touch nothing: no other file, no network, no program, no
//! other process. What remains is to compute, and to write a wrong answer.
//!
//! Each wall is in a module of its own, and is described for people in the report. A wall that the
//! kernel does not have is reported, and the process goes on without it; the server decides whether
//! it may. `docs/adr/engine-walls.md` says why the walls are as they are.

use std::path::Path;

use engine_wire::Sandbox;

#[cfg(target_os = "linux")]
mod descriptors;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod limits;
mod parts;
#[cfg(target_os = "linux")]
mod privileges;
#[cfg(target_os = "linux")]
mod system_calls;

/// The first part of the sandbox, which needs no model file.
#[derive(Debug, Default)]
pub struct Entrance {
    report: Sandbox,
}

impl Entrance {
    /// Closes all descriptors but the standard three and drops all privileges.
    ///
    /// Must be called before the process opens anything, and before its first thread: privileges
    /// and `no_new_privs` belong to a thread and are inherited by the threads that it starts.
    #[cfg(target_os = "linux")]
    pub fn begin() -> Self {
        let mut entrance = Self::default();
        if let Err(error) = descriptors::close_inherited() {
            // The server marks all of its descriptors close-on-exec as well.
            entrance.report.single.push(format!("close_range (Linux 5.9): {error}"));
        }
        entrance.note("no privileges, no core dump", privileges::drop_privileges());
        entrance
    }

    /// Does nothing on systems other than Linux.
    #[cfg(not(target_os = "linux"))]
    pub fn begin() -> Self {
        Self::default()
    }

    /// Enters the sandbox, in which only `model_file` can be read, with the further parts of
    /// a model in several files; without a file, nothing can be read.
    ///
    /// Must be called before the first thread is started, because the walls are inherited by the
    /// threads that are started in the sandbox.
    #[cfg(target_os = "linux")]
    pub fn enter(mut self, model_file: Option<&Path>) -> Sandbox {
        let readable = model_file.map(parts::all).unwrap_or_default();
        // A limit of open files below the number of parts would make such a model unusable.
        self.note("resource limits", limits::set(readable.len()));
        match files::restrict(&readable) {
            Ok(restricted) => {
                self.report.in_force.push(restricted.described);
                self.report.single.extend(restricted.single);
            }
            Err(why) => self.report.missing.push(format!("Landlock (files): {why}")),
        }
        // Last, because the filter denies the calls that raise the other walls.
        self.note("seccomp (system calls)", system_calls::filter());
        self.report
    }

    /// Reports that there is no sandbox.
    #[cfg(not(target_os = "linux"))]
    pub fn enter(mut self, _model_file: Option<&Path>) -> Sandbox {
        self.report.missing.push("Landlock and seccomp: only Linux has them".to_owned());
        self.report
    }

    #[cfg(target_os = "linux")]
    fn note(&mut self, wall: &str, raised: Result<(), String>) {
        match raised {
            Ok(()) => self.report.in_force.push(wall.to_owned()),
            Err(why) => self.report.missing.push(format!("{wall}: {why}")),
        }
    }
}
