//! The field that chooses the effort.

use leptos::prelude::*;
use protocol::Effort;
use protocol::catalogue::ModelList;

use crate::erase::{Erased, erase};
use crate::text::{self, tr};

/// The offered efforts: every effort that one of the models accepts, the least first. Without a
/// script the page cannot limit them to the chosen model; the server says what that one accepts.
pub fn offered(models: &ModelList) -> Vec<Effort> {
    let all = models.providers.iter().flat_map(|provider| &provider.models);
    let mut offered: Vec<Effort> = Vec::new();
    for effort in all.flat_map(|model| &model.efforts) {
        if !offered.contains(effort) {
            offered.push(effort.clone());
        }
    }
    Effort::sort(&mut offered);
    offered
}

/// The field; none if no model accepts an effort and none was chosen. `own` is what the choice of
/// none is called.
pub fn field(efforts: Vec<Effort>, chosen: &str, own: &'static str) -> Option<Erased> {
    if efforts.is_empty() && chosen.is_empty() {
        return None;
    }
    let is_offered = efforts.iter().any(|effort| effort.as_str() == chosen);
    // Keep the chosen effort as an option even if no model accepts it at the moment.
    let other = (!is_offered).then(|| chosen.parse::<Effort>().ok()).flatten();
    let mut efforts: Vec<_> = efforts.into_iter().chain(other).collect();
    Effort::sort(&mut efforts);
    let options = efforts.into_iter().map(|effort| {
        let (value, selected) = (effort.to_string(), effort.as_str() == chosen);
        view! {
            <option value=value selected=selected>
                {text::effort(&effort)}
            </option>
        }
    });
    let options = options.collect_view();
    Some(erase(view! {
        <div class="labelled">
            <label for="effort">{tr!(effort)}</label>
            <select id="effort" name="effort" aria-describedby="effort-note">
                <option value="">{own}</option>
                {options}
            </select>
            <p class="quiet" id="effort-note">
                {tr!(effort_note)}
            </p>
        </div>
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::ProviderName;
    use protocol::catalogue::{ModelEntry, ProviderModels};

    #[test]
    fn every_effort_that_any_model_accepts_is_offered_once() {
        let entry = |efforts: &[&str]| ModelEntry {
            efforts: efforts.iter().map(|effort| effort.parse().unwrap()).collect(),
            ..ModelEntry::default()
        };
        let list = |models| ModelList {
            providers: vec![ProviderModels {
                provider: ProviderName::openai(),
                default_model: None,
                models,
                left_out: 0,
                error: None,
                learned: Vec::new(),
            }],
        };
        let names = |models| -> Vec<String> {
            offered(&list(models)).into_iter().map(String::from).collect()
        };
        let models = vec![
            entry(&[]),
            entry(&["high", "xhigh", "none"]),
            entry(&["default", "low", "none", "minimal", "high"]),
        ];
        assert_eq!(names(models), ["none", "minimal", "low", "high", "xhigh", "default"]);
        assert_eq!(names(vec![entry(&[])]), <[&str; 0]>::default());
    }
}
