use protocol::ErrorCode;
use provider::{Output, Provider};
use provider_local::Local;
use tokio_util::sync::CancellationToken;

use super::support::*;

#[tokio::test]
async fn waiting_turns_know_their_position_and_can_be_stopped() {
    let local = Local::new(config());
    let stops: Vec<CancellationToken> = (0..4).map(|_| CancellationToken::new()).collect();
    let short = || request(vec![user("Say hello.")], 4);
    let mut first = local.generate(story(), stops[0].clone());
    until(&mut first, is_text).await;
    let mut second = local.generate(short(), stops[1].clone());
    let mut third = local.generate(short(), stops[2].clone());
    let mut fourth = local.generate(short(), stops[3].clone());
    assert_eq!(next(&mut second).await, Some(Output::Waiting { ahead: 1 }));
    assert_eq!(next(&mut third).await, Some(Output::Waiting { ahead: 2 }));
    assert_eq!(next(&mut fourth).await, Some(Output::Waiting { ahead: 3 }));

    stops[2].cancel();
    assert!(rest(&mut third).await.halted());
    assert_eq!(next(&mut fourth).await, Some(Output::Waiting { ahead: 2 }));
    assert!(second.is_empty(), "whoever is before is not told");

    stops[0].cancel();
    assert!(rest(&mut first).await.halted());
    let second = rest(&mut second).await;
    assert!(second.waiting.is_empty());
    second.usage();
    let fourth = rest(&mut fourth).await;
    assert_eq!(fourth.waiting, [1]);
    fourth.usage();
}

#[tokio::test]
async fn a_full_queue_refuses_requests() {
    let local = Local::new(config());
    let stop = CancellationToken::new();
    let mut first = local.generate(story(), stop.clone());
    until(&mut first, is_began).await;
    let mut waiting: Vec<_> = (0..16).map(|_| local.generate(story(), stop.clone())).collect();
    for outputs in &mut waiting {
        assert!(matches!(next(outputs).await, Some(Output::Waiting { .. })));
    }
    let refused = ask(&local, story()).await;
    assert_eq!(refused.code(), ErrorCode::RateLimited);
    assert!(refused.error().retry_after_ms.is_some());
    stop.cancel();
    for outputs in waiting.iter_mut().chain([&mut first]) {
        assert!(rest(outputs).await.halted());
    }
}
