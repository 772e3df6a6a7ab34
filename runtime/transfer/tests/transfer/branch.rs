//! Branches of a conversation, and the excerpts that are made of them.

use std::collections::HashMap;

use proptest::prelude::*;
use protocol::{ExcerptParts, Message, MessageId, TurnState, View};
use transfer::Branch;

use super::logs;
use super::support::whole;

const ALL: ExcerptParts = ExcerptParts { reasoning: true, prompts: true };
const NONE: ExcerptParts = ExcerptParts { reasoning: false, prompts: false };

/// The messages from the first one to the given one, found from its end.
fn way_to(view: &View, end: MessageId) -> Vec<Message> {
    let by_id: HashMap<_, _> = view.messages.iter().map(|message| (message.id, message)).collect();
    let mut way = Vec::new();
    let mut next = by_id.get(&end).copied();
    while let Some(message) = next {
        way.insert(0, message.clone());
        next = message.parent.and_then(|parent| by_id.get(&parent).copied());
    }
    way
}

proptest! {
    #[test]
    fn an_excerpt_is_the_way_to_the_chosen_message(
        events in logs::any_log(), pick in any::<prop::sample::Index>(),
    ) {
        let view = logs::folded(&events);
        prop_assume!(!view.messages.is_empty());
        let chosen = view.messages[pick.index(view.messages.len())].id;
        let newest = view.messages.last().map(|message| message.id);
        let unknown = MessageId::from_parts(9, [9; 10]);
        prop_assert!(Branch::of(whole(1, events.clone()), Some(unknown)).is_none());
        for (until, end) in [(Some(chosen), chosen), (None, newest.unwrap())] {
            let way = way_to(&view, end);
            let branch = || Branch::of(whole(1, events.clone()), until).unwrap();
            let excerpt = |parts| branch().into_excerpt(parts);
            let (all, none) = (excerpt(ALL), excerpt(NONE));
            prop_assert_eq!(all.messages.len(), way.len());
            prop_assert!(none.prompts.is_empty());
            for ((whole, part), message) in all.messages.iter().zip(&none.messages).zip(&way) {
                prop_assert_eq!((&whole.text, whole.role), (&message.text, message.role));
                prop_assert_eq!(&whole.reasoning, &message.reasoning);
                prop_assert_eq!(&part.text, &message.text);
                prop_assert_eq!(part.reasoning.as_str(), "");
                let turn = view.turns.iter().find(|turn| turn.answer == message.id);
                let state = turn.map(|turn| turn.state);
                prop_assert_eq!(part.incomplete, state.filter(|s| *s != TurnState::Completed));
                prop_assert_eq!(part.model.as_deref(), turn.map(|turn| turn.model.as_str()));
            }
        }
    }

    #[test]
    fn prompts_are_those_of_the_branch_each_once(events in logs::any_log()) {
        let whole = whole(1, events);
        let known: HashMap<_, _> =
            whole.prompts.iter().map(|p| (p.digest.clone(), p.text.clone())).collect();
        let branch = Branch::of(whole, None).unwrap();
        let mut expected: Vec<String> = Vec::new();
        for turn in branch.messages.iter().filter_map(|message| branch.turns.get(&message.id)) {
            if let Some(text) = known.get(&turn.prompt_digest) && !expected.contains(text) {
                expected.push(text.clone());
            }
        }
        prop_assert_eq!(branch.parts().prompts, !expected.is_empty());
        prop_assert_eq!(branch.into_excerpt(ALL).prompts, expected);
    }
}
