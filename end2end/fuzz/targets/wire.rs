//! The page's own reader of frames.

#[path = "../../../app/src/wire/frame.rs"]
pub mod frame;
#[path = "../../../app/src/wire/tree.rs"]
#[allow(dead_code, reason = "what the page reads besides frames")]
pub mod tree;
