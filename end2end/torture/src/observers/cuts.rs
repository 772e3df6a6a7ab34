//! Cuts an observer after every event of a turn and lets it resume; it always ends with the same
//! bytes.

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use protocol::{TurnState, WorkerId};
use serde_json::json;
use tokio::task::JoinSet;
use upstream::{Answer, Script, Step};

use super::Stage;
use crate::client::{Client, Whole};
use crate::ledger::same_as_fresh;
use crate::observer::{Observer, Transport};

const TRANSPORTS: [Transport; 2] = [Transport::WebSocket, Transport::Sse];

/// The milliseconds between two pieces of a turn that is not held.
const PACE_MS: u64 = 2;

/// Records a turn of `pieces` pieces and cuts at each of its events, during the turn and after it.
/// Then cuts after every frame of a turn that is not held.
pub(super) async fn run(stage: &Stage, pieces: usize, rng: &mut Rng) -> Result<()> {
    let client = &stage.companion.client;
    let worker = client.create().await?.worker_id;
    let states = while_it_runs(stage, worker, pieces, rng).await?;
    let cuts = states.len();
    let whole = client.settled(worker).await?;
    let after = after_it(client, states, &whole).await?;
    let frames = after_every_frame(stage, worker, pieces).await?;
    println!("events of a turn         {cuts:>8}");
    println!("  cut while it ran       {:>8}", 3 * cuts);
    println!("  cut after its end      {after:>8}");
    println!("  cut after each frame   {frames:>8}");
    Ok(())
}

/// An answer that waits for a release before each piece and before its end.
fn stepped(pieces: usize) -> Vec<Step> {
    let chunk = |delta, finish: Option<&str>| Step::Data {
        json: json!({
            "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "scripted-model",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
        }),
    };
    let mut steps = vec![Step::Stream, chunk(json!({ "role": "assistant" }), None)];
    for n in 0..pieces {
        steps.extend([Step::Hold, chunk(json!({ "content": piece(n) }), None)]);
    }
    steps.extend([Step::Hold, chunk(json!({}), Some("stop"))]);
    steps.push(Step::Text { text: "data: [DONE]\n\n".to_owned() });
    steps
}

fn piece(n: usize) -> String {
    format!("{n} 日本 🙂 ")
}

/// The states of a recording observer after each event of a turn, from before the turn to its end.
/// From each state three other observers resume: two from this state, over both transports, and one
/// from an earlier state.
async fn while_it_runs(
    stage: &Stage,
    worker: WorkerId,
    pieces: usize,
    rng: &mut Rng,
) -> Result<Vec<Observer>> {
    let client = &stage.companion.client;
    stage.upstream.script(Script::always(stepped(pieces)));
    let mut recorder = Observer::new(worker, Transport::WebSocket);
    let mut link = recorder.connect(client).await?;
    recorder.next(&mut link, false).await?;
    let (mut states, mut resumed) = (vec![recorder.clone()], JoinSet::new());
    client.send(worker, &super::message(rng)).await?;
    let mut said = String::new();
    for n in 0..=pieces {
        let shown = |recorder: &Observer| {
            let Some(view) = &recorder.view else { return false };
            let begun = view.running().is_some_and(|turn| turn.state == TurnState::Generating);
            begun && view.messages.last().is_some_and(|message| message.text == said)
        };
        // Reads one event after another up to the last released piece.
        while !shown(&recorder) {
            recorder.next(&mut link, true).await?;
            states.push(recorder.clone());
            let earlier = states[rng.usize(0..states.len())].clone();
            let mut others = TRANSPORTS.map(|transport| with(&recorder, transport)).to_vec();
            others.push(with(&earlier, TRANSPORTS[rng.usize(0..2)]));
            for mut other in others {
                let client = client.clone();
                resumed.spawn(async move {
                    let mut link = other.connect(&client).await?;
                    while !other.sees_the_end() {
                        other.next(&mut link, true).await?;
                    }
                    anyhow::Ok(other)
                });
            }
        }
        said.push_str(&piece(n));
        stage.upstream.release(1);
    }
    while !recorder.sees_the_end() {
        recorder.next(&mut link, true).await?;
        states.push(recorder.clone());
    }
    let whole = client.settled(worker).await?;
    while let Some(other) = resumed.join_next().await {
        let other = other??;
        let view = other.view.as_ref().context("an observer has seen nothing")?;
        same_as_fresh(view, &whole)
            .with_context(|| format!("{:?} that was cut while it ran", other.transport))?;
    }
    // The start, message, title, acceptance, request, beginning, one delta for each piece, and the
    // end.
    ensure!(states.len() == pieces + 7, "{pieces} pieces came as {} states", states.len());
    Ok(states)
}

fn with(observer: &Observer, transport: Transport) -> Observer {
    Observer { transport, ..observer.clone() }
}

/// Repeats the cuts after the turn has ended and its deltas are folded.
async fn after_it(client: &Client, states: Vec<Observer>, whole: &Whole) -> Result<usize> {
    let mut cuts = 0;
    for state in &states {
        for transport in TRANSPORTS {
            let mut observer = with(state, transport);
            observer
                .catch_up(client, whole)
                .await
                .with_context(|| format!("{transport:?} cut at {} after the end", state.seq()))?;
            cuts += 1;
        }
    }
    Ok(cuts)
}

/// A turn that is not held; two observers reconnect after every frame.
async fn after_every_frame(stage: &Stage, worker: WorkerId, pieces: usize) -> Result<u64> {
    let client = &stage.companion.client;
    let pieces = (0..2 * pieces).map(piece).collect();
    let answer = Answer { pieces, delay_ms: PACE_MS, ..Answer::default() };
    stage.upstream.script(Script::always([Step::Answer(answer)]));
    let whole = client.settled(worker).await?;
    let mut observers = TRANSPORTS.map(|transport| Observer::new(worker, transport));
    for observer in &mut observers {
        observer.catch_up(client, &whole).await?;
    }
    let turns = whole.turns.len() + 1;
    client.send(worker, &super::message(&mut Rng::new())).await?;
    let [mut one, mut two] = observers;
    let cut = async |observer: &mut Observer| {
        let over = |observer: &Observer| {
            observer.sees_the_end()
                && observer.view.as_ref().is_some_and(|view| view.turns.len() == turns)
        };
        while !over(observer) {
            let mut link = observer.connect(client).await?;
            observer.next(&mut link, true).await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(cut(&mut one), cut(&mut two))?;
    let whole = client.settled(worker).await?;
    for observer in [&one, &two] {
        let view = observer.view.as_ref().context("an observer has seen nothing")?;
        same_as_fresh(view, &whole).with_context(|| format!("{:?}", observer.transport))?;
    }
    Ok(one.frames + two.frames)
}
