//! Files to import, as a request brings them: as its body, or in the fields of a form.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use futures::StreamExt as _;
use runtime::Incoming;

use crate::error::{ApiError, ApiResult};

/// The body is a file without a name. There is no room in it for anything else.
pub(super) async fn of_body(incoming: &mut Incoming, body: Body, most: u64) -> ApiResult<bool> {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        incoming.write(&piece.map_err(|_| broken(most))?).await?;
    }
    Ok(false)
}

/// Each field of a form is a file, whatever it is called; empty ones are none. Gives whether there
/// was a field `strict` beside them, which is no file.
pub(super) async fn of_form(
    incoming: &mut Incoming,
    mut request: Request,
    most: u64,
) -> ApiResult<bool> {
    // axum's own bound of 2 MiB; the server's bounds around all requests hold `most`.
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

/// A body that ended badly: too large by the bound around all requests, or cut off, which
/// nobody is there to be told.
fn broken(most: u64) -> ApiError {
    ApiError::too_large(most)
}
