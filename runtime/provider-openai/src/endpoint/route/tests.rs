use super::*;

fn by_address(address: &str, target: &str) -> Result<Option<Proxy>, ConfigError> {
    proxy(Some(&ProxySetting::Address(Secret::new(address))), &target.parse().unwrap())
}

fn by_environment(variables: &[(&str, &str)], target: &str) -> Option<(String, u16)> {
    let get = |name: &str| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let setting = ProxySetting::Environment(ProxyVariables::read(get));
    let found = proxy(Some(&setting), &target.parse().unwrap()).unwrap();
    found.map(|proxy| (proxy.host, proxy.port))
}

#[test]
fn proxy_addresses_are_parsed() {
    let socks = |remote_names| Kind::Socks { remote_names };
    for (address, kind, host, port, is_secure) in [
        ("http://proxy:3128", Kind::Http, "proxy", 3128, false),
        ("http://proxy/", Kind::Http, "proxy", 80, false),
        ("proxy:3128", Kind::Http, "proxy", 3128, false),
        ("https://proxy", Kind::Http, "proxy", 443, true),
        ("socks5://[::1]", socks(false), "::1", 1080, false),
        ("socks5h://127.0.0.1:9050", socks(true), "127.0.0.1", 9050, false),
    ] {
        // A configured address applies to every endpoint, even a local one.
        for target in ["http://127.0.0.1:11434/v1", "https://api.example/v1"] {
            let proxy = by_address(address, target).unwrap().unwrap();
            assert_eq!((proxy.kind, proxy.host.as_str(), proxy.port), (kind, host, port));
            assert_eq!(proxy.is_secure, is_secure, "{address}");
        }
    }
}

#[test]
fn a_proxy_login_is_sent_only_to_the_proxy_and_never_printed() {
    let http = by_address("http://me:p%40ss@proxy:3128", "https://api.example").unwrap().unwrap();
    // base64 of `me:p@ss`.
    assert_eq!(http.authorization.as_ref().unwrap(), "Basic bWU6cEBzcw==");
    assert!(http.authorization.unwrap().is_sensitive());
    let socks = by_address("socks5h://me:p%40ss@proxy", "https://api.example").unwrap().unwrap();
    assert_eq!(socks.login, Some(("me".to_owned(), "p@ss".to_owned())));

    let setting = ProxySetting::Address(Secret::new("http://me:hunter2@proxy:3128"));
    let get = |name: &str| (name == "https_proxy").then(|| "http://me:hunter2@proxy".to_owned());
    let environment = ProxySetting::Environment(ProxyVariables::read(get));
    for setting in [setting, environment] {
        assert!(!format!("{setting:?}").contains("hunter2"));
        assert!(setting.secrets().contains(&Secret::new("hunter2")));
    }
}

#[test]
fn invalid_proxy_addresses_are_refused_without_being_repeated() {
    for (address, why) in [
        ("", "address"),
        ("notaurl", "address"),
        ("me:hunter2@proxy", "address"),
        ("http://me:hun ter2@proxy", "address"),
        ("ftp://me:hunter2@proxy", "must begin with"),
        ("socks4://me:hunter2@proxy", "must begin with"),
        ("http://me:hunter2@proxy:99999", "port"),
        ("http://me:hunter2@proxy/path", "behind"),
        ("http://me:hunter2@proxy?q", "behind"),
        ("http://me:hunter2@proxy#x", "behind"),
        ("http://me:hunter2@:3128", "host"),
    ] {
        let error = by_address(address, "https://api.example").err().map(|e| e.to_string());
        let error = error.unwrap_or_else(|| panic!("{address} was taken"));
        assert!(error.starts_with("proxy ") && error.contains(why), "{address}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn proxy_variables_are_read_like_by_curl() {
    let at = |host: &str| Some((host.to_owned(), 3128));
    let (http, https) = (("http_proxy", "http://a:3128"), ("https_proxy", "http://b:3128"));
    let all = ("all_proxy", "http://c:3128");
    for (variables, target, expected) in [
        (vec![http], "http://host/v1", at("a")),
        (vec![http], "https://host/v1", None),
        (vec![http, https], "https://host/v1", at("b")),
        (vec![all], "https://host/v1", at("c")),
        (vec![https, all], "http://host/v1", at("c")),
        (vec![("HTTPS_PROXY", "http://d:3128"), https], "https://host/v1", at("b")),
        (vec![("HTTPS_PROXY", "http://d:3128"), ("https_proxy", "")], "https://host/", at("d")),
        (vec![("HTTP_PROXY", "http://d:3128")], "http://host/", at("d")),
        (vec![("HTTP_PROXY", "http://d:3128"), ("REQUEST_METHOD", "GET")], "http://host/", None),
        (vec![], "https://host/", None),
    ] {
        assert_eq!(by_environment(&variables, target), expected, "{variables:?} {target}");
    }
}

#[test]
fn no_proxy_hosts_are_reached_directly() {
    let https = ("https_proxy", "http://b:3128");
    for (list, target, direct) in [
        ("example.org", "https://api.example.org", true),
        (".example.org", "https://example.org", true),
        ("example.org", "https://notexample.org", false),
        ("*", "https://host", true),
        ("10.0.0.0/8", "https://10.2.3.4:8000", true),
        ("a, host", "https://host", true),
        ("a host", "https://host", true),
        ("host:8000", "https://host:8000", true),
        ("host:8000", "https://host", false),
        ("[fd00::1]:8000", "https://[fd00::1]:8000", true),
        ("fd00::1", "https://[fd00::1]:8000", true),
        // These hold whatever the variables say.
        ("", "https://localhost:8000", true),
        ("", "https://model.localhost", true),
        ("", "https://127.9.9.9", true),
        ("", "https://[::1]:1", true),
        ("", "https://[::ffff:127.0.0.1]:1", true),
        ("", "https://192.168.1.2", false),
    ] {
        let found = by_environment(&[https, ("no_proxy", list)], target);
        assert_eq!(found.is_none(), direct, "{list} {target}");
    }
}

#[test]
fn an_invalid_proxy_variable_does_not_cause_a_direct_connection() {
    let get = |name: &str| (name == "https_proxy").then(|| "http://me:hun ter2@proxy".to_owned());
    let setting = ProxySetting::Environment(ProxyVariables::read(get));
    let error = proxy(Some(&setting), &"https://host".parse().unwrap()).err();
    assert_eq!(error, Some(ConfigError::Proxy(NOT_AN_ADDRESS)));
}
