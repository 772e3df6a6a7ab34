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
pub mod owners;
pub mod pages;
pub mod sample;
pub mod search;
pub mod thinking;
pub mod transfer;
pub mod unreadable;
pub mod usage;

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
                unknown_ids_are_not_found
                a_worker_id_can_be_used_only_once
                workers_are_listed_by_last_use_in_pages
                workers_are_listed_by_visibility
                a_deleted_worker_is_hidden_with_its_log_and_others_stay
            }
            owners {
                lists_counts_searches_and_iterations_are_of_one_account
                the_owner_of_a_worker_is_known_until_its_rows_are_removed
                owners_are_the_same_after_the_store_is_reopened
                an_import_is_added_to_its_account_and_reveals_nothing_of_others
                a_title_of_another_account_is_not_found
            }
            deleting {
                a_restored_worker_is_exactly_as_before
                only_workers_that_are_due_are_purged
                deleted_workers_are_listed_in_pages_and_found_by_id
                a_purged_worker_cannot_be_restored
                a_long_worker_is_purged_in_steps
                prompts_are_removed_with_the_last_worker_that_uses_them
                the_id_of_a_deleted_worker_cannot_be_used_again
                the_id_of_a_purged_worker_can_be_used_again
                deleted_workers_can_be_restored_after_the_store_is_reopened
            }
            search {
                questions_answers_and_titles_are_found
                words_of_any_length_are_found
                hits_are_returned_in_pages_newest_first
                a_search_can_be_limited_to_one_conversation
                texts_of_all_branches_and_of_unfinished_turns_are_found
                an_old_title_is_no_longer_found
                a_deleted_conversation_is_not_found_until_it_is_restored
                a_text_with_too_many_grams_is_found
                a_long_imported_message_is_found
                an_imported_conversation_is_found
                a_search_stops_at_its_time_limit
                many_texts_with_the_same_time_are_all_found
            }
            usage {
                turns_are_summed_up_by_day_model_and_profile
                the_model_that_was_known_last_is_counted
                turns_that_ran_elsewhere_are_not_counted
                a_continued_copy_counts_only_what_follows
                each_account_has_sums_of_its_own
                a_deleted_worker_counts_until_it_is_purged
                unreadable_workers_are_left_out_of_sums
                a_sum_stops_at_its_time_limit
            }
            log {
                events_are_read_as_they_were_written
                an_append_at_the_wrong_seq_is_refused_and_stores_nothing
                an_append_with_a_gap_is_refused_and_stores_nothing
                an_append_is_stored_completely_or_not_at_all
                a_failed_append_does_not_affect_others
                a_tail_is_read_in_pages_without_a_gap
                a_prompt_is_stored_once_by_its_digest
                a_closed_store_refuses_writes
            }
            folding {
                deltas_are_folded_only_when_their_turn_ends
                renames_between_deltas_keep_their_position
                every_cursor_resumes_to_the_same_view_after_folding
                the_deltas_of_other_turns_are_not_folded
                a_turn_can_be_committed_as_a_whole
            }
            pages {
                pages_return_every_message_once_from_newest_to_oldest
                pages_and_tails_with_long_texts_have_fewer_entries
                a_page_before_the_first_message_is_empty
                a_position_beyond_the_log_means_its_end
                every_message_has_a_page_around_it
                a_page_around_a_message_includes_it_however_long_the_others_are
                a_message_is_found_with_its_acceptance
                a_turn_is_found_from_its_acceptance_to_its_end
                unfinished_turns_are_found_until_they_end
            }
            branches {
                a_branch_follows_parents_and_not_time
                messages_without_text_are_left_out
                a_branch_has_the_newest_messages_that_fit_and_counts_the_others
                the_leaf_is_included_however_long_it_is
                a_branch_includes_the_committed_text_of_a_running_answer
            }
            thinking {
                reasoning_is_stored_and_folded_beside_the_text
                branches_and_the_search_index_contain_no_reasoning
            }
            unreadable {
                reads_of_many_workers_skip_unreadable_ones
                reads_of_an_unreadable_worker_return_an_error
                an_unreadable_worker_can_be_deleted_restored_and_purged
                an_import_does_not_change_unreadable_workers
                a_turn_with_unreadable_deltas_can_end
            }
            durability {
                everything_survives_closing_and_reopening_the_store
                concurrent_workers_read_their_own_commits
                an_abandoned_write_is_stored_completely_or_not_at_all
            }
            transfer {
                workers_are_iterated_by_id
                an_imported_log_equals_the_exported_one
                prompts_are_exported_with_the_logs_that_refer_to_them
                an_import_does_not_change_an_existing_log
                a_conflicting_conversation_cancels_the_import_or_is_skipped
                an_import_reports_deleted_workers_and_they_can_still_be_restored
                a_failed_import_source_leaves_nothing
                an_import_survives_reopening_and_a_closed_store_refuses_imports
                an_import_becomes_visible_all_at_once
            }
        }
    };
}
