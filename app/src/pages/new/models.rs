//! The field that chooses a model.

use leptos::prelude::*;
use protocol::Error;
use protocol::catalogue::ModelList;

use crate::erase::{Erased, erase};
use crate::label;
use crate::text::{self, tr};

/// The models of each provider, and notes about providers whose models are unknown.
#[component]
pub fn Models(
    /// All that can be chosen.
    models: ModelList,
    /// The provider and name of the model that is chosen at first, such as `local/NAME`.
    chosen: String,
    /// What the choice of none is called.
    own: &'static str,
) -> impl IntoView {
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
                <option value="">{own}</option>
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
