//! Performs the option chosen in the palette.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use protocol::{MessageId, Role, WorkerId};

use super::choice::{Choice, Command};
use super::overlay::{ModelFor, Overlay, Shown};
use crate::base_path::at;
use crate::components::Choices;
use crate::components::entry_actions::{remove, set_place};
use crate::components::focus::{focus, release_focus};
use crate::components::message_actions::catch_up;
use crate::components::problem::Problem;
use crate::live::{Conversation, List};
use crate::route::{profile_page, regenerate_page};
use crate::{AppError, ModelOption, api, text::tr};

/// The result of a command in words, announced to screen readers.
#[derive(Clone, Default)]
pub struct Told(pub ArcRwSignal<&'static str>);

type Navigate = Box<dyn Fn(&str) + Send + Sync>;

/// The parts of the page that commands need.
#[derive(Clone)]
pub struct Performer {
    list: List,
    conversation: Conversation,
    problem: Problem,
    told: Told,
    navigate: ArcStoredValue<Navigate>,
    /// What a model is chosen for.
    models: Option<ModelFor>,
    choices: Choices,
}

impl Performer {
    /// With what a model is chosen for, if one is.
    pub fn new(models: Option<ModelFor>) -> Self {
        let navigate = use_navigate();
        let navigate = move |path: &str| navigate(path, Default::default());
        Self {
            list: expect_context(),
            conversation: expect_context(),
            problem: expect_context(),
            told: expect_context(),
            navigate: ArcStoredValue::new(Box::new(navigate)),
            models,
            choices: expect_context(),
        }
    }

    /// Performs the choice. The palette is closed by then, and the focus is back where it was.
    pub fn perform(&self, choice: Choice, overlay: &Overlay) {
        match choice {
            Choice::Conversation { id, .. } => self.go(&conversation(id)),
            Choice::Search(query) => {
                let mut fields = leptos_router::params::ParamsMap::new();
                fields.insert("q", query);
                leave(&at(&["/search", &fields.to_query_string()].concat()));
            }
            Choice::Command(command) => self.command(command, overlay),
            Choice::Model(option) => self.model(option),
            Choice::Several => overlay.open(Shown::Models(ModelFor::Several)),
            Choice::MoreSettings => {
                let id = self.conversation.worker_id;
                leave(&match self.models {
                    Some(ModelFor::Answer { turn_id, .. }) => regenerate_page(id, turn_id),
                    _ => profile_page(id),
                });
            }
        }
    }

    /// Lets the model answer: from now on, or the one question again.
    fn model(&self, option: ModelOption) {
        if let Some(ModelFor::Answer { question, .. }) = self.models {
            return self.regenerate(question, option);
        }
        if let Some(ModelFor::Several) = self.models {
            self.conversation.ask_also(option);
            return focus("composer");
        }
        let performer = self.clone();
        self.problem.clear();
        spawn_local(async move {
            let conversation = &performer.conversation;
            let ModelOption { provider, model, .. } = option;
            match api::choose_model(conversation.worker_id, provider, model).await {
                Ok(usual) => {
                    performer.choices.model.set(usual);
                    performer.told.0.set(tr!(choice_from_next));
                    catch_up(conversation).await;
                }
                Err(AppError(error)) => performer.problem.show(error),
            }
        });
    }

    #[cfg(feature = "browser")]
    fn regenerate(&self, question: MessageId, option: ModelOption) {
        use crate::components::another_answer::ask_again;
        use crate::live::new_message_id;
        use protocol::TurnId;
        use protocol::api::{AnswerWith, AskAgain};

        let Ok(id) = TurnId::from_slice(new_message_id().as_bytes()) else { return };
        let ModelOption { provider, model, .. } = option;
        let with = AnswerWith { provider, model, ..AnswerWith::default() };
        let request = AskAgain { with, ..AskAgain::new(id, question) };
        ask_again(self.conversation.clone(), self.problem.clone(), request);
    }

    #[cfg(not(feature = "browser"))]
    fn regenerate(&self, _question: MessageId, _option: ModelOption) {}

    fn command(&self, command: Command, overlay: &Overlay) {
        let id = self.conversation.worker_id;
        match command {
            Command::New => self.create(),
            Command::Write => focus("composer"),
            Command::CopyAnswer => self.copy_answer(),
            Command::Rename => open_manage(),
            Command::Visibility(place) => {
                let worker = self.conversation.worker.get_untracked();
                set_place(self.list.clone(), self.problem.clone(), worker, place);
            }
            Command::Delete => {
                let performer = self.clone();
                let go = move |path: &str| performer.go(path);
                remove(self.list.clone(), self.problem.clone(), id, Some(id), go);
            }
            Command::ExportMarkdown => self.export("markdown"),
            Command::ExportHtml => self.export("html"),
            Command::ExportJson => self.export("json"),
            Command::Share => leave(&self.conversation.share_page()),
            Command::Choose => overlay.open(Shown::Models(ModelFor::Conversation)),
            Command::Several => overlay.open(Shown::Models(ModelFor::Several)),
            Command::Settings | Command::Appearance | Command::Language => {
                leave(&at("/settings"));
            }
            Command::Notify => self.notify(),
            Command::Data => leave(&at("/data")),
            Command::Usage => leave(&at("/settings/use")),
            Command::Shortcuts => overlay.open(Shown::Shortcuts),
        }
    }

    fn go(&self, path: &str) {
        release_focus();
        self.navigate.with_value(|navigate| navigate(path));
    }

    fn create(&self) {
        let performer = self.clone();
        self.problem.clear();
        spawn_local(async move {
            match api::create().await {
                Ok(worker) => performer.go(&conversation(worker)),
                Err(AppError(error)) => performer.problem.show(error),
            }
        });
    }

    /// Turns notifications of complete answers on or off.
    fn notify(&self) {
        #[cfg(feature = "browser")]
        {
            let told = self.told.clone();
            spawn_local(async move {
                told.0.set(crate::components::told_when_done::notify::toggle().await);
            });
        }
    }

    fn copy_answer(&self) {
        let entries = self.conversation.entries.read_untracked();
        let answer = entries.iter().rev().find(|entry| entry.role == Role::Assistant);
        let Some(text) = answer.map(|entry| entry.text.get_untracked()) else {
            return self.told.0.set(tr!(copied_none));
        };
        let told = self.told.clone();
        spawn_local(async move {
            told.0.set(if copy(&text).await { tr!(answer_copied) } else { tr!(copied_not) });
        });
    }

    fn export(&self, format: &str) {
        let worker = self.conversation.worker.read_untracked();
        let (runtime, id) = (worker.runtime_id.to_string(), worker.worker_id.to_string());
        let path = ["/api/v1/runtimes/", &runtime, "/workers/", &id, "/export?format=", format];
        leave(&at(&path.concat()));
    }
}

fn conversation(id: WorkerId) -> String {
    format!("/c/{id}")
}

/// Navigates to an address outside the client-side router: a server page or a file download.
fn leave(address: &str) {
    let _ = window().location().set_href(address);
}

/// Opens the conversation's own menu and focuses the title.
fn open_manage() {
    #[cfg(feature = "browser")]
    if let Some(menu) = document().get_element_by_id("manage") {
        use wasm_bindgen::JsCast;
        let _ = menu.unchecked_into::<web_sys::HtmlElement>().show_popover();
    }
    focus("title");
}

/// Copies a text; returns whether the browser allowed it.
async fn copy(text: &str) -> bool {
    #[cfg(feature = "browser")]
    {
        let done = window().navigator().clipboard().write_text(text);
        wasm_bindgen_futures::JsFuture::from(done).await.is_ok()
    }
    #[cfg(not(feature = "browser"))]
    {
        let _ = text;
        false
    }
}
