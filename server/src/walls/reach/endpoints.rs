//! The hosts and ports of the endpoints, of their proxies, and of the provider of identities.

use std::net::IpAddr;

use axum::http::Uri;

use crate::config::Config;

/// The host and the TCP port of each of them.
pub(super) fn places(config: &Config) -> Vec<(String, u16)> {
    let endpoints = config.endpoints.iter();
    let urls = endpoints.clone().map(|endpoint| &endpoint.base_url).chain(&config.base_url);
    // Its other addresses are known only when it is asked; at another port they cannot be reached.
    let urls = urls.chain(&config.settings.oidc.oidc_issuer);
    let proxies = endpoints.filter_map(|endpoint| endpoint.proxy.as_ref()).chain(&config.proxy);
    let places = urls.filter_map(|url| place(url));
    places.chain(proxies.flat_map(provider_openai::ProxySetting::places)).collect()
}

fn place(url: &str) -> Option<(String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let usual = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some((uri.host()?.to_owned(), uri.port_u16().unwrap_or(usual)))
}

/// The hosts that are names and not addresses, in lower case. Each is looked up by the C library,
/// also `localhost`.
pub(super) fn names(places: &[(String, u16)]) -> Vec<String> {
    let hosts = places.iter().map(|(host, _)| host.trim_matches(['[', ']']).trim_end_matches('.'));
    let names = hosts.filter(|host| host.parse::<IpAddr>().is_err());
    names.map(str::to_ascii_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_an_endpoint_is_the_usual_one_if_it_names_none() {
        let place = |url| place(url).unwrap();
        assert_eq!(place("https://api.example/v1"), ("api.example".to_owned(), 443));
        assert_eq!(place("http://127.0.0.1/v1").1, 80);
        assert_eq!(place("http://[::1]:11434/v1").1, 11434);
    }

    #[test]
    fn only_names_have_to_be_looked_up() {
        let names = |host: &str| names(&[(host.to_owned(), 1)]);
        assert_eq!(names("Gpu.local."), ["gpu.local"]);
        assert!(names("10.0.0.1").is_empty() && names("[::1]").is_empty());
    }
}
