//! Opens files whose path comes from outside of the program, and creates files that must not
//! replace existing ones.

mod new_file;
mod open_file;

pub use new_file::NewFile;
pub use open_file::{NotRegular, PIPE_PATIENCE, not_regular, open_regular, read_text};
