//! The id in the context of a page that its plain forms send.

/// The id that the plain forms of this page send with: posting the page twice does it once.
#[derive(Clone, Copy)]
pub struct FormId(pub protocol::MessageId);
