use super::*;
use ProviderKind::{
    Auth, ContentFilter, ContextLength, Malformed, ModelNotFound, RateLimited, Upstream,
};
use std::time::Duration;

fn kind(status: u16, body: &str) -> ProviderKind {
    let error = from_response(status, &HeaderMap::new(), body.as_bytes(), UNIX_EPOCH);
    let ErrorCode::Provider(kind) = error.code else { panic!("{error:?}") };
    assert!(error.hint.is_some() && error.retry_after_ms.is_none());
    kind
}

#[test]
fn statuses_bodies_and_their_kinds() {
    let too_long = r#"{"error":{"message":"This model's maximum context length is 4096 tokens. However, you requested 5000","type":"invalid_request_error","code":"context_length_exceeded"}}"#;
    for (status, body, expected) in [
        (401, "", Auth),
        (
            403,
            r#"{"error":{"message":"Country not supported","code":"unsupported_country"}}"#,
            Auth,
        ),
        (402, "", Auth),
        (429, "", RateLimited),
        (429, r#"{"error":{"code":"rate_limit_exceeded","type":"requests"}}"#, RateLimited),
        (429, r#"{"error":{"code":"insufficient_quota"}}"#, Auth),
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
        (400, r#"{"error":{"message":"temperature must be at most 2"}}"#, Malformed),
        (413, "", Malformed),
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
fn nothing_of_the_body_is_repeated() {
    let body = br#"{"error":{"message":"key sk-secret at http://internal/ is bad"}}"#;
    for status in 300..600 {
        let error = from_response(status, &HeaderMap::new(), body, UNIX_EPOCH);
        let shown = format!("{error:?}");
        assert!(!shown.contains("secret") && !shown.contains("internal"), "{shown}");
    }
}

#[test]
fn waits_are_read_in_three_ways() {
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
            let error = from_response(status, &headers, b"", now);
            assert_eq!(error.retry_after_ms, expected, "{name}: {value}");
        }
        assert_eq!(from_response(401, &headers, b"", now).retry_after_ms, None);
    }
}

#[test]
fn errors_in_a_stream_are_told_from_chunks() {
    let kind = |text: &str| {
        let value = serde_json::from_str(text).unwrap();
        from_value(&value).map(|error| error.code)
    };
    assert_eq!(kind(r#"{"choices":[],"error":null}"#), None);
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
    ] {
        assert_eq!(kind(text), Some(ErrorCode::Provider(expected)), "{text}");
    }
}
