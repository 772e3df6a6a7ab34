//! The profiles and models that a conversation can choose.

use axum::Json;
use axum::extract::State;
use protocol::catalogue::{Forget, Forgotten, ModelList, ProfileDetail, ProfileList};
use protocol::{ErrorBody, ProfileName, ProviderName};
use serde::Deserialize;

use crate::caller::Caller;
use crate::error::ApiResult;
use crate::extract::{self, Path};
use crate::state::AppState;

/// `/api/v1/profiles/{name}`.
#[derive(Clone, Debug, Deserialize)]
pub struct ProfilePath {
    /// The profile; `not_found` if the bundle has none of that name.
    pub name: ProfileName,
}

/// `/api/v1/providers/{provider}/forget`.
#[derive(Clone, Debug, Deserialize)]
pub struct ProviderPath {
    /// The provider; `not_found` if none of that name is configured.
    pub provider: ProviderName,
}

/// Lists the profiles in force. Titles and descriptions are by language.
#[utoipa::path(
    get, path = "/api/v1/profiles", tag = "catalogue",
    responses((status = 200, body = ProfileList), (status = "default", body = ErrorBody))
)]
pub async fn profiles(State(state): State<AppState>) -> ApiResult<Json<ProfileList>> {
    Ok(Json(state.registry.home().profiles()?))
}

/// Returns a profile with its prompt, rendered as it would be sent now.
#[utoipa::path(
    get, path = "/api/v1/profiles/{name}", tag = "catalogue",
    params(("name" = ProfileName, Path)),
    responses((status = 200, body = ProfileDetail), (status = "default", body = ErrorBody))
)]
pub async fn profile(
    State(state): State<AppState>,
    Path(ProfilePath { name }): Path<ProfilePath>,
) -> ApiResult<Json<ProfileDetail>> {
    Ok(Json(state.registry.home().profile(&name)?))
}

/// Lists the models of each configured provider.
///
/// A provider that does not answer is not an error of this call: its entry holds the reason, and
/// what is known without asking it.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "catalogue",
    responses((status = 200, body = ModelList), (status = "default", body = ErrorBody))
)]
pub async fn models(State(state): State<AppState>) -> Json<ModelList> {
    Json(state.registry.home().models().await)
}

/// Forgets what an endpoint's refusals taught about one of its models, or about all of them.
///
/// The next request is sent as configured, and a refusal teaches again. An empty body counts as
/// `{}`.
#[utoipa::path(
    post, path = "/api/v1/providers/{provider}/forget", tag = "catalogue",
    params(("provider" = ProviderName, Path)),
    request_body = Option<Forget>,
    responses((status = 200, body = Forgotten), (status = "default", body = ErrorBody))
)]
pub async fn forget(
    State(state): State<AppState>,
    Caller(principal): Caller,
    Path(ProviderPath { provider }): Path<ProviderPath>,
    asked: Option<extract::Json<Forget>>,
) -> ApiResult<Json<Forgotten>> {
    let asked = asked.map(|extract::Json(asked)| asked).unwrap_or_default();
    Ok(Json(
        state.registry.home().access(principal).forget(&provider, asked.model.as_deref()).await?,
    ))
}
