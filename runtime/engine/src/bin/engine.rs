//! The engine's process alone, for tests. The product starts its own binary instead.

use std::process::ExitCode;

fn main() -> ExitCode {
    engine::run()
}
