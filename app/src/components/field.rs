//! A text field of a form that only the server renders, and what was wrong with the form.

use std::sync::Arc;

use leptos::prelude::*;

use super::icon::{Drawing, Icon};

/// Words that are found when the page is rendered, in its language.
pub type Words = fn() -> &'static str;

/// Why a form was refused, and which of its fields is concerned.
#[derive(Clone)]
pub struct Mistake {
    /// The id of the field; [`Mistake::FORM`] if it is none.
    pub at: &'static str,
    /// What is wrong, and what to do. Only a page that is being rendered has a language.
    pub words: Arc<dyn Fn() -> String + Send + Sync>,
}

impl Mistake {
    /// The place of a mistake that is no field's.
    pub const FORM: &'static str = "form-mistake";

    /// What is wrong with this field, if it is this one.
    pub fn of(mistake: Option<&Self>, field: &str) -> Option<String> {
        mistake.filter(|mistake| mistake.at == field).map(|mistake| (mistake.words)())
    }
}

/// A field with its label, a hint, and its mistake. A field with a mistake has the focus when the
/// page is loaded, and a screen reader reads the mistake with the field.
#[component]
pub fn Field(
    /// The field's id, which is unique on the page.
    id: &'static str,
    /// Its name in the form.
    name: &'static str,
    /// The words beside it.
    label: &'static str,
    /// The type of the input.
    #[prop(default = "text")]
    kind: &'static str,
    /// By this, browsers and password managers know what to fill in (HTML, "Autofill").
    autocomplete: &'static str,
    /// What is filled in already; never a password.
    #[prop(default = String::new())]
    value: String,
    /// What is expected.
    #[prop(default = None)]
    hint: Option<String>,
    /// What is wrong.
    #[prop(default = None)]
    mistake: Option<String>,
    /// Whether it has the focus when the page is loaded, even without a mistake.
    #[prop(default = false)]
    first: bool,
) -> impl IntoView {
    let (hint_id, mistake_id) = (format!("{id}-hint"), format!("{id}-mistake"));
    let described =
        [mistake.as_ref().map(|_| mistake_id.as_str()), hint.as_ref().map(|_| hint_id.as_str())];
    let described: Vec<_> = described.into_iter().flatten().collect();
    let described = (!described.is_empty()).then(|| described.join(" "));
    let is_wrong = mistake.is_some();
    // Names and passwords are not sentences of the page's language.
    let spelled = if kind == "text" { Some("none") } else { None };
    view! {
        <div class="labelled">
            <label for=id>{label}</label>
            <input
                id=id
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                autocapitalize=spelled
                spellcheck="false"
                required
                autofocus=is_wrong || first
                aria-invalid=is_wrong.then_some("true")
                aria-describedby=described
            />
            {mistake
                .map(|words| {
                    view! {
                        <p class="mistake" id=mistake_id>
                            {words}
                        </p>
                    }
                })}
            {hint
                .map(|words| {
                    view! {
                        <p class="quiet" id=hint_id>
                            {words}
                        </p>
                    }
                })}
        </div>
    }
}

/// A mistake that is no field's, with the focus.
#[component]
pub fn FormMistake(
    /// What is wrong, and what to do.
    words: String,
) -> impl IntoView {
    view! {
        <div
            class="note"
            data-kind="error"
            role="alert"
            id=Mistake::FORM
            tabindex="-1"
            autofocus=true
        >
            <Drawing icon=Icon::Alert />
            <div>
                <p class="note-title">{words}</p>
            </div>
        </div>
    }
}

/// Says that a form has done its work.
#[component]
pub fn DoneNote(
    /// What was done.
    words: &'static str,
) -> impl IntoView {
    view! {
        <div class="note" data-kind="done" role="status">
            <p class="note-title">{words}</p>
        </div>
    }
}
