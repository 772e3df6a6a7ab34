//! Makes Rust of the words in `locales/`: a key that a language lacks, or has too much, ends the
//! build.
//!
//! This is what the library's own crate for build scripts does, without the data of ICU, which
//! that one always compiles and nothing here uses.

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use leptos_i18n_parser::parse_locales::options::{Config, ParseOptions};
use leptos_i18n_parser::parse_locales::parse_locales;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=locales");
    let options = ParseOptions::new().interpolate_display(true);
    let config = Config::new("en")?.add_locale("ja")?.parse_options(options);
    let parsed = parse_locales(env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from), config)?;
    let code = leptos_i18n_codegen::gen_code(&parsed, None, false, None, false)?;
    let file = PathBuf::from(env::var("OUT_DIR")?).join("i18n.rs");
    fs::write(file, code.to_string())?;
    for problem in parsed.diag.warnings().iter() {
        println!("cargo::error={problem}");
    }
    for problem in parsed.diag.errors().iter() {
        println!("cargo::error={problem}");
    }
    Ok(())
}
