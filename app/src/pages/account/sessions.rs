//! The list of sessions on the page of the own account.

use accounts::{Session, SessionId};
use leptos::prelude::*;

use crate::base_path::at;
use crate::components::Moment;
use crate::device_name::device_name;
use crate::erase::{Erased, erase};
use crate::text::tr;

/// The sessions; `own` is the one of this page.
pub(super) fn sessions_section(sessions: Vec<Session>, own: SessionId) -> Erased {
    let others = sessions.iter().any(|session| session.id != own);
    let rows: Vec<_> = sessions.into_iter().map(|session| row(&session, own)).collect();
    let end_others = others.then(|| {
        view! {
            <form method="post" action=at("/account/sessions")>
                <input type="hidden" name="do" value="end_others" />
                <button class="button" type="submit">
                    {tr!(sessions_end_others)}
                </button>
            </form>
        }
    });
    erase(view! {
        <section id="sessions" aria-labelledby="sessions-heading">
            <h2 id="sessions-heading">{tr!(sessions)}</h2>
            <p>{tr!(sessions_what)}</p>
            <ul class="rows">{rows}</ul>
            {end_others}
        </section>
    })
}

fn row(session: &Session, own: SessionId) -> Erased {
    let device = device_name(session.device.as_str());
    let end = if session.id == own {
        erase(view! { <span class="row-tag">{tr!(session_own)}</span> })
    } else {
        erase(view! {
            <form method="post" action=at("/account/sessions")>
                <input type="hidden" name="do" value="end" />
                <input type="hidden" name="session" value=session.id.0.to_string() />
                <button
                    class="button"
                    type="submit"
                    aria-label=tr!(session_end_of, device = &device)
                >
                    {tr!(session_end)}
                </button>
            </form>
        })
    };
    erase(view! {
        <li>
            <div>
                // What the browser says about itself, for readers who want to know more.
                <p class="row-title" title=session.device.as_str().to_owned()>
                    {device}
                </p>
                <p class="quiet">
                    {tr!(session_begun)} " " <Moment at=session.created_at /> " · "
                    {tr!(last_used)} " " <Moment at=session.used_at />
                </p>
            </div>
            {end}
        </li>
    })
}
