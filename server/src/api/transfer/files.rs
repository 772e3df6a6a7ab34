//! Receives the files to import from a request: from its body, or from the fields of a form.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use futures::StreamExt as _;
use runtime::Incoming;

use crate::error::{ApiError, ApiResult};

/// Receives the body as one file without a name.
pub(super) async fn of_body(incoming: &mut Incoming, body: Body, most: u64) -> ApiResult<bool> {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        incoming.write(&piece.map_err(|_| broken(most))?).await?;
    }
    Ok(false)
}

/// Receives each field of a form as a file, whatever its name; empty fields are skipped. Returns
/// whether there was a field `strict`, which is not a file.
pub(super) async fn of_form(
    incoming: &mut Incoming,
    mut request: Request,
    most: u64,
) -> ApiResult<bool> {
    // This removes axum's own limit of 2 MiB; the middleware around all requests enforces `most`.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut strict = false;
    let not_a_form = |_| ApiError::invalid("The form cannot be read.");
    let mut form = Multipart::from_request(request, &()).await.map_err(not_a_form)?;
    let cut = |_| ApiError::invalid("The form ends before its end, or is larger than is taken.");
    while let Some(mut field) = form.next_field().await.map_err(cut)? {
        let name = field.file_name().map(str::to_owned);
        if name.is_none() && field.name() == Some("strict") {
            strict = true;
            continue;
        }
        let mut begun = false;
        while let Some(piece) = field.chunk().await.map_err(|_| broken(most))? {
            if !std::mem::replace(&mut begun, true) {
                incoming.file_begins(name.as_deref()).await?;
            }
            incoming.write(&piece).await?;
        }
    }
    Ok(strict)
}

/// The error for a body that ended early. It was too large for the middleware's limit, or the
/// connection broke, and then no client reads this.
fn broken(most: u64) -> ApiError {
    ApiError::too_large(most)
}
