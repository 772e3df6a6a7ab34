use std::time::{Duration, UNIX_EPOCH};

use ProviderKind::Parameter as Refusal;
use ProviderKind::{
    Api, Auth, Beginning, ContentFilter, ContextLength, Credit, Malformed, ModelNotFound,
    Permission, RateLimited, Rejected, Roles, Unfit, Upstream,
};

use super::*;

fn response(status: u16, headers: &HeaderMap, body: &str, now: SystemTime) -> Error {
    let parameters = vec![Parameter::Temperature, Parameter::StreamOptions];
    let sent = Sent { parameters, system: true, beginning: true, ..Sent::default() };
    from_response((status, headers, body.as_bytes()), now, true, &sent).0
}

fn kind(status: u16, body: &str) -> ProviderKind {
    let error = response(status, &HeaderMap::new(), body, UNIX_EPOCH);
    let ErrorCode::Provider(kind) = error.code else { panic!("{error:?}") };
    assert!(error.hint.is_some() && error.retry_after_ms.is_none());
    kind
}

#[test]
fn each_status_and_body_has_its_error_kind() {
    let too_long = r#"{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000","type":"invalid_request_error","code":"context_length_exceeded"}}"#;
    for (status, body, expected) in [
        (401, "", Auth),
        (
            403,
            r#"{"error":{"message":"Country not supported","code":"unsupported_country"}}"#,
            Permission,
        ),
        (
            403,
            r#"{"error":{"message":"Your API key was reported as leaked.","status":"PERMISSION_DENIED"}}"#,
            Auth,
        ),
        (402, "", Credit),
        // DeepSeek; Anthropic.
        (402, r#"{"error":{"message":"Insufficient Balance"}}"#, Credit),
        (
            400,
            r#"{"error":{"message":"Your credit balance is too low to access the API."}}"#,
            Credit,
        ),
        // LM Studio: continue#10150, continue#12794.
        (
            400,
            r#"{"error":{"message":"Failed to load model \"gpt-oss-20b\". Error: Error loading model.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
            Rejected,
        ),
        (404, r#"{"error":"Failed to load model \"qwen3-4b\". Error: Model not found"}"#, Rejected),
        // OpenRouter: truefoundry/models#826.
        (
            404,
            r#"{"error":{"message":"No endpoints available matching your guardrail restrictions and data policy. Configure: https://openrouter.ai/settings/privacy","code":404}}"#,
            Permission,
        ),
        (
            404,
            r#"{"error":{"message":"No endpoints found matching your data policy (Free model publication). Configure: https://openrouter.ai/settings/privacy","code":404}}"#,
            Permission,
        ),
        // A wrong key with another status: gemini-cli#4701; continue#10530, whose error is JSON in
        // a text; beeai-framework#447; continue#10778; litellm#12273; Zhipu.
        (
            400,
            r#"[{"error":{"code":400,"message":"The key that was passed is not valid.","status":"INVALID_ARGUMENT"}}]"#,
            Auth,
        ),
        (
            400,
            r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
            Auth,
        ),
        (
            400,
            r#"{"error":{"message":"{\n  \"error\": {\"message\": \"API Key not found. Please pass a valid API key.\"}}\n","code":400,"status":"Bad Request"}}"#,
            Auth,
        ),
        (
            400,
            r#"{"code":"Client specified an invalid argument","error":"Incorrect%20API%20key%20provided:%20ba***na."}"#,
            Auth,
        ),
        (400, r#""Incorrect API key provided: na***ys.""#, Auth),
        (
            400,
            r#"{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}"#,
            Auth,
        ),
        // LiteLLM's proxy 1.106.12: an unknown model, one that the key may not use, no budget left.
        (
            400,
            r#"{"error":{"message":"/chat/completions: Invalid model name passed in model=nobody. Call `/v1/models` to view available models for your key.","type":"invalid_request_error","param":null,"code":"400","provider_specific_fields":{"error":"/chat/completions: Invalid model name passed in model=nobody."}}}"#,
            ModelNotFound,
        ),
        (
            401,
            r#"{"error":{"message":"key not allowed to access model. This key can only access models=['a']. Tried to access b","type":"key_model_access_denied","param":"model","code":"401"}}"#,
            Permission,
        ),
        (
            400,
            r#"{"error":{"message":"Budget has been exceeded! Current cost: 2.0, Max budget: 1.0","type":"budget_exceeded","param":null,"code":"400"}}"#,
            Credit,
        ),
        (400, r#"{"error":{"code":"401","message":"令牌已过期或验证不正确"}}"#, Auth),
        (422, r#"{"message":"Unauthorized","request_id":"1"}"#, Auth),
        (429, "", RateLimited),
        (429, r#"{"error":{"code":"rate_limit_exceeded","type":"requests"}}"#, RateLimited),
        (429, r#"{"error":{"code":"insufficient_quota"}}"#, Credit),
        (
            404,
            r#"{"error":{"message":"This model is only supported in v1/responses and not in v1/chat/completions."}}"#,
            Api,
        ),
        // cherry-studio#6170, one-api#88.
        (
            400,
            r#"{"error":{"message":"The requested model 'gpt-4o-search-preview' is not supported with the Responses API.","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#,
            Api,
        ),
        (
            429,
            r#"{"error":{"message":"Request too large for gpt-4o on tokens per min (TPM): Limit 1000, Requested 1200.","code":"rate_limit_exceeded"}}"#,
            ContextLength,
        ),
        (403, r#"{"code":30001,"message":"Sorry, your account balance is insufficient"}"#, Credit),
        (429, r#"{"error":{"code":"1113","message":"余额不足或无可用资源包,请充值。"}}"#, Credit),
        (
            403,
            r#"{"error":{"code":403,"message":"Method doesn't allow unregistered callers (callers without established identity).","status":"PERMISSION_DENIED"}}"#,
            Auth,
        ),
        // OpenRouter.
        (
            404,
            r#"{"error":{"message":"No endpoints found for anthropic/claude-2.0.","code":404}}"#,
            ModelNotFound,
        ),
        // No model for chats: OpenAI (llama_index#1332, cherry-studio#1179), Ollama (ollama#2778),
        // vLLM (Qwen3-VL#988), OpenRouter (9router#1304), Azure (graphrag#1557).
        (
            404,
            r#"{"error":{"message":"This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean to use v1/completions?","type":"invalid_request_error","param":"model","code":null}}"#,
            Unfit,
        ),
        (
            400,
            r#"{"error":{"message":"This model requires that either input content or output modality contain audio.","type":"invalid_request_error","param":"model","code":"invalid_value"}}"#,
            Unfit,
        ),
        (500, r#"{"error":"embedding models do not support chat"}"#, Unfit),
        (
            400,
            r#"{"error":{"message":"\"nomic-embed-text\" does not support chat","type":"invalid_request_error"}}"#,
            Unfit,
        ),
        (
            400,
            r#"{"object":"error","message":"The model does not support Chat Completions API","type":"BadRequestError","param":null,"code":400}"#,
            Unfit,
        ),
        (
            400,
            r#"{"error":{"message":"nvidia/llama-nemotron-embed-vl-1b-v2:free is an embedding model and cannot be used with the chat/completions endpoint. Use the /embeddings endpoint instead."}}"#,
            Unfit,
        ),
        (
            400,
            r#"{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, text-embedding-3-large. Please choose different model and try again. You can learn more about which models can be used with each operation here: https://go.microsoft.com/fwlink/?linkid=2197993."}}"#,
            Unfit,
        ),
        (
            400,
            r#"{"error":{"code":"OperationNotSupported","message":"The chatCompletion operation does not work with the specified model, gpt-5-codex. Please choose different model and try again."}}"#,
            Api,
        ),
        // Azure.
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist."}}"#,
            ModelNotFound,
        ),
        // OpenAI; Ollama; vLLM; DeepSeek; LiteLLM.
        (
            404,
            r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#,
            ModelNotFound,
        ),
        (
            404,
            r#"{"error":{"message":"model \"x\" not found, try pulling it first","type":"api_error","param":null,"code":null}}"#,
            ModelNotFound,
        ),
        (
            404,
            r#"{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":null,"code":404}"#,
            ModelNotFound,
        ),
        (
            400,
            r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error"}}"#,
            ModelNotFound,
        ),
        (
            400,
            r#"{"error":{"message":"Invalid model name passed in model=x","code":"400"}}"#,
            ModelNotFound,
        ),
        // llama.cpp for a wrong path; FastAPI; a web server.
        (
            404,
            r#"{"error":{"code":404,"message":"File Not Found","type":"not_found_error"}}"#,
            Malformed,
        ),
        (404, r#"{"detail":"Not Found"}"#, Malformed),
        (404, "<html>404</html>", Malformed),
        (405, "", Malformed),
        (400, too_long, ContextLength),
        // vLLM; SGLang; llama.cpp new and old; LM Studio; LiteLLM; Mistral.
        (
            400,
            r#"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","code":400}"#,
            ContextLength,
        ),
        (
            400,
            r#"{"error":{"message":"The input (9000 tokens) is longer than the model's context length (8192 tokens)."}}"#,
            ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it"}}"#,
            ContextLength,
        ),
        (
            500,
            r#"{"error":{"code":500,"message":"the request exceeds the available context size. try increasing it","type":"server_error"}}"#,
            ContextLength,
        ),
        (
            400,
            r#"{"error":"The model is loaded with context length of only 4096 tokens, which is not enough"}"#,
            ContextLength,
        ),
        (400, r#"{"error":{"message":"litellm.ContextWindowExceededError: ..."}}"#, ContextLength),
        (
            422,
            r#"{"detail":"Prompt contains 9000 tokens, too large for model with 8192 maximum context length"}"#,
            ContextLength,
        ),
        (
            400,
            r#"{"error":{"code":"content_filter","message":"The response was filtered"}}"#,
            ContentFilter,
        ),
        (400, r#"{"error":{"message":"temperature must be at most 2"}}"#, Refusal),
        (
            400,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
            Refusal,
        ),
        (
            400,
            r#"{"object":"error","message":"roles have to alternate between user and assistant","type":"BadRequestError","code":400}"#,
            Roles,
        ),
        // jan#6254: a chat template that refuses the conversation.
        (
            500,
            r#"{"error":{"code":500,"message":"Conversation roles must alternate user/assistant/... at row 19","type":"server_error"}}"#,
            Roles,
        ),
        (
            400,
            r#"{"error":{"message":"Assistant response prefill is incompatible with enable_thinking."}}"#,
            Beginning,
        ),
        (400, r#"{"error":{"message":"boom"}}"#, Rejected),
        (400, "", Rejected),
        (409, "<html><h1>Conflict</h1></html>", Rejected),
        (413, "", ContextLength),
        (
            413,
            r#"{"error":{"message":"Request too large for model `x` on tokens per minute (TPM): Limit 6000","code":"rate_limit_exceeded"}}"#,
            RateLimited,
        ),
        (307, "", Malformed),
        (500, "", Upstream),
        (500, r#"{"error":{"message":"boom"}}"#, Upstream),
        (502, "<html><body>Bad Gateway</body></html>", Upstream),
        (503, r#"{"error":null}"#, Upstream),
        (204, "", Malformed),
    ] {
        assert_eq!(kind(status, body), expected, "{status} {body}");
    }
}

#[test]
fn the_message_of_the_endpoint_is_kept_apart_and_cleaned() {
    let body = r#"{"error":{"message":"key sk-secret at http://internal/ is bad"}}"#;
    for status in 400..600 {
        let error = response(status, &HeaderMap::new(), body, UNIX_EPOCH);
        assert_eq!(error.said.as_deref(), Some("key [key] at [address] is bad"));
        let ours = format!("{} {:?}", error.message, error.hint);
        assert!(!ours.contains("bad"), "{ours}");
    }
}

#[test]
fn a_missing_key_and_a_wrong_key_have_different_errors() {
    let told = |has_key| {
        let response = (401, &HeaderMap::new(), b"" as &[u8]);
        from_response(response, UNIX_EPOCH, has_key, &Sent::default()).0.message
    };
    assert_ne!(told(true), told(false));
}

#[test]
fn only_the_error_for_an_unknown_model_names_the_model_setting() {
    let bodies =
        ["", r#"{"error":{"message":"boom"}}"#, r#"{"error":{"message":"No connected db."}}"#];
    for (status, body) in (300..600).flat_map(|status| bodies.map(|body| (status, body))) {
        let error = response(status, &HeaderMap::new(), body, UNIX_EPOCH);
        let hint = error.hint.unwrap_or_default();
        assert!(!hint.contains("{model}"), "{status} {body}: {hint}");
    }
}

#[test]
fn retry_after_is_parsed_as_seconds_milliseconds_or_date() {
    let now = UNIX_EPOCH + Duration::from_millis(784_111_774_500);
    for (name, value, expected) in [
        ("retry-after", "2", Some(2_000)),
        ("retry-after", " 0.5 ", Some(500)),
        ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT", Some(2_500)),
        ("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("retry-after", "99999999999999999999", Some(MAX_RETRY_AFTER_MS)),
        ("retry-after", "-1", None),
        ("retry-after", "NaN", None),
        ("retry-after", "soon", None),
        ("retry-after-ms", "1234", Some(1_234)),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
        for status in [429, 503] {
            let error = response(status, &headers, "", now);
            assert_eq!(error.retry_after_ms, expected, "{name}: {value}");
        }
        assert_eq!(response(401, &headers, "", now).retry_after_ms, None);
    }
}

/// Gemini: <https://github.com/google-gemini/gemini-cli/issues/4701> has the shape of its errors; OpenAI:
/// <https://github.com/earendil-works/pi/issues/2366>.
#[test]
fn a_retry_delay_in_the_body_is_used() {
    let gemini = r#"[{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17s"}]}}]"#;
    let openai = r#"{"error":{"message":"Rate limit reached for gpt-5.4 in organization org-XXX on tokens per min (TPM): Limit 500000, Used 442231, Requested 249686. Please try again in 23.03s. Visit https://platform.openai.com/account/rate-limits to learn more.","type":"tokens","code":"rate_limit_exceeded"}}"#;
    let days = r#"{"error":{"message":"Please try again in 900h","code":"rate_limit_exceeded"}}"#;
    for (body, expected) in [
        (gemini, Some(17_000)),
        (openai, Some(23_030)),
        (days, Some(MAX_RETRY_AFTER_MS)),
        ("Please try again later.", None),
    ] {
        let error = response(429, &HeaderMap::new(), body, UNIX_EPOCH);
        assert_eq!(error.code, ErrorCode::Provider(RateLimited), "{body}");
        assert_eq!(error.retry_after_ms, expected, "{body}");
        if let Ok(value) = serde_json::from_str::<Value>(body)
            && value.is_object()
        {
            assert_eq!(from_value(&value).unwrap().retry_after_ms, expected, "in a stream: {body}");
        }
    }
    // A header is meant for programs.
    let mut headers = HeaderMap::new();
    headers.insert("retry-after", hyper::header::HeaderValue::from_static("3"));
    assert_eq!(response(429, &headers, openai, UNIX_EPOCH).retry_after_ms, Some(3_000));
    // A refusal stays one.
    let refusal = r#"{"error":{"message":"Incorrect API key. Please try again in 5s."}}"#;
    assert_eq!(response(401, &HeaderMap::new(), refusal, UNIX_EPOCH).retry_after_ms, None);
}

#[test]
fn errors_in_a_stream_are_distinguished_from_chunks() {
    let kind = |text: &str| {
        let value = serde_json::from_str(text).unwrap();
        from_value(&value).map(|error| error.code)
    };
    assert_eq!(kind(r#"{"choices":[],"error":null}"#), None);
    assert_eq!(kind(r#"{"choices":[],"error":{}}"#), None);
    assert_eq!(kind("[1]"), None);
    for (text, expected) in [
        (r#"{"error":{"message":"boom"}}"#, Upstream),
        (r#"{"error":"boom"}"#, Upstream),
        (r#"{"error":true}"#, Upstream),
        (r#"{"error":{"code":429}}"#, RateLimited),
        (r#"{"error":{"type":"authentication_error"}}"#, Auth),
        (
            r#"{"error":{"code":400,"message":"the request exceeds the available context size"}}"#,
            ContextLength,
        ),
        (r#"{"object":"error","message":"boom","code":500}"#, Upstream),
        (r#"{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#, Credit),
    ] {
        assert_eq!(kind(text), Some(ErrorCode::Provider(expected)), "{text}");
    }
}
