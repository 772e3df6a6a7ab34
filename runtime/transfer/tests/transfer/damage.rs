//! Every damage is found, and its line is named.

use proptest::prelude::*;
use transfer::{SourceLocation, read};

use crate::support::{any_wholes, export, small};

/// The number of the line that a byte is in; its line break belongs to it.
fn line_of(bytes: &[u8], at: usize) -> u64 {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1
}

fn refused(bytes: &[u8]) -> SourceLocation {
    read(bytes).unwrap_err().place
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

#[test]
fn each_damaged_byte_is_reported_with_its_line() {
    let bytes = small();
    assert!(read(&bytes).is_ok() && lines(&bytes).len() > 12);
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert_eq!(refused(&damaged), SourceLocation::Line(line_of(&bytes, at)), "{at}");
    }
}

#[test]
fn a_truncated_file_is_refused_with_its_last_line() {
    let bytes = small();
    for at in 0..bytes.len() {
        let place = refused(&bytes[..at]);
        assert_eq!(place, SourceLocation::Line(line_of(&bytes, at)), "{at}");
    }
}

#[test]
fn a_missing_repeated_or_moved_line_is_reported() {
    let bytes = small();
    let lines = lines(&bytes);
    for index in 0..lines.len() {
        let number = index as u64 + 1;
        let mut missing = lines.clone();
        missing.remove(index);
        assert_eq!(refused(&missing.concat()), SourceLocation::Line(number), "without {number}");

        let mut doubled = lines.clone();
        doubled.insert(index, lines[index]);
        assert_eq!(refused(&doubled.concat()), SourceLocation::Line(number + 1), "twice {number}");

        for other in index + 1..lines.len() {
            let mut swapped = lines.clone();
            swapped.swap(index, other);
            assert_eq!(
                refused(&swapped.concat()),
                SourceLocation::Line(number),
                "{number}, {other}"
            );
        }
    }
    let mut longer = bytes.clone();
    longer.push(b'\n');
    assert_eq!(refused(&longer), SourceLocation::Line(lines.len() as u64 + 1));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_line_of_another_export_is_reported_even_at_the_right_number(
        a in any_wholes(), b in any_wholes(), at in any::<prop::sample::Index>()
    ) {
        let (a, b) = (export(&a), export(&b));
        let (mut spliced, others) = (lines(&a), lines(&b));
        let index = at.index(spliced.len().min(others.len()));
        prop_assume!(spliced[index] != others[index]);
        spliced[index] = others[index];
        let place = refused(&spliced.concat());
        // If all bytes before it are the same in both exports, the foreign line itself is valid,
        // and the check of the next line fails.
        let number = index as u64 + 1;
        prop_assert!([SourceLocation::Line(number), SourceLocation::Line(number + 1)].contains(&place), "{place:?}");
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err());
    }

    #[test]
    fn a_changed_part_is_always_detected(
        wholes in any_wholes(),
        at in any::<prop::sample::Index>(),
        piece in prop::collection::vec(any::<u8>(), 0..20),
        cut in 0usize..20,
    ) {
        let bytes = export(&wholes);
        let at = at.index(bytes.len());
        let end = (at + cut).min(bytes.len());
        let changed = [&bytes[..at], &piece, &bytes[end..]].concat();
        prop_assume!(changed != bytes);
        let SourceLocation::Line(line) = refused(&changed) else { panic!("no line") };
        prop_assert!(line >= line_of(&bytes, at) && line <= line_of(&bytes, end) + 1);
    }
}
