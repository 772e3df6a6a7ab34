//! The content of the palette and of the list of models: a field with a list of matching options.

use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{Visibility, Worker};

use super::choice::{Choice, choices, models};
use super::overlay::{ModelFor, Overlay};
use super::perform::Performer;
use crate::api;
use crate::components::icon::{Drawing, Icon};
use crate::erase::{attr, live, words};
use crate::live::Conversation;
use crate::text::{self, tr};
use crate::{AppError, ModelOption};

/// A combobox in the dialog (ARIA pattern: the focus stays in the field, the chosen option is
/// its active descendant).
#[component]
pub fn Find(
    /// What a model is chosen for; `None` for the palette.
    models: Option<ModelFor>,
) -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    let field = NodeRef::<Input>::new();
    let offer = Offer::new(overlay.query.clone(), models);
    offer.ask();
    let performer = Performer::new(models);
    let (field_words, list_words) = match models {
        None => (tr!(palette_field), tr!(palette)),
        Some(wanted) => (tr!(models_field), models_title(wanted)),
    };
    let active = offer.active.clone();
    let perform = {
        let (offer, overlay) = (offer.clone(), overlay.clone());
        move |at: usize| {
            let chosen = offer.choices.read_untracked().get(at).cloned();
            if let Some(choice) = chosen.filter(|choice| !is_off(choice)) {
                overlay.close();
                performer.perform(choice, &overlay);
            }
        }
    };
    let by_key = perform.clone();
    let keys = offer.clone();
    let keydown = move |event: KeyboardEvent| {
        // A key press of an input method must not choose anything; its last Enter has key code 229
        // if the composition has just ended.
        if event.is_composing() || event.key_code() == 229 {
            return;
        }
        match event.key().as_str() {
            "ArrowDown" => keys.step(1),
            "ArrowUp" => keys.step(-1),
            "Enter" => by_key(keys.active.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let typed = offer.clone();
    let written = offer.query.get_untracked();
    let listed = offer.choices.clone();
    let empty = offer.choices.clone();
    let note = offer.note.clone();
    let shown = {
        let (note, choices) = (note.clone(), empty.clone());
        move || !note.read().is_empty() || choices.read().is_empty()
    };
    let descendant = offer.clone();
    view! {
        <div class="palette-box">
            <div class="palette-field">
                <Drawing icon=Icon::Search />
                <input
                    type="text"
                    node_ref=field
                    role="combobox"
                    aria-expanded="true"
                    aria-controls="palette-list"
                    aria-autocomplete="list"
                    aria-label=field_words
                    placeholder=field_words
                    aria-activedescendant=attr(move || descendant.active_id())
                    autocomplete="off"
                    spellcheck="false"
                    prop:value=written
                    maxlength=titles::QUERY_CHARS.to_string()
                    on:keydown=keydown
                    on:input=move |_| {
                        if let Some(field) = field.get_untracked() {
                            typed.query.set(field.value());
                            typed.ask();
                        }
                    }
                />
            </div>
            <ul class="palette-list" id="palette-list" role="listbox" aria-label=list_words>
                {live(move || {
                    let choices = listed.get();
                    choices
                        .into_iter()
                        .enumerate()
                        .map(|(at, choice)| {
                            let (active, perform) = (active.clone(), perform.clone());
                            let hover = active.clone();
                            view! {
                                <li
                                    id=option_id(at)
                                    role="option"
                                    data-kind=kind(&choice)
                                    aria-selected=attr(move || Some(
                                        (active.get() == at).to_string(),
                                    ))
                                    aria-disabled=is_off(&choice).then_some("true")
                                    on:pointermove=move |_| hover.set(at)
                                    on:click=move |_| perform(at)
                                >
                                    {words_of(&choice)}
                                    {place_of(&choice)}
                                </li>
                            }
                        })
                        .collect_view()
                })}
            </ul>
            <p class="palette-note" data-shown=attr(move || shown().then_some("")) role="status">
                {words(move || {
                    let note = note.get();
                    if note.is_empty() { text::choices(empty.read().len()) } else { note }
                })}
            </p>
        </div>
    }
}

/// The options currently offered.
#[derive(Clone)]
struct Offer {
    query: ArcRwSignal<String>,
    choices: ArcRwSignal<Vec<Choice>>,
    /// The index of the option that Enter chooses.
    active: ArcRwSignal<usize>,
    place: Visibility,
    /// The conversations found last, and whether a request is in flight.
    found: ArcStoredValue<Vec<Worker>>,
    asking: ArcStoredValue<bool>,
    /// What a model is chosen for; `None` for the palette.
    wanted: Option<ModelFor>,
    /// The models to choose from, once the server has listed them; empty if it could not.
    models: ArcStoredValue<Option<Vec<ModelOption>>>,
    /// Why there is nothing to choose yet.
    note: ArcRwSignal<String>,
}

impl Offer {
    fn new(query: ArcRwSignal<String>, wanted: Option<ModelFor>) -> Self {
        let place = expect_context::<Conversation>().worker.read_untracked().place;
        let offer = Self {
            query,
            choices: ArcRwSignal::default(),
            active: ArcRwSignal::default(),
            place,
            found: ArcStoredValue::default(),
            asking: ArcStoredValue::new(false),
            wanted,
            models: ArcStoredValue::default(),
            note: ArcRwSignal::default(),
        };
        offer.show();
        offer
    }

    /// Shows the options that match now; conversations follow when the server has found them. Only
    /// one request is in flight at a time; a query that changed meanwhile is sent afterwards.
    fn ask(&self) {
        self.show();
        if self.asking.get_value() {
            return;
        }
        self.asking.set_value(true);
        if self.wanted.is_some() {
            return self.ask_for_models();
        }
        let offer = self.clone();
        spawn_local(async move {
            loop {
                let query = offer.query.get_untracked();
                let found = api::titles(query.clone()).await.unwrap_or_default();
                offer.found.set_value(found.workers);
                offer.show();
                if offer.query.get_untracked() == query {
                    break;
                }
            }
            offer.asking.set_value(false);
        });
    }

    /// Shows the models once they are listed. They are asked for only once.
    fn ask_for_models(&self) {
        let offer = self.clone();
        let worker_id = expect_context::<Conversation>().worker_id;
        self.note.set(tr!(models_loading).to_owned());
        spawn_local(async move {
            match api::models(worker_id).await {
                Ok(models) => {
                    offer.note.set(String::new());
                    offer.models.set_value(Some(offer.worded(models)));
                }
                Err(AppError(error)) => {
                    offer.note.set(text::error_heading(&error));
                    offer.models.set_value(Some(Vec::new()));
                }
            }
            offer.show();
            let in_use = |choice: &Choice| matches!(choice, Choice::Model(option) if option.in_use);
            let at = offer.choices.read_untracked().iter().position(in_use);
            if let Some(at) = at.filter(|_| offer.query.read_untracked().is_empty()) {
                offer.activate(at);
            }
        });
    }

    /// For one answer, to choose no model means the one of the conversation.
    fn worded(&self, mut models: Vec<ModelOption>) -> Vec<ModelOption> {
        let own = models.first_mut().filter(|option| option.model.is_none());
        if let (Some(ModelFor::Answer { .. }), Some(own)) = (self.wanted, own) {
            tr!(model_of_conversation).clone_into(&mut own.words);
        }
        models
    }

    fn show(&self) {
        let query = self.query.get_untracked();
        let choices = match self.wanted {
            None => choices(&query, self.found.get_value(), self.place, low),
            // Nothing until then, so that no option moves away from below the pointer.
            Some(_) => self.models.with_value(|options| {
                let found = options.as_ref().map(|options| models(&query, options, low));
                let mut found = found.unwrap_or_default();
                match self.wanted {
                    Some(ModelFor::Several) => found.retain(is_a_model),
                    Some(ModelFor::Conversation)
                        if !found.is_empty() && query.trim().is_empty() =>
                    {
                        found.insert(found.len() - 1, Choice::Several);
                    }
                    _ => {}
                }
                found
            }),
        };
        if *self.choices.read_untracked() != choices {
            // A reader who has moved to another option keeps it.
            let at = self.active.get_untracked();
            let active = self.choices.read_untracked().get(at).cloned().filter(|_| at > 0);
            let at = active.and_then(|active| choices.iter().position(|c| *c == active));
            self.active.set(at.unwrap_or(0));
            self.choices.set(choices);
        }
    }

    fn step(&self, by: isize) {
        let count = self.choices.read_untracked().len().max(1);
        let at = self.active.get_untracked() as isize + by;
        self.activate(at.rem_euclid(count as isize) as usize);
    }

    fn activate(&self, at: usize) {
        self.active.set(at);
        #[cfg(feature = "browser")]
        if let Some(option) = document().get_element_by_id(&option_id(at)) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    }

    fn active_id(&self) -> Option<String> {
        let at = self.active.get();
        (at < self.choices.read().len()).then(|| option_id(at))
    }
}

fn option_id(at: usize) -> String {
    format!("choice-{at}")
}

fn kind(choice: &Choice) -> &'static str {
    match choice {
        Choice::Conversation { .. } => "conversation",
        Choice::Command(_) => "command",
        Choice::Search(_) => "search",
        Choice::Model(_) => "model",
        Choice::MoreSettings | Choice::Several => "settings",
    }
}

/// What the list of models is called.
pub(super) fn models_title(wanted: ModelFor) -> &'static str {
    match wanted {
        ModelFor::Conversation => tr!(models),
        ModelFor::Several => tr!(several),
        ModelFor::Answer { .. } => tr!(regenerate_with),
    }
}

/// Whether an option names a model, so that it can be asked besides the usual one.
fn is_a_model(choice: &Choice) -> bool {
    matches!(choice, Choice::Model(option) if option.model.is_some() || option.off)
}

fn is_off(choice: &Choice) -> bool {
    matches!(choice, Choice::Model(option) if option.off)
}

/// Where a model runs.
fn place_of(choice: &Choice) -> Option<impl IntoView + use<>> {
    let Choice::Model(option) = choice else { return None };
    let place = option.place.clone();
    (!place.is_empty()).then(|| view! { <span class="quiet">{place}</span> })
}

fn words_of(choice: &Choice) -> String {
    let place = expect_context::<Conversation>().worker.read_untracked().place;
    match choice {
        Choice::Conversation { title, .. } => title.clone(),
        Choice::Command(command) => command.words(place).to_owned(),
        Choice::Search(query) => text::search_for(query),
        Choice::Model(option) => option.words.clone(),
        Choice::MoreSettings => tr!(more_settings).to_owned(),
        Choice::Several => tr!(several).to_owned(),
    }
}

/// Lowercases a text. In the browser this uses its tables, which keeps ours out of the WASM.
fn low(text: &str) -> String {
    #[cfg(feature = "browser")]
    return js_sys::JsString::from(text).to_lower_case().into();
    #[cfg(not(feature = "browser"))]
    text.to_lowercase()
}
