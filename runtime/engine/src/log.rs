//! Writes the engine's log as lines to standard error, from where the server forwards them. Keeps
//! the last warnings and errors, because a failed load itself says only "null result".

use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use engine_wire::{Line, LineLevel};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// How many warnings and errors are kept.
const KEPT: usize = 8;

static COMPLAINTS: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());

/// Sends this process's log to standard error. Must be called once, before the engine starts.
pub(crate) fn begin() {
    // If a caller has set a subscriber by mistake, only the log is lost.
    let _ = tracing::subscriber::set_global_default(Lines);
    llama_cpp_2::send_logs_to_tracing(llama_cpp_2::LogOptions::default());
}

/// Takes the last warnings and errors, oldest first.
pub(crate) fn complaints() -> String {
    let mut kept = COMPLAINTS.lock().unwrap_or_else(PoisonError::into_inner);
    kept.drain(..).collect::<Vec<_>>().join("; ")
}

struct Lines;

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO || metadata.target().starts_with("engine")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        let text = text.0.trim().to_owned();
        if text.is_empty() || text.chars().all(|c| c == '.') {
            return;
        }
        let level = match *event.metadata().level() {
            Level::ERROR | Level::WARN => {
                let mut kept = COMPLAINTS.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == KEPT {
                    kept.pop_front();
                }
                kept.push_back(text.clone());
                LineLevel::Warn
            }
            _ => LineLevel::Debug,
        };
        write_line(&Line { level, text });
    }
}

fn write_line(line: &Line) {
    if let Ok(mut json) = serde_json::to_vec(line) {
        json.push(b'\n');
        // Writing fails when the server is gone, and then the reader thread ends this process.
        let _ = std::io::stderr().write_all(&json);
    }
}

/// The fields of an event as one text: the message, then the others with their names.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let separator = if self.0.is_empty() { "" } else { " " };
        // Writing to a String cannot fail.
        let _ = match field.name() {
            "message" | "text" => write!(self.0, "{separator}{value:?}"),
            name => write!(self.0, "{separator}{name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_are_json_and_other_output_is_not() {
        let line = Line { level: LineLevel::Warn, text: "a \"b\"\nc".into() };
        let json = serde_json::to_string(&line).unwrap();
        assert!(!json.contains('\n'));
        assert_eq!(serde_json::from_str::<Line>(&json).unwrap(), line);
        assert!(serde_json::from_str::<Line>("GGML_ASSERT(n > 0) failed").is_err());
    }
}
