//! The files of a model: usually one, several for a model whose name ends in `-00001-of-00003`,
//! of which the engine finds the others by itself.

use std::path::{Path, PathBuf};

/// The paths of all parts of the model whose first file is `first`. At most 99,999, because the
/// names count with five digits.
pub(super) fn all(first: &Path) -> Vec<PathBuf> {
    match later(first) {
        Some(later) => std::iter::once(first.to_owned()).chain(later).collect(),
        None => vec![first.to_owned()],
    }
}

/// The paths after the first one; `None` for a name without numbers. Source of the pattern:
/// `llama_split_path` in llama.cpp.
fn later(first: &Path) -> Option<impl Iterator<Item = PathBuf>> {
    let (stem, ending) = first.file_name()?.to_str()?.rsplit_once('.')?;
    let (front, count) = stem.rsplit_once("-00001-of-")?;
    let is_number = count.len() == 5 && count.bytes().all(|byte| byte.is_ascii_digit());
    let parts: u32 = count.parse().ok().filter(|_| is_number)?;
    let name =
        move |part: u32| first.with_file_name(format!("{front}-{part:05}-of-{count}.{ending}"));
    Some((2..=parts).map(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_in_several_files_names_them_all() {
        let names = |first| {
            let all = all(Path::new(first)).into_iter();
            all.map(|path| path.to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names("/m/a.gguf"), ["/m/a.gguf"]);
        assert_eq!(
            names("/m/a-00001-of-00003.gguf"),
            ["/m/a-00001-of-00003.gguf", "/m/a-00002-of-00003.gguf", "/m/a-00003-of-00003.gguf"]
        );
        // Only a first part is ever loaded by its own name.
        for single in ["/m/a-00002-of-00003.gguf", "/m/a-00001-of-3.gguf", "/m/a-00001-of-00003"] {
            assert_eq!(names(single), [single]);
        }
    }
}
