//! What is around the messages of a document: its head, and what it begins with.

use std::time::Duration;

use leptos::prelude::*;
use protocol::{Excerpt, Timestamp};
use render::Budget;

use super::FILE_POLICY;
use super::style::STYLE;
use crate::components::Moment;
use crate::display::displayed;
use crate::erase::{Erased, erase};
use crate::label;
use crate::preferences::{Preferences, Theme};
use crate::text::{self, tr};

/// The time for laying out all answers of a page that strangers can ask for. What is not done by then
/// is shown as it was written. A file of one's own takes the time that it needs.
const SHARED: Duration = Duration::from_secs(10);

/// What a document is.
pub(crate) enum Frame {
    /// The page of a share, or its preview.
    Page(SharedFrame),
    /// A file that needs nothing else; of a share if there is a time when it was shared.
    File(Option<Timestamp>),
}

/// The page of a share.
pub(crate) struct SharedFrame {
    /// The address of the style sheet.
    pub style: String,
    /// The address of the icon.
    pub icon: String,
    /// When it was shared, and until when it can be read; `None` for a preview.
    pub from_until: Option<(Timestamp, Timestamp)>,
    /// The address of the file to be saved, or for a preview that of the form.
    pub leads: String,
}

impl Frame {
    /// The attribute of the root element. A file follows the system of whoever opens it.
    pub(super) fn theme(&self, preferences: Preferences) -> String {
        match (self, preferences.theme.map(Theme::name)) {
            (Self::Page(_), Some(theme)) => format!(" data-theme=\"{theme}\""),
            _ => String::new(),
        }
    }

    pub(super) fn budget(&self) -> Budget {
        match self {
            Self::Page(_) | Self::File(Some(_)) => Budget::of(SHARED),
            Self::File(None) => Budget::default(),
        }
    }

    pub(super) fn head(&self, title: Option<&str>) -> Erased {
        let title = titled(title).to_owned();
        let links = match self {
            Self::Page(SharedFrame { style, icon, .. }) => erase(view! {
                <link rel="stylesheet" href=style.clone() />
                <link rel="icon" href=icon.clone() type="image/svg+xml" />
            }),
            Self::File(_) => erase(view! {
                <meta http-equiv="Content-Security-Policy" content=FILE_POLICY />
                <style inner_html=STYLE.as_str()></style>
            }),
        };
        erase(view! {
            <meta charset="utf-8" />
            {links}
            <meta
                name="viewport"
                content="width=device-width, initial-scale=1, viewport-fit=cover"
            />
            <meta name="color-scheme" content="light dark" />
            <meta name="robots" content="noindex, nofollow, noarchive" />
            <meta name="referrer" content="no-referrer" />
            // Programs that show a preview of a link get the title and nothing of the text.
            {open_graph("og:title", title.clone())}
            {open_graph("og:type", "article".to_owned())}
            <title>{label::raw(text::window_title(&title))}</title>
        })
    }

    /// What comes before the messages.
    pub(super) fn top(&self, excerpt: &Excerpt) -> Erased {
        let title = titled(excerpt.title.as_deref()).to_owned();
        let lost = (excerpt.lost > 0)
            .then(|| view! { <p class="excerpt-note">{text::excerpt_lost(excerpt.lost)}</p> });
        let prompts: Vec<_> = excerpt.prompts.iter().map(|prompt| system_prompt(prompt)).collect();
        erase(view! {
            <header class="excerpt-top">
                <p class="wordmark">{text::PRODUCT}</p>
                <h1 dir="auto">{title}</h1>
                {self.facts(excerpt.messages.len())}
                {lost}
            </header>
            {prompts}
        })
    }

    fn facts(&self, messages: usize) -> Erased {
        let count = text::messages(messages);
        match self {
            Self::Page(SharedFrame { from_until: Some((from, until)), leads, .. }) => {
                erase(view! {
                    <p class="quiet">
                        {tr!(share_from)} " " <Moment at=*from /> " · " {tr!(share_until)} " "
                        <Moment at=*until /> " · " {count}
                    </p>
                    <p class="quiet">{tr!(share_read_only)}</p>
                    <p class="excerpt-acts">
                        <a class="button" href=leads.clone() download="">
                            {tr!(share_save)}
                        </a>
                    </p>
                })
            }
            Self::Page(SharedFrame { from_until: None, leads, .. }) => erase(view! {
                <p class="excerpt-preview">{tr!(share_preview_note)}</p>
                <p class="quiet">{count}</p>
                <p class="excerpt-acts">
                    <a class="button" href=leads.clone()>
                        {tr!(share_preview_back)}
                    </a>
                </p>
            }),
            Self::File(Some(from)) => erase(
                view! { <p class="quiet">{tr!(share_from)} " " <Moment at=*from /> " · " {count}</p> },
            ),
            Self::File(None) => erase(view! { <p class="quiet">{count}</p> }),
        }
    }
}

/// A property of the Open Graph protocol; `view!` does not know its attribute.
fn open_graph(property: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", property).content(content)
}

/// The title, or words for a conversation without one.
pub(super) fn titled(title: Option<&str>) -> &str {
    label::title(title).unwrap_or(tr!(excerpt_untitled))
}

fn system_prompt(prompt: &str) -> Erased {
    erase(view! {
        <details class="excerpt-aside">
            <summary>{tr!(input_system)}</summary>
            <div class="excerpt-plain" dir="auto">
                {displayed(prompt).into_owned()}
            </div>
        </details>
    })
}
