//! Proxies: every kind of connection through one, and every refusal by one.

use protocol::ProviderKind::{Proxy as ProxyFault, ProxyAuth, ProxyRefused};
use provider_openai::{ProxySetting, ProxyVariables};

use super::doubles::{self, Proxy, SQUID_DENIED, SQUID_LOGIN, TINYPROXY_FAILED};
use super::*;

const LOGIN: Option<(&str, &str)> = Some(("me", "p@ss"));

fn address(upstream: &Upstream) -> std::net::SocketAddr {
    upstream.base_url().trim_start_matches("http://").trim_end_matches("/v1").parse().unwrap()
}

fn by(address: &str) -> Option<ProxySetting> {
    Some(ProxySetting::Address(Secret::new(address)))
}

/// The base URL has a host name that only the proxy can resolve.
fn through(proxy: &str, base_url: &str) -> Openai {
    Openai::new(OpenaiConfig { proxy: by(proxy), ..config(base_url) }).unwrap()
}

const NAME: &str = "http://model.invalid:8000/v1";

#[tokio::test]
async fn http_requests_are_forwarded_by_an_http_proxy() {
    let (upstream, _) = start([]).await;
    for login in [None, LOGIN] {
        let proxy = Proxy { upstream: Some(address(&upstream)), login, ..Proxy::default() };
        let proxy = doubles::proxy(proxy).await;
        let at = login.map_or("", |_| "me:p%40ss@");
        let provider = through(&format!("http://{at}{}", proxy.address), NAME);
        assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?");
        let head = proxy.asked.lock().unwrap()[0].clone();
        let line = "POST http://model.invalid:8000/v1/chat/completions HTTP/1.1\r\n";
        assert!(head.starts_with(line), "{head}");
        assert!(head.contains("model.invalid:8000") && head.contains(KEY), "{head}");
    }
    for sent in upstream.log().requests {
        assert!(!sent.headers.contains_key("proxy-authorization"), "{sent:?}");
    }
}

#[tokio::test]
async fn https_requests_go_through_a_tunnel() {
    let identity = tls::signed(&["model.invalid"], |_| {});
    let (upstream, _) = start([]).await;
    let server = doubles::terminator(identity.acceptor(), address(&upstream)).await;
    let house = tls::signed(&["127.0.0.1"], |_| {});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, format!("{}{}", identity.authority, house.authority)).unwrap();
    for (scheme, login) in [("http", None), ("http", LOGIN), ("https", LOGIN)] {
        let proxy = Proxy { upstream: Some(server.address), login, ..Proxy::default() };
        let proxy = match scheme {
            "http" => doubles::proxy(proxy).await,
            _ => doubles::secure_proxy(proxy, house.acceptor()).await,
        };
        let at = login.map_or("", |_| "me:p%40ss@");
        let config = OpenaiConfig {
            proxy: by(&format!("{scheme}://{at}{}", proxy.address)),
            ca_file: Some(file.clone()),
            ..config("https://model.invalid/v1")
        };
        let provider = Openai::new(config).unwrap();
        assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?", "{scheme}");
        let head = proxy.asked.lock().unwrap()[0].clone();
        assert!(head.starts_with("CONNECT model.invalid:443 HTTP/1.1\r\n"), "{head}");
        assert!(!head.contains(KEY), "the key is for the endpoint alone: {head}");
    }
    assert_eq!(server.asked.lock().unwrap()[0], "model.invalid");
}

#[tokio::test]
async fn socks_proxies_are_used_with_and_without_a_login() {
    let (upstream, _) = start([]).await;
    for (scheme, at, login, url, asked) in [
        ("socks5h", "", None, NAME, "model.invalid:8000"),
        ("socks5h", "me:p%40ss@", LOGIN, NAME, "model.invalid:8000"),
        ("socks5h", "", None, "http://10.1.2.3:8000/v1", "10.1.2.3:8000"),
        ("socks5", "", None, "http://[fd00::1]:8000/v1", "fd00::1:8000"),
        ("socks5", "", None, "http://localhost:8000/v1", ":8000"),
    ] {
        let upstream = Some(address(&upstream));
        let proxy =
            doubles::proxy(Proxy { upstream, login, socks: true, ..Proxy::default() }).await;
        let provider = through(&format!("{scheme}://{at}{}", proxy.address), url);
        assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?", "{scheme} {url}");
        let told = proxy.asked.lock().unwrap()[0].clone();
        assert!(told.ends_with(asked), "{told}");
        assert!(!told.contains("localhost"), "socks5 asks for addresses: {told}");
    }
}

#[tokio::test]
async fn a_refusal_by_the_proxy_is_reported_as_the_proxys() {
    let html = "Cache Access Denied";
    let http = |refusal| Proxy { refusal: Some(refusal), ..Proxy::default() };
    let socks = |socks_reply, login| Proxy { socks: true, socks_reply, login, ..Proxy::default() };
    let not_http = "SSH-2.0-OpenSSH_9.2\r\n";
    let rows = [
        ("a login", http(SQUID_LOGIN), ProxyAuth, Some(html)),
        ("a rule", http(SQUID_DENIED), ProxyRefused, Some("Access Denied.")),
        ("no host", http(TINYPROXY_FAILED), ProxyFault, Some("500 Unable to connect")),
        ("no proxy", http(not_http), ProxyFault, None),
        ("a login of SOCKS", socks(0, LOGIN), ProxyAuth, None),
        ("a rule of SOCKS", socks(2, None), ProxyRefused, None),
        ("no host by SOCKS", socks(4, None), ProxyFault, None),
    ];
    for (name, proxy, kind, words) in rows {
        let scheme = if proxy.socks { "socks5h" } else { "http" };
        let refuses = proxy.refusal == Some(not_http);
        let double = doubles::proxy(proxy).await;
        // Through a tunnel and, with an HTTP proxy, also by a request to forward.
        for url in ["https://model.invalid/v1", NAME] {
            let Ok(provider) = Openai::new(OpenaiConfig {
                proxy: by(&format!("{scheme}://you:hunter2@{}", double.address)),
                ..config(url)
            }) else {
                continue;
            };
            if refuses && url == NAME {
                continue;
            }
            let (failed, error) = failure(&ask(&provider, request("?")).await);
            assert_eq!(failed, kind, "{name} {url}: {error:?}");
            assert_eq!(error.said.as_deref(), words, "{name} {url}");
            assert!(error.hint.as_ref().unwrap().len() > 10);
            let all = format!("{error:?}");
            assert!(!all.contains("hunter2") && !all.contains("127.0.0.1"), "{all}");
        }
    }
}

#[tokio::test]
async fn an_unreachable_proxy_is_reported_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The proxy accepts connections and does not answer.
    for scheme in ["http", "socks5h"] {
        let mut config = config("https://model.invalid/v1");
        config.proxy = by(&format!("{scheme}://{address}"));
        config.connect_timeout_ms = 200;
        let Ok(provider) = Openai::new(config) else { return };
        let (kind, error) = failure(&ask(&provider, request("?")).await);
        assert_eq!(kind, ProxyFault);
        assert!(error.message.contains("in time"), "{error:?}");
    }
    drop(listener);
    for (proxy, message) in [
        (format!("http://{address}"), "can't be reached"),
        (format!("socks5://{address}"), "can't be reached"),
        ("http://nowhere.invalid:3128".to_owned(), "was not found"),
    ] {
        let (kind, error) = failure(&ask(&through(&proxy, NAME), request("?")).await);
        assert_eq!(kind, ProxyFault);
        assert!(error.message.contains(message), "{error:?}");
        let hint = error.hint.unwrap();
        assert!(hint.contains("COMPANION_PROXY") && !hint.contains("nowhere"), "{hint}");
    }
}

/// A test cannot change the environment of its process safely, so it passes the variables in.
#[tokio::test]
async fn proxy_variables_apply_only_if_configured_and_never_to_this_machine() {
    let (upstream, _) = start([]).await;
    let proxy = Proxy { upstream: Some(address(&upstream)), ..Proxy::default() };
    let proxy = doubles::proxy(proxy).await;
    let get = |name: &str| (name == "http_proxy").then(|| format!("http://{}", proxy.address));
    let environment = || Some(ProxySetting::Environment(ProxyVariables::read(get)));
    let with = |base_url: &str| {
        Openai::new(OpenaiConfig { proxy: environment(), ..config(base_url) }).unwrap()
    };
    let provider = with(NAME);
    // This keeps the list from being requested during the turns.
    provider.models().await;
    assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?");
    let asked = proxy.asked.lock().unwrap().len();
    assert!(asked > 1);
    // The endpoint on this machine is reached without the proxy.
    assert_eq!(fold(&ask(&with(&upstream.base_url()), request("?")).await).0, "You said: ?");
    assert_eq!(proxy.asked.lock().unwrap().len(), asked);
}

/// Invariant 6: this side closes its connection, and the proxy then closes the other one.
#[tokio::test]
async fn a_stop_closes_the_connection_through_a_proxy() {
    let (upstream, _) = start([Step::Silent]).await;
    for socks in [false, true] {
        let before = upstream.log().requests.len();
        let up = Some(address(&upstream));
        let proxy = doubles::proxy(Proxy { upstream: up, socks, ..Proxy::default() }).await;
        let scheme = if socks { "socks5h" } else { "http" };
        let provider = through(&format!("{scheme}://{}", proxy.address), NAME);
        let stop = CancellationToken::new();
        let mut outputs = provider.generate(request("?"), stop.clone());
        assert!(matches!(next(&mut outputs).await, Some(Output::Asking(_))));
        upstream.wait(|log| log.requests.len() > before).await;
        stop.cancel();
        assert_eq!(next(&mut outputs).await, Some(Output::Halted));
        upstream.wait(|log| log.requests[before].gone_ms.is_some()).await;
    }
}
