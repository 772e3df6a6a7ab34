//! What is shown beside the sidebar, which stays while one conversation follows another.

use leptos::prelude::*;
use protocol::WorkerId;
use protocol::api::ProviderStatus;

use super::Conversation;

/// The conversation that the address names, and the one that is shown. Cheap to clone; in the
/// context of the layout and of every page in it.
#[derive(Clone)]
pub struct Current {
    /// The conversation of the address, also while it is loaded or if it does not exist. None where
    /// the address names none, and no sidebar is shown.
    pub worker_id: Memo<Option<WorkerId>>,
    /// What answers in the conversation that is shown.
    pub provider: ArcRwSignal<Option<ProviderStatus>>,
    page: ArcRwSignal<Page>,
}

/// What has been shown so far. The server writes its page with [`Page::Loading`], and so does the
/// browser begin: effects alone change it.
#[derive(Clone)]
enum Page {
    Loading,
    Conversation(Box<Conversation>),
    /// Words, such as that the conversation does not exist.
    Words,
}

impl Current {
    /// With nothing shown yet.
    pub fn new(worker_id: Memo<Option<WorkerId>>) -> Self {
        let (provider, page) = (ArcRwSignal::new(None), ArcRwSignal::new(Page::Loading));
        Self { worker_id, provider, page }
    }

    /// Notes that a conversation is shown, and what answers in it. Whether it follows another page,
    /// as somebody walked to it.
    pub fn show(&self, conversation: Conversation, provider: ProviderStatus) -> bool {
        self.set_provider(provider);
        self.turn_to(Page::Conversation(Box::new(conversation)))
    }

    /// Notes that words are shown in the place of a conversation. Whether they follow another page.
    pub fn show_words(&self) -> bool {
        self.turn_to(Page::Words)
    }

    /// Notes what answers.
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

    /// The same, if it is this one.
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
    use crate::live::{Wanted, sample};

    #[test]
    fn only_what_follows_another_page_was_walked_to() {
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
