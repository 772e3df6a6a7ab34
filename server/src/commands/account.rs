//! `companion account`: lists, adds and changes accounts, while the server runs and while it does not.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Subcommand, ValueEnum};
use protocol::AccountRole;
use protocol::api::{AccountSummary, AddAccount, PasswordText, PatchAccount};

use crate::config::Config;
use reach::Reach;

mod reach;
mod running;

/// What to do with accounts.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum AccountCommand {
    /// List the accounts
    List,
    /// Add an account. The first one is an owner's and gets the conversations that are already here.
    /// The password is asked for, or read as a line from standard input
    Add {
        /// The name to log in with
        name: String,
        /// What the account may do
        #[arg(long, default_value = "member")]
        role: Role,
    },
    /// Let nobody use an account any more; its conversations stay
    Disable {
        /// The account's name
        name: String,
    },
    /// Let a disabled account log in again
    Enable {
        /// The account's name
        name: String,
    },
    /// Give an account another password, and end all its sessions. The password is asked for, or read
    /// as a line from standard input
    Reset {
        /// The account's name
        name: String,
    },
    /// Give an account another role
    Role {
        /// The account's name
        name: String,
        /// What the account may do
        role: Role,
    },
}

/// The roles as words of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Decides about the installation
    Owner,
    /// Has conversations of its own, and nothing else
    Member,
}

impl From<Role> for AccountRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Member => Self::Member,
        }
    }
}

/// The longest password that is read from standard input, in bytes, with its line end.
const PASSWORD_BYTES: u64 = 8 * 1024;

/// Performs the command, and prints what the account is now.
pub async fn run(config: &Config, command: AccountCommand) -> anyhow::Result<ExitCode> {
    let reach = Reach::open(config).await?;
    let done = perform(&reach, command).await;
    reach.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn perform(reach: &Reach, command: AccountCommand) -> anyhow::Result<()> {
    let (name, change) = match command {
        AccountCommand::List => {
            let accounts = reach.list().await?;
            if accounts.is_empty() {
                say!("There are no accounts yet.");
            }
            for account in accounts {
                say!("{}", line(&account));
            }
            return Ok(());
        }
        AccountCommand::Add { name, role } => {
            let password = new_password(&name)?;
            let added = reach.add(AddAccount { name, role: role.into(), password }).await?;
            say!("{}", line(&added));
            return Ok(());
        }
        AccountCommand::Disable { name } => {
            (name, PatchAccount { disabled: Some(true), ..PatchAccount::default() })
        }
        AccountCommand::Enable { name } => {
            (name, PatchAccount { disabled: Some(false), ..PatchAccount::default() })
        }
        AccountCommand::Reset { name } => {
            let password = Some(new_password(&name)?);
            (name, PatchAccount { password, ..PatchAccount::default() })
        }
        AccountCommand::Role { name, role } => {
            (name, PatchAccount { role: Some(role.into()), ..PatchAccount::default() })
        }
    };
    let is_reset = change.password.is_some();
    let changed = reach.patch(&name, change).await?;
    say!("{}", line(&changed));
    if is_reset {
        say!("Its sessions have ended, and its passkeys were removed.");
    }
    Ok(())
}

/// An account as a line: number, role, name, the day since when it is there.
fn line(account: &AccountSummary) -> String {
    let AccountSummary { id, name, role, disabled, created_at, .. } = account;
    let role = match role {
        AccountRole::Owner => "owner ",
        AccountRole::Member => "member",
    };
    let disabled = if *disabled { ", disabled" } else { "" };
    format!("{id:>4}  {role}  {name}, since {}{disabled}", created_at.date_utc())
}

/// A new password: asked for twice at a terminal, and otherwise a line of standard input.
fn new_password(name: &str) -> anyhow::Result<PasswordText> {
    if io::stdin().is_terminal() {
        let ask = |prompt: String| {
            rpassword::prompt_password(prompt).context("the password cannot be read")
        };
        let password = ask(format!("Password for {name}: "))?;
        if password != ask("The same again: ".to_owned())? {
            bail!("the two passwords differ");
        }
        return Ok(PasswordText(password));
    }
    let mut text = String::new();
    let read = io::stdin().lock().take(PASSWORD_BYTES).read_line(&mut text);
    read.context("the password cannot be read from standard input")?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    if password.is_empty() {
        bail!("standard input has no password");
    }
    Ok(PasswordText(password.to_owned()))
}
