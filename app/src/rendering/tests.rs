use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use super::*;
use protocol::{Message, sample};

fn conversation(n: u8) -> WorkerId {
    WorkerId::from_parts(u64::from(n), [n; 10])
}

fn polled<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A permit, if one is available without waiting.
fn at_once(renderers: &Renderers, n: u8) -> Option<RenderPermit> {
    match polled(pin!(renderers.permit(conversation(n)))) {
        Poll::Ready(permit) => Some(permit),
        Poll::Pending => None,
    }
}

/// The test's runtime has one thread, so the test would hang if the work ran on it.
#[tokio::test]
async fn rendering_does_not_block_the_async_runtime() {
    let (done, until_done) = mpsc::channel();
    let permit = Renderers::default().permit(conversation(1)).await;
    let work = permit.begin(Budget::default(), move |_| until_done.recv().is_ok());
    done.send(()).unwrap();
    assert!(work.await.unwrap());
}

#[tokio::test]
async fn the_number_of_concurrent_renderings_is_bounded() {
    let renderers = Renderers::default();
    let mut permits: Vec<RenderPermit> = (1..=4).map(|n| at_once(&renderers, n).unwrap()).collect();
    assert!(at_once(&renderers, 5).is_none());
    // A rendering that panics gives its permit back.
    let failed = permits.pop().unwrap().begin(Budget::default(), |_| panic!("on purpose"));
    assert!(failed.await.is_err());
    assert!(at_once(&renderers, 5).is_some());
}

/// Many observers want to see a slow text of one conversation; another conversation is not delayed.
#[tokio::test]
async fn a_slow_conversation_does_not_delay_another() {
    let renderers = Renderers::default();
    let (done, until_done) = mpsc::channel::<()>();
    let slow = renderers.permit(conversation(1)).await;
    let slow = slow.begin(Budget::default(), move |_| until_done.recv().is_ok());
    let mut views: Vec<_> = (0..20).map(|_| Box::pin(renderers.permit(conversation(1)))).collect();
    for view in &mut views {
        assert!(polled(view.as_mut()).is_pending());
    }
    let answer = sample::turn().answer;
    let other = vec![Unrendered { message: answer, text: "*a*".into() }];
    let other = html(&renderers, conversation(2), other, &Budget::default()).await;
    let other: Vec<_> = other.into_iter().map(Outcome::blocks).collect();
    assert_eq!(other.concat(), ["<p dir=\"auto\"><em>a</em></p>"]);
    // Its own observers get their permits one after another.
    done.send(()).unwrap();
    assert!(slow.await.unwrap());
    for view in views {
        drop(view.await);
    }
}

/// While every permit is taken, a conversation with twenty observers is in the queue only once.
#[tokio::test]
async fn conversations_get_permits_in_turn() {
    let renderers = Renderers::default();
    let mut taken: Vec<RenderPermit> = (1..=4).map(|n| at_once(&renderers, n).unwrap()).collect();
    let mut greedy: Vec<_> = (0..20).map(|_| Box::pin(renderers.permit(conversation(5)))).collect();
    assert!(greedy.iter_mut().all(|view| polled(view.as_mut()).is_pending()));
    let mut other = Box::pin(renderers.permit(conversation(6)));
    assert!(polled(other.as_mut()).is_pending());
    taken.truncate(2);
    assert!(polled(greedy[0].as_mut()).is_ready());
    assert!(polled(other.as_mut()).is_ready());
}

#[tokio::test]
async fn a_rendering_that_is_no_longer_awaited_leaves_the_queue_or_stops() {
    let renderers = Renderers::default();
    // A rendering in the queue never starts.
    let mut taken: Vec<RenderPermit> = (1..=4).map(|n| at_once(&renderers, n).unwrap()).collect();
    let budget = Budget::default();
    {
        let gone = vec![Unrendered { message: sample::turn().answer, text: "a".into() }];
        let gone = html(&renderers, conversation(5), gone, &budget);
        assert!(polled(pin!(gone)).is_pending());
    }
    taken.pop();
    assert!(at_once(&renderers, 5).is_some());
    // A rendering that runs ends at its next step.
    let (told, ended) = mpsc::channel();
    let permit = taken.pop().unwrap();
    let work = permit.begin(budget.clone(), move |budget| {
        while !budget.is_spent() {
            std::thread::yield_now();
        }
        told.send(()).unwrap();
    });
    drop(work);
    tokio::task::spawn_blocking(move || ended.recv().unwrap()).await.unwrap();
    assert!(budget.is_spent());
}

#[tokio::test]
async fn the_renderings_for_a_page_are_cancelled_with_its_request() {
    let page = PageHtml::default();
    assert!(!page.budget.is_spent());
    drop(page.until_answered());
    assert!(page.budget.is_spent());
}

fn transcript() -> Transcript {
    let turn = sample::turn();
    let answer = |id, text: &str| Message {
        id,
        parent: None,
        role: Role::Assistant,
        text: text.into(),
        created_at: sample::at(0),
        turn_id: None,
        reasoning: String::new(),
        html: None,
    };
    let other = MessageId::from_parts(9, [9; 10]);
    let messages = vec![answer(other, "*old* & <b>"), answer(turn.answer, "*new*")];
    Transcript { messages, turns: vec![turn], ..sample::empty().transcript }
}

/// The conversation's only permit is taken the whole time.
#[tokio::test(start_paused = true)]
async fn a_page_shows_as_written_each_message_that_is_not_rendered_in_time() {
    let slow = permit(conversation(7)).await;
    let mut transcript = transcript();
    transcript.turns.clear();
    fill(conversation(7), &mut transcript).await;
    drop(slow);
    for (message, text) in transcript.messages.iter().zip(["*old* &amp; &lt;b&gt;", "*new*"]) {
        let html = message.html.clone().unwrap();
        let [note, written] = &html[..] else { panic!("{html:?}") };
        assert!(note.contains("as it was written") && note.contains("lang=\"ja\">"), "{note}");
        assert_eq!(*written, format!("<div class=\"as-written\">{text}</div>"));
    }
}

/// Its observers get changes to the rendered HTML, so it has to be rendered.
#[tokio::test]
async fn an_answer_that_still_streams_is_always_rendered() {
    let transcript = transcript();
    assert!(!transcript.turns[0].state.is_final());
    let page = PageHtml { budget: Budget::of(Duration::ZERO), ..PageHtml::default() };
    page.want(conversation(8), &transcript);
    page.render().await;
    let shown = |n: usize| page.of(transcript.messages[n].id).unwrap();
    assert_eq!(shown(1), "<p dir=\"auto\"><em>new</em></p>");
    assert!(shown(0).contains("rendered-late"));
}

fn paragraph(text: &str) -> String {
    format!("<p dir=\"auto\">{text}</p>")
}

fn unrendered(texts: &[&str]) -> Vec<Unrendered> {
    let message = |n: usize| MessageId::from_parts(n as u64, [1; 10]);
    let texts = texts.iter().enumerate();
    texts.map(|(n, text)| Unrendered { message: message(n), text: (*text).into() }).collect()
}

async fn shown(conversation: WorkerId, texts: &[&str], budget: &Budget) -> Vec<String> {
    let html = html_or_known(conversation, unrendered(texts), budget).await;
    html.iter().map(|blocks| blocks.concat()).collect()
}

#[tokio::test]
async fn messages_are_rendered_in_batches_and_keep_their_order() {
    let long = "x".repeat(BATCH_BYTES / 2);
    let texts = ["a", &long, "b", &long, &long, &long, "c"];
    let expected = texts.map(paragraph);
    assert_eq!(first_batch(&unrendered(&texts).into()), 3);
    assert_eq!(first_batch(&unrendered(&[&long.repeat(3)]).into()), 1);
    assert_eq!(shown(conversation(20), &texts, &Budget::default()).await, expected);
}

/// A spent budget tells what is rendered and what was known.
#[tokio::test]
async fn only_a_text_that_was_not_rendered_before_is_rendered() {
    let (known, spent) = (conversation(21), Budget::of(Duration::ZERO));
    shown(known, &["a", "b"], &Budget::default()).await;
    assert_eq!(shown(known, &["a", "b"], &spent).await, [paragraph("a"), paragraph("b")]);
    let changed = shown(known, &["b", "b"], &spent).await;
    assert!(changed[0].contains("rendered-late"), "{changed:?}");
    assert_eq!(changed[1], paragraph("b"));
    let elsewhere = shown(conversation(22), &["a"], &spent).await;
    assert!(elsewhere[0].contains("rendered-late"), "{elsewhere:?}");
    // Plain text is not kept.
    assert_eq!(shown(conversation(22), &["a"], &Budget::default()).await, [paragraph("a")]);
}
