//! Doubles between the provider and the scripted endpoint: a TLS server in front of it, and
//! proxies.
//!
//! The proxies answer as squid 6
//! (<https://github.com/squid-cache/squid/blob/master/src/client_side.cc>, `errors/templates`) and
//! tinyproxy 1.11 (<https://github.com/tinyproxy/tinyproxy/blob/master/src/reqs.c>,
//! `src/html-error.c`) do, and as RFC 1928 says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

/// A listener that serves its connections until it is dropped.
pub(crate) struct Double {
    pub address: SocketAddr,
    /// What its clients requested, as far as it parses that.
    pub asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

/// The behavior of a proxy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxy {
    /// The destination of all connections, whatever is requested.
    pub upstream: Option<SocketAddr>,
    /// The user and the password that the proxy requires.
    pub login: Option<(&'static str, &'static str)>,
    /// The answer to each request, if the proxy refuses all of them.
    pub refusal: Option<&'static str>,
    pub socks: bool,
    /// The reply to each SOCKS request, if it is not 0; 0 allows the connection.
    pub socks_reply: u8,
}

/// squid's answer to a request without a login.
pub(crate) const SQUID_LOGIN: &str = "HTTP/1.1 407 Proxy Authentication Required\r\nServer: squid/6.6\r\n\
    Mime-Version: 1.0\r\nContent-Type: text/html;charset=utf-8\r\nContent-Length: 72\r\n\
    X-Squid-Error: ERR_CACHE_ACCESS_DENIED 0\r\nProxy-Authenticate: Basic realm=\"Squid\"\r\n\
    Connection: keep-alive\r\n\r\n\
    <html><head><title>Cache Access Denied</title></head><body></body></html>";
/// squid's answer if no rule allows a request.
pub(crate) const SQUID_DENIED: &str = "HTTP/1.1 403 Forbidden\r\nServer: squid/6.6\r\n\
    Content-Type: text/html;charset=utf-8\r\nX-Squid-Error: ERR_ACCESS_DENIED 0\r\n\
    Content-Length: 66\r\nConnection: keep-alive\r\n\r\n\
    <html><head><title>Access Denied.</title></head><body></body></html>";
/// tinyproxy's answer if it does not find the host.
pub(crate) const TINYPROXY_FAILED: &str = "HTTP/1.0 500 Unable to connect\r\nServer: tinyproxy/1.11.1\r\n\
    Content-Type: text/html\r\nConnection: close\r\n\r\n\
    <html><head><title>500 Unable to connect</title></head><body></body></html>";

pub(crate) async fn proxy(proxy: Proxy) -> Double {
    listen(move |stream, asked| {
        let proxy = proxy.clone();
        async move {
            let _ = if proxy.socks {
                socks(stream, &proxy, &asked).await
            } else {
                http(stream, &proxy, &asked).await
            };
        }
    })
    .await
}

/// The same proxy with TLS.
pub(crate) async fn secure_proxy(proxy: Proxy, acceptor: TlsAcceptor) -> Double {
    listen(move |stream, asked| {
        let (proxy, acceptor) = (proxy.clone(), acceptor.clone());
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = http(stream, &proxy, &asked).await;
            }
        }
    })
    .await
}

/// Terminates TLS and forwards the bytes to `upstream`. Records the server names that clients send.
pub(crate) async fn terminator(acceptor: TlsAcceptor, upstream: SocketAddr) -> Double {
    listen(move |stream, asked| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let name = stream.get_ref().1.server_name().unwrap_or_default().to_owned();
            note(&asked, name);
            let Ok(mut upstream) = TcpStream::connect(upstream).await else { return };
            let _ = copy_bidirectional(&mut stream, &mut upstream).await;
        }
    })
    .await
}

async fn listen<F, S>(serve: F) -> Double
where
    F: Fn(TcpStream, Arc<Mutex<Vec<String>>>) -> S + Send + 'static,
    S: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
    let mut tasks = JoinSet::new();
    let noted = Arc::clone(&asked);
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(serve(stream, noted.clone()));
        }
    });
    Double { address, asked, _tasks: tasks }
}

async fn http<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    proxy: &Proxy,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Ok(());
        }
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    note(asked, head.clone());
    if let Some(refusal) = proxy.refusal {
        return stream.write_all(refusal.as_bytes()).await;
    }
    // base64 of `me:p@ss`.
    let knows = head.to_lowercase().contains("proxy-authorization: basic bwu6cebzcw==");
    if proxy.login.is_some() && !knows {
        return stream.write_all(SQUID_LOGIN.as_bytes()).await;
    }
    let mut upstream = TcpStream::connect(proxy.upstream.unwrap()).await?;
    if head.starts_with("CONNECT ") {
        // tinyproxy's answer; squid answers with HTTP/1.1 and without a field.
        stream
            .write_all(
                b"HTTP/1.0 200 Connection established\r\nProxy-agent: tinyproxy/1.11.1\r\n\r\n",
            )
            .await?;
    } else {
        // Forwards the request with its path only and without the login.
        let (method, rest) = head.split_once(' ').unwrap();
        let path = &rest[rest.find("/v1").unwrap()..];
        let fields = path.lines().filter(|line| !line.to_lowercase().starts_with("proxy-"));
        let head =
            format!("{method} {}\r\n\r\n", fields.collect::<Vec<_>>().join("\r\n").trim_end());
        upstream.write_all(head.as_bytes()).await?;
        upstream.write_all(&read[end..]).await?;
    }
    copy_bidirectional(&mut stream, &mut upstream).await.map(drop)
}

/// Implements RFC 1928 and RFC 1929.
async fn socks(
    mut stream: TcpStream,
    proxy: &Proxy,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await?;
    let mut methods = vec![0; usize::from(greeting[1])];
    stream.read_exact(&mut methods).await?;
    let wanted = if proxy.login.is_some() { 2 } else { 0 };
    if !methods.contains(&wanted) {
        return stream.write_all(&[5, 0xff]).await;
    }
    stream.write_all(&[5, wanted]).await?;
    if let Some((user, password)) = proxy.login {
        assert_eq!(stream.read_u8().await?, 1);
        let given = [string(&mut stream).await?, string(&mut stream).await?];
        let right = given == [user, password];
        stream.write_all(&[1, u8::from(!right)]).await?;
        if !right {
            return Ok(());
        }
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await?;
    let host = match request[3] {
        1 => std::net::Ipv4Addr::from(stream.read_u32().await?).to_string(),
        3 => string(&mut stream).await?,
        _ => std::net::Ipv6Addr::from(stream.read_u128().await?).to_string(),
    };
    note(asked, format!("{host}:{}", stream.read_u16().await?));
    stream.write_all(&[5, proxy.socks_reply, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
    if proxy.socks_reply != 0 {
        return Ok(());
    }
    let mut upstream = TcpStream::connect(proxy.upstream.unwrap()).await?;
    copy_bidirectional(&mut stream, &mut upstream).await.map(drop)
}

async fn string(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; usize::from(stream.read_u8().await?)];
    stream.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn note(asked: &Mutex<Vec<String>>, what: String) {
    asked.lock().unwrap().push(what);
}
