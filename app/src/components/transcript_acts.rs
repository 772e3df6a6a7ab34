//! Handles clicks in the transcript.
//!
//! One listener serves all messages. An element's `data-do` names the action, and its place in the
//! document tells the message. Used in a browser only; an action that has to work without a script
//! is a link or a form there.

use leptos::ev::{MouseEvent, SubmitEvent};
use leptos::html::Section;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use protocol::api::AskAgain;
use protocol::{MessageId, TurnId};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement};

use super::address::address_is;
use super::another_answer::ask_again;
use super::message_actions::{catch_up, focus_soon};
use super::palette::{ModelFor, Overlay, Shown};
use super::problem::Problem;
use super::read_aloud;
use super::toast::Toast;
use crate::base_path::at;
use crate::erase::effect;
use crate::live::{Conversation, new_message_id};
use crate::route::{message_page, share_page};
use crate::text::tr;
use crate::{AppError, api};

/// How long a toast is shown, in milliseconds.
const SAID_MS: u64 = 4_000;

/// The storage key that remembers that long lines of code are wrapped.
const WRAPS: &str = "companion-wrap";

/// The actions of a transcript.
#[derive(Clone)]
pub struct Acts {
    conversation: Conversation,
    problem: Problem,
    overlay: Overlay,
    said: Toast,
    /// Whether long lines of code are wrapped.
    wraps: ArcRwSignal<bool>,
    /// The message whose menu is open.
    menu_of: ArcStoredValue<Option<MessageId>>,
    /// Counts the toasts, so that the timer of an older toast does not hide a newer one.
    saying: ArcStoredValue<u32>,
    scroller: NodeRef<Section>,
    navigate: ArcStoredValue<Navigate>,
}

type Navigate = Box<dyn Fn(&str) + Send + Sync>;

impl Acts {
    /// Restores the remembered settings of this browser.
    pub fn new(
        conversation: Conversation,
        problem: Problem,
        said: Toast,
        wraps: ArcRwSignal<bool>,
        scroller: NodeRef<Section>,
    ) -> Self {
        let remembered = wraps.clone();
        // Do this in an effect, because the first render must equal the server's.
        effect(move || {
            let kept = storage().and_then(|storage| storage.get_item(WRAPS).ok().flatten());
            if kept.is_some() {
                remembered.set(true);
            }
        });
        let (menu_of, saying) = (ArcStoredValue::new(None), ArcStoredValue::new(0));
        let overlay = expect_context();
        let navigate = use_navigate();
        let navigate: Navigate = Box::new(move |path| navigate(path, Default::default()));
        let navigate = ArcStoredValue::new(navigate);
        Self { conversation, problem, overlay, said, wraps, menu_of, saying, scroller, navigate }
    }

    /// Performs the action of the clicked element.
    pub fn click(&self, event: &MouseEvent) {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let found = target.and_then(|target| target.closest("[data-do]").ok().flatten());
        let Some(element) = found else { return };
        // Let the browser open a link in a new tab or window.
        let elsewhere = event.ctrl_key() || event.meta_key() || event.shift_key();
        if elsewhere && element.has_attribute("href") {
            return;
        }
        let message = message_of(&element);
        match (element.get_attribute("data-do").as_deref(), message) {
            (Some("edit"), Some(id)) => {
                event.prevent_default();
                self.conversation.editing.set(Some(id));
            }
            (Some("again"), _) => {
                event.prevent_default();
                self.ask(&element);
            }
            (Some("step"), _) => {
                if let Some(id) = element.get_attribute("data-to").and_then(|id| id.parse().ok()) {
                    event.prevent_default();
                    self.choose(id);
                }
            }
            (Some("thought"), _) => {
                // The browser toggles the element after this handler. Remember that the reader
                // opened it, so that it is not folded automatically.
                if let Some(thought) = element.parent_element() {
                    let opens = !thought.has_attribute("open");
                    let _ = thought.toggle_attribute_with_force("data-kept", opens);
                }
            }
            (Some("copy"), Some(id)) => {
                if let Some(text) = self.conversation.text_of(id) {
                    self.copy(text);
                }
            }
            (Some("menu"), Some(id)) => {
                self.menu_of.set_value(Some(id));
                // The style sheet leaves out what cannot be done with a message of this role.
                let message = element.closest(".message").ok().flatten();
                let role = message.and_then(|message| message.get_attribute("data-role"));
                let running = untrack(|| self.conversation.activity()).is_running();
                if let Some(menu) = menu() {
                    let _ = menu.set_attribute("data-of", &role.unwrap_or_default());
                    let _ = menu.toggle_attribute_with_force("data-running", running);
                    let _ =
                        menu.toggle_attribute_with_force("data-unfinished", self.is_written(id));
                    let name = |selector, words: &str| {
                        if let Ok(Some(item)) = menu.query_selector(selector) {
                            item.set_text_content(Some(words));
                        }
                    };
                    let reads = read_aloud::is_reading();
                    name("[data-do=aloud]", if reads { tr!(aloud_stop) } else { tr!(aloud) });
                    let omitted = self.conversation.omits(id);
                    name("[data-do=omit]", if omitted { tr!(omit_not) } else { tr!(omit) });
                }
            }
            (Some("again-with"), _) => {
                close_menu();
                self.offer_models();
            }
            (Some("edit-answer"), _) => {
                close_menu();
                self.conversation.editing.set(self.menu_of.get_value());
            }
            (Some("omit"), _) => {
                close_menu();
                self.omit();
            }
            (Some("fork"), _) => {
                close_menu();
                self.fork();
            }
            (Some("copy-text"), _) => {
                if let Some(text) = self.menu_of.get_value().and_then(shown_text) {
                    self.copy(text);
                }
                close_menu();
            }
            (Some("aloud"), _) => {
                self.aloud();
                close_menu();
            }
            (Some("copy-link"), _) => {
                if let Some(id) = self.menu_of.get_value() {
                    self.copy(address(&self.conversation, id));
                }
                close_menu();
            }
            (Some("share"), _) => {
                let page = share_page(self.conversation.worker_id, self.menu_of.get_value());
                let _ = window().location().set_href(&page);
            }
            (Some("copy-code"), _) => {
                let block = element.closest(".code").ok().flatten();
                let code = block.and_then(|block| block.query_selector("pre").ok().flatten());
                self.copy(code.and_then(|code| code.text_content()).unwrap_or_default());
            }
            (Some("unfold"), _) => unfold(&element),
            (Some("wrap"), _) => self.wrap(),
            (Some("newest"), _) => super::scrolling::to_newest(self.scroller),
            _ => {}
        }
    }

    /// Performs the action of the button that submitted a form.
    pub fn submit(&self, event: &SubmitEvent) {
        if event.submitter().is_some_and(|button| self.ask(&button)) {
            event.prevent_default();
        }
    }

    /// Asks again or continues an answer, depending on the button. Returns whether it is a button
    /// for that.
    fn ask(&self, button: &Element) -> bool {
        let value = |name: &str| button.get_attribute(name).unwrap_or_default();
        let name = value("name");
        let question = if name == "question" { "value" } else { "data-question" };
        let Ok(question) = value(question).parse::<MessageId>() else { return false };
        let (continues, answer_now) = match name.as_str() {
            "question" => (None, None),
            "continues" => (value("value").parse().ok(), None),
            "answer_now" => (None, value("value").parse().ok()),
            _ => return false,
        };
        let Ok(id) = TurnId::from_slice(new_message_id().as_bytes()) else { return false };
        let asks = AskAgain { continues, answer_now, ..AskAgain::new(id, question) };
        ask_again(self.conversation.clone(), self.problem.clone(), asks);
        true
    }

    /// Offers the models with which to regenerate the answer whose menu was open.
    fn offer_models(&self) {
        let answer = self.menu_of.get_value();
        let entries = self.conversation.entries.read_untracked();
        let entry = entries.iter().find(|entry| Some(entry.id) == answer);
        if let Some(turn) = entry.and_then(|entry| entry.turn.as_ref()) {
            let turn = turn.read_untracked();
            let (turn_id, question) = (turn.turn_id, turn.question);
            self.overlay.open(Shown::Models(ModelFor::Answer { turn_id, question }));
        }
    }

    /// Whether a message is an answer that is being written.
    fn is_written(&self, id: MessageId) -> bool {
        let entries = self.conversation.entries.read_untracked();
        let turn =
            entries.iter().find(|entry| entry.id == id).and_then(|entry| entry.turn.as_ref());
        turn.is_some_and(|turn| !turn.read_untracked().state.is_final())
    }

    /// Copies the conversation up to the message whose menu was open, and shows the copy.
    fn fork(&self) {
        let Some(message) = self.menu_of.get_value() else { return };
        let (worker_id, problem) = (self.conversation.worker_id, self.problem.clone());
        let navigate = self.navigate.clone();
        problem.clear();
        spawn_local(async move {
            match api::fork(worker_id, message).await {
                Ok(made) => navigate.with_value(|go| go(&format!("/c/{made}"))),
                Err(AppError(error)) => problem.show(error),
            }
        });
    }

    /// Leaves the message whose menu was open out of what is sent, or sends it again.
    fn omit(&self) {
        let Some(message) = self.menu_of.get_value() else { return };
        let (conversation, problem) = (self.conversation.clone(), self.problem.clone());
        problem.clear();
        spawn_local(async move {
            let omitted = !conversation.omits(message);
            match api::omit(conversation.worker_id, message, omitted).await {
                Ok(()) => catch_up(&conversation).await,
                Err(AppError(error)) => problem.show(error),
            }
        });
    }

    /// Reads the message aloud whose menu was open, or stops reading.
    fn aloud(&self) {
        if read_aloud::is_reading() {
            return read_aloud::stop();
        }
        let Some(text) = self.menu_of.get_value().and_then(shown_text) else { return };
        let acts = self.clone();
        spawn_local(async move {
            if let Err(words) = read_aloud::read(&text).await {
                acts.say(words);
            }
        });
    }

    fn choose(&self, id: MessageId) {
        self.conversation.choose(id);
        address_is(&at(&format!("/c/{}?at={id}", self.conversation.worker_id)));
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
        // Without storage the setting lasts only for this page.
        let Some(storage) = storage() else { return };
        let _ = if wraps { storage.set_item(WRAPS, "1") } else { storage.remove_item(WRAPS) };
    }

    /// Copies a text, and shows whether that was possible.
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

/// Writes to the clipboard. Pages in an insecure context (plain http) have none.
async fn write(text: &str) -> Result<(), JsValue> {
    let navigator = window().navigator();
    let clipboard = js_sys::Reflect::get(&navigator, &"clipboard".into())?;
    let clipboard = clipboard.dyn_into::<web_sys::Clipboard>()?;
    JsFuture::from(clipboard.write_text(text)).await.map(drop)
}

/// The id of the message that contains an element.
fn message_of(element: &Element) -> Option<MessageId> {
    element.closest(".message").ok()??.id().strip_prefix("m-")?.parse().ok()
}

/// Shows all of a long message, or only its beginning again.
fn unfold(button: &Element) {
    let Ok(Some(message)) = button.closest(".message") else { return };
    let opens = message.toggle_attribute("data-open").unwrap_or_default();
    let _ = button.set_attribute("aria-expanded", if opens { "true" } else { "false" });
    button.set_text_content(Some(if opens { tr!(show_less) } else { tr!(show_all) }));
}

/// The visible text of a message, without the headers of its code blocks.
fn shown_text(id: MessageId) -> Option<String> {
    let message = document().get_element_by_id(&format!("m-{id}"))?;
    let text = message.query_selector(".message-text").ok()??.dyn_into::<HtmlElement>().ok()?;
    // `inner_text` leaves out elements that are not displayed; the attribute hides the headers.
    let _ = text.set_attribute("data-copying", "");
    let shown = text.inner_text();
    let _ = text.remove_attribute("data-copying");
    Some(shown)
}

/// The permanent link of a message.
fn address(conversation: &Conversation, id: MessageId) -> String {
    let origin = window().location().origin().unwrap_or_default();
    let worker_id = conversation.worker_id;
    [origin, message_page(worker_id, id)].concat()
}

fn close_menu() {
    if let Some(menu) = menu() {
        let _ = menu.hide_popover();
    }
}

fn menu() -> Option<HtmlElement> {
    document().get_element_by_id("message-menu")?.dyn_into().ok()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
