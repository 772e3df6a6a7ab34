//! The requests of clients.

use protocol::api::{AskAgain, SendMessage};
use protocol::{ErrorCode, TurnId};

use super::World;
use crate::client::done;
use crate::stage::fresh_id;

impl World {
    pub(super) fn request(&mut self, parent: Option<protocol::MessageId>) -> SendMessage {
        self.made += 1;
        let text = format!("question {}", self.made);
        SendMessage { parent, ..SendMessage::new(fresh_id(), text) }
    }

    pub(super) async fn send(&mut self, worker: u8, parent: Option<u8>) {
        let at = self.at(worker);
        let messages = &self.conversations[at].shown.messages;
        let parent = parent.filter(|_| !messages.is_empty());
        let parent = parent.map(|n| messages[usize::from(n) % messages.len()].0);
        let request = self.request(parent);
        self.try_send(at, request).await;
    }

    /// Sends an edited version of an earlier message.
    pub(super) async fn edit(&mut self, worker: u8, message: u8) {
        let at = self.at(worker);
        let Some(edited) = self.conversations[at].asked(message) else { return };
        let request = SendMessage { edits: Some(edited), ..self.request(None) };
        self.try_send(at, request).await;
    }

    /// Asks for another answer to an earlier message; a repeated request gets the same turn.
    pub(super) async fn ask_again(&mut self, worker: u8, message: u8) {
        let at = self.at(worker);
        let Some(question) = self.conversations[at].asked(message) else { return };
        let wish = AskAgain::new(self.turn_id(), question);
        self.try_again(at, wish, "").await;
    }

    /// Continues an earlier answer; an answer without text cannot be continued.
    pub(super) async fn go_on(&mut self, worker: u8, answer: u8) {
        let at = self.at(worker);
        let Some((answer, question, begun)) = self.conversations[at].answered(answer) else {
            return;
        };
        let wish = AskAgain { continues: Some(answer), ..AskAgain::new(self.turn_id(), question) };
        if begun.is_empty() && !self.conversations[at].is_running() {
            let refused = done(self.runtime.ask_again(self.conversations[at].id, wish)).await;
            assert_eq!(refused.unwrap_err().code, ErrorCode::InvalidInput);
            return;
        }
        self.try_again(at, wish, &begun).await;
    }

    fn turn_id(&mut self) -> TurnId {
        self.made += 1;
        let [a, b, c, d] = self.made.to_be_bytes();
        TurnId::from_parts(1_763_800_000_000, [a, b, c, d, 0, 0, 0, 0, 0, 0])
    }

    async fn try_again(&mut self, at: usize, wish: AskAgain, begun: &str) {
        let id = self.conversations[at].id;
        let answer = done(self.runtime.ask_again(id, wish.clone())).await;
        if self.conversations[at].is_running() {
            assert_eq!(answer.unwrap_err().code, ErrorCode::Busy);
        } else if self.failing {
            assert!(answer.is_err());
        } else {
            let accepted = answer.unwrap();
            self.conversations[at].answer(&accepted, begun);
            self.called(1).await;
            let again = done(self.runtime.ask_again(id, wish)).await;
            assert_eq!(again.unwrap(), accepted);
        }
    }

    pub(super) async fn try_send(&mut self, at: usize, request: SendMessage) {
        let conversation = &mut self.conversations[at];
        let answer = done(self.runtime.send(conversation.id, request.clone())).await;
        if conversation.is_running() {
            assert_eq!(answer.unwrap_err().code, ErrorCode::Busy);
            conversation.requests.push((request, None));
        } else if self.failing {
            let code = answer.unwrap_err().code;
            assert!(matches!(code, ErrorCode::Internal | ErrorCode::Unavailable), "{code:?}");
            conversation.requests.push((request, None));
        } else {
            let accepted = answer.unwrap();
            conversation.accept(&accepted, &request);
            conversation.requests.push((request, Some(accepted)));
            self.called(1).await;
        }
    }

    /// Takes the next `count` calls of the runtime.
    pub(super) async fn called(&mut self, count: usize) {
        for _ in 0..count {
            let call = done(self.script.call()).await;
            self.calls.insert(call.request.turn_id, call);
        }
    }

    pub(super) async fn resend(&mut self, worker: u8, request: u8) {
        let at = self.at(worker);
        let conversation = &self.conversations[at];
        if conversation.requests.is_empty() {
            return;
        }
        let number = usize::from(request) % conversation.requests.len();
        let (request, accepted) = conversation.requests[number].clone();
        match accepted {
            // This succeeds in every state, even while nothing can be stored.
            Some(accepted) => {
                let again = done(self.runtime.send(conversation.id, request)).await;
                assert_eq!(again.unwrap(), accepted);
            }
            // The first attempt was refused and stored nothing, so this one counts as new.
            None => {
                self.conversations[at].requests.remove(number);
                self.try_send(at, request).await;
            }
        }
    }

    pub(super) async fn steal(&mut self, worker: u8, request: u8) {
        let conversation = &self.conversations[self.at(worker)];
        let accepted: Vec<_> =
            conversation.requests.iter().filter(|(_, accepted)| accepted.is_some()).collect();
        if accepted.is_empty() {
            return;
        }
        let (request, _) = accepted[usize::from(request) % accepted.len()];
        let stolen = SendMessage { text: "another text".to_owned(), ..request.clone() };
        let answer = done(self.runtime.send(conversation.id, stolen)).await;
        assert_eq!(answer.unwrap_err().code, ErrorCode::InvalidInput);
    }

    pub(super) async fn race(&mut self, worker: u8) {
        let at = self.at(worker);
        let (one, two) = (self.request(None), self.request(None));
        let conversation = &mut self.conversations[at];
        if conversation.is_running() || self.failing {
            return;
        }
        let id = conversation.id;
        let both = async {
            let sends = (self.runtime.send(id, one.clone()), self.runtime.send(id, two.clone()));
            tokio::join!(sends.0, sends.1)
        };
        let (first, second) = done(both).await;
        let (won, request, lost) = match (first, second) {
            (Ok(won), Err(lost)) => (won, one, lost),
            (Err(lost), Ok(won)) => (won, two, lost),
            both => panic!("one of two is taken: {both:?}"),
        };
        assert_eq!(lost.code, ErrorCode::Busy);
        conversation.accept(&won, &request);
        conversation.requests.push((request, Some(won)));
        self.called(1).await;
    }

    pub(super) async fn rename(&mut self, worker: u8) {
        let at = self.at(worker);
        self.made += 1;
        let title = Some(format!("title {}", self.made));
        let conversation = &mut self.conversations[at];
        let renamed = done(self.runtime.rename(conversation.id, title.clone())).await;
        if self.failing {
            assert!(renamed.is_err());
        } else {
            assert_eq!(renamed.unwrap().title, title);
            conversation.shown.title = title;
        }
    }

    pub(super) async fn create(&mut self) {
        if self.conversations.len() >= 3 {
            return;
        }
        let created = done(self.runtime.create(Default::default())).await;
        assert_eq!(created.is_err(), self.failing);
        self.find_new().await;
    }
}
