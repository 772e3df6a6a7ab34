//! Short names for the functions that the WASM imports from its script.
//!
//! wasm-bindgen ends each of the some 300 names in a hash, which does not compress, and which is in
//! both files. Short names save 7 kB of a first visit.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use wasm_bindgen_cli_support::Output;

/// The new name of each imported function. The order of the names is that of the imports.
pub(crate) struct ShortNames(BTreeMap<String, String>);

impl ShortNames {
    /// Renames the imports of the module.
    pub(crate) fn give(output: &mut Output) -> Self {
        let mut names = BTreeMap::new();
        for import in output.wasm_mut().imports.iter_mut() {
            let next = short_name(names.len());
            let short = names.entry(std::mem::take(&mut import.name)).or_insert(next);
            import.name.clone_from(short);
        }
        Self(names)
    }

    /// The script with the same names. Fails if a function is not where wasm-bindgen puts them.
    pub(crate) fn in_script(&self, script: &str) -> Result<String, Box<dyn Error>> {
        let mut renamed = String::with_capacity(script.len());
        let mut found = 0;
        for line in script.lines() {
            let function = line.trim_start().split_once(": function(");
            match function.and_then(|(name, rest)| Some((self.0.get(name)?, rest))) {
                Some((short, rest)) => {
                    found += 1;
                    writeln!(renamed, "{short}: function({rest}")?;
                }
                None => writeln!(renamed, "{line}")?,
            }
        }
        if found == self.0.len() {
            Ok(renamed)
        } else {
            Err(format!("the script has {found} of {} imported functions", self.0.len()).into())
        }
    }
}

/// The short name with a number: a to z, then aa, ab and so on.
fn short_name(number: usize) -> String {
    let last = char::from(b'a' + (number % 26) as u8);
    match number / 26 {
        0 => last.into(),
        before => short_name(before - 1) + last.encode_utf8(&mut [0; 4]),
    }
}
