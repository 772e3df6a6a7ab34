use std::collections::BTreeSet;

use super::*;

/// The disks after these operations, over many seeds.
fn disks(ignored: Ignored, operations: &[Operation<'static>]) -> BTreeSet<Image> {
    let mut disk = Disk::new(1, ignored);
    operations.iter().for_each(|operation| disk.perform(*operation).unwrap());
    (0..2000).map(|seed| disk.after_power_cut(&mut Rng::with_seed(seed))).collect()
}

fn write(at: u64, bytes: &'static [u8]) -> Operation<'static> {
    Operation::Write { node: 2, at, bytes }
}

const CREATE: Operation<'static> = Operation::CreateFile { node: 2, path: "a" };
const SYNC_FILE: [Operation<'static>; 2] =
    [Operation::SyncBegin { sync: 1, node: 2 }, Operation::SyncEnd { sync: 1 }];
const SYNC_FOLDER: [Operation<'static>; 2] =
    [Operation::SyncBegin { sync: 2, node: 1 }, Operation::SyncEnd { sync: 2 }];

/// A file with this content alone.
fn file(content: &[u8]) -> Image {
    Image::from([("a".to_owned(), Some(content.to_owned()))])
}

#[test]
fn what_was_synced_with_its_folder_survives_whatever_comes_after() {
    let synced = [&[CREATE, write(0, b"old")], &SYNC_FILE[..], &SYNC_FOLDER].concat();
    assert_eq!(disks(Ignored::Nothing, &synced), BTreeSet::from([file(b"old")]));
    let later = [&synced[..], &[write(0, b"new")]].concat();
    assert_eq!(disks(Ignored::Nothing, &later), BTreeSet::from([file(b"old"), file(b"new")]));
}

#[test]
fn without_a_sync_anything_may_be_missing() {
    let alone = [CREATE, write(0, b"xy")];
    let all = [Image::new(), file(b""), file(b"xy"), file(b"\0\0")];
    assert_eq!(disks(Ignored::Nothing, &alone), BTreeSet::from(all));
    // The name without the content, and the content without the name.
    let named = [&alone[..], &SYNC_FOLDER].concat();
    let possible = [file(b""), file(b"xy"), file(b"\0\0")];
    assert_eq!(disks(Ignored::Nothing, &named), BTreeSet::from(possible));
    let written = [&alone[..], &SYNC_FILE].concat();
    assert_eq!(disks(Ignored::Nothing, &written), BTreeSet::from([Image::new(), file(b"xy")]));
}

#[test]
fn a_sync_covers_what_came_before_its_beginning() {
    let [begin, end] = SYNC_FILE;
    let during = [&[CREATE], &SYNC_FOLDER[..], &[write(0, b"1"), begin, write(0, b"2")]].concat();
    let before_end = [file(b""), file(b"\0"), file(b"1"), file(b"2")];
    assert_eq!(disks(Ignored::Nothing, &during), BTreeSet::from(before_end));
    let after = [&during[..], &[end]].concat();
    assert_eq!(disks(Ignored::Nothing, &after), BTreeSet::from([file(b"1"), file(b"2")]));
}

#[test]
fn writes_are_torn_between_sectors_and_reordered_but_not_within_a_sector() {
    static OLD: [u8; 1024] = [b'o'; 1024];
    static NEW: [u8; 1024] = [b'n'; 1024];
    let first = [&[CREATE, write(0, &OLD)], &SYNC_FILE[..], &SYNC_FOLDER].concat();
    let then = [&first[..], &[write(0, &NEW), write(1000, b"later")]].concat();
    let (mut torn, mut reordered) = (false, false);
    for image in disks(Ignored::Nothing, &then) {
        let content = image["a"].as_ref().unwrap();
        let (one, two) = (content[0], content[512]);
        torn |= one == b'n' && two == b'o';
        reordered |= one == b'o' && content[1000] == b'l';
        // The later write is never there without the earlier one in the same sector.
        assert!(content[1000] != b'l' || two == b'n');
    }
    assert!(torn && reordered);
}

#[test]
fn the_end_of_a_file_that_is_cut_is_gone_with_the_cut_or_is_as_it_was() {
    static OLD: [u8; 2048] = [b'o'; 2048];
    let begun = [&[CREATE, write(0, &OLD)], &SYNC_FILE[..], &SYNC_FOLDER].concat();
    let cut = [&begun[..], &[Operation::Resize { node: 2, bytes: 0 }]].concat();
    assert_eq!(disks(Ignored::Nothing, &cut), BTreeSet::from([file(&OLD), file(b"")]));
    // What was cut off does not come back when the file grows again.
    let grown = [&cut[..], &[write(1536, b"new")]].concat();
    for image in disks(Ignored::Nothing, &grown) {
        let content = image["a"].as_ref().unwrap();
        let old = content.iter().filter(|byte| **byte == b'o').count();
        let is_whole = content.len() == OLD.len() && (old == 2048 || old == 2045);
        assert!(is_whole || old == 0, "{old} of {}", content.len());
    }
}

#[test]
fn a_renaming_is_there_or_not_and_never_both_names() {
    let (from, to) = ("a", "b");
    let begun = [&[CREATE, write(0, b"x")], &SYNC_FILE[..], &SYNC_FOLDER].concat();
    let renamed = [&begun[..], &[Operation::Rename { from, to }]].concat();
    let after = Image::from([("b".to_owned(), Some(b"x".to_vec()))]);
    assert_eq!(disks(Ignored::Nothing, &renamed), BTreeSet::from([file(b"x"), after]));
}

#[test]
fn a_lost_folder_takes_its_files_with_it() {
    let made = [
        Operation::CreateFolder { node: 3, path: "d" },
        Operation::CreateFile { node: 2, path: "d/a" },
        Operation::SyncBegin { sync: 3, node: 3 },
        Operation::SyncEnd { sync: 3 },
    ];
    let folder = ("d".to_owned(), None);
    let whole = Image::from([folder, ("d/a".to_owned(), Some(Vec::new()))]);
    assert_eq!(disks(Ignored::Nothing, &made), BTreeSet::from([Image::new(), whole.clone()]));
    let safe = [&made[..], &SYNC_FOLDER].concat();
    assert_eq!(disks(Ignored::Nothing, &safe), BTreeSet::from([whole]));
}

#[test]
fn ignored_syncs_make_nothing_safe() {
    let synced = [&[CREATE, write(0, b"x")], &SYNC_FILE[..], &SYNC_FOLDER].concat();
    for (ignored, images) in [
        (Ignored::Nothing, 1),
        (Ignored::Folders, 2),
        (Ignored::Files, 3),
        (Ignored::Everything, 4),
    ] {
        assert_eq!(disks(ignored, &synced).len(), images, "{ignored:?}");
    }
    // A file that is no log.
    assert_eq!(disks(Ignored::Logs, &synced).len(), 1);
}
