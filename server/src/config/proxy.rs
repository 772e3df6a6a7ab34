//! The setting for an endpoint's proxy.

use std::ffi::OsString;

use provider::Secret;
use provider_openai::{ProxySetting, ProxyVariables};
use serde::{Deserialize, Serialize, Serializer};

/// The value that leaves the choice to the environment variables.
const ENVIRONMENT: &str = "environment";

/// The setting's text. It may contain a login, so it is never printed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct ProxyText(Secret);

impl From<String> for ProxyText {
    fn from(text: String) -> Self {
        Self(Secret::new(&text))
    }
}

impl Serialize for ProxyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.shown())
    }
}

impl ProxyText {
    /// Parses the setting. The error says what is wrong without quoting the text.
    pub fn read(
        &self,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<ProxySetting, String> {
        let setting = if self.0.reveal() == ENVIRONMENT {
            let variables = ProxyVariables::read(|name| variable(name)?.into_string().ok());
            ProxySetting::Environment(variables)
        } else {
            ProxySetting::Address(self.0.clone())
        };
        setting.check().map(|()| setting).map_err(|error| error.to_string())
    }

    /// The address without its login.
    pub fn shown(&self) -> String {
        let text = self.0.reveal();
        let (scheme, place) = text.split_once("://").unwrap_or(("", text));
        let Some((_, host)) = place.rsplit_once('@') else { return text.to_owned() };
        if scheme.is_empty() { format!("***@{host}") } else { format!("{scheme}://***@{host}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_login_is_not_shown() {
        for (text, shown) in [
            ("environment", "environment"),
            ("http://proxy:3128", "http://proxy:3128"),
            ("http://me:p@ss@proxy:3128", "http://***@proxy:3128"),
            ("me:secret@proxy", "***@proxy"),
        ] {
            let text = ProxyText::from(text.to_owned());
            assert_eq!(text.shown(), shown);
            assert!(!format!("{text:?}").contains("secret"));
        }
    }

    #[test]
    fn proxy_variables_are_read_only_for_the_value_environment() {
        let variable = |name: &str| (name == "https_proxy").then(|| "http://proxy:1".into());
        let read = |text: &str| ProxyText::from(text.to_owned()).read(&variable);
        assert!(matches!(read("environment"), Ok(ProxySetting::Environment(_))));
        assert!(matches!(read("http://other:1"), Ok(ProxySetting::Address(_))));
        let error = read("ftp://me:hunter2@proxy").unwrap_err();
        assert!(
            error.starts_with("proxy must begin with") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
