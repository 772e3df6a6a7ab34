//! Extracts an endpoint's error message from whatever shape it has; pure.
//!
//! Shapes that real endpoints send: `{"error": {"message", "type", "param", "code"}}` with a code
//! that is a text, a number or null (OpenAI, vLLM, llama.cpp, OpenRouter); `{"error": "text"}` (LM
//! Studio, TGI); flat with `"object": "error"` (vLLM, Mistral); `message` as an object, a list, or
//! JSON in a text (Mistral, <https://github.com/editor-code-assistant/eca/issues/231>); `detail` as
//! a text or as pydantic's list (FastAPI); an array of objects (Gemini,
//! <https://github.com/google-gemini/gemini-cli/issues/4701>); percent-encoded (xAI,
//! <https://github.com/i-am-bee/beeai-framework/issues/447>); an error of another server as text in
//! `metadata.raw` (OpenRouter); HTML pages of proxies; plain text.

use serde_json::Value;

use super::{waits, words};

/// How many levels of nested objects are read.
const DEPTH: u32 = 6;
/// The most texts that are collected, and the most bytes of all of them.
const TEXTS: usize = 16;
const TEXT_BYTES: usize = 8 * 1024;

/// Fields that describe the error in words, in the order in which they are read.
const WORDS: &[&str] = &[
    "message",
    "msg",
    "detail",
    "details",
    "error",
    "errors",
    "error_message",
    "error_description",
    "status_msg",
    "base_resp",
    "metadata",
    "raw",
    "title",
];
/// Fields that hold a code or a type.
const NAMES: &[&str] = &["code", "type", "status", "reason", "error_type", "status_code"];

/// An error as the endpoint reported it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ErrorReport {
    /// Codes, types and the like, in lower case.
    pub(crate) names: Vec<String>,
    /// The fields of the request that the error names, in lower case, such as `temperature` or
    /// `messages.0.role`.
    pub(crate) params: Vec<String>,
    /// The error's sentences, unchanged.
    texts: Vec<String>,
    /// All sentences as one text in lower case.
    pub(crate) lower: String,
    /// The context window, if a field gives it (llama.cpp).
    pub(crate) window: Option<u64>,
    /// The milliseconds that a field asks to wait (Gemini).
    retry_delay_ms: Option<u64>,
}

impl ErrorReport {
    /// Reads the body of an error response, which may be JSON, HTML or plain text, and cut short.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim_start_matches('\u{feff}').trim();
        // Some servers send the refusal of a stream as an event.
        let event = text.strip_prefix("data:").and_then(|events| events.lines().next());
        let text = event.map_or(text, str::trim);
        let mut said = Self::default();
        match serde_json::from_str::<Value>(text) {
            Ok(value) => said.gather(&value, DEPTH),
            // Binary data has no message.
            Err(_) if !is_text(body) => {}
            Err(_) => said.words(&words::plain(text)),
        }
        said.finished()
    }

    /// Reads the error in an event of a stream, or in the body of a 200. `None` if there is none.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        if !is_error(value) {
            return None;
        }
        let mut said = Self::default();
        said.gather(value, DEPTH);
        Some(said.finished())
    }

    /// All sentences as one text, unchanged.
    pub(crate) fn text(&self) -> String {
        self.texts.join(" ")
    }

    /// For how long to wait before the next request, where it says so.
    pub(crate) fn wait_ms(&self) -> Option<u64> {
        self.retry_delay_ms.or_else(|| waits::in_words(&self.lower))
    }

    /// Whether the sentences contain any of these texts.
    pub(crate) fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|known| self.lower.contains(known))
    }

    /// Whether the sentences or the names contain any of these texts.
    pub(crate) fn has(&self, any: &[&str]) -> bool {
        self.says(any) || self.names.iter().any(|name| any.iter().any(|known| name.contains(known)))
    }

    /// Whether one of the names equals one of these.
    pub(crate) fn is_named(&self, any: &[&str]) -> bool {
        self.names.iter().any(|name| any.contains(&name.as_str()))
    }

    fn gather(&mut self, value: &Value, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::String(text) => self.string(text, depth),
            Value::Array(all) => all.iter().take(TEXTS).for_each(|value| self.gather(value, depth)),
            Value::Object(fields) => {
                self.names.extend(NAMES.iter().filter_map(|name| name_of(fields.get(*name)?)));
                let param = fields.get("param").and_then(name_of);
                self.params.extend(param.filter(|param| param != "none").map(|p| path(&p)));
                self.params.extend(fields.get("loc").and_then(Value::as_array).map(|at| loc(at)));
                let delay = || waits::duration(fields.get("retryDelay")?.as_str()?);
                self.retry_delay_ms = self.retry_delay_ms.or_else(delay);
                self.window = self.window.or_else(|| fields.get("n_ctx")?.as_u64());
                WORDS.iter().filter_map(|name| fields.get(*name)).for_each(|value| {
                    self.gather(value, depth);
                });
            }
            _ => {}
        }
    }

    fn string(&mut self, text: &str, depth: u32) {
        let text = text.trim();
        if text.starts_with(['{', '['])
            && let Ok(value) = serde_json::from_str::<Value>(text)
        {
            return self.gather(&value, depth);
        }
        if text.contains("%20") { self.words(&percent_decoded(text)) } else { self.words(text) }
    }

    fn words(&mut self, text: &str) {
        let text = text.trim();
        let bytes: usize = self.texts.iter().map(String::len).sum();
        let room = TEXT_BYTES.saturating_sub(bytes);
        let known = self.texts.iter().any(|known| known.contains(text));
        if !text.is_empty() && !known && self.texts.len() < TEXTS {
            let end = (0..=room.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
            self.texts.push(text[..end.unwrap_or(0)].to_owned());
        }
    }

    fn finished(mut self) -> Self {
        self.lower = self.text().to_lowercase();
        self
    }
}

/// Whether a value is an error. Some servers send `error` as null, `{}`, an empty text or false
/// beside good choices, which is no error. Others report one in fields of their own with status
/// 200: MiniMax in `base_resp` (<https://github.com/adrianlyjak/obsidian-aloud-tts/pull/114>),
/// gateways with `"success": false`.
fn is_error(value: &Value) -> bool {
    match value {
        Value::Array(all) => all.iter().any(is_error),
        Value::Object(fields) => {
            let error = fields.get("error").is_some_and(|error| match error {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Object(fields) => !fields.is_empty(),
                Value::Array(all) => !all.is_empty(),
                _ => true,
            });
            let object = fields.get("object").and_then(Value::as_str);
            let answers = fields.get("choices").is_some_and(Value::is_array);
            let fails = fields.get("success") == Some(&Value::Bool(false));
            let status = fields.get("base_resp").and_then(|base| base["status_code"].as_i64());
            error
                || !answers && (fails || status.is_some_and(|code| code != 0))
                || object.is_some_and(|object| object.eq_ignore_ascii_case("error"))
                || fields.get("error_message").is_some_and(Value::is_string)
        }
        _ => false,
    }
}

/// Whether a body is UTF-8; its last character may be cut.
fn is_text(body: &[u8]) -> bool {
    std::str::from_utf8(body).map_or_else(|error| error.error_len().is_none(), |_| true)
}

fn name_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.to_lowercase()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Normalizes `messages[0].role` to `messages.0.role`.
fn path(param: &str) -> String {
    let dotted = param.replace('[', ".").replace([']', '\''], "").replace("..", ".");
    dotted.trim_start_matches("body.").to_owned()
}

/// Normalizes pydantic's `["body", "messages", 0, "role"]` to `messages.0.role`.
fn loc(at: &[Value]) -> String {
    let parts: Vec<_> = at.iter().take(TEXTS).filter_map(name_of).collect();
    path(&parts.join("."))
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                decoded.push(byte);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_messages_of_every_shape_are_extracted() {
        for (body, text) in [
            (r#"{"error":{"message":"No.","type":"x","code":null}}"#, "No."),
            (r#"{"error":"No."}"#, "No."),
            (r#"{"object":"error","message":"No.","code":400}"#, "No."),
            (r#"[{"error":{"code":400,"message":"No.","status":"INVALID_ARGUMENT"}}]"#, "No."),
            (r#"{"detail":"No."}"#, "No."),
            (
                r#"{"detail":[{"type":"x","loc":["body","seed"],"msg":"No."},{"msg":"Not."}]}"#,
                "No. Not.",
            ),
            (r#"{"object":"error","message":{"detail":[{"msg":"No."}]}}"#, "No."),
            (r#"{"message":"{\"detail\":[{\"msg\":\"No.\"}]}"}"#, "No."),
            (r#"{"error":{"message":"{\n\"error\":{\"message\":\"No.\"}}\n"}}"#, "No."),
            (r#"{"code":"x","error":"No%20key%20here."}"#, "No key here."),
            (
                r#"{"error":{"message":"Provider error","metadata":{"raw":"{\"error\":\"No.\"}"}}}"#,
                "Provider error No.",
            ),
            (r#"{"base_resp":{"status_code":1004,"status_msg":"No."}}"#, "No."),
            ("\"No.\"", "No."),
            ("\u{feff}\n\n{\"error\":\"No.\"}", "No."),
            ("data: {\"error\":\"No.\"}\n\ndata: [DONE]\n\n", "No."),
            (
                "<html><head><title>502</title></head><body><h1>Bad&nbsp;Gateway</h1></body></html>",
                "502 Bad Gateway",
            ),
            ("upstream connect error", "upstream connect error"),
            ("", ""),
            ("{}", ""),
            ("7", ""),
        ] {
            assert_eq!(ErrorReport::from_body(body.as_bytes()).text(), text, "{body}");
        }
    }

    #[test]
    fn codes_parameters_and_window_are_extracted() {
        let said = ErrorReport::from_body(
            br#"{"error":{"message":"a","type":"T","param":"messages[0].role","code":400,"n_ctx":8192}}"#,
        );
        assert_eq!(said.names, ["400", "t"]);
        assert_eq!(said.params, ["messages.0.role"]);
        assert_eq!(said.window, Some(8192));
        let said = ErrorReport::from_body(br#"{"detail":[{"loc":["body","messages",0,"role"]}]}"#);
        assert_eq!(said.params, ["messages.0.role"]);
        assert!(ErrorReport::from_body(br#"{"error":{"param":"None"}}"#).params.is_empty());
    }

    #[test]
    fn values_without_an_error_give_none() {
        for none in ["null", "{}", "[]", "7", "\"a\""] {
            assert_eq!(ErrorReport::from_value(&serde_json::from_str(none).unwrap()), None);
        }
        for error in ["null", "{}", "\"\"", "false", "[]"] {
            let chunk = format!(r#"{{"choices":[],"error":{error}}}"#);
            assert_eq!(
                ErrorReport::from_value(&serde_json::from_str(&chunk).unwrap()),
                None,
                "{chunk}"
            );
        }
        for good in [
            r#"{"choices":[{}],"base_resp":{"status_code":0,"status_msg":""}}"#,
            r#"{"choices":[{}],"base_resp":{"status_code":1000},"success":false}"#,
            r#"{"type":"response.completed","success":true}"#,
        ] {
            assert_eq!(
                ErrorReport::from_value(&serde_json::from_str(good).unwrap()),
                None,
                "{good}"
            );
        }
        for error in [
            r#"{"error":true}"#,
            r#"{"error":"a"}"#,
            r#"[{"error":{"code":1}}]"#,
            r#"{"object":"Error"}"#,
            // https://github.com/NousResearch/hermes-agent/issues/65738
            r#"{"choices":null,"error_message":"a"}"#,
            r#"{"choices":null,"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}"#,
            r#"{"code":500,"msg":"404 NOT_FOUND","success":false}"#,
        ] {
            assert!(
                ErrorReport::from_value(&serde_json::from_str(error).unwrap()).is_some(),
                "{error}"
            );
        }
    }

    #[test]
    fn hostile_errors_are_bounded() {
        let deep = "[".repeat(100) + &"]".repeat(100);
        assert_eq!(ErrorReport::from_body(deep.as_bytes()), ErrorReport::default());
        let long = format!(r#"{{"error":"{}"}}"#, "日本 ".repeat(100_000));
        assert!(ErrorReport::from_body(long.as_bytes()).text().len() <= TEXT_BYTES);
        assert_eq!(ErrorReport::from_body(&[0x1f, 0x8b, 0xff, 0x00]), ErrorReport::default());
    }
}
