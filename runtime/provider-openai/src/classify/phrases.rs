//! The names and phrases by which errors of endpoints are recognized, in lower case, with their
//! sources.

/// Error names for a wrong or missing key. LiteLLM's proxy without a database looks for keys there
/// (<https://github.com/BerriAI/litellm/issues/12273>).
pub(super) const KEY_NAMES: &[&str] = &[
    "invalid_api_key",
    "invalidapikey",
    "api_key_invalid",
    "authentication_error",
    "invalid_authentication_error",
    "authenticationerror",
    "auth_error",
    "no_db_connection",
    "unauthenticated",
    "unauthorized",
    "401",
];
/// Words that mean a key, and words that say what is wrong with it.
pub(super) const KEY_WORDS: &[&str] = &[
    "api key",
    "api-key",
    "api_key",
    "apikey",
    "the key",
    "your key",
    "access token",
    "auth token",
    "bearer token",
    "bearer",
    "credential",
    "authentication",
    "authorization header",
    "令牌",
    "密钥",
];
pub(super) const WRONG_WORDS: &[&str] = &[
    "valid",
    "incorrect",
    "wrong",
    "missing",
    "expired",
    "required",
    "provide",
    "not found",
    "no api key",
    "no auth",
    "unknown",
    "denied",
    "revoked",
    "disabled",
    "malformed",
    "leaked",
    "fail",
    "error",
    "过期",
    "不正确",
    "无效",
];
/// Sentences that mean a wrong or missing key by themselves.
pub(super) const KEY_SENTENCES: &[&str] = &[
    "no connected db",
    "unauthorized",
    "no auth credentials",
    "unregistered callers",
    "invalid username or password",
];

pub(super) const PERMISSION_NAMES: &[&str] = &[
    "permission_error",
    "permission_denied",
    "permissiondenied",
    "accessdenied",
    "access_denied",
    "forbidden",
    "403",
];
/// Error names for a valid key that may not use the model. LiteLLM's proxy sends them with 401.
pub(super) const MODEL_DENIED_NAMES: &[&str] =
    &["key_model_access_denied", "team_model_access_denied", "user_model_access_denied"];
pub(super) const CREDIT_NAMES: &[&str] = &[
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "billing_not_active",
    "billing_error",
    "payment_required",
    "exceeded_current_quota_error",
    "arrearage",
    "budget_exceeded",
    "402",
];
pub(super) const CREDIT_SENTENCES: &[&str] = &[
    "credit balance",
    "insufficient balance",
    "balance is insufficient",
    "余额不足",
    "insufficient credit",
    "insufficient funds",
    "out of credits",
    "requires more credits",
    "no credits",
    "spending limit",
    "budget has been exceeded",
    "billing hard limit",
];
pub(super) const RATE_NAMES: &[&str] = &[
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limited",
    "too_many_requests",
    "throttling",
    "throttlingexception",
    "resource_exhausted",
    "429",
];
pub(super) const MODEL_NAMES: &[&str] =
    &["model_not_found", "model_not_exist", "deploymentnotfound"];
pub(super) const FILTER_NAMES: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "contentfilter",
    "data_inspection_failed",
    "datainspectionfailed",
    "responsibleaipolicyviolation",
];
pub(super) const FILTER_SENTENCES: &[&str] =
    &["content management policy", "content policy", "content exists risk", "safety system"];

/// What an https port answers to http, in lower case: nginx, Go's server, Apache.
pub(super) const WANTS_TLS: &[&str] = &[
    "plain http request was sent to https port",
    "http request to an https server",
    "speaking plain http to an ssl-enabled server port",
];

/// Lower-case texts that say that there is no such model, even if they mention keys: LiteLLM's
/// proxy adds how to list the models "for your key".
pub(super) const NO_MODEL_SENTENCES: &[&str] = &[
    "invalid model name",
    "not a valid model",
    "no such model",
    "unknown model",
    "no endpoints found for",
];
/// Lower-case texts that mean the same if the word "model" is there, too: OpenAI and vLLM ("does
/// not exist"), Ollama ("not found"), DeepSeek, LiteLLM, OpenRouter.
pub(super) const NO_MODEL: &[&str] = &[
    "does not exist",
    "not found",
    "not exist",
    "invalid model",
    "not a valid model",
    "no such model",
    "no endpoints found",
    "no models loaded",
    "unknown model",
];

/// Lower-case texts that say that a model is not made for chats: OpenAI
/// (<https://github.com/run-llama/llama_index/issues/1332>,
/// <https://github.com/CherryHQ/cherry-studio/issues/1179>), Ollama
/// (<https://github.com/ollama/ollama/issues/2778>), vLLM
/// (<https://github.com/QwenLM/Qwen3-VL/issues/988>), OpenRouter
/// (<https://github.com/decolua/9router/issues/1304>).
pub(super) const NOT_FOR_CHATS: &[&str] = &[
    "not a chat model",
    "not a chat completion model",
    "does not support chat",
    "do not support chat",
    "doesn't support chat",
    "cannot be used with the chat",
    "not supported in the v1/chat/completions",
    "not supported for chat",
    "not supported with chat",
    "content or output modality contain audio",
];
/// Parts of the names of models that are not made for chats. When Azure reports that an operation
/// does not work, it names the model (<https://github.com/microsoft/graphrag/issues/1557>).
pub(super) const NOT_FOR_CHATS_NAMES: &[&str] =
    &["embedding", "embed-", "whisper", "tts", "dall-e", "gpt-image", "moderation", "rerank"];

/// Lower-case texts that say that a model is offered only by the Responses API: OpenAI
/// (<https://github.com/sigoden/aichat/pull/1318>), Azure, a gateway
/// (<https://github.com/Wei-Shaw/sub2api/issues/885>).
pub(super) const ONLY_RESPONSES: &[&str] = &[
    "only supported in v1/responses",
    "chatcompletion operation does not work with the specified model",
    "please use /v1/responses",
];

/// Lower-case texts that say that a model is not offered by the Responses API: OpenAI
/// (<https://github.com/CherryHQ/cherry-studio/issues/6170>,
/// <https://github.com/Laisky/one-api/issues/88>).
pub(super) const NOT_BY_RESPONSES: &[&str] =
    &["not supported with the responses api", "not supported in the v1/responses"];

/// Lower-case texts that say that a model exists but could not be loaded into memory. LM Studio
/// gives these errors the name of an unknown model
/// (<https://github.com/continuedev/continue/issues/10150>,
/// <https://github.com/continuedev/continue/issues/12794>).
pub(super) const NOT_LOADED: &[&str] = &["failed to load model", "error loading model"];

/// Lower-case texts that say that the account's own settings exclude all servers of the model:
/// OpenRouter, with 404 (<https://github.com/truefoundry/models/pull/826>,
/// <https://openrouter.ai/docs/features/privacy-and-logging>).
pub(super) const POLICY_SENTENCES: &[&str] =
    &["guardrail restrictions", "matching your data policy", "no allowed providers are available"];
