//! A note about an error: what happened, what was kept, and what to do.
//!
//! The server's messages contain the names of settings between backticks, which are left out here.

use leptos::prelude::*;
use protocol::{Error, ErrorCode, ProviderKind};

use super::endpoint_words::endpoint_words as endpoints_words;
use super::icon::{Drawing, Icon};
use crate::base_path::at;
use crate::erase::{Erased, erase};
use crate::error::is_away;
use crate::live::Conversation;
use crate::route::{login_page_from_here, profile_page};
use crate::text::{self, Remedy, tr};

/// Shows one error of the closed set.
#[component]
pub fn ErrorNote(
    /// What happened.
    error: Error,
    /// What was kept in spite of it.
    #[prop(default = None, into)]
    kept: Option<&'static str>,
    /// What did not happen, as the heading of an error about something invalid.
    #[prop(default = None, into)]
    refused: Option<&'static str>,
    /// A form that does something about it.
    #[prop(default = None, into)]
    act: Option<Erased>,
) -> impl IntoView {
    let away = is_away(&error);
    let is_invalid = error.code == ErrorCode::InvalidInput;
    let heading = match refused.filter(|_| is_invalid) {
        Some(refused) => refused.to_owned(),
        None => text::error_heading(&error),
    };
    let foreign = text::is_foreign(&error.message);
    let Error { code, message, hint, retry_after_ms, said } = error;
    let (message, hint) = (text::prose(&message), hint.map(|hint| text::prose(&hint)));
    let retry = retry_after_ms.map(|ms| text::retry_after(ms.div_ceil(1000)));
    let next = match &hint {
        Some(hint) if !foreign => hint.clone(),
        _ => text::error_next(code).to_owned(),
    };
    // With the time to wait, "later" says nothing more.
    let is_limit =
        matches!(code, ErrorCode::RateLimited | ErrorCode::Provider(ProviderKind::RateLimited));
    let next = (retry.is_none() || !is_limit).then_some(next);
    let particulars = if code == ErrorCode::Unauthorized {
        // The server's words are for programs, and the page has the better ones.
        erase(view! { <p>{text::error_next(code)}</p> })
    } else if foreign {
        let said = hint.map_or(message.clone(), |hint| format!("{message} {hint}"));
        erase(view! {
            {next.map(|next| view! { <p>{next}</p> })}
            <details class="particulars">
                <summary>{tr!(particulars)}</summary>
                <p lang="en">{said}</p>
            </details>
        })
    } else {
        let message = is_invalid.then_some(message);
        erase(view! {
            {message.map(|message| view! { <p>{message}</p> })}
            {next.map(|next| view! { <p>{next}</p> })}
        })
    };
    // Without a conversation, a remedy that belongs to one (such as a relative link) does not work.
    let worker_id = use_context::<Conversation>().map(|conversation| conversation.worker_id);
    let remedy = match text::remedy(code) {
        _ if away => None,
        Remedy::Link { path, .. } if worker_id.is_none() && !path.starts_with('/') => None,
        Remedy::Stop if worker_id.is_none() => None,
        Remedy::Choose => {
            let path = worker_id.map_or_else(|| at("/settings#model"), profile_page);
            Some(erase(view! {
                <p>
                    <a href=path rel="external">
                        {tr!(choose_another_model)}
                    </a>
                </p>
            }))
        }
        Remedy::Link { path, words } => {
            // The others are relative to the current page.
            let path = if path.starts_with('/') { at(path) } else { path.to_owned() };
            Some(erase(view! {
                <p>
                    // `external` bypasses the router, which would follow a link to the current page
                    // without asking the server again.
                    <a href=path rel="external">
                        {words}
                    </a>
                </p>
            }))
        }
        Remedy::LogIn => Some(erase(view! {
            <p>
                <a href=login_page_from_here() rel="external">
                    {tr!(log_in)}
                </a>
            </p>
        })),
        Remedy::Stop => Some(erase(view! {
            <p>
                <button class="action" type="submit" form="stop">
                    {tr!(stop)}
                </button>
            </p>
        })),
        Remedy::Beside => None,
    };
    view! {
        <div class="note" data-kind="error" data-code=code.name()>
            <Drawing icon=Icon::Alert />
            <div>
                <p class="note-title">{heading}</p>
                {particulars}
                {endpoints_words(said)}
                {retry.map(|retry| view! { <p>{retry}</p> })}
                {kept.map(|kept| view! { <p>{kept}</p> })}
                {remedy}
                {act}
            </div>
        </div>
    }
}
