//! Who is let in, by the claims that the provider makes about them.

use std::fmt;

use serde_json::Value;

/// The claims about a person, as the provider made them.
pub type Claims = serde_json::Map<String, Value>;

/// A rule `claim=value`. The value `*` is any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRule {
    claim: String,
    /// `None` is any.
    value: Option<String>,
}

/// A text is no rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no rule: expected claim=value, such as \"groups=chat\", or \"sub=*\" for everybody"
)]
pub struct RuleError(String);

impl ClaimRule {
    /// Reads a rule. White space around both parts does not count.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let error = || RuleError(text.to_owned());
        let (claim, value) = text.split_once('=').ok_or_else(error)?;
        let (claim, value) = (claim.trim(), value.trim());
        if claim.is_empty() || value.is_empty() {
            return Err(error());
        }
        let value = (value != "*").then(|| value.to_owned());
        Ok(Self { claim: claim.to_owned(), value })
    }

    /// The claim that it looks at.
    pub fn claim(&self) -> &str {
        &self.claim
    }

    /// Whether somebody with these claims is meant. A claim with a list matches if the list has the
    /// value. Case matters.
    ///
    /// An address of e-mail counts only if the provider has verified it: at many providers people
    /// type it in themselves, and could type in another's.
    pub fn matches(&self, claims: &Claims) -> bool {
        if self.claim == "email" && !is_true(claims.get("email_verified")) {
            return false;
        }
        match find(claims, &self.claim) {
            Some(Value::Array(values)) => values.iter().any(|value| self.is_met_by(value)),
            Some(value) => self.is_met_by(value),
            None => false,
        }
    }

    fn is_met_by(&self, found: &Value) -> bool {
        let found = match found {
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => found.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return false,
        };
        match &self.value {
            Some(value) => *value == found,
            None => !found.is_empty(),
        }
    }
}

impl fmt::Display for ClaimRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.claim, self.value.as_deref().unwrap_or("*"))
    }
}

/// Rules of which one has to match. Without a rule nobody is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimRules(Vec<ClaimRule>);

impl ClaimRules {
    /// Reads the rules. Error: the first text that is none.
    pub fn parse(texts: &[String]) -> Result<Self, RuleError> {
        texts.iter().map(|text| ClaimRule::parse(text)).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of them matches.
    pub fn match_any(&self, claims: &Claims) -> bool {
        self.0.iter().any(|rule| rule.matches(claims))
    }

    /// The rules.
    pub fn iter(&self) -> impl Iterator<Item = &ClaimRule> {
        self.0.iter()
    }
}

/// A claim by its name, or by a path with dots such as `realm_access.roles`, which is where Keycloak
/// has the roles of a realm. Names may have dots as well, such as `https://example.org/roles`.
pub(crate) fn find<'c>(claims: &'c Claims, name: &str) -> Option<&'c Value> {
    if let Some(value) = claims.get(name) {
        return Some(value);
    }
    let mut parts = name.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

/// Some providers write truth as text.
fn is_true(value: Option<&Value>) -> bool {
    value.is_some_and(|value| *value == Value::Bool(true) || *value == "true")
}

/// The texts that a new account may be named after, the best first.
pub(crate) fn names(claims: &Claims) -> Vec<String> {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::to_owned);
    let named = ["preferred_username", "name", "nickname"].into_iter().filter_map(text);
    let mailbox = text("email").and_then(|mail| Some(mail.split_once('@')?.0.to_owned()));
    named.chain(mailbox).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> Claims {
        let Value::Object(claims) = value else { panic!("claims are an object") };
        claims
    }

    fn rule(text: &str) -> ClaimRule {
        ClaimRule::parse(text).unwrap()
    }

    #[test]
    fn a_rule_is_a_claim_and_a_value() {
        assert_eq!(rule(" groups = chat users ").to_string(), "groups=chat users");
        assert_eq!(rule("sub=*").to_string(), "sub=*");
        assert_eq!(rule("a=b=c").to_string(), "a=b=c");
        for text in ["", "groups", "=chat", "groups=", "*"] {
            assert_eq!(ClaimRule::parse(text), Err(RuleError(text.to_owned())));
        }
    }

    #[test]
    fn a_claim_matches_exactly_or_by_an_item_of_its_list() {
        let ada = claims(json!({
            "sub": "24400320", "groups": ["chat", "staff"], "hd": "example.org", "level": 3,
            "staff": true, "realm_access": { "roles": ["writer"] }, "https://a.example/role": "x",
            "empty": "", "nothing": null, "nested": [["chat"]],
        }));
        for text in [
            "groups=chat",
            "groups=*",
            "hd=example.org",
            "level=3",
            "staff=true",
            "sub=*",
            "sub=24400320",
            "realm_access.roles=writer",
            "https://a.example/role=x",
        ] {
            assert!(rule(text).matches(&ada), "{text}");
        }
        for text in [
            "groups=Chat",
            "groups=cha",
            "groups=chat,staff",
            "hd=example.org.evil",
            "sub=2440032",
            "empty=*",
            "nothing=*",
            "nested=chat",
            "other=*",
            "realm_access=*",
            "realm_access.x=*",
        ] {
            assert!(!rule(text).matches(&ada), "{text}");
        }
    }

    /// The takeover of accounts at Open WebUI and others: an address that nobody has verified.
    #[test]
    fn an_address_counts_only_if_it_is_verified() {
        let rule = rule("email=ada@example.org");
        for (verified, lets_in) in [
            (json!(true), true),
            (json!("true"), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(null), false),
            (json!(1), false),
        ] {
            let claims = claims(json!({ "email": "ada@example.org", "email_verified": verified }));
            assert_eq!(rule.matches(&claims), lets_in, "{verified}");
        }
        assert!(!rule.matches(&claims(json!({ "email": "ada@example.org" }))));
    }

    #[test]
    fn one_rule_of_several_is_enough_and_none_lets_nobody_in() {
        let rules = ClaimRules::parse(&["groups=a".to_owned(), "sub=1".to_owned()]).unwrap();
        assert!(rules.match_any(&claims(json!({ "sub": "1" }))));
        assert!(!rules.match_any(&claims(json!({ "sub": "2" }))));
        assert!(!ClaimRules::default().match_any(&claims(json!({ "sub": "1" }))));
    }

    #[test]
    fn an_account_is_named_after_what_the_person_is_called() {
        let all = json!({
            "sub": "1", "preferred_username": "ada", "name": "Ada Lovelace", "email": "al@b.example",
        });
        assert_eq!(names(&claims(all)), ["ada", "Ada Lovelace", "al"]);
        assert!(names(&claims(json!({ "sub": "1", "name": 5 }))).is_empty());
    }
}
