//! Copies a conversation up to a message, and gives the copy a title that tells it from the original.

use protocol::api::ForkWorker;
use protocol::{Error, MessageId, Worker, WorkerId, limits};
use runtime::Access;

use crate::label;
use crate::text::tr;

/// Makes the copy.
pub async fn fork(runtime: &Access, id: WorkerId, message_id: MessageId) -> Result<Worker, Error> {
    let original = runtime.worker(id).await?;
    let title = label::title(original.title.as_deref()).map(title);
    runtime.fork(id, ForkWorker { message_id, title }).await
}

/// The title of a copy. A copy of a copy has the same one, and a title that would become too long is
/// cut.
fn title(original: &str) -> String {
    let mark = tr!(copy_title, title = "");
    if original.ends_with(mark.trim()) {
        return original.to_owned();
    }
    let room = limits::TITLE_CHARS.saturating_sub(mark.chars().count());
    let cut: String = original.chars().take(room).collect();
    tr!(copy_title, title = cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_so_once_and_its_title_is_never_too_long() {
        assert_eq!(title("Tides"), "Tides (copy)");
        assert_eq!(title("Tides (copy)"), "Tides (copy)");
        let long = title(&"x".repeat(limits::TITLE_CHARS));
        assert_eq!(long.chars().count(), limits::TITLE_CHARS);
        assert!(long.ends_with("x (copy)"));
    }
}
