//! The binary `companion`: parses the arguments, loads the configuration and runs the command.

use std::process::ExitCode;

use provider_local::spawner;
use server::cli::{Cli, Command};
use server::commands::{
    BAD_CONFIGURATION, backup, bundle, config, doctor, export, failed, import, serve,
};
use server::{ending, privacy, walls};
use store::ConflictPolicy;
use transfer::Unsound;

/// An allocator that gives the memory of a past load back to the system; see
/// [`server::memory`].
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let (cli, matches) = Cli::read();
    let command = cli.command.clone().unwrap_or(Command::Serve);
    if command == Command::Infer {
        // This comes before any thread, runtime or log, because this process only runs the model.
        return engine::run();
    }
    if command == Command::Spawn {
        return spawner::run();
    }
    privacy::begin();
    let loaded = match cli.load(&matches) {
        Ok(loaded) => loaded,
        Err(problems) => {
            eprintln!("companion: {problems}");
            return ExitCode::from(BAD_CONFIGURATION);
        }
    };
    privacy::forget_secrets(&loaded);
    // Before the first thread, because walls are inherited by the threads that are started in them.
    let walls = match command {
        Command::Serve => walls::raise(&loaded),
        _ => Ok(None),
    };
    let walls = match walls {
        Ok(walls) => walls,
        Err(error) => return failed(&error.into()),
    };
    let threads = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(threads) => threads,
        Err(error) => return failed(&error.into()),
    };
    let done = match command {
        Command::Config => Ok(config::run(&loaded)),
        Command::Doctor => Ok(threads.block_on(doctor::run(&loaded))),
        Command::Bundle => bundle::run(&loaded),
        Command::Backup { file } => backup::run(&loaded, &file),
        Command::Export { file } => export::run(&loaded, file.as_deref()),
        Command::Import { files, strict, keep_existing } => {
            let differing = if strict && !keep_existing {
                ConflictPolicy::Refuse
            } else {
                ConflictPolicy::Keep
            };
            let unsound = if strict { Unsound::Refuse } else { Unsound::Name };
            threads.block_on(import::run(&loaded, &files, differing, unsound))
        }
        Command::Serve | Command::Infer | Command::Spawn => {
            threads.block_on(serve::run(loaded, walls.as_ref()))
        }
    };
    ending::leave(threads);
    done.unwrap_or_else(|error| failed(&error))
}
