//! Sets the status and headers of the response that a page or a server function is part of.

use axum::http::{HeaderValue, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Sets the status of the current response.
pub(crate) fn set_status(status: u16) {
    if let (Some(options), Ok(status)) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(status))
    {
        options.set_status(status);
    }
}

/// Turns the current response into a redirect to a path of this server (302).
pub(crate) fn redirect(path: &str) {
    if let (Some(options), Ok(path)) =
        (use_context::<ResponseOptions>(), HeaderValue::from_str(path))
    {
        options.set_status(StatusCode::FOUND);
        options.insert_header(header::LOCATION, path);
    }
}
