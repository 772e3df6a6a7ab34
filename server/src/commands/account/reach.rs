//! The two ways to the accounts: through the running server, or in its database.

use std::sync::Arc;

use ::accounts::{AccountName, Accounts};
use anyhow::{Context as _, anyhow, bail};
use protocol::api::{AccountSummary, AddAccount, PatchAccount};
use store::Store as _;
use store_sqlite::{OpenError, Sqlite};

use super::running::Running;
use crate::api::accounts::{self, summary};
use crate::config::Config;
use crate::engine;

/// A way to the accounts.
pub(super) enum Reach {
    /// The server runs and does it.
    Running(Running),
    /// No server runs.
    Stopped { accounts: Accounts, store: Arc<Sqlite> },
}

impl Reach {
    /// Asks the server if one runs in the data folder, and else opens the database.
    pub(super) async fn open(config: &Config) -> anyhow::Result<Self> {
        if let Some(running) = Running::connect(&config.data_dir).await {
            return Ok(Self::Running(running));
        }
        let store = Sqlite::open(&config.data_dir).map_err(|error| {
            let locked = matches!(error, OpenError::Locked { .. });
            let error = anyhow::Error::from(error);
            if locked {
                error.context("the server does not answer on its socket in the data folder")
            } else {
                error
            }
        })?;
        let store = Arc::new(store);
        let accounts = engine::accounts(config, store.clone())?;
        Ok(Self::Stopped { accounts, store })
    }

    pub(super) async fn close(self) {
        if let Self::Stopped { store, .. } = self {
            store.close().await;
        }
    }

    pub(super) async fn list(&self) -> anyhow::Result<Vec<AccountSummary>> {
        match self {
            Self::Running(server) => server.list().await,
            Self::Stopped { accounts, .. } => {
                Ok(accounts.accounts().await?.iter().map(summary).collect())
            }
        }
    }

    pub(super) async fn add(&self, new: AddAccount) -> anyhow::Result<AccountSummary> {
        match self {
            Self::Running(server) => server.add(&new).await,
            Self::Stopped { accounts, .. } => {
                let name = AccountName::parse(&new.name)?;
                let added = accounts.add(None, name, new.role, &new.password.0, None).await?;
                Ok(summary(&added))
            }
        }
    }

    pub(super) async fn patch(
        &self,
        name: &str,
        change: PatchAccount,
    ) -> anyhow::Result<AccountSummary> {
        let name = AccountName::parse(name)?;
        match self {
            Self::Running(server) => {
                let all = server.list().await?;
                let same = |account: &&AccountSummary| {
                    AccountName::parse(&account.name).is_ok_and(|other| other == name)
                };
                match all.iter().find(same) {
                    Some(account) => server.patch(account.id, &change).await,
                    None => bail!("there is no account {}", name.as_str()),
                }
            }
            Self::Stopped { accounts: own, .. } => {
                let found = own.find(&name).await;
                let id = found.with_context(|| format!("the account {}", name.as_str()))?.id;
                let changed = accounts::change(own, id, change, None, None).await;
                changed.map_err(|error| anyhow!(error.message))
            }
        }
    }
}
