//! The protocol's JSON: everything written can be read back exactly, and phone numbers are
//! shown only to their owners.

use order_core::bill::{Basis, Charge, ChargeKind, ChargeValue, Line, OddUnits};
use order_core::command::{DishCommand, PeopleCommand};
use order_core::split::{CustomShares, Rest, Shares, SplitRule, shares};
use order_core::stored::{decode_order, encode_fact, encode_order};
use order_core::text::Text;
use order_core::wire::{self, Frame};
use order_core::{
    Actor, Amount, Command, CommandId, Decision, ItemId, Order, ParticipantId, Policy, Presence, Role,
    Status, UnixMillis, commit, decide,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::support::json::Json;
use crate::support::model::{Model, steps};
use crate::support::table::{self, Table};

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
        let message = Json::parse(&frame.text());
        prop_assert!(serde_json::from_str::<Value>(&frame.text()).is_ok());
        prop_assert_eq!(message.keys(), ["type", "data", "timestamp"]);
        prop_assert_eq!(message.at("timestamp").whole(), 77);
        assert_state(message.at("data"), &table.order, &presence);

        let view = wire::public_view(&table.order);
        let due = shares(&table.order).amount_due();
        let digits = table.order.currency().minor_digits();
        prop_assert_eq!(Json::parse(&view).at("amountDue").minor_units(digits), due.minor_units());
        for person in table.order.people() {
            let (id, name) = (person.id().as_str(), person.name().as_str());
            prop_assert!(!view.contains(id) && !view.contains(name), "{}", view);
        }
    }

    #[test]
    fn whatever_people_write_arrives_as_it_was_cleaned_and_phones_arrive_at_their_owners(party in party()) {
        let mut order = Table::empty().order;
        let mut presence = Presence::new();
        for (number, guest) in party.iter().enumerate() {
            // A guest who joins an empty table owns it.
            let owns = party[..number].iter().all(|earlier| earlier.leaves);
            for message in guest.messages(number, owns) {
                say(&mut order, &mut presence, &party, &message);
            }
        }
        for guest in &party {
            let who = id(&guest.id);
            presence.disconnect(&who);
            assert_frame(&wire::presence_changed(&order, &presence, std::slice::from_ref(&who), UnixMillis::new(1)), &order, &party);
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
    fn a_message_is_read_as_it_was_meant(guest in guest(), id in "[!-~]{1,64}") {
        let item = || ItemId::new("fresh").unwrap();
        let mut join = guest.join();
        join["id"] = json!(id);
        let inbound = wire::decode_command(&join.to_string(), item).unwrap();
        prop_assert_eq!(inbound.id().map(CommandId::as_str), Some(id.as_str()));
        prop_assert_eq!(inbound.participant.as_ref().map(ParticipantId::as_str), Some(guest.id.as_str()));
        let Command::People(PeopleCommand::Join(join)) = inbound.command else { panic!("not a join") };
        prop_assert_eq!(join.name, Some(Text::clean(&guest.name, 80).unwrap()));
        prop_assert_eq!(join.phone, Some(Text::clean(&guest.phone, 32).unwrap()));

        let Command::Dish(DishCommand::Add(add)) = wire::decode_command(&guest.add(0).to_string(), item).unwrap().command else {
            panic!("not an item")
        };
        prop_assert_eq!(add.dish_name, Text::clean(&guest.dish, 120).unwrap());
        prop_assert_eq!(add.customization, Some(Text::clean_or_empty(&guest.customization, 500).unwrap()));
    }
}

#[test]
fn an_error_names_its_code_field_expectation_and_command() {
    let mut table = Table::of(&["asha"]);
    let refused = wire::decode_command(r#"{"type":"leave","id":"c-7","participantId":7}"#, || unreachable!())
        .unwrap_err();
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
    // Upgrading stored facts to a newer version passes them through `Value`.
    for recorded in &table.log {
        assert!(serde_json::from_slice::<Value>(&encode_fact(recorded).unwrap()).is_ok(), "{recorded:?}");
    }
    assert!(serde_json::from_slice::<Value>(&table.bytes()).is_ok());

    let text = wire::sync(&table.order, &Presence::new(), UnixMillis::new(0)).text();
    let state = Json::parse(&text);
    let amounts: Vec<_> =
        state.at("data.splits").list().iter().map(|share| share.at("amount").number()).collect();
    assert_eq!(amounts, ["2.5", "5", "0", "2.5", "0"]);
    assert_eq!(state.at("data.customShares.weights").get("__proto__").unwrap().number(), "1");
}

/// The fields that clients of the first release read, in the order in which they were
/// written.
const OLD_STATE: [&str; 16] = [
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
    "seq",
];
const OLD_SHARE: [&str; 4] = ["participantId", "participantName", "amount", "items"];

/// Asserts that the state describes the order: every field present, of its type, in its
/// place, every amount exact.
fn assert_state(state: &Json, order: &Order, presence: &Presence) {
    let old: Vec<_> = state.keys().into_iter().filter(|key| OLD_STATE.contains(key)).collect();
    assert_eq!(old, OLD_STATE);
    assert!(["equal", "itemized", "custom"].contains(&state.at("splitType").text()));
    let shares = shares(order);
    let with_lines =
        !order.charges().is_empty() || order.tips().count() > 0 || roundings(order).next().is_some();
    let finalized = order.status() == Status::Finalized;
    let with_payments = finalized || !order.payments().is_empty();

    let mut new = vec!["amountDue", "splitMode"];
    new.extend(match order.split_rule() {
        SplitRule::Equal | SplitRule::Itemized | SplitRule::Custom(None) => &[][..],
        SplitRule::Custom(Some(_)) => &["customShares"],
        SplitRule::Adjusted(_) => &["adjustments"],
        SplitRule::Cover { .. } => &["covers", "rest"],
    });
    new.extend(order.unassigned().next().map(|_| "unassigned"));
    new.extend(["lines", "charges", "tips", "withoutService"].iter().filter(|_| with_lines));
    new.extend(roundings(order));
    new.extend((!shares.included().is_empty()).then_some("included"));
    new.extend(["payments", "paid", "balanceDue", "settled"].iter().filter(|_| with_payments));
    new.extend(finalized.then_some("settlement"));
    new.extend(rules(order));
    let found: Vec<_> = state.keys().into_iter().filter(|key| !OLD_STATE.contains(key)).collect();
    assert_eq!(found, new);
    assert_eq!(state.keys().last(), Some(&"seq"));

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
    assert_rule(state, order);
    assert_rules(state, order);
    assert_bill(state, order, &shares, with_lines);
    let listed = state.at("splits").list();
    assert_eq!(listed.len(), shares.list().len());
    for (entry, share) in listed.iter().zip(shares.list()) {
        let mut keys = OLD_SHARE.to_vec();
        keys.extend(["paid", "pending", "balance", "paymentStatus"].iter().filter(|_| with_payments));
        keys.extend(with_lines.then_some("lines"));
        keys.extend((!share.included().is_empty()).then_some("included"));
        assert_eq!(entry.keys(), keys);
        assert_eq!(entry.at("participantId").text(), share.participant().id().as_str());
        assert_eq!(entry.at("participantName").text(), share.participant().name().as_str());
        assert_eq!(entry.at("amount").minor_units(digits), share.amount().minor_units());
        let items: Vec<_> = entry.at("items").list().iter().map(Json::text).collect();
        assert_eq!(items, share.items().iter().map(|item| item.id().as_str()).collect::<Vec<_>>());
        if with_lines {
            let lines = assert_lines(entry.at("lines"), share.lines(), digits);
            assert_eq!(lines, share.amount().minor_units());
        }
        if let Some(included) = entry.get("included") {
            assert_lines(included, share.included(), digits);
        }
        if with_payments && order.payments().is_empty() {
            assert_eq!(entry.at("paid").number(), "0");
            assert_eq!(entry.at("pending").number(), "0");
            assert_eq!(entry.at("balance"), entry.at("amount"));
            let status = if share.amount() == Amount::ZERO { "paid" } else { "unpaid" };
            assert_eq!(entry.at("paymentStatus").text(), status);
        }
    }
    let unallocated = state.at("unallocated").minor_units(digits);
    assert_eq!(unallocated, shares.unallocated().minor_units());
    let amounts = listed.iter().map(|entry| entry.at("amount").minor_units(digits));
    assert_eq!(amounts.sum::<i64>() + unallocated, state.at("amountDue").minor_units(digits));
    if with_payments && order.payments().is_empty() {
        assert_nothing_paid(state);
    }
}

/// The fields of rules that differ from the defaults, and of what changed after the order was final.
fn rules(order: &Order) -> Vec<&'static str> {
    let fields = [
        ("policy", order.policy() == Policy::Hosted),
        ("finalizeWhenReady", order.table_rules().finalize_when_ready),
        ("locked", order.is_locked()),
        ("limits", order.limits().next().is_some()),
        ("limitEach", order.limit_each().is_some()),
        ("limitTable", order.limit_table().is_some()),
        ("ready", order.ready().next().is_some()),
        ("removed", order.removed().next().is_some()),
        ("corrections", !order.corrections().is_empty()),
        ("revision", order.revision() > 1),
    ];
    fields.into_iter().filter_map(|(field, is_there)| is_there.then_some(field)).collect()
}

fn assert_corrections(state: &Json, order: &Order) {
    assert!(state.get("revision").is_none_or(|revision| revision.whole() == u64::from(order.revision())));
    let digits = order.currency().minor_digits();
    let entries = state.get("corrections").map_or(&[][..], Json::list);
    assert_eq!(entries.len(), order.corrections().len());
    for (entry, made) in entries.iter().zip(order.corrections()) {
        let keys =
            ["itemId", "dishName", "price", "quantity", "to", "amount", "sharedBy", "reason", "at", "by"];
        assert_eq!(entry.keys(), keys);
        assert_eq!(entry.at("itemId").text(), made.item().as_str());
        assert_eq!(entry.at("dishName").text(), made.dish_name().as_str());
        assert_eq!(entry.at("price").minor_units(digits), made.price().amount().minor_units());
        assert_eq!(entry.at("quantity").whole(), u64::from(made.pieces_before()));
        assert_eq!(entry.at("to").whole(), u64::from(made.pieces_after()));
        let pieces = i64::from(made.pieces_before() - made.pieces_after());
        assert_eq!(entry.at("amount").minor_units(digits), made.price().amount().minor_units() * pieces);
        assert_eq!(entry.at("sharedBy").fields().len(), order.shared_before(made).count());
        assert_eq!(entry.at("reason").text(), made.reason().as_str());
        assert_eq!(entry.at("at").whole(), made.at().get());
        assert_eq!(entry.at("by").text(), order.corrected_by(made).unwrap().id().as_str());
    }
}

fn assert_rules(state: &Json, order: &Order) {
    assert_corrections(state, order);
    assert!(state.get("policy").is_none_or(|policy| policy.text() == "hosted"));
    assert!(state.get("finalizeWhenReady").is_none_or(Json::truth));
    assert!(state.get("locked").is_none_or(Json::truth));
    let ids = |key: &str| -> Vec<&str> {
        state.get(key).map(|list| list.list().iter().map(Json::text).collect()).unwrap_or_default()
    };
    assert_eq!(ids("ready"), order.ready().map(|person| person.id().as_str()).collect::<Vec<_>>());
    assert_eq!(ids("removed"), order.removed().map(|person| person.id().as_str()).collect::<Vec<_>>());
    let digits = order.currency().minor_digits();
    for (person, limit) in order.limits() {
        let told = state.at("limits").get(person.id().as_str()).unwrap();
        assert_eq!(told.minor_units(digits), limit.minor_units());
    }
    for (field, limit) in [("limitEach", order.limit_each()), ("limitTable", order.limit_table())] {
        let told = state.get(field).map(|told| told.minor_units(digits));
        assert_eq!(told, limit.map(Amount::minor_units), "{field}");
    }
}

/// Asserts what the state says of a final bill without payments.
fn assert_nothing_paid(state: &Json) {
    assert!(state.at("payments").list().is_empty());
    assert_eq!(state.at("paid").number(), "0");
    assert_eq!(state.at("balanceDue"), state.at("amountDue"));
    assert_eq!(state.at("settled").truth(), state.at("amountDue").number() == "0");
    let owes = |entry: &&Json| entry.at("amount").number() != "0";
    let mut unpaid: Vec<_> = state
        .at("splits")
        .list()
        .iter()
        .filter(owes)
        .map(|entry| (entry.at("participantId").text(), entry.at("amount").number()))
        .collect();
    let mut settled: Vec<_> = state
        .at("settlement")
        .list()
        .iter()
        .map(|entry| {
            assert_eq!(entry.keys(), ["from", "fromName", "to", "amount"]);
            assert_eq!(entry.at("to"), &Json::Null, "it is due to the restaurant");
            (entry.at("from").text(), entry.at("amount").number())
        })
        .collect();
    unpaid.sort_unstable();
    settled.sort_unstable();
    assert_eq!(settled, unpaid);
}

fn assert_rule(state: &Json, order: &Order) {
    let digits = order.currency().minor_digits();
    let amounts = |found: &Json, amounts: &BTreeMap<ParticipantId, Amount>| {
        let found: Vec<_> =
            found.fields().iter().map(|(id, amount)| (id.as_str(), amount.minor_units(digits))).collect();
        let expected: Vec<_> =
            amounts.iter().map(|(id, amount)| (id.as_str(), amount.minor_units())).collect();
        assert_eq!(found, expected);
    };
    let millionths = |found: &Json, expected: Vec<(&str, u64)>| {
        let signed = |number| i64::try_from(number).unwrap();
        let expected: Vec<_> = expected.into_iter().map(|(id, number)| (id, signed(number))).collect();
        let found: Vec<_> =
            found.fields().iter().map(|(id, number)| (id.as_str(), number.minor_units(6))).collect();
        assert_eq!(found, expected);
    };
    let mode = match order.split_rule() {
        SplitRule::Equal => "equal",
        SplitRule::Itemized => "itemized",
        SplitRule::Custom(None) => "custom",
        SplitRule::Custom(Some(agreed)) => {
            let found = state.at("customShares");
            match agreed {
                CustomShares::Amounts(agreed) => amounts(found.at("amounts"), agreed),
                CustomShares::Percentages(parts) => {
                    let parts = parts.iter().map(|(id, part)| (id.as_str(), part.millionths()));
                    millionths(found.at("percentages"), parts.collect());
                }
                CustomShares::Weights(weights) => {
                    let weights = weights.iter().map(|(id, weight)| (id.as_str(), weight.millionths()));
                    millionths(found.at("weights"), weights.collect());
                }
            }
            assert_eq!(found.keys().len(), 1);
            "custom"
        }
        SplitRule::Adjusted(adjustments) => {
            amounts(state.at("adjustments"), adjustments);
            "adjustments"
        }
        SplitRule::Cover { covers, rest } => {
            let found: Vec<_> =
                state.at("covers").fields().iter().map(|(id, payer)| (id.as_str(), payer.text())).collect();
            let expected: Vec<_> =
                covers.iter().map(|(covered, payer)| (covered.as_str(), payer.as_str())).collect();
            assert_eq!(found, expected);
            let rule = match rest {
                Rest::Equal => "equal",
                Rest::Itemized => "itemized",
            };
            assert_eq!(state.at("rest").text(), rule);
            "cover"
        }
    };
    assert_eq!(state.at("splitMode").text(), mode);
}

/// Asserts the amount due and its lines.
fn assert_bill(state: &Json, order: &Order, shares: &Shares<'_>, with_lines: bool) {
    let digits = order.currency().minor_digits();
    assert_eq!(state.at("amountDue").minor_units(digits), shares.amount_due().minor_units());
    if let Some(unassigned) = state.get("unassigned") {
        let unassigned: Vec<_> = unassigned.list().iter().map(Json::text).collect();
        assert_eq!(unassigned, order.unassigned().map(|item| item.id().as_str()).collect::<Vec<_>>());
    }
    if let Some(included) = state.get("included") {
        assert_lines(included, shares.included(), digits);
    }
    if !with_lines {
        assert_eq!(state.at("amountDue"), state.at("total"));
        return;
    }
    let lines = assert_lines(state.at("lines"), shares.lines(), digits);
    assert_eq!(lines, shares.amount_due().minor_units());

    let charges = state.at("charges").list();
    assert_eq!(charges.len(), order.charges().len());
    for (entry, charge) in charges.iter().zip(order.charges()) {
        assert_eq!(entry.at("name").text(), charge.name.as_str());
        let mut keys = vec!["name", "kind", assert_value(entry, charge.value, digits)];
        let kind = match &charge.kind {
            ChargeKind::Tax { inclusive, dish_types } => {
                keys.extend(inclusive.then_some("inclusive"));
                keys.extend((!dish_types.is_empty()).then_some("dishTypes"));
                assert!(entry.get("inclusive").is_none_or(Json::truth));
                let types = entry.get("dishTypes").map(Json::list).unwrap_or_default();
                assert_eq!(
                    types.iter().map(Json::text).collect::<Vec<_>>(),
                    dish_types.iter().map(Text::as_str).collect::<Vec<_>>()
                );
                "tax"
            }
            ChargeKind::Service { optional } => {
                keys.push("optional");
                assert_eq!(entry.at("optional").truth(), *optional);
                "service"
            }
            ChargeKind::Tip { by } | ChargeKind::Fee { by } => {
                keys.push("by");
                assert_eq!(entry.at("by").text(), if *by == Basis::Head { "head" } else { "share" });
                if matches!(charge.kind, ChargeKind::Tip { .. }) { "tip" } else { "fee" }
            }
            ChargeKind::Discount { item } => {
                keys.extend(item.as_ref().map(|_| "itemId"));
                assert_eq!(entry.get("itemId").map(Json::text), item.as_ref().map(ItemId::as_str));
                "discount"
            }
        };
        keys.extend(assert_options(entry, charge));
        assert_eq!(entry.at("kind").text(), kind);
        assert_eq!(entry.keys(), keys);
    }
    let tips = state.at("tips").list();
    assert_eq!(tips.len(), order.tips().count());
    for (entry, (person, tip)) in tips.iter().zip(order.tips()) {
        assert_eq!(entry.at("participantId").text(), person.id().as_str());
        assert_eq!(entry.keys(), ["participantId", assert_value(entry, tip, digits)]);
    }
    let without: Vec<_> = state.at("withoutService").list().iter().map(Json::text).collect();
    assert_eq!(without, order.without_service().map(|person| person.id().as_str()).collect::<Vec<_>>());
    let coin = state.get("roundTo").map(|coin| coin.minor_units(digits));
    assert_eq!(coin, order.round_to().map(Amount::minor_units));
    let coin = state.get("roundSharesTo").map(|coin| coin.minor_units(digits));
    assert_eq!(coin, order.round_shares_to().map(Amount::minor_units));
    let rounding = state.get("rounding").map_or("largest_remainder", Json::text);
    assert_eq!(rounding, order.odd_units().as_str());
}

/// The fields of how a bill and its shares are rounded.
fn roundings(order: &Order) -> impl Iterator<Item = &'static str> {
    let coins = order.round_to().map(|_| "roundTo").into_iter();
    let coins = coins.chain(order.round_shares_to().map(|_| "roundSharesTo"));
    coins.chain((order.odd_units() != OddUnits::default()).then_some("rounding"))
}

/// Checks what a charge is on, and how it is rounded; returns the keys of what differs from the defaults.
fn assert_options(entry: &Json, charge: &Charge) -> Vec<&'static str> {
    let options = &charge.options;
    let mut keys = Vec::new();
    let on: Vec<_> = options.on.charges.iter().map(Text::as_str).collect();
    let on = [if options.on.dishes { vec!["dishes"] } else { Vec::new() }, on].concat();
    keys.extend((on != ["dishes"]).then_some("on"));
    let found = entry.get("on").map(|list| list.list().iter().map(Json::text).collect());
    assert_eq!(found.unwrap_or_else(|| vec!["dishes"]), on);
    for (key, default, choice) in [
        ("discounts", "after", options.on.discounts.as_str()),
        ("rounding", "half_up", options.rounding.as_str()),
        ("per", "invoice", options.per.as_str()),
    ] {
        keys.extend((choice != default).then_some(key));
        assert_eq!(entry.get(key).map_or(default, Json::text), choice);
    }
    keys
}

/// Checks a percentage or an amount; returns its key.
fn assert_value(entry: &Json, value: ChargeValue, digits: u8) -> &'static str {
    match value {
        ChargeValue::Percent(percent) => {
            assert_eq!(entry.at("percent").minor_units(6), i64::try_from(percent.millionths()).unwrap());
            "percent"
        }
        ChargeValue::Amount(amount) => {
            assert_eq!(entry.at("amount").minor_units(digits), amount.minor_units());
            "amount"
        }
    }
}

/// Checks lines; returns their sum.
fn assert_lines(found: &Json, lines: &[Line], digits: u8) -> i64 {
    assert_eq!(found.list().len(), lines.len());
    for (entry, line) in found.list().iter().zip(lines) {
        assert_eq!(entry.keys(), ["kind", "name", "amount"]);
        assert_eq!(entry.at("kind").text(), line.kind().as_str());
        assert_eq!(entry.at("name").text(), line.name().as_str());
        assert_eq!(entry.at("amount").minor_units(digits), line.amount().minor_units());
    }
    lines.iter().map(|line| line.amount().minor_units()).sum()
}

fn assert_item(entry: &Json, order: &Order, item: &order_core::Item) {
    let mut keys = vec!["id", "dishName", "dishType", "quantity", "price", "itemTotal"];
    keys.extend(item.customization().map(|_| "customization"));
    keys.extend(["addedBy", "addedByName", "addedAt"]);
    let shared_by: Vec<_> = order
        .shared_by(item)
        .map(|(person, weight)| (person.id().as_str(), i64::try_from(weight.millionths()).unwrap()))
        .collect();
    // A dish that only its adder has is written as in the first release.
    let its_adders = shared_by == [(order.added_by(item).unwrap().id().as_str(), 1_000_000)];
    keys.extend((!its_adders).then_some("sharedBy"));
    assert_eq!(entry.keys(), keys);
    if let Some(found) = entry.get("sharedBy") {
        let found: Vec<_> =
            found.fields().iter().map(|(id, weight)| (id.as_str(), weight.minor_units(6))).collect();
        assert_eq!(found, shared_by);
    }
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

/// A guest whose texts each have a marker, followed by arbitrary characters.
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

/// Arbitrary text, often with characters that are special in JSON or HTML.
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

/// Guests whose ids and phone numbers differ, and do not contain one another.
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

    /// Every message that a client can send, in an order in which all are accepted.
    fn messages(&self, number: usize, owns: bool) -> Vec<Value> {
        let message = |kind: &str, data: Value| json!({"type": kind, "participantId": self.id, "data": data});
        let item = format!("i{number}");
        let me = |value: Value| json!({(self.id.clone()): value});
        let charge = |kind: &str| json!({"name": format!("CHARGE{}", self.dish), "kind": kind, "amount": 1});
        let mut messages = vec![
            self.join(),
            self.add(number),
            message("update_quantity", json!({"itemId": item, "quantity": 3})),
            message("unclaim_item", json!({"itemId": item})),
            message("claim_item", json!({"itemId": item, "weight": 2.5})),
            message("set_tip", json!({"percent": 12.5})),
            message("waive_service", json!({"waived": true})),
            message("update_split", json!({"splitType": "custom", "weights": me(json!(1.5))})),
            message("update_split", json!({"splitType": "custom", "percentages": me(json!(100))})),
            message("update_split", json!({"splitType": "adjustments", "adjustments": me(json!(0))})),
            message("update_split", json!({"splitType": "itemized"})),
        ];
        if owns {
            messages.push(message("assign_item", json!({"itemId": item, "sharedBy": [self.id]})));
            messages.push(message("set_charges", json!({"charges": [charge("service"), charge("fee")]})));
        }
        if self.leaves {
            messages.push(message("remove_item", json!({"itemId": item})));
            messages.push(message("leave", Value::Null));
        }
        messages
    }
}

/// Executes a message that must be accepted, and checks what every participant is shown.
fn say(order: &mut Order, presence: &mut Presence, party: &[Guest], message: &Value) {
    let inbound = wire::decode_command(&message.to_string(), || unreachable!()).unwrap();
    let who = inbound.participant.unwrap();
    let decision = decide(order, UnixMillis::new(7), &Actor::participant(who.clone()), &inbound.command);
    let Decision::Record(recorded) = decision.unwrap() else {
        assert_eq!(message["type"], "set_charges", "{message} changed nothing");
        return;
    };
    commit(order, &recorded).unwrap();
    presence.connect(&who);
    let frame = wire::fact_message(order, presence, &recorded);
    assert_frame(&frame, order, party);
    let envelope = Json::parse(&frame.text());
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
        "item_shared" => {
            assert_eq!(data.keys(), ["itemId", "sharedBy", "orderState"]);
            let ours = |item: &&Json| item.at("id") == data.at("itemId");
            let item = data.at("orderState.items").list().iter().find(ours).unwrap();
            let adders =
                Json::Object(vec![(item.at("addedBy").text().to_owned(), Json::Number("1".to_owned()))]);
            assert_eq!(item.get("sharedBy").unwrap_or(&adders), data.at("sharedBy"));
        }
        "charges_updated" | "tip_updated" => assert_eq!(data.keys(), ["orderState"]),
        "service_waived" => {
            assert_eq!(data.keys(), ["waived", "orderState"]);
            assert!(data.at("waived").truth());
        }
        "split_updated" => {
            assert_eq!(data.keys(), ["splitType", "splitMode", "orderState"]);
            for key in ["splitType", "splitMode"] {
                assert_eq!(data.at(key), data.at("orderState").at(key));
            }
        }
        "participant_left" => {}
        other => panic!("unexpected {other}"),
    }
    if let Some(state) = data.get("orderState") {
        assert_state(state, order, presence);
    }
}

/// Asserts that each person's copy of a frame has their own phone number with their own id,
/// and no other phone number.
fn assert_frame(frame: &Frame, order: &Order, party: &[Guest]) {
    let bare = Json::parse(&frame.text());
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
