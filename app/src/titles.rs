//! Finding conversations by their titles, as somebody types them in a hurry.

use protocol::{Error, Place, Worker, limits};
use runtime::{Places, Runtime};

use crate::{api, fuzzy, label};

/// Conversations that are looked at, the most recently used first.
const LOOKED_AT: usize = 5_000;

/// Conversations that are found at most.
const FOUND: usize = 8;

/// The conversations whose titles fit, the best first; all fit no query, and the last used come
/// first. What is archived is found too, after all else.
pub async fn find(runtime: &Runtime, query: &str) -> Result<Vec<Worker>, Error> {
    let query: String = query.chars().take(api::TITLE_QUERY_CHARS).collect();
    let query = query.to_lowercase();
    let mut best: Vec<(u32, Worker)> = Vec::new();
    let mut looked_at = 0;
    for places in [Places::InView, Places::Only(Place::Archived)] {
        let mut before = None;
        loop {
            let most = limits::WORKER_PAGE_MAX;
            let page = runtime.workers_at(places, before.as_deref(), most).await?;
            looked_at += page.workers.len();
            for worker in page.workers {
                take(&mut best, &query, worker);
            }
            before = page.next_before;
            // Without a query the first that come are the best.
            let enough = query.trim().is_empty() && best.len() == FOUND;
            if before.is_none() || enough || looked_at >= LOOKED_AT {
                break;
            }
        }
    }
    Ok(best.into_iter().map(|(_, worker)| worker).collect())
}

/// Keeps the best, of equal ones the first.
fn take(best: &mut Vec<(u32, Worker)>, query: &str, worker: Worker) {
    let title = label::title(worker.title.as_deref()).unwrap_or_default().to_lowercase();
    let Some(score) = fuzzy::score(&title, query) else { return };
    let at = best.partition_point(|(other, _)| *other >= score);
    if at < FOUND {
        best.insert(at, (score, worker));
        best.truncate(FOUND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::sample;
    use protocol::WorkerId;

    fn found(query: &str, titles: &[&str]) -> Vec<String> {
        let mut best = Vec::new();
        for (n, title) in titles.iter().enumerate() {
            let worker_id = WorkerId::from_parts(n as u64 + 1, [0; 10]);
            let worker = Worker { worker_id, title: Some((*title).into()), ..sample::worker() };
            take(&mut best, query, worker);
        }
        best.into_iter().filter_map(|(_, worker)| worker.title).collect()
    }

    #[test]
    fn the_best_come_first_and_of_equal_ones_the_last_used() {
        let titles = ["Low tides", "Tides b", "Tides a", "Moon", "T i d e s"];
        assert_eq!(found("tides", &titles), ["Tides b", "Tides a", "Low tides", "T i d e s"]);
    }

    #[test]
    fn there_are_never_more_than_a_few() {
        let titles: Vec<String> = (0..100).map(|n| format!("Tides {n}")).collect();
        let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
        let best = found("tides", &titles);
        assert_eq!(best.len(), FOUND);
        assert_eq!(best[0], "Tides 0");
        assert_eq!(found("", &titles), best);
    }
}
