//! Checks that the cost of rendering grows no faster than the length of the text. Counts the steps
//! of our own code, for texts of the grammar in [`hostile`].

use proptest::prelude::*;

use super::super::{render, work};
use super::hostile::{self, Size};

/// The most steps per byte of a text: several functions read each byte of the text, and more of
/// them read its HTML, which is longer (an address is written twice, and `<` becomes `&lt;`).
const STEPS_A_BYTE: usize = 60;

/// Steps that any text may take, however short: links may repeat an address that is written once,
/// up to the limit in `bounds.rs`.
const STEPS: usize = 3 * 1024;

fn steps(text: &str) -> usize {
    work::of(|| drop(render(text, "m")))
}

/// Describes a text whose steps grow faster than its length; `None` if they about double with it. A
/// text can get another meaning when it becomes longer, and then cost more per byte, but only once.
/// So a jump from one to two times the length counts only if there is another one from two to four
/// times.
///
/// The meaning of a text can also depend on whether it repeats something an odd number of times,
/// because its last code fence is open then. So each length stands for two texts, one of which has
/// one repetition more, and the one with more steps counts.
fn grows_faster(text: impl Fn(Size) -> String, bytes: usize) -> Option<String> {
    let worst = |times: usize| {
        let texts = [0, 1].map(|more| text(Size { bytes: bytes * times, more }));
        let [one, other] = texts.map(|text| (steps(&text), text));
        if one.0 < other.0 { other } else { one }
    };
    let (one, two) = (worst(1), worst(2));
    let faster = |(before, from): &(usize, String), (after, to): &(usize, String)| {
        *after > before * to.len() * 9 / 8 / from.len().max(1) + STEPS
    };
    let jumps = faster(&one, &two) && faster(&two, &worst(4));
    (jumps || two.0 > STEPS_A_BYTE * two.1.len() + STEPS).then(|| {
        let ((one, text), (two, twice)) = (one, two);
        let begin: String = text.chars().take(60).collect();
        format!("{one} steps of {}, then {two} of {}: {begin:?}", text.len(), twice.len())
    })
}

/// Every construct paired with every other.
#[test]
fn the_cost_of_every_pair_of_constructs_is_linear() {
    let bad: Vec<String> = hostile::pairs()
        .filter_map(|pair| {
            let grows = grows_faster(|size| pair.text(size), 256)?;
            Some(format!("{pair:?}: {grows}"))
        })
        .collect();
    assert!(bad.is_empty(), "{} texts:\n{}", bad.len(), bad[..bad.len().min(20)].join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_cost_of_any_text_of_the_grammar_is_linear(grown in hostile::texts()) {
        let bad = grows_faster(|size| grown.text(size), 2_000);
        prop_assert!(bad.is_none(), "{}", bad.unwrap_or_default());
    }
}
