//! `/turns/{worker_id}/{turn_id}`: the exact request that was sent to the model for one answer.

use leptos::prelude::*;
use leptos::serde_json;
use protocol::api::{InputMessage, InputRole, Sampling, SentRequest, TurnInput};
use protocol::{Error, MessageId, Turn, WorkerId};

use crate::base_path::at;
use crate::components::{ErrorNote, Moment, attempts};
use crate::erase::{Erased, erase};
use crate::label;
use crate::route::message_page;
use crate::text::{self, tr};

/// The page's data.
pub struct Seen {
    pub runtime_id: protocol::RuntimeId,
    pub worker_id: WorkerId,
    pub turn: Turn,
    /// The recorded request, or the reason why there is none.
    pub input: Result<TurnInput, Error>,
}

/// The body of the page.
#[component]
pub fn InputPage(
    /// The page's data.
    seen: Seen,
) -> impl IntoView {
    let Seen { runtime_id, worker_id, turn, input } = seen;
    let back = message_page(worker_id, turn.answer);
    let api =
        format!("/api/v1/runtimes/{runtime_id}/workers/{worker_id}/turns/{}/input", turn.turn_id);
    let sent = match input {
        Ok(input) => erase(view! {
            <p>{tr!(input_what)}</p>
            {sent(&turn, &input)}
            {omitted(worker_id, &turn)}
            {left_out(worker_id, &turn)}
        }),
        Err(error) => erase(view! { <ErrorNote error /> }),
    };
    view! {
        <main class="plain seen">
            <p>
                <a href=back>{tr!(input_back)}</a>
            </p>
            <h1>{tr!(what_it_saw)}</h1>
            {sent}
            <section aria-labelledby="how">
                <h2 id="how">{tr!(input_how)}</h2>
                {how(&turn)}
            </section>
            <p>
                <a href=at(&api)>{tr!(input_json_open)}</a>
            </p>
        </main>
    }
}

/// The messages verbatim and in order, and the whole request as JSON.
fn sent(turn: &Turn, input: &TurnInput) -> Erased {
    let newest = input.messages.len().saturating_sub(1);
    let messages = input.messages.iter().enumerate().map(|(at, message)| {
        let begun = turn.continues.is_some() && at == newest;
        shown(message, begun)
    });
    let messages: Vec<_> = messages.collect();
    let (name, what, json) = match &input.request {
        Some(SentRequest { interface, body }) => {
            (tr!(input_json), text::interface(*interface), body.clone())
        }
        None => {
            let record = serde_json::to_string_pretty(input).unwrap_or_default();
            (tr!(input_json_record), tr!(input_json_record_what), record)
        }
    };
    erase(view! {
        <section aria-labelledby="sent">
            <h2 id="sent">{tr!(input_messages)}</h2>
            <ol class="sent">{messages}</ol>
            {rendered(input)}
            <details>
                <summary>{name}</summary>
                <p class="quiet">{what} " " {tr!(input_json_how)}</p>
                <pre class="json" tabindex="0">
                    {format!("\n{json}")}
                </pre>
            </details>
        </section>
    })
}

/// The prompt as the chat template of a local model rendered it, which is recorded nowhere else.
fn rendered(input: &TurnInput) -> Option<Erased> {
    let rendered = format!("\n{}", input.rendered.as_ref()?);
    Some(erase(view! {
        <h3 id="rendered">{tr!(input_rendered)}</h3>
        <p class="quiet">{tr!(input_rendered_what)}</p>
        <pre class="rendered" tabindex="0" aria-labelledby="rendered">
            {rendered}
        </pre>
    }))
}

fn shown(message: &InputMessage, begun: bool) -> impl IntoView + use<> {
    let (name, words) = match (message.role, begun) {
        (InputRole::System, _) => ("system", tr!(input_system)),
        (InputRole::User, _) => ("user", tr!(input_user)),
        (InputRole::Assistant, true) => ("assistant", tr!(input_begun)),
        (InputRole::Assistant, false) => ("assistant", text::PRODUCT),
    };
    // An HTML parser drops one line break at the beginning, so one is added.
    let text = format!("\n{}", message.text);
    let thinking = (!message.reasoning.is_empty()).then(|| {
        let reasoning = format!("\n{}", message.reasoning);
        erase(view! {
            <p class="quiet">{tr!(input_thinking)}</p>
            <pre class="sent-thinking">{reasoning}</pre>
        })
    });
    view! {
        <li data-role=name>
            <p>
                <span>{words}</span>
                " "
                <code>{name}</code>
            </p>
            {thinking}
            <pre>{text}</pre>
        </li>
    }
}

/// The messages that the reader had left out, of this and of other branches.
fn omitted(worker_id: WorkerId, turn: &Turn) -> Option<Erased> {
    let sent = |id: &&MessageId| **id != turn.question && Some(**id) != turn.continues;
    let links = (1u32..).zip(turn.omitted.iter().filter(sent)).map(|(number, id)| {
        view! {
            <li>
                <a href=message_page(
                    worker_id,
                    *id,
                )>{tr!(input_omitted_message, number = number)}</a>
            </li>
        }
    });
    let links: Vec<_> = links.collect();
    (!links.is_empty()).then(|| {
        erase(view! {
            <p>{tr!(input_omitted)}</p>
            <ul>{links}</ul>
        })
    })
}

/// How many messages of the branch did not fit, with a link to the first one that did.
fn left_out(worker_id: WorkerId, turn: &Turn) -> Erased {
    let sight = turn.sight.clone().unwrap_or_default();
    match sight.first.filter(|_| sight.left_out > 0) {
        None if turn.omitted.is_empty() => erase(view! { <p>{tr!(input_left_out_none)}</p> }),
        None => erase(view! { <p>{tr!(input_left_out_none_other)}</p> }),
        Some(first) => erase(view! {
            <p>
                <a href=message_page(worker_id, first)>{text::left_out(sight.left_out)}</a>
            </p>
        }),
    }
}

/// All other facts that are recorded about the turn.
fn how(turn: &Turn) -> Erased {
    let window = turn.sight.as_ref().and_then(|sight| sight.window_tokens);
    let rows = [
        (tr!(input_state), Some(label::state(turn.state).to_owned())),
        (tr!(model), Some(turn.model.clone())),
        (tr!(input_provider), Some(label::place(&turn.provider))),
        (tr!(input_profile), Some(turn.profile.to_string())),
        (tr!(input_parameters), Some(sent_parameters(turn))),
        (tr!(input_unsent), unsent(turn)),
        (tr!(input_effort), Some(effort(turn))),
        (tr!(input_reasoning), earlier_thinking(turn)),
        (tr!(input_adjustments), adjustments(turn)),
        (tr!(input_window), window.map(|count| tr!(input_tokens, count = text::thousands(count)))),
        (tr!(input_usage), usage(turn)),
        (tr!(input_timings), Some(timings(turn)).filter(|times| !times.is_empty())),
        (tr!(input_prompt), Some(turn.prompt_digest.clone()).filter(|digest| !digest.is_empty())),
        (tr!(input_bundle), Some(turn.bundle_digest.clone()).filter(|digest| !digest.is_empty())),
    ];
    let rows = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let rows = rows.map(|(name, value)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    });
    let rows: Vec<_> = rows.collect();
    let attempts = (!turn.retries.is_empty()).then(|| {
        erase(view! {
            <h3>{tr!(input_attempts)}</h3>
            {attempts(&turn.retries)}
        })
    });
    erase(view! {
        <dl class="facts">
            {rows} <div>
                <dt>{tr!(input_asked_at)}</dt>
                <dd>
                    <Moment at=turn.started_at />
                </dd>
            </div>
        </dl>
        {attempts}
    })
}

/// Lists sampling parameters by their names in the API and in `profiles.toml`.
fn parameters(sampling: Sampling) -> String {
    let Sampling { temperature, top_p, seed, max_tokens } = sampling;
    let set = [
        temperature.map(|value| format!("temperature {value}")),
        top_p.map(|value| format!("top_p {value}")),
        seed.map(|value| format!("seed {value}")),
        max_tokens.map(|value| format!("max_tokens {value}")),
    ];
    let set: Vec<_> = set.into_iter().flatten().collect();
    set.join(", ")
}

fn sent_parameters(turn: &Turn) -> String {
    let sent = parameters(turn.sampling);
    if sent.is_empty() { tr!(input_parameters_none).to_owned() } else { sent }
}

/// The parameters that were asked for and not sent. The effort has a row of its own.
fn unsent(turn: &Turn) -> Option<String> {
    Some(parameters(turn.unsent.sampling)).filter(|unsent| !unsent.is_empty())
}

fn effort(turn: &Turn) -> String {
    match (&turn.unsent.effort, &turn.effort) {
        (None, Some(told)) => text::effort(told),
        (None, None) => tr!(input_effort_none).to_owned(),
        (Some(asked), Some(told)) => {
            tr!(input_effort_other, effort = text::effort(told), asked = text::effort(asked))
        }
        (Some(asked), None) => tr!(input_effort_untold, asked = text::effort(asked)),
    }
}

/// Whether the reasoning of earlier answers was sent with them; `None` if nothing was sent.
fn earlier_thinking(turn: &Turn) -> Option<String> {
    let sent = turn.sight.as_ref()?.reasoning;
    let words = if sent { tr!(input_reasoning_sent) } else { tr!(input_reasoning_kept) };
    Some(words.to_owned())
}

/// The adjustments that were made to the request.
fn adjustments(turn: &Turn) -> Option<String> {
    let made = &turn.sight.as_ref()?.adjustments;
    let made: Vec<_> = made.iter().map(|made| text::adjustment(*made)).collect();
    (!made.is_empty()).then(|| made.join(", "))
}

fn usage(turn: &Turn) -> Option<String> {
    let usage = turn.usage?;
    let cached = usage.cached_tokens.map(|count| tr!(input_cached, count = text::thousands(count)));
    let parts = [
        Some(text::tokens_in(usage.prompt_tokens)),
        cached,
        Some(text::tokens_out(usage.completion_tokens)),
        usage.reasoning_tokens.map(|count| tr!(input_reasoned, count = text::thousands(count))),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
}

fn timings(turn: &Turn) -> String {
    let times = [
        turn.timings.started_ms.map(|ms| tr!(input_timing_started, seconds = label::seconds(ms))),
        turn.timings.first_token_ms.map(|ms| text::first_token(&label::seconds(ms))),
        turn.timings.total_ms.map(|ms| tr!(input_timing_total, seconds = label::seconds(ms))),
    ];
    times.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
