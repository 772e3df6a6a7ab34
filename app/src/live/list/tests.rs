use protocol::{LogId, Visibility, WorkerStatus};

use super::*;
use protocol::sample;

fn worker(n: u8, at_ms: i64) -> Worker {
    let worker_id = WorkerId::from_parts(u64::from(n), [n; 10]);
    Worker {
        worker_id,
        place: Visibility::Listed,
        updated_at: sample::at(at_ms),
        ..sample::worker()
    }
}

fn page(workers: Vec<Worker>, next_before: Option<&str>) -> WorkerPage {
    let cursor = Some(Cursor::new(LogId(1), 4));
    WorkerPage { workers, next_before: next_before.map(str::to_owned), cursor }
}

fn list(workers: Vec<Worker>, next_before: Option<&str>) -> List {
    let list = List::new();
    let page = page(workers, next_before);
    list.begin(Beginning { page, part: Part::default(), now: sample::at(0) });
    list
}

fn shown(list: &List) -> Vec<(Day, Vec<u8>)> {
    let groups = list.groups.get_untracked();
    let ids = |group: &Group| {
        let items = group.items.get_untracked();
        items.iter().map(|item| item.id.as_bytes()[15]).collect()
    };
    groups.iter().map(|group| (group.day, ids(group))).collect()
}

fn tell(list: &List, worker: Worker) -> bool {
    let cursor = Cursor::new(LogId(1), 5);
    list.apply(ListFrame::Worker { cursor, worker: Box::new(worker) })
}

#[test]
fn updates_keep_the_order_of_a_freshly_loaded_page() {
    Owner::new().with(|| {
        let list = list(vec![worker(3, 30), worker(2, 20)], Some("more"));
        assert_eq!(shown(&list), [(Day::Today, vec![3, 2])]);
        assert!(!tell(&list, worker(4, 40)));
        assert!(!tell(&list, worker(2, 50)));
        assert!(!tell(&list, worker(1, 10)));
        assert_eq!(shown(&list), [(Day::Today, vec![2, 4, 3])]);
        tell(&list, Worker { place: Visibility::Pinned, ..worker(3, 30) });
        assert_eq!(shown(&list), [(Day::Pinned, vec![3]), (Day::Today, vec![2, 4])]);
        tell(&list, Worker { place: Visibility::Archived, ..worker(2, 50) });
        list.apply(ListFrame::Deleted {
            cursor: Cursor::new(LogId(1), 9),
            worker_id: worker(4, 0).worker_id,
        });
        assert_eq!(shown(&list), [(Day::Pinned, vec![3])]);
        assert_eq!(list.cursor(), Some(Cursor::new(LogId(1), 9)));
        list.append(page(vec![worker(3, 30), worker(1, 10)], None));
        assert_eq!(shown(&list), [(Day::Pinned, vec![3]), (Day::Today, vec![1])]);
    });
}

#[test]
fn an_update_changes_only_the_affected_entry() {
    Owner::new().with(|| {
        let list = list(vec![worker(3, 30), worker(2, 20)], None);
        let groups = list.groups.get_untracked();
        let items = groups[0].items.get_untracked();
        tell(&list, Worker { status: WorkerStatus::Generating, ..worker(2, 20) });
        tell(&list, worker(2, 40));
        let same = list.groups.get_untracked();
        assert!(same[0].items == groups[0].items, "the group keeps its signal");
        let moved = same[0].items.get_untracked();
        assert!(moved[0].worker == items[1].worker, "and each entry its own");
    });
}

#[test]
fn nothing_moves_while_a_title_is_edited() {
    Owner::new().with(|| {
        let list = list(vec![worker(3, 30), worker(2, 20)], None);
        list.renaming.set(Some(worker(2, 0).worker_id));
        tell(&list, worker(2, 50));
        assert_eq!(shown(&list), [(Day::Today, vec![3, 2])]);
        list.renaming.set(None);
        list.arrange();
        assert_eq!(shown(&list), [(Day::Today, vec![2, 3])]);
    });
}

#[test]
fn a_live_list_ignores_the_page_that_a_navigation_loads() {
    Owner::new().with(|| {
        let list = list(vec![worker(3, 30), worker(2, 20)], None);
        let begin = |part| {
            let page = page(vec![worker(9, 90)], None);
            list.begin(Beginning { page, part, now: sample::at(0) });
        };
        list.set_live(true);
        begin(Part::default());
        assert_eq!(shown(&list), [(Day::Today, vec![3, 2])]);
        begin(Part { archived: false, older: true });
        assert_eq!(shown(&list), [(Day::Today, vec![9])]);
        begin(Part::default());
        assert_eq!(shown(&list), [(Day::Today, vec![9])]);
        list.set_live(false);
        begin(Part::default());
        let hello = |resumed| ListFrame::Hello {
            runtime_id: sample::worker().runtime_id,
            cursor: Cursor::new(LogId(1), 5),
            resumed,
        };
        assert!(list.apply(hello(false)));
        assert!(!list.apply(hello(true)));
    });
}

#[test]
fn a_page_from_before_a_deletion_does_not_restore_the_conversation() {
    Owner::new().with(|| {
        let list = list(vec![worker(3, 30), worker(2, 20)], None);
        let deleted = worker(3, 30).worker_id;
        list.apply(ListFrame::Deleted { cursor: Cursor::new(LogId(1), 5), worker_id: deleted });
        list.replace(page(vec![worker(3, 30), worker(2, 20)], None));
        assert_eq!(shown(&list), [(Day::Today, vec![2])]);
        list.append(page(vec![worker(3, 30), worker(1, 10)], None));
        assert_eq!(shown(&list), [(Day::Today, vec![2, 1])]);
        tell(&list, worker(3, 30));
        assert_eq!(shown(&list), [(Day::Today, vec![3, 2, 1])], "it is brought back");
        // Deleted on this page, before the stream reports it.
        list.remove(worker(2, 20).worker_id);
        list.replace(page(vec![worker(3, 30), worker(2, 20)], None));
        assert_eq!(shown(&list), [(Day::Today, vec![3])]);
    });
}

/// Two reads make a page, and a worker that changes between them is in both.
#[test]
fn a_conversation_that_is_sent_twice_is_shown_once() {
    Owner::new().with(|| {
        let pinned = Worker { place: Visibility::Pinned, ..worker(3, 30) };
        let list = list(vec![pinned.clone(), worker(2, 20), worker(3, 30)], None);
        let expected = [(Day::Pinned, vec![3]), (Day::Today, vec![2])];
        assert_eq!(shown(&list), expected);
        list.replace(page(vec![pinned.clone(), pinned, worker(2, 20)], None));
        assert_eq!(shown(&list), expected);
    });
}
