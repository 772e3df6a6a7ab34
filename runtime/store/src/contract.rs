//! The contract that every implementation of the [`Store`] port must fulfil, as a library.
//!
//! A rule of the contract is a function over a [`TestStore`]. [`contract!`](crate::contract!) makes
//! a test of each rule for one implementation:
//!
//! ```ignore
//! store::contract!(sqlite, SqliteFolder);
//! ```

#![allow(clippy::unwrap_used, reason = "a test may panic, in its builders too")]
#![allow(missing_docs, reason = "the name of a rule says what it demands")]

use std::sync::Arc;
use std::time::Duration;

use protocol::WorkerId;

use crate::Store;

pub mod branches;
pub mod catalogue;
pub mod deleting;
pub mod durability;
pub mod folding;
pub mod log;
pub mod pages;
pub mod sample;
pub mod search;
pub mod thinking;
pub mod transfer;
pub mod unreadable;

/// Creates and reopens one store of the implementation under test.
pub trait TestStore: Default {
    fn open(&self) -> Arc<dyn Store>;

    /// Makes a part of a stored worker unreadable, behind the store's back.
    fn spoil(&self, id: WorkerId, part: Part);
}

/// The part of a worker that is made unreadable.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Summary,
    /// The deltas of its answers.
    Events,
}

/// Runs a rule with a time limit: a rule that never ends is a rule that does not hold.
pub async fn bounded(rule: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(60), rule).await.expect("the rule ends");
}

/// Makes the tests of the given rules.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    ($name:ident, $store:ty; $($file:ident { $($rule:ident)* })*) => {
        mod $name {
            use super::*;

            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $rule() {
                    let test_store = <$store>::default();
                    $crate::contract::bounded($crate::contract::$file::$rule(&test_store)).await;
                }
            )*)*
        }
    };
}

/// Makes a module of this name with a test of each rule for an implementation of
/// [`TestStore`](crate::contract::TestStore).
#[macro_export]
macro_rules! contract {
    ($name:ident, $store:ty) => {
        $crate::contract_tests! { $name, $store;
            catalogue {
                a_new_worker_is_found_with_its_first_events
                what_is_not_there_is_not_found
                a_worker_id_is_taken_once
                workers_are_listed_by_use_page_by_page
                workers_are_listed_by_their_place
                a_deleted_worker_is_gone_with_its_log_and_others_stay
            }
            deleting {
                a_deleted_worker_comes_back_exactly_as_it_was
                what_is_due_is_removed_and_nothing_else
                deleted_workers_are_walked_by_pages_and_found_by_id
                what_is_given_up_does_not_come_back
                a_long_worker_is_removed_step_by_step
                prompts_go_with_the_last_worker_that_uses_them
                a_deleted_worker_makes_no_room_for_one_of_its_id
                a_worker_that_was_given_up_makes_room_for_one_of_its_id
                what_was_deleted_is_still_known_after_a_reopening
            }
            search {
                questions_answers_and_titles_are_found
                all_words_are_found_whatever_their_length
                what_is_found_is_walked_page_by_page_newest_first
                one_conversation_is_searched_alone
                branches_and_unfinished_turns_are_found_by_what_they_hold
                an_old_title_is_found_no_more
                what_was_deleted_is_not_found_until_it_comes_back
                a_text_of_very_many_letters_is_found
                what_is_long_and_was_put_in_is_found
                what_was_put_in_is_found
                the_time_is_kept
                many_texts_of_one_moment_are_all_found
            }
            log {
                events_come_back_as_they_went_in
                an_append_that_does_not_follow_is_refused_and_stores_nothing
                an_append_with_a_hole_in_it_is_refused_and_stores_nothing
                an_append_is_stored_as_a_whole_or_not_at_all
                an_append_that_cannot_be_stored_leaves_the_others_alone
                a_tail_is_read_in_pieces_without_a_gap
                a_prompt_is_kept_once_under_its_digest
                a_closed_store_takes_nothing_more
            }
            folding {
                deltas_are_folded_when_their_turn_ends_and_not_before
                renames_between_deltas_stay_in_their_place
                a_tail_from_every_seq_gives_the_same_bytes_after_the_folding
                another_turns_deltas_are_left_alone
            }
            pages {
                pages_walk_back_through_every_message_once
                long_texts_make_short_pages_and_short_tails
                a_page_is_empty_where_nothing_comes_before
                a_position_beyond_the_log_is_its_end
                a_page_is_found_around_every_message
                a_page_around_a_message_has_it_however_long_the_others_are
                a_message_is_found_with_its_acceptance
                a_turn_is_found_from_its_acceptance_to_its_end
                unfinished_turns_are_found_until_they_end
            }
            branches {
                a_branch_is_followed_by_parents_and_not_by_time
                messages_without_text_are_left_out
                a_branch_holds_the_newest_that_fit_and_counts_the_rest
                the_leaf_is_there_however_long_it_is
                an_answer_under_way_is_as_long_as_it_is_committed
            }
            thinking {
                reasoning_is_kept_and_folded_beside_the_text
                a_branch_and_the_search_hold_no_reasoning
            }
            unreadable {
                reads_of_many_go_on_beside_one_that_cannot_be_read
                reads_of_one_that_cannot_be_read_say_so
                what_cannot_be_read_is_deleted_brought_back_and_removed
                an_import_leaves_what_cannot_be_read_as_it_is
                a_turn_with_a_broken_row_can_end
            }
            durability {
                everything_survives_a_close_and_a_reopening
                many_workers_commit_at_once_and_each_finds_its_own
                a_write_whose_asker_has_gone_is_whole_or_absent
            }
            transfer {
                workers_are_walked_by_id_whatever_their_use
                a_whole_log_put_in_is_the_same_as_the_one_taken_out
                prompts_come_with_the_logs_that_refer_to_them
                a_log_that_is_here_stays_as_it_is
                one_that_differs_keeps_all_out_or_is_left_out_itself
                one_that_was_deleted_is_told_of_and_can_still_be_brought_back
                a_giver_that_fails_leaves_nothing
                an_import_survives_a_close_and_a_closed_store_takes_none
                nothing_of_an_import_is_seen_before_all_of_it_is_there
            }
        }
    };
}
