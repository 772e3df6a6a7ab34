//! The faults of an OpenAI-compatible endpoint.

use std::path::Path;

use anyhow::{Context as _, Result};
use protocol::ProviderKind::{
    Auth, ContentFilter, ContextLength, Cut, Malformed, ModelNotFound, Network, Permission,
    RateLimited, Unfit, Upstream,
};
use protocol::TimeoutPhase::{FirstToken, Stall};
use serde_json::json;
use upstream::{Answer, Script, Step};

use super::hostile;
use super::report::Line;
use super::row::{Fault, Promise};
use super::steps::{
    delta, finish, html, odd_but_good, redirect, refusal, said, split_everywhere, stream, text,
    tool_call, two_choices, waiting, whole, wire,
};
use super::trial::{Trial, judge};
use crate::companion::{Companion, Installation, answered_by};

/// The number of attempts before a turn fails: the default of `retries` and one.
pub(super) const ATTEMPTS: u32 = 3;
/// The same if a stream ends without an event, because the answer is then first requested without
/// streaming.
pub(super) const EMPTY: u32 = ATTEMPTS + 1;

/// Short limits, so that nobody waits for minutes; the outcome is the same.
const LIMITS: &str = "first_token_ms = 1000\nstall_ms = 800\nturn_ms = 10000\n";

/// Short pauses between attempts, for the same reason.
const PAUSES: &str = "retry_ms = 40\nretry_max_ms = 2000\n";

/// The key that is sent to the endpoint; some rows repeat it in their answers.
pub(super) const KEY: &str = "sk-of-this-endpoint-alone";

/// How many bytes the server's memory may grow by at the peak of a row, and after it. An answer of
/// 1 MiB needs far less on its way through log and pages; a line of 100 MB must not be kept.
pub(super) const PEAK_BYTES: u64 = 192 << 20;
const STAYING_BYTES: u64 = 64 << 20;

/// Parts of the endpoint's answers that must never be shown.
const SECRETS: [&str; 4] = [KEY, "sk-secret", "/srv/inference.py", "internal.example"];

/// Plays all rows against one companion, each in a new conversation.
pub(super) async fn play(binary: &Path) -> Result<Vec<Line>> {
    let upstream = upstream::Upstream::start().await?;
    let key = "api_key_file = \"key\"\n";
    let place =
        Installation::new(binary, &format!("{LIMITS}{PAUSES}{key}{}", answered_by(&upstream)))?;
    place.file("key", KEY)?;
    let result = play_in(&place, &upstream).await;
    let mut lines = place.close(result)?;
    lines.push(unknown_host(binary).await?);
    Ok(lines)
}

async fn play_in(place: &Installation, upstream: &upstream::Upstream) -> Result<Vec<Line>> {
    let companion = place.start().await?;
    let elsewhere = upstream::Upstream::start().await?;
    let own = upstream.base_url();
    let mut hidden: Vec<&str> = SECRETS.to_vec();
    hidden.push(own.trim_start_matches("http://").trim_end_matches("/v1"));

    let mut lines = vec![refused(&companion, upstream, &hidden).await?];
    let listed = elsewhere.base_url();
    for fault in faults(&listed).into_iter().chain(hostile::faults(&listed)) {
        let script = Script { replies: fault.replies.clone(), ..Script::default() };
        let answers = || upstream.log().requests.iter().filter(|r| r.method == "POST").count();
        let before = answers();
        upstream.script(script);
        let memory = companion.memory()?;
        let trial = Trial::of(&companion.client, "Hello?");
        let (trial, peak) =
            companion.watched(trial).await.with_context(|| format!("the row {:?}", fault.name))?;
        let asked = answers() - before;
        let mut line = judge(fault.name, &fault.promise, &trial, &hidden);
        line.expect("requests at the endpoint", &fault.promise.attempts, &u32::try_from(asked)?);
        line.at_most("bytes of memory at its peak", peak.saturating_sub(memory), PEAK_BYTES);
        let grown = companion.memory()?.saturating_sub(memory);
        line.at_most("bytes of memory that stay", grown, STAYING_BYTES);
        recovers(&companion, upstream, &trial, &mut line).await?;
        lines.push(line);
    }
    let leaked = elsewhere.log().requests.len();
    anyhow::ensure!(leaked == 0, "a redirect was followed: {leaked} requests elsewhere");
    companion.kill().await?;
    Ok(lines)
}

/// Checks that the same conversation is answered as soon as the endpoint works again.
async fn recovers(
    companion: &Companion,
    upstream: &upstream::Upstream,
    trial: &Trial,
    line: &mut Line,
) -> Result<()> {
    upstream.script(Script::default());
    let again = Trial::again(&companion.client, trial.worker, "And now?").await?;
    // An unanswered question is sent in one message with the next one.
    let next = match trial.text.trim() {
        "" => "You said: Hello?\n\nAnd now?",
        _ => "You said: And now?",
    };
    line.expect("the next answer", &next, &again.text.as_str());
    Ok(())
}

async fn refused(
    companion: &Companion,
    upstream: &upstream::Upstream,
    hidden: &[&str],
) -> Result<Line> {
    upstream.refuse().await;
    let trial = Trial::of(&companion.client, "Hello?").await?;
    upstream.accept_again().await?;
    let promise = Promise::fails(Network).after(ATTEMPTS);
    let mut line = judge("connection refused", &promise, &trial, hidden);
    recovers(companion, upstream, &trial, &mut line).await?;
    Ok(line)
}

async fn unknown_host(binary: &Path) -> Result<Line> {
    let lines = "base_url = \"http://no-such-host.invalid/v1\"\nmodel = \"scripted-model\"\n";
    let place = Installation::new(binary, &format!("{PAUSES}{lines}"))?;
    let result = async {
        let companion = place.start().await?;
        let trial = Trial::of(&companion.client, "Hello?").await?;
        companion.kill().await?;
        let promise = Promise::fails(Network).after(ATTEMPTS);
        Ok(judge("host not found", &promise, &trial, &["no-such-host"]))
    };
    let result = result.await;
    place.close(result)
}

fn faults(elsewhere: &str) -> Vec<Fault> {
    let always = Fault::always;
    let fails = Promise::fails;
    let mut faults = vec![
        always("accepted, then silent", vec![Step::Silent], Promise::times_out(FirstToken)),
        always("silent after the headers", stream([Step::Silent]), Promise::times_out(FirstToken)),
        always("401", refusal(401, "Incorrect API key: sk-secret"), fails(Auth)),
        always("403", refusal(403, "Not for internal.example"), fails(Permission)),
        always("404 for the model", refusal(404, "The model does not exist"), fails(ModelNotFound)),
        always("404 for the path", html(404), fails(Malformed)),
        always(
            "context_length_exceeded",
            refusal(400, "maximum context length"),
            fails(ContextLength),
        ),
        always(
            "429 without Retry-After",
            refusal(429, "Slow down"),
            fails(RateLimited).after(ATTEMPTS),
        ),
        always(
            "429 with Retry-After: 1",
            waiting(429, "1"),
            fails(RateLimited).after(ATTEMPTS).waits_ms(2_000),
        ),
        always("429 with Retry-After: 3600", waiting(429, "3600"), fails(RateLimited)),
        always("500", refusal(500, "kaboom at /srv/inference.py"), fails(Upstream).after(ATTEMPTS)),
        always("502 with an HTML body", html(502), fails(Upstream).after(ATTEMPTS)),
        always(
            "503 with Retry-After: 1",
            waiting(503, "1"),
            fails(Upstream).after(ATTEMPTS).waits_ms(2_000),
        ),
        always(
            "200 with a JSON error",
            vec![Step::json(200, &json!({"error": {"message": "kaboom"}}))],
            fails(Upstream).after(ATTEMPTS),
        ),
        always("200 that is not an event stream", html(200), fails(Malformed)),
        always("something else than HTTP", vec![wire("SSH-2.0-OpenSSH\r\n\r\n")], fails(Malformed)),
        always("a redirect to another host", redirect(elsewhere), fails(Malformed)),
        always(
            "malformed JSON in the first event",
            stream([text("data: {oops\n\n")]),
            fails(Malformed),
        ),
        always(
            "malformed JSON in mid-stream",
            stream([delta("Half "), text("data: {oops\n\n")]),
            fails(Malformed).keeps("Half "),
        ),
        always(
            "an error event in mid-stream",
            stream([delta("Half "), text("data: {\"error\":{\"message\":\"kaboom\"}}\n\n")]),
            fails(Upstream).keeps("Half "),
        ),
        always(
            "an event split after every byte",
            split_everywhere(),
            Promise::completed().keeps("日本🦀語"),
        ),
        always("comments and unknown fields", odd_but_good(), Promise::completed().keeps("Good.")),
        always(
            "no final [DONE]",
            whole(Answer { done: false, ..said("Good.") }),
            Promise::completed().keeps("Good."),
        ),
        always(
            "neither finish nor [DONE]",
            whole(Answer { done: false, finish: String::new(), ..said("Half.") }),
            fails(Cut).keeps("Half."),
        ),
        always("closed before the first text", stream([Step::Close]), fails(Cut).after(ATTEMPTS)),
        always(
            "closed in mid-stream",
            stream([delta("Half "), Step::Close]),
            fails(Cut).keeps("Half "),
        ),
        always(
            "reset in mid-stream",
            stream([delta("Half "), Step::Delay { ms: 50 }, Step::Reset]),
            fails(Cut).keeps("Half "),
        ),
        always(
            "a stall in mid-stream",
            stream([delta("Half "), Step::Silent]),
            Promise::times_out(Stall).keeps("Half "),
        ),
        always(
            "an endless stream",
            stream([Step::Endless { text: "again and again ".repeat(64) }]),
            Promise::length().keeps_bytes(1 << 20),
        ),
        always(
            "a line of 100 MB",
            stream([delta("Half "), Step::LongLine { bytes: 100 << 20 }]),
            fails(Malformed).keeps("Half "),
        ),
        always("an empty stream", stream([text("data: [DONE]\n\n")]), fails(Malformed)),
        always(
            "an empty answer",
            whole(Answer { pieces: vec![String::new()], ..Answer::default() }),
            Promise::completed(),
        ),
        always(
            "finish by length",
            whole(Answer { finish: "length".into(), ..said("Cut") }),
            Promise::length().keeps("Cut"),
        ),
        always(
            "finish by content_filter",
            whole(Answer { finish: "content_filter".into(), ..said("Well, ") }),
            fails(ContentFilter).keeps("Well, "),
        ),
        always(
            "usage missing",
            whole(Answer { usage: false, ..said("Good.") }),
            Promise::completed().keeps("Good."),
        ),
        always(
            "reasoning in reasoning_content",
            whole(Answer { reasoning: Some("Hm.".into()), ..said("Good.") }),
            Promise::completed().keeps("Good."),
        ),
        always("two choices", two_choices(), Promise::completed().keeps("Good.")),
        always(
            "tool calls that nobody asked for",
            stream([tool_call(), finish("tool_calls")]),
            fails(Unfit),
        ),
        always(
            "text and a tool call",
            stream([delta("Good."), tool_call(), finish("tool_calls")]),
            Promise::completed().keeps("Good."),
        ),
    ];
    faults.push(Fault {
        name: "503 once, then an answer",
        replies: vec![refusal(503, "Warming up"), whole(said("Good."))],
        promise: Promise::completed().keeps("Good.").after(2),
    });
    faults.push(Fault {
        name: "closed twice, then an answer",
        replies: vec![vec![Step::Close], stream([Step::Close]), whole(said("Good."))],
        promise: Promise::completed().keeps("Good.").after(3),
    });
    faults
}
