use std::convert::Infallible;
use std::future::{Ready, ready};

use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;

use super::*;

/// A resolver that finds the same addresses for every name.
#[derive(Clone)]
struct Fixed(Vec<SocketAddr>);

impl Service<Name> for Fixed {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

const LIMIT: Duration = Duration::from_secs(20);

/// Unreachable IPv6 addresses are a usual cause when people wait ten seconds for each answer.
#[tokio::test]
async fn an_unreachable_address_family_does_not_delay_the_connection() {
    let alive = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = alive.local_addr().unwrap().port();
    let dead = TcpSocket::new_v6().unwrap();
    // On a machine without IPv6 there is nothing to test.
    if dead.bind(format!("[::1]:{port}").parse().unwrap()).is_err() {
        return;
    }
    // A client that connects while a listener's queue is full gets no answer.
    let dead = dead.listen(1).unwrap();
    let address = dead.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        queue.push(stream.unwrap());
        assert!(queue.len() < 100, "the queue never fills");
    }
    let resolver = Fixed(vec![address, alive.local_addr().unwrap()]);
    let began = Instant::now();
    let stream = tcp(resolver, ("model.example", port), LIMIT).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), alive.local_addr().unwrap());
    assert!(began.elapsed() < LIMIT / 4, "{:?}", began.elapsed());
}

#[tokio::test]
async fn refused_connections_and_unknown_hosts_have_different_errors() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = tcp(Fixed(vec![gone]), ("model.example", gone.port()), LIMIT).await;
    assert_eq!(refused.err(), Some(Unconnected::Refused));
    let unknown = tcp(GaiResolver::new(), ("nowhere.invalid", 80), LIMIT).await;
    assert_eq!(unknown.err(), Some(Unconnected::NotFound));
    let odd = tcp(GaiResolver::new(), ("no host", 80), LIMIT).await;
    assert_eq!(odd.err(), Some(Unconnected::NotFound));
}
