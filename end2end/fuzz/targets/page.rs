//! The page's renderer. Links to it, because a module that is included by a path looks for its
//! own modules elsewhere.
#![allow(dead_code, reason = "what else the page does with it")]

pub mod markdown;
