//! The fields that choose further models to answer the same message.

use leptos::prelude::*;
use protocol::catalogue::ModelList;

use crate::erase::{Erased, erase};
use crate::label;
use crate::text::{self, tr};

/// A field for each further model, all of which may be left at none.
pub(super) fn fields(models: &ModelList, chosen: &[String]) -> Erased {
    let fields = (1u32..).zip(chosen).map(|(number, chosen)| {
        let (name, id) = (format!("also_{number}"), format!("also-{number}"));
        let label = format!("{} {number}", tr!(several_field));
        view! {
            <p class="field">
                <label for=id.clone()>{label}</label>
                <select id=id name=name aria-describedby="also-what">
                    <option value="">{tr!(several_none)}</option>
                    {groups(models, chosen)}
                </select>
            </p>
        }
    });
    let opened = chosen.iter().any(|chosen| !chosen.is_empty());
    erase(view! {
        <details open=opened>
            <summary>{tr!(several)}</summary>
            <p class="quiet" id="also-what">
                {tr!(several_field_what)}
            </p>
            {fields.collect_view()}
        </details>
    })
}

fn groups(models: &ModelList, chosen: &str) -> Vec<Erased> {
    let group = |provider: &protocol::catalogue::ProviderModels| {
        let options = provider.models.iter().map(|model| {
            let value = format!("{}/{}", provider.provider, model.name);
            let (is_chosen, off) = (value == chosen, model.reason.is_some());
            let words = text::model_option(model);
            view! {
                <option value=value selected=is_chosen disabled=off>
                    {words}
                </option>
            }
        });
        erase(
            view! { <optgroup label=label::place(&provider.provider)>{options.collect_view()}</optgroup> },
        )
    };
    models.providers.iter().filter(|provider| !provider.models.is_empty()).map(group).collect()
}
