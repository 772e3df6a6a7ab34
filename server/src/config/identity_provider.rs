//! Reads and checks the settings of the provider of identities (OpenID Connect), which make sense only
//! together.

use std::ffi::OsString;

use oidc::{ClaimRules, Origin as Address, check_issuer, host_of};
use provider::Secret;

use super::layer::Origin;
use super::load::read_key;
use super::problem::{Problem, Problems};
use super::settings::{Oidc, Settings};

/// The variable with this server's secret at the provider.
const SECRET: &str = "COMPANION_OIDC_CLIENT_SECRET";

/// The provider, and where this server's secret there came from.
#[derive(Clone, Debug)]
pub struct IdentityProvider {
    /// The settings in the form that a login needs.
    pub settings: oidc::Settings,
    /// For `companion config`; `None` for a public client.
    pub secret_place: Option<String>,
}

/// The provider, if one is configured. Adds all problems that can be found together.
pub(super) fn read<'a>(
    settings: &Settings,
    origin: &dyn Fn(&str) -> &'a Origin,
    variable: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Option<IdentityProvider> {
    let oidc = &settings.oidc;
    let mut problem = |key: &str, message: String| {
        problems.add(Problem::with_setting(key, origin(key), message));
    };
    let Some(issuer) = &oidc.oidc_issuer else {
        for key in set_without_issuer(oidc) {
            problem(key, "oidc_issuer is missing, which names the provider".to_owned());
        }
        return None;
    };
    if let Err(error) = check_issuer(issuer) {
        problem("oidc_issuer", error.to_string());
    }
    if settings.entrance.proxy_user_header.is_some() {
        // Somebody could choose a name at the provider under which the proxy's user has an account,
        // or will have one.
        problem("oidc_issuer", "a proxy logs people in already (proxy_user_header)".to_owned());
    }
    if oidc.oidc_client_id.is_none() {
        let message = "oidc_client_id is missing: the name of this server at the provider";
        problem("oidc_issuer", message.to_owned());
    }
    if oidc.oidc_allow.is_empty() {
        let message = "oidc_allow is missing, so nobody could come in: name who may, such as \
                       \"groups=chat\", or \"sub=*\" for everybody whom the provider knows";
        problem("oidc_issuer", message.to_owned());
    }
    let mut rules = |key: &str, texts: &[String]| {
        ClaimRules::parse(texts).unwrap_or_else(|error| {
            problem(key, error.to_string());
            ClaimRules::default()
        })
    };
    let allow = rules("oidc_allow", &oidc.oidc_allow);
    let owner = rules("oidc_owner", &oidc.oidc_owner);
    let public_origin = oidc.public_url.as_deref().map(Address::parse).transpose();
    let public_origin = public_origin.unwrap_or_else(|error| {
        problem("public_url", error.to_string());
        None
    });
    let secret = secret(oidc, origin, variable, problems);
    let (client_secret, secret_place) = secret.unzip();
    let name = oidc.oidc_name.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let settings = oidc::Settings {
        issuer: issuer.clone(),
        client_id: oidc.oidc_client_id.clone().unwrap_or_default(),
        client_secret,
        name: name.map_or_else(|| host_of(issuer), str::to_owned),
        scopes: oidc.oidc_scopes.clone(),
        allow,
        owner,
        public_origin,
    };
    Some(IdentityProvider { settings, secret_place })
}

fn set_without_issuer(oidc: &Oidc) -> Vec<&'static str> {
    let set = [
        ("oidc_client_id", oidc.oidc_client_id.is_some()),
        ("oidc_client_secret_file", oidc.oidc_client_secret_file.is_some()),
        ("oidc_allow", !oidc.oidc_allow.is_empty()),
        ("oidc_owner", !oidc.oidc_owner.is_empty()),
    ];
    set.into_iter().filter(|(_, is_set)| *is_set).map(|(key, _)| key).collect()
}

/// This server's secret at the provider, and where it came from. The variable comes first, as for the
/// key of an endpoint.
fn secret<'a>(
    oidc: &Oidc,
    origin: &dyn Fn(&str) -> &'a Origin,
    variable: &dyn Fn(&str) -> Option<OsString>,
    problems: &mut Problems,
) -> Option<(Secret, String)> {
    const KEY: &str = "oidc_client_secret_file";
    let text = variable(SECRET).and_then(|text| text.into_string().ok());
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        return Some((Secret::new(&text), SECRET.to_owned()));
    }
    let path = oidc.oidc_client_secret_file.as_ref()?;
    let place = origin(KEY).place(KEY);
    match read_key(path) {
        Ok(secret) => Some((secret, place)),
        Err(message) => {
            problems.add(Problem { place, message });
            None
        }
    }
}
