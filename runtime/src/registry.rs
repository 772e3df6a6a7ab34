//! The backend's list of runtimes. It routes calls by id and runs nothing itself.

use std::sync::Arc;

use protocol::{Error, ErrorCode, RuntimeId};

use crate::embedded::Runtime;

/// The list of runtimes; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    home: Runtime,
    others: Arc<[Runtime]>,
}

impl Registry {
    /// A registry with the runtime that the pages use.
    pub fn new(home: Runtime) -> Self {
        Self { home, others: Arc::new([]) }
    }

    /// The runtime that the pages use: `backend-internal`.
    pub fn home(&self) -> &Runtime {
        &self.home
    }

    /// All runtimes.
    pub fn runtimes(&self) -> impl Iterator<Item = &Runtime> {
        std::iter::once(&self.home).chain(self.others.iter())
    }

    /// A runtime by its id. Errors with `not_found`.
    pub fn runtime(&self, id: &RuntimeId) -> Result<&Runtime, Error> {
        self.runtimes().find(|runtime| runtime.id() == id).ok_or_else(|| {
            let message = format!("There is no runtime `{id}`.");
            Error::new(ErrorCode::NotFound, message)
                .with_hint("`/api/v1/runtimes` lists the ones there are.")
        })
    }
}
