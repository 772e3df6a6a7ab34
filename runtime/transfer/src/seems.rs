//! Explains what a file that is not an export seems to be, by its first bytes or its fields, and
//! why it cannot be imported. Pure; each text completes the sentence "the file cannot be imported:
//! ...".

use super::json::Json;

/// The number of bytes at the beginning of a file that are examined.
pub(crate) const LOOKED_AT: usize = 4096;

/// The text for an archive within an archive.
pub(crate) const INNER_ARCHIVE: &str =
    "it seems to be an archive within an archive; unpack it first";

/// The most fields of an object that are named.
const FIELDS: usize = 5;
/// The most characters of a field's name that are shown.
const FIELD_CHARS: usize = 30;

/// A description of the bytes; `None` if they may be JSON.
pub(crate) fn of_bytes(begin: &[u8]) -> Option<String> {
    let text = begin.trim_ascii_start();
    if text.is_empty() {
        return Some("it is empty".to_owned());
    }
    let known = MAGIC.iter().find(|(magic, _)| begin.starts_with(magic));
    if let Some((_, what)) = known {
        return Some(format!("it seems to be {what}"));
    }
    if text.starts_with(b"[") || text.starts_with(b"{") {
        return None;
    }
    if begin.get(4..8) == Some(b"ftyp") {
        return Some(format!("it seems to be {MEDIA}"));
    }
    let lower = text[..text.len().min(256)].to_ascii_lowercase();
    let begins = |with: &[u8]| lower.starts_with(with);
    if begins(b"<!doctype html") || begins(b"<html") || begins(b"<head") || begins(b"<body") {
        return Some(
            "it seems to be a web page (HTML), which holds conversations for people to read; the \
             JSON file of the same export can be imported"
                .to_owned(),
        );
    }
    if begins(b"<?xml") || begins(b"<svg") {
        return Some("it seems to be XML; conversations are imported from JSON".to_owned());
    }
    if begin.contains(&0) {
        return Some("it seems to be a binary file of a kind that is not known here".to_owned());
    }
    let Ok(words) = std::str::from_utf8(&begin[..boundary(begin)]) else {
        return Some("it seems to be a file of a kind that is not known here".to_owned());
    };
    Some(of_words(words).to_owned())
}

/// The length of the valid characters, without an incomplete one at the end.
fn boundary(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => bytes.len(),
    }
}

fn of_words(words: &str) -> &'static str {
    let words = words.trim_start_matches('\u{feff}').trim_start();
    let begins = |with: &str| words.starts_with(with);
    if begins("\"") && !words.lines().next().unwrap_or_default().contains(',') {
        return "it is a single text in JSON, and no list of conversations";
    }
    if begins("true") || begins("false") || begins("null") || words.trim().parse::<f64>().is_ok() {
        return "it is a single value in JSON, and no list of conversations";
    }
    if begins("# ") || begins("## ") || begins("---\n") || begins("**") {
        return "it seems to be Markdown, which holds conversations for people to read; export them \
                as JSON";
    }
    let lines: Vec<&str> = words.lines().take(3).collect();
    let parts = |by: char| lines.iter().map(|line| line.matches(by).count()).min().unwrap_or(0);
    if lines.len() > 1 && (parts(',') > 0 || parts(';') > 0 || parts('\t') > 0) {
        return "it seems to be a table (CSV); conversations are imported from JSON";
    }
    "it seems to be plain text; conversations are imported from JSON"
}

/// A description of a JSON value that is not a conversation.
pub(crate) fn of_json(value: Json<'_>) -> String {
    if is_gemini(value) {
        return "it seems to be the activity of Gemini from Google Takeout, which holds single \
                questions with answers in HTML, and not which of them belong to one conversation"
            .to_owned();
    }
    if let Some(first) = value.items().next() {
        // Lists may be nested to any depth, so this does not recurse into them.
        return match first.is_object() {
            true if is_gemini(first) => of_json(first),
            _ => "it is a list whose entries are not conversations".to_owned(),
        };
    }
    let names: Vec<String> = value.fields().take(FIELDS).map(|(name, _)| shown(name)).collect();
    if value.is_list() {
        "there is no conversation in it".to_owned()
    } else if !value.is_object() {
        "it is not a conversation".to_owned()
    } else if names.is_empty() {
        "it has no fields".to_owned()
    } else {
        let settings = ["ui", "settings", "config", "theme", "version", "preferences"];
        let is_settings = value.fields().any(|(name, _)| settings.contains(&name));
        let what =
            if is_settings { "it seems to be a file of settings" } else { "it has no messages" };
        format!("{what} (its fields: {})", names.join(", "))
    }
}

fn is_gemini(value: Json<'_>) -> bool {
    let header = value.text_of("header").unwrap_or_default();
    let of_gemini = |name: &str| name.starts_with("Gemini") || name == "Bard";
    of_gemini(header)
        || value.get("safeHtmlItem").is_some()
        || value.items_of("products").filter_map(Json::text).any(of_gemini)
}

fn shown(name: &str) -> String {
    let clean = |c: &char| c.is_alphanumeric() || "_-. ".contains(*c);
    name.chars().filter(clean).take(FIELD_CHARS).collect()
}

const MEDIA: &str = "a picture, a sound or a film";

/// The first bytes of other kinds of files.
const MAGIC: &[(&[u8], &str)] = &[
    (b"%PDF", "a PDF document, which holds conversations for people to read; export them as JSON"),
    (b"\x89PNG", MEDIA),
    (b"\xff\xd8\xff", MEDIA),
    (b"GIF8", MEDIA),
    (b"RIFF", MEDIA),
    (b"BM", MEDIA),
    (b"OggS", MEDIA),
    (b"ID3", MEDIA),
    (
        b"SQLite format 3\0",
        "a database (SQLite); export the chats from the program that it belongs to",
    ),
    (b"\x1f\x8b", "compressed (gzip); unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "an archive (7z); unpack it first, or make a ZIP archive of it"),
    (b"Rar!", "an archive (RAR); unpack it first, or make a ZIP archive of it"),
    (b"BZh", "compressed (bzip2); unpack it first"),
    (b"\xfd7zXZ", "compressed (xz); unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed (Zstandard); unpack it first"),
    (b"GGUF", "a model (GGUF), and no conversation"),
    (b"\xff\xfe", "text in UTF-16; save it as UTF-8"),
    (b"\xfe\xff", "text in UTF-16; save it as UTF-8"),
    (b"[\0", "text in UTF-16; save it as UTF-8"),
    (b"{\0", "text in UTF-16; save it as UTF-8"),
    (b"\0[", "text in UTF-16; save it as UTF-8"),
    (b"\0{", "text in UTF-16; save it as UTF-8"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
];

#[cfg(test)]
mod tests {
    use super::super::json::Document;
    use super::*;

    #[test]
    fn a_wrong_file_is_recognized_by_its_first_bytes() {
        for (bytes, word) in [
            (&b""[..], "empty"),
            (b" \n\t", "empty"),
            (b"%PDF-1.7\n", "PDF"),
            (b"\x89PNG\r\n", "picture"),
            (b"\0\0\0\x20ftypmp42", "picture"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"\n <HTML lang=en>", "HTML"),
            (b"<?xml version=\"1.0\"?>", "XML"),
            (b"SQLite format 3\0\x10", "SQLite"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\xff\xfe[\0{\0", "UTF-16"),
            (b"{\0\"\0", "UTF-16"),
            (b"\0[\0{", "UTF-16"),
            (b"title,role,text\nA,user,hi\n", "CSV"),
            (b"title\trole\nA\tuser\n", "CSV"),
            (b"# Chat\n\n**You**: hi", "Markdown"),
            (b"You said: hi", "plain text"),
            (b"\"hello\"", "single text"),
            (b"17", "single value"),
            (b"null", "single value"),
            (b"\x01\x02\0\x03", "binary"),
            (b"\x80\x81\x82", "not known"),
            ("日本語の文".as_bytes().split_last().unwrap().1, "plain text"),
        ] {
            let told = of_bytes(bytes).unwrap();
            assert!(told.contains(word), "{bytes:?}: {told}");
        }
        assert_eq!(of_bytes(b" {"), None);
        assert_eq!(of_bytes(b"[1"), None);
    }

    #[test]
    fn wrong_json_is_recognized_by_its_fields() {
        for (text, word) in [
            (r#"{"header":"Gemini Apps","title":"x"}"#, "Google Takeout"),
            (r#"[{"products":["Gemini Apps"]}]"#, "Google Takeout"),
            (r#"{"version":1,"ui":{}}"#, "settings (its fields: version, ui)"),
            (r#"{"a<b>":1}"#, "(its fields: ab)"),
            ("{}", "no fields"),
            ("[]", "no conversation in it"),
            ("[[1]]", "entries"),
            (&*["[".repeat(100_000), "]".repeat(100_000)].concat(), "entries"),
        ] {
            let told = of_json(Document::parse(text).unwrap().root());
            assert!(told.contains(word), "{text}: {told}");
        }
    }
}
