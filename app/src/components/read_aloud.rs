//! Reads a message aloud with a voice of the device. Voices that send the text to a service are never
//! used. Used in a browser only.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{SpeechSynthesis, SpeechSynthesisUtterance, SpeechSynthesisVoice};

use crate::text::tr;

/// How long to wait for the browser's list of voices, in milliseconds: some load it at first use.
const VOICES_MS: i32 = 1_000;

/// Whether something is being read.
pub fn is_reading() -> bool {
    synthesis().is_some_and(|synthesis| synthesis.speaking())
}

/// Stops reading.
pub fn stop() {
    if let Some(synthesis) = synthesis() {
        synthesis.cancel();
    }
}

/// Begins to read a text. Returns what to tell the reader if that is not possible.
pub async fn read(text: &str) -> Result<(), &'static str> {
    let synthesis = synthesis().ok_or(tr!(aloud_none))?;
    let voice = voice_for(text, &voices(&synthesis).await).ok_or(tr!(aloud_none))?;
    synthesis.cancel();
    // A paragraph at a time, because some voices stop in the middle of a long text.
    for paragraph in text.split('\n').filter(|line| !line.trim().is_empty()) {
        let Ok(utterance) = SpeechSynthesisUtterance::new_with_text(paragraph) else { continue };
        utterance.set_voice(Some(&voice));
        utterance.set_lang(&voice.lang());
        synthesis.speak(&utterance);
    }
    Ok(())
}

/// A voice of the device for a text: a Japanese one where it has kana, else the default one, or
/// else an English one.
fn voice_for(text: &str, voices: &[SpeechSynthesisVoice]) -> Option<SpeechSynthesisVoice> {
    let local = || voices.iter().filter(|voice| voice.local_service());
    let of = |language: &str| local().find(|voice| voice.lang().starts_with(language)).cloned();
    if text.chars().any(is_kana) {
        return of("ja");
    }
    let usual = local().find(|voice| voice.default() && !voice.lang().starts_with("ja"));
    usual.cloned().or_else(|| of("en"))
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30ff}')
}

async fn voices(synthesis: &SpeechSynthesis) -> Vec<SpeechSynthesisVoice> {
    let listed = || synthesis.get_voices().iter().map(JsCast::unchecked_into).collect::<Vec<_>>();
    if listed().is_empty() {
        let changed = js_sys::Promise::new(&mut |resolve, _| {
            synthesis.set_onvoiceschanged(Some(&resolve));
            let window = window();
            let _ =
                window.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, VOICES_MS);
        });
        let _: Result<JsValue, JsValue> = JsFuture::from(changed).await;
        synthesis.set_onvoiceschanged(None);
    }
    listed()
}

fn synthesis() -> Option<SpeechSynthesis> {
    // Some browsers have none, and the binding would take `undefined` for one.
    let has = js_sys::Reflect::has(&window(), &"speechSynthesis".into()).unwrap_or(false);
    has.then(|| window().speech_synthesis().ok()).flatten()
}
