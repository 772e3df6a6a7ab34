//! What clicks in the transcript do.
//!
//! One listener for all messages, however many there are: what an element does stands in its
//! `data-do`, and which message it belongs to is told by where it stands. In a browser only;
//! what has to work without a script is a link or a form there.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html::Section;
use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::AskAgain;
use protocol::{MessageId, TurnId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use super::address::address_is;
use super::message_actions::{catch_up, focus_soon};
use super::problem::Problem;
use super::toast::Toast;
use crate::erase::effect;
use crate::live::{ConnectionState, Conversation, new_message_id};
use crate::text::tr;
use crate::{AppError, api, reader};

/// How long what was done stays on the page, in milliseconds.
const SAID_MS: u64 = 4_000;

/// Where a browser remembers that long lines of code are wrapped.
const WRAPS: &str = "companion-wrap";

/// What can be done in a transcript.
#[derive(Clone)]
pub struct Acts {
    conversation: Conversation,
    problem: Problem,
    said: Toast,
    /// Whether long lines of code are wrapped.
    wraps: ArcRwSignal<bool>,
    /// The message whose menu was opened.
    menu_of: ArcStoredValue<Option<MessageId>>,
    /// Which of the things said is shown, so that an older one's end does not hide it.
    saying: ArcStoredValue<u32>,
    scroller: NodeRef<Section>,
}

impl Acts {
    /// With what this browser remembers.
    pub fn new(
        conversation: Conversation,
        problem: Problem,
        said: Toast,
        wraps: ArcRwSignal<bool>,
        scroller: NodeRef<Section>,
    ) -> Self {
        let remembered = wraps.clone();
        // Not before the page is as the server wrote it.
        effect(move || {
            let kept = storage().and_then(|storage| storage.get_item(WRAPS).ok().flatten());
            if kept.is_some() {
                remembered.set(true);
            }
        });
        let (menu_of, saying) = (ArcStoredValue::new(None), ArcStoredValue::new(0));
        Self { conversation, problem, said, wraps, menu_of, saying, scroller }
    }

    /// Does what the clicked element says.
    pub fn click(&self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let found = target.and_then(|target| target.closest("[data-do]").ok().flatten());
        let Some(element) = found else { return };
        // A link that is to open elsewhere does.
        if event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let message = message_of(&element);
        match (element.get_attribute("data-do").as_deref(), message) {
            (Some("edit"), Some(id)) => {
                event.prevent_default();
                self.conversation.editing.set(Some(id));
            }
            (Some("step"), _) => {
                if let Some(id) = element.get_attribute("data-to").and_then(|id| id.parse().ok()) {
                    event.prevent_default();
                    self.choose(id);
                }
            }
            (Some("thought"), _) => {
                // The browser opens or folds it behind this; what the reader opens stays open.
                if let Some(thought) = element.parent_element() {
                    let opens = !thought.has_attribute("open");
                    let _ = thought.toggle_attribute_with_force("data-kept", opens);
                }
            }
            (Some("copy"), _) => {
                if let Some(text) = shown_text(&element) {
                    self.copy(text);
                }
            }
            (Some("menu"), Some(id)) => self.menu_of.set_value(Some(id)),
            (Some("copy-markdown"), _) => {
                let id = self.menu_of.get_value();
                if let Some(text) = id.and_then(|id| self.conversation.text_of(id)) {
                    self.copy(text);
                }
                close_menu();
            }
            (Some("copy-link"), _) => {
                if let Some(id) = self.menu_of.get_value() {
                    self.copy(address(&self.conversation, id));
                }
                close_menu();
            }
            (Some("copy-code"), _) => {
                let block = element.closest(".code").ok().flatten();
                let code = block.and_then(|block| block.query_selector("pre").ok().flatten());
                self.copy(code.and_then(|code| code.text_content()).unwrap_or_default());
            }
            (Some("wrap"), _) => self.wrap(),
            (Some("newest"), _) => super::scrolling::to_newest(self.scroller),
            _ => {}
        }
    }

    /// Asks again, or goes on with an answer, as the button that sent the form says.
    pub fn submit(&self, event: &SubmitEvent) {
        let Some(button) = event.submitter() else { return };
        let value = |name: &str| button.get_attribute(name).unwrap_or_default();
        let name = value("name");
        let question = if name == "question" { "value" } else { "data-question" };
        let Ok(question) = value(question).parse::<MessageId>() else { return };
        let (continues, answer_now) = match name.as_str() {
            "question" => (None, None),
            "continues" => (value("value").parse().ok(), None),
            "answer_now" => (None, value("value").parse().ok()),
            _ => return,
        };
        event.prevent_default();
        let Ok(id) = TurnId::from_slice(new_message_id().as_bytes()) else { return };
        let utc_offset = reader::utc_offset();
        self.ask_again(AskAgain { id, question, continues, answer_now, utc_offset });
    }

    fn ask_again(&self, wish: AskAgain) {
        let acts = self.clone();
        acts.problem.clear();
        spawn_local(async move {
            let conversation = &acts.conversation;
            match api::ask_again(conversation.worker_id, wish).await {
                // A page of the past would not show it.
                Ok(()) if acts.is_past() => {
                    let path = format!("/c/{}", conversation.worker_id);
                    let _ = window().location().set_href(&path);
                }
                Ok(()) => {
                    conversation.choose_newest();
                    address_is(&format!("/c/{}", conversation.worker_id));
                    focus_soon("composer".to_owned());
                    super::scrolling::to_newest(acts.scroller);
                    catch_up(conversation).await;
                }
                Err(AppError(error)) => acts.problem.show(error, None),
            }
        });
    }

    fn is_past(&self) -> bool {
        self.conversation.link.get_untracked() == ConnectionState::Off
    }

    fn choose(&self, id: MessageId) {
        self.conversation.choose(id);
        address_is(&format!("/c/{}?at={id}", self.conversation.worker_id));
        focus_soon(format!("m-{id}"));
        if self.conversation.lacks_html() {
            let conversation = self.conversation.clone();
            spawn_local(async move {
                if let Ok(snapshot) = api::snapshot(conversation.worker_id, None).await {
                    conversation.fill(snapshot);
                }
            });
        }
    }

    fn wrap(&self) {
        let wraps = !self.wraps.get_untracked();
        self.wraps.set(wraps);
        // Where nothing can be remembered, it holds for this page.
        let Some(storage) = storage() else { return };
        let _ = if wraps { storage.set_item(WRAPS, "1") } else { storage.remove_item(WRAPS) };
    }

    /// Copies a text, and says whether that was possible.
    fn copy(&self, text: String) {
        let acts = self.clone();
        spawn_local(async move {
            let words = if write(&text).await.is_ok() { tr!(copied) } else { tr!(not_copied) };
            acts.say(words);
        });
    }

    fn say(&self, words: &'static str) {
        self.saying.update_value(|saying| *saying = saying.wrapping_add(1));
        let (said, saying, mine) =
            (self.said.0.clone(), self.saying.clone(), self.saying.get_value());
        said.set(Some(words));
        let over = move || {
            if saying.get_value() == mine {
                said.set(None);
            }
        };
        set_timeout(over, std::time::Duration::from_millis(SAID_MS));
    }
}

/// Writes to the clipboard. A page that did not come over a safe connection has none.
async fn write(text: &str) -> Result<(), JsValue> {
    let navigator = window().navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())?;
    let clipboard = clipboard.dyn_into::<web_sys::Clipboard>()?;
    JsFuture::from(clipboard.write_text(text)).await.map(drop)
}

/// The message that an element is in.
fn message_of(element: &Element) -> Option<MessageId> {
    element.closest(".message").ok()??.id().strip_prefix("m-")?.parse().ok()
}

/// What a message says as it is seen, without the heads of its code.
fn shown_text(element: &Element) -> Option<String> {
    let message = element.closest(".message").ok()??;
    let text = message.query_selector(".message-text").ok()??.dyn_into::<HtmlElement>().ok()?;
    // What is not displayed is not in the text.
    let _ = text.set_attribute("data-copying", "");
    let shown = text.inner_text();
    let _ = text.remove_attribute("data-copying");
    Some(shown)
}

/// Where a message can be found again.
fn address(conversation: &Conversation, id: MessageId) -> String {
    let origin = window().location().origin().unwrap_or_default();
    let worker_id = conversation.worker_id;
    format!("{origin}/c/{worker_id}?m={id}#m-{id}")
}

fn close_menu() {
    if let Some(menu) = document().get_element_by_id("message-menu") {
        let _ = menu.unchecked_into::<HtmlElement>().hide_popover();
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
