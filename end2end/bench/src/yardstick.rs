//! What the machine can do at best: the same bytes without a companion between them.

pub mod disk;
pub mod file;
pub mod relay;
