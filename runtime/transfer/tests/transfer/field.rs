//! Small files in the shapes that real programs produced and importers failed on, with the expected
//! results.

use protocol::api::{ImportFormat, LeftOut, RefusalCode};
use store::ConversationExport;
use transfer::Tally;

use crate::support::{lines, refused, taken};

macro_rules! field {
    ($name:literal) => {
        ($name, include_bytes!(concat!("fixtures/field/", $name)).as_slice())
    };
}

const HERON: [&str; 2] = ["user: What is a heron?", "model: A wading bird."];

fn all(file: (&str, &[u8])) -> (Vec<ConversationExport>, Tally) {
    taken(&[file])
}

/// An entry without an author affects only itself (LibreChat#13630, LibreChat#15388).
#[test]
fn an_entry_without_an_author_affects_only_itself() {
    for file in [field!("gpt-no-author.json"), field!("gpt-null-author.json")] {
        let (logs, tally) = all(file);
        assert_eq!(
            logs.iter().map(lines).collect::<Vec<_>>(),
            [&HERON[..], &["user: kept"], &HERON]
        );
        let one = LeftOut { unreadable: 1, ..LeftOut::default() };
        assert_eq!((tally.left_out, tally.refused, tally.sound), (one, 0, 3));
    }
}

/// <https://github.com/danny-avila/LibreChat/issues/13630>
#[test]
fn metadata_may_be_missing() {
    let (logs, tally) = all(field!("gpt-no-metadata.json"));
    let told = ["user: No metadata here", "model: An answer without metadata"];
    assert_eq!(lines(&logs[0]), told);
    assert_eq!(tally.left_out, LeftOut::default());
}

/// <https://github.com/danny-avila/LibreChat/pull/15388>,
/// <https://github.com/open-webui/open-webui/issues/9026>
#[test]
fn entries_that_are_not_conversations_are_reported_and_the_others_imported() {
    for (file, number, title, code) in [
        (field!("gpt-null-mapping.json"), 2, "empty", RefusalCode::NoMessages),
        (field!("gpt-project-entry.json"), 1, "My project", RefusalCode::NotAConversation),
    ] {
        let (logs, tally) = all(file);
        assert_eq!(logs.iter().map(lines).collect::<Vec<_>>(), [HERON, HERON]);
        assert_eq!((tally.refused, tally.more_refusals), (1, 0));
        let refusal = &tally.refusals[0];
        assert_eq!((refusal.number, refusal.title.as_deref()), (Some(number), Some(title)));
        assert_eq!(refusal.code, code, "{}", refusal.reason);
    }
}

/// <https://github.com/nowledge-co/community/issues/261>: the lists of children and the branch that
/// was shown may be missing.
#[test]
fn branches_are_imported_if_the_current_one_is_not_given() {
    let (logs, _) = all(field!("gpt-branches-no-current.json"));
    let told = [HERON[0], HERON[1], "model: Another answer", "user: go on", "model: on I go"];
    assert_eq!(lines(&logs[0]), told);
}

#[test]
fn all_kinds_of_content_become_text_or_reasoning_or_are_counted() {
    let (logs, tally) = all(field!("gpt-kinds.json"));
    let told = lines(&logs[0]);
    assert_eq!(
        told,
        [
            "user: What is in this picture?",
            "model: [Looking\n\nI look at it\n\nThought for 4s] It is a heron by the Lake here.",
            "user: And what does it eat?",
            "model: Fish, mostly.",
            "user: With a null part\n\nand an object part",
            "model: **notes**\n\n# Heron notes\nThe long document the user wanted.\n\nI made a document for you.",
            "user: A code answer please",
            "model: just an answer that came as code",
            "user: ask",
        ]
    );
    assert_eq!(
        tally.left_out,
        LeftOut { hidden: 1, attachments: 3, tools: 5, ..LeftOut::default() }
    );
}

/// <https://github.com/danny-avila/LibreChat/issues/15229>,
/// <https://github.com/Mintplex-Labs/anything-llm/issues/5564>
#[test]
fn an_archive_and_several_files_are_imported_directly() {
    let (logs, tally) = all(field!("gpt-export.zip"));
    assert_eq!(logs.iter().map(lines).collect::<Vec<_>>(), [HERON, HERON]);
    assert_eq!((tally.refused, tally.formats), (0, vec![ImportFormat::Chatgpt]));
    let files = [field!("claude.json"), field!("librechat.json"), field!("gpt-no-author.json")];
    let (logs, tally) = taken(&files);
    assert_eq!((logs.len(), tally.formats.len()), (5, 3));
}

#[test]
fn claude_and_librechat_exports_are_imported_with_reasoning() {
    let (logs, tally) = all(field!("claude.json"));
    assert_eq!(lines(&logs[0]), [HERON[0], "model: [Easy.] A wading bird."]);
    assert_eq!(logs[0].worker.title.as_deref(), Some("Herons"));
    assert_eq!(logs[0].worker.created_at.to_rfc3339(), "2025-01-02T03:04:05.678Z");
    assert_eq!((tally.formats, tally.left_out), (vec![ImportFormat::Claude], LeftOut::default()));
    let (logs, tally) = all(field!("librechat.json"));
    assert_eq!(lines(&logs[0]), HERON);
    assert_eq!(
        (tally.formats, tally.left_out),
        (vec![ImportFormat::Librechat], LeftOut::default())
    );
}

#[test]
fn a_gemini_takeout_is_refused_by_name() {
    let words = refused(field!("gemini-takeout.json").1);
    assert!(
        words.contains("Gemini from Google Takeout") && words.contains("which holds"),
        "{words}"
    );
}

#[test]
fn unusual_fields_of_open_webui_are_tolerated() {
    for (file, told, unreadable) in [
        (field!("owui-model-object.json"), vec![HERON.to_vec()], 0),
        (field!("owui-string-time.json"), vec![HERON.to_vec()], 0),
        (field!("owui-no-role.json"), vec![HERON.to_vec(), vec![HERON[0]]], 1),
        (field!("owui-null-message.json"), vec![HERON.to_vec(); 2], 1),
    ] {
        let (logs, tally) = all(file);
        assert_eq!(logs.iter().map(lines).collect::<Vec<_>>(), told, "{}", file.0);
        assert_eq!((tally.left_out.unreadable, tally.refused), (unreadable, 0), "{}", file.0);
    }
    let (logs, _) = all(field!("owui-string-time.json"));
    assert_eq!(logs[0].worker.created_at.to_rfc3339(), "2023-11-14T22:13:20Z");
}

#[test]
fn reasoning_of_open_webui_becomes_reasoning() {
    let (logs, _) = all(field!("owui-reasoning-details.json"));
    let thought = "The user asks about a bird.\nKeep it short.";
    assert_eq!(lines(&logs[0]), [HERON[0], &format!("model: [{thought}] A wading bird.")]);
}
