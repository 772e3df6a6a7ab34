//! The command `wasm-bindgen` with the options that our own build, cargo-leptos and Trunk pass.
//!
//! All the work is done by wasm-bindgen's own library. The official command adds a runner for
//! tests, with a web server and an HTTP client, which nothing here uses and which takes four
//! minutes to compile; this one takes one. Because it is a member of the workspace, Cargo.lock
//! keeps its library and the crate `wasm-bindgen` on the same version. Unlike the official command,
//! it gives imported functions short names.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use short_names::ShortNames;
use wasm_bindgen_cli_support::Bindgen;

mod short_names;

const HELP: &str = "wasm-bindgen --target web --out-dir DIR [--out-name NAME] [--debug] \
                    [--keep-debug] [--no-typescript] INPUT.wasm";

#[derive(Default)]
struct Options {
    input: Option<PathBuf>,
    out_dir: Option<PathBuf>,
    out_name: Option<String>,
    debug: bool,
    keep_debug: bool,
    no_typescript: bool,
}

enum Command {
    Version,
    Help,
    Generate(Options),
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-bindgen: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    match parse(lexopt::Parser::from_env())? {
        // Trunk compares this line with the version in Cargo.lock.
        Command::Version => {
            println!("wasm-bindgen {}", wasm_bindgen_shared_version());
            Ok(())
        }
        Command::Help => {
            println!("{HELP}");
            Ok(())
        }
        Command::Generate(options) => generate(options),
    }
}

fn parse(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    let mut options = Options::default();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('V') | Long("version") => return Ok(Command::Version),
            Short('h') | Long("help") => return Ok(Command::Help),
            Long("target") => match arguments.value()?.string()?.as_str() {
                "web" => {}
                other => return Err(format!("this build makes web modules, not '{other}'").into()),
            },
            Long("out-dir") => options.out_dir = Some(arguments.value()?.into()),
            Long("out-name") => options.out_name = Some(arguments.value()?.string()?),
            Long("debug") => options.debug = true,
            Long("keep-debug") => options.keep_debug = true,
            Long("no-typescript") => options.no_typescript = true,
            Value(input) if options.input.is_none() => options.input = Some(input.into()),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Generate(options))
}

fn generate(options: Options) -> Result<(), Box<dyn Error>> {
    let input = options.input.ok_or("no INPUT.wasm was named")?;
    let out_dir = options.out_dir.ok_or("--out-dir is missing")?;
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(input)
        .web(true)?
        .debug(options.debug)
        .keep_debug(options.keep_debug)
        .typescript(!options.no_typescript);
    if let Some(name) = &options.out_name {
        bindgen.out_name(name);
    }
    let mut output = bindgen.generate_output()?;
    let names = ShortNames::give(&mut output);
    output.emit(&out_dir)?;
    let script = out_dir.join(bindgen.stem()?).with_extension("js");
    std::fs::write(&script, names.in_script(&std::fs::read_to_string(&script)?)?)?;
    Ok(())
}

/// The version of the library; all crates of wasm-bindgen have the same one.
fn wasm_bindgen_shared_version() -> String {
    wasm_bindgen_shared::version()
}
