//! How much of the disk an import may take.

use rusqlite::Connection;
use store::{Cause, Outage, StoreError};

use crate::file_identity::FileIdentity;

/// How many bytes of the disk, and of unused pages of the database's file, an import leaves free
/// (but at most a third of the disk), so that others can keep writing and the staged rows can be
/// removed.
const RESERVE_BYTES: u64 = 32 << 20;

/// How many bytes of the disk are left free for the write-ahead log (but at most an eighth of the
/// disk). Unused pages of the database's file are no room for it, and a log that fills the disk
/// cannot be checkpointed.
const LOG_RESERVE_BYTES: u64 = 16 << 20;

/// The sizes, in bytes, that decide whether an import may write more rows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// The size of the disk.
    disk: u64,
    /// The free part of the disk.
    free: u64,
    /// The unused pages of the database's file, which are filled first.
    unused: u64,
    /// By how much a checkpoint of the write-ahead log makes the database's file longer.
    growth: u64,
}

impl Room {
    pub(crate) fn look(db: &Connection, identity: &FileIdentity) -> Result<Self, Cause> {
        let disk = rustix::fs::statvfs(identity.folder())?;
        let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, u64>(0));
        let page = pragma("page_size")?;
        let length = std::fs::metadata(identity.file())?.len();
        Ok(Self {
            disk: disk.f_blocks.saturating_mul(disk.f_frsize),
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            unused: pragma("freelist_count")?.saturating_mul(page),
            growth: pragma("page_count")?.saturating_mul(page).saturating_sub(length),
        })
    }

    /// Whether the write-ahead log may become longer. If not, it has to be emptied first.
    pub(crate) fn has_room_for_the_log(&self) -> bool {
        self.free >= self.growth.saturating_add(LOG_RESERVE_BYTES.min(self.disk / 8))
    }

    /// Errors with an outage if nothing more may be written.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        let reserve = RESERVE_BYTES.min(self.disk / 3);
        if self.free.saturating_add(self.unused) >= reserve && self.has_room_for_the_log() {
            return Ok(());
        }
        let source = Cause::from("the disk has too little room left for an import");
        Err(StoreError::Outage { outage: Outage::Full, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn room(free: u64, unused: u64, growth: u64) -> Room {
        Room { disk: 1024 * MIB, free: free * MIB, unused: unused * MIB, growth: growth * MIB }
    }

    #[test]
    fn unused_pages_are_room_for_rows_but_not_for_the_log() {
        assert!(room(32, 0, 0).check().is_ok());
        assert!(room(31, 0, 0).check().is_err());
        assert!(room(16, 16, 0).check().is_ok());
        assert!(room(15, 100, 0).check().is_err());
    }

    #[test]
    fn what_a_checkpoint_adds_to_the_file_is_not_free() {
        assert!(room(40, 0, 24).has_room_for_the_log());
        assert!(!room(40, 0, 25).has_room_for_the_log());
    }

    #[test]
    fn a_small_disk_keeps_parts_of_its_size() {
        let small = |free| Room { disk: 24 * MIB, ..room(free, 0, 0) };
        assert!(small(8).check().is_ok());
        assert!(small(7).check().is_err());
    }
}
