//! The protocol's JSON: what is written can be read back exactly, and shows nobody what is not theirs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod json;
mod model;
mod table;

use json::Json;
use model::{Model, steps};
use order_core::split::shares;
use order_core::stored::{decode_order, encode_fact, encode_order};
use order_core::text::Text;
use order_core::wire::{self, Frame};
use order_core::{
    Actor, Command, Decision, ItemId, Order, ParticipantId, Presence, Role, UnixMillis, commit, decide,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use table::Table;

proptest! {
    #![proptest_config(table::runs(50))]

    #[test]
    fn any_state_reads_back_as_the_order_it_was_written_from(steps in steps()) {
        let mut table = Table::empty();
        let mut model = Model::default();
        for step in &steps {
            if table.say(step.who(), &step.message(&model)).is_ok() {
                model.take(step, table.now);
            }
        }
        let mut presence = Presence::new();
        presence.connect(&id("ben"));
        let frame = wire::sync(&table.order, &presence, UnixMillis::new(77));
        let message = Json::parse(frame.text());
        prop_assert!(serde_json::from_str::<Value>(frame.text()).is_ok());
        prop_assert_eq!(message.keys(), ["type", "data", "timestamp"]);
        prop_assert_eq!(message.at("timestamp").whole(), 77);
        assert_state(message.at("data"), &table.order, &presence);
    }

    #[test]
    fn whatever_people_write_arrives_as_it_was_cleaned_and_phones_arrive_at_their_owners(party in party()) {
        let mut order = Table::empty().order;
        let mut presence = Presence::new();
        for (number, guest) in party.iter().enumerate() {
            for message in guest.messages(number) {
                say(&mut order, &mut presence, &party, &message);
            }
        }
        for guest in &party {
            let who = id(&guest.id);
            presence.disconnect(&who);
            assert_frame(&wire::presence_changed(&order, &presence, &who, UnixMillis::new(1)), &order, &party);
            presence.connect(&who);
            assert_frame(&wire::joined(&order, &presence, &who, UnixMillis::new(1)), &order, &party);
        }
        assert_frame(&wire::sync(&order, &presence, UnixMillis::new(1)), &order, &party);

        let view = wire::public_view(&order);
        prop_assert!(serde_json::from_str::<Value>(&view).is_ok());
        for marker in ["NAME", "PHONE", "PID", "CIRCLE", "TENANT"] {
            prop_assert!(!view.contains(marker), "{} in {}", marker, view);
        }
    }

    #[test]
    fn a_message_is_read_as_it_was_meant(guest in guest(), id in "[ -~]{1,64}") {
        let item = || ItemId::new("fresh").unwrap();
        let mut join = guest.join();
        join["id"] = json!(id);
        let inbound = wire::decode(&join.to_string(), item).unwrap();
        prop_assert_eq!(inbound.id.as_ref().map(wire::CommandId::as_str), Some(id.as_str()));
        prop_assert_eq!(inbound.participant.as_ref().map(ParticipantId::as_str), Some(guest.id.as_str()));
        let Command::Join(join) = inbound.command else { panic!("not a join") };
        prop_assert_eq!(join.name, Some(Text::clean(&guest.name, 80).unwrap()));
        prop_assert_eq!(join.phone, Some(Text::clean(&guest.phone, 32).unwrap()));

        let Command::AddItem(add) = wire::decode(&guest.add(0).to_string(), item).unwrap().command else {
            panic!("not an item")
        };
        prop_assert_eq!(add.dish_name, Text::clean(&guest.dish, 120).unwrap());
        prop_assert_eq!(add.customization, Some(Text::clean_or_empty(&guest.customization, 500).unwrap()));
    }
}

#[test]
fn an_error_names_its_code_field_expectation_and_command() {
    let mut table = Table::of(&["asha"]);
    let refused =
        wire::decode(r#"{"type":"leave","id":"c-7","participantId":7}"#, || unreachable!()).unwrap_err();
    let text = wire::error(&refused.rejection, refused.id.as_ref(), UnixMillis::new(5));
    let message = Json::parse(&text);
    assert_eq!(message.keys(), ["type", "error", "data", "id", "timestamp"]);
    assert_eq!(message.at("data").keys(), ["code", "message", "field", "expected"]);
    assert_eq!(message.at("data.code").text(), "bad_field");
    assert_eq!(message.at("data.field").text(), "participantId");
    assert_eq!(message.at("id").text(), "c-7");
    assert_eq!(message.at("error"), message.at("data.message"));

    table.add("asha", "i1", "10", "1");
    let rejection =
        table.refuse("asha", &table::split_message(r#"{"splitType":"custom","amounts":{"asha":10.05}}"#));
    let message = Json::parse(&wire::error(&rejection, None, UnixMillis::new(5)));
    assert_eq!(message.keys(), ["type", "error", "data", "timestamp"]);
    assert_eq!(message.at("data.unallocated").number(), "-0.05");
}

#[test]
fn ids_that_mean_something_to_other_languages_mean_nothing_here() {
    let mut table = Table::empty();
    for who in [
        "__proto__",
        "constructor",
        "toString",
        "$serde_json::private::RawValue",
        "\u{1f9d1}\u{200D}\u{1f373}",
    ] {
        table.accept(
            who,
            &json!({"type": "join", "participantId": who, "participantName": who, "data": {}}).to_string(),
        );
    }
    table.add("__proto__", "__proto__", "10", "1");
    let weights = r#"{"$serde_json::private::RawValue":1,"__proto__":1,"constructor":2}"#;
    table.split("constructor", &format!(r#"{{"splitType":"custom","weights":{weights}}}"#));
    assert_eq!(encode_order(&table.replayed()).unwrap(), table.bytes());
    assert_eq!(decode_order(&table.bytes()).as_ref(), Ok(&table.order));
    // What is stored passes through `Value` on its way from an older version to a newer one.
    for recorded in &table.log {
        assert!(serde_json::from_slice::<Value>(&encode_fact(recorded).unwrap()).is_ok(), "{recorded:?}");
    }
    assert!(serde_json::from_slice::<Value>(&table.bytes()).is_ok());

    let text = wire::sync(&table.order, &Presence::new(), UnixMillis::new(0)).text().to_owned();
    let state = Json::parse(&text);
    let amounts: Vec<_> =
        state.at("data.splits").list().iter().map(|share| share.at("amount").number()).collect();
    assert_eq!(amounts, ["2.5", "5", "0", "2.5", "0"]);
    assert_eq!(state.at("data.customShares.weights").get("__proto__").unwrap().number(), "1");
}

/// The state says what the order is: every field there, of its type, in its place, every amount exact.
fn assert_state(state: &Json, order: &Order, presence: &Presence) {
    let mut keys = vec![
        "circleId",
        "tenantId",
        "sessionId",
        "initiatedBy",
        "participants",
        "items",
        "total",
        "splitType",
        "status",
        "createdAt",
        "updatedAt",
        "currency",
        "ownerId",
        "splits",
        "unallocated",
    ];
    keys.extend(state.get("customShares").map(|_| "customShares"));
    keys.push("seq");
    assert_eq!(state.keys(), keys);
    let digits = order.currency().minor_digits();
    let label = |text: Option<&Text>| text.map_or("", Text::as_str).to_owned();
    assert_eq!(state.at("circleId").text(), label(order.circle_id()));
    assert_eq!(state.at("tenantId").text(), label(order.tenant_id()));
    assert_eq!(state.at("sessionId").text(), order.id().as_str());
    assert_eq!(
        state.at("initiatedBy").text(),
        order.initiated_by().map_or("", |person| person.id().as_str())
    );
    assert_eq!(state.at("total").minor_units(digits), order.total().minor_units());
    assert_eq!(state.at("splitType").text(), order.split_rule().as_str());
    assert_eq!(state.at("status").text(), order.status().as_str());
    assert_eq!(state.at("createdAt").whole(), order.created_at().get());
    assert_eq!(state.at("updatedAt").whole(), order.updated_at().get());
    assert_eq!(state.at("currency").text(), order.currency().code());
    match order.owner() {
        Some(owner) => assert_eq!(state.at("ownerId").text(), owner.id().as_str()),
        None => assert_eq!(state.at("ownerId"), &Json::Null),
    }
    assert_eq!(state.at("seq").whole(), order.seq());

    let participants = state.at("participants").list();
    assert_eq!(participants.len(), order.participants().count());
    for (entry, person) in participants.iter().zip(order.participants()) {
        assert_eq!(entry.keys(), ["id", "name", "phone", "role", "isOnline", "joinedAt"]);
        assert_eq!(entry.at("id").text(), person.id().as_str());
        assert_eq!(entry.at("name").text(), person.name().as_str());
        assert_eq!(entry.at("phone").text(), "");
        assert_eq!(entry.at("role").text(), order.role(person.id()).unwrap().as_str());
        assert_eq!(entry.at("isOnline").truth(), presence.is_online(person.id()));
        assert_eq!(entry.at("joinedAt").whole(), person.joined_at().get());
    }
    let items = state.at("items").list();
    assert_eq!(items.len(), order.items().len());
    for (entry, item) in items.iter().zip(order.items()) {
        assert_item(entry, order, item);
    }
    let listed = state.at("splits").list();
    let shares = shares(order);
    assert_eq!(listed.len(), shares.list().len());
    for (entry, share) in listed.iter().zip(shares.list()) {
        assert_eq!(entry.keys(), ["participantId", "participantName", "amount", "items"]);
        assert_eq!(entry.at("participantId").text(), share.participant().id().as_str());
        assert_eq!(entry.at("participantName").text(), share.participant().name().as_str());
        assert_eq!(entry.at("amount").minor_units(digits), share.amount().minor_units());
        let items: Vec<_> = entry.at("items").list().iter().map(Json::text).collect();
        assert_eq!(items, share.items().iter().map(|item| item.id().as_str()).collect::<Vec<_>>());
    }
    let unallocated = state.at("unallocated").minor_units(digits);
    assert_eq!(unallocated, shares.unallocated().minor_units());
    let amounts = listed.iter().map(|entry| entry.at("amount").minor_units(digits));
    assert_eq!(amounts.sum::<i64>() + unallocated, order.total().minor_units());
}

fn assert_item(entry: &Json, order: &Order, item: &order_core::Item) {
    let mut keys = vec!["id", "dishName", "dishType", "quantity", "price", "itemTotal"];
    keys.extend(item.customization().map(|_| "customization"));
    keys.extend(["addedBy", "addedByName", "addedAt"]);
    assert_eq!(entry.keys(), keys);
    let digits = order.currency().minor_digits();
    let by = order.added_by(item).unwrap();
    assert_eq!(entry.at("id").text(), item.id().as_str());
    assert_eq!(entry.at("dishName").text(), item.dish_name().as_str());
    assert_eq!(entry.at("dishType").text(), item.dish_type().as_str());
    assert_eq!(entry.at("quantity").whole(), u64::from(item.quantity().pieces()));
    assert_eq!(entry.at("price").minor_units(digits), item.price().amount().minor_units());
    assert_eq!(entry.at("itemTotal").minor_units(digits), item.total().minor_units());
    assert_eq!(entry.get("customization").map(Json::text), item.customization().map(Text::as_str));
    assert_eq!(entry.at("addedBy").text(), by.id().as_str());
    assert_eq!(entry.at("addedByName").text(), by.name().as_str());
    assert_eq!(entry.at("addedAt").whole(), item.added_at().get());
}

/// Somebody whose every text carries a marker, and after it whatever a keyboard can give.
#[derive(Debug, Clone)]
struct Guest {
    id: String,
    name: String,
    phone: String,
    dish: String,
    customization: String,
    price: u32,
    leaves: bool,
}

/// What people write: any character there is, and often one of those that JSON or HTML trip over.
fn nasty() -> impl Strategy<Value = String> {
    let tricky: Vec<char> = "\"\\/<>&'`{}[],:\u{0}\u{8}\n\r\t\u{1f}\u{7f}\u{85}\u{200b}\u{200c}\u{200d}\u{202e}\u{2028}\u{2029}\u{2066}\u{feff}\u{fffe}\u{1f35b}\u{10ffff}".chars().collect();
    let character = prop_oneof![prop::sample::select(tricky), any::<char>()];
    prop::collection::vec(character, 0..12).prop_map(|characters| characters.into_iter().collect())
}

fn guest() -> impl Strategy<Value = Guest> {
    let id = nasty().prop_map(|id| {
        let fits = |character: &char| ParticipantId::new(&character.to_string()).is_ok();
        id.chars().filter(fits).collect::<String>()
    });
    (id, nasty(), nasty(), nasty(), nasty(), any::<u32>(), prop::bool::weighted(0.2)).prop_map(
        |(id, name, phone, dish, customization, price, leaves)| Guest {
            id: format!("PID{id}"),
            name: format!("NAME{name}"),
            phone: format!("PHONE{phone}"),
            dish: format!("DISH{dish}"),
            customization,
            price: price % 1_000_000_000,
            leaves,
        },
    )
}

/// Guests whose ids and phones differ, and are not part of one another.
fn party() -> impl Strategy<Value = Vec<Guest>> {
    prop::collection::vec(guest(), 1..6).prop_map(|mut party| {
        for (number, guest) in party.iter_mut().enumerate() {
            guest.id.insert_str(3, &number.to_string());
            guest.phone.insert_str(5, &number.to_string());
        }
        party
    })
}

impl Guest {
    fn join(&self) -> Value {
        let data = json!({"circleId": "CIRCLE", "tenantId": "TENANT", "phone": self.phone});
        json!({"type": "join", "participantId": self.id, "participantName": self.name, "data": data})
    }

    fn add(&self, number: usize) -> Value {
        let data = json!({"id": format!("i{number}"), "dishName": self.dish, "dishType": self.customization.chars().take(9).collect::<String>(), "price": 0, "quantity": 1, "customization": self.customization});
        let mut message = json!({"type": "add_item", "participantId": self.id, "data": data});
        message["data"]["price"] = serde_json::from_str(&(self.price / 100).to_string()).unwrap();
        message
    }

    /// Everything that a client can say, in an order in which all of it is granted.
    fn messages(&self, number: usize) -> Vec<Value> {
        let message = |kind: &str, data: Value| json!({"type": kind, "participantId": self.id, "data": data});
        let item = format!("i{number}");
        let mut messages = vec![
            self.join(),
            self.add(number),
            message("update_quantity", json!({"itemId": item, "quantity": 3})),
            message("update_split", json!({"splitType": "custom", "weights": {(self.id.clone()): 1.5}})),
            message("update_split", json!({"splitType": "custom", "percentages": {(self.id.clone()): 100}})),
            message("update_split", json!({"splitType": "itemized"})),
        ];
        if self.leaves {
            messages.push(message("remove_item", json!({"itemId": item})));
            messages.push(message("leave", Value::Null));
        }
        messages
    }
}

/// Carries out a message that must be granted, and checks what everybody is shown of it.
fn say(order: &mut Order, presence: &mut Presence, party: &[Guest], message: &Value) {
    let inbound = wire::decode(&message.to_string(), || unreachable!()).unwrap();
    let who = inbound.participant.unwrap();
    let decision = decide(order, UnixMillis::new(7), &Actor::participant(who.clone()), &inbound.command);
    let Decision::Record(recorded) = decision.unwrap() else { panic!("{message} changed nothing") };
    commit(order, &recorded).unwrap();
    presence.connect(&who);
    let frame = wire::fact_message(order, presence, &recorded);
    assert_frame(&frame, order, party);
    let envelope = Json::parse(frame.text());
    assert_eq!(envelope.keys(), ["type", "participantId", "participantName", "data", "timestamp"]);
    assert_eq!(envelope.at("participantId").text(), who.as_str());
    let name = order.person(&who).unwrap().name().as_str();
    assert_eq!(envelope.at("participantName").text(), name);
    let data = envelope.at("data");
    match envelope.at("type").text() {
        "participant_joined" => {
            let role = if order.owner().unwrap().id() == &who { Role::Owner } else { Role::Member };
            assert_eq!(data.at("role").text(), role.as_str());
            assert_eq!(data.keys().last(), Some(&"role"));
        }
        "item_added" => {
            assert_eq!(data.keys(), ["item", "orderState"]);
            assert_eq!(Some(data.at("item")), data.at("orderState.items").list().last());
        }
        "item_removed" => assert_eq!(data.keys(), ["itemId", "orderState"]),
        "quantity_updated" => assert_eq!(data.keys(), ["itemId", "quantity", "orderState"]),
        "split_updated" => assert_eq!(data.keys(), ["splitType", "orderState"]),
        "participant_left" => {}
        other => panic!("unexpected {other}"),
    }
    if let Some(state) = data.get("orderState") {
        assert_state(state, order, presence);
    }
}

/// In everybody's copy of a frame, their own phone stands beside their own id, and no other phone anywhere.
fn assert_frame(frame: &Frame, order: &Order, party: &[Guest]) {
    let bare = Json::parse(frame.text());
    assert!(!frame.text().contains("PHONE"), "{}", frame.text());
    assert_eq!(frame.text_for(&id("stranger")), frame.text());
    let state = |message: &Json| message.at("data").get("orderState").unwrap_or(message.at("data")).clone();
    for guest in party {
        let text = frame.text_for(&id(&guest.id));
        let own = Json::parse(&text);
        let there = order.person(&id(&guest.id)).is_some_and(|person| !person.has_left());
        let expected = Text::clean(&guest.phone, 32).unwrap();
        assert_eq!(text.matches("PHONE").count(), usize::from(there), "{text}");
        for (entry, bare) in
            state(&own).at("participants").list().iter().zip(state(&bare).at("participants").list())
        {
            let phone = entry.at("phone").text();
            if entry.at("id").text() == guest.id {
                assert_eq!(phone, expected.as_str());
            } else {
                assert_eq!(entry, bare);
                assert_eq!(phone, "");
            }
        }
        if !there {
            assert_eq!(text, frame.text());
        }
    }
    for (guest, person) in party.iter().zip(order.people()) {
        assert_eq!(person.name(), &Text::clean(&guest.name, 80).unwrap());
    }
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}
