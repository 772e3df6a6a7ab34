//! Views without their type.
//!
//! Leptos generates code for everything that could ever be done with a view, for every
//! type of view, and its own `AnyView` keeps all of it: comparing an old view with a new
//! one piece by piece, hydrating in several steps, copying borrowed texts. A browser would
//! download it all, and no page here does any of it. An [`Erased`] view hydrates in one
//! step and is replaced as a whole.
//!
//! That it is replaced as a whole is also what a page needs: nothing of one conversation,
//! such as the text in its composer, may go over into another's.

mod closures;

use leptos::prelude::*;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::no_attrs;
use leptos::tachys::renderer::types::{Element, Node};
#[cfg(feature = "ssr")]
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::{Mountable, Position, PositionState};

pub use closures::{attr, effect, effect_from, live, words};

#[cfg(feature = "ssr")]
type Resolved = std::pin::Pin<Box<dyn Future<Output = Erased> + Send>>;

/// A view of any type.
///
/// Invariant: the view has at least one node of its own, which is where the next one takes
/// its place.
pub struct Erased(Box<dyn Part>);

/// An [`Erased`] view in the page.
pub struct Mounted(Box<dyn Mountable>);

/// The view without its type.
pub fn erase<V: IntoView + 'static>(view: V) -> Erased {
    debug_assert!(V::EXISTS, "a view without a node of its own");
    Erased(Box::new(Typed(view)))
}

/// What is done with a view here, and nothing else.
trait Part: Send {
    fn build(self: Box<Self>) -> Mounted;

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Mounted;

    #[cfg(feature = "ssr")]
    fn dry_resolve(&mut self);

    #[cfg(feature = "ssr")]
    fn resolve(self: Box<Self>) -> Resolved;

    #[cfg(feature = "ssr")]
    fn write(self: Box<Self>, to: Output<'_>, at: &mut Position, how: How);
}

/// Where a page is written.
#[cfg(feature = "ssr")]
enum Output<'a> {
    Text(&'a mut String),
    InOrder(&'a mut StreamBuilder),
    OutOfOrder(&'a mut StreamBuilder),
}

/// How it is written.
#[cfg(feature = "ssr")]
struct How {
    escape: bool,
    mark_branches: bool,
    extra_attrs: Vec<AnyAttribute>,
}

struct Typed<V>(V);

impl<V: RenderHtml + 'static> Part for Typed<V> {
    fn build(self: Box<Self>) -> Mounted {
        Mounted(Box::new(self.0.build()))
    }

    fn hydrate(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> Mounted {
        Mounted(Box::new(self.0.hydrate::<true>(cursor, position)))
    }

    #[cfg(feature = "ssr")]
    fn dry_resolve(&mut self) {
        self.0.dry_resolve();
    }

    #[cfg(feature = "ssr")]
    fn resolve(self: Box<Self>) -> Resolved {
        Box::pin(async move { Erased(Box::new(Typed(self.0.resolve().await.into_owned()))) })
    }

    #[cfg(feature = "ssr")]
    fn write(self: Box<Self>, to: Output<'_>, at: &mut Position, how: How) {
        let (view, How { escape, mark_branches, extra_attrs }) = (self.0, how);
        match to {
            Output::Text(text) => {
                view.to_html_with_buf(text, at, escape, mark_branches, extra_attrs);
            }
            Output::InOrder(stream) => {
                view.to_html_async_with_buf::<false>(stream, at, escape, mark_branches, extra_attrs)
            }
            Output::OutOfOrder(stream) => {
                view.to_html_async_with_buf::<true>(stream, at, escape, mark_branches, extra_attrs)
            }
        }
    }
}

impl Render for Erased {
    type State = Mounted;

    fn build(self) -> Mounted {
        self.0.build()
    }

    fn rebuild(self, state: &mut Mounted) {
        let mut new = self.0.build();
        state.insert_before_this(&mut new);
        state.unmount();
        *state = new;
    }
}

no_attrs!(Erased);

impl RenderHtml for Erased {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        #[cfg(feature = "ssr")]
        self.0.dry_resolve();
    }

    async fn resolve(self) -> Self {
        #[cfg(feature = "ssr")]
        return self.0.resolve().await;
        #[cfg(not(feature = "ssr"))]
        self
    }

    #[cfg_attr(not(feature = "ssr"), allow(unused_variables))]
    fn to_html_with_buf(
        self,
        buf: &mut String,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        #[cfg(feature = "ssr")]
        self.0.write(Output::Text(buf), position, How { escape, mark_branches, extra_attrs });
    }

    #[cfg(feature = "ssr")]
    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        self,
        buf: &mut StreamBuilder,
        position: &mut Position,
        escape: bool,
        mark_branches: bool,
        extra_attrs: Vec<AnyAttribute>,
    ) {
        let to = if OUT_OF_ORDER { Output::OutOfOrder(buf) } else { Output::InOrder(buf) };
        self.0.write(to, position, How { escape, mark_branches, extra_attrs });
    }

    fn hydrate<const FROM_SERVER: bool>(
        self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Mounted {
        self.0.hydrate(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}

impl Mountable for Mounted {
    fn unmount(&mut self) {
        self.0.unmount();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.0.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.0.insert_before_this(child)
    }

    fn elements(&self) -> Vec<Element> {
        self.0.elements()
    }
}
