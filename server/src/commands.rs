//! The subcommands of `companion`.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// Like `println!`, but without a panic if standard output is closed: see [`write_out`].
macro_rules! say {
    ($($arg:tt)*) => { $crate::commands::write_out(&format!("{}\n", format_args!($($arg)*))) };
}

pub mod account;
pub mod backup;
pub mod bundle;
pub mod config;
pub mod doctor;
pub mod export;
pub mod import;
pub mod serve;

/// The exit code for invalid arguments or configuration.
pub const BAD_CONFIGURATION: u8 = 2;

/// Prints an error with its causes and returns the exit code for it.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("companion: {error:#}");
    ExitCode::FAILURE
}

/// Writes to standard output. If the reader has closed it (`| head -1`), the program ends
/// successfully; after any other error, such as a full disk, it ends with an error.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    // If standard error is closed as well, nothing can be reported.
    let _ = writeln!(io::stderr(), "companion: standard output cannot be written: {error}");
    std::process::exit(1);
}
