//! The model's tokens, as far as prompts and answers need them.

use std::collections::HashMap;

use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;
use llama_cpp_2::token_type::LlamaTokenAttr;
use llama_cpp_2::vocab::LlamaVocab;
use model_io::thinking::is_mark;

/// Tokenizes text.
pub(crate) trait Vocabulary {
    /// Adds the tokens of `text`. None of them is a control token, whatever the text is.
    fn plain(&self, text: &str, into: &mut Vec<LlamaToken>);
    /// The tokens that stand for marks and not for text.
    fn specials(&self) -> &Specials;
    /// The token that every prompt of this model begins with, if there is one.
    fn first(&self) -> Option<LlamaToken>;
}

/// A token that stands for a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Special {
    pub(crate) token: LlamaToken,
    /// Invariant: not empty.
    pub(crate) text: String,
    /// White space before it belongs to it.
    pub(crate) strips_left: bool,
    /// White space after it belongs to it.
    pub(crate) strips_right: bool,
    /// Whether the engine recognizes this token in text even when it parses no special tokens.
    pub(crate) in_plain_text: bool,
}

/// Finds special tokens in text.
#[derive(Debug, Default)]
pub(crate) struct Specials {
    /// Grouped by the first byte of the text; the longest first.
    by_first_byte: std::collections::BTreeMap<u8, Vec<Special>>,
}

impl Specials {
    pub(crate) fn new(specials: impl IntoIterator<Item = Special>) -> Self {
        let mut found = Self::default();
        for special in specials {
            if let Some(first) = special.text.bytes().next() {
                found.by_first_byte.entry(first).or_default().push(special);
            }
        }
        for list in found.by_first_byte.values_mut() {
            list.sort_by_key(|special| std::cmp::Reverse(special.text.len()));
        }
        found
    }

    /// The leftmost special token in `text` and its position; the longest, if several begin there.
    pub(crate) fn find(&self, text: &str) -> Option<(usize, &Special)> {
        text.char_indices().find_map(|(at, _)| {
            let rest = &text[at..];
            let list = self.by_first_byte.get(rest.as_bytes().first()?)?;
            list.iter().find(|special| rest.starts_with(&special.text)).map(|found| (at, found))
        })
    }

    /// The text of a token, if it is a special one.
    pub(crate) fn text_of(&self, token: LlamaToken) -> Option<&str> {
        let mut all = self.by_first_byte.values().flatten();
        all.find(|special| special.token == token).map(|special| special.text.as_str())
    }

    /// The special tokens that the engine recognizes in plain text, too.
    pub(crate) fn in_plain_text(&self) -> impl Iterator<Item = &Special> {
        self.by_first_byte.values().flatten().filter(|special| special.in_plain_text)
    }
}

/// The vocabulary of a loaded model.
pub(crate) struct ModelVocabulary<'model> {
    vocab: LlamaVocab<'model>,
    specials: Specials,
    /// Control tokens that mark thinking.
    thinking: HashMap<LlamaToken, String>,
}

impl<'model> ModelVocabulary<'model> {
    pub(crate) fn new(model: &'model LlamaModel) -> Self {
        let vocab = model.vocab();
        let specials: Vec<Special> =
            vocab.tokens().filter_map(|token| special(&vocab, token)).collect();
        let has = |text: &str| specials.iter().any(|special| special.text == text);
        let marks = specials.iter().filter(|special| is_mark(&special.text, has));
        let thinking = marks.map(|special| (special.token, special.text.clone())).collect();
        Self { vocab, specials: Specials::new(specials), thinking }
    }

    /// The number of tokens in the vocabulary.
    pub(crate) fn size(&self) -> i32 {
        self.vocab.n_tokens()
    }

    /// Whether the model ends its answer with `token`.
    pub(crate) fn ends(&self, token: LlamaToken) -> bool {
        self.vocab.is_eog(token)
    }

    /// The bytes that `token` adds to the answer; none for a mark, except for the marks of
    /// thinking.
    pub(crate) fn bytes(&self, token: LlamaToken) -> Vec<u8> {
        match self.thinking.get(&token) {
            Some(mark) => mark.clone().into_bytes(),
            None => self.vocab.token_to_piece(token, false, None),
        }
    }

    /// The texts of the tokens that begin and end a sequence; empty if the model has none.
    pub(crate) fn begin_and_end(&self) -> (String, String) {
        (self.text(self.vocab.bos()), self.text(self.vocab.eos()))
    }

    fn text(&self, token: LlamaToken) -> String {
        self.known(token)
            .and_then(|token| self.vocab.text(token))
            .map_or_else(String::new, |text| text.to_string_lossy().into_owned())
    }

    /// `token`, if the vocabulary has it. The engine would abort the process for another one.
    fn known(&self, token: LlamaToken) -> Option<LlamaToken> {
        (0..self.vocab.n_tokens()).contains(&token.0).then_some(token)
    }
}

impl Vocabulary for ModelVocabulary<'_> {
    fn plain(&self, text: &str, into: &mut Vec<LlamaToken>) {
        into.extend(self.vocab.tokenize(text.as_bytes(), false, false));
    }

    fn specials(&self) -> &Specials {
        &self.specials
    }

    fn first(&self) -> Option<LlamaToken> {
        self.vocab.should_add_bos().then(|| self.known(self.vocab.bos())).flatten()
    }
}

fn special(vocab: &LlamaVocab<'_>, token: LlamaToken) -> Option<Special> {
    let attributes = vocab.attr(token);
    let has = |attribute| attributes.contains(attribute);
    let in_plain_text = has(LlamaTokenAttr::UserDefined);
    if !(in_plain_text || has(LlamaTokenAttr::Control) || has(LlamaTokenAttr::Unknown)) {
        return None;
    }
    Some(Special {
        token,
        text: vocab.text(token)?.to_str().ok()?.to_owned(),
        strips_left: has(LlamaTokenAttr::LStrip),
        strips_right: has(LlamaTokenAttr::RStrip),
        in_plain_text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(id: i32, text: &str) -> Special {
        Special {
            token: LlamaToken::new(id),
            text: text.into(),
            strips_left: false,
            strips_right: false,
            in_plain_text: id > 9,
        }
    }

    #[test]
    fn the_leftmost_and_longest_special_token_is_found() {
        let specials = Specials::new([
            special(1, "<|im|>"),
            special(2, "<|im|>x"),
            special(3, "é"),
            special(4, ""),
            special(10, "\n\n"),
        ]);
        let found = |text| specials.find(text).map(|(at, special)| (at, special.token.0));
        assert_eq!(found("日本 <|im|>xy é"), Some((7, 2)));
        assert_eq!(found("aé<|im|>"), Some((1, 3)));
        assert_eq!(found("<|im|"), None);
        assert_eq!(found(""), None);
        let plain: Vec<i32> = specials.in_plain_text().map(|special| special.token.0).collect();
        assert_eq!(plain, [10]);
    }
}
