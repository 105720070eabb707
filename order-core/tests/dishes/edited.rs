//! Dishes whose name or customization is edited. `Table::refuse` asserts for each refusal that nothing changed.

use order_core::text::Text;
use order_core::wire::v2::event;
use order_core::wire::{self, history_entry};
use order_core::{Code, Decision, Item, ItemId, MAX_TEXT_BYTES, Presence};

use crate::support::table::{
    FINALIZE, LOCK, READY, Table, UNLOCK, add_message, edit_message, quantity_message,
};

#[test]
fn a_name_and_a_customization_change_and_the_bill_does_not() {
    let mut table = dosa();
    let total = table.order.total();
    table.accept(
        "ben",
        &edit_message("dosa", r#""dishName":" Plain\u200b dosa ","customization":"no chilli""#),
    );
    assert_eq!(texts(&table), ("Plain dosa", Some("no chilli")));
    table.accept("asha", &edit_message("dosa", r#""dishName":"Dosa""#));
    assert_eq!(texts(&table), ("Dosa", Some("no chilli")), "what is not given stays");
    table.accept("asha", &edit_message("dosa", r#""customization":"""#));
    assert_eq!(texts(&table), ("Dosa", None), "an empty one is none");
    assert_eq!(table.order.total(), total);
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn an_edit_that_says_nothing_new_is_no_fact() {
    let mut table = dosa();
    for changes in
        [r#""dishName":"Dosa""#, r#""customization":"""#, r#""dishName":"Dosa","customization":null"#]
    {
        assert_eq!(table.accept("asha", &edit_message("dosa", changes)), Decision::Unchanged, "{changes}");
    }
}

#[test]
fn an_edit_that_cannot_be_read_or_names_no_dish_is_refused() {
    let mut table = dosa();
    let long = format!(r#""dishName":"{}""#, "x".repeat(129));
    for (item, changes, code) in [
        ("dosa", r#""x":1"#, Code::MissingField),
        ("dosa", r#""dishName":null,"customization":null"#, Code::MissingField),
        ("dosa", r#""dishName":"""#, Code::BadText),
        ("dosa", r#""dishName":" \u200b ""#, Code::BadText),
        ("dosa", r#""dishName":7"#, Code::BadField),
        ("dosa", r#""dishName":"Idli","customization":["hot"]"#, Code::BadField),
        ("dosa", &long, Code::BadText),
        ("idli", r#""dishName":"Idli""#, Code::ItemNotFound),
    ] {
        assert_eq!(table.refuse("asha", &edit_message(item, changes)).code(), code, "{changes}");
    }
    let nothing = table.refuse("asha", r#"{"type":"edit_item","data":{"dishName":"Idli"}}"#);
    assert_eq!((nothing.code(), nothing.field_name()), (Code::MissingField, Some("data.itemId")));
}

#[test]
fn who_may_not_change_a_dish_may_not_edit_it() {
    let edit = edit_message("dosa", r#""dishName":"Idli""#);
    let mut hosted = Table::empty();
    hosted.accept(
        "asha",
        r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"policy":"hosted"}}"#,
    );
    for person in ["ben", "chi"] {
        hosted.join(person);
    }
    hosted.accept("ben", &add_message("dosa", "120", "1"));
    assert_eq!(hosted.refuse("chi", &edit).code(), Code::NotYours);
    assert_eq!(hosted.refuse("eve", &edit).code(), Code::JoinFirst);
    hosted.accept("asha", LOCK);
    assert_eq!(hosted.refuse("ben", &edit).code(), Code::OrderLocked);
    hosted.accept("asha", UNLOCK);
    hosted.accept("ben", &edit);
    hosted.accept("asha", &edit_message("dosa", r#""customization":"soft""#));
    hosted.accept("asha", FINALIZE);
    let again = edit_message("dosa", r#""dishName":"Vada""#);
    assert_eq!(hosted.refuse("asha", &again).code(), Code::OrderFinalized);
    assert_eq!(hosted.refuse_from_backend(&again).code(), Code::JoinFirst);
}

#[test]
fn an_edit_is_undone_unless_somebody_changed_the_dish_since() {
    let undo = r#"{"type":"undo"}"#;
    let mut table = dosa();
    table.accept("ben", &edit_message("dosa", r#""dishName":"Idli","customization":"soft""#));
    table.accept("ben", undo);
    assert_eq!(texts(&table), ("Dosa", None));
    table.accept("ben", undo);
    assert_eq!(texts(&table), ("Idli", Some("soft")), "an undo is undone");
    table.accept("asha", &quantity_message("dosa", "3"));
    assert_eq!(table.refuse("ben", undo).code(), Code::UndoConflict);
    table.accept("ben", &edit_message("dosa", r#""dishName":"Vada""#));
    assert_eq!(table.refuse("asha", undo).code(), Code::UndoConflict, "the quantity, after an edit");
    assert_eq!(table.replayed(), table.order);
}

#[test]
fn a_customization_that_was_ordered_empty_is_none_and_stays_as_it_is_stored() {
    let mut table = dosa();
    table.accept(
        "ben",
        r#"{"type":"add_item","data":{"id":"vada","dishName":"Vada","price":1,"quantity":1,"customization":""}}"#,
    );
    let vada = ItemId::new("vada").unwrap();
    assert_eq!(table.accept("ben", &edit_message("vada", r#""customization":"""#)), Decision::Unchanged);
    let new_texts = |table: &mut Table, message: &str| {
        let before = table.order.clone();
        table.accept("ben", message);
        let entry: serde_json::Value =
            serde_json::from_str(&history_entry(&before, table.log.last().unwrap())).unwrap();
        (entry.get("newDishName").cloned(), entry.get("newCustomization").cloned())
    };
    let named = new_texts(&mut table, &edit_message("vada", r#""dishName":"Medu vada""#));
    assert_eq!(named, (Some("Medu vada".into()), None));
    let stored =
        |table: &Table| table.order.item(&vada).unwrap().customization().map(|text| text.as_str().to_owned());
    assert_eq!(stored(&table), Some(String::new()), "what is not given stays");
    let noted = new_texts(&mut table, &edit_message("vada", r#""customization":"hot""#));
    assert_eq!(noted, (None, Some("hot".into())));
    let undone = new_texts(&mut table, r#"{"type":"undo"}"#);
    assert_eq!(undone, (None, Some(serde_json::Value::Null)));
    assert_eq!((stored(&table), table.replayed()), (Some(String::new()), table.order.clone()));
}

#[test]
fn an_undo_of_an_edit_keeps_to_the_lock_the_policy_and_the_bound() {
    let undo = r#"{"type":"undo"}"#;
    let mut table = dosa();
    let long = "x".repeat(500);
    table.accept("ben", &edit_message("dosa", &format!(r#""customization":"{long}""#)));
    table.accept("ben", &edit_message("dosa", r#""customization":"""#));
    table.accept("asha", LOCK);
    assert_eq!(table.refuse("ben", undo).code(), Code::OrderLocked);
    table.accept("asha", UNLOCK);
    for number in 0.. {
        let message = format!(
            r#"{{"type":"add_item","data":{{"id":"d{number}","dishName":"Dosa","price":1,"quantity":1,"customization":"{long}"}}}}"#
        );
        if table.say("asha", &message).is_err() {
            break;
        }
    }
    assert_eq!(table.refuse("ben", undo).code(), Code::OrderTooLarge);
    table.accept("asha", &edit_message("d0", r#""customization":"""#));
    table.accept("ben", undo);
    assert_eq!(texts(&table), ("Dosa", Some(long.as_str())));
}

#[test]
fn an_edit_drops_the_marks_of_the_others() {
    let mut table = dosa();
    for person in ["asha", "ben"] {
        table.accept(person, READY);
    }
    table.accept("ben", &edit_message("dosa", r#""customization":"crisp""#));
    let ready: Vec<_> = table.order.ready().map(|person| person.id().as_str()).collect();
    assert_eq!(ready, ["ben"]);
}

#[test]
fn both_protocols_and_the_history_tell_of_an_edit() {
    let mut table = dosa();
    let before = table.order.clone();
    table.accept("ben", &edit_message("dosa", r#""dishName":"Idli","customization":"soft""#));
    let recorded = table.log.last().unwrap();
    let event: serde_json::Value = serde_json::from_str(&event(&table.order, recorded, "c")).unwrap();
    assert_eq!((event["event"].as_str(), &event["set"]), (Some("item_edited"), &serde_json::Value::Null));
    assert_eq!(event["put"]["items"]["dishName"], "Idli");
    assert_eq!(event["put"]["items"]["customization"], "soft");
    let frame = wire::fact_message(&table.order, &Presence::new(), recorded);
    let first: serde_json::Value = serde_json::from_str(&frame.text_for(recorded.by.id().unwrap())).unwrap();
    assert_eq!((first["type"].as_str(), first["participantId"].as_str()), (Some("item_edited"), Some("ben")));
    assert_eq!(first["data"]["item"]["dishName"], "Idli");
    assert_eq!(first["data"]["orderState"]["items"][0]["customization"], "soft");
    let entry: serde_json::Value = serde_json::from_str(&history_entry(&before, recorded)).unwrap();
    assert_eq!(entry["dishName"], "Dosa");
    assert_eq!(entry["newDishName"], "Idli");
    assert_eq!(entry["newCustomization"], "soft");
    let before = table.order.clone();
    table.accept("ben", &edit_message("dosa", r#""customization":"""#));
    let entry: serde_json::Value =
        serde_json::from_str(&history_entry(&before, table.log.last().unwrap())).unwrap();
    assert!(entry.get("newDishName").is_none(), "only what changed");
    assert!(entry["newCustomization"].is_null() && entry.get("newCustomization").is_some());
}

#[test]
fn texts_that_are_edited_count_for_the_bound_of_an_order() {
    let mut table = dosa();
    let long = "x".repeat(500);
    let mut number = 0;
    loop {
        number += 1;
        let message = format!(
            r#"{{"type":"add_item","data":{{"id":"d{number}","dishName":"Dosa","price":1,"quantity":1,"customization":"{long}"}}}}"#
        );
        if table.say("asha", &message).is_err() {
            break;
        }
    }
    let edit = edit_message("dosa", &format!(r#""customization":"{long}""#));
    assert_eq!(table.refuse("asha", &edit).code(), Code::OrderTooLarge);
    table.accept("asha", &edit_message("d1", r#""customization":"""#));
    table.accept("asha", &edit);
    assert_eq!(
        table.refuse("asha", &edit_message("d1", &format!(r#""customization":"{long}""#))).code(),
        Code::OrderTooLarge
    );
    let bytes: usize = table.order.items().map(bytes_of).sum();
    assert!(bytes <= MAX_TEXT_BYTES && bytes + 500 > MAX_TEXT_BYTES, "{bytes}");
    assert_eq!(table.replayed(), table.order);
}

/// Asha and Ben, and a dosa of Ben's.
fn dosa() -> Table {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", &add_message("dosa", "120", "1"));
    table
}

fn texts(table: &Table) -> (&str, Option<&str>) {
    let item = table.order.item(&ItemId::new("dosa").unwrap()).unwrap();
    (item.dish_name().as_str(), item.customization().map(Text::as_str))
}

fn bytes_of(item: &Item) -> usize {
    let customization = item.customization().map_or(0, |text| text.as_str().len());
    item.dish_name().as_str().len() + item.dish_type().as_str().len() + customization
}
