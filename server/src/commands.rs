//! What `companion` can be told to do.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

/// As `println!`, which panics where nobody reads any more: see [`write_out`].
macro_rules! say {
    ($($arg:tt)*) => { $crate::commands::write_out(&format!("{}\n", format_args!($($arg)*))) };
}

pub mod backup;
pub mod bundle;
pub mod config;
pub mod doctor;
pub mod export;
pub mod import;
pub mod serve;

/// Bad usage or configuration.
pub const BAD_CONFIGURATION: u8 = 2;

/// Tells what went wrong, with everything behind it, and gives the code for it.
pub fn failed(error: &anyhow::Error) -> ExitCode {
    eprintln!("companion: {error:#}");
    ExitCode::FAILURE
}

/// Writes to standard output. A reader that has left (`| head -1`) ends the program as if all was
/// read; anything else, such as a full disk, ends it with an error.
fn write_out(text: &str) {
    let mut out = io::stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    // Nobody may read this either.
    let _ = writeln!(io::stderr(), "companion: standard output cannot be written: {error}");
    std::process::exit(1);
}
