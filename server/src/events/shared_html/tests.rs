use protocol::{Timestamp, TurnId};

use super::*;

const PIECES: [&str; 5] = ["# A\n\nOne", " *two*.", "\n\n- a", "\n- b", "\n\nEnd."];

fn worker() -> WorkerId {
    WorkerId::from_parts(1, [1; 10])
}

fn message() -> MessageId {
    MessageId::from_parts(2, [2; 10])
}

fn turn() -> TurnId {
    TurnId::from_parts(3, [3; 10])
}

/// One delta for these pieces. The first piece of all has seq 1.
fn delta(pieces: std::ops::Range<usize>) -> Event {
    let offset = PIECES[..pieces.start].concat().len() as u64;
    let text = PIECES[pieces.clone()].concat();
    Event {
        seq: pieces.end as u64,
        first_seq: Some(pieces.start as u64 + 1),
        at: Timestamp::from_unix_ms(0),
        body: EventBody::TextDelta { turn_id: turn(), message_id: message(), offset, text },
    }
}

fn join(shared: &SharedHtml) -> Follower {
    let live = Box::new(Live::new(message(), String::new(), Vec::new()));
    shared.join(worker(), live, 0).unwrap_or_else(|_| panic!("it is at the beginning"))
}

async fn follow(follower: &mut Follower, event: Event, blocks: &mut Vec<String>) -> bool {
    let patch = follower.follow(worker(), &event).await.unwrap();
    let changes = patch.is_some();
    if let Some(patch) = patch {
        patch.apply(blocks);
    }
    changes
}

fn whole(pieces: usize) -> Vec<String> {
    render::render_within(&PIECES[..pieces].concat(), &message().to_string(), &Budget::default())
        .unwrap()
}

#[tokio::test]
async fn one_that_lags_takes_several_changes_as_one() {
    let shared = SharedHtml::default();
    let (mut quick, mut slow) = (join(&shared), join(&shared));
    let (mut quick_has, mut slow_has) = (Vec::new(), Vec::new());
    for n in 0..4 {
        follow(&mut quick, delta(n..n + 1), &mut quick_has).await;
        assert_eq!(quick_has, whole(n + 1));
    }
    follow(&mut slow, delta(0..3), &mut slow_has).await;
    assert_eq!(slow_has, whole(3));
    follow(&mut slow, delta(3..5), &mut slow_has).await;
    assert_eq!(slow_has, whole(5));
    follow(&mut quick, delta(4..5), &mut quick_has).await;
    assert_eq!((quick_has, shared.rendered()), (whole(5), 5));
}

/// The first observer has rendered several events at once, and the second has got only some of
/// them.
#[tokio::test]
async fn html_is_never_ahead_of_the_text() {
    let shared = SharedHtml::default();
    let (mut first, mut second) = (join(&shared), join(&shared));
    let (mut first_has, mut second_has) = (Vec::new(), Vec::new());
    follow(&mut first, delta(0..3), &mut first_has).await;
    assert!(!follow(&mut second, delta(0..2), &mut second_has).await);
    assert!(follow(&mut second, delta(2..4), &mut second_has).await);
    assert_eq!((&second_has, shared.rendered()), (&whole(4), 2));
}

#[tokio::test]
async fn one_that_leaves_while_it_renders_holds_nobody_up() {
    let shared = SharedHtml::default();
    let (mut leaves, mut stays) = (join(&shared), join(&shared));
    let mut has = Vec::new();
    // All permits of the conversation are taken, so that its rendering has to wait.
    let permit = rendering::permit(worker()).await;
    // Code is not rendered on the thread of the observer, which needs no permit.
    let mut event = delta(0..1);
    let EventBody::TextDelta { text, .. } = &mut event.body else { unreachable!() };
    *text = "`a`".to_owned();
    tokio::select! {
        biased;
        _ = leaves.follow(worker(), &event) => panic!("it cannot be rendered now"),
        () = async { for _ in 0..10 { tokio::task::yield_now().await } } => {}
    }
    drop((leaves, permit));
    follow(&mut stays, event, &mut has).await;
    assert_eq!(has, ["<p dir=\"auto\"><code dir=\"ltr\">a</code></p>"]);
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_one_that_lags_more_begins_anew() {
    let shared = SharedHtml::default();
    let (mut quick, mut slow) = (join(&shared), join(&shared));
    let piece = |n: usize| Event {
        seq: n as u64 + 1,
        first_seq: None,
        at: Timestamp::from_unix_ms(0),
        body: EventBody::TextDelta {
            turn_id: turn(),
            message_id: message(),
            offset: 2 * n as u64,
            text: "a ".to_owned(),
        },
    };
    for n in 0..=STEPS {
        quick.follow(worker(), &piece(n)).await.unwrap();
    }
    assert_eq!(quick.answer.lock().steps.len(), STEPS);
    assert!(slow.follow(worker(), &piece(0)).await.is_err());
}
