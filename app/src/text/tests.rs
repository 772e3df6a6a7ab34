//! Checks that the languages match. A missing key already fails the build.

use std::collections::BTreeMap;

use leptos::serde_json::{self, Value};

type Words = BTreeMap<String, Value>;

const EN: &str = include_str!("../../locales/en.json");
const JA: &str = include_str!("../../locales/ja.json");

/// Texts that are the same in both languages, or contain only punctuation.
const SAME: [&str; 6] = [
    "export_json",
    "export_markdown",
    "export_text",
    "fact_top_p",
    "import_refused_title",
    "left_out_kind",
];

fn words(file: &str) -> Words {
    serde_json::from_str(file).unwrap()
}

/// The names between the braces of a text, sorted.
fn arguments(text: &Value) -> Vec<&str> {
    let pieces = text.as_str().unwrap().split("{{").skip(1);
    let mut names: Vec<_> = pieces.map(|piece| piece.split("}}").next().unwrap().trim()).collect();
    names.sort_unstable();
    names
}

/// `frontend/index.html` cannot use the locales, so it repeats some of their texts.
#[test]
fn index_html_has_the_same_texts_as_the_locales() {
    let page = include_str!("../../../frontend/index.html");
    for (name, words) in [("en", words(EN)), ("ja", words(JA))] {
        let (loading, again) = (&words["loading"], &words["remedy_reload"]);
        let (loading, again) = (loading.as_str().unwrap(), again.as_str().unwrap());
        assert!(page.contains(&format!("lang=\"{name}\" hidden>{loading}</p>")), "{loading}");
        assert!(page.contains(&format!("<a class=\"button\" href=\"\">{again}</a>")), "{again}");
    }
}

#[test]
fn both_languages_have_the_same_keys_and_arguments() {
    let (en, ja) = (words(EN), words(JA));
    assert!(en.keys().eq(ja.keys()));
    for (key, text) in &en {
        assert_eq!(arguments(text), arguments(&ja[key]), "{key}");
    }
}

#[test]
fn every_text_is_translated() {
    let (en, ja) = (words(EN), words(JA));
    let japanese = |text: &str| text.chars().any(|c| ('\u{3040}'..'\u{a000}').contains(&c));
    for key in en.keys().filter(|key| !SAME.contains(&key.as_str())) {
        assert!(japanese(ja[key].as_str().unwrap()), "{key}");
        assert!(!japanese(en[key].as_str().unwrap()), "{key}");
    }
}
