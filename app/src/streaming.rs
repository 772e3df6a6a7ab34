//! Sends the beginning of a page before its messages are rendered and written.
//!
//! A page's status, headers and title are decided before its first byte. So the beginning waits for
//! the page's data, which may be an error, but not for the HTML of the messages ([`Later`]). The
//! parts of a page are sent in their order, so that it is complete without a script.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::future::poll_fn;
use futures::stream::once;
use futures::{Stream, StreamExt as _};
use leptos::prelude::*;
use leptos::reactive::owner::Sandboxed;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::no_attrs;
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Position, PositionState};
use tokio::task::JoinSet;

use crate::erase::Erased;
use crate::rendering::PageHtml;

/// The HTML of a page, in pieces.
type Html = Pin<Box<dyn Stream<Item = String> + Send>>;

/// Whether everything that comes before the messages of this page is written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Beginning(Arc<AtomicBool>);

impl Beginning {
    fn complete(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Writes a page whose first piece is its beginning. The signature is that of leptos_axum's
/// builders of streams: the view, the page's data as scripts, and whether the parts of the page may
/// be sent in any order.
pub(crate) fn in_order<V: IntoView + 'static>(
    page: V,
    data: Box<dyn FnOnce() -> Html + Send>,
    _: bool,
) -> Pin<Box<dyn Future<Output = Html> + Send>> {
    let beginning = use_context::<Beginning>().unwrap_or_default();
    let mut html = page.to_html_stream_in_order();
    Box::pin(async move {
        let mut first = String::new();
        poll_fn(|context| {
            loop {
                match html.poll_next_unpin(context) {
                    Poll::Ready(Some(piece)) => first.push_str(&piece),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending if beginning.is_complete() => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        })
        .await;
        let html: Html = Box::pin(once(async move { first }).chain(html).chain(data()));
        html
    })
}

/// A view that is built and written only when the beginning of its page is complete, and the
/// page's messages are rendered. This takes a task of its own, because the beginning is sent while
/// this part is not ready.
///
/// Invariant: it is the only child of an element.
pub(crate) struct Later {
    view: Box<dyn FnOnce() -> Erased + Send>,
    /// The owner of the contexts that the view uses.
    owner: Owner,
    beginning: Beginning,
    messages: PageHtml,
}

impl Later {
    pub(crate) fn new(view: impl FnOnce() -> Erased + Send + 'static) -> Self {
        Self {
            view: Box::new(view),
            owner: Owner::current().unwrap_or_default(),
            beginning: use_context().unwrap_or_default(),
            messages: use_context().unwrap_or_default(),
        }
    }

    fn view(self) -> Erased {
        self.owner.with(self.view)
    }
}

impl Render for Later {
    type State = <Erased as Render>::State;

    fn build(self) -> Self::State {
        self.view().build()
    }

    fn rebuild(self, state: &mut Self::State) {
        self.view().rebuild(state);
    }
}

no_attrs!(Later);

impl RenderHtml for Later {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    /// The view does not exist yet, and contains nothing that has to be loaded.
    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(
        self,
        html: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        self.view().to_html_with_buf(html, position, escape, mark_branches, attributes);
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        html: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        attributes: Vec<AnyAttribute>,
    ) {
        let Self { view, owner, beginning, messages } = self;
        let (mut part, mut first) = (StreamBuilder::new(html.clone_id()), *position);
        let write = Sandboxed::new(async move {
            messages.render().await;
            owner.with(|| {
                view().to_html_async_with_buf::<OUT_OF_ORDER>(
                    &mut part,
                    &mut first,
                    escape,
                    mark_branches,
                    attributes,
                );
                part.finish().take_chunks()
            })
        });
        html.push_async(async move {
            beginning.complete();
            // The task is aborted when this page is no longer awaited.
            let mut task = JoinSet::new();
            task.spawn(write);
            match task.join_next().await {
                Some(Ok(part)) => part,
                // The connection breaks off, so that nobody takes the page for a complete one.
                Some(Err(panic)) => std::panic::resume_unwind(panic.into_panic()),
                None => unreachable!("the set has one task"),
            }
        });
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Self::State {
        self.view().hydrate::<FROM_SERVER>(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
