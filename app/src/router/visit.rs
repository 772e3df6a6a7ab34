//! What the handlers of the pages about accounts need, for strangers as well.

use std::sync::Arc;

use accounts::{AccountError, Accounts, Admission};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use oidc::RelyingParty;
use passkeys::Passkeys;
use protocol::{AccountId, AccountRole, Error, ErrorCode};
use runtime::Principal;

use super::Console;
use super::document::{failure, written};
use crate::Visitor;
use crate::backend::Backend;
use crate::components::Mistake;
use crate::erase::Erased;
use crate::pages::Beside;
use crate::text::{self, tr};

/// A request for a page about accounts. The server has put the [`Visitor`] into the request's
/// extensions, and the [`Principal`] if somebody is let in.
pub(super) struct Visit {
    pub accounts: Accounts,
    pub backend: Backend,
    pub visitor: Visitor,
    pub identity_provider: Option<RelyingParty>,
    pub passkeys: Passkeys,
    principal: Option<Principal>,
    style: String,
    /// What is shown beside the pages of an account.
    beside: Option<Beside>,
}

impl FromRequestParts<Console> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let Some(visitor) = parts.extensions.get::<Visitor>().cloned() else {
            return Err(super::nobody());
        };
        let principal = parts.extensions.get::<Principal>().copied();
        let path = parts.uri.path();
        let beside = match principal.filter(|_| path.starts_with("/account")) {
            Some(principal) => {
                let backend = console.backend.of(principal, visitor.admission.as_ref());
                backend.beside(path.to_owned()).await
            }
            None => None,
        };
        Ok(Self {
            accounts: console.backend.accounts.clone(),
            backend: console.backend.clone(),
            visitor,
            identity_provider: console.backend.identity_provider.clone(),
            passkeys: console.backend.passkeys.clone(),
            principal,
            style: console.assets.style.clone(),
            beside,
        })
    }
}

#[expect(clippy::result_large_err, reason = "a refusal is made at most once for a request")]
impl Visit {
    /// The response with a page, which no browser and no proxy keeps.
    pub fn document(
        &self,
        headers: &HeaderMap,
        answer: Answer,
        page: impl FnOnce() -> (String, Erased),
    ) -> Response {
        let status =
            StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let beside = self.beside.clone();
        let mut response = written(self.style.clone(), headers, status, beside, page);
        let keep = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, keep);
        if let Some(seconds) = answer.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The response to a request that is refused as a whole.
    fn refusal(&self, headers: &HeaderMap, error: Error) -> Response {
        self.document(headers, Answer::of(&error), || failure(error))
    }

    /// The response to a request that failed as a whole.
    pub fn failed(&self, headers: &HeaderMap, error: AccountError) -> Response {
        log(&error);
        self.refusal(headers, error.into())
    }

    /// Who is let in. The server has decided before who may call which route; this is a second lock.
    pub fn somebody(&self, headers: &HeaderMap) -> Result<Principal, Response> {
        self.principal.ok_or_else(|| {
            let error = Error::new(ErrorCode::Unauthorized, tr!(error_unauthorized));
            self.refusal(headers, error)
        })
    }

    /// Like [`Self::somebody`], for the pages of owners.
    pub fn owner(&self, headers: &HeaderMap) -> Result<Principal, Response> {
        let principal = self.somebody(headers)?;
        match principal.role {
            AccountRole::Owner => Ok(principal),
            AccountRole::Member => {
                let error = Error::new(ErrorCode::Forbidden, tr!(owners_only));
                Err(self.refusal(headers, error))
            }
        }
    }

    /// By what somebody is let in, for changes to the own account. At the server's own machine there
    /// is no such thing.
    pub fn admission(&self, headers: &HeaderMap) -> Result<&Admission, Response> {
        self.visitor.admission.as_ref().ok_or_else(|| {
            let error = Error::new(ErrorCode::Forbidden, tr!(account_machine));
            self.refusal(headers, error)
        })
    }

    /// The account that acts, for the audit.
    pub fn actor(&self) -> Option<AccountId> {
        self.visitor.admission.as_ref().map(Admission::account)
    }

    /// Whether others on the network can read what the browser sends.
    pub fn is_readable_by_others(&self) -> bool {
        let leaves_machine =
            self.visitor.address.is_some_and(|from| !from.to_canonical().is_loopback());
        leaves_machine && !self.visitor.secure
    }
}

/// The status of a response, and the seconds after which another attempt is possible.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    pub status: u16,
    pub retry_after: Option<u64>,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: StatusCode::OK.as_u16(), retry_after: None }
    }
}

impl Answer {
    fn of(error: &Error) -> Self {
        Self { status: error.code.http_status(), retry_after: None }
    }
}

/// A form that was refused.
pub(super) struct Failure {
    pub answer: Answer,
    pub mistake: Mistake,
}

impl Failure {
    /// A refusal by the rules of accounts. `at` names the field that is concerned.
    pub fn new(error: AccountError, at: impl Fn(&AccountError) -> &'static str) -> Self {
        log(&error);
        let at = at(&error);
        let retry_after = match error {
            AccountError::RateLimited(limited) => Some(text::retry_after_seconds(limited)),
            _ => None,
        };
        let status = text::account_error_code(&error).http_status();
        let mistake = Mistake { at, words: Arc::new(move || text::account_error(&error)) };
        Self { answer: Answer { status, retry_after }, mistake }
    }

    /// A mistake that is found before any account is asked.
    pub fn of_form(at: &'static str, words: fn() -> String) -> Self {
        let mistake = Mistake { at, words: Arc::new(words) };
        Self::with_code(ErrorCode::InvalidInput, mistake)
    }

    /// A refusal with the status of a code.
    pub fn with_code(code: ErrorCode, mistake: Mistake) -> Self {
        Self { answer: Answer { status: code.http_status(), retry_after: None }, mistake }
    }

    /// A form that cannot be read.
    pub fn unreadable() -> Self {
        Self::of_form(Mistake::FORM, || tr!(bad_form).to_owned())
    }
}

/// Logs a fault of this server's. All other errors are the reader's.
fn log(error: &AccountError) {
    if let AccountError::Hashing | AccountError::Store(_) = error {
        tracing::error!(error = error as &dyn std::error::Error, "a page of accounts failed");
    }
}

/// The parts of a failure, if there is one.
pub(super) fn parts(failure: Option<Failure>) -> (Answer, Option<Mistake>) {
    match failure {
        Some(Failure { answer, mistake }) => (answer, Some(mistake)),
        None => (Answer::default(), None),
    }
}
