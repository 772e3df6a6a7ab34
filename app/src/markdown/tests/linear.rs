//! Checks that the cost of rendering grows no faster than the length of the text. It counts the
//! steps of our own code, for texts of the grammar in [`hostile`].

use proptest::prelude::*;

use super::super::{render, work};
use super::hostile;

/// Steps for each byte of a text, at most: several functions read each byte of the text, and more
/// of them read the HTML that it becomes, which is longer (an address is written into it twice, and
/// a `<` as `&lt;`).
const STEPS_A_BYTE: usize = 60;

/// Steps that a text may take however short it is: links may repeat an address that is written
/// once, up to the bound of `bounds.rs`.
const STEPS: usize = 3 * 1024;

fn steps(text: &str) -> usize {
    work::of(|| drop(render(text, "m")))
}

/// Describes a text whose steps grow faster than its length; none for one whose steps about double
/// with its length. A text can come to mean something else when it becomes longer (an odd number of
/// code fences leaves the last one open), and then cost more for each byte, but only once. So a
/// jump from one to two times the length counts only when there is another one from two to four
/// times.
fn grows_faster(times: impl Fn(usize) -> String) -> Option<String> {
    let [text, twice] = [1, 2].map(&times);
    let (one, two) = (steps(&text), steps(&twice));
    let doubled =
        |steps: usize, from: &str, to: &str| steps * to.len() * 9 / 8 / from.len().max(1) + STEPS;
    let jumps = two > doubled(one, &text, &twice) && {
        let four = times(4);
        steps(&four) > doubled(two, &twice, &four)
    };
    (jumps || two > STEPS_A_BYTE * twice.len() + STEPS).then(|| {
        let begin: String = text.chars().take(60).collect();
        format!("{one} steps of {}, then {two} of {}: {begin:?}", text.len(), twice.len())
    })
}

/// Every construct with every other.
#[test]
fn all_pairs_of_constructs_cost_what_they_are_long() {
    let bad: Vec<String> = hostile::pairs(256)
        .filter_map(|pair| Some(format!("{pair:?}: {}", grows_faster(|times| pair.text(times))?)))
        .collect();
    assert!(bad.is_empty(), "{} texts:\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn anything_of_the_grammar_costs_what_it_is_long(grown in hostile::texts()) {
        let bad = grows_faster(|times| grown.text(2_000 * times));
        prop_assert!(bad.is_none(), "{}", bad.unwrap_or_default());
    }
}
