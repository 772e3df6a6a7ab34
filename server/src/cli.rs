//! The command line: `companion` is `companion serve`.

use std::path::PathBuf;

use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::{Config, Problems, Settings, Sources, settings};

/// A self-hosted console for talking with a language model.
#[derive(Debug, Parser)]
#[command(name = "companion", version, about, after_help = AFTER_HELP)]
pub struct Cli {
    /// `None` is [`Command::Serve`].
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Configuration file; by default companion.toml in the working folder, if it exists
    /// [env: COMPANION_CONFIG]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The settings of the command line alone; [`Config::load`] merges them with the other sources.
    #[command(flatten)]
    pub settings: Settings,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve the console (this is what happens without a command)
    Serve,
    /// Print the effective configuration, with the source of each setting
    Config,
    /// Check everything that serving needs
    Doctor,
    /// Print the profiles and prompts that are used, with their digest
    Bundle,
    /// Copy the database to a new file, also while a server runs
    Backup {
        /// The copy; an existing file is never overwritten
        file: PathBuf,
    },
    /// Export every conversation as JSON Lines, also while a server runs
    Export {
        /// A new file; by default, or with "-", standard output
        file: Option<PathBuf>,
    },
    /// Import conversations; invalid ones are reported, and the others are imported. The server must
    /// not run
    #[command(after_help = IMPORT_CODES)]
    Import {
        /// Exports of Companion, ChatGPT, Claude, DeepSeek, LibreChat, Open WebUI or llama.cpp, lists
        /// of messages, or ZIP archives of such files; "-" is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Import all or nothing: any conversation that is invalid, or is stored here with different
        /// content, cancels the import
        #[arg(long)]
        strict: bool,
        /// With --strict: conversations that are stored here with different content stay unchanged,
        /// and the others are imported
        #[arg(long)]
        keep_existing: bool,
    },
    /// The process that runs a local model; started by the server
    #[command(hide = true)]
    Infer,
    /// The process that starts it; started by the server
    #[command(hide = true)]
    Spawn,
}

const IMPORT_CODES: &str = "\
The exit code is 0 if nothing was refused, 3 if some conversations were refused, which are listed, \
and the others were imported, and 1 if nothing was imported.";

const AFTER_HELP: &str = "\
Flags override variables, and variables override the file; companion.example.toml documents them \
all. An API key comes from COMPANION_API_KEY, from the file named by COMPANION_API_KEY_FILE, or, if \
the provider is \"openai\" and nothing else names a key, from OPENAI_API_KEY; never from a flag.";

impl Cli {
    /// Parses the process's arguments. Invalid ones, `--help` and `--version` end the process with
    /// clap's usual codes: 2 for invalid ones, else 0.
    pub fn read() -> (Self, ArgMatches) {
        Self::read_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    /// Like [`Self::read`], for any arguments; the first is the program's name.
    pub fn read_from<I, T>(arguments: I) -> Result<(Self, ArgMatches), clap::Error>
    where
        I: IntoIterator<Item = T>,
        T: Into<std::ffi::OsString> + Clone,
    {
        let matches = Self::documented().try_get_matches_from(arguments)?;
        let cli = Self::from_arg_matches(&matches)?;
        // A flag after a subcommand is only in the subcommand's matches.
        let innermost = matches.subcommand().map_or(&matches, |(_, inner)| inner).clone();
        Ok((cli, innermost))
    }

    /// Loads the configuration from these arguments, the environment and the file.
    pub fn load(&self, matches: &ArgMatches) -> Result<Config, Problems> {
        let sources = Sources {
            matches,
            file: matches.get_one::<PathBuf>("config").cloned(),
            variable: &|name| std::env::var_os(name),
            working_folder: std::path::Path::new(""),
        };
        Config::load(&sources)
    }

    /// Lets every setting work before and after a subcommand, and names its variable in the help.
    /// (Clap could read the variables too, but would stop at the first bad one without naming it.)
    fn documented() -> clap::Command {
        let mut command = Self::command();
        for setting in settings::all().into_iter().filter(|setting| setting.flag) {
            let help = format!("{} [env: {}]", setting.help, setting.variable());
            command = command.mut_arg(&setting.key, |arg| arg.global(true).help(help));
        }
        command
    }
}
