//! The console: pages, components, server functions, and the client-side state.
//!
//! For the browser (`hydrate`, `csr`): [`App`], mounted by `frontend`.
//!
//! For the server (`ssr`):
//! - [`router`] is an `axum::Router` with everything of this crate mounted: the pages, the
//!   plain forms that post to them, the server functions under `/api/fn`, and a
//!   fallback (a 404 page, or a JSON error under `/api/`). It answers with the
//!   Content-Security-Policy of [`csp`] wherever it answers with a page.
//! - [`refusal`] is the page for an error that occurs before a request reaches its page, and [`outside`]
//!   that of an address beside the base path.
//! - [`Backend`] holds what it needs of the rest of the process.
//! - [`excerpt_file`] writes a conversation as one HTML file.
//! - [`Visitor`] is what the server found out about the maker of a request, and [`session_cookie`] reads
//!   and writes the cookies of a login.
//! - [`Assets`] are the addresses of the stylesheet, the script and the WASM.
//! - [`shell`] is the document around [`App`].
//!
//! The server crate adds the Host allow-list, Origin checks on every POST, limits on body size and
//! time, the asset files, and everything under `/api/v1`.
//!
//! Without the feature `ssr`, nothing here depends on the runtime, tokio or axum.

#![allow(
    unreachable_pub,
    reason = "the function and the properties that `#[component]` makes have to be as public as each other"
)]
// The view of a page is one deeply nested type, which exceeds the default limit.
#![recursion_limit = "256"]
// Components are functions with the names of their elements in a view, such as `SearchBox`.
#![allow(non_snake_case)]

mod api;
mod app;
mod base_path;
mod components;
mod console;
mod cookie;
mod display;
mod enter_key;
mod erase;
mod error;
mod label;
mod live;
mod locale;
mod pages;
mod reader;
mod route;
mod text;
mod window;
mod wire;

pub use app::App;
pub use console::{Console, Home, LoginStatus, ModelOption, Refused, SidebarData};
pub use error::AppError;

#[cfg(feature = "ssr")]
mod backend;
#[cfg(feature = "ssr")]
mod csp;
#[cfg(feature = "ssr")]
mod device_name;
#[cfg(feature = "ssr")]
mod excerpt;
#[cfg(feature = "ssr")]
mod fork;
#[cfg(feature = "ssr")]
mod form;
#[cfg(feature = "ssr")]
mod model_options;
#[cfg(feature = "ssr")]
mod next_path;
#[cfg(feature = "ssr")]
mod origin;
#[cfg(feature = "ssr")]
mod preferences;
#[cfg(feature = "ssr")]
pub mod rendering;
#[cfg(feature = "ssr")]
mod response;
#[cfg(feature = "ssr")]
mod router;
#[cfg(feature = "ssr")]
pub mod session_cookie;
#[cfg(feature = "ssr")]
mod shell;
#[cfg(feature = "ssr")]
mod streaming;
#[cfg(feature = "ssr")]
mod title_search;
#[cfg(feature = "ssr")]
mod visitor;

#[cfg(feature = "ssr")]
pub use backend::Backend;
#[cfg(feature = "ssr")]
pub use base_path::answer_below;
#[cfg(feature = "ssr")]
pub use csp::csp;
#[cfg(feature = "ssr")]
pub use excerpt::{EXPORTED, file as excerpt_file};
#[cfg(feature = "ssr")]
pub use router::{Refusal, outside, refusal, router};
#[cfg(feature = "ssr")]
pub use shell::{Assets, shell};
#[cfg(feature = "ssr")]
pub use visitor::Visitor;
