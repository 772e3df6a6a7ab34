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

/// None where the text of twice the length takes at most twice the steps. A text may come to mean
/// something else when it grows (an even number of fences is not an odd one) and cost more for
/// each byte from there on, once; what grows faster than its text does so from twice to four
/// times, too.
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
