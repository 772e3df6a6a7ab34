//! Names of downloaded files: no part of a title can change the folder, hide the file, or break the
//! header.

use std::fmt::Write as _;

use protocol::WorkerId;

/// The most characters of the title in a file name.
const CHARS: usize = 60;

/// A file name of letters and digits of any script and single hyphens. It contains a part of the
/// id, so that conversations with the same title get different names, and no name is one that an
/// operating system reserves.
pub(super) fn of_conversation(title: Option<&str>, id: WorkerId, ending: &str) -> String {
    let id = id.to_string();
    // The end of an id is random; its beginning is the time.
    let short = &id[id.len() - 8..];
    let mut name = String::new();
    for part in title.unwrap_or_default().split(|c: char| !c.is_alphanumeric()) {
        for c in part.chars() {
            if name.chars().count() < CHARS {
                name.push(c);
            }
        }
        if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    if name.is_empty() {
        name.push_str("conversation-");
    }
    if !name.ends_with('-') {
        name.push('-');
    }
    format!("{name}{short}.{ending}")
}

/// The header that offers a file with this name.
pub(super) fn disposition(name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii).filter(|c| is_plain(*c)).collect();
    let plain = plain.trim_start_matches('-');
    if plain == name {
        return format!("attachment; filename=\"{name}\"");
    }
    let mut encoded = String::new();
    for byte in name.bytes() {
        match char::from(byte) {
            c if is_plain(c) => encoded.push(c),
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

/// Whether a character needs no escape in either form of the name.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(title: Option<&str>) -> String {
        of_conversation(title, WorkerId::from_parts(1, [0xab; 10]), "md")
    }

    #[test]
    fn every_title_gives_a_harmless_file_name() {
        for (title, expected) in [
            (None, "conversation-abababab.md"),
            (Some("Tides & moons"), "Tides-moons-abababab.md"),
            (Some("../../etc/passwd"), "etc-passwd-abababab.md"),
            (Some(".bashrc"), "bashrc-abababab.md"),
            (Some("CON"), "CON-abababab.md"),
            (Some("a\"; filename=\"evil.exe\r\nX: y"), "a-filename-evil-exe-X-y-abababab.md"),
            (Some("...///"), "conversation-abababab.md"),
            (Some("潮の 満ち引き"), "潮の-満ち引き-abababab.md"),
            (Some("\u{202e}gnp.exe"), "gnp-exe-abababab.md"),
        ] {
            assert_eq!(name(title), expected, "{title:?}");
        }
        assert!(name(Some(&"日".repeat(500))).chars().count() < CHARS + 20);
    }

    #[test]
    fn the_header_is_visible_ascii_for_every_name() {
        assert_eq!(disposition("a-b.md"), "attachment; filename=\"a-b.md\"");
        assert_eq!(
            disposition("潮-ab.md"),
            "attachment; filename=\"ab.md\"; filename*=UTF-8''%E6%BD%AE-ab.md"
        );
        for title in ["é\"\\%", "🦀", "a\u{0}b"] {
            let header = disposition(&name(Some(title)));
            assert!(header.bytes().all(|b| (0x20..0x7f).contains(&b)), "{header}");
        }
    }
}
