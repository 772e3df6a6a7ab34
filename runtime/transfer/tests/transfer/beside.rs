//! Other files in archives with sound conversations: none of them is ignored silently.

use protocol::api::RefusalCode;
use transfer::Unsound;

use crate::support::{archive, refused, taken, tried};

const CHAT: &str = r#"[{"id":"o","chat":{"messages":[{"role":"user","content":"Q"}]}}]"#;

#[test]
fn an_unreadable_file_in_an_archive_is_reported_with_its_path() {
    let cut = &CHAT[..CHAT.len() - 5];
    for (path, bytes, code, words) in [
        ("b.json", "[{\"mapping\":{x}}]", RefusalCode::NotJson, "not valid JSON"),
        ("b.json", cut, RefusalCode::CutOff, "cut off"),
        ("b.json", "", RefusalCode::NotAnExport, "empty"),
        ("x/b.json", "[{\"turns\":[1]}]", RefusalCode::NotAnExport, "no messages"),
        ("b.JSON", "[1,2]", RefusalCode::NotAnExport, "not a conversation"),
        ("b.jsonl", "<html>", RefusalCode::NotAnExport, "web page"),
        ("b.json", "{\"check\":\"x", RefusalCode::NotAnExport, "no export"),
        ("old/b.zip", "PK\x03\x04", RefusalCode::NotAnExport, "archive within an archive"),
        ("b.json", "PK\x03\x04", RefusalCode::NotAnExport, "archive within an archive"),
    ] {
        let bytes = archive(&[("a.json", CHAT.as_bytes()), (path, bytes.as_bytes())]);
        let (logs, tally) = taken(&[("e.zip", &bytes)]);
        assert_eq!((logs.len(), tally.refused, tally.not_read), (1, 1, 0), "{path} {words}");
        let refusal = &tally.refusals[0];
        let file = format!("e.zip/{path}");
        assert_eq!((refusal.file.as_ref(), refusal.code), (Some(&file), code), "{words}");
        assert!(refusal.reason.contains(words), "{}", refusal.reason);
        // An archive with another file in it, and one without.
        let strict = tried(&[("e.zip", &bytes)], Unsound::Refuse).unwrap_err().to_string();
        assert!(strict.starts_with(&format!("{file}: ")), "{strict}");
    }
    let broken = archive(&[("a/b.json", b"[{\"mapping\":{x}}]"), ("user.json", b"{\"id\":1}")]);
    let told = refused(&broken);
    assert!(told.contains("a/b.json: it is not valid JSON"), "{told}");
}

/// In a file that is not compressed, only the archive's checksum reveals a changed letter.
#[test]
fn conversations_from_damaged_data_are_reported_as_doubtful() {
    let mut bytes = crate::support::stored(&[("a.json", CHAT.as_bytes())]);
    let at = bytes.windows(3).position(|three| three == b"\"Q\"").unwrap();
    bytes[at + 1] = b'X';
    let (_, tally) = taken(&[("e.zip", &bytes)]);
    assert!(tally.refusals[0].reason.contains("may have been altered"), "{tally:?}");
    assert!(tried(&[("e.zip", &bytes)], Unsound::Refuse).is_err());
}

/// The names are those of <https://difegam.github.io/chatgpt-to-markdown/explanation/export-format>
/// and <https://github.com/Mintplex-Labs/anything-llm/issues/5564>.
#[test]
fn files_known_to_hold_no_conversations_are_only_counted() {
    let files = [
        ("conversations-000.json", CHAT.as_bytes()),
        ("user.json", b"{\"id\":\"user-x\",\"email\":\"a@example.com\"}"),
        ("message_feedback.json", b"[{\"id\":\"m\",\"rating\":\"thumbs_up\"}]"),
        ("shared_conversations.json", b"[{\"id\":\"s\",\"title\":\"x\"}]"),
        ("model_comparisons.json", b"[]"),
        ("shopping.json", b"[]"),
        ("chat.html", b"<html>"),
        ("dalle-generations/file-1-a.webp", b"RIFF"),
        ("file-1tisCpYY-data.json", b"{\"a\":1}"),
        ("file_000-old.zip", b"PK\x03\x04"),
        ("__MACOSX/._user.json", b"\0\x05"),
        ("x/.DS_Store", b"\0"),
    ];
    for unsound in [Unsound::Name, Unsound::Refuse] {
        let (logs, tally) = tried(&[("e.zip", &archive(&files))], unsound).unwrap();
        assert_eq!((logs.len(), tally.refused, tally.not_read), (1, 0, 9), "{tally:?}");
    }
    // A file with such a name is imported if it contains conversations.
    let (logs, tally) = taken(&[("e.zip", &archive(&[("user.json", CHAT.as_bytes())]))]);
    assert_eq!((logs.len(), tally.not_read), (1, 0));
}
