//! Finds out which process holds a data folder, as far as the system tells.
//!
//! The note in the lock file names the last companion that held the folder. That process may have
//! ended, and another program may hold the folder now. So the process of the note is named only
//! if the system's table of locks names it as well, or, where the table shows no holder, if a
//! running process of that number is called `companion`.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

/// The system's table of file locks. Source: proc_locks(5).
const LOCKS: &str = "/proc/locks";

/// The content of the lock file: the process that wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) process: u32,
}

impl Note {
    /// The length of a note in bytes, with the spaces behind its words. Notes of earlier versions
    /// were shorter.
    pub(super) const BYTES: u64 = 64;

    pub(super) fn parse(text: &str) -> Option<Self> {
        let process = text.trim().strip_prefix("process ")?.parse().ok()?;
        Some(Self { process })
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = format!("process {}", self.process);
        let width = Self::BYTES as usize - 1;
        writeln!(f, "{words:<width$}")
    }
}

/// Describes who holds a lock on one of the files, in words that complete "is in use by". `note` is
/// the content of the lock file, if it could be read.
pub(super) fn of(files: &[&File], note: Option<Note>) -> String {
    let inodes: Vec<u64> =
        files.iter().filter_map(|file| Some(file.metadata().ok()?.ino())).collect();
    let table = std::fs::read_to_string(LOCKS).ok();
    let holders = table.map(|table| holders(&table, &inodes));
    describe(holders, note, &name_of)
}

/// The processes that hold a lock of type `FLOCK` on one of the inodes. The device is not compared,
/// because on some file systems the table names another one than the files' metadata. Processes of
/// other containers have no number in the table and are left out.
fn holders(table: &str, inodes: &[u64]) -> Vec<u32> {
    let held = table.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip(1);
        (words.next()? == "FLOCK").then_some(())?;
        let process: u32 = words.nth(2)?.parse().ok()?;
        let inode: u64 = words.next()?.rsplit(':').next()?.parse().ok()?;
        (process > 0 && inodes.contains(&inode)).then_some(process)
    });
    held.collect()
}

/// Chooses the words for what is known; pure. `name` gives the name of a running process.
fn describe(
    holders: Option<Vec<u32>>,
    note: Option<Note>,
    name: &dyn Fn(u32) -> Option<String>,
) -> String {
    let companion = |process: u32| format!("another companion (process {process})");
    let noted = note.map(|note| note.process);
    match (holders.as_deref(), noted) {
        // The process that wrote the note is the one that holds the lock now.
        (Some(holders), Some(noted)) if holders.contains(&noted) => companion(noted),
        (Some([first, ..]), _) => match name(*first) {
            Some(name) => format!("another program (process {first}, {name})"),
            None => "another program".to_owned(),
        },
        // The system has no such table, or it does not show the holder to this container.
        (None | Some([]), Some(noted)) if name(noted).as_deref() == Some("companion") => {
            companion(noted)
        }
        _ => "another program, of this machine or of one that shares the folder".to_owned(),
    }
}

/// The name of a running process, which every account may read. Source: proc_pid_comm(5).
fn name_of(process: u32) -> Option<String> {
    let name = std::fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as the kernel prints them (proc_locks(5), and read from a running machine).
    const TABLE: &str = "\
1: FLOCK  ADVISORY  WRITE 4440 fe:00:5310292 0 EOF
2: POSIX  ADVISORY  WRITE 77 fe:00:12 1073741826 1073742335
2: -> FLOCK  ADVISORY  READ 99 fe:00:12 0 EOF
3: FLOCK  ADVISORY  WRITE 0 fe:00:12 0 EOF
4: FLOCK  ADVISORY  WRITE 55 00:2d:12 0 EOF
";

    #[test]
    fn holders_of_a_lock_are_found_and_waiting_processes_are_not() {
        assert_eq!(holders(TABLE, &[12]), [55]);
        assert_eq!(holders(TABLE, &[5_310_292, 12]), [4440, 55]);
        assert!(holders(TABLE, &[1]).is_empty());
        assert!(holders("nonsense\n1: FLOCK x", &[12]).is_empty());
    }

    #[test]
    fn the_noted_process_is_named_only_if_it_holds_the_lock() {
        let living = |process: u32| match process {
            7 => Some("companion".to_owned()),
            8 => Some("sleep".to_owned()),
            _ => None,
        };
        let say = |holders: Option<&[u32]>, note: Option<u32>| {
            let note = note.map(|process| Note { process });
            describe(holders.map(<[u32]>::to_vec), note, &living)
        };
        assert_eq!(say(Some(&[7]), Some(7)), "another companion (process 7)");
        assert_eq!(say(Some(&[8]), Some(7)), "another program (process 8, sleep)");
        assert_eq!(say(Some(&[9]), Some(7)), "another program");
        assert_eq!(say(None, Some(7)), "another companion (process 7)");
        for (holders, note) in
            [(None, Some(8)), (None, Some(9)), (Some(&[][..]), Some(9)), (None, None)]
        {
            assert!(say(holders, note).starts_with("another program, of this"), "{note:?}");
        }
    }
}
