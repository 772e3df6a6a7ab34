//! One branch of an own conversation, for documents and copies of it.

use protocol::{Error, Excerpt, ExcerptParts, MessageId, WorkerId};
use tokio::sync::OwnedSemaphorePermit;
use transfer::Branch;

use super::Access;
use super::export::{Found, read_or_salvage};
use crate::fault;

/// A branch in memory. It counts as a running export until it is dropped.
pub struct BranchExport {
    /// The branch.
    pub branch: Branch,
    place: OwnedSemaphorePermit,
}

/// An excerpt in memory. It counts as a running export until it is dropped.
pub struct ExcerptExport {
    excerpt: Excerpt,
    _place: OwnedSemaphorePermit,
}

impl Access {
    /// The branch of one of the account's conversations that ends with `until`, or with the newest
    /// message. Of a conversation that cannot be read completely it is the readable part. Errors:
    /// `not_found` also for a message of another conversation, `rate_limited` while other exports
    /// run.
    pub async fn branch(
        &self,
        id: WorkerId,
        until: Option<MessageId>,
    ) -> Result<BranchExport, Error> {
        let id = self.own(id).await?;
        // The permit is taken before the conversation is read, because reading is what takes
        // memory.
        let place = self.place_to_export()?;
        let found = read_or_salvage(self.store(), id).await.map_err(fault::from_store)?;
        let branch = match found.ok_or_else(fault::no_worker)? {
            Found::Whole(whole) => Branch::of(whole, until),
            Found::Salvaged(salvaged) => Branch::of_salvaged(salvaged, until),
        };
        Ok(BranchExport { branch: branch.ok_or_else(fault::no_message)?, place })
    }
}

impl ExcerptExport {
    /// The excerpt; an empty one if it was taken before.
    pub fn take(&mut self) -> Excerpt {
        std::mem::take(&mut self.excerpt)
    }
}

impl BranchExport {
    /// A copy for people, with no more than the chosen parts.
    pub fn into_excerpt(self, parts: ExcerptParts) -> ExcerptExport {
        ExcerptExport { excerpt: self.branch.into_excerpt(parts), _place: self.place }
    }
}
