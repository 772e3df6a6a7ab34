//! The runtime as one principal may use it.
//!
//! Everything about conversations is a method of [`Access`], so that no call can be made without
//! saying for whom. A conversation of another account is `not_found`, whether it exists or not
//! (invariant 14). What concerns nobody's conversations, such as the models, is reached through the
//! [`Runtime`] that this dereferences to.

use std::ops::Deref;

use protocol::{AccountId, AccountRole, Error, ErrorCode, WorkerId};

use super::Runtime;
use crate::fault;
use crate::principal::Principal;

/// A handle to the runtime for one principal; cheap to clone.
#[derive(Clone)]
pub struct Access {
    runtime: Runtime,
    principal: Principal,
}

impl Runtime {
    /// The runtime as this principal may use it.
    pub fn access(&self, principal: Principal) -> Access {
        Access { runtime: self.clone(), principal }
    }
}

impl Deref for Access {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        &self.runtime
    }
}

impl Access {
    /// For whom the calls are made.
    pub fn principal(&self) -> Principal {
        self.principal
    }

    pub(super) fn account(&self) -> AccountId {
        self.principal.account
    }

    /// Errors with `forbidden` unless the principal may decide about the installation.
    pub(super) fn as_owner(&self) -> Result<(), Error> {
        match self.principal.role {
            AccountRole::Owner => Ok(()),
            AccountRole::Member => Err(Error::new(
                ErrorCode::Forbidden,
                "Only an owner of this installation may do that.",
            )),
        }
    }

    /// Passes the id of a conversation on if it belongs to the principal's account, deleted or not.
    /// Errors with `not_found`.
    pub(super) async fn own(&self, id: WorkerId) -> Result<WorkerId, Error> {
        let owner = self.store().owner(id).await.map_err(fault::from_store)?;
        if owner == Some(self.account()) { Ok(id) } else { Err(fault::no_worker()) }
    }
}
