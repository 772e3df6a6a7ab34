//! The file with the owner's prices of models. It is read and checked as a whole when the server
//! starts.
//!
//! ```toml
//! currency = "EUR"
//!
//! [[price]]
//! provider = "openai"               # without it, for all providers
//! model = "gpt-4o*"                 # a name, or the beginning of names
//! input_per_million = 2.50
//! cached_input_per_million = 1.25   # without it, the same as other input
//! output_per_million = 10
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use files::{PIPE_PATIENCE, read_text};
use protocol::{Amount, ProviderName};
use runtime::prices::{ModelPrice, Prices};
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::layer::distance;
use super::problem::{Problem, Problems};
use super::table::{Found, Lines};

/// The most bytes of the file, and the most prices in it; each model is compared with all of them.
const FILE_BYTES: u64 = 1024 * 1024;
const MOST: usize = 2048;
/// The longest name of a currency.
const CURRENCY_CHARS: usize = 12;

const CURRENCY: &str = "currency";
const PRICE: &str = "price";

/// A table of the file. Its numbers are read as they are written, because the floating-point numbers of
/// the parser are not exact.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    provider: Option<ProviderName>,
    model: String,
    #[serde(rename = "input_per_million")]
    _input: IgnoredAny,
    #[serde(rename = "output_per_million")]
    _output: IgnoredAny,
    #[serde(rename = "cached_input_per_million")]
    cached: Option<IgnoredAny>,
}

/// Reads the file; `place` names the setting that names it. `None` if there are problems, which are
/// added.
pub fn read(path: &Path, place: &str, problems: &mut Problems) -> Option<Prices> {
    let read = read_text(path, FILE_BYTES, PIPE_PATIENCE);
    let text = read.map_err(|error| {
        let message = format!("{} cannot be read: {error}", path.display());
        problems.add(Problem { place: place.to_owned(), message });
    });
    let text = text.ok()?;
    let mut found = Problems::default();
    let prices = of_text(Lines { path, text: &text }, &mut found);
    let sound = found.0.is_empty();
    found.0.into_iter().for_each(|problem| problems.add(problem));
    sound.then_some(prices)
}

fn of_text(lines: Lines<'_>, problems: &mut Problems) -> Prices {
    let mut prices = Prices { currency: String::new(), models: Vec::new() };
    let (parsed, errors) = DeTable::parse_recoverable(lines.text);
    for error in &errors {
        let place = lines.place(error.span().map_or(0, |span| span.start));
        problems.add(Problem { place, message: error.message().to_owned() });
    }
    if !errors.is_empty() {
        return prices;
    }
    let mut has_currency = false;
    let mut tables = Vec::new();
    for (key, value) in parsed.into_inner() {
        let place = lines.place(key.span().start);
        match (key.get_ref().as_ref(), value.get_ref()) {
            (CURRENCY, DeValue::String(name)) => {
                has_currency = true;
                match currency(name) {
                    Ok(name) => prices.currency = name,
                    Err(message) => problems.add(Problem { place, message }),
                }
            }
            (CURRENCY, _) => {
                has_currency = true;
                problems.add(Problem { place, message: "currency: expected a text".to_owned() });
            }
            (PRICE, DeValue::Array(_)) => {
                let DeValue::Array(all) = value.into_inner() else { continue };
                tables.extend(all.into_iter().map(|value| Found { lines, value }));
            }
            (PRICE, _) => {
                let message = "price: expected tables [[price]]".to_owned();
                problems.add(Problem { place, message });
            }
            (name, _) => {
                let near = [CURRENCY, PRICE].into_iter().find(|known| distance(name, known) <= 2);
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                let message = format!("{name}: there is no such setting of prices{near}");
                problems.add(Problem { place, message });
            }
        }
    }
    if !has_currency {
        let message = "currency is missing, such as currency = \"EUR\" at the top".to_owned();
        problems.add(Problem { place: lines.place(0), message });
    }
    models(tables, &mut prices.models, problems);
    prices
}

fn currency(name: &str) -> Result<String, String> {
    let name = name.trim();
    let fits = (1..=CURRENCY_CHARS).contains(&name.chars().count());
    match fits && !name.chars().any(char::is_control) {
        true => Ok(name.to_owned()),
        false => Err(format!("currency: expected a text of 1 to {CURRENCY_CHARS} characters")),
    }
}

fn models(tables: Vec<Found<'_>>, models: &mut Vec<ModelPrice>, problems: &mut Problems) {
    let mut places = BTreeMap::new();
    for (at, found) in tables.into_iter().enumerate() {
        if at == MOST {
            let message = format!("there are more than {MOST} prices");
            problems.add(Problem { place: found.place(), message });
            return;
        }
        let price = match price(&found) {
            Ok(price) => price,
            Err(problem) => {
                problems.add(problem);
                continue;
            }
        };
        let name = (price.provider.clone(), price.model.clone());
        let place = found.place_of("model");
        if let Some(before) = places.insert(name, place) {
            let message = format!("model: {:?} has a price already, at {before}", price.model);
            problems.add(found.problem("model", message));
        } else {
            models.push(price);
        }
    }
}

fn price(found: &Found<'_>) -> Result<ModelPrice, Problem> {
    let Table { provider, model, cached, .. } = found.read()?;
    let beginning = model.strip_suffix('*').unwrap_or(&model);
    if model.is_empty() || beginning.contains('*') || model.trim() != model {
        let message = format!(
            "model: {model:?} is neither a name nor the beginning of names with a * after it"
        );
        return Err(found.problem("model", message));
    }
    let cached = cached.map(|_| amount(found, "cached_input_per_million")).transpose()?;
    Ok(ModelPrice {
        input: amount(found, "input_per_million")?,
        output: amount(found, "output_per_million")?,
        cached_input: cached,
        provider,
        model,
    })
}

/// The price under `key`, exactly as it is written.
fn amount(found: &Found<'_>, key: &str) -> Result<Amount, Problem> {
    let written = match found.value.get_ref() {
        DeValue::Table(table) => match table.get(key).map(Spanned::get_ref) {
            Some(DeValue::Integer(number)) => number.to_string(),
            Some(DeValue::Float(number)) => number.to_string(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let most: Amount = "1000000".parse().expect("the constant is a number");
    let fits = |amount: &Amount| *amount <= most && amount.of_tokens(1).is_some();
    written.parse().ok().filter(fits).ok_or_else(|| {
        let message = format!(
            "{key}: expected a number from 0 to 1000000 with at most six decimal places, such as 0.15"
        );
        found.problem(key, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Prices, String> {
        let mut problems = Problems::default();
        let prices = of_text(Lines { path: Path::new("prices.toml"), text }, &mut problems);
        problems.none_or().map(|()| prices).map_err(|problems| problems.to_string())
    }

    /// A price with one line changed.
    fn with(from: &str, to: &str) -> Result<Prices, String> {
        let text = "currency = \"EUR\"\n[[price]]\nprovider = \"openai\"\nmodel = \"gpt-4o*\"\n\
                    input_per_million = 2.50\ncached_input_per_million = 1.25\n\
                    output_per_million = 10\n";
        assert!(text.contains(from), "{from}");
        checked(&text.replacen(from, to, 1))
    }

    #[test]
    fn prices_are_read_exactly_as_they_are_written() {
        let prices = with("", "").unwrap();
        assert_eq!(prices.currency, "EUR");
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        let expected = ModelPrice {
            provider: Some("openai".parse().unwrap()),
            model: "gpt-4o*".to_owned(),
            input: amount("2.5"),
            cached_input: Some(amount("1.25")),
            output: amount("10"),
        };
        assert_eq!(prices.models, [expected]);
        let third = with("2.50", "0.333333").unwrap();
        assert_eq!(third.models[0].input, amount("0.333333"));
        let free = with("2.50", "0").unwrap();
        assert_eq!(free.models[0].input, amount("0"));
        let all = with("provider = \"openai\"\n", "").unwrap();
        assert_eq!(all.models[0].provider, None);
        assert_eq!(checked("currency = \"円\"").unwrap().models, []);
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        for (from, to, expected) in [
            ("2.50", "-2.50", "prices.toml:5: input_per_million: expected a number from 0"),
            ("2.50", "\"2.50\"", "prices.toml:5: input_per_million: expected a number"),
            ("2.50", "nan", "prices.toml:5: input_per_million: expected a number"),
            ("2.50", "inf", "prices.toml:5: input_per_million: expected a number"),
            ("2.50", "1e-3", "prices.toml:5: input_per_million: expected a number"),
            ("2.50", "0x10", "prices.toml:5: input_per_million: expected a number"),
            ("2.50", "0.1234567", "at most six decimal places"),
            ("2.50", "1000000.1", "from 0 to 1000000"),
            ("1.25", "true", "prices.toml:6: cached_input_per_million: expected a number"),
            ("output_per_million", "output_per_milion", "prices.toml:7: unknown field"),
            ("output_per_million = 10\n", "", "missing field `output_per_million`"),
            ("model = \"gpt-4o*\"\n", "", "missing field `model`"),
            ("gpt-4o*", "*4o*", "prices.toml:4: model: \"*4o*\" is neither"),
            ("gpt-4o*", "", "prices.toml:4: model: \"\" is neither"),
            ("gpt-4o*", " gpt", "prices.toml:4: model: \" gpt\" is neither"),
            ("\"openai\"", "\"Open AI\"", "prices.toml:3: "),
            ("currency = \"EUR\"\n", "", "prices.toml:1: currency is missing"),
            ("\"EUR\"", "\"\"", "prices.toml:1: currency: expected a text of 1 to 12"),
            ("\"EUR\"", "5", "prices.toml:1: currency: expected a text"),
            ("currency", "curency", "curency: there is no such setting of prices; did you mean"),
            ("[[price]]", "[price]", "prices.toml:2: price: expected tables"),
            ("[[price]]", "[[price", "prices.toml:2: "),
        ] {
            let told = with(from, to).unwrap_err();
            assert!(told.contains(expected), "{from:?} {to:?}: {told}");
        }
    }

    #[test]
    fn a_model_has_one_price() {
        let price = |model: &str, provider: &str| {
            format!(
                "[[price]]\nmodel = \"{model}\"\n{provider}input_per_million = 1\n\
                 output_per_million = 1\n"
            )
        };
        let (one, other) = (price("a", ""), price("a", "provider = \"openai\"\n"));
        let both = format!("currency = \"EUR\"\n{one}{other}");
        assert_eq!(checked(&both).unwrap().models.len(), 2);
        let told = checked(&format!("{both}{one}")).unwrap_err();
        assert!(told.contains("\"a\" has a price already, at prices.toml:3"), "{told}");
    }
}
