//! An export, imported and exported again, is the same byte for byte.

use proptest::prelude::*;
use protocol::{Event, EventBody, fold_deltas};
use store::ConversationExport;
use store_sqlite::Sqlite;
use transfer::read;

use crate::support::{all, any_wholes, export, import};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn an_export_round_trips(wholes in any_wholes()) {
        let bytes = export(&wholes);
        let back = read(&bytes).unwrap();
        prop_assert_eq!(&back, &wholes);
        prop_assert_eq!(export(&back), bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn an_export_that_passed_through_two_stores_is_identical(wholes in any_wholes()) {
        let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        threads.block_on(async {
            let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let first = Sqlite::open(a.path()).unwrap();
            import(&first, wholes.clone()).await;
            // The store folds the deltas of ended turns and changes nothing else.
            let kept = all(&first).await;
            let folded: Vec<ConversationExport> = wholes.iter().cloned().map(folded).collect();
            assert_eq!(kept.iter().cloned().map(folded_all).collect::<Vec<_>>(),
                folded.into_iter().map(folded_all).collect::<Vec<_>>());
            let bytes = export(&kept);
            let second = Sqlite::open(b.path()).unwrap();
            import(&second, read(&bytes).unwrap()).await;
            assert_eq!(all(&second).await, kept);
            assert_eq!(export(&all(&second).await), bytes);
            // Importing again changes nothing.
            let again = import(&second, read(&bytes).unwrap()).await;
            assert_eq!((again.added.len(), again.skipped.len()), (0, kept.len()));
            assert_eq!(export(&all(&second).await), bytes);
        });
    }
}

fn folded(mut whole: ConversationExport) -> ConversationExport {
    whole.events = ended(whole.events);
    whole
}

fn folded_all(mut whole: ConversationExport) -> ConversationExport {
    whole.events = fold_deltas(whole.events);
    whole
}

/// The events up to the last turn's end, folded, followed by the others unchanged.
fn ended(events: Vec<Event>) -> Vec<Event> {
    let is_end = |event: &Event| matches!(event.body, EventBody::TurnEnded { .. });
    let cut = events.iter().rposition(is_end).map_or(0, |last| last + 1);
    let (before, after) = events.split_at(cut);
    [fold_deltas(before.to_vec()), after.to_vec()].concat()
}
