//! Checks that a file is long enough for the tensors that its head describes, so that an incomplete
//! download is recognized before the engine reads the file.

use super::{GgufError, Head};

/// The most dimensions of a tensor (GGML_MAX_DIMS in ggml.h).
const DIMENSIONS: u32 = 4;
/// The alignment of tensors if the file does not set one.
pub(super) const ALIGNMENT: u64 = 32;

impl Head {
    /// Reads the descriptions of the tensors, which follow the last entry. Error:
    /// [`GgufError::Cut`] if one of them ends beyond the end of the file.
    pub(super) fn check_tensors(&mut self, alignment: u64) -> Result<(), GgufError> {
        let mut longest = 0u64;
        for _ in 0..self.tensors {
            longest = longest.max(self.tensor_end()?);
        }
        let alignment = alignment.max(1);
        let data = self.at.div_ceil(alignment).saturating_mul(alignment);
        if data.saturating_add(longest) > self.file_bytes { Err(GgufError::Cut) } else { Ok(()) }
    }

    /// Reads a tensor's description; returns where its data ends, relative to the start of the
    /// tensor data.
    fn tensor_end(&mut self) -> Result<u64, GgufError> {
        let name = self.u64()?;
        self.skip(name)?;
        let dimensions = self.u32()?;
        if dimensions > DIMENSIONS {
            return Err(GgufError::Damaged("a tensor of too many dimensions"));
        }
        let mut elements = 1u64;
        for _ in 0..dimensions {
            elements = elements.saturating_mul(self.u64()?);
        }
        let kind = self.u32()?;
        let offset = self.u64()?;
        // If the size of the type is unknown here, at least the tensor's first byte must be in the
        // file.
        let bytes = block(kind).map_or(1, |(each, bytes)| (elements / each).saturating_mul(bytes));
        Ok(offset.saturating_add(bytes))
    }
}

/// The elements and the bytes of a block, for the common types of `enum ggml_type` in ggml.h.
fn block(kind: u32) -> Option<(u64, u64)> {
    match kind {
        0 => Some((1, 4)),
        1 | 30 => Some((1, 2)),
        2 => Some((32, 18)),
        3 => Some((32, 20)),
        6 => Some((32, 22)),
        7 => Some((32, 24)),
        8 => Some((32, 34)),
        10 => Some((256, 84)),
        11 => Some((256, 110)),
        12 => Some((256, 144)),
        13 => Some((256, 176)),
        14 => Some((256, 210)),
        _ => None,
    }
}
