//! The model's process for the tests, and under another name a server that can be killed.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::provider::local::child::run()
}
