//! Copies a conversation up to a message, and gives the copy a title that tells it from the original.

use leptos_i18n::Locale as _;
use protocol::api::ForkWorker;
use protocol::{Error, MessageId, Worker, WorkerId, limits};
use runtime::Access;

use crate::label;
use crate::locale::{Locale, locale};
use crate::text::tr;

/// Makes the copy.
pub async fn fork(runtime: &Access, id: WorkerId, message_id: MessageId) -> Result<Worker, Error> {
    let original = runtime.worker(id).await?;
    let title = label::title(original.title.as_deref()).map(title);
    runtime.fork(id, ForkWorker { message_id, title }).await
}

/// The title of a copy, which begins with what tells it from the original, because lists cut titles off
/// at the end. A copy of a copy has the same one, and a title that would become too long is
/// cut.
fn title(original: &str) -> String {
    let mark_in = |locale: Locale| leptos_i18n::td_string!(locale, copy_title, title = "");
    let is_marked = |locale: &Locale| original.starts_with(mark_in(*locale).trim());
    if Locale::get_all().iter().any(is_marked) {
        return original.to_owned();
    }
    let mark = mark_in(locale());
    let room = limits::TITLE_CHARS.saturating_sub(mark.chars().count());
    let cut: String = original.chars().take(room).collect();
    tr!(copy_title, title = cut.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_says_so_once_and_its_title_is_never_too_long() {
        assert_eq!(title("Tides"), "Copy of Tides");
        assert_eq!(title("Copy of Tides"), "Copy of Tides");
        assert_eq!(title("コピー: 潮"), "コピー: 潮");
        let long = title(&"x".repeat(limits::TITLE_CHARS));
        assert_eq!(long.chars().count(), limits::TITLE_CHARS);
        assert!(long.starts_with("Copy of x"));
    }
}
