//! The pages. Each loads what it shows; components receive it.

mod conversation;
mod home;
mod missing;

pub use conversation::ConversationPage;
pub use home::HomePage;
pub use missing::MissingPage;
