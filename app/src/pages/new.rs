//! `/new`: chooses the profile and model of a new conversation; `/profile/{worker_id}` does the
//! same for an existing one. A plain form.

use leptos::prelude::*;
use protocol::catalogue::{ModelList, ProfileDetail, words_in};
use protocol::{Error, Worker, limits};

use crate::base_path::at;
use crate::components::{ErrorNote, Plain};
use crate::erase::{Erased, erase};
use crate::form::Chosen;
use crate::route::{conversation_page, profile_page};
use crate::text::{self, tr};
use crate::{label, locale};

mod effort;

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
    let Chosen { profile, model, effort: chosen_effort, title } = chosen;
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
            <Models models chosen=model />
            {effort::field(efforts, &chosen_effort)}
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

/// The models of each provider, and notes about providers whose models are unknown.
#[component]
fn Models(models: ModelList, chosen: String) -> impl IntoView {
    let mut notes: Vec<Erased> = Vec::new();
    let mut groups: Vec<Erased> = Vec::new();
    let known = |chosen: &str| {
        let named = models.providers.iter().filter_map(|provider| {
            let name = chosen.strip_prefix(provider.provider.as_str())?.strip_prefix('/')?;
            provider.models.iter().find(|model| model.name == name)
        });
        named.count() > 0
    };
    // Keep the chosen model as an option even if no provider lists it.
    if !chosen.is_empty() && !known(&chosen) {
        let (value, words) = (chosen.clone(), chosen.clone());
        groups.push(erase(view! {
            <option value=value selected=true>
                {words}
            </option>
        }));
    }
    for provider in models.providers {
        let place = label::place(&provider.provider);
        let name = provider.provider;
        let mut options: Vec<Erased> = Vec::new();
        for model in provider.models {
            let value = format!("{name}/{}", model.name);
            let words = text::model_option(&model);
            let (is_chosen, off) = (value == chosen, model.reason.is_some());
            options.push(erase(view! {
                <option value=value selected=is_chosen disabled=off && !is_chosen>
                    {words}
                </option>
            }));
            if let Some(reason) = model.reason {
                // The server's description of the fault in the model's file, which is English.
                notes.push(erase(
                    view! { <li>{model.name} ": " <span lang="en">{text::prose(&reason.message)}</span></li> },
                ));
            }
        }
        let is_empty = options.is_empty();
        match provider.error {
            Some(error) => {
                notes.push(list_error(place.clone(), &error));
            }
            None if is_empty => {
                let none = tr!(models_none, place = &place);
                notes.push(erase(view! { <li>{none}</li> }));
            }
            None => {}
        }
        if provider.left_out > 0 {
            let more = text::models_left_out(provider.left_out);
            let place = place.clone();
            notes.push(erase(view! {
                <li>
                    <strong>{place}</strong>
                    ": "
                    {more}
                </li>
            }));
        }
        // A group without models would be an empty choice; a note explains it instead.
        if !is_empty {
            groups.push(erase(view! { <optgroup label=place>{options}</optgroup> }));
        }
    }
    let notes = (!notes.is_empty()).then(|| {
        view! {
            <ul class="quiet model-notes" id="model-notes">
                {notes}
            </ul>
        }
    });
    let described = notes.is_some().then_some("model-notes");
    view! {
        <div class="labelled">
            <label for="model">{tr!(model)}</label>
            <select id="model" name="model" aria-describedby=described>
                <option value="">{tr!(model_own)}</option>
                {groups}
            </select>
            {notes}
        </div>
    }
}

/// Why a provider's models cannot be listed.
fn list_error(place: String, error: &Error) -> Erased {
    let foreign = text::is_foreign(&error.message);
    // Only Japanese has to be translated.
    let name = foreign.then(|| {
        let (what, next) = (text::error_title(error.code), text::error_next(error.code));
        format!("{what}。{next} ")
    });
    let hint = error.hint.clone().unwrap_or_default();
    let said = text::prose(&format!("{} {hint}", error.message));
    erase(view! {
        <li>
            <strong>{place}</strong>
            ": "
            {name}
            <span lang="en">{said}</span>
        </li>
    })
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
