//! The list of models that an endpoint offers.

use protocol::catalogue::ProviderModels;

use super::*;

fn names(models: &ProviderModels) -> Vec<&str> {
    models.models.iter().map(|entry| entry.name.as_str()).collect()
}

fn listing(models: &[&str]) -> Script {
    Script { models: models.iter().map(|name| (*name).to_owned()).collect(), ..Script::default() }
}

#[tokio::test]
async fn concurrent_callers_share_one_request_for_the_list() {
    let (upstream, _) = start([]).await;
    upstream.script(listing(&["zeta", "Alpha", "zeta", "beta"]));
    let provider = Openai::new(OpenaiConfig::new(&upstream.base_url())).unwrap();
    let (a, b, c) = tokio::join!(provider.models(), provider.models(), provider.models());
    assert_eq!((&a, &b), (&b, &c));
    // The endpoint's first model is the default if none is configured, and is first in the list.
    assert_eq!(a.default_model.as_deref(), Some("zeta"));
    assert_eq!((names(&a), &a.error), (vec!["zeta", "Alpha", "beta"], &None));
    provider.models().await;
    let paths: Vec<_> = upstream.log().requests.iter().map(|r| r.path.clone()).collect();
    assert_eq!(paths, ["/v1/models"], "asked once");
    assert_eq!(provider.default_model(), "zeta");
    let json = serde_json::to_string(&a).unwrap();
    assert!(!json.contains("127.0.0.1"), "{json}");
}

/// A turn that names no model asks for what the provider says is its default.
fn of_default(provider: &Openai) -> Request {
    Request { model: provider.default_model(), ..request("hi") }
}

fn asked_for(upstream: &Upstream) -> Vec<String> {
    let requests = upstream.log().requests.clone();
    let bodies = requests.iter().filter(|request| request.path.ends_with("completions"));
    bodies
        .map(|request| request.body.as_ref().unwrap()["model"].as_str().unwrap().to_owned())
        .collect()
}

fn unnamed(upstream: &Upstream) -> Openai {
    let mut config = config(&upstream.base_url());
    config.model = None;
    Openai::new(config).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_first_model_that_disappears_is_replaced_when_the_list_is_read_again() {
    let (upstream, _) = start([]).await;
    let provider = unnamed(&upstream);
    upstream.script(listing(&["old", "other"]));
    provider.models().await;
    ask(&provider, of_default(&provider)).await;
    // Another order alone changes nothing.
    upstream.script(listing(&["other", "old"]));
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(provider.models().await.default_model.as_deref(), Some("old"));
    ask(&provider, of_default(&provider)).await;
    upstream.script(listing(&["new", "other"]));
    tokio::time::advance(Duration::from_secs(61)).await;
    let models = provider.models().await;
    assert_eq!(
        (names(&models), models.default_model.as_deref()),
        (vec!["new", "other"], Some("new"))
    );
    ask(&provider, of_default(&provider)).await;
    assert_eq!(asked_for(&upstream), ["old", "old", "new"]);
    // What somebody chose stays what is asked for.
    ask(&provider, Request { model: "old".into(), ..request("hi") }).await;
    assert_eq!(asked_for(&upstream)[3], "old");
}

/// Nobody opens a page here that reads the list.
#[tokio::test]
async fn a_first_model_that_is_refused_as_unknown_is_looked_up_again() {
    let (upstream, _) = start([]).await;
    let provider = unnamed(&upstream);
    upstream.script(listing(&["old"]));
    provider.models().await;
    let gone = json!({ "error": { "message": "The model `old` does not exist.",
        "type": "invalid_request_error", "code": "model_not_found" } });
    let refusal = Step::Respond { status: 404, headers: BTreeMap::new(), body: gone.to_string() };
    upstream.script(Script { replies: vec![vec![refusal]], ..listing(&["new"]) });
    assert_eq!(failure(&ask(&provider, of_default(&provider)).await).0, ModelNotFound);
    upstream.script(listing(&["new"]));
    ask(&provider, of_default(&provider)).await;
    assert_eq!(asked_for(&upstream), ["old", "new"]);
    assert_eq!(provider.default_model(), "new");
}

#[tokio::test]
async fn the_list_includes_the_configured_window_and_model() {
    let (upstream, _) = start([]).await;
    upstream.script(listing(&["a"]));
    let mut config = config(&upstream.base_url());
    config.context_tokens = Some(5_000);
    let models = Openai::new(config).unwrap().models().await;
    assert_eq!(names(&models), ["m", "a"]);
    assert!(models.models.iter().all(|entry| entry.window_tokens == Some(5_000)));
    let sent = upstream.log().requests[0].authorization.clone();
    assert_eq!(sent, Some(format!("Bearer {KEY}")), "it is asked with the key");
}

#[tokio::test]
async fn a_failed_list_is_reported_and_keeps_the_configured_model() {
    let (upstream, provider) = start([]).await;
    upstream.script(listing(&[]));
    let models = provider.models().await;
    assert_eq!((names(&models), models.default_model.as_deref()), (vec!["m"], Some("m")));
    assert_eq!(models.error.unwrap().code, ErrorCode::Provider(ModelNotFound));
    upstream.refuse().await;
    let provider = Openai::new(config(&upstream.base_url())).unwrap();
    let models = provider.models().await;
    assert_eq!(names(&models), ["m"]);
    let error = models.error.unwrap();
    assert_eq!(error.code, ErrorCode::Provider(Network));
    assert!(!format!("{error:?}").contains("127.0.0.1"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_does_not_answer_delays_nobody() {
    // The system accepts the connection into the listener's backlog, and no answer ever comes.
    let deaf = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", deaf.local_addr().unwrap());
    let provider = Openai::new(config(&url)).unwrap();
    let began = tokio::time::Instant::now();
    let models = provider.models().await;
    assert_eq!(models.error.unwrap().code, ErrorCode::Provider(Network));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    // The failure is cached for a moment, too, and then the list is requested again.
    let began = tokio::time::Instant::now();
    assert!(provider.models().await.error.is_some());
    assert_eq!(began.elapsed(), Duration::ZERO);
    tokio::time::advance(Duration::from_secs(6)).await;
    let began = tokio::time::Instant::now();
    assert!(provider.models().await.error.is_some());
    assert!(began.elapsed() > Duration::from_secs(1));
}

/// A hostile gateway may list models whose names contain the caller's key. Real endpoints put the
/// caller's account into names (OpenAI's fine-tuned models: `ft:gpt-4o:my-org::id`).
#[tokio::test]
async fn a_key_in_the_names_of_models_is_never_shown() {
    let (upstream, _) = start([]).await;
    let spelled = [KEY.to_owned(), format!("m/{KEY}"), KEY.to_uppercase(), KEY.replace('-', "_")];
    let names: Vec<_> = spelled.iter().map(String::as_str).collect();
    upstream.script(listing(&[&names[..], &["honest"]].concat()));
    let mut config = config(&upstream.base_url());
    config.model = None;
    let provider = Openai::new(config.clone()).unwrap();
    let models = provider.models().await;
    assert_eq!(self::names(&models), ["honest"]);
    // Such a name is not the default model either, since its name would be stored with each turn.
    assert_eq!(provider.default_model(), "honest");
    upstream.script(listing(&names));
    let models = Openai::new(config).unwrap().models().await;
    assert_eq!(models.error.as_ref().unwrap().code, ErrorCode::Provider(ModelNotFound));
    let told = format!("{models:?}").to_lowercase().replace('_', "-");
    assert!(!told.contains(&KEY.to_lowercase()), "{told}");
}
