//! The reader's settings for this browser: language, theme, and the Enter key.
//!
//! They are stored in cookies, so that the server's first page respects them and no script is
//! needed.

use axum::http::{HeaderMap, HeaderValue, header};
use leptos_i18n::Locale as _;
use protocol::UtcOffset;

use crate::enter_key::EnterKey;
use crate::locale::Locale;

/// The settings of one browser; `None` leaves a setting to the browser or the product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preferences {
    pub language: Option<Locale>,
    pub theme: Option<Theme>,
    pub enter: Option<EnterKey>,
    /// The reader's UTC offset, if a script of the console has stored it.
    pub utc_offset: Option<UtcOffset>,
    /// Whether the list of conversations is hidden on wide screens, where it can be opened as on narrow
    /// ones.
    pub list_hidden: bool,
}

/// A theme that overrides that of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

const LANGUAGE: &str = "companion_language";
const THEME: &str = "companion_theme";
const ENTER: &str = "companion_enter";
const UTC_OFFSET: &str = crate::cookie::UTC_OFFSET;
const LIST: &str = crate::cookie::LIST;

/// The cookies' attributes. About 400 days is the longest time that browsers keep a cookie.
const COOKIE: &str = "; Path=/; Max-Age=34560000; SameSite=Lax";

/// Keeps a cookie from scripts.
const HTTP_ONLY: &str = "; HttpOnly";

impl Preferences {
    /// Reads the cookies of a request. Invalid values are ignored.
    pub fn of(headers: &HeaderMap) -> Self {
        let mut preferences = Self::default();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        for (name, value) in
            cookies.flat_map(|line| line.split(';')).filter_map(|c| c.split_once('='))
        {
            preferences.choose(name.trim(), value.trim());
        }
        preferences
    }

    /// Reads one setting by the name of its cookie.
    fn choose(&mut self, name: &str, value: &str) {
        match name {
            LANGUAGE => self.language = language(value),
            THEME => self.theme = theme(value),
            ENTER => self.enter = EnterKey::of(value),
            UTC_OFFSET => {
                let minutes: Option<i16> = value.parse().ok();
                self.utc_offset = minutes.and_then(|minutes| minutes.try_into().ok());
            }
            LIST => self.list_hidden = value == crate::cookie::HIDDEN,
            _ => {}
        }
    }

    /// Reads the settings from the values of a form. Invalid values are ignored.
    pub fn from_form(language_is: &str, theme_is: &str, enter_is: &str) -> Self {
        Self {
            language: language(language_is),
            theme: theme(theme_is),
            enter: EnterKey::of(enter_is),
            ..Self::default()
        }
    }

    /// The cookie that hides the list of conversations on wide screens, or shows it again. Unlike the
    /// others a script writes it, too, so scripts may see it.
    pub fn list_cookie(hidden: bool) -> HeaderValue {
        let value = if hidden { crate::cookie::HIDDEN } else { "" };
        HeaderValue::try_from(format!("{LIST}={value}{COOKIE}")).expect("both values are ASCII")
    }

    /// The attribute `data-list` of the root element.
    pub fn list(self) -> Option<&'static str> {
        self.list_hidden.then_some(crate::cookie::HIDDEN)
    }

    /// The cookies that store the settings of a form.
    pub fn cookies(self) -> [HeaderValue; 3] {
        let cookie = |name: &str, value: &str| {
            HeaderValue::try_from(format!("{name}={value}{COOKIE}{HTTP_ONLY}"))
                .expect("names and values of settings are ASCII")
        };
        [
            cookie(LANGUAGE, self.language.map_or("", |language| language.as_str())),
            cookie(THEME, self.theme.map_or("", Theme::name)),
            cookie(ENTER, self.enter.map_or("", EnterKey::name)),
        ]
    }

    /// The language of the page: the chosen one, else the first supported one of the browser's
    /// `Accept-Language`, else English.
    pub fn locale(self, headers: &HeaderMap) -> Locale {
        let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        self.language.unwrap_or_else(|| Locale::find_locale(&accepted(asked.unwrap_or_default())))
    }
}

impl Theme {
    /// Its name in the page and in the cookie.
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

fn language(name: &str) -> Option<Locale> {
    Locale::get_all().iter().copied().find(|locale| locale.as_str() == name)
}

fn theme(name: &str) -> Option<Theme> {
    [Theme::Light, Theme::Dark].into_iter().find(|theme| theme.name() == name)
}

/// The languages of an `Accept-Language`, the most preferred first, without refused ones (`q=0`).
fn accepted(value: &str) -> Vec<&str> {
    let mut languages: Vec<(u16, &str)> = Vec::new();
    for item in value.split(',') {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(1000, thousandths);
        if weight > 0 && !name.trim().is_empty() {
            languages.push((weight, name.trim()));
        }
    }
    languages.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    languages.into_iter().map(|(_, name)| name).collect()
}

/// Parses a weight between 0 and 1 as thousandths; an invalid weight counts as 0.
fn thousandths(weight: &str) -> u16 {
    let weight: f32 = weight.trim().parse().unwrap_or(0.0);
    (weight.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        lines.iter().map(|(n, v)| (n.clone(), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn preferences_round_trip_through_cookies() {
        let chosen = Preferences {
            language: Some(Locale::ja),
            theme: Some(Theme::Dark),
            enter: Some(EnterKey::Sends),
            ..Preferences::default()
        };
        for preferences in [chosen, Preferences::default()] {
            let mut headers = HeaderMap::new();
            for cookie in preferences.cookies() {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
                headers.append(header::COOKIE, HeaderValue::try_from(pair).unwrap());
            }
            assert_eq!(Preferences::of(&headers), preferences);
        }
    }

    #[test]
    fn invalid_and_foreign_cookies_are_ignored() {
        let odd = "theme=dark; companion_theme=pink; companion_language=; companion_enter; =; ;;x";
        let odd = headers(&[(header::COOKIE, odd)]);
        assert_eq!(Preferences::of(&odd), Preferences::default());
    }

    #[test]
    fn the_language_is_the_chosen_one_or_else_the_browsers_preferred_one() {
        let locale = |asked: &'static str| {
            Preferences::default().locale(&headers(&[(header::ACCEPT_LANGUAGE, asked)]))
        };
        assert_eq!(locale("ja"), Locale::ja);
        assert_eq!(locale("ja-JP,en;q=0.5"), Locale::ja);
        assert_eq!(locale("en-GB, ja;q=0.9"), Locale::en);
        assert_eq!(locale("ja;q=0.3, en;q=0.8"), Locale::en);
        assert_eq!(locale("fr, ja;q=0.2"), Locale::ja);
        assert_eq!(locale("ja;q=0, fr"), Locale::en);
        for nothing in ["", "*", ";;;,", "q=1", "ja;q=x", "zz-Zzzz-ZZ"] {
            assert_eq!(locale(nothing), Locale::en, "{nothing}");
        }
        let chosen = Preferences { language: Some(Locale::en), ..Preferences::default() };
        assert_eq!(chosen.locale(&headers(&[(header::ACCEPT_LANGUAGE, "ja")])), Locale::en);
    }
}
