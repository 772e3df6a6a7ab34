//! Decides which conversations the list shows, and in which order.

use protocol::{Timestamp, Visibility, Worker, WorkerId};

use super::day::{self, Day};

/// The part of all conversations that the list shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Show archived conversations instead of all others.
    pub archived: bool,
    /// The list starts at a later page, so newly used conversations are not added at its top.
    pub older: bool,
}

/// The sort key of a conversation; greater keys come first.
type Rank = (bool, Timestamp, WorkerId);

impl Part {
    /// Whether a conversation belongs to this part.
    pub fn has(self, worker: &Worker) -> bool {
        self.archived == (worker.place == Visibility::Archived)
    }

    /// Whether to add a conversation that is not in the list. It is not added if the list starts at
    /// a later page, nor below the `last` loaded one while there are more pages to load.
    pub fn takes(self, worker: &Worker, last: Option<&Worker>, more: bool) -> bool {
        let used = |worker: &Worker| (worker.updated_at, worker.worker_id);
        let below = || last.is_some_and(|last| used(worker) < used(last));
        self.has(worker) && !self.older && !(more && below())
    }
}

fn rank(worker: &Worker) -> Rank {
    (worker.place == Visibility::Pinned, worker.updated_at, worker.worker_id)
}

/// Sorts pinned conversations first, then by time of last use, newest first.
pub fn sort(workers: &mut [Worker]) {
    workers.sort_by_key(|worker| std::cmp::Reverse(rank(worker)));
}

/// The headings with their conversations, in this order. `day_of` gives the number of a time's day
/// in the reader's zone.
pub fn group(
    workers: &[Worker],
    today: i64,
    day_of: impl Fn(Timestamp) -> i64,
) -> Vec<(Day, Vec<WorkerId>)> {
    let mut groups: Vec<(Day, Vec<WorkerId>)> = Vec::new();
    for worker in workers {
        let day = match worker.place {
            Visibility::Pinned => Day::Pinned,
            _ if !worker.updated_at.is_known() => Day::Undated,
            Visibility::Listed | Visibility::Archived => Day::of(day_of(worker.updated_at), today),
        };
        match groups.last_mut() {
            Some((of, ids)) if *of == day => ids.push(worker.worker_id),
            _ => groups.push((day, vec![worker.worker_id])),
        }
    }
    groups
}

/// The number of a day in UTC, by which the server and the first client render group the list.
pub fn utc_day(at: Timestamp) -> i64 {
    day::number(at.unix_ms(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::sample;

    fn worker(n: u8, place: Visibility, at_ms: i64) -> Worker {
        let worker_id = WorkerId::from_parts(u64::from(n), [n; 10]);
        Worker { worker_id, place, updated_at: sample::at(at_ms), ..sample::worker() }
    }

    fn numbers(workers: &[Worker]) -> Vec<u8> {
        workers.iter().map(|worker| worker.worker_id.as_bytes()[15]).collect()
    }

    const DAY: i64 = 86_400_000;

    #[test]
    fn pinned_conversations_come_first_and_then_the_last_used() {
        let mut workers = [
            worker(1, Visibility::Listed, 5),
            worker(2, Visibility::Pinned, 1),
            worker(3, Visibility::Listed, 9),
            worker(4, Visibility::Pinned, 2),
            worker(5, Visibility::Listed, 5),
        ];
        sort(&mut workers);
        assert_eq!(numbers(&workers), [4, 2, 3, 5, 1]);
        let today = utc_day(sample::at(0)) + 1;
        let groups = group(&workers, today, utc_day);
        let days: Vec<_> = groups.iter().map(|(day, ids)| (*day, ids.len())).collect();
        assert_eq!(days, [(Day::Pinned, 2), (Day::Yesterday, 3)]);
    }

    #[test]
    fn conversations_without_a_time_come_last() {
        let undated = Worker { updated_at: Timestamp::UNKNOWN, ..worker(3, Visibility::Listed, 0) };
        let pinned = Worker {
            place: Visibility::Pinned,
            worker_id: worker(4, Visibility::Pinned, 0).worker_id,
            ..undated.clone()
        };
        let mut workers = [undated, worker(1, Visibility::Listed, -400 * DAY), pinned];
        sort(&mut workers);
        assert_eq!(numbers(&workers), [4, 1, 3]);
        let groups = group(&workers, utc_day(sample::at(0)), utc_day);
        let days: Vec<_> = groups.iter().map(|(day, _)| *day).collect();
        assert!(matches!(days[..], [Day::Pinned, Day::Of { .. }, Day::Undated]), "{days:?}");
    }

    #[test]
    fn each_day_is_one_group() {
        let mut workers: Vec<_> =
            (0..60).map(|n| worker(n, Visibility::Listed, -i64::from(n) * DAY)).collect();
        sort(&mut workers);
        let groups = group(&workers, utc_day(sample::at(0)), utc_day);
        let mut days: Vec<_> = groups.iter().map(|(day, _)| *day).collect();
        assert_eq!(days.len(), 6, "{days:?}");
        days.dedup();
        assert_eq!(days.len(), 6);
        assert_eq!(groups.iter().map(|(_, ids)| ids.len()).sum::<usize>(), 60);
    }

    #[test]
    fn a_changed_conversation_is_inserted_only_if_its_position_is_loaded() {
        let (all, archive) = (Part::default(), Part { archived: true, older: false });
        let last = worker(5, Visibility::Listed, 50);
        let comes = |part: Part, worker: &Worker, more| part.takes(worker, Some(&last), more);
        assert!(comes(all, &worker(6, Visibility::Listed, 60), true));
        // It is below the loaded part of the list, so it comes with its own page.
        assert!(!comes(all, &worker(4, Visibility::Listed, 40), true));
        assert!(comes(all, &worker(4, Visibility::Listed, 40), false));
        assert!(!comes(all, &worker(4, Visibility::Pinned, 40), true));
        assert!(!comes(all, &worker(6, Visibility::Archived, 60), true));
        assert!(comes(archive, &worker(6, Visibility::Archived, 60), true));
        assert!(!comes(archive, &worker(6, Visibility::Pinned, 60), true));
        let older = Part { older: true, ..all };
        assert!(older.has(&last) && !comes(older, &worker(6, Visibility::Listed, 60), true));
    }
}
