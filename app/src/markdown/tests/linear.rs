//! What a text costs grows with its length and no faster: the steps of our own code, counted
//! over the grammar of hostile texts.

use proptest::prelude::*;

use super::super::{render, work};
use super::hostile;

/// Steps for each byte of a text, at most: each byte of it is looked at by a few readers, and
/// what comes out of it (an address stands there twice, a bracket is five letters) by some more.
const STEPS_A_BYTE: usize = 60;

/// What a text may cost however short it is: an address is led to more often than it is written,
/// up to a bound of its own.
const STEPS: usize = 3 * 1024;

fn steps(text: &str) -> usize {
    work::of(|| drop(render(text, "m")))
}

/// None where the text of twice the length takes at most twice the steps.
fn grows_faster(text: &str, twice: &str) -> Option<String> {
    let (one, two) = (steps(text), steps(twice));
    let doubled = one * twice.len() * 9 / 8 / text.len().max(1) + STEPS;
    let most = STEPS_A_BYTE * twice.len() + STEPS;
    (two > doubled || two > most).then(|| {
        let begin: String = text.chars().take(60).collect();
        format!("{one} steps of {}, then {two} of {}: {begin:?}", text.len(), twice.len())
    })
}

/// Every construct with every other.
#[test]
fn all_pairs_of_constructs_cost_what_they_are_long() {
    let bad: Vec<String> = hostile::pairs(256)
        .filter_map(|pair| {
            Some(format!("{pair:?}: {}", grows_faster(&pair.text(1), &pair.text(2))?))
        })
        .collect();
    assert!(bad.is_empty(), "{} texts:\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn anything_of_the_grammar_costs_what_it_is_long(grown in hostile::texts()) {
        let bad = grows_faster(&grown.text(2_000), &grown.text(4_000));
        prop_assert!(bad.is_none(), "{}", bad.unwrap_or_default());
    }
}
