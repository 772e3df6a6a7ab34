//! The table with its results, as Markdown.

use std::fmt::Debug;
use std::time::Duration;

use protocol::{ErrorCode, Finish, ProviderKind, TimeoutPhase, TurnState};

use super::row::Promise;
use super::trial::Trial;
use crate::client::Failure;

/// The result of one row of the table.
pub(super) struct Line {
    pub name: &'static str,
    /// The differences from the promise.
    pub faults: Vec<String>,
    /// `None` if the message was refused, with nothing stored.
    state: Option<TurnState>,
    code: Option<ErrorCode>,
    finish: Option<Finish>,
    /// The bytes of the answer.
    kept: usize,
    attempts: u32,
    waited: Duration,
}

impl Line {
    pub(super) fn new(name: &'static str, promise: &Promise, trial: &Trial) -> Self {
        Self {
            name,
            faults: Vec::new(),
            state: Some(trial.turn.state),
            code: trial.turn.error.as_ref().map(|error| error.code),
            finish: trial.turn.finish,
            kept: trial.text.len(),
            attempts: promise.attempts,
            waited: trial.waited,
        }
    }

    /// The result of a message that was refused.
    pub(super) fn refused(name: &'static str, failure: &Failure, waited: Duration) -> Self {
        let (faults, code) = (Vec::new(), failure.code());
        let mut line =
            Self { name, faults, state: None, code, finish: None, kept: 0, attempts: 0, waited };
        line.expect("error", &Some(ErrorCode::Unavailable), &code);
        line
    }

    /// Adds a fault if the two values differ.
    pub(super) fn expect<T: PartialEq + Debug>(&mut self, what: &str, promised: &T, found: &T) {
        if promised != found {
            self.faults.push(format!("{what}: {promised:?} is promised, {found:?} was found"));
        }
    }

    /// Adds a fault if `found` exceeds `bound`.
    pub(super) fn at_most(&mut self, what: &str, found: u64, bound: u64) {
        if found > bound {
            self.faults.push(format!("{what}: at most {bound} is promised, {found} was found"));
        }
    }
}

/// The table with all rows.
pub(super) fn table(lines: &[Line]) -> String {
    let mut table = "| fault | code, kind | state | text kept | may pass | attempts | waited |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for line in lines {
        table.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            line.name,
            line.code.map_or_else(|| finish(line.finish), code),
            line.state.map_or("refused, nothing stored", state),
            kept(line.kept),
            line.code.map_or("-", |code| if code.may_pass() { "yes" } else { "no" }),
            line.attempts,
            waited(line.waited),
        ));
    }
    table
}

/// The whole Markdown file.
pub(super) fn page(table: &str) -> String {
    format!(
        "# Providers that misbehave\n\nWritten by `torture faults --local --write`, which plays \
         each row against the real binary and fails\nwhere state, code, kept text, attempts, \
         page, memory or recovery are not as promised. The limits are\nset short for it \
         (first token 1 s, stall 0.8 s, turn 10 s, pauses from 40 ms, Retry-After obeyed up to 2 s); with \
         the\ndefaults the same happens after 120 s, 60 s, an hour, 0.5 s and up to 20 s. After every row \
         the same conversation\nis answered again. \"May pass\" says whether the provider is \
         asked again by itself, before anything is shown only.\n\n{table}"
    )
}

fn code(code: ErrorCode) -> String {
    let kind = match code {
        ErrorCode::Provider(kind) => provider_kind(kind),
        ErrorCode::Timeout(TimeoutPhase::FirstToken) => "first_token",
        ErrorCode::Timeout(TimeoutPhase::Stall) => "stall",
        ErrorCode::Timeout(TimeoutPhase::Turn) => "turn",
        _ => return format!("`{}`", code.name()),
    };
    format!("`{}`, `{kind}`", code.name())
}

fn provider_kind(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Auth => "auth",
        ProviderKind::Permission => "permission",
        ProviderKind::Credit => "credit",
        ProviderKind::RateLimited => "rate_limited",
        ProviderKind::ModelNotFound => "model_not_found",
        ProviderKind::ContextLength => "context_length",
        ProviderKind::ContentFilter => "content_filter",
        ProviderKind::Parameter => "parameter",
        ProviderKind::Roles => "roles",
        ProviderKind::Beginning => "beginning",
        ProviderKind::Rejected => "rejected",
        ProviderKind::Network => "network",
        ProviderKind::Cut => "cut",
        ProviderKind::Unfit => "unfit",
        ProviderKind::Proxy => "proxy",
        ProviderKind::ProxyAuth => "proxy_auth",
        ProviderKind::ProxyRefused => "proxy_refused",
        ProviderKind::Certificate => "certificate",
        ProviderKind::Tls => "tls",
        ProviderKind::Api => "api",
        ProviderKind::Malformed => "malformed",
        ProviderKind::Compressed => "compressed",
        ProviderKind::Upstream => "upstream",
        ProviderKind::Crashed => "crashed",
    }
}

fn finish(finish: Option<Finish>) -> String {
    match finish {
        Some(Finish::Length) => "finish `length`".to_owned(),
        Some(Finish::Stop) | None => "-".to_owned(),
    }
}

fn state(state: TurnState) -> &'static str {
    match state {
        TurnState::Accepted => "accepted",
        TurnState::Generating => "generating",
        TurnState::Completed => "completed",
        TurnState::Failed => "failed",
        TurnState::Cancelled => "cancelled",
        TurnState::TimedOut => "timed_out",
        TurnState::Interrupted => "interrupted",
    }
}

fn kept(bytes: usize) -> String {
    if bytes == 0 { "none came".to_owned() } else { format!("{bytes} bytes") }
}

fn waited(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}
