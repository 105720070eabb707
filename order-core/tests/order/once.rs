//! A command with an id takes effect once.

use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::{
    Actor, Code, CommandId, Currency, Decision, ItemId, MAX_COMMANDS, MAX_COMMANDS_EACH, Order, OrderId,
    ParticipantId, RESERVED_COMMANDS, Rejection, Stamp, UnixMillis, commit, decide_once, replay, wire,
};

use crate::support::table::{Table, join_message};

const DOSA: &str = r#"{"type":"add_item","id":"c1","data":{"dishName":"Dosa","price":100,"quantity":1}}"#;

#[test]
fn a_dish_that_is_sent_again_is_not_ordered_twice() {
    let mut table = Table::of(&["asha"]);
    let first = once(&mut table, &asha(), DOSA).unwrap();
    let Decision::Record(recorded) = first else { panic!("{first:?}") };
    let before = table.bytes();
    let spaced = DOSA.replace(':', " :\n ").replace(',', " ,\t");
    for again in [DOSA, spaced.as_str()] {
        assert_eq!(once(&mut table, &asha(), again), Ok(Decision::Repeated { seq: recorded.seq }), "{again}");
    }
    assert_eq!(table.bytes(), before);
    assert_eq!(table.order.items().len(), 1);
}

#[test]
fn it_counts_once_after_the_log_is_replayed_and_after_a_snapshot_too() {
    let mut table = Table::of(&["asha"]);
    once(&mut table, &asha(), DOSA).unwrap();
    let stored: Vec<_> =
        table.log.iter().map(|fact| decode_fact(&encode_fact(fact).unwrap()).unwrap()).collect();
    let empty = Order::new(OrderId::new(table.order.id().as_str()).unwrap(), Currency::default());
    let replayed = replay(empty, &stored).unwrap();
    let restored = decode_order(&encode_order(&table.order).unwrap()).unwrap();
    assert_eq!((&replayed, &restored), (&table.order, &table.order));
    for order in [replayed, restored] {
        table.order = order;
        assert_eq!(once(&mut table, &asha(), DOSA), Ok(Decision::Repeated { seq: 2 }));
    }
}

#[test]
fn the_same_id_with_another_command_is_refused() {
    let mut table = Table::of(&["asha"]);
    once(&mut table, &asha(), DOSA).unwrap();
    for other in [
        DOSA.replace("100", "200"),
        DOSA.replace("Dosa", "D osa"),
        DOSA.replace("add_item", "update_split").replace("\"dishName\"", "\"splitType\":\"equal\",\"x\""),
        r#"{"type":"finalize","id":"c1"}"#.to_owned(),
    ] {
        let before = table.bytes();
        let refused = once(&mut table, &asha(), &other).unwrap_err();
        assert_eq!(refused.code(), Code::CommandIdReused, "{other}");
        assert_eq!(table.bytes(), before);
    }
}

#[test]
fn two_people_may_use_the_same_id() {
    let mut table = Table::of(&["asha", "ben"]);
    once(&mut table, &asha(), DOSA).unwrap();
    let ben = Actor::participant(ParticipantId::new("ben").unwrap());
    assert!(matches!(once(&mut table, &ben, DOSA), Ok(Decision::Record(_))));
    let payment = r#"{"type":"record_payment","id":"c1","data":{"amount":10,"payer":"asha"}}"#;
    let backend = once(&mut table, &Actor::Backend, payment).unwrap();
    assert!(matches!(backend, Decision::Record(_)));
    assert!(matches!(once(&mut table, &Actor::Backend, payment), Ok(Decision::Repeated { .. })));
    assert_eq!(table.order.items().len(), 2);
}

#[test]
fn a_stranger_does_not_pass_for_the_back_end() {
    let mut table = Table::of(&["asha"]);
    let payment = r#"{"type":"record_payment","id":"c1","data":{"amount":10,"payer":"asha"}}"#;
    table.add("asha", "i1", "100", "1");
    once(&mut table, &Actor::Backend, payment).unwrap();
    let stranger = Actor::participant(ParticipantId::new("mallory").unwrap());
    assert_eq!(once(&mut table, &stranger, payment).unwrap_err().code(), Code::JoinFirst);
}

#[test]
fn a_refused_command_may_be_sent_again() {
    let mut table = Table::of(&["asha"]);
    let remove = r#"{"type":"remove_item","id":"c9","data":{"itemId":"i1"}}"#;
    assert_eq!(once(&mut table, &asha(), remove).unwrap_err().code(), Code::ItemNotFound);
    table.add("asha", "i1", "100", "1");
    assert!(matches!(once(&mut table, &asha(), remove), Ok(Decision::Record(_))));
}

#[test]
fn a_join_is_the_same_only_with_the_same_name() {
    let mut table = Table::empty();
    let join = join_message("asha").replacen('{', r#"{"id":"j1","#, 1);
    once(&mut table, &asha(), &join).unwrap();
    assert_eq!(once(&mut table, &asha(), &join), Ok(Decision::Repeated { seq: 1 }));
    let renamed =
        r#"{"type":"join","id":"j1","participantId":"asha","participantName":"Somebody","data":{}}"#;
    assert_eq!(once(&mut table, &asha(), renamed).unwrap_err().code(), Code::CommandIdReused);
}

#[test]
fn an_order_remembers_so_many_commands_of_one_participant_and_no_more() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "1", "1");
    for number in 0..MAX_COMMANDS_EACH {
        let quantity = number % 7 + 2;
        let update = format!(
            r#"{{"type":"update_quantity","id":"c{number}","data":{{"itemId":"i1","quantity":{quantity}}}}}"#
        );
        assert!(matches!(once(&mut table, &asha(), &update), Ok(Decision::Record(_))), "{number}");
    }
    assert_eq!(table.order.commands_remembered(), MAX_COMMANDS_EACH);
    let before = table.bytes();
    assert_eq!(
        once(&mut table, &asha(), &DOSA.replace("c1", "new")).unwrap_err().code(),
        Code::TooManyCommands
    );
    assert_eq!(table.bytes(), before);
    let ben = Actor::participant(ParticipantId::new("ben").unwrap());
    assert!(matches!(once(&mut table, &ben, DOSA), Ok(Decision::Record(_))), "others go on");
    table.accept("asha", DOSA);
}

/// Twenty senders without limit leave room for all others, and everything that is reserved
/// for the owner and the back end.
#[test]
fn many_who_send_without_end_cannot_use_up_what_an_order_remembers() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "1", "1");
    let mut used = Vec::new();
    for number in 0..20 {
        let who = format!("p{number}");
        table.join(&who);
        let actor = Actor::participant(ParticipantId::new(&who).unwrap());
        used.push(use_up(&mut table, &actor, "set_tip", r#"{"percent":N}"#));
    }
    assert_eq!(used[..4], [MAX_COMMANDS_EACH; 4]);
    assert!(used[19] > 200, "{used:?}");
    table.join("ben");
    let ben = Actor::participant(ParticipantId::new("ben").unwrap());
    assert!(matches!(once(&mut table, &ben, DOSA), Ok(Decision::Record(_))), "others go on");

    let lock = r#"{"type":"lock_order","id":"lock","data":{}}"#;
    assert!(matches!(once(&mut table, &asha(), lock), Ok(Decision::Record(_))));
    let left = MAX_COMMANDS - table.order.commands_remembered();
    assert!(left > RESERVED_COMMANDS, "{left}");
    assert_eq!(
        use_up(&mut table, &Actor::Backend, "set_charges", r#"{"charges":[],"roundTo":N}"#),
        MAX_COMMANDS_EACH
    );
    // Reconnecting changes nothing, and needs no place.
    let back = join_message("p0").replacen('{', r#"{"id":"back","#, 1);
    let p0 = Actor::participant(ParticipantId::new("p0").unwrap());
    assert_eq!(once(&mut table, &p0, &back), Ok(Decision::Unchanged));
}

/// Sends commands with ids, replacing `N` by a number, until ids are no longer remembered.
/// Returns how many were.
fn use_up(table: &mut Table, actor: &Actor, kind: &str, data: &str) -> usize {
    for number in 0..=MAX_COMMANDS_EACH {
        let data = data.replace('N', if number % 2 == 0 { "10" } else { "1" });
        let command = format!(r#"{{"type":"{kind}","id":"c{number}","data":{data}}}"#);
        match once(table, actor, &command) {
            Ok(Decision::Record(_)) => {}
            Err(refused) => {
                assert_eq!(refused.code(), Code::TooManyCommands);
                return number;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("more than {MAX_COMMANDS_EACH}");
}

fn asha() -> Actor {
    Actor::participant(ParticipantId::new("asha").unwrap())
}

/// Executes a message with an id, as a host does.
fn once(table: &mut Table, actor: &Actor, message: &str) -> Result<Decision, Rejection> {
    let fresh = format!("made-{}", table.log.len());
    let inbound = wire::decode_command(message, || ItemId::new(&fresh).unwrap()).unwrap();
    let stamp = inbound.stamp.unwrap();
    assert_eq!(Stamp::new(CommandId::new(stamp.id().as_str()).unwrap(), stamp.digest()), stamp);
    let decision = decide_once(&table.order, UnixMillis::new(table.now), actor, &stamp, &inbound.command)?;
    if let Decision::Record(recorded) = &decision {
        commit(&mut table.order, recorded).unwrap();
        table.log.push(recorded.clone());
    }
    Ok(decision)
}
