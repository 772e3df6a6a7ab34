//! What a process has used, as the kernel counts it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The length of the unit in which `/proc/PID/stat` counts, on every architecture of Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process that is watched, or one with all that it has started.
#[derive(Clone, Debug)]
pub struct Process {
    /// The folders below `/proc`.
    folders: Vec<PathBuf>,
}

/// Memory in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// All resident pages, which is what `ps` and `top` show.
    pub resident: u64,
    /// Pages that are not mapped from files: what the process itself has allocated.
    pub private: u64,
}

impl Process {
    pub fn new(pid: u32) -> Self {
        Self { folders: vec![folder(pid)] }
    }

    /// A process together with its descendants of this moment.
    pub fn tree(pid: u32) -> Result<Self> {
        let mut parents = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            // A process may end while the others are read.
            if let Ok(fields) = stat(&folder(pid)) {
                parents.push((pid, fields.get(1).and_then(|parent| parent.parse().ok())));
            }
        }
        let mut found = vec![pid];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(parents.iter().filter(|(_, of)| *of == Some(parent)).map(|(pid, _)| *pid));
            next += 1;
        }
        Ok(Self { folders: found.into_iter().map(folder).collect() })
    }

    /// This process.
    pub fn own() -> Self {
        Self::new(std::process::id())
    }

    /// The processor time that was used so far, in user and in kernel mode, by all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let times = self.folders.iter().map(|folder| {
            let fields = stat(folder)?;
            let ticks = |at: usize| -> Result<u32> {
                Ok(fields.get(at).context("a short stat of a process")?.parse()?)
            };
            Ok(TICK * (ticks(11)? + ticks(12)?))
        });
        times.sum()
    }

    pub fn memory(&self) -> Result<Memory> {
        let mut memory = Memory::default();
        for folder in &self.folders {
            let status = fs::read_to_string(folder.join("status"))?;
            memory.resident += kib(&status, "VmRSS:")? * 1024;
            memory.private += kib(&status, "RssAnon:")? * 1024;
        }
        Ok(memory)
    }

    /// All resident pages in bytes, but of those that several processes use only the part of these
    /// ones. This takes the kernel some milliseconds for a large process.
    pub fn proportional_bytes(&self) -> Result<u64> {
        let bytes = self.folders.iter().map(|folder| {
            let rollup = fs::read_to_string(folder.join("smaps_rollup"))?;
            Ok(kib(&rollup, "Pss:")? * 1024)
        });
        bytes.sum()
    }

    /// The bytes that the processes caused to be written to the disk so far.
    pub fn disk_bytes(&self) -> Result<u64> {
        let bytes = self.folders.iter().map(|folder| {
            let io = fs::read_to_string(folder.join("io"))?;
            let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
            Ok(line.context("no write_bytes of a process")?.trim().parse::<u64>()?)
        });
        bytes.sum()
    }
}

fn folder(pid: u32) -> PathBuf {
    format!("/proc/{pid}").into()
}

/// The fields of a process's `stat` from the third on, which is its state.
fn stat(folder: &Path) -> Result<Vec<String>> {
    let stat = fs::read_to_string(folder.join("stat"))?;
    // The second field is the name in brackets, which may contain spaces.
    let (_, fields) = stat.rsplit_once(')').context("an odd stat of a process")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

fn kib(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.with_context(|| format!("no {name} of a process"))?;
    Ok(kib.trim().trim_end_matches(" kB").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_process_uses_is_counted() {
        let own = Process::own();
        let before = own.cpu().unwrap();
        let begun = std::time::Instant::now();
        while begun.elapsed() < 5 * TICK {
            std::hint::spin_loop();
        }
        let used = own.cpu().unwrap() - before;
        assert!(used <= 3 * begun.elapsed() + TICK, "{used:?}");
        let memory = own.memory().unwrap();
        assert!(0 < memory.private && memory.private <= memory.resident);
        own.disk_bytes().unwrap();
        assert!(own.proportional_bytes().unwrap() <= memory.resident + (1 << 20));
    }

    #[test]
    fn a_tree_has_the_processes_that_were_started() {
        let tree = || Process::tree(std::process::id()).unwrap().folders;
        assert_eq!(tree(), Process::own().folders);
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        assert_eq!(tree(), [folder(std::process::id()), folder(child.id())]);
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
