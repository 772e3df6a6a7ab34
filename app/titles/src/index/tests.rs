use super::*;
use protocol::{Cursor, LogId, WorkerStatus};

fn worker(n: u64, title: &str) -> Worker {
    Worker {
        runtime_id: "backend-internal".parse().unwrap(),
        worker_id: WorkerId::from_parts(n + 1, [0; 10]),
        display_name: "companion".into(),
        display_ref: "companion@backend-internal".into(),
        title: Some(title.to_owned()),
        status: WorkerStatus::Idle,
        reason: None,
        unreadable: false,
        profile: "default".parse().unwrap(),
        place: Visibility::Listed,
        provider: None,
        model: None,
        effort: None,
        temperature: None,
        instructions: None,
        omitted: Vec::new(),
        created_at: Timestamp::from_unix_ms(0),
        // Conversations with lower numbers were used later.
        updated_at: Timestamp::from_unix_ms(1_000_000 - n as i64),
    }
}

fn titles(titles: &[&str]) -> Titles {
    let all: Vec<_> = (0..).zip(titles).map(|(n, title)| worker(n, title)).collect();
    // Neither the order in which they are read matters, nor one that is read twice.
    Titles::new(all.iter().take(1).chain(all.iter().rev()).cloned().collect())
}

fn found(titles: &Titles, query: &str) -> Vec<String> {
    titles.find(query).into_iter().filter_map(|worker| worker.title).collect()
}

fn told(worker: Worker) -> ListFrame {
    ListFrame::Worker { cursor: Cursor::new(LogId(1), 1), worker: Box::new(worker) }
}

fn deleted(n: u64) -> ListFrame {
    let worker_id = WorkerId::from_parts(n + 1, [0; 10]);
    ListFrame::Deleted { cursor: Cursor::new(LogId(1), 1), worker_id }
}

#[test]
fn better_matches_come_first_and_equal_ones_by_last_use() {
    let all = titles(&["Low tides", "Tides b", "Tides a", "Moon", "T i d e s"]);
    assert_eq!(found(&all, "TIDES"), ["Tides b", "Tides a", "Low tides", "T i d e s"]);
}

#[test]
fn the_number_of_results_is_bounded() {
    let names: Vec<String> = (0..100).map(|n| format!("Tides {n}")).collect();
    let all = titles(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let best = found(&all, "tides");
    assert_eq!(best.len(), FOUND);
    assert_eq!(best[0], "Tides 0");
    assert_eq!(found(&all, " "), best);
}

#[test]
fn archived_conversations_come_after_equal_matches() {
    let mut all = titles(&["Tides a", "Tides b", "Moon"]);
    assert!(all.apply(told(Worker { place: Visibility::Archived, ..worker(0, "Tides a") })));
    assert_eq!(found(&all, "tides"), ["Tides b", "Tides a"]);
    assert_eq!(found(&all, ""), ["Tides b", "Moon", "Tides a"]);
}

#[test]
fn updated_titles_are_found_and_deleted_conversations_are_not() {
    let mut all = titles(&["Tides a", "Tides b"]);
    let used = Timestamp::from_unix_ms(2_000_000);
    assert!(all.apply(told(Worker { updated_at: used, ..worker(1, "Tides c") })));
    assert!(all.apply(told(worker(7, "New tides"))));
    assert!(all.apply(deleted(0)));
    assert_eq!(found(&all, "tides"), ["Tides c", "New tides"]);
    let hello = |resumed| ListFrame::Hello {
        runtime_id: "backend-internal".parse().unwrap(),
        cursor: Cursor::new(LogId(1), 1),
        resumed,
    };
    assert!(all.apply(hello(true)));
    assert!(!all.apply(hello(false)));
}

#[test]
fn a_search_normalizes_no_title_and_a_rename_normalizes_one() {
    let names: Vec<String> = (0..MOST).map(|n| format!("Tides {n}")).collect();
    let mut all = titles(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(all.prepared(), MOST as u64);
    for typed in ["t", "ti", "tid", "tide", "tides", "tides 4", "tides 49", "tides 499"] {
        assert_eq!(found(&all, typed).len(), FOUND);
    }
    assert_eq!(all.prepared(), MOST as u64);
    // One conversation gets an answer; another one is renamed.
    let used = Timestamp::from_unix_ms(2_000_000);
    assert!(all.apply(told(Worker { updated_at: used, ..worker(3, "Tides 3") })));
    assert_eq!(all.prepared(), MOST as u64);
    assert!(all.apply(told(worker(4, "Moon"))));
    assert_eq!(all.prepared(), MOST as u64 + 1);
}

#[test]
fn a_full_index_drops_the_oldest_title_and_a_deletion_requires_a_reload() {
    let mut all = Titles::new((0..MOST as u64).map(|n| worker(n, "Tides")).collect());
    all.put(worker(MOST as u64, "Moon"));
    assert_eq!(found(&all, "moon"), <[&str; 0]>::default(), "it was used before all others");
    assert!(all.apply(deleted(MOST as u64)), "it was not held");
    assert!(!all.apply(deleted(1)));
    assert!(all.apply(deleted(2)), "there was a free place already");
}
