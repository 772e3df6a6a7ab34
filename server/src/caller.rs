//! Who made a request, and whether they may make it.
//!
//! This is the one place that decides: [`identify`] finds the account of each request by its
//! session, its token, the proxy that authenticated it, or the machine it comes from, and looks its
//! route up in the table of [`permission`]. A route that is not in the table is closed to everybody.

use std::sync::Arc;

use accounts::{AccountError, Accounts, Admission, TOKEN_PREFIX};
use app::{Visitor, session_cookie};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use protocol::{AccountId, AccountRole, Error, ErrorCode};
use runtime::Principal;
use tracing::{error, warn};

use crate::connections::Peer;
use crate::error::{ApiError, ApiResult};
use crate::security::hosts::Hosts;
use permission::Need;
pub use rules::{EntranceRules, is_readable_on_the_way, needs_accounts};

pub mod forwarded;
pub mod permission;
mod rules;

/// What the middleware needs to find out who made a request; cheap to clone.
#[derive(Clone)]
pub struct Entrance {
    /// Who may come in.
    pub accounts: Accounts,
    /// The names of this server.
    pub hosts: Arc<Hosts>,
    /// What the configuration says.
    pub rules: Arc<EntranceRules>,
}

/// A request that came over the server's own socket in its data folder, which only the account of
/// the operating system that owns the server can use. In the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct FromOwnSocket;

/// Finds out who made a request, refuses it if they may not make it, and puts the [`Visitor`] and the
/// [`Principal`] into its extensions for the handlers.
pub async fn identify(State(entrance): State<Entrance>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let visitor = match entrance.visitor(&parts).await {
        Ok(visitor) => visitor,
        Err(error) => return with_challenge(error.into_response()),
    };
    let principal = principal(&visitor);
    if let Err(refusal) = check(&parts, &visitor, principal) {
        return match to_login(&parts, &refusal) {
            Some(redirect) => redirect,
            None => with_challenge(refusal.into_response()),
        };
    }
    if let Some(principal) = principal {
        parts.extensions.insert(principal);
    }
    parts.extensions.insert(visitor);
    with_challenge(next.run(Request::from_parts(parts, body)).await)
}

impl Entrance {
    async fn visitor(&self, request: &Parts) -> ApiResult<Visitor> {
        let (headers, extensions) = (&request.headers, &request.extensions);
        let peer = extensions.get::<Peer>().copied();
        let trusted = peer.is_some_and(|peer| self.rules.trusts(peer.address.ip()));
        let address = peer.map(|peer| match trusted {
            true => forwarded::client(headers, peer.address.ip(), |ip| self.rules.trusts(ip)),
            false => peer.address.ip().to_canonical(),
        });
        let secure = peer.is_some_and(|peer| peer.tls) || forwarded::is_https(headers);
        let admission = self.admission(headers, secure, trusted).await?;
        let at_machine = admission.is_none()
            && (extensions.get::<FromOwnSocket>().is_some()
                || !trusted && self.is_at_machine(request, peer));
        Ok(Visitor { address, secure, admission, at_machine })
    }

    /// Whether a request without a login comes from the person at this machine: over loopback, under
    /// a name of this machine, and not through a proxy, which connects from loopback for people
    /// anywhere. The caller has checked that no trusted proxy has the connection's address.
    fn is_at_machine(&self, request: &Parts, peer: Option<Peer>) -> bool {
        let headers = &request.headers;
        let named = |host: &HeaderValue| host.to_str().is_ok_and(|host| self.hosts.is_local(host));
        let open = |host: &HeaderValue| host.to_str().is_ok_and(|host| self.hosts.is_open(host));
        self.rules.open_at_machine
            && peer.is_some_and(|peer| peer.address.ip().to_canonical().is_loopback())
            && headers.get(header::HOST).is_none_or(named)
            && request.uri.authority().is_none_or(|at| self.hosts.is_local(at.as_str()))
            && forwarded::is_open(headers, open)
    }

    /// By what a request is let in, if by anything. A token, or the name that a trusted proxy gives,
    /// is refused if it is not valid; a session that has ended is the same as none.
    async fn admission(
        &self,
        headers: &HeaderMap,
        secure: bool,
        trusted: bool,
    ) -> ApiResult<Option<Admission>> {
        if let Some(token) = bearer(headers) {
            let admission = self.accounts.verify_token(token).await.map_err(failed)?;
            return admission.map(Some).ok_or_else(|| {
                unauthorized("This API token is unknown, has expired, or was revoked.")
            });
        }
        if let Some(name) = &self.rules.user_header
            && trusted
        {
            let Some(user) = only(headers, name)? else { return Ok(None) };
            return match self.accounts.verify_proxied(user).await {
                Ok(Some(admission)) => Ok(Some(admission)),
                Ok(None) => Err(unauthorized("This account is disabled.")),
                Err(error @ (AccountError::Name(_) | AccountError::Full)) => {
                    warn!(%error, "a user of the proxy cannot have an account");
                    Err(unauthorized("The name that the proxy gives cannot have an account."))
                }
                Err(error) => Err(failed(error)),
            };
        }
        match session_cookie::session_secret(headers, secure) {
            Some(secret) => self.accounts.verify(secret).await.map_err(failed),
            None => Ok(None),
        }
    }
}

/// Who is let in; `None` for a stranger.
fn principal(visitor: &Visitor) -> Option<Principal> {
    match &visitor.admission {
        Some(admission) => Some(Principal { account: admission.account(), role: admission.role() }),
        None => visitor.at_machine.then_some(Principal::FIRST_OWNER),
    }
}

/// Refuses a request that its maker may not make.
fn check(request: &Parts, visitor: &Visitor, principal: Option<Principal>) -> ApiResult<()> {
    let route = request.extensions.get::<MatchedPath>().map(MatchedPath::as_str);
    let Some(need) = permission::of(&request.method, route) else {
        error!(?route, method = %request.method, "a route is in no table, so it is closed");
        return Err(forbidden("This address is closed."));
    };
    if need == Need::Public {
        return Ok(());
    }
    let Some(principal) = principal else { return Err(unauthorized("Nobody is logged in.")) };
    match visitor.admission.as_ref().and_then(Admission::token_scopes) {
        Some(scopes) if !need.is_in(scopes) => {
            return Err(forbidden("This API token does not allow that."));
        }
        _ => {}
    }
    match (need, principal.role) {
        (Need::Admin | Need::AdminSession, AccountRole::Member) => {
            Err(forbidden("Only an owner of this installation may do that."))
        }
        _ => Ok(()),
    }
}

/// The characters that are encoded when a page's address becomes the value of `next`.
const IN_QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'&').add(b'+').add(b'%');

/// The way to the login, for a stranger who asked for a page.
fn to_login(request: &Parts, refusal: &ApiError) -> Option<Response> {
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    let path = request.uri.path();
    let accepted = request.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let is_page = accepted.is_some_and(|accepted| accepted.contains("text/html"))
        && !path.starts_with("/api/");
    if !reads || !is_page || refusal.error().code != ErrorCode::Unauthorized {
        return None;
    }
    let asked = request.uri.path_and_query().map_or(path, |asked| asked.as_str());
    let to = match asked {
        "/" => "/login".to_owned(),
        asked => format!("/login?next={}", utf8_percent_encode(asked, IN_QUERY)),
    };
    Some(Redirect::to(&to).into_response())
}

/// HTTP requires a 401 to say how to authenticate (RFC 9110, section 15.5.2). Browsers ask for a
/// password only for the schemes `Basic` and `Digest`, so this opens no dialog.
fn with_challenge(mut response: Response) -> Response {
    if response.status() == axum::http::StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"companion\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The API token of `Authorization: Bearer`. Another program's token, or another scheme, says nothing
/// here: a proxy in front may leave its own there, and clients of other servers send any key.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && token.starts_with(TOKEN_PREFIX)).then_some(token)
}

/// The value of a header that must not be there twice: then somebody added one.
fn only<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> ApiResult<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match (first.map(HeaderValue::to_str), second) {
        (None, _) => Ok(None),
        (Some(Ok(user)), None) if !user.trim().is_empty() => Ok(Some(user.trim())),
        (Some(_), _) => Err(unauthorized("The proxy's header with the user's name is not valid.")),
    }
}

fn unauthorized(message: &str) -> ApiError {
    Error::new(ErrorCode::Unauthorized, message)
        .with_hint("Log in, or send an API token in the header Authorization: Bearer.")
        .into()
}

fn forbidden(message: &str) -> ApiError {
    Error::new(ErrorCode::Forbidden, message).into()
}

fn failed(error: AccountError) -> ApiError {
    error!(error = &error as &dyn std::error::Error, "a caller cannot be identified");
    Error::from(error).into()
}

/// The principal of a request, for handlers. A request that was not identified is refused.
pub struct Caller(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let principal = parts.extensions.get::<Principal>().copied();
        principal.map(Self).ok_or_else(ApiError::unauthorized)
    }
}

/// How a request came, for handlers.
pub struct Visit(pub Visitor);

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let visitor = parts.extensions.get::<Visitor>().cloned();
        visitor.map(Self).ok_or_else(ApiError::unauthorized)
    }
}

impl Visit {
    /// The account that acts, for the audit; `None` for the person at the machine before there is an
    /// account.
    pub fn actor(&self) -> Option<AccountId> {
        self.0.admission.as_ref().map(Admission::account)
    }

    /// The session or token by which the request is let in. Errors with `invalid_input` without one,
    /// for calls that make sense only after a login.
    pub fn admission(&self) -> ApiResult<&Admission> {
        self.0.admission.as_ref().ok_or_else(|| {
            ApiError::invalid(
                "Nobody is logged in: at the server's own machine this needs no login.",
            )
        })
    }
}
