use std::collections::HashMap as Shown;

use proptest::prelude::*;
use protocol::{ProfileName, Timestamp};
use store::initial_worker;

use super::*;

fn worker(n: u8, title: u64) -> Worker {
    let at = Timestamp::from_unix_ms(1_763_800_000_000);
    let profile: ProfileName = "companion".parse().unwrap();
    let id = WorkerId::from_parts(u64::from(n), [n; 10]);
    Worker { title: Some(title.to_string()), ..initial_worker::worker(id, profile, at) }
}

fn told(news: News) -> Vec<(u64, Change)> {
    match news {
        News::Changes(changes) => changes,
        News::Missed { now } => panic!("missed, now {now}"),
    }
}

#[test]
fn a_worker_that_changed_often_is_sent_once_in_its_newest_state() {
    let mut changes = Changes::new(8);
    for n in 1..=100 {
        changes.put(worker(1, n), n, Revision(0));
    }
    changes.put(worker(2, 7), 1, Revision(0));
    let news = told(changes.after(0, 64));
    assert_eq!(news.len(), 2);
    assert_eq!(news[0].0, 100);
    assert!(matches!(&news[0].1, Change::Worker { worker: w, .. } if **w == worker(1, 100)));
    assert_eq!(changes.after(101, 64), News::Changes(vec![]));
}

#[test]
fn outdated_summaries_are_not_sent() {
    let mut changes = Changes::new(8);
    changes.put(worker(1, 5), 5, Revision(0));
    changes.put(worker(1, 4), 4, Revision(0));
    let news = told(changes.after(0, 64));
    assert!(matches!(&news[..], [(1, Change::Worker { seq: 5, .. })]), "{news:?}");
    // A summary from before the deletion comes late, whatever it is a summary of.
    changes.delete(worker(1, 5).worker_id);
    for seq in [5, u64::MAX] {
        changes.put(worker(1, 5), seq, Revision(1));
        assert!(matches!(&told(changes.after(1, 64))[..], [(2, Change::Deleted(_))]));
    }
    // A worker that was deleted may come back as it was.
    changes.put(worker(1, 5), 5, Revision(2));
    assert!(matches!(&told(changes.after(2, 64))[..], [(3, Change::Worker { .. })]));
}

#[test]
fn a_summary_older_than_a_forgotten_deletion_makes_all_readers_reload() {
    let mut changes = Changes::new(2);
    let since = Revision(changes.revision());
    changes.delete(worker(1, 5).worker_id);
    changes.put(worker(2, 1), 1, Revision(1));
    changes.put(worker(3, 1), 1, Revision(2));
    changes.put(worker(1, 5), 5, since);
    assert_eq!(changes.after(3, 64), News::Missed { now: 4 });
}

#[test]
fn a_reader_that_missed_changes_starts_again() {
    let mut changes = Changes::new(2);
    assert_eq!(changes.begin(None), (0, false));
    assert_eq!(changes.begin(Some(0)), (0, true));
    assert_eq!(changes.begin(Some(1)), (0, false), "of the future");
    for n in 1..=3 {
        changes.put(worker(n, 1), 1, Revision(changes.revision()));
    }
    // The change of the first worker is forgotten; a reader that has read it already misses
    // nothing.
    assert_eq!(changes.begin(Some(0)), (3, false));
    assert_eq!(changes.begin(Some(1)), (1, true));
    assert_eq!(changes.after(0, 64), News::Missed { now: 3 });
    assert_eq!(told(changes.after(1, 64)).len(), 2);
    changes.forget();
    assert_eq!(changes.after(3, 64), News::Missed { now: 4 });
    assert_eq!(changes.after(4, 64), News::Changes(vec![]));
}

#[derive(Clone, Debug)]
enum Step {
    /// A commit that the list is told of at once.
    Put(u8),
    /// A commit that the list is told of later, and how many steps later.
    PutLate(u8, usize),
    Delete(u8),
    Forget,
    /// One of two readers reads up to this many changes.
    Read(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..6u8).prop_map(Step::Put),
        4 => (0..6u8, 1..20usize).prop_map(|(id, later)| Step::PutLate(id, later)),
        3 => (0..6u8).prop_map(Step::Delete),
        1 => Just(Step::Forget),
        6 => (0..2usize, 1..4usize).prop_map(|(who, most)| Step::Read(who, most)),
    ]
}

/// A reader with its copy of the list, which it reads again when told to.
struct Reader {
    position: u64,
    page: Shown<WorkerId, Worker>,
}

impl Reader {
    fn read(&mut self, changes: &Changes, truth: &Shown<WorkerId, Worker>, most: usize) -> bool {
        match changes.after(self.position, most) {
            News::Missed { now } => {
                self.position = now;
                self.page.clone_from(truth);
                true
            }
            News::Changes(news) => {
                for (revision, change) in &news {
                    assert!(*revision > self.position);
                    self.position = *revision;
                    match change {
                        Change::Worker { worker, .. } => {
                            self.page.insert(worker.worker_id, (**worker).clone());
                        }
                        Change::Deleted(id) => {
                            self.page.remove(id);
                        }
                    }
                }
                !news.is_empty()
            }
        }
    }
}

proptest! {
    /// However slowly a reader reads, and however much is forgotten meanwhile: when no changes are
    /// left to read, its copy equals the list.
    #[test]
    fn every_reader_converges_to_the_current_list(steps in prop::collection::vec(step(), 0..60)) {
        let mut changes = Changes::new(3);
        let mut truth = Shown::new();
        let mut readers = [(); 2].map(|()| Reader { position: 0, page: Shown::new() });
        let mut late: Vec<(usize, Worker, u64, Revision)> = Vec::new();
        for (n, step) in steps.into_iter().enumerate() {
            for (_, new, seq, since) in late.extract_if(.., |(due, ..)| *due <= n) {
                changes.put(new, seq, since);
            }
            let since = Revision(changes.revision());
            match step {
                Step::Put(id) => {
                    let new = worker(id, n as u64);
                    changes.put(new.clone(), n as u64, since);
                    truth.insert(new.worker_id, new);
                }
                Step::PutLate(id, later) => {
                    let new = worker(id, n as u64);
                    truth.insert(new.worker_id, new.clone());
                    late.push((n + later, new, n as u64, since));
                }
                Step::Delete(id) => {
                    let id = worker(id, 0).worker_id;
                    changes.delete(id);
                    truth.remove(&id);
                }
                Step::Forget => changes.forget(),
                Step::Read(who, most) => {
                    readers[who].read(&changes, &truth, most);
                }
            }
            prop_assert!(changes.latest.len() <= 3 && changes.at.len() == changes.latest.len());
        }
        for (_, new, seq, since) in late {
            changes.put(new, seq, since);
        }
        for reader in &mut readers {
            while reader.read(&changes, &truth, 2) {}
            prop_assert_eq!(&reader.page, &truth);
        }
    }
}
