//! The counts that are checked in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::{cases, count};

/// The counts of one toolchain.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) made_with: MadeWith,
    /// Instructions by the case's name.
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// What the counts depend on besides our code.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct MadeWith {
    /// The compiler's version.
    pub(crate) rustc: String,
    pub(crate) architecture: String,
    /// Whether the processor has AVX2, for which libraries have code of their own.
    pub(crate) avx2: bool,
}

impl MadeWith {
    /// This machine, with a compiler of this version.
    pub(crate) fn here(rustc: &str) -> Self {
        let (rustc, architecture) = (rustc.to_owned(), std::env::consts::ARCH.to_owned());
        Self { rustc, architecture, avx2: has_avx2() }
    }
}

const HEAD: &str = "\
# Instructions of what is done for each token, counted by tools/instructions.sh in `make test`, which
# fails if a count grows by more than 25 %. `tools/instructions.sh --update` writes this file; the
# commit that does so says why.

";

impl Baseline {
    /// Counts all cases.
    pub(crate) fn count(rustc: &str) -> Result<Self> {
        let made_with = MadeWith::here(rustc);
        let counts = cases::NAMES.iter().map(|name| Ok(((*name).to_owned(), count::case(name)?)));
        Ok(Self { made_with, instructions: counts.collect::<Result<_>>()? })
    }

    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file)?;
        toml::from_str(&text).with_context(|| format!("{} cannot be read", file.display()))
    }

    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let MadeWith { rustc, architecture, avx2 } = &self.made_with;
        let mut text = format!(
            "{HEAD}[made_with]\nrustc = {rustc:?}\narchitecture = {architecture:?}\navx2 = {avx2}\n\n\
             [instructions]\n"
        );
        for (name, count) in &self.instructions {
            let _ = writeln!(text, "{name} = {count}");
        }
        Ok(fs::write(file, text)?)
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx2() -> bool {
    false
}
