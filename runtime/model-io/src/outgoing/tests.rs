use InputRole::{Assistant, System, User};
use proptest::prelude::*;

use super::samples::{assert_acceptable, branch, text};
use super::*;

fn all(messages: &[(InputRole, &str)]) -> Vec<InputMessage> {
    messages.iter().map(|(role, text)| InputMessage::new(*role, *text)).collect()
}

#[test]
fn consecutive_messages_are_joined_and_blank_ones_removed() {
    for (shown, sent) in [
        // A turn that was stopped before its first text (mistral-vibe#1006).
        (all(&[(User, "first"), (User, "second")]), all(&[(User, "first\n\nsecond")])),
        // An answer of nothing but line breaks.
        (all(&[(User, "a"), (Assistant, "\n\n"), (User, "b")]), all(&[(User, "a\n\nb")])),
        // A conversation of another program, which begins with the model's greeting.
        (all(&[(Assistant, "Hi."), (User, "a")]), all(&[(User, "a")])),
        (
            all(&[(User, "a"), (Assistant, "b"), (Assistant, "c"), (User, "d")]),
            all(&[(User, "a"), (Assistant, "b\n\nc"), (User, "d")]),
        ),
        // An answer that is not continued keeps the white space at its end.
        (
            all(&[(User, "a"), (Assistant, "b\n\n"), (User, " c ")]),
            all(&[(User, "a"), (Assistant, "b\n\n"), (User, " c ")]),
        ),
        (all(&[(User, "a"), (Assistant, "b\n\n")]), all(&[(User, "a"), (Assistant, "b")])),
        (all(&[(User, "a"), (Assistant, " \u{200b}\n")]), all(&[(User, "a")])),
    ] {
        assert_eq!(turns(&shown), sent);
    }
}

#[test]
fn adjustments_are_applied() {
    let shown = all(&[(User, "a"), (Assistant, "b")]);
    let sent = |adjustments: &[Adjustment]| messages("s", &shown, adjustments, false);
    assert_eq!(sent(&[]), all(&[(System, "s"), (User, "a"), (Assistant, "b")]));
    assert_eq!(sent(&[Adjustment::SystemInUser]), all(&[(User, "s\n\na"), (Assistant, "b")]));
    assert_eq!(sent(&[Adjustment::WithoutBeginning]), all(&[(System, "s"), (User, "a")]));
    assert_eq!(messages(" \n", &shown, &[], false), shown);
}

#[test]
fn a_continued_answer_joins_its_beginning_without_doubled_space() {
    let joined = |begun: &str, pieces: &[&str], adjustments: &[Adjustment]| {
        let mut seam = Seam::new(begun, adjustments);
        pieces.iter().fold(begun.to_owned(), |text, piece| text + &seam.join((*piece).into()))
    };
    for (begun, pieces, text) in [
        ("It is", &[" so."] as &[&str], "It is so."),
        ("wor", &["ld"], "world"),
        ("One.\n\n", &["\n\nTwo."], "One.\n\nTwo."),
        ("One.\n\n", &["\n", "\n", "Two."], "One.\n\nTwo."),
        ("One.\n\n", &["Two.\n\n", "\n\nThree."], "One.\n\nTwo.\n\n\n\nThree."),
        ("One. ", &[" Two."], "One. Two."),
        ("x = 1\n", &["\n    y = 2"], "x = 1\n    y = 2"),
        ("", &["\n\n", "a"], "\n\na"),
    ] {
        assert_eq!(joined(begun, pieces, &[]), text, "{begun:?}");
    }
    // Some models repeat the beginning and then go on, instead of refusing.
    for (pieces, text) in [
        (&["It was a dark ", "and stormy night."] as &[&str], "It was a dark and stormy night."),
        (&["\n\nIt was", " a dark and stormy."], "It was a dark and stormy."),
        (&["It was ", "a storm."], "It was a dark It was a storm."),
        (&["It was"], "It was a dark "),
    ] {
        assert_eq!(joined("It was a dark ", pieces, &[]), text, "{pieces:?}");
    }
    let without = [Adjustment::WithoutBeginning];
    let anew = joined("It was a dark", &["It was a dark and stormy night."], &without);
    assert_eq!(anew, "It was a dark and stormy night.");
    assert_eq!(joined("It was dark.", &["It ", "was."], &without), "It was dark.\n\nIt was.");
    assert_eq!(joined("It was ", &["dark."], &without), "It was dark.");
    assert_eq!(joined("It was", &[" dark."], &without), "It was dark.");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Holds for every place where the window may begin, and for all adjustments.
    #[test]
    fn every_branch_makes_an_acceptable_request(
        branch in branch(),
        cut in 0usize..14,
        without: bool,
        folded: bool,
    ) {
        let newest = branch.iter().rposition(|message| message.role == User).unwrap();
        let adjustments: Vec<_> = [
            without.then_some(Adjustment::WithoutBeginning),
            folded.then_some(Adjustment::SystemInUser),
        ].into_iter().flatten().collect();
        let sent = messages("s", &branch[cut.min(newest)..], &adjustments, false);
        assert_acceptable(&sent);
        let asked = sent.iter().rfind(|message| message.role == User).unwrap();
        prop_assert!(asked.text.ends_with(&branch[newest].text), "the newest question is sent");
        // No text is made up, and no visible text after the first question is lost.
        let words = |messages: &[InputMessage]| -> String {
            messages.iter().flat_map(|m| m.text.chars()).filter(|c| !c.is_whitespace()).collect()
        };
        if !without {
            let kept = branch[cut.min(newest)..].iter().skip_while(|m| m.role != User || is_blank(&m.text));
            let kept: Vec<_> = kept.cloned().collect();
            prop_assert_eq!(words(&sent), format!("s{}", words(&kept)));
        }
    }

    /// However the text is cut into pieces, none is lost and no white space is doubled.
    #[test]
    fn the_join_does_not_depend_on_how_the_text_is_split(begun in text(), rest in text(), cut in 0usize..6) {
        let whole = Seam::new(&begun, &[]).join(rest.clone());
        let at = rest.char_indices().map(|(at, _)| at).nth(cut).unwrap_or(rest.len());
        let mut seam = Seam::new(&begun, &[]);
        let first = seam.join(rest[..at].to_owned());
        prop_assert_eq!(first + &seam.join(rest[at..].to_owned()), whole);
    }
}
