//! A table of the configuration file, with the line numbers of it and its settings.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::problem::Problem;

/// Converts positions in a file to line numbers.
#[derive(Clone, Copy)]
pub struct Lines<'t> {
    /// The file's path as the user named it.
    pub path: &'t Path,
    /// The file's content.
    pub text: &'t str,
}

impl Lines<'_> {
    /// The number of the line that contains the byte `at`.
    pub fn of(&self, at: usize) -> usize {
        1 + self.text[..at.min(self.text.len())].matches('\n').count()
    }

    /// The file's path and the line that contains the byte `at`.
    pub fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path.display(), self.of(at))
    }
}

/// A table of the file, or another value in a table's place.
pub struct Found<'t> {
    /// The file that the table is in.
    pub lines: Lines<'t>,
    /// The parsed table with its position in the file.
    pub value: Spanned<DeValue<'t>>,
}

impl<'t> Found<'t> {
    /// Where the table begins.
    pub fn place(&self) -> String {
        self.lines.place(self.value.span().start)
    }

    /// Where the setting `key` is; without one, where the table begins.
    pub fn place_of(&self, key: &str) -> String {
        self.places().remove(key).unwrap_or_else(|| self.place())
    }

    /// Where each setting is.
    pub fn places(&self) -> BTreeMap<String, String> {
        let DeValue::Table(table) = self.value.get_ref() else { return BTreeMap::new() };
        let keys = table.keys();
        keys.map(|key| (key.get_ref().to_string(), self.lines.place(key.span().start))).collect()
    }

    /// Whether the table has the setting `key`.
    pub fn has(&self, key: &str) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(table) if table.contains_key(key))
    }

    /// Removes a list of tables from it and returns them. Another value under `key` stays.
    pub fn take_tables(&mut self, key: &str) -> Vec<Self> {
        let DeValue::Table(table) = self.value.get_mut() else { return Vec::new() };
        let is_list = matches!(table.get(key).map(Spanned::get_ref), Some(DeValue::Array(_)));
        let found = is_list.then(|| table.remove(key)).flatten().map(Spanned::into_inner);
        let Some(DeValue::Array(tables)) = found else { return Vec::new() };
        tables.into_iter().map(|value| Self { lines: self.lines, value }).collect()
    }

    /// Deserializes the table. A problem names its line.
    pub fn read<T: Deserialize<'t>>(&self) -> Result<T, Problem> {
        let read = T::deserialize(ValueDeserializer::from(self.value.clone()));
        read.map_err(|error| Problem {
            place: error.span().map_or_else(|| self.place(), |at| self.lines.place(at.start)),
            message: error.message().to_owned(),
        })
    }

    /// A problem with the setting `key`.
    pub fn problem(&self, key: &str, message: impl Into<String>) -> Problem {
        Problem { place: self.place_of(key), message: message.into() }
    }
}
