//! Searches all conversations, or one of them.

use std::time::Duration;

use protocol::api::SearchPage;
use protocol::{Error, ErrorCode, WorkerId, limits};
use search::{Query, QueryError};
use store::{Found, Search};

use super::Access;
use crate::fault;

/// The time limit of one search. What was found by then is the answer, which says that it was cut
/// short.
const WITHIN: Duration = Duration::from_millis(500);

impl Access {
    /// Messages and titles of the account that hold all words of `query`, the newest first. `before` is the
    /// `next_before` of the page above it.
    pub async fn search(
        &self,
        query: &str,
        worker: Option<WorkerId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<SearchPage, Error> {
        let query = Query::parse(query).map_err(refused)?;
        if let Some(id) = worker {
            self.worker(id).await?;
        }
        let limit = limit.clamp(1, limits::SEARCH_PAGE_MAX);
        let owner = self.account();
        let search = Search { owner, query, worker, before, limit, within: WITHIN };
        let Found { hits, next_before, cut_short } =
            self.store().search(search).await.map_err(fault::from_store)?;
        Ok(SearchPage { hits, next_before, cut_short })
    }
}

fn refused(error: QueryError) -> Error {
    match error {
        QueryError::Empty => Error::new(ErrorCode::InvalidInput, "There's nothing to search for.")
            .with_hint("Enter at least one word."),
        QueryError::TooLong => {
            let (chars, words) = (limits::QUERY_CHARS, limits::QUERY_WORDS);
            Error::new(ErrorCode::InvalidInput, "This search is too long.")
                .with_hint(format!("Use at most {chars} characters and {words} words."))
        }
    }
}
