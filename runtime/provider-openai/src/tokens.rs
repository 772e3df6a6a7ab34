//! The tokens that a chat template puts around the messages.
//!
//! A text's own tokens are estimated by [`protocol::estimated_tokens`]. If that is too low for an old
//! vocabulary, the answer's reserve makes up for it.

/// The tokens around one message in a chat template: its role and its marks. ChatML has 5.
pub(crate) const MESSAGE_TOKENS: u32 = 6;
/// The tokens that begin the answer in a chat template.
pub(crate) const REPLY_TOKENS: u32 = 4;
