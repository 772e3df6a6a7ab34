//! The field that sets the temperature.

use leptos::prelude::*;
use protocol::Temperature;

use crate::text::tr;

/// A number, or nothing for the profile's own.
#[component]
pub fn TemperatureField(
    /// What was chosen or typed.
    temperature: String,
    /// What an empty field stands for.
    own: &'static str,
) -> impl IntoView {
    view! {
        <div class="labelled">
            <label for="temperature">{tr!(temperature)}</label>
            <input
                id="temperature"
                name="temperature"
                type="number"
                min="0"
                max=Temperature::MAX.to_string()
                step="any"
                inputmode="decimal"
                value=temperature
                placeholder=own
                autocomplete="off"
                aria-describedby="temperature-note"
            />
            <p class="quiet" id="temperature-note">
                {tr!(temperature_note)}
            </p>
        </div>
    }
}
