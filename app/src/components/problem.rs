//! The newest error of a page or of the list. Any component can set it; one component shows it.

use leptos::prelude::*;
use protocol::{Error, ErrorCode};

use super::ErrorNote;
use crate::erase::{effect, effect_from};
use crate::error::is_away;
use crate::live::{Activity, ConnectionState};
use crate::text::tr;

/// The newest error on this page, until the next attempt.
#[derive(Clone, Default)]
pub struct Problem(ArcRwSignal<Option<(Error, Attempt)>>);

/// What failed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// The sending of a message, whose text is in the box.
    Message,
    Other,
}

impl Problem {
    /// Shows an error.
    pub fn show(&self, error: Error) {
        self.0.set(Some((error, Attempt::Other)));
    }

    /// Shows why a message was not sent, and says that its text was kept.
    pub fn show_unsent(&self, error: Error) {
        self.0.set(Some((error, Attempt::Message)));
    }

    /// The error as a view.
    pub fn note(&self) -> Option<impl IntoView + use<>> {
        let (error, attempt) = self.0.get()?;
        let unsent = attempt == Attempt::Message;
        let kept = unsent.then_some(tr!(text_kept));
        let refused = unsent.then_some(tr!(error_not_sent));
        Some(view! { <ErrorNote error kept refused /> })
    }

    /// Clears the error.
    pub fn clear(&self) {
        self.0.set(None);
    }

    /// Clears an error about the connection or the login when the connection is back.
    pub fn clear_when_back(&self, link: impl Fn() -> Option<ConnectionState> + 'static) {
        let problem = self.clone();
        effect(move || {
            let back = matches!(link(), Some(ConnectionState::Live | ConnectionState::Polling(_)));
            let passed = |(error, _): &(Error, Attempt)| {
                is_away(error) || error.code == ErrorCode::Unauthorized
            };
            if back && problem.0.read_untracked().as_ref().is_some_and(passed) {
                problem.clear();
            }
        });
    }

    /// Shows an error when the session ends by which the page was loaded.
    pub fn show_when_logged_out(&self, link: ArcRwSignal<ConnectionState>) {
        let problem = self.clone();
        effect(move || {
            if link.get() == ConnectionState::LoggedOut {
                // The note has words of its own for this code.
                problem.show(Error::new(ErrorCode::Unauthorized, ""));
            }
        });
    }

    /// Clears a `busy` error when the running turn ends.
    pub fn clear_when_done(&self, activity: Memo<Activity>) {
        let problem = self.clone();
        effect_from(move |ran: Option<bool>| {
            let runs = activity.get().is_running();
            let shown = problem.0.get_untracked();
            let is_busy = shown.is_some_and(|(error, _)| error.code == ErrorCode::Busy);
            if ran == Some(true) && !runs && is_busy {
                problem.clear();
            }
            runs
        });
    }
}
