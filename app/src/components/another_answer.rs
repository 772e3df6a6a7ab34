//! Asks for another answer to a message. Used in a browser only.

use leptos::prelude::*;
use leptos::task::spawn_local;
use protocol::api::AskAgain;

use super::address::address_is;
use super::message_actions::{catch_up, focus_soon};
use super::problem::Problem;
use super::scrolling::show_newest;
use crate::live::{ConnectionState, Conversation};
use crate::route::conversation_page;
use crate::{AppError, api, reader};

/// Sends the request and shows the beginning of the answer, or why there is none.
pub fn ask_again(conversation: Conversation, problem: Problem, request: AskAgain) {
    problem.clear();
    let request = AskAgain { utc_offset: reader::utc_offset(), ..request };
    spawn_local(async move {
        let page = conversation_page(conversation.worker_id);
        // A page of earlier messages would not show the new answer.
        let is_past = conversation.link.get_untracked() == ConnectionState::Off;
        match api::ask_again(conversation.worker_id, request).await {
            Ok(()) if is_past => {
                let _ = window().location().set_href(&page);
            }
            Ok(()) => {
                conversation.choose_newest();
                address_is(&page);
                focus_soon("composer".to_owned());
                show_newest();
                catch_up(&conversation).await;
            }
            Err(AppError(error)) => problem.show(error),
        }
    });
}
