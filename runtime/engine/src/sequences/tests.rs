use super::*;

fn tokens(ids: impl IntoIterator<Item = i32>) -> Vec<LlamaToken> {
    ids.into_iter().map(LlamaToken::new).collect()
}

/// The system prompt that all conversations share: 20 tokens.
fn system() -> Vec<i32> {
    (0..20).collect()
}

/// The first `length` tokens of a conversation, of which no other one has any beyond the system
/// prompt.
fn conversation(number: i32, length: usize) -> Vec<LlamaToken> {
    tokens(system().into_iter().chain(1_000 * number..).take(length))
}

fn prompt(tokens: &[LlamaToken], opening: u64) -> Prompt<'_> {
    Prompt { tokens, opening: Opening(opening), short: false }
}

fn kept_in(index: usize, kept: usize) -> Place {
    Place::Sequence { index, copied_from: None, kept }
}

/// Reads a prompt and an answer of 10 tokens where `sequences` chooses; returns the place.
fn turn(sequences: &mut Sequences, prompt: Prompt<'_>) -> Place {
    let place = sequences.place(prompt);
    if let Place::Sequence { index, kept, .. } = place {
        sequences.begin(index, kept, prompt);
        sequences.extend(index, &prompt.tokens[kept..]);
        sequences.extend(index, &tokens(-10..0));
    }
    place
}

/// The conversation after the answer of [`turn`], with `length` more tokens of the next question.
fn next_turn(before: &[LlamaToken], length: i32) -> Vec<LlamaToken> {
    [before, &tokens(-10..0), &tokens(500..500 + length)].concat()
}

#[test]
fn the_common_prefix_stays_in_the_cache() {
    assert_eq!(kept(&tokens([1, 2, 3, 9]), &tokens([1, 2, 3, 4, 5])), 3);
    assert_eq!(kept(&tokens([]), &tokens([1, 2])), 0);
    assert_eq!(kept(&tokens([7]), &tokens([1, 2])), 0);
}

#[test]
fn the_last_token_is_always_evaluated() {
    assert_eq!(kept(&tokens([1, 2, 3]), &tokens([1, 2, 3])), 2);
    assert_eq!(kept(&tokens([1, 2, 3]), &tokens([1, 2])), 1);
    assert_eq!(kept(&tokens([1]), &tokens([])), 0);
}

#[test]
fn conversations_that_take_turns_read_only_new_tokens() {
    let mut sequences = Sequences::new(2);
    let (mut a, mut b) = (conversation(1, 100), conversation(2, 300));
    assert_eq!(turn(&mut sequences, prompt(&a, 1)), kept_in(0, 0));
    let copied = Place::Sequence { index: 1, copied_from: Some(0), kept: 20 };
    assert_eq!(turn(&mut sequences, prompt(&b, 2)), copied, "the system prompt is shared");
    for _ in 0..3 {
        let before = a.len() + 10;
        a = next_turn(&a, 30);
        assert_eq!(turn(&mut sequences, prompt(&a, 1)), kept_in(0, before));
        let before = b.len() + 10;
        b = next_turn(&b, 5);
        assert_eq!(turn(&mut sequences, prompt(&b, 2)), kept_in(1, before));
    }
}

#[test]
fn a_third_conversation_takes_the_sequence_that_was_used_the_longest_ago() {
    let mut sequences = Sequences::new(2);
    let (a, b, c) = (conversation(1, 100), conversation(2, 100), conversation(3, 100));
    turn(&mut sequences, prompt(&a, 1));
    turn(&mut sequences, prompt(&b, 2));
    let a = next_turn(&a, 3);
    turn(&mut sequences, prompt(&a, 1));
    assert_eq!(turn(&mut sequences, prompt(&c, 3)), kept_in(1, 20));
    assert_eq!(turn(&mut sequences, prompt(&next_turn(&a, 1), 1)), kept_in(0, a.len() + 10));
    assert_eq!(turn(&mut sequences, prompt(&b, 2)), kept_in(1, 20));
}

#[test]
fn a_branch_is_copied_to_an_empty_sequence_and_else_replaces_its_own_conversation() {
    let mut sequences = Sequences::new(3);
    let a = conversation(1, 200);
    turn(&mut sequences, prompt(&a, 1));
    let edited = [&a[..150], &tokens(700..760)].concat();
    let copied = Place::Sequence { index: 1, copied_from: Some(0), kept: 150 };
    assert_eq!(turn(&mut sequences, prompt(&edited, 1)), copied);
    // Both branches can be continued.
    let back = next_turn(&a, 5);
    assert_eq!(turn(&mut sequences, prompt(&back, 1)), kept_in(0, a.len() + 10));
    turn(&mut sequences, prompt(&conversation(2, 100), 2));
    // No sequence is empty, so the branch that has the most in common is cut.
    let again = [&edited[..180], &tokens(800..820)].concat();
    assert_eq!(turn(&mut sequences, prompt(&again, 1)), kept_in(1, 180));
}

#[test]
fn a_conversation_that_outgrew_its_window_keeps_its_sequence() {
    let mut sequences = Sequences::new(2);
    turn(&mut sequences, prompt(&conversation(1, 100), 1));
    turn(&mut sequences, prompt(&conversation(2, 900), 2));
    // The oldest messages are left out, so only the system prompt stays the same.
    for number in 5..8 {
        assert_eq!(turn(&mut sequences, prompt(&conversation(number, 900), 2)), kept_in(1, 20));
    }
    let place = sequences.place(prompt(&next_turn(&conversation(1, 100), 5), 1));
    assert_eq!(place, kept_in(0, 110), "the other conversation was not touched");
}

#[test]
fn a_short_request_pushes_no_conversation_out() {
    let mut sequences = Sequences::new(2);
    let (a, b, title) = (conversation(1, 100), conversation(2, 100), tokens(7_000..7_050));
    let short = |tokens| Prompt { tokens, opening: Opening(9), short: true };
    turn(&mut sequences, prompt(&a, 1));
    assert_eq!(turn(&mut sequences, short(&title)), kept_in(1, 0), "a sequence is empty");
    // A conversation takes that sequence, although the other one is older.
    turn(&mut sequences, prompt(&b, 2));
    assert_eq!(sequences.place(prompt(&next_turn(&a, 1), 1)), kept_in(0, 110));
    assert_eq!(turn(&mut sequences, short(&title)), Place::Apart);
    assert_eq!(sequences.place(prompt(&next_turn(&a, 1), 1)), kept_in(0, 110));
    assert_eq!(sequences.place(prompt(&next_turn(&b, 1), 2)), kept_in(1, 110));
    // A short request that continues a conversation goes on in its sequence.
    let more = next_turn(&a, 1);
    let continued = Prompt { tokens: &more, opening: Opening(1), short: true };
    assert_eq!(turn(&mut sequences, continued), kept_in(0, 110));
    // It is still a conversation, so a new one takes the sequence that is older.
    assert_eq!(turn(&mut sequences, prompt(&conversation(3, 100), 3)), kept_in(1, 20));
}

#[test]
fn one_sequence_serves_every_request() {
    let mut sequences = Sequences::new(0);
    turn(&mut sequences, prompt(&conversation(1, 100), 1));
    assert_eq!(turn(&mut sequences, prompt(&conversation(2, 100), 2)), kept_in(0, 20));
    sequences.clear(0);
    assert_eq!(sequences.place(prompt(&conversation(2, 100), 2)), kept_in(0, 0));
}
