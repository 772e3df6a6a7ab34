//! `/settings`: the reader's settings for this browser, and how to give this server another model.

use leptos::prelude::*;
use protocol::api::ProviderStatus;
use protocol::catalogue::LearnedModel;
use protocol::{Error, ProviderName};

use crate::base_path::at;
use crate::components::{BetterModels, DoneNote, ErrorNote, Plain};
use crate::enter_key::EnterKey;
use crate::erase::{Erased, erase};
use crate::label;
use crate::preferences::{Preferences, Theme};
use crate::text::{self, Locale, adjustment, tr};

/// What a form of the page has done.
pub enum SettingsDone {
    /// The settings were stored in this browser.
    Saved,
    /// The facts learned about a model were deleted.
    Forgotten(ForgottenModel),
}

/// A model whose learned facts were deleted.
pub struct ForgottenModel {
    pub model: String,
    /// The deleted facts; none if there were none.
    pub what: Option<LearnedModel>,
}

/// A plain form that leads back to this page.
#[component]
pub fn SettingsPage(
    /// The current settings.
    preferences: Preferences,
    /// The provider in use.
    provider: ProviderStatus,
    /// The facts learned about models from refusals, by provider.
    learned: Vec<(ProviderName, Vec<LearnedModel>)>,
    /// The result of a form, if one was sent.
    done: Option<Result<SettingsDone, Error>>,
) -> impl IntoView {
    let Preferences { language, theme, enter, .. } = preferences;
    let body = erase(view! {
        {done.map(done_note)}
        <form class="settings" method="post" action=at("/settings")>
            <fieldset>
                <legend>{tr!(language)}</legend>
                <Choice
                    name="language"
                    value=""
                    chosen=language.is_none()
                    words=tr!(language_browser)
                />
                // Each language is named in itself, for readers who cannot read the page.
                <Choice
                    name="language"
                    value="en"
                    chosen=language == Some(Locale::en)
                    words="English"
                    lang="en"
                />
                <Choice
                    name="language"
                    value="ja"
                    chosen=language == Some(Locale::ja)
                    words="日本語"
                    lang="ja"
                />
            </fieldset>
            <fieldset>
                <legend>{tr!(theme)}</legend>
                <Choice name="theme" value="" chosen=theme.is_none() words=tr!(theme_system) />
                <Choice
                    name="theme"
                    value="light"
                    chosen=theme == Some(Theme::Light)
                    words=tr!(theme_light)
                />
                <Choice
                    name="theme"
                    value="dark"
                    chosen=theme == Some(Theme::Dark)
                    words=tr!(theme_dark)
                />
            </fieldset>
            <fieldset>
                <legend>{tr!(enter_key)}</legend>
                <Choice name="enter" value="" chosen=enter.is_none() words=tr!(keys_device) />
                <Choice
                    name="enter"
                    value="sends"
                    chosen=enter == Some(EnterKey::Sends)
                    words=tr!(keys)
                />
                <Choice
                    name="enter"
                    value="breaks"
                    chosen=enter == Some(EnterKey::Breaks)
                    words=tr!(keys_reversed)
                />
                <p class="quiet">{tr!(keys_always)}</p>
            </fieldset>
            <p>
                <button class="button" type="submit">
                    {tr!(save)}
                </button>
            </p>
            <p class="quiet">{tr!(settings_kept)}</p>
        </form>
        <section class="settings-model" id="model" aria-labelledby="model-heading">
            <h2 id="model-heading">{tr!(model)}</h2>
            <p>{answers(provider)}</p>
            <h3>{tr!(better)}</h3>
            <BetterModels />
        </section>
        {(!learned.is_empty()).then(|| learned_section(learned))}
        <nav class="plain-links" aria-label=tr!(pages)>
            <a href=at("/")>{tr!(to_home)}</a>
            <a href=at("/data")>{tr!(data)}</a>
            <a href=at("/settings/use")>{tr!(usage)}</a>
            <a href=at("/account")>{tr!(account)}</a>
        </nav>
    });
    view! { <Plain heading=tr!(settings) body /> }
}

/// One option of a setting.
#[component]
fn Choice(
    name: &'static str,
    value: &'static str,
    chosen: bool,
    words: &'static str,
    #[prop(optional)] lang: Option<&'static str>,
) -> impl IntoView {
    view! {
        <label class="choice" lang=lang>
            <input type="radio" name=name value=value checked=chosen />
            {words}
        </label>
    }
}

/// One line about the provider in use.
fn answers(provider: ProviderStatus) -> String {
    let Some(kind) = &provider.kind else { return tr!(no_model).to_owned() };
    let place = label::place(kind);
    let small = if provider.bundled_model { tr!(small) } else { "" };
    let parts = [provider.model.as_deref().unwrap_or_default(), &place, small];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// The facts learned about endpoints' models, each with a button that deletes them.
fn learned_section(learned: Vec<(ProviderName, Vec<LearnedModel>)>) -> impl IntoView {
    let mut rows = Vec::new();
    for (provider, models) in learned {
        rows.extend(models.into_iter().map(|model| learned_row(&provider, model)));
    }
    erase(view! {
        <section class="settings-learned" id="learned" aria-labelledby="learned-heading">
            <h2 id="learned-heading">{tr!(learned)}</h2>
            <p>{tr!(learned_what)}</p>
            <ul>{rows}</ul>
        </section>
    })
}

fn done_note(done: Result<SettingsDone, Error>) -> Erased {
    match done {
        Ok(SettingsDone::Saved) => erase(view! { <DoneNote words=tr!(settings_saved) /> }),
        Ok(SettingsDone::Forgotten(ForgottenModel { model, what })) => {
            let words = match what {
                Some(what) => tr!(forgotten, model = model, what = parts(what)),
                None => tr!(forgotten_nothing, model = model),
            };
            erase(view! {
                <div class="note" data-kind="done" role="status">
                    <p class="note-title">{words}</p>
                </div>
            })
        }
        Err(error) => erase(view! {
            <div role="alert">
                <ErrorNote error kept=tr!(nothing_changed) />
            </div>
        }),
    }
}

/// One line about the facts learned about a model.
fn parts(learned: LearnedModel) -> String {
    let LearnedModel { adjustments, window_tokens, prompt_tokens, .. } = learned;
    let window = window_tokens.map(|tokens| tr!(learned_window, tokens = text::thousands(tokens)));
    let prompt = prompt_tokens.map(|tokens| tr!(learned_prompt, tokens = text::thousands(tokens)));
    // If the accepted efforts are known, the refused ones need not be listed.
    let taken: Vec<_> = learned.taken_efforts.iter().map(ToString::to_string).collect();
    let refused = if taken.is_empty() { learned.refused_efforts } else { Vec::new() };
    let refused = refused.into_iter();
    let efforts = refused.map(|effort| tr!(learned_effort, effort = effort.to_string()));
    let efforts = efforts
        .chain((!taken.is_empty()).then(|| tr!(learned_efforts, efforts = taken.join(", "))));
    let parts = adjustments.into_iter().map(adjustment).chain(window).chain(prompt).chain(efforts);
    parts.collect::<Vec<_>>().join(" · ")
}

fn learned_row(provider: &ProviderName, learned: LearnedModel) -> impl IntoView + use<> {
    let model = learned.model.clone();
    let parts = parts(learned);
    let forget = tr!(forget_of, model = &model);
    erase(view! {
        <li>
            <p>
                <strong>{model.clone()}</strong>
                " "
                {label::place(provider)}
            </p>
            <p>{parts}</p>
            <form method="post" action=at("/settings/forget")>
                <input type="hidden" name="provider" value=provider.to_string() />
                <input type="hidden" name="model" value=model />
                <button class="button" type="submit" aria-label=forget>
                    {tr!(forget)}
                </button>
            </form>
        </li>
    })
}
