//! A conformance suite that every [`RoomLog`] must pass.
//!
//! [`suite`] checks the contract of the trait; [`durable_suite`] also checks that it
//! survives closing the log. Both panic at the first violation, as a test does, and name
//! it. Each behaviour is also a function of its own, to run alone while it is being fixed.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! order_host::log::conformance::suite(|| async { order_host::log::MemoryLog::new() }).await;
//! # });
//! ```
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a suite tells of a broken promise by panicking"
)]

use std::collections::BTreeSet;
use std::sync::Arc;

use order_core::UnixMillis;
use tokio::task::JoinSet;

use super::{Alarm, AppendError, Link, RoomLog, Snapshot, StoredFact};
use crate::RoomKey;

/// How often an appender that lost the race retries before the suite fails.
const MAX_TRIES: u32 = 10_000;

/// Runs every behaviour, each on a new log from `make`, which must return an empty one each
/// time.
pub async fn suite<F, Fut, L>(make: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = L>,
    L: RoomLog,
{
    a_new_log_is_ready(make().await).await;
    an_unknown_room_is_empty(make().await).await;
    the_first_fact_is_number_one(make().await).await;
    facts_are_read_in_the_order_they_were_appended(make().await).await;
    reads_start_after_a_number_and_stop_at_the_limit(make().await).await;
    a_conflict_names_the_last_number_and_changes_nothing(make().await).await;
    a_batch_is_numbered_as_one_and_refused_as_one(make().await).await;
    appending_nothing_checks_the_number_and_stores_nothing(make().await).await;
    rooms_know_nothing_of_each_other(make().await).await;
    facts_come_back_byte_for_byte(make().await).await;
    links_come_back_as_they_were_given(make().await).await;
    the_chain_key_is_the_same_whenever_it_is_asked_for(make().await).await;
    a_fact_of_a_mebibyte_comes_back(make().await).await;
    a_snapshot_replaces_the_one_before(make().await).await;
    snapshots_do_not_change_what_is_read(make().await).await;
    a_room_has_one_alarm_and_all_of_them_come_in_order(make().await).await;
    an_alarm_is_no_fact(make().await).await;
    of_many_who_append_at_the_same_number_one_wins(make().await).await;
    many_appenders_of_one_room_lose_nothing_and_double_nothing(make().await).await;
    many_rooms_at_once_each_get_their_own(make().await).await;
    a_reader_beside_a_writer_never_sees_a_gap(make().await).await;
}

/// Runs every behaviour of a log that outlives its process. `open` opens one and the same
/// storage, empty the first time; the suite never has it open twice.
pub async fn durable_suite<F, Fut, L>(open: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = L>,
    L: RoomLog,
{
    let (a, b) = (room("durable-a"), room("durable-b"));
    let log = open().await;
    assert_eq!(log.append(&a, 0, vec![fact(1), fact(2)]).await, Ok(2));
    assert_eq!(log.append(&b, 0, vec![fact(10)]).await, Ok(1));
    assert_eq!(log.append(&a, 2, vec![odd_bytes()]).await, Ok(3));
    let snapshot = Snapshot { seq: 2, state: b"two".to_vec() };
    log.save_snapshot(&a, snapshot.clone()).await.expect("a snapshot is saved");
    log.set_alarm(&a, Some(UnixMillis::new(7))).await.expect("an alarm is set");
    log.set_alarm(&b, Some(UnixMillis::new(5))).await.expect("an alarm is set");
    log.set_alarm(&b, None).await.expect("an alarm is taken back");
    let chain_key = log.chain_key().await.expect("the key can be read");
    drop(log);

    let log = open().await;
    assert_eq!(log.chain_key().await, Ok(chain_key), "the key of links outlives the log");
    assert_eq!(log.ready().await, Ok(()), "a log that was opened again is ready");
    assert_eq!(all(&log, &a).await, [fact(1), fact(2), odd_bytes()], "facts outlive the log");
    assert_eq!(all(&log, &b).await, [fact(10)], "facts of each room outlive the log");
    let alarms = log.alarms(None, usize::MAX).await;
    assert_eq!(alarms, Ok(vec![alarm("durable-a", 7)]), "alarms outlive the log");
    let remembered = log.load_snapshot(&a).await.expect("snapshots can be read");
    assert!(
        remembered.is_none_or(|found| found == snapshot),
        "a snapshot may be forgotten, but comes back unchanged or not at all"
    );
    let stale = log.append(&a, 0, vec![fact(99)]).await;
    assert_eq!(stale, Err(AppendError::Conflict { last: 3 }), "numbers go on where they were");
    assert_eq!(log.append(&a, 3, vec![fact(4)]).await, Ok(4));
    drop(log);

    let log = open().await;
    assert_eq!(all(&log, &a).await, [fact(1), fact(2), odd_bytes(), fact(4)]);
    assert_eq!(all(&log, &room("durable-c")).await, [] as [StoredFact; 0]);
}

/// Checks that a new log is ready without preparation.
pub async fn a_new_log_is_ready<L: RoomLog>(log: L) {
    assert_eq!(log.ready().await, Ok(()));
}

/// Checks that a room exists only from its first fact on, and that reading does not create
/// one.
pub async fn an_unknown_room_is_empty<L: RoomLog>(log: L) {
    let key = room("unknown");
    assert_eq!(all(&log, &key).await, [] as [StoredFact; 0]);
    assert_eq!(log.read(&key, u64::MAX, usize::MAX).await, Ok(Vec::new()), "at the largest numbers too");
    assert_eq!(log.load_snapshot(&key).await, Ok(None));
    assert_eq!(log.append(&key, 1, vec![fact(2)]).await, Err(AppendError::Conflict { last: 0 }));
}

/// Checks that sequence numbers start at 1.
pub async fn the_first_fact_is_number_one<L: RoomLog>(log: L) {
    let key = room("first");
    assert_eq!(log.append(&key, 0, vec![fact(1)]).await, Ok(1));
    assert_eq!(all(&log, &key).await, [fact(1)], "what was answered can be read at once");
}

/// Checks that facts are read in order and without gaps.
pub async fn facts_are_read_in_the_order_they_were_appended<L: RoomLog>(log: L) {
    let key = room("order");
    for seq in 1..=50 {
        assert_eq!(log.append(&key, seq - 1, vec![fact(seq)]).await, Ok(seq));
    }
    assert_eq!(all(&log, &key).await, (1..=50).map(fact).collect::<Vec<_>>());
}

/// Checks that `after` is exclusive and `limit` an upper bound, for any values.
pub async fn reads_start_after_a_number_and_stop_at_the_limit<L: RoomLog>(log: L) {
    let key = room("limits");
    log.append(&key, 0, (1..=10).map(fact).collect()).await.expect("an append");
    let read = async |after, limit| log.read(&key, after, limit).await.expect("a read");
    assert_eq!(read(0, 3).await, [fact(1), fact(2), fact(3)]);
    assert_eq!(read(3, 3).await, [fact(4), fact(5), fact(6)]);
    assert_eq!(read(9, 3).await, [fact(10)]);
    assert_eq!(read(8, usize::MAX).await, [fact(9), fact(10)]);
    assert_eq!(read(0, 0).await, [] as [StoredFact; 0]);
    assert_eq!(read(10, 3).await, [] as [StoredFact; 0]);
    assert_eq!(read(u64::MAX, 3).await, [] as [StoredFact; 0]);
}

/// Checks that a wrong `expected`, lower or higher, is refused and stores nothing.
pub async fn a_conflict_names_the_last_number_and_changes_nothing<L: RoomLog>(log: L) {
    let key = room("conflict");
    log.append(&key, 0, vec![fact(1), fact(2)]).await.expect("an append");
    for expected in [0, 1, 3, 1_000, u64::MAX] {
        let refused = log.append(&key, expected, vec![fact(99)]).await;
        assert_eq!(refused, Err(AppendError::Conflict { last: 2 }), "expected {expected}");
        assert_eq!(all(&log, &key).await, [fact(1), fact(2)], "a conflict stores nothing");
    }
    assert_eq!(log.append(&key, 2, vec![fact(3)]).await, Ok(3), "a conflict leaves the room usable");
}

/// Checks that an append stores all of its facts or none.
pub async fn a_batch_is_numbered_as_one_and_refused_as_one<L: RoomLog>(log: L) {
    let key = room("batch");
    assert_eq!(log.append(&key, 0, (1..=500).map(fact).collect()).await, Ok(500));
    let refused = log.append(&key, 499, vec![fact(97), fact(98), fact(99)]).await;
    assert_eq!(refused, Err(AppendError::Conflict { last: 500 }));
    assert_eq!(log.append(&key, 500, vec![fact(501), fact(502)]).await, Ok(502));
    assert_eq!(all(&log, &key).await, (1..=502).map(fact).collect::<Vec<_>>());
}

/// Checks that an empty append compares `expected`, so that a caller can check that it is
/// up to date.
pub async fn appending_nothing_checks_the_number_and_stores_nothing<L: RoomLog>(log: L) {
    let key = room("nothing");
    assert_eq!(log.append(&key, 0, Vec::new()).await, Ok(0));
    assert_eq!(log.append(&key, 1, Vec::new()).await, Err(AppendError::Conflict { last: 0 }));
    assert_eq!(log.append(&key, 0, vec![fact(1)]).await, Ok(1));
    assert_eq!(log.append(&key, 1, Vec::new()).await, Ok(1));
    assert_eq!(log.append(&key, 0, Vec::new()).await, Err(AppendError::Conflict { last: 1 }));
    assert_eq!(all(&log, &key).await, [fact(1)]);
}

/// Checks that rooms are separate, however similar their names are.
pub async fn rooms_know_nothing_of_each_other<L: RoomLog>(log: L) {
    let names =
        [("main", "table"), ("main", "Table"), ("main", "table%20"), ("main", "tabl"), ("Main", "table")];
    let keys = names.map(|(party, room)| RoomKey::new(party, room).expect("a room's name"));
    for (number, key) in (1..).zip(&keys) {
        assert_eq!(log.append(key, 0, vec![fact(number)]).await, Ok(1), "{key} starts at 1");
        log.save_snapshot(key, Snapshot { seq: 1, state: fact(number).bytes })
            .await
            .expect("a snapshot is saved");
    }
    for (number, key) in (1..).zip(&keys) {
        assert_eq!(all(&log, key).await, [fact(number)], "{key} has its own facts");
        let snapshot = log.load_snapshot(key).await.expect("snapshots can be read");
        assert!(snapshot.is_none_or(|found| found.state == fact(number).bytes), "{key} has its own snapshot");
    }
}

/// Checks that facts are opaque: they may be empty, not UTF-8, or contain what has a
/// meaning elsewhere.
pub async fn facts_come_back_byte_for_byte<L: RoomLog>(log: L) {
    let key = room("bytes");
    let facts: Vec<StoredFact> = vec![
        Vec::new().into(),
        odd_bytes(),
        vec![0; 3].into(),
        b"'; DROP TABLE log; --\r\n\r\n".to_vec().into(),
        vec![0xFF, 0xFE, 0xC0, 0x80].into(),
        "\u{FEFF}थाली 🍛\u{0}".as_bytes().to_vec().into(),
    ];
    log.append(&key, 0, facts.clone()).await.expect("an append");
    assert_eq!(all(&log, &key).await, facts);
}

/// Checks that a log stores links without computing or checking them, and that a missing
/// link stays missing.
pub async fn links_come_back_as_they_were_given<L: RoomLog>(log: L) {
    let key = room("links");
    let linked = |number: u8| StoredFact {
        bytes: fact(number.into()).bytes,
        link: (!number.is_multiple_of(3)).then(|| Link::new([number; 16])),
    };
    let facts: Vec<StoredFact> = (0..50).map(linked).collect();
    log.append(&key, 0, facts[..1].to_vec()).await.expect("an append");
    log.append(&key, 1, facts[1..40].to_vec()).await.expect("an append of many");
    log.append(&key, 40, facts[40..].to_vec()).await.expect("an append");
    assert_eq!(all(&log, &key).await, facts);
    assert_eq!(log.read(&key, 39, 3).await.as_deref(), Ok(&facts[39..42]), "wherever the reading begins");
}

/// Checks that the chain key does not change.
pub async fn the_chain_key_is_the_same_whenever_it_is_asked_for<L: RoomLog>(log: L) {
    let first = log.chain_key().await.expect("the key can be read");
    log.append(&room("keyed"), 0, vec![fact(1)]).await.expect("an append");
    assert_eq!(log.chain_key().await, Ok(first));
    assert_ne!(*first.bytes(), [0; 16], "a key is random");
}

/// Checks a fact larger than any that a room writes today.
pub async fn a_fact_of_a_mebibyte_comes_back<L: RoomLog>(log: L) {
    let key = room("big");
    let big: Vec<u8> = (0..1_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let big = StoredFact::from(big);
    assert_eq!(log.append(&key, 0, vec![fact(1), big.clone(), fact(3)]).await, Ok(3));
    let found = all(&log, &key).await;
    assert_eq!(found.len(), 3);
    assert!(found[1] == big, "a big fact comes back byte for byte");
    assert_eq!((&found[0], &found[2]), (&fact(1), &fact(3)));
}

/// Checks that only the last saved snapshot may be found, even if its sequence number is
/// lower.
pub async fn a_snapshot_replaces_the_one_before<L: RoomLog>(log: L) {
    let key = room("snapshot");
    log.append(&key, 0, (1..=9).map(fact).collect()).await.expect("an append");
    for seq in [3, 9, 9, 4] {
        let snapshot = Snapshot { seq, state: format!("state {seq}").into_bytes() };
        log.save_snapshot(&key, snapshot.clone()).await.expect("a snapshot is saved");
        let found = log.load_snapshot(&key).await.expect("snapshots can be read");
        assert!(found.is_none_or(|found| found == snapshot), "only the last snapshot may be found");
    }
    let big = Snapshot { seq: 9, state: vec![7; 1 << 20] };
    log.save_snapshot(&key, big.clone()).await.expect("a big snapshot is saved");
    assert!(log.load_snapshot(&key).await.expect("snapshots can be read").is_none_or(|found| found == big));
}

/// Checks that a snapshot is only a cache: earlier facts stay, and numbering is not
/// affected.
pub async fn snapshots_do_not_change_what_is_read<L: RoomLog>(log: L) {
    let key = room("cache");
    log.append(&key, 0, vec![fact(1), fact(2), fact(3)]).await.expect("an append");
    for seq in [2, 3, 1_000] {
        log.save_snapshot(&key, Snapshot { seq, state: b"state".to_vec() })
            .await
            .expect("a snapshot is saved");
        assert_eq!(all(&log, &key).await, [fact(1), fact(2), fact(3)]);
        assert_eq!(log.append(&key, seq + 7, vec![fact(9)]).await, Err(AppendError::Conflict { last: 3 }));
    }
    assert_eq!(log.append(&key, 3, vec![fact(4)]).await, Ok(4));

    let unborn = room("only-a-snapshot");
    log.save_snapshot(&unborn, Snapshot { seq: 5, state: Vec::new() }).await.expect("a snapshot is saved");
    assert_eq!(log.append(&unborn, 0, vec![fact(1)]).await, Ok(1), "a snapshot is no fact");
}

/// Checks that the compare-and-set keeps two writers of one room apart.
pub async fn of_many_who_append_at_the_same_number_one_wins<L: RoomLog>(log: L) {
    let (log, key) = (Arc::new(log), room("race"));
    for last in 0..20 {
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let (log, key) = (Arc::clone(&log), key.clone());
            racers.spawn(async move { (racer, log.append(&key, last, vec![fact(racer)]).await) });
        }
        let mut winner = None;
        while let Some(ended) = racers.join_next().await {
            match ended.expect("no append panics") {
                (racer, Ok(seq)) => {
                    assert_eq!(seq, last + 1);
                    assert_eq!(winner.replace(racer), None, "two appends got number {seq}");
                }
                (_, refused) => assert_eq!(refused, Err(AppendError::Conflict { last: last + 1 })),
            }
        }
        let winner = winner.expect("one of the appends wins");
        let stored = log.read(&key, last, 10).await.expect("a read");
        assert_eq!(stored, [fact(winner)], "what is stored is the winner's");
    }
}

/// Checks many appenders of one room, each of which retries with the number from the
/// conflict until all its facts are stored.
pub async fn many_appenders_of_one_room_lose_nothing_and_double_nothing<L: RoomLog>(log: L) {
    const APPENDERS: u64 = 12;
    const EACH: u64 = 12;
    let (log, key) = (Arc::new(log), room("crowd"));
    let mut appenders = JoinSet::new();
    for appender in 0..APPENDERS {
        let (log, key) = (Arc::clone(&log), key.clone());
        appenders.spawn(async move {
            let mut stored = Vec::new();
            let mut last = 0;
            for number in 0..EACH {
                let mine = fact(appender * 1_000 + number);
                last = append_whatever_it_takes(&*log, &key, last, &mine).await;
                stored.push((last, mine));
            }
            stored
        });
    }
    let mut answered = appenders.join_all().await.concat();
    answered.sort_unstable_by_key(|(seq, _)| *seq);
    let seqs: Vec<u64> = answered.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=APPENDERS * EACH).collect::<Vec<_>>(), "every number is given once");
    let facts: Vec<StoredFact> = answered.into_iter().map(|(_, fact)| fact).collect();
    assert_eq!(all(&*log, &key).await, facts, "every fact is where its answer said");
}

/// Checks as many rooms as a busy evening has, all appending at once.
pub async fn many_rooms_at_once_each_get_their_own<L: RoomLog>(log: L) {
    const ROOMS: u64 = 40;
    const EACH: u64 = 10;
    let log = Arc::new(log);
    let mut tables = JoinSet::new();
    for table in 0..ROOMS {
        let log = Arc::clone(&log);
        tables.spawn(async move {
            let key = room(&format!("table-{table}"));
            for seq in 1..=EACH {
                let stored = log.append(&key, seq - 1, vec![fact(table * 1_000 + seq)]).await;
                assert_eq!(stored, Ok(seq), "nobody else appends to {key}");
                if seq % 5 == 0 {
                    let stale = log.append(&key, 0, vec![fact(99)]).await;
                    assert_eq!(stale, Err(AppendError::Conflict { last: seq }));
                    log.save_snapshot(&key, Snapshot { seq, state: fact(seq).bytes })
                        .await
                        .expect("a snapshot");
                }
            }
        });
    }
    tables.join_all().await;
    for table in 0..ROOMS {
        let facts = all(&*log, &room(&format!("table-{table}"))).await;
        assert_eq!(facts, (1..=EACH).map(|seq| fact(table * 1_000 + seq)).collect::<Vec<_>>());
    }
}

/// Checks that a reader sees at least what was acknowledged, and whole batches only.
pub async fn a_reader_beside_a_writer_never_sees_a_gap<L: RoomLog>(log: L) {
    const BATCHES: u64 = 40;
    let (log, key) = (Arc::new(log), room("beside"));
    let (answered, last) = tokio::sync::watch::channel(0);
    let writing = tokio::spawn({
        let (log, key) = (Arc::clone(&log), key.clone());
        async move {
            for batch in 0..BATCHES {
                let seq = batch * 3;
                let facts = vec![fact(seq + 1), fact(seq + 2), fact(seq + 3)];
                let last = log.append(&key, seq, facts).await.expect("nobody else appends");
                answered.send_replace(last);
            }
        }
    });
    loop {
        let at_least = *last.borrow();
        let found = all(&*log, &key).await;
        let count = found.len() as u64;
        assert!(count >= at_least, "{at_least} facts were answered, {count} found");
        assert_eq!(count % 3, 0, "a batch is seen as a whole");
        assert_eq!(found, (1..=count).map(fact).collect::<Vec<_>>(), "without a gap, in order");
        if at_least == BATCHES * 3 {
            break;
        }
        assert!(!writing.is_finished() || *last.borrow() == BATCHES * 3, "the writer gave up");
        tokio::task::yield_now().await;
    }
    writing.await.expect("the writer ends well");
}

/// Checks that a new alarm replaces the old one, and that pages of alarms are in order.
pub async fn a_room_has_one_alarm_and_all_of_them_come_in_order<L: RoomLog>(log: L) {
    assert_eq!(log.alarms(None, 10).await, Ok(Vec::new()));
    for (name, at) in [("c", 20), ("a", 30), ("b", 20), ("d", 99), ("a", 10)] {
        log.set_alarm(&room(name), Some(UnixMillis::new(at))).await.expect("an alarm is set");
    }
    log.set_alarm(&room("d"), None).await.expect("an alarm is taken back");
    log.set_alarm(&room("e"), None).await.expect("there is none to take back");
    assert_eq!(log.alarm(&room("a")).await, Ok(Some(UnixMillis::new(10))));
    assert_eq!(log.alarm(&room("d")).await, Ok(None));
    let all = [alarm("a", 10), alarm("b", 20), alarm("c", 20)];
    assert_eq!(log.alarms(None, usize::MAX).await.as_deref(), Ok(&all[..]));
    assert_eq!(log.alarms(None, 2).await.as_deref(), Ok(&all[..2]));
    assert_eq!(log.alarms(Some(&all[1]), 5).await.as_deref(), Ok(&all[2..]));
    assert_eq!(
        log.alarms(Some(&alarm("bb", 20)), 5).await.as_deref(),
        Ok(&all[2..]),
        "of a room that has none"
    );
    assert_eq!(log.alarms(Some(&all[2]), 5).await, Ok(Vec::new()));
}

/// Checks that an alarm creates no room and takes no sequence number.
pub async fn an_alarm_is_no_fact<L: RoomLog>(log: L) {
    let key = room("alarmed");
    log.set_alarm(&key, Some(UnixMillis::new(1))).await.expect("an alarm is set");
    assert_eq!(all(&log, &key).await, [] as [StoredFact; 0]);
    assert_eq!(log.append(&key, 0, vec![fact(1)]).await, Ok(1));
    assert_eq!(log.alarm(&key).await, Ok(Some(UnixMillis::new(1))));
}

async fn append_whatever_it_takes<L: RoomLog>(
    log: &L,
    key: &RoomKey,
    mut last: u64,
    mine: &StoredFact,
) -> u64 {
    let mut seen = BTreeSet::new();
    for _ in 0..MAX_TRIES {
        match log.append(key, last, vec![mine.clone()]).await {
            Ok(seq) => return seq,
            Err(AppendError::Conflict { last: now }) => {
                assert!(seen.insert(now), "the room was at {now} before, and must have gone on since");
                last = now;
            }
            Err(error) => panic!("a healthy log does not fail: {error}"),
        }
    }
    panic!("{MAX_TRIES} conflicts in a row")
}

async fn all<L: RoomLog>(log: &L, key: &RoomKey) -> Vec<StoredFact> {
    log.read(key, 0, usize::MAX).await.expect("a room can be read")
}

fn room(name: &str) -> RoomKey {
    RoomKey::new("conformance", name).expect("a room's name")
}

fn alarm(name: &str, at: u64) -> Alarm {
    Alarm { at: UnixMillis::new(at), room: room(name) }
}

fn fact(number: u64) -> StoredFact {
    format!("{{\"fact\":{number}}}").into_bytes().into()
}

fn odd_bytes() -> StoredFact {
    (0..=u8::MAX).rev().collect::<Vec<u8>>().into()
}
