//! The components of the pages, one per file.

mod address;
mod announcer;
#[cfg(feature = "browser")]
mod another_answer;
mod answer_text;
mod answers_here;
mod composer;
mod console_view;
mod conversation_header;
mod deleted_note;
mod earlier;
mod editing;
mod elapsed;
mod endpoint_words;
mod entry_actions;
mod error_note;
#[cfg(feature = "ssr")]
mod field;
mod focus;
mod form_id;
pub mod icon;
#[cfg(feature = "ssr")]
mod imported;
mod layout;
mod leaving;
#[cfg(feature = "ssr")]
mod log_out;
mod message_actions;
mod message_view;
mod moment;
mod new_conversation;
mod omitted;
mod open_sidebar;
mod palette;
mod pending_message;
mod plain;
#[cfg(feature = "csr")]
mod plain_forms;
mod popover;
mod problem;
mod provider_note;
#[cfg(feature = "browser")]
mod read_aloud;
#[cfg(feature = "browser")]
mod reading_keys;
mod reasoning;
mod rows;
mod samples;
#[cfg(feature = "browser")]
mod scrolling;
mod search_box;
mod sidebar;
mod status_line;
mod toast;
mod together;
mod told_when_done;
#[cfg(feature = "browser")]
mod transcript_acts;
mod transcript_view;
mod turn_details;
mod turn_line;
mod unreadable_note;
mod visibility_forms;
mod welcome;
mod window_gauge;

pub use answers_here::{AnswersHere, Choices};
pub use console_view::ConsoleView;
pub use error_note::ErrorNote;
#[cfg(feature = "ssr")]
pub use field::{DoneNote, Field, FormMistake, Mistake, Words};
#[cfg(feature = "ssr")]
pub use imported::Imported;
#[cfg(feature = "ssr")]
pub use layout::SIDEBAR;
pub use layout::{Layout, leave_sidebar};
#[cfg(feature = "ssr")]
pub use log_out::LogOut;
#[cfg(feature = "ssr")]
pub use moment::Moment;
pub use new_conversation::NewConversation;
pub use open_sidebar::OpenSidebar;
pub use palette::Overlay;
pub use plain::Plain;
#[cfg(feature = "ssr")]
pub use provider_note::BetterModels;
pub use provider_note::ProviderNote;
#[cfg(feature = "ssr")]
pub use search_box::SearchBox;
#[cfg(feature = "ssr")]
pub use sidebar::day_name;
pub use sidebar::{Conversations, Sidebar, login_line};
#[cfg(feature = "ssr")]
pub use turn_line::attempts;
