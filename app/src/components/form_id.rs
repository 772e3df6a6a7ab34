//! The message id that a page's plain forms send, in the page's context.

/// The message id of this page's plain forms. Posting the same page twice acts only once.
#[derive(Clone, Copy)]
pub struct FormId(pub protocol::MessageId);
