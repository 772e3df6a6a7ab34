use proptest::prelude::*;

use super::*;

#[test]
fn keys_addresses_and_paths_are_replaced() {
    for (said, shown) in [
        // OpenAI; xAI and DeepSeek mask the key; LiteLLM.
        (
            "Incorrect API key provided: sk-secret. You can find it at https://platform.openai.com/account/api-keys.",
            "Incorrect API key provided: [key]. You can find it at https://platform.openai.com/account/api-keys.",
        ),
        ("Incorrect API key provided: na***ys.", "Incorrect API key provided: [key]."),
        (
            "Received API Key = sk-...abcd, Key Hash (Token) =88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
            "Received API Key = [key], Key Hash (Token) =[key]",
        ),
        (
            "Authentication Fails, Your api key: ****1234 is invalid",
            "Authentication Fails, Your api key: [key] is invalid",
        ),
        (
            "authorization denied for bearer my-hidden-token",
            "authorization denied for bearer [key]",
        ),
        // litellm#12273.
        ("Requester IP Address:172.17.0.1", "Requester IP [address]"),
        ("connect ECONNREFUSED 10.0.0.5:8000", "connect ECONNREFUSED [address]"),
        (
            "dial tcp [::1]:8080: refused by fe80::1%eth0",
            "dial tcp [[address]]:8080: refused by [address]",
        ),
        (
            "HTTPConnectionPool(host='gpu-box', port=8000)",
            "HTTPConnectionPool(host='[address]', port=8000)",
        ),
        ("getaddrinfo ENOTFOUND gpu-box", "getaddrinfo ENOTFOUND [address]"),
        (
            "no route to vllm:8000 or db.internal or gpu.example.",
            "no route to [address] or [address] or [address].",
        ),
        // Azure adds a call stack (lobehub#5909).
        ("File \"/usr/local/lib/python3.11/app.py\", line 5", "File \"[path]\", line 5"),
        ("kaboom at /srv/inference.py", "kaboom at [path]"),
        (
            "open C:\\models\\a.gguf or ~/models or ../x or conf/key.pem",
            "open [path] or [path] or [path] or [path]",
        ),
        ("Mail me@firm.example or <you@firm.example>", "Mail [e-mail] or <[e-mail]>"),
        ("in organization org-AbC123dEf on tokens", "in organization [key] on tokens"),
        ("request 123e4567-e89b-12d3-a456-426614174000 failed", "request [key] failed"),
        ("{\"api_key\": \"hunter2\"}", "{\"api_key\": \"[key]\"}"),
        ("password=letmein", "password=[key]"),
    ] {
        assert_eq!(cleaned(said), shown, "{said}");
    }
}

#[test]
fn ordinary_messages_are_unchanged() {
    for said in [
        "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
        "This model's maximum context length is 131072 tokens. However, you requested 150211 tokens (148000 of text input, 2211 in the output).",
        "The model `meta-llama/Llama-3.1-8B` does not exist.",
        "model \"llama3:latest\" not found, try pulling it first",
        "claude-3-5-sonnet-20241022 and gpt-4o-2024-08-06 and gpt-4.1-mini",
        "litellm.BadRequestError: messages.0.content: input/output and/or",
        "Conversation roles must alternate user/assistant/user/assistant/...",
        "Expected <= 2, but got 200 instead.",
        "Invalid API key: not valid. 12:30:45",
        "キーが正しくありません。",
    ] {
        assert_eq!(cleaned(said), said);
    }
}

#[test]
fn markup_and_invisible_characters_are_removed() {
    let page = "<!DOCTYPE html><style>a{}</style><SCRIPT>alert(1)</SCRIPT><h1>502</h1>\n<p>Bad &amp; slow</p>";
    assert_eq!(plain(page), "502 Bad & slow");
    assert_eq!(plain("a\u{0}b\n\tc\u{202e}d\u{200b}"), "a b cd");
    assert_eq!(plain("<p"), "");
}

fn known<'a>(key: &'a Secret, host: &'a str) -> Known<'a> {
    Known { secrets: vec![key], places: vec![host, "", "/v1"] }
}

#[test]
fn the_key_and_the_address_of_the_endpoint_are_replaced() {
    let key = Secret::new("correct-horse-7");
    let shown = |said: &str| shown(&cleaned(said), &known(&key, "gpu-box"));
    assert_eq!(
        shown("bad correct-horse-7 on gpu-box/v1").as_deref(),
        Some("bad [key] on [address]/v1")
    );
    // The endpoint's own pages reveal where it is.
    let key = Secret::new("correct-horse-7");
    let own = known(&key, "openrouter.ai");
    let said = cleaned("See https://openrouter.ai/settings, or https://docs.litellm.ai/docs.");
    assert_eq!(
        super::shown(&said, &own).as_deref(),
        Some("See [address] or https://docs.litellm.ai/docs.")
    );
    // If the key is spelled in another way, none of the text is shown.
    assert_eq!(shown("bad CORRECT horse 7"), None);
    assert_eq!(shown(" \n"), None);
    let long = shown(&"word ".repeat(1_000)).unwrap();
    assert!(long.chars().count() == SAID_CHARS && long.ends_with('…'));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Holds for every position and every text around them.
    #[test]
    fn no_canary_is_ever_shown(front in "[a-zA-Z:=('\"/ .-]{0,8}", back in "[a-z:,)'\" .?]{0,8}", secret in prop::sample::select(vec![
        "sk-canary-0123456789", "http://192.168.7.7:8080/v1", "192.168.7.7", "gpu.canary.internal",
        "https://192.168.7.7/x", "https://docs.firm.com/x?key=canary", "https://canary@firm.com/x",
        "https://docs.firm.com/sk-canary-0123456789", "https://gpu.canary.internal/x",
        "/home/canary/key", "canary@firm.example", "C:\\canary\\key",
    ])) {
        let key = Secret::new("sk-canary-0123456789");
        let said = format!("{front} {secret}{back}");
        let shown = shown(&cleaned(&said), &known(&key, "gpu.canary.internal")).unwrap_or_default();
        prop_assert!(!shown.contains("canary") && !shown.contains("192.168"), "{said} -> {shown}");
        prop_assert!(shown.chars().count() <= SAID_CHARS);
    }

    #[test]
    fn cleaning_never_panics(text in "\\PC{0,200}") {
        let _ = shown(&cleaned(&text), &Known { secrets: Vec::new(), places: Vec::new() });
    }
}
