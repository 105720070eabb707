//! What may be left, case by case.

use std::collections::BTreeSet;

use super::*;

fn wrote(at: usize, byte: u8, bytes: usize) -> Event {
    Event::Wrote { name: "f".to_owned(), at, bytes: vec![byte; bytes] }
}

fn synced(began: usize) -> Event {
    Event::Synced { name: "f".to_owned(), began }
}

/// Returns a disk on which the file `f`, two pages of 1, is synced, after these events.
fn after(events: &[Event]) -> Disk {
    let mut disk = Disk::with(Files::from([("f".to_owned(), vec![1; 2 * PAGE])]));
    for (index, event) in events.iter().enumerate() {
        disk.take(index, event);
    }
    disk
}

/// Returns what cuts with many seeds leave of `f`.
fn left(disk: &Disk) -> BTreeSet<Option<Vec<u8>>> {
    (0..200).map(|luck| disk.after_a_cut(luck).remove("f")).collect()
}

#[test]
fn what_was_synced_is_there_whatever_the_luck() {
    let disk = after(&[wrote(0, 2, PAGE), synced(1)]);
    let expected = [vec![2; PAGE], vec![1; PAGE]].concat();
    assert_eq!(left(&disk), BTreeSet::from([Some(expected)]));
    assert!(!disk.is_at_risk());
}

#[test]
fn what_was_not_synced_may_be_there_in_part_and_in_any_order() {
    let disk = after(&[wrote(0, 2, 1024), wrote(1024, 3, 1024)]);
    let starts: BTreeSet<_> =
        left(&disk).into_iter().flatten().map(|bytes| [0, 512, 1024, 1536].map(|at| bytes[at])).collect();
    for possible in [[1, 1, 1, 1], [2, 2, 3, 3], [2, 2, 1, 1], [1, 1, 3, 3], [1, 2, 1, 1]] {
        assert!(starts.contains(&possible), "{possible:?} of {starts:?}");
    }
    assert!(starts.iter().all(|[a, b, c, d]| *a < 3 && *b < 3 && *c != 2 && *d != 2), "{starts:?}");
}

#[test]
fn what_came_while_a_sync_was_under_way_is_not_covered_by_it() {
    let disk = after(&[wrote(0, 2, 512), wrote(PAGE, 3, 512), synced(1)]);
    let seen: BTreeSet<_> = left(&disk).into_iter().flatten().map(|bytes| (bytes[0], bytes[PAGE])).collect();
    assert_eq!(seen, BTreeSet::from([(2, 1), (2, 3)]));
}

#[test]
fn what_a_failed_sync_was_for_may_be_lost_though_a_later_one_ends_well() {
    let failed = Event::SyncFailed { name: "f".to_owned(), began: 1 };
    let disk = after(&[wrote(0, 2, 512), failed.clone(), wrote(PAGE, 3, 512), synced(3)]);
    let seen: BTreeSet<_> = left(&disk).into_iter().flatten().map(|bytes| (bytes[0], bytes[PAGE])).collect();
    assert_eq!(seen, BTreeSet::from([(1, 3), (2, 3)]));
    let written_again = after(&[wrote(0, 2, 512), failed, wrote(0, 2, 512), synced(3)]);
    assert_eq!(left(&written_again).len(), 1);
}

#[test]
fn a_file_that_was_cut_short_is_as_it_was_before_or_after() {
    let disk = after(&[Event::Length { name: "f".to_owned(), bytes: 0 }]);
    assert_eq!(left(&disk), BTreeSet::from([Some(Vec::new()), Some(vec![1; 2 * PAGE])]));
}

#[test]
fn a_name_is_safe_once_its_folder_is_synced() {
    let made = || Event::Made("new".to_owned());
    let there = |disk: &Disk| -> BTreeSet<bool> {
        (0..200).map(|luck| disk.after_a_cut(luck).contains_key("new")).collect()
    };
    assert_eq!(there(&after(&[made()])), BTreeSet::from([false, true]));
    assert_eq!(there(&after(&[made(), Event::FolderSynced { began: 1 }])), BTreeSet::from([true]));
    assert_eq!(left(&after(&[Event::Removed("f".to_owned())])).len(), 2);
}

#[test]
fn one_seed_leaves_the_same_files_each_time() {
    let disk = after(&[wrote(100, 2, 5_000), wrote(0, 3, 700), wrote(9_000, 4, 3_000)]);
    for luck in 0..50 {
        assert_eq!(disk.after_a_cut(luck), disk.after_a_cut(luck));
    }
}
