//! Views without their type, at the smallest cost for a browser.
//!
//! [`AnyView`] keeps code to compare an old view with a new one piece by piece and to hydrate in
//! several steps, for every view. A browser would download all of that, and no page here uses it:
//! docs/adr/wasm-size.md has the figures. So in a browser an [`Erased`] view is a type of its own
//! that hydrates in one step and is replaced as a whole. On the server it is an [`AnyView`].
//!
//! Pages rely on the replacement, too: the text in the composer of one conversation must not appear
//! in the composer of another.
//!
//! Leptos also generates code for each closure that a view contains, and for each effect. [`live`],
//! [`words`], [`attr`] and [`effect`] give all closures of a kind one type.

use leptos::prelude::*;

/// A view of any type.
///
/// Invariant: the view has at least one node in the page. The next view is inserted before it.
#[cfg(feature = "ssr")]
pub type Erased = AnyView;
#[cfg(not(feature = "ssr"))]
pub use browser::Erased;

/// Takes the type off a view.
pub fn erase<V: IntoView + 'static>(view: V) -> Erased {
    debug_assert!(V::EXISTS, "the view has no node in the page");
    #[cfg(feature = "ssr")]
    return view.into_any();
    #[cfg(not(feature = "ssr"))]
    Erased::new(view)
}

/// A closure that builds a part of a view or an attribute, and runs again when a signal that it
/// reads changes.
pub type Live<V> = Box<dyn FnMut() -> V + Send>;

/// A part of a view that follows its signals.
pub fn live<V>(make: impl FnMut() -> V + Send + 'static) -> Live<V> {
    Box::new(make)
}

/// A text that follows its signals.
pub fn words<W: Into<String>>(mut say: impl FnMut() -> W + Send + 'static) -> Live<String> {
    live(move || say().into())
}

/// An attribute that follows its signals, and is absent while the value is `None`.
pub fn attr<W: Into<String>>(
    mut say: impl FnMut() -> Option<W> + Send + 'static,
) -> Live<Option<String>> {
    live(move || say().map(Into::into))
}

/// Runs in the browser now, and again whenever a signal that it reads changes.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// An effect that receives the value that it returned the last time.
pub fn effect_from<T: 'static>(mut run: impl FnMut(Option<T>) -> T + 'static) {
    let mut last = None;
    effect(move || last = Some(run(last.take())));
}

#[cfg(not(feature = "ssr"))]
mod browser {
    use leptos::prelude::*;
    use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
    use leptos::tachys::hydration::Cursor;
    use leptos::tachys::no_attrs;
    use leptos::tachys::renderer::types::{Element, Node};
    use leptos::tachys::view::{Mountable, Position, PositionState};

    /// A view that is not in the page yet. It is built, or hydrated if it is given a position in
    /// the server's HTML.
    pub struct Erased(Box<Build>);

    /// Builds a view, or hydrates it at a position in the server's HTML.
    type Build = dyn FnOnce(Option<(&Cursor, &PositionState)>) -> Mounted + Send;

    /// A view in the page.
    pub struct Mounted(Box<dyn Mountable>);

    impl Erased {
        pub(super) fn new<V: RenderHtml + 'static>(view: V) -> Self {
            Self(Box::new(move |html| {
                Mounted(match html {
                    None => Box::new(view.build()),
                    Some((cursor, position)) => Box::new(view.hydrate::<true>(cursor, position)),
                })
            }))
        }
    }

    impl Render for Erased {
        type State = Mounted;

        fn build(self) -> Mounted {
            (self.0)(None)
        }

        fn rebuild(self, state: &mut Mounted) {
            let mut new = self.build();
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

        fn dry_resolve(&mut self) {}

        async fn resolve(self) -> Self {
            self
        }

        /// Only the server writes HTML.
        fn to_html_with_buf(
            self,
            _: &mut String,
            _: &mut Position,
            _: bool,
            _: bool,
            _: Vec<AnyAttribute>,
        ) {
        }

        fn hydrate<const FROM_SERVER: bool>(
            self,
            cursor: &Cursor,
            position: &PositionState,
        ) -> Mounted {
            (self.0)(Some((cursor, position)))
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
}
