//! What the console needs of the process around it.

use axum::http::{HeaderValue, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;
use protocol::api::LimitsInForce;
use protocol::{Error, ErrorCode, Snapshot, WorkerId};
use runtime::{Registry, Runtime};

use crate::{AppError, markdown};

/// In the context of what a page is made from while the server writes it.
#[derive(Clone, Copy)]
pub(crate) struct InPage;

/// The runtimes and the bounds in force. In the context of every page and server function.
#[derive(Clone)]
pub struct Backend {
    pub registry: Registry,
    pub limits: LimitsInForce,
}

impl Backend {
    /// The one of the request at hand.
    pub(crate) fn current() -> Result<Self, AppError> {
        use_context().ok_or_else(|| {
            told(Error::new(ErrorCode::Internal, "The server has no runtime for this page."))
        })
    }

    /// Where a worker stands, with its newest messages or those before a position. With their
    /// HTML, unless it is for a page that the server writes.
    pub(crate) async fn snapshot(
        &self,
        worker_id: WorkerId,
        before: Option<u64>,
    ) -> Result<Snapshot, AppError> {
        let mut snapshot = self.runtime().snapshot(worker_id).await.map_err(told)?;
        if before.is_some() {
            let limit = self.limits.transcript_page;
            let page = self.runtime().transcript(worker_id, before, limit).await;
            snapshot.transcript = page.map_err(told)?;
        }
        if use_context::<InPage>().is_none() {
            markdown::fill(&mut snapshot.transcript.messages);
        }
        Ok(snapshot)
    }

    /// The runtime whose workers the pages show.
    pub(crate) fn runtime(&self) -> &Runtime {
        self.registry.home()
    }
}

/// The error as the page gets it, its status on the answer.
pub(crate) fn told(error: Error) -> AppError {
    set_status(error.code.http_status());
    AppError(error)
}

/// Sets the status of the answer at hand.
pub(crate) fn set_status(status: u16) {
    if let (Some(options), Ok(status)) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(status))
    {
        options.set_status(status);
    }
}

/// Makes the answer at hand lead to a path of this server, for clients of all kinds.
pub(crate) fn redirect(path: &str) {
    if let (Some(options), Ok(path)) =
        (use_context::<ResponseOptions>(), HeaderValue::from_str(path))
    {
        options.set_status(StatusCode::FOUND);
        options.insert_header(header::LOCATION, path);
    }
}
