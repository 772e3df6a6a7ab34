//! Several conversations that take turns: what the engine has to read again, by its own counts.

use protocol::ErrorCode;
use protocol::api::InputMessage;
use provider_local::{Local, LocalConfig};

use super::support::*;

/// An answer may be so long that the request is no short one. The questions are chosen so that the
/// answers end earlier by themselves.
const ANSWER_TOKENS: u32 = 600;

/// A conversation, with the tokens that were read and written in it so far.
struct Conversation {
    messages: Vec<InputMessage>,
    tokens: u32,
}

impl Conversation {
    fn new() -> Self {
        Self { messages: Vec::new(), tokens: 0 }
    }

    /// Asks and takes the answer; returns how many tokens of the prompt were not read again, and
    /// how many tokens the engine had of this conversation before.
    async fn ask(&mut self, local: &Local, question: &str) -> (u32, u32) {
        self.messages.push(user(question));
        let answer = ask(local, request(self.messages.clone(), ANSWER_TOKENS)).await;
        self.messages.push(assistant(&answer.text()));
        let usage = answer.usage();
        let before =
            std::mem::replace(&mut self.tokens, usage.prompt_tokens + usage.completion_tokens);
        (usage.cached_tokens.expect("it is counted"), before)
    }

    /// Asks, and checks that only new tokens were read.
    async fn continues(&mut self, local: &Local, question: &str) {
        let (cached, before) = self.ask(local, question).await;
        // White space at an answer's end is not in its text, and is tokenized differently.
        assert!(cached <= before && cached + 4 >= before, "{cached} of {before} were cached");
    }
}

const SEA: &str = "Is the sea deep? Answer with one word.";
const SKY: &str = "Is the sky blue today? Answer with one short word.";
const MORE: &str = "Are you sure? Answer with one word.";

#[tokio::test]
async fn two_conversations_that_take_turns_read_nothing_again() {
    let local = Local::new(config());
    let (mut sea, mut sky) = (Conversation::new(), Conversation::new());
    assert_eq!(sea.ask(&local, SEA).await.0, 0);
    assert_eq!(cached_conversations(&local), 2);
    let (shared, _) = sky.ask(&local, SKY).await;
    assert!(shared > 8, "the system prompt is copied: {shared}");
    for _ in 0..2 {
        sea.continues(&local, MORE).await;
        sky.continues(&local, MORE).await;
    }
}

#[tokio::test]
async fn a_third_conversation_evicts_the_one_that_was_used_the_longest_ago() {
    let local = Local::new(config());
    let (mut sea, mut sky) = (Conversation::new(), Conversation::new());
    sea.ask(&local, SEA).await;
    let (shared, _) = sky.ask(&local, SKY).await;
    sea.continues(&local, MORE).await;
    Conversation::new().ask(&local, "Do fish swim? Answer with one word.").await;
    sea.continues(&local, MORE).await;
    let (cached, before) = sky.ask(&local, MORE).await;
    assert!(cached < before / 2 && cached + 8 > shared, "{cached} of {before}");
}

/// A short request, such as one for a title, whose prompt is another one.
#[tokio::test]
async fn a_short_request_evicts_no_conversation() {
    let local = Local::new(config());
    let (mut sea, mut sky) = (Conversation::new(), Conversation::new());
    sea.ask(&local, SEA).await;
    sky.ask(&local, SKY).await;
    for _ in 0..2 {
        let mut title = request(vec![user("Write a title for a story about ships.")], 16);
        title.system = "You write titles.".into();
        let answer = ask(&local, title).await;
        assert_eq!(answer.usage().cached_tokens, Some(0), "it is read apart from the others");
        assert!(!answer.text().is_empty());
    }
    sea.continues(&local, MORE).await;
    sky.continues(&local, MORE).await;
}

#[tokio::test]
async fn a_branch_shares_the_beginning_and_leaves_the_other_branch_in_the_cache() {
    let local = Local::new(config());
    let mut sea = Conversation::new();
    sea.ask(&local, SEA).await;
    let question = sea.messages.len();
    sea.continues(&local, MORE).await;
    let mut edited = Conversation { messages: sea.messages[..question].to_vec(), tokens: 0 };
    let (cached, _) = edited.ask(&local, "Why? Answer with one word.").await;
    assert!(cached > 20, "{cached}");
    sea.continues(&local, MORE).await;
    edited.continues(&local, MORE).await;
}

/// When messages are left out at the front, only the system prompt stays the same. The conversation
/// must not take the sequence of another one each time.
#[tokio::test]
async fn a_conversation_that_outgrew_its_window_evicts_no_other() {
    let local = Local::new(config());
    let mut sea = Conversation::new();
    sea.ask(&local, SEA).await;
    let words = "The lighthouse stands by the sea and waits for ships. ".repeat(15);
    let mut long: Vec<_> = (0..5).flat_map(|_| [user(&words), assistant(&words)]).collect();
    for _ in 0..2 {
        long.push(user("Is it dark? Answer with one word."));
        let answer = ask(&local, request(long.clone(), 100)).await;
        assert!(answer.began.expect("it began").0 > 0, "messages were left out");
        long.push(assistant(&words));
        sea.continues(&local, MORE).await;
    }
}

#[tokio::test]
async fn a_new_process_begins_with_an_empty_cache() {
    let local = Local::new(config());
    let mut sea = Conversation::new();
    sea.ask(&local, SEA).await;
    signal(pid(&local), "KILL");
    wait_for(&local, |engine| matches!(engine, provider_local::Engine::Off)).await;
    assert_eq!(sea.ask(&local, MORE).await.0, 0);
    sea.continues(&local, MORE).await;
}

/// A configuration whose child may only have that much address space.
#[cfg(unix)]
fn limited(kib: u32) -> LocalConfig {
    let mut config = config();
    let engine = config.program.replace("/bin/sh".into()).expect("the tests name a program");
    let script = format!("ulimit -v {kib} && exec \"$0\"");
    config.args = vec!["-c".into(), script, engine.to_str().expect("a path in UTF-8").into()];
    config
}

#[cfg(unix)]
#[tokio::test]
async fn fewer_conversations_are_cached_where_the_memory_is_refused() {
    let mut config = limited(900_000);
    config.context_tokens = 8192;
    config.cached_conversations = 8;
    // Eight windows of this model take 1,440 MiB.
    let local = Local::new(config);
    let mut sea = Conversation::new();
    sea.ask(&local, SEA).await;
    assert_eq!(cached_conversations(&local), 1);
    sea.continues(&local, MORE).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_model_without_memory_for_a_single_window_is_unavailable() {
    let mut config = limited(400_000);
    config.context_tokens = 8192;
    let local = Local::new(config);
    let answer = ask(&local, request(vec![user(SEA)], 5)).await;
    assert_eq!(answer.code(), ErrorCode::Unavailable);
    assert!(answer.error().message.contains("memory"), "{}", answer.error());
}
