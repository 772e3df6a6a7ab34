//! What a process has used, as the kernel counts it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The length of the unit in which `/proc/PID/stat` counts, on every architecture of Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process that is watched.
#[derive(Clone, Debug)]
pub struct Process {
    folder: PathBuf,
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
        Self { folder: format!("/proc/{pid}").into() }
    }

    /// This process.
    pub fn own() -> Self {
        Self::new(std::process::id())
    }

    /// The processor time that was used so far, in user and in kernel mode, by all threads.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(self.folder.join("stat"))?;
        // The second field is the name in brackets, which may contain spaces.
        let (_, fields) = stat.rsplit_once(')').context("an odd stat of a process")?;
        let mut times = fields.split_whitespace().skip(11).map(str::parse::<u32>);
        let mut next = || times.next().context("a short stat of a process");
        Ok(TICK * (next()?? + next()??))
    }

    pub fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let field = |name: &str| -> Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.context("no memory in the status of a process")?;
            Ok(kib.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
        };
        Ok(Memory { resident: field("VmRSS:")?, private: field("RssAnon:")? })
    }

    /// The bytes that the process caused to be written to the disk so far.
    pub fn disk_bytes(&self) -> Result<u64> {
        let io = fs::read_to_string(self.folder.join("io"))?;
        let line = io.lines().find_map(|line| line.strip_prefix("write_bytes:"));
        Ok(line.context("no write_bytes of a process")?.trim().parse()?)
    }
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
    }
}
