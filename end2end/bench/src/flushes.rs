//! How often a disk was told to make its writes permanent, as the kernel counts it. Each sync of a
//! file does that once, unless two come together. The count is that of the whole machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{major, minor};

/// The place of the number of flushes in `/sys/block/DISK/stat`, since Linux 5.5
/// (<https://docs.kernel.org/block/stat.html>).
const FLUSHES: usize = 15;

/// The disk below a folder.
pub struct Disk {
    stat: PathBuf,
}

impl Disk {
    /// `None` if the folder is on no disk, or the disk writes through and is never flushed.
    pub fn below(folder: &Path) -> Option<Self> {
        let device = fs::metadata(folder).ok()?.dev();
        let of_device: PathBuf =
            format!("/sys/dev/block/{}:{}", major(device), minor(device)).into();
        // The kernel counts for whole disks only.
        let is_partition = of_device.join("partition").exists();
        let disk = fs::canonicalize(of_device).ok()?;
        let disk = if is_partition { disk.parent()?.to_owned() } else { disk };
        let cache = fs::read_to_string(disk.join("queue/write_cache")).ok()?;
        let disk = Self { stat: disk.join("stat") };
        (cache.trim() == "write back" && disk.flushes().is_some()).then_some(disk)
    }

    /// The number of flushes so far.
    pub fn flushes(&self) -> Option<u64> {
        fs::read_to_string(&self.stat).ok()?.split_whitespace().nth(FLUSHES)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn syncs_are_counted_where_a_disk_can_count_them() {
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let Some(disk) = Disk::below(folder.path()) else { return };
        let before = disk.flushes().unwrap();
        let mut file = fs::File::create(folder.path().join("file")).unwrap();
        for _ in 0..5 {
            file.write_all(b"x").unwrap();
            file.sync_all().unwrap();
        }
        // Others may sync at the same time, and a flush may serve two of them.
        assert!(disk.flushes().unwrap() > before);
    }

    #[test]
    fn a_folder_in_memory_is_on_no_disk() {
        assert!(Disk::below(Path::new("/proc")).is_none());
    }
}
