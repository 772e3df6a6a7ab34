//! `/new`: chooses the profile and model of a new conversation; `/profile/{worker_id}` does the
//! same for an existing one. A plain form.

use leptos::prelude::*;
use protocol::catalogue::{ModelList, ProfileDetail, words_in};
use protocol::{Error, Worker, limits};

use crate::base_path::at;
use crate::components::{ErrorNote, Plain};
use crate::erase::erase;
use crate::form::Chosen;
use crate::locale;
use crate::route::{conversation_page, profile_page};
use crate::text::{self, tr};

pub(super) mod effort;
pub(super) mod models;
pub(super) mod temperature;

use models::Models;
use temperature::TemperatureField;

/// The page's data.
pub struct New {
    /// In the order of the bundle.
    pub profiles: Vec<ProfileDetail>,
    pub models: ModelList,
    /// The initial choice, or the one of a form that was refused.
    pub chosen: Chosen,
    /// The conversation to change; none creates a new one.
    pub worker: Option<Worker>,
    pub refused: Option<Error>,
}

/// Profiles, models, and the button.
#[component]
pub fn NewPage(
    /// The page's data.
    new: New,
) -> impl IntoView {
    let New { profiles, models, chosen, worker, refused } = new;
    let Chosen {
        profile,
        model,
        effort: chosen_effort,
        temperature,
        instructions,
        instructions_before,
        title,
    } = chosen;
    let efforts = effort::offered(&models);
    let is_new = worker.is_none();
    let (action, to_do) = match &worker {
        None => (at("/new"), "create"),
        Some(worker) => (profile_page(worker.worker_id), "choose"),
    };
    let back = worker.as_ref().map(|worker| conversation_page(worker.worker_id));
    let cards = profiles.into_iter().map(|detail| {
        let checked = detail.summary.name.as_str() == profile;
        erase(view! { <Card detail checked /> })
    });
    let foot = match worker {
        None => erase(view! { <TitleField title /> }),
        Some(_) => erase(view! { <p class="quiet">{tr!(choice_from_next)}</p> }),
    };
    let body = erase(view! {
        {refused
            .map(|error| {
                view! {
                    <div role="alert">
                        <ErrorNote error />
                    </div>
                }
            })}
        <form class="choose" method="post" action=action>
            <input type="hidden" name="do" value=to_do />
            <fieldset>
                <legend>{tr!(profile)}</legend>
                {cards.collect_view()}
            </fieldset>
            <Models models chosen=model own=tr!(model_own) />
            {effort::field(efforts, &chosen_effort, tr!(effort_own))}
            <TemperatureField temperature own=tr!(temperature_own) />
            <InstructionsField instructions before=instructions_before />
            {foot}
            <p>
                <button class="button" data-kind="primary" type="submit">
                    {if is_new { tr!(begin) } else { tr!(save) }}
                </button>
            </p>
        </form>
        <nav class="plain-links" aria-label=tr!(pages)>
            {match back {
                None => erase(view! { <a href=at("/")>{tr!(to_home)}</a> }),
                Some(back) => erase(view! { <a href=back>{tr!(to_conversation)}</a> }),
            }}
        </nav>
    });
    view! { <Plain heading=heading(is_new) body /> }
}

/// The page's heading.
pub fn heading(is_new: bool) -> &'static str {
    if is_new { tr!(new) } else { tr!(profile_and_model) }
}

/// A profile: its purpose, its settings, and its prompt.
#[component]
fn Card(detail: ProfileDetail, checked: bool) -> impl IntoView {
    let ProfileDetail { summary, prompt } = detail;
    let language = locale::language();
    let title = words_in(&summary.title, language).to_owned();
    let about = words_in(&summary.description, language).to_owned();
    let id = format!("about-{}", summary.name);
    let facts = text::profile_facts(&summary).join(" · ");
    view! {
        <div class="card">
            <label class="choice">
                <input
                    type="radio"
                    name="profile"
                    value=summary.name.to_string()
                    checked=checked
                    required
                    aria-describedby=id.clone()
                />
                <span class="card-title">{title}</span>
            </label>
            <div class="card-about" id=id>
                <p>{about}</p>
                <p class="quiet">{facts}</p>
            </div>
            <details>
                <summary>{tr!(show_prompt)}</summary>
                <pre class="prompt" lang=summary.language tabindex="0">
                    {prompt}
                </pre>
                <p class="quiet digest">{summary.prompt_digest}</p>
            </details>
        </div>
    }
}

/// What the conversation tells the model besides its profile.
#[component]
fn InstructionsField(
    /// What is in the field.
    instructions: String,
    /// What the conversation had when the page was loaded.
    before: String,
) -> impl IntoView {
    view! {
        <div class="labelled">
            <label for="instructions">{tr!(instructions)}</label>
            // What it was when the page was loaded: a text that was not changed here overwrites none.
            <input type="hidden" name="instructions_before" value=before />
            <textarea
                id="instructions"
                name="instructions"
                rows="5"
                dir="auto"
                aria-describedby="instructions-note"
            >
                {instructions}
            </textarea>
            <p class="quiet" id="instructions-note">
                {tr!(instructions_note)}
            </p>
        </div>
    }
}

#[component]
fn TitleField(title: String) -> impl IntoView {
    view! {
        <div class="labelled">
            <label for="title">{tr!(title)}</label>
            <input
                id="title"
                name="title"
                type="text"
                value=title
                maxlength=limits::TITLE_CHARS.to_string()
                placeholder=tr!(title_by_itself)
                autocomplete="off"
            />
        </div>
    }
}
