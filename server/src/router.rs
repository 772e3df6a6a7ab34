//! The whole router: API, pages, files, and the middleware around all of them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Router};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tracing::error;

use crate::bounds::{self, Bounds};
use crate::caller::{self, Entrance, EntranceRules, FromOwnSocket};
use crate::config::{BasePath, Settings};
use crate::error::ApiError;
use crate::security::hosts::Hosts;
use crate::security::{self, headers};
use crate::state::AppState;
use crate::{assets, base_path, pages, routes, telemetry};

/// How much effort goes into compressing a page. A page of 160 kB takes 0.9 ms (brotli) or 0.6 ms
/// (gzip) and becomes 17.9 or 21.1 kB; at the usual 4 and 6 it is 1.6 and 2.1 ms for 16.9 and 18.2 kB.
const COMPRESSION: CompressionLevel = CompressionLevel::Precise(2);

/// The router of a server that listens on `address`.
pub fn build(state: AppState, settings: &Settings, address: SocketAddr) -> Router {
    let entrance = entrance(&state, settings, address);
    let hosts = entrance.hosts.clone();
    let bounds = Bounds::new(&settings.http, state.limits.in_force().form_bytes());
    let base = settings.http.base();
    let disk = assets::disk::folder();
    let names = if disk.is_some() { assets::Names::plain() } else { assets::Names::embedded() };
    // Only pages are compressed here: files are compressed already, and an event must be sent at
    // once and not wait for a full block of the compressor.
    let style: Arc<str> = names.style.as_str().into();
    let compression = CompressionLayer::new().quality(COMPRESSION);
    let pages = pages::routes(&state, names).layer(compression);
    let mut router = routes::api(&base).with_state(state).merge(assets::routes()).merge(pages);
    if let Some(folder) = disk {
        router = router.layer(from_fn_with_state(Arc::from(folder), assets::disk::serve));
    }
    // The last layer is the outermost one.
    let site = router
        .layer(from_fn_with_state(bounds.clone(), bounds::share))
        .layer(from_fn_with_state(entrance, caller::identify))
        .layer(from_fn_with_state(bounds, bounds::enforce));
    let site = guarded(site, &hosts, &style);
    if base.is_root() {
        return site;
    }
    let outside = base_path::outside(&base, style.clone());
    base_path::below(base, site, guarded(outside, &hosts, &style))
}

/// The layers of all answers. They are outside of the limits, so that refused requests take neither
/// memory nor a place.
fn guarded(router: Router, hosts: &Arc<Hosts>, style: &Arc<str>) -> Router {
    router
        .layer(from_fn_with_state(hosts.clone(), security::guard))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(style.clone(), pages::show_errors_as_pages))
        .layer(from_fn(headers::add))
        .layer(from_fn(telemetry::request))
}

/// The router of the socket in the data folder: the API, for the person who runs the server. There
/// are no names to check, since no browser can send requests there.
pub fn for_own_socket(state: AppState, settings: &Settings, address: SocketAddr) -> Router {
    let entrance = entrance(&state, settings, address);
    let bounds = Bounds::new(&settings.http, state.limits.in_force().form_bytes());
    routes::api(&BasePath::default())
        .with_state(state)
        .layer(from_fn_with_state(entrance, caller::identify))
        .layer(Extension(FromOwnSocket))
        .layer(from_fn_with_state(bounds, bounds::enforce))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(telemetry::request))
}

fn entrance(state: &AppState, settings: &Settings, address: SocketAddr) -> Entrance {
    Entrance {
        accounts: state.accounts.clone(),
        hosts: Arc::new(Hosts::new(
            address,
            &settings.entrance.open_hosts,
            &settings.http.allowed_hosts,
        )),
        rules: Arc::new(EntranceRules::of(settings)),
    }
}

fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    error!(panic = telemetry::words_of(panic.as_ref()), "a handler panicked");
    ApiError::internal().into_response()
}
