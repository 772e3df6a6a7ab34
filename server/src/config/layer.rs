//! Reads the three sources of settings into the same form.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ArgMatches;
use clap::parser::ValueSource;
use serde::Deserialize as _;
use toml::Spanned;
use toml::Value;
use toml::de::{DeTable, DeValue};

use super::endpoints;
use super::problem::{Problem, Problems};
use super::settings::{Setting, Settings};
use super::table::{Found, Lines};

/// The source of a setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// No source sets it.
    Default,
    /// The configuration file.
    File {
        /// The file's path as it was found or named.
        path: Arc<Path>,
        /// The line of the setting, from 1.
        line: usize,
    },
    /// A variable `COMPANION_...`.
    Environment,
    /// The command line.
    Flag,
}

impl Origin {
    /// The name of the setting `key` in this source: the flag, the variable, or the line of the
    /// file.
    pub fn place(&self, key: &str) -> String {
        let setting = || Setting {
            key: key.to_owned(),
            heading: String::new(),
            help: String::new(),
            flag: true,
        };
        match self {
            Self::Default => key.to_owned(),
            Self::File { path, line } => format!("{}:{line}: {key}", path.display()),
            Self::Environment => setting().variable(),
            Self::Flag => setting().flag(),
        }
    }
}

/// The settings from one source.
pub type Layer = BTreeMap<String, (Value, Origin)>;

/// Reads the text of a configuration file. `path` is how the user named the file; `folder` is where
/// it is.
pub fn file<'t>(
    path: &'t Path,
    folder: &Path,
    text: &'t str,
    all: &[Setting],
    problems: &mut Problems,
) -> (Layer, Vec<Found<'t>>) {
    let lines = Lines { path, text };
    let (spans, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        problems.add(Problem { place, message: error.message().to_owned() });
    }
    let (true, Ok(mut values)) = (errors.is_empty(), text.parse::<toml::Table>()) else {
        return (Layer::new(), Vec::new());
    };
    values.remove(endpoints::KEY);
    let endpoints = endpoint_tables(&spans, lines);
    let path: Arc<Path> = path.into();
    let mut layer = Layer::new();
    for key in spans.get_ref().keys() {
        let name = key.get_ref().as_ref();
        let origin = Origin::File { path: path.clone(), line: lines.of(key.span().start) };
        let Some(value) = values.remove(name) else {
            continue;
        };
        if !all.iter().any(|setting| setting.key == name) {
            problems.add(Problem::with_setting(name, &origin, unknown(name, all)));
        } else if let Err(message) = fits(name, &value) {
            problems.add(Problem::with_setting(name, &origin, message));
        } else {
            layer.insert(name.to_owned(), (beside_the_file(value, name, folder), origin));
        }
    }
    (layer, endpoints)
}

/// The `[[endpoint]]` tables.
fn endpoint_tables<'t>(spans: &Spanned<DeTable<'t>>, lines: Lines<'t>) -> Vec<Found<'t>> {
    let Some(value) = spans.get_ref().get(endpoints::KEY).cloned() else { return Vec::new() };
    match value.get_ref() {
        DeValue::Array(tables) => {
            tables.iter().map(|table| Found { lines, value: table.clone() }).collect()
        }
        // This is not a list of tables; reading it as one reports the problem.
        _ => vec![Found { lines, value }],
    }
}

/// Reads the `COMPANION_*` variables; an empty one counts as not set.
pub fn environment(
    get: &dyn Fn(&str) -> Option<OsString>,
    all: &[Setting],
    problems: &mut Problems,
) -> Layer {
    let mut layer = Layer::new();
    for setting in all {
        let variable = setting.variable();
        let Some(text) = get(&variable).filter(|text| !text.is_empty()) else {
            continue;
        };
        let Some(text) = text.to_str() else {
            problems.add(Problem { place: variable, message: "not UTF-8 text".to_owned() });
            continue;
        };
        match from_text(&setting.key, text) {
            Ok(value) => drop(layer.insert(setting.key.clone(), (value, Origin::Environment))),
            Err(message) => problems.add(Problem { place: variable, message }),
        }
    }
    layer
}

/// Reads the flags of the command line. Clap has checked the type of each.
pub fn flags(matches: &ArgMatches, all: &[Setting], problems: &mut Problems) -> Layer {
    let given = |key: &str| matches.value_source(key) == Some(ValueSource::CommandLine);
    let mut layer = Layer::new();
    for setting in all.iter().filter(|setting| setting.flag && given(&setting.key)) {
        let texts: Vec<String> = matches
            .get_raw(&setting.key)
            .map(|raw| raw.map(|text| text.to_string_lossy().into_owned()).collect())
            .unwrap_or_default();
        match from_text(&setting.key, &texts.join(",")) {
            Ok(value) => drop(layer.insert(setting.key.clone(), (value, Origin::Flag))),
            Err(message) => problems.add(Problem { place: setting.flag(), message }),
        }
    }
    layer
}

/// Checks that `value` is valid for the setting `key`.
fn fits(key: &str, value: &Value) -> Result<(), String> {
    let table = toml::Table::from_iter([(key.to_owned(), value.clone())]);
    Settings::deserialize(table).map(drop).map_err(|error| error.message().to_owned())
}

/// Flags and variables are text: it becomes a number, true or false if the setting is that, and
/// otherwise stays text.
fn from_text(key: &str, text: &str) -> Result<Value, String> {
    let number = text.parse().ok().map(Value::Integer);
    let truth = text.parse().ok().map(Value::Boolean);
    let typed = number.or(truth).filter(|value| fits(key, value).is_ok());
    let value = typed.unwrap_or_else(|| Value::String(text.to_owned()));
    fits(key, &value).map(|()| value)
}

/// Makes a relative path in the file relative to the file's folder, whatever the working folder is.
fn beside_the_file(value: Value, key: &str, folder: &Path) -> Value {
    let is_path =
        key.ends_with("_dir") || key.ends_with("_file") || matches!(key, "tls_cert" | "tls_key");
    match &value {
        Value::String(path) if is_path => {
            let path: PathBuf = folder.join(path);
            path.to_str().map_or(value.clone(), |path| Value::String(path.to_owned()))
        }
        _ => value,
    }
}

fn unknown(name: &str, all: &[Setting]) -> String {
    if name == "api_key" {
        return "a key does not belong in this file; put it into a file of its own and name \
                that with api_key_file, or set COMPANION_API_KEY"
            .to_owned();
    }
    if name == "oidc_client_secret" {
        return "a secret does not belong in this file; put it into a file of its own and name \
                that with oidc_client_secret_file, or set COMPANION_OIDC_CLIENT_SECRET"
            .to_owned();
    }
    let near = all.iter().map(|setting| (distance(name, &setting.key), &setting.key)).min();
    match near.filter(|(distance, _)| *distance <= 2) {
        Some((_, near)) => format!("there is no such setting; did you mean {near}?"),
        None => "there is no such setting; companion.example.toml lists them all".to_owned(),
    }
}

/// The Levenshtein distance, over bytes.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let changed = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_the_number_of_edits() {
        for (a, b, edits) in
            [("", "", 0), ("stal_ms", "stall_ms", 1), ("abc", "", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(a, b), edits, "{a} {b}");
        }
    }
}
