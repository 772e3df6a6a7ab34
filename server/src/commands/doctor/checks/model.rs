//! Checks of the local model and of what it needs from the machine.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use files::open_regular;
use sha2::{Digest as _, Sha256};

use super::super::Finding::{self, Bad, Good};
use crate::config::Config;

/// The model that comes with the product: SmolLM2-135M-Instruct, Q4_1.
const DEFAULT_BYTES: u64 = 98_362_432;
const DEFAULT_SHA256: &str = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53";
/// The first bytes of every GGUF file. Source: the GGUF specification.
const MAGIC: [u8; 4] = *b"GGUF";

/// Checks that the model file is there and intact.
pub(super) fn file(config: &Config) -> Finding {
    let path = &config.model_file;
    let shown = path.display();
    match look(path, config.bundled_model()) {
        Ok(Look::Known { bytes }) => {
            Good(format!("{shown}, {} MB, the default model", bytes / 1_000_000))
        }
        Ok(Look::Gguf { bytes }) => Good(format!("{shown}, {} MB", bytes / 1_000_000)),
        Ok(Look::Damaged) => Bad(format!(
            "{shown} should be the default model but is damaged; remove it and run `make setup`"
        )),
        Ok(Look::Other) => Bad(format!("{shown} is not a GGUF file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Bad(format!(
            "{shown} does not exist; `make setup` downloads the default model, --model-file \
             sets another one, and --base-url an endpoint instead"
        )),
        Err(error) => Bad(format!("{shown} cannot be read: {error}")),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Look {
    Known { bytes: u64 },
    Gguf { bytes: u64 },
    Damaged,
    Other,
}

fn look(path: &Path, bundled: bool) -> io::Result<Look> {
    let file = open_regular(path)?;
    let bytes = file.metadata()?.len();
    if bundled {
        let whole = bytes == DEFAULT_BYTES && sha256(file)? == DEFAULT_SHA256;
        return Ok(if whole { Look::Known { bytes } } else { Look::Damaged });
    }
    let mut magic = [0; 4];
    let read = file.take(4).read(&mut magic)?;
    Ok(if read == 4 && magic == MAGIC { Look::Gguf { bytes } } else { Look::Other })
}

fn sha256(mut file: File) -> io::Result<String> {
    let mut hasher = Sha256::new();
    io::copy(&mut file, &mut hasher)?;
    Ok(hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Checks that the processor has the features that the engine was compiled for.
pub(super) fn processor() -> Finding {
    #[cfg(target_arch = "x86_64")]
    {
        let has = [
            ("AVX", is_x86_feature_detected!("avx")),
            ("AVX2", is_x86_feature_detected!("avx2")),
            ("FMA", is_x86_feature_detected!("fma")),
            ("F16C", is_x86_feature_detected!("f16c")),
        ];
        let missing: Vec<_> = has.iter().filter(|(_, has)| !has).map(|(name, _)| *name).collect();
        if !missing.is_empty() {
            return Bad(format!("no {}; the local model needs it", missing.join(", ")));
        }
        Good("AVX, AVX2, FMA and F16C are available".to_owned())
    }
    #[cfg(not(target_arch = "x86_64"))]
    Good("nothing special is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_file_is_recognized_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.gguf");
        assert_eq!(look(&path, false).unwrap_err().kind(), io::ErrorKind::NotFound);
        for (content, found) in
            [("GGUF....", Look::Gguf { bytes: 8 }), ("GG", Look::Other), ("<html>", Look::Other)]
        {
            std::fs::write(&path, content).unwrap();
            assert_eq!(look(&path, false).unwrap(), found, "{content}");
        }
        assert_eq!(look(&path, true).unwrap(), Look::Damaged);
    }
}
