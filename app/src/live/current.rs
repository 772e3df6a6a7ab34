//! The conversation beside the sidebar, which stays while the reader moves between conversations.

use leptos::prelude::*;
use protocol::WorkerId;
use protocol::api::ProviderStatus;

use super::Conversation;

/// The conversation in the address, and the one that is shown. Cheap to clone; in the context of
/// the layout and of all its pages.
#[derive(Clone)]
pub struct Current {
    /// The conversation in the address, even while it loads or if it does not exist. `None` if the
    /// address names none; then there is no sidebar.
    pub worker_id: Memo<Option<WorkerId>>,
    /// The provider of the conversation that is shown.
    pub provider: ArcRwSignal<Option<ProviderStatus>>,
    page: ArcRwSignal<Page>,
}

/// The page that is shown. It starts as [`Page::Loading`] on the server and in the browser, so that
/// both render the same; only effects change it.
#[derive(Clone)]
enum Page {
    Loading,
    Conversation(Box<Conversation>),
    /// A text, such as that the conversation does not exist.
    Words,
}

impl Current {
    /// Starts with nothing shown.
    pub fn new(worker_id: Memo<Option<WorkerId>>) -> Self {
        let (provider, page) = (ArcRwSignal::new(None), ArcRwSignal::new(Page::Loading));
        Self { worker_id, provider, page }
    }

    /// Records that a conversation is shown, and its provider. Returns whether another page was
    /// shown before, so that the reader has navigated here.
    pub fn show(&self, conversation: Conversation, provider: ProviderStatus) -> bool {
        self.set_provider(provider);
        self.turn_to(Page::Conversation(Box::new(conversation)))
    }

    /// Records that a text is shown instead of a conversation. Returns whether another page was
    /// shown before.
    pub fn show_words(&self) -> bool {
        self.turn_to(Page::Words)
    }

    /// Records the provider.
    pub fn set_provider(&self, provider: ProviderStatus) {
        self.provider.maybe_update(|shown| {
            let is_new = shown.as_ref() != Some(&provider);
            if is_new {
                *shown = Some(provider);
            }
            is_new
        });
    }

    /// The conversation that is shown.
    pub fn conversation(&self) -> Option<Conversation> {
        match &*self.page.read() {
            Page::Conversation(conversation) => Some((**conversation).clone()),
            Page::Loading | Page::Words => None,
        }
    }

    /// The conversation that is shown, if it has this id.
    pub fn conversation_of(&self, id: WorkerId) -> Option<Conversation> {
        self.conversation().filter(|conversation| conversation.worker_id == id)
    }

    fn turn_to(&self, page: Page) -> bool {
        let before = self.page.try_update(|shown| std::mem::replace(shown, page));
        !matches!(before, None | Some(Page::Loading))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Wanted;
    use protocol::sample;

    #[test]
    fn only_a_conversation_shown_after_another_page_was_navigated_to() {
        let owner = Owner::new();
        owner.set();
        let current = Current::new(Memo::new(|_| None));
        let conversation = Conversation::new(sample::empty(), Wanted::default());
        let id = conversation.worker_id;
        assert!(current.conversation().is_none());
        let provider =
            ProviderStatus { kind: None, model: None, bundled_model: false, reason: None };
        assert!(!current.show(conversation.clone(), provider.clone()));
        assert!(current.conversation_of(id).is_some());
        assert!(current.conversation_of(WorkerId::from_parts(9, [9; 10])).is_none());
        assert!(current.show_words());
        assert!(current.conversation().is_none());
        assert!(current.show(conversation, provider));
    }
}
