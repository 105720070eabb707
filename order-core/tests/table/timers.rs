//! Automatic changes of an order: deadlines, reminders, expiry and archiving, on a clock
//! that the test sets.

use order_core::deadline::AtDeadline;
use order_core::fact::TableFact;
use order_core::stored::{decode_order, encode_order};
use order_core::wire::history_entry;
use order_core::wire::v2::{event, state_text};
use order_core::{
    Actor, Code, Currency, Decision, Fact, Lifetimes, Order, Recorded, Status, UnixMillis, commit, due,
    replay,
};
use proptest::prelude::*;
use std::time::Duration;

use crate::support::folding::{CURSOR, Document};
use crate::support::model::{Model, Step, steps};
use crate::support::table::{
    self, FINALIZE, LOCK, Table, UNLOCK, add_message, join_message, unclaim_message,
};

const HOUR: u64 = 60 * 60 * 1000;

const LIFETIMES: Lifetimes = Lifetimes {
    expire_after: Some(Duration::from_millis(24 * HOUR)),
    archive_after: Some(Duration::from_millis(100 * HOUR)),
};

/// The facts, which must all be automatic ones.
fn happened(facts: &[Recorded]) -> Vec<&Fact> {
    assert!(facts.iter().all(|recorded| recorded.by == Actor::Clock && recorded.stamp.is_none()));
    facts.iter().map(|recorded| &recorded.fact).collect()
}

fn deadline_message(data: &str) -> String {
    format!(r#"{{"type":"set_deadline","data":{{{data}}}}}"#)
}

/// A table with one dish of asha's and a deadline in an hour.
fn table_with_deadline(then: &str) -> (Table, u64) {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "250", "1");
    table.accept("asha", &deadline_message(&format!(r#""in":{HOUR},"then":"{then}""#)));
    let at = table.order.deadline().unwrap().at.get();
    (table, at)
}

#[test]
fn people_are_reminded_and_then_the_order_is_locked_each_once() {
    let (mut table, at) = table_with_deadline("lock");
    assert_eq!(at, table.now + HOUR);
    assert_eq!(table.order.alarm(&LIFETIMES), Some(UnixMillis::new(at - 600_000)));

    assert_eq!(happened(&table.wait_until(at - 600_001, &LIFETIMES)), Vec::<&Fact>::new());
    let first = table.wait_until(at - 600_000, &LIFETIMES);
    assert_eq!(happened(&first), [&Fact::Table(TableFact::Reminded { before: 600_000 })]);
    assert_eq!(
        happened(&table.wait_until(at - 60_000, &LIFETIMES)),
        [&Fact::Table(TableFact::Reminded { before: 60_000 })]
    );
    assert!(!table.order.is_locked());
    table.accept("ben", &add_message("lassi", "60", "1"));

    assert_eq!(
        happened(&table.wait_until(at, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    assert!(table.order.is_locked() && table.order.deadline().unwrap().passed);
    let refused = table.refuse("ben", &add_message("naan", "40", "1"));
    assert_eq!(refused.code(), Code::OrderLocked);
    table.accept("asha", UNLOCK);
    assert_eq!(happened(&table.wait_until(at + 23 * HOUR, &LIFETIMES)), Vec::<&Fact>::new());
    assert!(!table.order.is_locked(), "it has fired, and the owner has the last word");
}

#[test]
fn a_deadline_may_finalize_the_order() {
    let (mut table, at) = table_with_deadline("finalize");
    table.wait_until(at - 1, &LIFETIMES);
    let facts = table.wait_until(at, &LIFETIMES);
    let [Fact::Table(TableFact::Finalized { on_bill: Some(on_bill) })] = happened(&facts)[..] else {
        panic!("{facts:?}")
    };
    assert_eq!(on_bill.len(), 2);
    assert_eq!(table.order.status(), Status::Finalized);
    assert!(table.order.deadline().unwrap().passed);
    assert_eq!(table.refuse("asha", &deadline_message(r#""in":5000"#)).code(), Code::OrderFinalized);
}

#[test]
fn an_order_whose_bill_cannot_stand_is_locked_at_its_deadline() {
    let (mut table, at) = table_with_deadline("finalize");
    table.accept("asha", &unclaim_message("thali"));
    assert_eq!(
        happened(&table.wait_until(at, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    assert_eq!(table.order.status(), Status::Active);
    // The deadline is over even if the order was already locked by hand.
    let (mut table, at) = table_with_deadline("lock");
    table.accept("asha", LOCK);
    assert_eq!(
        happened(&table.wait_until(at, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    assert!(table.order.deadline().unwrap().passed);
}

#[test]
fn of_what_was_missed_during_an_outage_only_the_last_counts() {
    let (mut table, at) = table_with_deadline("lock");
    let data = format!(r#""at":{at},"reminders":[1800000,600000,60000,60000]"#);
    table.accept("asha", &deadline_message(&data));
    assert_eq!(table.order.deadline().unwrap().reminders, [1_800_000, 600_000, 60_000]);
    let mut other = table.clone();
    assert_eq!(
        happened(&table.wait_until(at - 599_000, &LIFETIMES)),
        [&Fact::Table(TableFact::Reminded { before: 600_000 })],
        "half an hour before is over"
    );
    assert_eq!(table.order.deadline().unwrap().reminders, [60_000]);
    assert_eq!(
        happened(&other.wait_until(at + 5, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    assert_eq!(other.order.deadline().unwrap().reminders, [0; 0]);
}

#[test]
fn a_deadline_can_be_moved_and_taken_back() {
    let (mut table, at) = table_with_deadline("lock");
    table.accept("asha", &deadline_message(&format!(r#""at":{},"reminders":[]"#, at + HOUR)));
    assert_eq!(happened(&table.wait_until(at, &LIFETIMES)), Vec::<&Fact>::new());
    table.accept("asha", &deadline_message(""));
    assert_eq!(table.order.deadline(), None);
    assert_eq!(happened(&table.wait_until(at + 2 * HOUR, &LIFETIMES)), Vec::<&Fact>::new());
    let again = table.accept("asha", &deadline_message(""));
    assert_eq!(again, Decision::Unchanged, "there was none to take back");

    // Reminders in the past are left out, and the stored deadline has only the others.
    table.accept("asha", &deadline_message(r#""in":60001,"then":"finalize""#));
    let deadline = table.order.deadline().unwrap();
    assert_eq!((deadline.then, deadline.reminders.as_slice()), (AtDeadline::Finalize, &[60_000][..]));
}

#[test]
fn who_joins_first_may_set_the_deadline_and_nobody_after() {
    let with = |who: &str, then: &str| {
        join_message(who)
            .replace(r#""data":{"#, &format!(r#""data":{{"deadline":{{"in":5000,"then":"{then}"}},"#))
    };
    let mut table = Table::empty();
    table.accept("asha", &with("asha", "finalize"));
    let set = table.order.deadline().unwrap().clone();
    assert_eq!((set.at.get(), set.then), (table.now + 5000, AtDeadline::Finalize));
    table.accept("ben", &with("ben", "lock"));
    assert_eq!(table.order.deadline(), Some(&set));
    assert_eq!(table.refuse("ben", &deadline_message(r#""in":9000"#)).code(), Code::NotOwner);
    table.say_from_backend(&deadline_message(r#""in":9000"#)).unwrap();
}

#[test]
fn a_moment_that_cannot_be_a_deadline_is_refused() {
    let mut table = Table::of(&["asha"]);
    table.now = 1_800_000_000_000;
    let month = 31 * 24 * HOUR;
    let past = format!(r#""at":{}"#, table.now);
    let beyond = format!(r#""in":{}"#, month + 1);
    for data in [
        past.as_str(),
        &beyond,
        r#""at":0"#,
        r#""at":-1"#,
        r#""in":0"#,
        r#""in":-60000"#,
        r#""in":0.5"#,
        r#""at":1e18"#,
        r#""in":"60000""#,
        r#""in":[]"#,
        r#""in":60000,"at":1800000060000"#,
        r#""in":60000,"reminders":[0]"#,
        r#""in":60000,"reminders":[1.5]"#,
        r#""in":60000,"reminders":[-1]"#,
        r#""in":60000,"reminders":[1,2,3,4,5,6]"#,
        r#""in":60000,"reminders":[2678400001]"#,
    ] {
        assert_eq!(table.refuse("asha", &deadline_message(data)).code(), Code::BadDeadline, "{data}");
    }
    for data in [
        r#""in":60000,"then":"fly""#,
        r#""in":60000,"then":1"#,
        r#""in":60000,"reminders":"1""#,
        r#""in":60000,"reminders":["1"]"#,
    ] {
        assert_eq!(table.refuse("asha", &deadline_message(data)).code(), Code::BadField, "{data}");
    }
    assert_eq!(table.refuse("asha", &deadline_message(r#""then":"lock""#)).code(), Code::MissingField);
    table.accept("asha", &deadline_message(&format!(r#""in":{month},"reminders":[{month}]"#)));
}

#[test]
fn an_order_that_nobody_touches_expires_and_nothing_but_payments_changes_it() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "thali", "250", "1");
    table.accept("asha", r#"{"type":"record_payment","data":{"paymentId":"p","amount":50}}"#);
    let last = table.now;
    assert_eq!(table.order.alarm(&LIFETIMES), Some(UnixMillis::new(last + 24 * HOUR)));
    assert_eq!(table.order.alarm(&Lifetimes::default()), None);
    assert_eq!(happened(&table.wait_until(last + 24 * HOUR - 1, &LIFETIMES)), Vec::<&Fact>::new());
    assert_eq!(happened(&table.wait_until(last + 24 * HOUR, &LIFETIMES)), [&Fact::Table(TableFact::Expired)]);
    assert_eq!(table.order.status(), Status::Expired);

    for message in [
        add_message("naan", "40", "1").as_str(),
        FINALIZE,
        LOCK,
        &join_message("chi"),
        &deadline_message(r#""in":5"#),
    ] {
        let who = if message.contains("chi") { "chi" } else { "asha" };
        assert_eq!(table.refuse(who, message).code(), Code::OrderExpired, "{message}");
    }
    assert_eq!(table.accept("ben", &join_message("ben")), Decision::Unchanged, "to look");
    table.accept("asha", r#"{"type":"refund_payment","data":{"paymentId":"p"}}"#);
    assert_eq!(happened(&table.wait_until(last + 9000 * HOUR, &LIFETIMES)), Vec::<&Fact>::new());
}

#[test]
fn an_order_that_waits_for_its_deadline_does_not_expire_before() {
    let mut table = Table::of(&["asha"]);
    table.accept("asha", &deadline_message(&format!(r#""in":{},"reminders":[]"#, 200 * HOUR)));
    let at = table.order.deadline().unwrap().at.get();
    assert_eq!(happened(&table.wait_until(at - 1, &LIFETIMES)), Vec::<&Fact>::new());
    assert_eq!(
        happened(&table.wait_until(at, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    assert_eq!(happened(&table.wait_until(at + 24 * HOUR, &LIFETIMES)), [&Fact::Table(TableFact::Expired)]);
}

#[test]
fn a_finalized_order_is_archived_when_nobody_touches_it_any_more() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "thali", "250", "1");
    table.accept("asha", FINALIZE);
    let finalized = table.now;
    table.now += 50 * HOUR;
    table.accept("asha", r#"{"type":"record_payment","data":{"paymentId":"p","amount":50}}"#);
    assert_eq!(happened(&table.wait_until(finalized + 100 * HOUR, &LIFETIMES)), Vec::<&Fact>::new());
    assert_eq!(
        happened(&table.wait_until(finalized + 151 * HOUR, &LIFETIMES)),
        [&Fact::Table(TableFact::Archived)]
    );
    assert!(table.order.is_finalized() && table.order.status() == Status::Archived);
    assert_eq!(table.order.alarm(&LIFETIMES), None);

    let pay = r#"{"type":"record_payment","data":{"paymentId":"q","amount":5}}"#;
    assert_eq!(table.refuse("asha", pay).code(), Code::OrderArchived);
    assert_eq!(table.refuse_from_backend(pay).code(), Code::OrderArchived);
    assert_eq!(table.refuse("asha", FINALIZE).code(), Code::OrderArchived);
    let text = order_core::wire::sync(&table.order, &order_core::Presence::new(), UnixMillis::new(0));
    assert!(text.text().contains(r#""status":"finalized","archived":true"#), "what old clients know");
}

/// One step of a random test.
#[derive(Debug, Clone)]
enum Turn {
    Say(Step),
    SetDeadline { wait: u64, then: &'static str, reminders: Option<Vec<u64>> },
    Wait(u64),
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let wait = prop_oneof![0..2_000_u64, 0..HOUR, 0..40 * HOUR];
    let deadline = (
        wait.clone(),
        prop_oneof![Just("lock"), Just("finalize")],
        prop::option::of(prop::collection::vec(1..HOUR, 0..5)),
    )
        .prop_map(|(wait, then, reminders)| Turn::SetDeadline { wait, then, reminders });
    let turn = prop_oneof![2 => wait.prop_map(Turn::Wait), 1 => deadline];
    (steps(), prop::collection::vec((any::<prop::sample::Index>(), turn), 1..12)).prop_map(
        |(steps, others)| {
            let mut turns: Vec<_> = steps.into_iter().map(Turn::Say).collect();
            for (place, turn) in others {
                turns.insert(place.index(turns.len() + 1), turn);
            }
            turns
        },
    )
}

proptest! {
    #![proptest_config(table::runs(200))]

    #[test]
    fn timers_fire_on_time_and_once_whatever_happens_between(turns in turns()) {
        let mut table = Table::empty();
        let mut model = Model::default();
        for turn in &turns {
            // As in a room, which checks the clock before a message.
            pass_time(&mut table, 1);
            match turn {
                Turn::Say(step) => {
                    let message = step.message(&model);
                    if table.say(step.who(), &message).is_ok() {
                        model.take(step, table.now);
                    }
                }
                Turn::SetDeadline { wait, then, reminders } => {
                    let owner = table.order.owner().map_or("asha".to_owned(), |owner| owner.id().as_str().to_owned());
                    let reminders = reminders.as_ref().map_or(String::new(), |list| format!(r#","reminders":{list:?}"#));
                    // Refused if there is no order yet, or it is no longer open.
                    let _ = table.say(&owner, &deadline_message(&format!(r#""in":{wait},"then":"{then}"{reminders}"#)));
                }
                Turn::Wait(wait) => pass_time(&mut table, *wait),
            }
        }
        prop_assert_eq!(encode_order(&table.replayed()).unwrap(), table.bytes());
        assert_events_fold(&table);
    }
}

/// Advances the clock, and checks everything that happens meanwhile.
fn pass_time(table: &mut Table, millis: u64) {
    let now = table.now + millis;
    while let Some(alarm) = table.order.alarm(&LIFETIMES).filter(|alarm| alarm.get() <= now) {
        if let Some(before) = alarm.get().checked_sub(1) {
            assert_eq!(due(&table.order, UnixMillis::new(before), &LIFETIMES), None, "too early");
        }
        let before = table.order.clone();
        // A restarted server finds the same.
        let restored = decode_order(&table.bytes()).unwrap();
        let recorded = due(&restored, alarm.max(UnixMillis::new(table.now)), &LIFETIMES);
        let facts = table.wait_until(alarm.get(), &LIFETIMES);
        assert_eq!(facts.first(), recorded.as_ref(), "what is due is due");
        assert_eq!(facts.len(), 1, "one thing at a time: {facts:?}");
        assert_lawful(&before, &table.order, &facts[0]);
    }
    let rest = table.wait_until(now, &LIFETIMES);
    assert_eq!(rest, [], "nothing was due any more");
}

fn assert_lawful(before: &Order, after: &Order, recorded: &Recorded) {
    assert_eq!(recorded.by, Actor::Clock);
    match &recorded.fact {
        Fact::Table(TableFact::Reminded { before: millis }) => {
            let (was, is) = (before.deadline().unwrap(), after.deadline().unwrap());
            assert!(was.reminders.contains(millis) && is.reminders.iter().all(|left| left < millis));
            assert!(!was.passed && !is.passed && recorded.at < was.at);
        }
        Fact::Table(TableFact::LockSet { locked }) => {
            assert!(*locked && !before.deadline().unwrap().passed && after.deadline().unwrap().passed);
            assert!(after.is_locked() && recorded.at >= after.deadline().unwrap().at);
        }
        Fact::Table(TableFact::Finalized { .. }) => {
            assert_eq!(before.deadline().unwrap().then, AtDeadline::Finalize);
            assert!(after.is_finalized() && after.deadline().unwrap().passed);
        }
        Fact::Table(TableFact::Expired) => {
            assert!(before.deadline().is_none_or(|deadline| deadline.passed));
            assert!(recorded.at.get() >= before.updated_at().get() + 24 * HOUR);
        }
        Fact::Table(TableFact::Archived) => {
            assert_eq!(before.status(), Status::Finalized);
            assert!(recorded.at.get() >= before.updated_at().get() + 100 * HOUR);
        }
        other => panic!("{other:?} does not happen by itself"),
    }
}

/// Asserts that the events of the whole log, automatic ones too, lead to the state.
fn assert_events_fold(table: &Table) {
    let mut order = Order::new(table.order.id().clone(), order_core::Currency::default());
    let mut document = Document::parse(&state_text(&order));
    for recorded in &table.log {
        commit(&mut order, recorded).unwrap();
        document.fold(&event(&order, recorded, CURSOR));
        assert_eq!(document.text(), state_text(&order), "after {recorded:?}");
    }
}

#[test]
fn a_clock_that_was_ahead_brings_no_deadline_forward() {
    let mut table = Table::of(&["asha"]);
    table.now += HOUR;
    table.add("asha", "thali", "250", "1");
    table.now -= HOUR;
    table.accept("asha", &deadline_message(&format!(r#""in":{}"#, HOUR / 2)));
    let at = table.order.deadline().unwrap().at.get();
    assert_eq!(at, table.now + HOUR / 2);
    assert_eq!(
        happened(&table.wait_until(at - 600_000, &LIFETIMES)),
        [&Fact::Table(TableFact::Reminded { before: 600_000 })],
        "no earlier than it was asked for"
    );
    assert!(!table.order.is_locked());
    let (reminder, before) = (table.log.last().unwrap(), &table.log[..table.log.len() - 1]);
    let told = history_entry(
        &replay(Order::new(table.order.id().clone(), Currency::default()), before).unwrap(),
        reminder,
    );
    assert!(told.ends_with(r#""left":600000}"#), "{told}");
    table.wait_until(at - 1, &LIFETIMES);
    assert_eq!(
        happened(&table.wait_until(at, &LIFETIMES)),
        [&Fact::Table(TableFact::LockSet { locked: true })]
    );
    let times: Vec<_> = table.log.iter().map(|recorded| recorded.at).collect();
    assert!(times.is_sorted(), "the log's own time does not run backwards: {times:?}");
}

#[test]
fn the_history_says_what_people_were_told_of_a_deadline() {
    let mut table = Table::empty();
    let join = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"deadline":{"in":3600000}}}"#;
    table.accept("asha", join);
    let at = table.order.deadline().unwrap().at.get();
    let entry = |table: &Table, number: usize| {
        let before = Order::new(table.order.id().clone(), Currency::default());
        let before = replay(before, &table.log[..number]).unwrap();
        history_entry(&before, &table.log[number])
    };
    assert!(
        entry(&table, 0).contains(&format!(r#""deadline":{{"at":{at},"then":"lock""#)),
        "{}",
        entry(&table, 0)
    );
    table.wait_until(at - 120_000, &LIFETIMES);
    assert!(entry(&table, 1).ends_with(r#""left":120000}"#), "{}", entry(&table, 1));
}
