//! The content of the palette: a field with a list of matching options.

use leptos::ev::KeyboardEvent;
use leptos::html::Input;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::{Visibility, Worker};

use super::choice::{Choice, choices};
use super::overlay::Overlay;
use super::perform::Performer;
use crate::api;
use crate::components::icon::{Drawing, Icon};
use crate::erase::{attr, live, words};
use crate::live::Conversation;
use crate::text::{self, tr};

/// A combobox in the dialog (ARIA pattern: the focus stays in the field, the chosen option is
/// its active descendant).
#[component]
pub fn Find() -> impl IntoView {
    let overlay = expect_context::<Overlay>();
    let field = NodeRef::<Input>::new();
    let offer = Offer::new(overlay.query.clone());
    offer.ask();
    let performer = Performer::new();
    let active = offer.active.clone();
    let perform = {
        let (offer, overlay) = (offer.clone(), overlay.clone());
        move |at: usize| {
            let chosen = offer.choices.read_untracked().get(at).cloned();
            if let Some(choice) = chosen {
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
                    aria-label=tr!(palette_field)
                    placeholder=tr!(palette_field)
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
            <ul class="palette-list" id="palette-list" role="listbox" aria-label=tr!(palette)>
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
                                    on:pointermove=move |_| hover.set(at)
                                    on:click=move |_| perform(at)
                                >
                                    {words_of(&choice)}
                                </li>
                            }
                        })
                        .collect_view()
                })}
            </ul>
            <p class="visually-hidden" role="status">
                {words(move || text::choices(empty.read().len()))}
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
}

impl Offer {
    fn new(query: ArcRwSignal<String>) -> Self {
        let place = expect_context::<Conversation>().worker.read_untracked().place;
        let offer = Self {
            query,
            choices: ArcRwSignal::default(),
            active: ArcRwSignal::default(),
            place,
            found: ArcStoredValue::default(),
            asking: ArcStoredValue::new(false),
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

    fn show(&self) {
        let query = self.query.get_untracked();
        let choices = choices(&query, self.found.get_value(), self.place, low);
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
        let at = at.rem_euclid(count as isize) as usize;
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
    }
}

fn words_of(choice: &Choice) -> String {
    let place = expect_context::<Conversation>().worker.read_untracked().place;
    match choice {
        Choice::Conversation { title, .. } => title.clone(),
        Choice::Command(command) => command.words(place).to_owned(),
        Choice::Search(query) => text::search_for(query),
    }
}

/// Lowercases a text. In the browser this uses its tables, which keeps ours out of the WASM.
fn low(text: &str) -> String {
    #[cfg(feature = "browser")]
    return js_sys::JsString::from(text).to_lower_case().into();
    #[cfg(not(feature = "browser"))]
    text.to_lowercase()
}
