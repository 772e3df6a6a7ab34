//! The text of an import's report, line by line; pure functions.

use protocol::api::{ImportRefusal, ImportReplacement, LeftOut};
use transfer::{Report, Tally};

/// The lines about what was imported.
pub(super) fn done(report: &Report) -> Vec<String> {
    let Report { tally, added, skipped, kept, deleted } = report;
    let were = if skipped.len() == 1 { "was" } else { "were" };
    let imported = counted(added.len() as u64, "conversation");
    let mut lines = vec![format!("imported {imported}, {} {were} already here", skipped.len())];
    for id in kept {
        lines.push(format!("{id} is stored here with different content and was not changed"));
    }
    for id in deleted {
        lines.push(format!("{id} was deleted here and can be restored; it was not changed"));
    }
    for id in &tally.unchecked {
        lines.push(format!(
            "{id} comes after a damaged line and was imported unchecked; check whether it is complete"
        ));
    }
    let LeftOut { system, tools, hidden, attachments, unasked, unreadable, too_long, other } =
        tally.left_out;
    for (kind, count) in [
        ("pictures, audio and files", attachments),
        ("tool calls and their results", tools),
        ("instructions to the model", system),
        ("entries that the other program hid", hidden),
        ("answers without a question", unasked),
        ("entries that cannot be read", unreadable),
        ("messages that are too long", too_long),
        ("other entries that are not text", other),
    ] {
        if count > 0 {
            lines.push(format!("left out: {count} ({kind})"));
        }
    }
    if tally.not_read > 0 {
        let files = counted(tally.not_read, "file");
        lines.push(format!("not read: {files} without conversations (pictures, pages, settings)"));
    }
    lines.extend(replaced(tally));
    lines
}

/// The lines about characters that were replaced by U+FFFD.
fn replaced(tally: &Tally) -> Vec<String> {
    if tally.replaced == 0 {
        return Vec::new();
    }
    let characters = counted(tally.replaced, "damaged character");
    let mut lines = vec![format!("{characters} became U+FFFD, the replacement character:")];
    for ImportReplacement { file, number, title, characters } in &tally.replacements {
        let what = place(file.as_ref(), Some(*number), title.as_ref());
        lines.push(format!("  {what}: {characters}"));
    }
    lines.extend(more(tally.more_replacements));
    lines
}

/// The lines about what was not imported, and why.
pub(super) fn refused(tally: &Tally) -> Vec<String> {
    let mut lines = Vec::new();
    match tally.refused {
        0 if tally.refusals.is_empty() => {}
        0 => lines.push("not imported:".to_owned()),
        1 => lines.push("1 item was not imported:".to_owned()),
        count => lines.push(format!("{count} items were not imported:")),
    }
    for ImportRefusal { file, number, title, reason, .. } in &tally.refusals {
        let what = place(file.as_ref(), *number, title.as_ref());
        let colon = if what.is_empty() { "" } else { ": " };
        lines.push(format!("  {what}{colon}{reason}"));
    }
    lines.extend(more(tally.more_refusals));
    lines
}

fn more(count: u64) -> Option<String> {
    (count > 0).then(|| format!("  and {count} more"))
}

/// The file, the number and the title of a conversation, as far as they are known.
fn place(file: Option<&String>, number: Option<u64>, title: Option<&String>) -> String {
    let number = number.map(|number| format!("conversation {number}"));
    let title = title.map(|title| format!("\"{title}\""));
    let parts = [file.cloned(), number, title];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A number with a noun, in the singular or plural.
fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use protocol::WorkerId;
    use protocol::api::RefusalCode;

    use super::*;

    #[test]
    fn singular_and_plural_are_used_correctly() {
        let ids = |count: u8| (0..count).map(|n| WorkerId::from_parts(1, [n; 10])).collect();
        let report = |added, skipped| Report {
            tally: Tally::default(),
            added: ids(added),
            skipped: ids(skipped),
            kept: Vec::new(),
            deleted: Vec::new(),
        };
        for (added, skipped, line) in [
            (0, 2, "imported 0 conversations, 2 were already here"),
            (1, 0, "imported 1 conversation, 0 were already here"),
            (2, 1, "imported 2 conversations, 1 was already here"),
        ] {
            assert_eq!(done(&report(added, skipped)), [line]);
        }
        let mut one = report(1, 0);
        (one.tally.not_read, one.tally.replaced) = (1, 1);
        let title = Some("T".to_owned());
        let file = Some("a.zip/b.json".to_owned());
        let (number, characters) = (2, 1);
        one.tally.replacements = vec![ImportReplacement { file, number, title, characters }];
        assert_eq!(
            done(&one)[1..],
            [
                "not read: 1 file without conversations (pictures, pages, settings)",
                "1 damaged character became U+FFFD, the replacement character:",
                "  a.zip/b.json conversation 2 \"T\": 1",
            ]
        );
    }

    #[test]
    fn each_refusal_names_its_file() {
        let refusal = |number, title: Option<&str>| ImportRefusal {
            file: Some("a.zip/b.json".to_owned()),
            number,
            title: title.map(str::to_owned),
            code: RefusalCode::NotJson,
            reason: "it is not JSON".to_owned(),
        };
        let refusals = vec![refusal(Some(3), Some("T")), refusal(None, None)];
        let tally = Tally { refused: 4, refusals, more_refusals: 2, ..Tally::default() };
        assert_eq!(
            refused(&tally),
            [
                "4 items were not imported:",
                "  a.zip/b.json conversation 3 \"T\": it is not JSON",
                "  a.zip/b.json: it is not JSON",
                "  and 2 more",
            ]
        );
        assert!(refused(&Tally::default()).is_empty());
    }
}
