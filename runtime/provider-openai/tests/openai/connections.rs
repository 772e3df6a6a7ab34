//! Connections that are reused, and those that must not be.

use std::collections::BTreeSet;

use provider_openai::IDLE_CONNECTIONS;

use super::*;

/// A server that keeps connections alive, as uvicorn does.
fn keeping(replies: impl Into<Vec<Vec<Step>>>) -> Script {
    Script { replies: replies.into(), keep_alive_ms: Some(60_000), ..Script::default() }
}

fn connections(log: &upstream::Log) -> Vec<u64> {
    log.requests.iter().map(|request| request.connection).collect()
}

fn answer() -> Vec<Step> {
    vec![Step::Answer(Answer::pieces(["a"]))]
}

#[tokio::test]
async fn one_connection_is_reused_for_turns_and_lists() {
    let (upstream, provider) = start([]).await;
    let refusal = json!({ "error": { "message": "Invalid value", "code": "x" } });
    upstream.script(keeping([answer(), vec![Step::json(400, &refusal)], answer()]));
    provider.models().await;
    ask(&provider, request("?")).await;
    // The body of a refusal is read to its end as well.
    assert!(matches!(
        ask(&provider, request("?")).await[..],
        [Output::Asking(_), Output::Failed(_)]
    ));
    let outputs = ask(&provider, request("?")).await;
    assert!(matches!(outputs.last(), Some(Output::Finished { .. })), "{outputs:?}");
    assert_eq!(connections(&upstream.log()), [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_not_reused() {
    for keep_alive_ms in [None, Some(0)] {
        let (upstream, provider) = start([]).await;
        upstream.script(Script { keep_alive_ms, ..Script::default() });
        for _ in 0..2 {
            assert_eq!(fold(&ask(&provider, request("?")).await).0, "You said: ?");
            upstream.wait(|log| log.open == 0).await;
        }
        let posts = requested(&upstream.log()).len();
        assert_eq!(posts, 2, "each was sent once");
    }
}

#[tokio::test]
async fn a_request_lost_on_an_idle_connection_is_sent_once_more() {
    let (upstream, provider) = start([]).await;
    upstream.script(keeping([answer(), vec![Step::Close], answer()]));
    provider.models().await;
    ask(&provider, request("?")).await;
    let outputs = ask(&provider, request("?")).await;
    assert!(matches!(outputs.last(), Some(Output::Finished { .. })), "{outputs:?}");
    assert_eq!(requested(&upstream.log()).len(), 3);

    // It is not sent again if the connection was new, or if the server has answered any byte.
    let heard = vec![Step::Wire { text: "HTTP/1.1 2".into() }, Step::Close];
    for replies in [vec![vec![Step::Close]], vec![answer(), heard]] {
        let asked = replies.len();
        let (upstream, provider) = start([]).await;
        upstream.script(keeping(replies));
        if asked > 1 {
            provider.models().await;
        }
        let mut outputs = Vec::new();
        for _ in 0..asked {
            outputs = ask(&provider, request("?")).await;
        }
        assert_eq!(failure(&outputs).0, Cut);
        assert_eq!(requested(&upstream.log()).len(), asked);
    }
}

#[tokio::test]
async fn a_stopped_or_broken_connection_is_never_reused() {
    let held = Answer { hold_after: Some(1), ..Answer::pieces(["a", "b"]) };
    let (upstream, provider) = start([]).await;
    upstream.script(keeping([answer(), vec![Step::Answer(held)], answer()]));
    // This keeps the list from being requested during the turns.
    provider.models().await;
    ask(&provider, request("?")).await;
    let before = upstream.log().requests.len();
    let stop = CancellationToken::new();
    let mut outputs = provider.generate(request("?"), stop.clone());
    let log = upstream.wait(|log| log.requests.len() > before).await;
    assert_eq!(log.requests[before].connection, 0, "on a connection that was used before");
    for _ in 0..2 {
        next(&mut outputs).await;
    }
    stop.cancel();
    assert_eq!(next(&mut outputs).await, Some(Output::Halted));
    // Invariant 6 holds on a reused connection, too.
    assert!(upstream.log().requests[before].gone_ms.is_some());
    ask(&provider, request("?")).await;
    let after: BTreeSet<_> = connections(&upstream.log()).into_iter().skip(before + 1).collect();
    assert!(!after.is_empty() && !after.contains(&0), "{after:?}");

    // Here the answer was cut by its bound, so the rest of it is still to come.
    let (upstream, _) = start([]).await;
    upstream.script(keeping([stream([text(&chunk(&"x".repeat(20))), Step::Silent]), answer()]));
    let mut config = config(&upstream.base_url());
    config.max_answer_bytes = 10;
    let provider = Openai::new(config).unwrap();
    ask(&provider, request("?")).await;
    assert!(upstream.log().requests[0].gone_ms.is_some());
}

#[tokio::test]
async fn idle_connections_are_bounded_and_time_out() {
    let (upstream, _) = start([]).await;
    upstream.script(keeping([]));
    let mut config = config(&upstream.base_url());
    config.idle_connection_ms = 200;
    let provider = Openai::new(config).unwrap();
    let turns = (0..IDLE_CONNECTIONS + 3).map(|_| ask(&provider, request("?")));
    futures::future::join_all(turns).await;
    let log = upstream.wait(|log| log.open <= IDLE_CONNECTIONS).await;
    assert!(log.requests.len() > IDLE_CONNECTIONS);
    upstream.wait(|log| log.open == 0).await;
}

#[tokio::test]
async fn shutdown_closes_idle_connections() {
    let (upstream, provider) = start([]).await;
    upstream.script(keeping([]));
    ask(&provider, request("?")).await;
    assert_eq!(upstream.log().open, 1);
    provider.shutdown().await;
    upstream.wait(|log| log.open == 0).await;
}
