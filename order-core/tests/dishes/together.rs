//! Several dishes that are added at once: all of them, or none.

use order_core::fact::DishFact;
use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::wire::{fact_messages, history_entry, v2};
use order_core::{Code, Fact, MAX_ITEMS, MAX_ITEMS_AT_ONCE, Presence};

use crate::support::folding::{CURSOR, Document};
use crate::support::json::Json;
use crate::support::table::{
    LOCK, Table, add_items_message, add_message, charges_message, claim_message, limit_message,
    quantity_message, remove_message,
};

const UNDO: &str = r#"{"type":"undo"}"#;
const DOSA: &str = r#""id":"dosa","dishName":"Dosa","price":80,"quantity":2"#;
const IDLI: &str =
    r#""id":"idli","dishName":"Idli","dishType":"veg","price":20.5,"quantity":1,"sharedBy":["asha","ben"]"#;
const VADA: &str =
    r#""id":"vada","dishName":"Vada","price":30,"quantity":1,"customization":"crisp","sharedBy":[]"#;

fn breakfast() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", &add_items_message(&[DOSA, IDLI, VADA]));
    table
}

#[test]
fn several_dishes_are_one_fact() {
    let table = breakfast();
    assert_eq!((table.order.seq(), table.log.len()), (3, 3));
    let ids: Vec<_> = table.order.items().map(|item| item.id().as_str()).collect();
    assert_eq!(ids, ["dosa", "idli", "vada"]);
    assert_eq!(table.order.total().minor_units(), 21_050);
    let sharers: Vec<_> = table.order.items().map(|item| table.order.shared_by(item).count()).collect();
    assert_eq!(sharers, [1, 2, 0]);
    let recorded = table.log.last().unwrap();
    assert_eq!(decode_fact(&encode_fact(recorded).unwrap()).as_ref(), Ok(recorded));
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn one_dish_is_added_as_by_add_item() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", &add_items_message(&[DOSA]));
    assert!(matches!(table.log[2].fact, Fact::Dish(DishFact::Added(_))));
}

#[test]
fn one_undo_takes_all_of_them_off_and_another_brings_them_back() {
    let mut table = breakfast();
    let with_all: Vec<_> = table.order.items().cloned().collect();
    let mut phone = Document::parse(&v2::state_text(&table.order));
    for (event, items) in [("items_removed", 0), ("items_restored", 3), ("items_removed", 0)] {
        let before = table.order.clone();
        table.accept("ben", UNDO);
        let recorded = table.log.last().unwrap();
        let told = v2::event(&table.order, recorded, CURSOR);
        assert_eq!(Json::parse(&told).at("event").text(), event);
        phone.fold(&told);
        assert_eq!(phone.text(), v2::state_text(&table.order));
        assert_eq!(table.order.items().len(), items);
        assert_eq!(Json::parse(&history_entry(&before, recorded)).at("items").list().len(), 3);
        assert_eq!(decode_fact(&encode_fact(recorded).unwrap()).as_ref(), Ok(recorded));
    }
    table.accept("ben", UNDO);
    assert_eq!(table.order.items().cloned().collect::<Vec<_>>(), with_all);
    assert_eq!(table.replayed(), table.order);
    assert_eq!(decode_order(&encode_order(&table.order).unwrap()).as_ref(), Ok(&table.order));
}

#[test]
fn discounts_come_back_with_the_dishes_that_they_were_on() {
    let mut table = breakfast();
    let discount =
        |item: &str| format!(r#"{{"name":"Off","kind":"discount","percent":50,"itemId":"{item}"}}"#);
    table.accept("asha", &charges_message(&[discount("dosa"), discount("vada")].join(",")));
    table.accept("ben", UNDO);
    assert!(table.order.charges().is_empty());
    table.accept("ben", UNDO);
    assert_eq!(table.order.charges().len(), 2);
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn an_undo_that_would_take_off_what_others_changed_is_refused() {
    for (who, message) in [
        ("asha", claim_message("dosa")),
        ("asha", quantity_message("vada", "2")),
        ("asha", remove_message("idli")),
    ] {
        let mut table = breakfast();
        table.accept(who, &message);
        assert_eq!(table.refuse("ben", UNDO).code(), Code::UndoConflict, "{message}");
    }
    let mut table = breakfast();
    table.accept("asha", LOCK);
    assert_eq!(table.refuse("ben", UNDO).code(), Code::OrderLocked);
}

#[test]
fn one_bad_dish_keeps_all_of_them_off() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "taken", "1", "1");
    for (dish, code, field) in [
        (r#""dishName":"x","quantity":1,"price":0.001"#, Code::BadPrice, "data.items[1].price"),
        (r#""dishName":"x","quantity":0,"price":1"#, Code::BadQuantity, "data.items[1].quantity"),
        (r#""dishName":"","quantity":1,"price":1"#, Code::BadText, "data.items[1].dishName"),
        (r#""quantity":1,"price":1"#, Code::MissingField, "data.items[1].dishName"),
        (r#""id":"taken","dishName":"x","quantity":1,"price":1"#, Code::ItemIdTaken, "data.items[1].id"),
        (r#""id":"dosa","dishName":"x","quantity":1,"price":1"#, Code::ItemIdTaken, "data.items[1].id"),
        (
            r#""dishName":"x","quantity":1,"price":1,"sharedBy":["eve"]"#,
            Code::UnknownParticipant,
            "data.items[1].sharedBy",
        ),
    ] {
        let rejection = table.refuse("ben", &add_items_message(&[DOSA, dish]));
        assert_eq!((rejection.code(), rejection.field_name()), (code, Some(field)), "{dish}");
    }
    for data in [r#""items":[]"#, r#""items":{}"#, r#""items":[1]"#, "", r#""items":null"#] {
        let rejection = table.refuse("ben", &format!(r#"{{"type":"add_items","data":{{{data}}}}}"#));
        assert_eq!(rejection.field_name(), Some("data.items"), "{data}");
    }
}

#[test]
fn limits_hold_for_the_sum_of_the_dishes() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &limit_message("ben", "200"));
    let rejection = table.refuse("ben", &add_items_message(&[DOSA, IDLI, VADA]));
    assert_eq!(
        (rejection.code(), rejection.passed_limit().unwrap().left.minor_units()),
        (Code::OverLimit, 20_000)
    );
    table.accept("asha", &limit_message("ben", "210.5"));
    table.accept("ben", &add_items_message(&[DOSA, IDLI, VADA]));
    table.accept("asha", LOCK);
    assert_eq!(table.refuse("ben", &add_items_message(&[DOSA, IDLI])).code(), Code::OrderLocked);

    let mut dear = Table::of(&["asha"]);
    let half = |id: &str| format!(r#""id":"{id}","dishName":"x","price":9999999.99,"quantity":501"#);
    dear.accept("asha", &add_message("a", "9999999.99", "1"));
    assert_eq!(
        dear.refuse("asha", &add_items_message(&[&half("b"), &half("c")])).code(),
        Code::TotalTooLarge
    );
}

#[test]
fn a_message_adds_100_dishes_and_an_order_holds_5000_and_no_more() {
    let free = |number: usize| format!(r#""id":"i{number}","dishName":"x","price":0,"quantity":1"#);
    let batch = |from: usize, many: usize| {
        let dishes: Vec<_> = (from..from + many).map(free).collect();
        add_items_message(&dishes.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let mut table = Table::of(&["asha"]);
    assert_eq!(MAX_ITEMS_AT_ONCE, 100);
    assert_eq!(table.refuse("asha", &batch(0, 101)).code(), Code::BadField);
    for number in 0..49 {
        table.accept("asha", &batch(number * 100, 100));
    }
    table.accept("asha", &batch(4_900, 99));
    assert_eq!(table.refuse("asha", &batch(4_999, 2)).code(), Code::TooManyItems);
    table.accept("asha", &batch(4_999, 1));
    assert_eq!(table.order.items().len(), MAX_ITEMS);
    // The messages of the first protocol would be too many bytes: one sync takes their place.
    let last = &table.log[table.log.len() - 2];
    let frames = fact_messages(&table.order, &Presence::new(), last);
    assert_eq!(frames.len(), 1);
    assert_eq!(Json::parse(&frames[0].text()).at("type").text(), "sync");
}

#[test]
fn the_first_protocol_hears_of_each_dish_in_order() {
    let mut table = breakfast();
    let frames = fact_messages(&table.order, &Presence::new(), table.log.last().unwrap());
    let told: Vec<_> = frames.iter().map(|frame| Json::parse(&frame.text())).collect();
    let ids: Vec<_> = told.iter().map(|told| told.at("data").at("item").at("id").text()).collect();
    assert_eq!(ids, ["dosa", "idli", "vada"]);
    for message in &told {
        assert_eq!(message.at("type").text(), "item_added");
        assert_eq!(message.at("data").at("orderState").at("items").list().len(), 3);
    }
    table.accept("ben", UNDO);
    let frames = fact_messages(&table.order, &Presence::new(), table.log.last().unwrap());
    let told: Vec<_> = frames.iter().map(|frame| Json::parse(&frame.text())).collect();
    let ids: Vec<_> = told.iter().map(|told| told.at("data").at("itemId").text()).collect();
    assert_eq!(ids, ["dosa", "idli", "vada"]);
    assert!(told.iter().all(|told| told.at("type").text() == "item_removed"));
}

#[test]
fn dishes_without_an_id_are_given_their_own() {
    let plain = r#""dishName":"x","price":1,"quantity":1"#;
    let mut table = Table::of(&["asha"]);
    table.accept("asha", &add_items_message(&[plain, DOSA, plain, plain]));
    let ids: Vec<_> = table.order.items().map(|item| item.id().as_str().to_owned()).collect();
    assert_eq!(ids.len(), 4);
    assert_eq!(ids[1], "dosa");
    let own: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(own.len(), 4);
}
