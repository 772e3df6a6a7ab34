//! Rendering, beside the threads that answer requests: a message may take a second, and in that
//! second somebody else wants to stop an answer, or to know whether the server is alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use protocol::{Message, MessageId, Role};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::{self, JoinHandle};

use crate::markdown;

/// How much is rendered at the same time; what comes then waits. A processor that renders for
/// everybody at once is finished with nobody's.
const RENDERERS: usize = 4;

static PLACES: Semaphore = Semaphore::const_new(RENDERERS);

/// Leave to render something.
pub struct Place(SemaphorePermit<'static>);

/// Waits for a place.
pub async fn place() -> Place {
    Place(PLACES.acquire().await.expect("the places are never closed"))
}

impl Place {
    /// Does what takes long on a thread where nobody waits for anything else.
    pub fn begin<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JoinHandle<T> {
        task::spawn_blocking(move || {
            let done = work();
            drop(self.0);
            done
        })
    }
}

/// A message's text as blocks of HTML; as it was written where that fails.
pub async fn render(text: &str, message: MessageId) -> Vec<String> {
    let written = text.to_owned();
    let work = move || markdown::render(&written, &message.to_string());
    let rendered = place().await.begin(work).await;
    rendered.unwrap_or_else(|_| markdown::as_written(text))
}

/// Adds their HTML to the model's messages.
pub async fn fill(messages: &mut [Message]) {
    for message in messages.iter_mut().filter(|message| message.role == Role::Assistant) {
        message.html = Some(render(&message.text, message.id).await);
    }
}

/// The HTML of what a page shows, until the page is written: it goes into the page once, and
/// not a second time with what the page is made from.
#[derive(Clone, Default)]
pub(crate) struct PageHtml(Arc<Mutex<HashMap<MessageId, String>>>);

impl PageHtml {
    /// Renders the model's messages.
    pub(crate) async fn fill(&self, messages: &[Message]) {
        for message in messages.iter().filter(|message| message.role == Role::Assistant) {
            let html = render(&message.text, message.id).await.concat();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(message.id, html);
        }
    }

    /// A message's HTML, which was rendered for this page.
    pub(crate) fn take(&self, message: MessageId) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On the one thread of this test's runtime nothing else would go on meanwhile.
    #[tokio::test]
    async fn others_go_on_while_something_is_rendered() {
        let (done, until_done) = std::sync::mpsc::channel();
        let work = place().await.begin(move || until_done.recv().is_ok());
        done.send(()).unwrap();
        assert!(work.await.unwrap());
    }

    #[tokio::test]
    async fn no_more_than_so_many_render_at_once() {
        let mut places = Vec::new();
        for _ in 0..RENDERERS {
            places.push(place().await);
        }
        assert!(PLACES.try_acquire().is_err());
        // One that fails gives its place back.
        let failed = places.pop().unwrap().begin(|| panic!("on purpose"));
        assert!(failed.await.is_err());
        places.push(place().await);
    }
}
