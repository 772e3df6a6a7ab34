//! What the head of a model file says about the model, for `doctor` and the status page.

use std::path::Path;

use chat_template::efforts_of;
use protocol::Effort;

use super::{GgufError, Head, Value, tensors};

/// The most entries `*.context_length` that are stored until the architecture, which tells the
/// right one, is known. A sound file has one; the bound is for damaged files.
const CONTEXT_LENGTHS: usize = 16;

/// A description of a model file, made without loading the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelInfo {
    /// The size of the whole file.
    pub file_bytes: u64,
    /// For example `llama`, `qwen3` or `gemma3`.
    pub architecture: String,
    /// The name that its maker gave it; empty if the file has none.
    pub name: String,
    /// For example `135M`; empty if the file has none.
    pub size_label: String,
    /// For example `Q4_1`; empty if the file has none or it is not a known one.
    pub quantisation: &'static str,
    /// The context window that the model was trained for, in tokens.
    pub context_tokens: Option<u64>,
    /// Whether it is a chat model, which the local provider needs.
    pub has_chat_template: bool,
    /// The reasoning efforts that its chat template accepts.
    pub efforts: Vec<Effort>,
    /// The number of tensors that the head declares; a file that lacks some of them is an error.
    pub tensors: u64,
}

impl ModelInfo {
    /// Reads the head of `file`, which takes some milliseconds.
    pub fn read(file: &Path) -> Result<Self, GgufError> {
        let mut head = Head::open(file)?;
        let mut info =
            Self { file_bytes: head.file_bytes, tensors: head.tensors, ..Self::default() };
        let (mut context_lengths, mut alignment) = (Vec::new(), tensors::ALIGNMENT);
        for _ in 0..head.entries {
            match head.entry()? {
                (key, Value::Text(text)) => match key.as_str() {
                    "general.architecture" => info.architecture = text,
                    "general.name" => info.name = text,
                    "general.size_label" => info.size_label = text,
                    "tokenizer.chat_template" => {
                        info.has_chat_template = true;
                        info.efforts = efforts_of(&text);
                    }
                    _ => {}
                },
                (key, Value::Number(number)) => match key.strip_suffix(".context_length") {
                    Some(architecture) if context_lengths.len() < CONTEXT_LENGTHS => {
                        context_lengths.push((architecture.to_owned(), number));
                    }
                    Some(_) => {}
                    None if key == "general.file_type" => info.quantisation = quantisation(number),
                    None if key == "general.alignment" => alignment = number,
                    None => {}
                },
                (_, Value::Other) => {}
            }
        }
        head.check_tensors(alignment)?;
        info.context_tokens = context_lengths
            .into_iter()
            .find_map(|(of, tokens)| (of == info.architecture).then_some(tokens));
        Ok(info)
    }
}

/// The usual name of a file type, as numbered by `enum llama_ftype` in llama.h.
fn quantisation(file_type: u64) -> &'static str {
    match file_type {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        7 => "Q8_0",
        8 => "Q5_0",
        9 => "Q5_1",
        10 => "Q2_K",
        11 => "Q3_K_S",
        12 => "Q3_K_M",
        13 => "Q3_K_L",
        14 => "Q4_K_S",
        15 => "Q4_K_M",
        16 => "Q5_K_S",
        17 => "Q5_K_M",
        18 => "Q6_K",
        19 => "IQ2_XXS",
        20 => "IQ2_XS",
        21 => "Q2_K_S",
        22 => "IQ3_XS",
        23 => "IQ3_XXS",
        24 => "IQ1_S",
        25 => "IQ4_NL",
        26 => "IQ3_S",
        27 => "IQ3_M",
        28 => "IQ2_S",
        29 => "IQ2_M",
        30 => "IQ4_XS",
        31 => "IQ1_M",
        32 => "BF16",
        36 => "TQ1_0",
        37 => "TQ2_0",
        38 => "MXFP4",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(out: &mut Vec<u8>, text: &str) {
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(text.as_bytes());
    }

    fn entry(out: &mut Vec<u8>, name: &str, kind: u32, value: &[u8]) {
        text(out, name);
        out.extend(kind.to_le_bytes());
        out.extend(value);
    }

    fn sample() -> Vec<u8> {
        let mut file = b"GGUF".to_vec();
        file.extend(3u32.to_le_bytes());
        file.extend(1u64.to_le_bytes());
        file.extend(5u64.to_le_bytes());
        let mut string = Vec::new();
        text(&mut string, "llama");
        entry(&mut file, "general.architecture", 8, &string);
        entry(&mut file, "llama.context_length", 4, &8192u32.to_le_bytes());
        entry(&mut file, "general.file_type", 4, &3u32.to_le_bytes());
        let mut array = 8u32.to_le_bytes().to_vec();
        array.extend(2u64.to_le_bytes());
        text(&mut array, "a");
        text(&mut array, "<|im_end|>");
        entry(&mut file, "tokenizer.ggml.tokens", 9, &array);
        entry(&mut file, "tokenizer.chat_template", 8, &string);
        file.extend([0; 64]);
        file
    }

    fn read(bytes: &[u8]) -> Result<ModelInfo, GgufError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        ModelInfo::read(file.path())
    }

    #[test]
    fn a_head_is_described() {
        let info = read(&sample()).unwrap();
        assert_eq!((info.architecture.as_str(), info.quantisation), ("llama", "Q4_1"));
        assert_eq!((info.context_tokens, info.has_chat_template), (Some(8192), true));
        assert_eq!((info.tensors, info.name.as_str()), (1, ""));
    }

    #[test]
    fn a_truncated_head_is_an_error_and_never_a_panic() {
        let whole = sample();
        for cut in 0..whole.len() - 64 {
            let error = read(&whole[..cut]).unwrap_err();
            assert!(matches!(error, GgufError::NotGguf | GgufError::Cut | GgufError::Damaged(_)));
        }
    }

    #[test]
    fn tensors_beyond_the_end_of_the_file_are_an_error() {
        let with = |elements: u64, kind: u32, offset: u64| {
            let mut file = sample();
            file.truncate(file.len() - 64);
            text(&mut file, "w");
            file.extend(1u32.to_le_bytes());
            file.extend(elements.to_le_bytes());
            file.extend(kind.to_le_bytes());
            file.extend(offset.to_le_bytes());
            file.resize(file.len().next_multiple_of(32), 0);
            file.extend([7; 40]);
            read(&file)
        };
        // The file has 40 bytes for tensors: two blocks of Q4_1, ten floats, or at least one byte
        // of an unknown type.
        assert!(with(64, 3, 0).is_ok() && with(10, 0, 0).is_ok() && with(1, 99, 39).is_ok());
        for (elements, kind, offset) in
            [(96, 3, 0), (64, 3, 1), (11, 0, 0), (1, 99, 40), (u64::MAX, 0, 0), (1, 0, u64::MAX)]
        {
            let cut = with(elements, kind, offset);
            assert!(matches!(cut, Err(GgufError::Cut)), "{elements} {kind} {offset}: {cut:?}");
        }
    }

    #[test]
    fn invalid_files_have_typed_errors() {
        assert!(matches!(read(b""), Err(GgufError::NotGguf)));
        assert!(matches!(read(b"PK\x03\x04 a zip of a model"), Err(GgufError::NotGguf)));
        let mut old = sample();
        old[4] = 1;
        assert!(matches!(read(&old), Err(GgufError::Version(1))));
        let mut greedy = sample();
        greedy[16..24].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(matches!(read(&greedy), Err(GgufError::Damaged(_))));
        let folder = tempfile::tempdir().unwrap();
        assert!(ModelInfo::read(folder.path()).is_err());
        let nowhere = folder.path().join("none.gguf");
        assert!(matches!(ModelInfo::read(&nowhere), Err(GgufError::Read(_))));
    }

    #[test]
    fn no_changed_byte_causes_a_panic() {
        let whole = sample();
        for at in 0..whole.len() - 64 {
            for bit in [0x01, 0x80, 0xff] {
                let mut changed = whole.clone();
                changed[at] ^= bit;
                let _ = read(&changed);
            }
        }
    }
}
