//! Files that are not exports, malicious archives, and partly damaged exports.

use protocol::api::RefusalCode;
use store::ConversationExport;
use transfer::{ImportError, LINE_BYTES, MESSAGE_BYTES, Unsound};

use crate::logs;
use crate::support::{archive, export, refused, taken, tried, whole};

const CHAT: &str = r#"[{"id":"o","chat":{"messages":[{"role":"user","content":"Q"}]}}]"#;

#[test]
fn the_refusal_of_a_wrong_file_says_what_it_seems_to_be() {
    for (bytes, words) in [
        (&b""[..], "empty"),
        (b"<html></html>", "web page (HTML)"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"title,text\na,b\nc,d\n", "CSV"),
        (b"{\"ui\":{},\"version\":2}", "settings"),
        (b"[{\"email\":\"x\",\"phone\":1}]", "no messages"),
        (b"[{\"id\":\"a\",\"chat\":{\"messa", "cut off"),
        (b"{\"conversations\":[]}", "no messages"),
        (b"[", "cut off"),
        (b"[]", "no conversation"),
        (b"hello", "plain text"),
        (b"\xff\xfe[\0", "UTF-16"),
        (b"{\"check\":\"x", "no export"),
    ] {
        let told = refused(bytes);
        assert!(told.contains(words), "{bytes:?}: {told}");
        assert!(!told.contains("check:"), "{told}");
    }
    // The message names the files if there are several.
    let error = tried(&[("a.png", b"\x89PNG"), ("b.json", b"[]")], Unsound::Name).unwrap_err();
    let told = error.to_string();
    assert!(told.contains("a.png: it seems") && told.contains("b.json: there is no"), "{told}");
    let (logs, tally) = taken(&[("a.png", b"\x89PNG"), ("b.json", CHAT.as_bytes())]);
    assert_eq!((logs.len(), tally.refused), (1, 1));
    let refusal = &tally.refusals[0];
    assert_eq!((refusal.file.as_deref(), refusal.code), (Some("a.png"), RefusalCode::NotAnExport));
}

#[test]
fn a_refusal_in_an_archive_names_its_file() {
    let (_, tally) =
        taken(&[("a.zip", &archive(&[("c.json", b"[{\"mapping\":null},{\"mapping\":{}}]")]))]);
    assert_eq!(tally.refusals[0].file.as_deref(), Some("a.zip/c.json"));
}

#[test]
fn malicious_and_useless_archives_are_refused_with_a_reason() {
    for (files, words) in [
        (vec![], "without a JSON file"),
        (vec![("a.txt", b"x".to_vec())], "without a JSON file"),
        (vec![("chat.html", b"<html>".to_vec())], "web pages"),
        (
            vec![("b.zip", archive(&[("c.json", CHAT.as_bytes())]))],
            "b.zip: it seems to be an archive within",
        ),
        (
            vec![("b.json", archive(&[("c.json", CHAT.as_bytes())]))],
            "b.json: it seems to be an archive within",
        ),
        (vec![("user.json", b"{\"a\":1}".to_vec())], "no conversations"),
    ] {
        let files: Vec<_> = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
        let told = refused(&archive(&files));
        assert!(told.contains(words), "{told}");
    }
    let good = archive(&[("c.json", CHAT.as_bytes())]);
    assert!(refused(&good[..good.len() - 30]).contains("list of files cannot be read"));
    let told = refused(b"PK\x03\x04 and nothing else");
    assert!(told.contains("list of files cannot be read"), "{told}");

    // A file that unpacks to a thousand times its size, beside a harmless one.
    let spaces = [b"[".to_vec(), vec![b' '; 64 << 20], b"]".to_vec()].concat();
    let bomb = archive(&[("bomb.json", &spaces), ("c.json", CHAT.as_bytes())]);
    let (logs, tally) = taken(&[("a.zip", &bomb)]);
    assert_eq!((logs.len(), tally.refused), (1, 1));
    assert_eq!(tally.refusals[0].code, RefusalCode::Archive);
    assert!(tally.refusals[0].reason.contains("unpack to far more"), "{:?}", tally.refusals);
    // This holds even if the archive's list of files lies about their sizes.
    let mut lying = bomb.clone();
    let size = u32::try_from(spaces.len()).unwrap().to_le_bytes();
    let places: Vec<usize> = (0..lying.len() - 4).filter(|at| lying[*at..at + 4] == size).collect();
    for at in &places {
        lying[*at..at + 4].copy_from_slice(&1000_u32.to_le_bytes());
    }
    assert!(!places.is_empty());
    match tried(&[("a.zip", &lying)], Unsound::Name) {
        Ok((logs, tally)) => assert!(logs.len() <= 1 && tally.refused == 1, "{tally:?}"),
        Err(error) => assert!(matches!(error, ImportError::Refused(_)), "{error}"),
    }

    // Damaged packed data, and an encrypted file.
    let mut damaged = archive(&[("c.json", CHAT.repeat(50).as_bytes())]);
    let at = damaged.len() / 3;
    damaged[at] ^= 0x55;
    let unsound = tried(&[("a.zip", &damaged)], Unsound::Name);
    assert!(!matches!(unsound, Ok((_, tally)) if tally.refused == 0), "it is told");
    let mut secret = good.clone();
    // The file's flags are in front of its data and in the archive's list.
    secret[6] |= 1;
    let list = secret.windows(4).position(|four| four == b"PK\x01\x02").unwrap();
    secret[list + 8] |= 1;
    let (logs, tally) = taken(&[("a.zip", &secret)]);
    assert!(logs.is_empty() && tally.refusals[0].reason.contains("encrypted"), "{tally:?}");
}

#[test]
fn a_bad_conversation_affects_only_itself_at_any_position() {
    let good = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"title\":\"T{id}\",\"chat\":{{\"messages\":[{{\"role\":\"user\",\"content\":\"Q\"}}]}}}}"
        )
    };
    let (a, b) = (good("a"), good("b"));
    for (bad, code) in [
        ("{\"mapping\":{\"a\":{\"parent\":\"b\"},\"b\":{\"parent\":\"a\"}}}", RefusalCode::Circle),
        ("{\"chat\":{\"a\" 1}}", RefusalCode::NotJson),
        ("7", RefusalCode::NotAConversation),
        ("null", RefusalCode::NotAConversation),
        ("{\"chat_messages\":{}}", RefusalCode::NoMessages),
        (
            "{\"mapping\":{\"a\":{\"parent\":null,\"message\":{\"author\":null}}}}",
            RefusalCode::NoMessages,
        ),
    ] {
        for (text, number) in [
            (format!("[{bad},{a},{b}]"), 1),
            (format!("[{a},{bad},{b}]"), 2),
            (format!("[{a},{b},{bad}]"), 3),
            (format!("{a}\n{bad}\n{b}"), 2),
        ] {
            let (logs, tally) = taken(&[("f", text.as_bytes())]);
            assert_eq!((logs.len(), tally.refused), (2, 1), "{text}: {tally:?}");
            assert_eq!(
                (tally.refusals[0].number, tally.refusals[0].code),
                (Some(number), code),
                "{text}"
            );
            assert!(tried(&[("f", text.as_bytes())], Unsound::Refuse).is_err(), "{text}");
        }
    }
    // A truncated file: the conversations before the cut are imported.
    let cut = format!("[{a},{}", &b[..b.len() - 5]);
    let (logs, tally) = taken(&[("f", cut.as_bytes())]);
    assert_eq!((logs.len(), tally.refusals[0].code), (1, RefusalCode::CutOff));
    // The list of refusals is bounded.
    let many = format!("[{a},{}1]", "1,".repeat(500));
    let (_, tally) = taken(&[("f", many.as_bytes())]);
    assert_eq!((tally.refused, tally.refusals.len(), tally.more_refusals), (501, 100, 401));
}

#[test]
fn a_message_that_is_too_long_is_left_out_and_reported() {
    let long = "x".repeat(usize::try_from(MESSAGE_BYTES).unwrap() + 1);
    let file = format!(
        "[{{\"id\":\"a\",\"title\":\"T\",\"chat\":{{\"messages\":[{{\"role\":\"user\",\"content\":\"Q\"}},{{\"role\":\"assistant\",\"content\":\"{long}\"}}]}}}}]"
    );
    let (logs, tally) = taken(&[("f", file.as_bytes())]);
    assert_eq!((logs.len(), tally.refused, tally.left_out.too_long), (1, 0, 1));
    let refusal = &tally.refusals[0];
    assert_eq!((refusal.number, refusal.title.as_deref()), (Some(1), Some("T")));
    assert_eq!(refusal.code, RefusalCode::MessageTooLong);
    // The longest message can be exported and imported again, even in JSON's longest encoding.
    let worst = "\u{1}".repeat(1 << 20);
    let text =
        serde_json::json!([{ "id": "a", "messages": [{ "role": "user", "content": worst }] }]);
    let (logs, _) = taken(&[("f", text.to_string().as_bytes())]);
    let lines = export(&logs);
    let longest = lines.split(|byte| *byte == b'\n').map(<[u8]>::len).max().unwrap();
    let around = longest - 6 * worst.len();
    assert!(6 * MESSAGE_BYTES + around as u64 <= LINE_BYTES, "{around}");
}

/// Three conversations of a few lines each.
fn three() -> (Vec<ConversationExport>, Vec<u8>) {
    let event = |seq, title: &str| {
        let title = Some(title.to_owned());
        let body = match seq {
            1 => protocol::EventBody::WorkerCreated { title, profile: logs::unborn().profile },
            _ => protocol::EventBody::WorkerRenamed { title },
        };
        protocol::Event { seq, first_seq: None, at: protocol::Timestamp::from_unix_ms(5), body }
    };
    let log = |number| {
        let name = format!("Talk {number}");
        whole(number, (1..=4).map(|seq| event(seq, &name)).collect())
    };
    let wholes = vec![log(1), log(2), log(3)];
    let bytes = export(&wholes);
    (wholes, bytes)
}

/// A damaged line affects only its conversation; the others are imported with their own ids and
/// logs.
#[test]
fn damage_in_our_own_export_affects_only_its_conversation() {
    let (wholes, bytes) = three();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    // One header, six lines for each conversation, and the last line.
    assert_eq!(lines.len(), 20);
    for at in 0..lines.len() {
        // A damaged sum affects no conversation, because the checks of all its lines were compared.
        let conversation = ((1..19).contains(&at) && at % 6 != 0).then(|| (at - 1) / 6);
        let changed = lines[at].replacen("\"line\"", "\"lime\"", 1);
        for (what, line) in [("changed", changed.as_str()), ("gone", "")] {
            let mut damaged = lines.clone();
            damaged[at] = line;
            let damaged = damaged.concat();
            let (logs, tally) = taken(&[("f", damaged.as_bytes())]);
            let ids: Vec<_> = logs.iter().map(|log| log.worker.worker_id).collect();
            let mut expected: Vec<_> = wholes.iter().map(|log| log.worker.worker_id).collect();
            if let Some(lost) = conversation {
                expected.remove(lost);
            }
            // If a whole line is missing, the line after it cannot be trusted either.
            let neighbour = what == "gone" && [0, 5].contains(&(at % 6));
            if !neighbour {
                assert_eq!(ids, expected, "line {} {what}: {tally:?}", at + 1);
            }
            assert!(tally.refused >= 1, "line {} {what}", at + 1);
            assert!(tried(&[("f", damaged.as_bytes())], Unsound::Refuse).is_err());
        }
    }
    // The report contains the number, the title and the line.
    let damaged = text.replacen("Talk 2", "Talk 9", 2);
    let (_, tally) = taken(&[("f", damaged.as_bytes())]);
    let refusal = &tally.refusals[0];
    assert_eq!((refusal.number, refusal.code), (Some(2), RefusalCode::Damaged));
    assert!(
        refusal.reason.starts_with("line 9: it is not a line of a Companion export"),
        "{}",
        refusal.reason
    );
    // A truncated file.
    let cut = &bytes[..bytes.len() * 2 / 3];
    let (logs, tally) = taken(&[("f", cut)]);
    assert!(
        !logs.is_empty() && tally.refusals.iter().any(|found| found.code == RefusalCode::CutOff)
    );
}

/// After a damaged line, the checks of later lines cannot be compared. (A file that was read as
/// Latin-1 and written as UTF-8 is damaged in each conversation with an umlaut.)
#[test]
fn after_a_damaged_line_no_altered_conversation_is_imported_silently() {
    let (wholes, bytes) = three();
    let text = String::from_utf8(bytes).unwrap();
    // The first conversation is damaged, and a letter of the third one was changed.
    let damaged = text.replacen("Talk 1", "Talk 7", 1);
    let altered = damaged.replacen("Talk 3", "Talk 9", 1);
    let (logs, tally) = taken(&[("f", altered.as_bytes())]);
    assert_eq!(logs, [wholes[1].clone()]);
    let told: Vec<_> = tally.refusals.iter().map(|told| (told.number, told.code)).collect();
    assert_eq!(told, [(Some(1), RefusalCode::Damaged), (Some(3), RefusalCode::Damaged)]);
    assert!(tally.refusals[1].reason.contains("do not fit the sum"), "{tally:?}");
    assert!(tally.unchecked.is_empty());
    // If the sum is damaged as well, or missing, the change cannot be detected, and the report says
    // so.
    let sums: Vec<&str> = damaged.lines().filter(|line| line.contains("\"sum\"")).collect();
    let without = damaged.replacen(sums[2], &sums[2].replacen("\"sum\"", "\"sun\"", 1), 1);
    let (logs, tally) = taken(&[("f", without.as_bytes())]);
    assert_eq!(logs, wholes[1..]);
    assert_eq!(tally.unchecked, [wholes[2].worker.worker_id]);
    // Without damage before it, the sum is not needed.
    let without = text.replacen(sums[2], &sums[2].replacen("\"sum\"", "\"sun\"", 1), 1);
    let (logs, tally) = taken(&[("f", without.as_bytes())]);
    assert_eq!((logs.len(), tally.unchecked.len(), tally.refused), (3, 0, 1));
}
