//! Several endpoints in the configuration file, each a provider with its own name.

use protocol::catalogue::ModelList;
use protocol::{ErrorCode, ProviderKind, ProviderName, Turn, Worker};
use provider_openai::{Api, EffortForm, MaxTokensField, ModelSettings, ProxySetting};
use serde_json::json;
use server::config::sample;
use server::config::settings::Interface;
use upstream::{Answer, Script, Upstream};

use super::support::{Server, code, load, start};

fn name(name: &str) -> ProviderName {
    name.parse().unwrap()
}

async fn models(server: &Server) -> ModelList {
    server.get("/api/v1/models").send().await.unwrap().json().await.unwrap()
}

/// A second endpoint with the conventions of Azure
/// (<https://learn.microsoft.com/azure/ai-services/openai/reference>).
async fn with_azure() -> (Server, Upstream) {
    let azure = Upstream::start().await.unwrap();
    let table = format!(
        "[[endpoint]]\nname = \"azure\"\nbase_url = \"{}\"\nkey_header = \"api-key\"\n\
         query = {{ api-version = \"2024-10-21\" }}\nheaders = {{ x-team = \"blue\" }}\n\
         models = [\"gpt-*\"]\n",
        azure.base_url()
    );
    (start(&table).await, azure)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_is_answered_by_its_endpoint() {
    let (server, azure) = with_azure().await;
    let list = ["gpt-b", "whisper", "gpt-a"].map(str::to_owned).to_vec();
    azure.script(Script {
        models: list,
        ..Script::always([upstream::Step::Answer(Answer::pieces(["From azure."]))])
    });
    server.says("From the first.");

    let listed = models(&server).await.providers;
    let names: Vec<_> = listed.iter().map(|models| models.provider.as_str()).collect();
    assert_eq!(names, ["openai", "local", "azure"], "the default one is the first");
    let offered: Vec<_> = listed[2].models.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(offered, ["gpt-b", "gpt-a"], "what the owner chose, in the endpoint's order");

    let body = json!({ "provider": "azure", "model": "gpt-a" });
    let made = server.post(&server.workers()).json(&body).send().await.unwrap();
    assert_eq!(made.status(), 201);
    let worker: Worker = made.json().await.unwrap();
    assert_eq!(worker.provider, Some(name("azure")));
    let path = format!("{}/{}", server.workers(), worker.worker_id);
    let accepted = server.send(&path, "Who are you?").await;
    server.sees(worker.worker_id, "From azure.").await;
    server.ended(worker.worker_id).await;
    let turn = format!("{path}/turns/{}", accepted.turn.turn_id);
    let turn: Turn = server.get(&turn).send().await.unwrap().json().await.unwrap();
    assert_eq!((turn.provider, turn.model.as_str()), (name("azure"), "gpt-a"));

    let log = azure.log();
    let asked = log.requests.last().unwrap();
    assert!(asked.path.ends_with("/chat/completions?api-version=2024-10-21"), "{}", asked.path);
    assert_eq!(asked.headers["x-team"], "blue");
    // The page with the choices shows the model, too.
    let page = server.get(&format!("/profile/{}", worker.worker_id)).send().await.unwrap();
    let page = page.text().await.unwrap();
    assert!(page.contains("azure/gpt-a"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unreachable_endpoint_does_not_affect_others() {
    let (server, azure) = with_azure().await;
    azure.refuse().await;
    let listed = models(&server).await.providers;
    assert_eq!(listed[0].error, None);
    let error = listed[2].error.clone().unwrap();
    assert_eq!(error.code, ErrorCode::Provider(ProviderKind::Network));
    server.says("Still here.");
    let worker = server.worker_id().await;
    server.send(&format!("{}/{worker}", server.workers()), "Anybody?").await;
    server.sees(worker, "Still here.").await;
}

#[tokio::test]
async fn an_unknown_provider_is_refused() {
    let server = start("").await;
    for provider in ["azure", "imported"] {
        let body = json!({ "provider": provider });
        let answer = server.post(&server.workers()).json(&body).send().await.unwrap();
        let (status, name, _) = code(answer).await;
        assert_eq!((status, name.as_str()), (422, "invalid_input"), "{provider}");
    }
}

fn with(file: &str, variables: &[(&str, &str)]) -> Result<server::config::Config, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("companion.toml"), file).unwrap();
    std::fs::write(folder.path().join("key"), "sk-from-a-file").unwrap();
    load(folder.path(), &[], variables)
}

#[test]
fn endpoint_tables_are_read_and_the_first_is_the_default() {
    let file = "[[endpoint]]\nname = \"one\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                api_key_file = \"key\"\n[[endpoint]]\nname = \"two\"\n\
                base_url = \"http://127.0.0.1:2/v1\"\napi_key_env = \"TWO_KEY\"\n";
    let config = with(file, &[("TWO_KEY", "sk-two")]).unwrap();
    assert_eq!(config.provider, name("one"));
    let keys = config.endpoints.iter().map(|endpoint| endpoint.api_key.clone().unwrap());
    let keys: Vec<_> = keys.map(|key| key.reveal().to_owned()).collect();
    assert_eq!(keys, ["sk-from-a-file", "sk-two"]);
    let chosen = with(&format!("provider = \"two\"\n{file}"), &[("TWO_KEY", "x")]).unwrap();
    assert_eq!(chosen.provider, name("two"));
    let by_url = [("TWO_KEY", "x"), ("COMPANION_BASE_URL", "http://127.0.0.1:3/v1")];
    assert_eq!(with(file, &by_url).unwrap().provider, ProviderName::openai());
}

#[test]
fn mistakes_in_endpoint_tables_are_reported_with_their_line() {
    let table = |lines: &str| format!("\n[[endpoint]]\n{lines}\n");
    let good = "name = \"one\"\nbase_url = \"http://127.0.0.1:1/v1\"";
    for (file, part) in [
        (table("name = \"one\""), "missing field `base_url`"),
        (table(&good.replace("one", "local")), "local is taken"),
        (table(&good.replace("one", "A B")), "a provider name"),
        (table(&good.replace("http:", "ftp:")), "base_url"),
        (table(&format!("{good}\napi_key = \"sk-secret\"")), "does not belong in this file"),
        (table(&format!("{good}\napi_key_file = \"nowhere\"")), "cannot be read"),
        (table(&format!("{good}\napi_key_env = \"NOBODY\"")), "NOBODY is not set"),
        (table(&format!("{good}\nbase_ulr = \"x\"")), "unknown field"),
        (table(&format!("{good}\nmodels = [\"a[\"]")), "models"),
        (table(good) + &table(good), "another endpoint called one"),
        ("provider = \"two\"".to_owned() + &table(good), "there is no provider two"),
        ("endpoint = 7".to_owned(), "invalid type"),
    ] {
        let text = with(&file, &[]).unwrap_err();
        assert!(text.contains(part) && text.contains("companion.toml:"), "{part}: {text}");
        assert!(!text.contains("sk-secret"), "{text}");
    }
}

#[test]
fn each_endpoint_has_its_own_proxy_and_api_settings() {
    let table = |more: &str| {
        format!("[[endpoint]]\nname = \"one\"\nbase_url = \"http://model.example/v1\"\n{more}\n")
    };
    let config =
        with(&table("proxy = \"socks5h://me:hunter2@proxy:1080\"\napi = \"responses\""), &[]);
    let config = config.unwrap();
    let endpoint = &config.endpoints[0];
    assert!(matches!(endpoint.proxy, Some(ProxySetting::Address(_))));
    assert_eq!(endpoint.api, Interface::Responses);
    let shown = sample::effective(&config);
    assert!(shown.contains("proxy: socks5h://***@proxy:1080"), "{shown}");
    assert!(!shown.contains("hunter2") && !format!("{config:?}").contains("hunter2"));

    // The environment is used only if a setting asks for it.
    let variables = [("https_proxy", "http://other:3128"), ("COMPANION_BASE_URL", "http://a/v1")];
    let config = with(&table(""), &variables).unwrap();
    assert_eq!((&config.endpoints[0].proxy, &config.proxy), (&None, &None));
    let config = with(&table("proxy = \"environment\""), &variables).unwrap();
    assert!(matches!(config.endpoints[0].proxy, Some(ProxySetting::Environment(_))));

    let own = ("COMPANION_PROXY", "http://me:hunter2@proxy:3128");
    let config = with("", &[own, ("COMPANION_API", "responses"), variables[1]]).unwrap();
    assert!(matches!(config.proxy, Some(ProxySetting::Address(_))));
    assert_eq!(config.settings.openai.api, Interface::Responses);
    let shown = sample::effective(&config);
    assert!(
        shown.contains("proxy = \"http://***@proxy:3128\"") && !shown.contains("hunter2"),
        "{shown}"
    );

    for (file, variables, place) in [
        (table("proxy = \"ftp://me:hunter2@proxy\""), vec![], "4: one: proxy must begin with"),
        (table("proxy = \"notaurl\""), vec![], "companion.toml:4: one: proxy is not an address"),
        (String::new(), vec![("COMPANION_PROXY", "notaurl")], "COMPANION_PROXY"),
        ("proxy = \"notaurl\"".to_owned(), vec![], "companion.toml:1: proxy"),
        (table("api = \"completions\""), vec![], "`chat` or `responses`"),
        (String::new(), vec![("COMPANION_PROXY", "ftp://me:hunter2@proxy")], "COMPANION_PROXY"),
    ] {
        let problems = with(&file, &variables).unwrap_err();
        assert!(problems.contains(place) && !problems.contains("hunter2"), "{problems}");
    }
}

/// Each mistake is reported with its own line, in whichever table it is.
#[test]
fn mistakes_in_a_later_table_are_reported_with_their_line() {
    let first = "# A comment.\n[[endpoint]]\nname = \"one\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                 [[endpoint.model]]\nmatch = \"a\"\n\n";
    let second = |lines: &str| {
        format!(
            "{first}[[endpoint]]\nname = \"two\"\nbase_url = \"http://127.0.0.1:2/v1\"\n{lines}\n"
        )
    };
    for (lines, line, part) in [
        ("modls = []", 11, "unknown field `modls`"),
        ("\nproxy = \"notaurl\"", 12, "proxy"),
        ("models = [\"a\", 7]", 11, "invalid type"),
        ("models = [\"a[\"]", 11, "models"),
        ("api_key_env = \"NOBODY\"", 11, "NOBODY is not set"),
        ("api_key = \"sk-secret\"", 11, "does not belong"),
        ("api = \"x\"", 11, "`chat` or `responses`"),
        ("[[endpoint.model]]\nmatch = \"a\"\nefforts = [\"hihg\"]", 13, "no effort hihg"),
        (
            "[[endpoint.model]]\nmatch = \"a\"\n[[endpoint.model]]\nimages = true",
            13,
            "missing field",
        ),
        (
            "[[endpoint]]\nname = \"one\"\nbase_url = \"http://a/v1\"",
            12,
            "another endpoint called one",
        ),
        ("[[endpoint]]\nname = \"three\"", 11, "missing field `base_url`"),
        ("[[endpoint]]\nname = \"three\"\nbase_url = \"ftp://a\"", 13, "base_url"),
    ] {
        let text = with(&second(lines), &[]).unwrap_err();
        let place = format!("companion.toml:{line}: ");
        assert!(text.contains(&place) && text.contains(part), "{lines}: {text}");
        assert!(text.starts_with("1 thing"), "{text}");
    }
}

/// A flag would show the password to other users of the machine.
#[test]
fn a_proxy_has_no_flag() {
    let folder = tempfile::tempdir().unwrap();
    let error = load(folder.path(), &["--proxy", "http://proxy:3128"], &[]).unwrap_err();
    assert!(error.contains("--proxy"), "{error}");
}

const ENDPOINT: &str = "[[endpoint]]\nname = \"one\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";

#[test]
fn model_tables_are_read_in_order() {
    let file = format!(
        "{ENDPOINT}[[endpoint.model]]\nmatch = \"o*\"\nwindow_tokens = 4096\n\
         max_tokens_field = \"max_completion_tokens\"\ntemperature = false\nimages = true\n\
         api = \"responses\"\n\
         [[endpoint.model]]\nmatch = \"*\"\nreasoning = \"enable_thinking\"\n\
         efforts = [\"none\", \"xhigh\"]\n\
         [[endpoint]]\nname = \"two\"\nbase_url = \"http://127.0.0.1:2/v1\"\n"
    );
    let config = with(&file, &[]).unwrap();
    let [first, second] = &config.endpoints[0].model_tables[..] else { panic!("two tables") };
    assert_eq!(first.names.as_str(), "o*");
    let expected = ModelSettings {
        window_tokens: Some(4096),
        max_tokens_field: Some(MaxTokensField::MaxCompletionTokens),
        temperature: false,
        images: Some(true),
        api: Some(Api::Responses),
        ..ModelSettings::default()
    };
    assert_eq!(first.settings, expected);
    assert_eq!(second.settings.reasoning, EffortForm::EnableThinking);
    let efforts: Vec<_> = second.settings.efforts.iter().map(protocol::Effort::as_str).collect();
    assert_eq!(efforts, ["none", "xhigh"]);
    assert!(second.settings.temperature && second.settings.images.is_none());
    assert!(config.endpoints[1].model_tables.is_empty());
}

#[test]
fn mistakes_in_model_tables_are_reported_with_their_line() {
    for (lines, part) in [
        ("window_tokens = 4096", "missing field `match`"),
        ("match = \"a[\"", "match"),
        ("match = \"a\"\nwindow_tokens = 1", "window_tokens"),
        ("match = \"a\"\nwindow_tokens = \"many\"", "invalid type"),
        ("match = \"a\"\nmax_tokens_field = \"max\"", "max_completion_tokens"),
        ("match = \"a\"\nreasoning = \"deep\"", "thinking_type"),
        ("match = \"a\"\nefforts = [\"Very High\"]", "an effort"),
        (
            "match = \"a\"\nefforts = [\"low\", \"hihg\"]",
            "no effort hihg; there are none, minimal, low, medium, high, xhigh, max",
        ),
        ("match = \"a\"\nreasoning = \"none\"\nefforts = [\"low\"]", "cannot be sent"),
        ("match = \"a\"\ntemprature = false", "unknown field"),
    ] {
        let text = with(&format!("{ENDPOINT}\n[[endpoint.model]]\n{lines}\n"), &[]).unwrap_err();
        // A missing setting is reported with the line of its table, a wrong one with its own line.
        let is_missing = part.starts_with("missing");
        let line = if is_missing { 5 } else { 5 + lines.lines().count() };
        let place = format!("companion.toml:{line}: ");
        assert!(text.contains(part) && text.contains(&place), "{part}: {text}");
    }
    let text = with(&format!("{ENDPOINT}model = 7\n"), &[]).unwrap_err();
    assert!(text.contains("unknown field `model`"), "{text}");
}

/// The owner's settings for a model appear in the list of models and are used in requests.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn model_settings_apply_to_the_list_and_to_requests() {
    let qwen = Upstream::start().await.unwrap();
    qwen.script(Script { models: vec!["qwen3-8b".into(), "plain".into()], ..Script::default() });
    let table = format!(
        "[[endpoint]]\nname = \"qwen\"\nbase_url = \"{}\"\n\
         [[endpoint.model]]\nmatch = \"qwen3-*\"\nwindow_tokens = 4096\ntemperature = false\n\
         reasoning = \"enable_thinking\"\nimages = false\n\
         [[endpoint.model]]\nmatch = \"*\"\nreasoning = \"none\"\n",
        qwen.base_url()
    );
    let server = start(&table).await;
    let listed = models(&server).await.providers;
    let of = |name: &str| listed[2].models.iter().find(|entry| entry.name == name).unwrap();
    let (entry, plain) = (of("qwen3-8b"), of("plain"));
    assert_eq!((entry.window_tokens, entry.images), (Some(4096), Some(false)));
    let efforts: Vec<_> = entry.efforts.iter().map(protocol::Effort::as_str).collect();
    assert_eq!(efforts, ["none", "high"]);
    assert!(plain.efforts.is_empty());

    let body = json!({ "provider": "qwen", "model": "qwen3-8b", "effort": "none" });
    let made = server.post(&server.workers()).json(&body).send().await.unwrap();
    let worker: Worker = made.json().await.unwrap();
    let path = format!("{}/{}", server.workers(), worker.worker_id);
    let accepted = server.send(&path, "Quick.").await;
    server.ended(worker.worker_id).await;
    let log = qwen.log();
    let sent = log.requests.last().unwrap().body.clone().unwrap();
    assert_eq!(sent["chat_template_kwargs"], json!({ "enable_thinking": false }));
    assert_eq!(sent.get("temperature"), None);
    let turn = format!("{path}/turns/{}", accepted.turn.turn_id);
    let turn: Turn = server.get(&turn).send().await.unwrap().json().await.unwrap();
    assert_eq!(turn.effort, Some(protocol::Effort::none()));
    assert_eq!(turn.window_tokens(), Some(4096));

    // An effort that the model does not take is refused. A chosen effort is dropped when a model is
    // chosen that does not take it.
    let patch = |body: serde_json::Value| server.client.patch(server.url(&path)).json(&body).send();
    let refused = patch(json!({ "effort": "xhigh" })).await.unwrap();
    assert_eq!(refused.status(), 422);
    let other: Worker = patch(json!({ "model": "plain" })).await.unwrap().json().await.unwrap();
    assert_eq!((other.model.as_deref(), other.effort), (Some("plain"), None));
}
