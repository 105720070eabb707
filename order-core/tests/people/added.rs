//! Diners without a phone: somebody adds them, and later somebody takes their seat.

use order_core::command::PeopleCommand;
use order_core::stored::decode_order;
use order_core::wire::v2::{event, state_text};
use order_core::{
    Actor, Code, Command, Decision, ItemId, MAX_ADDED_EACH, ParticipantId, UnixMillis, commit, decide, wire,
};

use crate::support::folding::{CURSOR, Document};
use crate::support::friends::{answer, send};
use crate::support::paying::{pay, settlement, split_of, state};
use crate::support::table::{
    FINALIZE, LEAVE, LOCK, READY, Table, assign_message, hand_over_message, join_message, send_away_message,
};

#[test]
fn somebody_without_a_phone_orders_shares_and_is_paid_for() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", &add("dadi", "Dadi"));
    table.add("ben", "chai", "30", "1");
    table.accept("asha", &assign_message("chai", r#"["dadi"]"#));
    table.accept("asha", r#"{"type":"add_item","data":{"id":"naan","dishName":"Naan","price":60,"quantity":1,"sharedBy":["asha","ben","dadi"]}}"#);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    let amount = |table: &Table, who: &str| split_of(table, who).unwrap().at("amount").number().to_owned();
    assert_eq!(["asha", "ben", "dadi"].map(|who| amount(&table, who)), ["20", "20", "50"]);
    table.split("asha", r#"{"splitType":"equal"}"#);
    assert_eq!(["asha", "ben", "dadi"].map(|who| amount(&table, who)), ["30", "30", "30"]);
    table.accept("asha", &pay(r#"{"amount":90,"payer":"dadi","for":["asha","ben","dadi"]}"#));
    table.accept("asha", FINALIZE);
    let mut told = settlement(&table);
    told.sort();
    assert_eq!(told, ["asha to dadi 30", "ben to dadi 30"]);
}

#[test]
fn the_state_says_who_added_somebody_until_and_after_their_seat_is_taken() {
    let mut table = Table::of(&["asha"]);
    table.accept("asha", &add("dadi", "Dadi"));
    let person = |table: &Table| state(table).at("participants").list()[1].clone();
    let shown = person(&table);
    assert_eq!(
        [shown.at("id").text(), shown.at("name").text(), shown.at("addedBy").text()],
        ["dadi", "Dadi", "asha"]
    );
    assert!(shown.at("vacant").truth() && !shown.at("isOnline").truth());
    assert_eq!(shown.at("role").text(), "member");
    take_seat(&mut table, "dadi").unwrap();
    let shown = person(&table);
    assert_eq!(shown.at("addedBy").text(), "asha");
    assert!(shown.get("vacant").is_none());
    assert!(
        state(&table).at("participants").list()[0].get("addedBy").is_none(),
        "as before for everybody else"
    );
}

#[test]
fn nobody_takes_a_seat_without_its_code() {
    let mut table = Table::of(&["asha"]);
    table.accept("asha", &add("dadi", "Dadi"));
    for message in
        [join_message("dadi"), r#"{"type":"join","participantId":"dadi","data":{"code":"0000"}}"#.to_owned()]
    {
        let rejection = table.refuse("dadi", &message);
        assert_eq!((rejection.code(), rejection.field_name()), (Code::WrongCode, Some("data.code")));
    }
    take_seat(&mut table, "dadi").unwrap();
    // From now on they are somebody like any other.
    table.accept("dadi", READY);
    assert!(matches!(table.say("dadi", &join_message("dadi")), Ok(Decision::Record(_))), "another name");
    table.leave("dadi");
    table.join("dadi");
}

#[test]
fn a_seat_can_be_taken_to_pay_back_after_the_end() {
    let mut table = Table::of(&["asha"]);
    table.accept("asha", &add("dadi", "Dadi"));
    table.add("asha", "thali", "100", "1");
    table.accept("asha", &pay(r#"{"amount":100,"for":["asha","dadi"]}"#));
    table.accept("asha", FINALIZE);
    assert_eq!(table.refuse("dadi", &join_message("dadi")).code(), Code::WrongCode);
    take_seat(&mut table, "dadi").unwrap();
    table.accept("dadi", &send("d1", "asha", "50"));
    table.accept("asha", &answer("d1", true));
    assert_eq!(settlement(&table), [""; 0]);
    assert_eq!(take_seat(&mut table, "dadi"), Ok(false), "they look at it again");
}

#[test]
fn a_person_without_a_phone_never_owns_the_order_nor_holds_it_up() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", r#"{"type":"set_rules","data":{"finalizeWhenReady":true}}"#);
    table.add("asha", "thali", "100", "1");
    table.accept("ben", &add("dadi", "Dadi"));
    assert_eq!(table.refuse("asha", &hand_over_message("dadi")).code(), Code::UnknownParticipant);
    let mut alone = table.clone();
    alone.leave("asha");
    alone.leave("ben");
    assert_eq!(alone.order.owner(), None, "dadi is still at the table, and owns nothing");
    alone.join("ben");
    assert_eq!(alone.order.owner().unwrap().id().as_str(), "ben");
    table.accept("asha", READY);
    table.accept("ben", READY);
    assert!(table.order.is_finalized(), "all who can say so are ready");
}

#[test]
fn whoever_is_at_the_table_adds_people_also_where_it_is_locked() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", LOCK);
    table.accept("ben", &add("dadi", "Dadi"));
    assert_eq!(table.refuse("nobody", &add("nani", "Nani")).code(), Code::JoinFirst);
    assert_eq!(table.refuse_from_backend(&add("nani", "Nani")).code(), Code::JoinFirst);
    table.leave("ben");
    assert_eq!(table.refuse("ben", &add("nani", "Nani")).code(), Code::JoinFirst);
    table.accept("asha", &send_away_message("dadi", "keep"));
    assert_eq!(take_seat(&mut table, "dadi").unwrap_err(), Code::Removed);
    table.add("asha", "thali", "1", "1");
    table.accept("asha", FINALIZE);
    assert_eq!(table.refuse("asha", &add("nani", "Nani")).code(), Code::OrderFinalized);
}

#[test]
fn what_cannot_be_added_is_refused() {
    let mut table = Table::of(&["asha", "ben"]);
    let taken = table.refuse("asha", &add("ben", "Ben"));
    assert_eq!((taken.code(), taken.field_name()), (Code::ParticipantIdTaken, Some("data.participantId")));
    for (data, code) in [
        (r#"{"participantId":"dadi"}"#, Code::MissingField),
        (r#"{"participantId":"dadi","name":" "}"#, Code::BadText),
        (r#"{"participantId":"a\u0000","name":"Dadi"}"#, Code::BadField),
        (r#"{"participantId":7,"name":"Dadi"}"#, Code::BadField),
    ] {
        assert_eq!(
            table.refuse("asha", &format!(r#"{{"type":"add_person","data":{data}}}"#)).code(),
            code,
            "{data}"
        );
    }
    let Decision::Record(recorded) = table.accept("asha", r#"{"type":"add_person","data":{"name":"Dadi"}}"#)
    else {
        panic!("no fact")
    };
    assert_eq!(recorded.by.id().unwrap().as_str(), "asha");
    for number in 1..MAX_ADDED_EACH {
        table.accept("asha", &add(&format!("p{number}"), "P"));
    }
    assert_eq!(table.refuse("asha", &add("over", "P")).code(), Code::TooManyParticipants);
    table.accept("ben", &add("over", "P"));
}

#[test]
fn marks_of_readiness_fall_when_somebody_is_added_as_when_somebody_joins() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", READY);
    table.accept("ben", &add("dadi", "Dadi"));
    assert_eq!(table.order.ready().count(), 0);
}

#[test]
fn what_is_stored_and_folded_has_the_seat() {
    let mut table = Table::of(&["asha"]);
    let mut document = Document::parse(&state_text(&table.order));
    table.accept("asha", READY);
    document.fold(&event(&table.order, table.log.last().unwrap(), CURSOR));
    table.accept("asha", &add("dadi", "Dadi"));
    document.fold(&event(&table.order, table.log.last().unwrap(), CURSOR));
    assert_eq!(document.text(), state_text(&table.order));
    assert_eq!(decode_order(&table.bytes()).as_ref(), Ok(&table.order));
    take_seat(&mut table, "dadi").unwrap();
    document.fold(&event(&table.order, table.log.last().unwrap(), CURSOR));
    assert_eq!(document.text(), state_text(&table.order));
    assert_eq!(decode_order(&table.bytes()).as_ref(), Ok(&table.order));
    assert_eq!(table.replayed(), table.order);
    table.accept("dadi", LEAVE);
}

fn add(id: &str, name: &str) -> String {
    format!(r#"{{"type":"add_person","data":{{"participantId":"{id}","name":"{name}"}}}}"#)
}

/// Joins as a host lets somebody join who has the code. Returns whether that made a fact.
fn take_seat(table: &mut Table, who: &str) -> Result<bool, Code> {
    table.now += 1;
    let text = format!(r#"{{"type":"join","participantId":"{who}","data":{{}}}}"#);
    let inbound = wire::decode_command(&text, || ItemId::new("i").unwrap()).unwrap();
    let Command::People(PeopleCommand::Join(mut join)) = inbound.command else { panic!("a join") };
    join.may_take_seat = true;
    let command = Command::People(PeopleCommand::Join(join));
    let actor = Actor::participant(ParticipantId::new(who).unwrap());
    let decision = decide(&table.order, UnixMillis::new(table.now), &actor, &command);
    match decision.map_err(|rejection| rejection.code())? {
        Decision::Record(recorded) => {
            commit(&mut table.order, &recorded).unwrap();
            table.log.push(recorded);
            Ok(true)
        }
        Decision::Unchanged | Decision::Repeated { .. } => Ok(false),
    }
}
