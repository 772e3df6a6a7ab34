//! What reads the answers of an endpoint. Links to it, because a module that is included by a path
//! looks for its own modules elsewhere.
#![allow(dead_code, reason = "what else these parts do is for the connection")]

pub mod openai;
mod thinking;
