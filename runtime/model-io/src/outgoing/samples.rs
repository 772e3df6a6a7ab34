//! Generates branches of every kind and asserts what may be sent for them, for the tests of this
//! crate and of the providers.

use proptest::prelude::*;
use protocol::api::InputMessage;
use protocol::api::InputRole::{Assistant, System, User};

use super::is_blank;

/// Texts with and without visible characters.
pub fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zé日\n ]{0,6}", 1 => Just("\n\n".to_owned()), 1 => Just(String::new())]
}

/// Branches with messages of any roles and texts, a newest question that is not blank, and perhaps
/// the beginning of its answer.
pub fn branch() -> impl Strategy<Value = Vec<InputMessage>> {
    let role = prop::sample::select(vec![User, Assistant]);
    let old = prop::collection::vec((role, text()), 0..12);
    (old, "[a-z]{1,4}[a-z\n ]{0,4}", prop::option::of(text())).prop_map(
        |(mut all, asked, begun)| {
            all.push((User, asked));
            all.extend(begun.map(|begun| (Assistant, begun)));
            all.into_iter().map(|(role, text)| InputMessage::new(role, text)).collect()
        },
    )
}

/// Asserts that messages, which were made with the system prompt `s`, are acceptable to every
/// server and template.
pub fn assert_acceptable(sent: &[InputMessage]) {
    let system = [InputMessage::new(System, "s")];
    let talk = sent.strip_prefix(&system[..]).unwrap_or(sent);
    assert_eq!(talk.first().map(|message| message.role), Some(User), "{sent:?}");
    assert!(talk.windows(2).all(|pair| pair[0].role != pair[1].role), "{sent:?}");
    assert!(talk.iter().all(|message| !is_blank(&message.text)), "{sent:?}");
    let last = talk.last().expect("something is sent");
    assert!(last.role == User || last.text.trim_end() == last.text, "{sent:?}");
}
