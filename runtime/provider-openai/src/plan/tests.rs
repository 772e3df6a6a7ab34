use InputRole::{Assistant, User};
use model_io::outgoing::samples::{assert_acceptable, branch};
use proptest::prelude::*;
use protocol::{ErrorCode, ProviderKind, TurnId};
use provider::Recorded;

use super::super::models::UNNAMED;
use super::*;

fn request(system: &str, messages: &[(InputRole, &str)]) -> Request {
    let message = |(role, text): &(InputRole, &str)| InputMessage::new(*role, *text);
    Request {
        turn_id: TurnId::from_parts(0, [0; 10]),
        model: "m".into(),
        system: system.into(),
        messages: messages.iter().map(message).collect(),
        sampling: Sampling::default(),
        effort: None,
        send_reasoning: false,
        made: Vec::new(),
        recorded: Recorded::already(),
    }
}

fn facts(config: &OpenaiConfig, listed: Option<u32>) -> Facts<'_> {
    Facts { config, settings: &UNNAMED, listed, is_openai: false, api: Api::Chat }
}

/// A request with `exchanges` questions and answers of 3,000 letters each, and a short question.
fn long(exchanges: usize) -> Request {
    let text = "x".repeat(3_000);
    let mut messages = [(User, text.as_str()), (Assistant, &text)].repeat(exchanges);
    messages.push((User, "?"));
    request("s", &messages)
}

#[test]
fn old_messages_are_left_out_to_fit_the_window() {
    let mut config = OpenaiConfig::new("http://host");
    let left_out = |config: &OpenaiConfig, listed, habits: &Habits| {
        plan(&long(1), facts(config, listed), habits).unwrap().left_out
    };
    let none = Habits::default();
    assert_eq!(left_out(&config, None, &none), 0);
    // The owner's setting takes precedence, then a refusal, then the list.
    assert_eq!(left_out(&config, Some(1_500), &none), 2);
    let taught = Habits { window: Some(100_000), ..Habits::default() };
    assert_eq!(left_out(&config, Some(1_500), &taught), 0);
    config.context_tokens = Some(1_500);
    assert_eq!(left_out(&config, Some(100_000), &taught), 2);
    let plan = plan(&long(1), facts(&config, None), &none).unwrap();
    assert_eq!((plan.messages.len(), plan.window), (2, Some(1_500)));
}

#[test]
fn a_too_long_message_is_an_error_only_if_the_window_is_configured() {
    let long = "日".repeat(600);
    let asked = request("", &[(User, "a"), (Assistant, "b"), (User, &long)]);
    let mut config = OpenaiConfig::new("http://host");
    let listed = plan(&asked, facts(&config, Some(600)), &Habits::default()).unwrap();
    assert_eq!(listed.left_out, 2);
    config.context_tokens = Some(600);
    let error = plan(&asked, facts(&config, None), &Habits::default()).unwrap_err();
    assert_eq!(error.code, ErrorCode::Provider(ProviderKind::ContextLength));
}

#[test]
fn a_context_length_error_teaches_the_window_or_halves_the_request() {
    let said = |text: &str| ErrorReport::from_body(text.as_bytes());
    let config = OpenaiConfig::new("http://host");
    for (text, window) in [
        ("the maximum context length is 2048 tokens, the messages have 2311", Some(2_048)),
        ("the maximum context length is 3 tokens", None),
        ("Please reduce the length of the messages or completion.", None),
    ] {
        let (asked, facts, mut habits) = (long(4), facts(&config, None), Habits::default());
        let mut refused = plan(&asked, facts, &habits).unwrap();
        let mut times = 0;
        // Each refusal leaves fewer messages, so this ends.
        while learn_length(&said(text), &asked, &refused, facts, &mut habits) {
            let next = plan(&asked, facts, &habits).unwrap();
            assert!(next.left_out > refused.left_out && next.tokens < refused.tokens);
            (refused, times) = (next, times + 1);
        }
        assert!((1..=8).contains(&times), "{text}: {times}");
        assert_eq!((habits.window, refused.left_out), (window, 8), "{text}");
        assert_eq!(refused.messages.last().unwrap().text, "?");
    }
}

#[test]
fn only_adjustments_that_change_the_request_are_reported() {
    use Adjustment as A;
    let config = OpenaiConfig::new("http://host");
    let all = [A::WithoutTemperature, A::WithoutSeed, A::SystemInUser, A::WithoutBeginning];
    let habits = Habits { adjustments: all.into(), ..Habits::default() };
    let mut asked = request("", &[(User, "a")]);
    assert_eq!(plan(&asked, facts(&config, None), &habits).unwrap().adjustments, []);
    asked.sampling.temperature = Some(0.5);
    asked.system = "s".into();
    let plan = plan(&asked, facts(&config, None), &habits).unwrap();
    assert_eq!(plan.adjustments, [A::WithoutTemperature, A::SystemInUser]);
    assert_eq!(plan.sampling, Sampling::default());
    assert_eq!(plan.sent.parameters, [Parameter::Stream, Parameter::StreamOptions]);
    assert!(!plan.sent.system);
}

#[test]
fn max_tokens_is_sent_under_the_accepted_name() {
    use Adjustment::{MaxCompletionTokens, MaxTokens};
    for (learned, is_openai, field) in [
        (&[] as &[Adjustment], false, Parameter::MaxTokens),
        (&[], true, Parameter::MaxCompletionTokens),
        (&[MaxCompletionTokens], false, Parameter::MaxCompletionTokens),
        (&[MaxTokens], true, Parameter::MaxTokens),
    ] {
        let config = OpenaiConfig::new("http://host");
        let facts = Facts { is_openai, ..facts(&config, None) };
        assert_eq!(maximum(learned, &facts), field);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// Holds for every branch, every size of the window and everything that was learned.
    #[test]
    fn every_planned_request_is_acceptable(
        branch in branch(),
        window in prop::option::of(1u32..80),
        room in prop::option::of(0u32..40),
        without: bool,
        folded: bool,
    ) {
        let asked = Request { messages: branch, ..request("s", &[]) };
        let adjustments: Vec<_> = [
            without.then_some(Adjustment::WithoutBeginning),
            folded.then_some(Adjustment::SystemInUser),
        ].into_iter().flatten().collect();
        let habits = Habits { adjustments, window, room, ..Habits::default() };
        let config = OpenaiConfig::new("http://host");
        let plan = plan(&asked, facts(&config, None), &habits).unwrap();
        assert_acceptable(&plan.messages);
        let newest = asked.messages.iter().rfind(|message| message.role == User).unwrap();
        let sent = plan.messages.iter().rfind(|message| message.role == User).unwrap();
        prop_assert!(sent.text.ends_with(&newest.text), "{:?}", plan.messages);
    }
}
