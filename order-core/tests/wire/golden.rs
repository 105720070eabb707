//! Every serialized form, byte for byte as it was released.
//! `BLESS=1 cargo test -p order-core --test suite golden` rewrites the files. A changed
//! file is a change for every reader of that form, and needs a line in the changelog that
//! says who must migrate.

use order_core::fact::{ChargeFact, ClaimFact, DishFact, PaymentFact, PeopleFact, TableFact, TransferFact};
use order_core::split::Weight;
use order_core::stored::{
    LogPosition, decode_fact, decode_order, decode_snapshot, encode_fact, encode_order, encode_snapshot,
};
use order_core::wire;
use order_core::{
    Code, Currency, Decision, Fact, Lifetimes, LimitOn, Order, ParticipantId, Presence, Rejection,
    UnixMillis, commit, replay,
};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use crate::support::folding::CURSOR;
use crate::support::friends::{answer, cancel, one_paid_all, send};
use crate::support::table::{
    FINALIZE, LEAVE, LOCK, READY, REOPEN, Table, UNLOCK, WAIVE, add_items_message, add_message,
    assign_message, charges_message, claim_message, correct_message, edit_message, hand_over_message,
    join_message, limit_for_message, limit_message, quantity_message, remove_message, send_away_message,
    split_message, tip_message, unclaim_message,
};

#[test]
fn every_message_to_clients_is_written_as_it_was_released() {
    let mut golden = Golden::folder("wire");
    let mut party = Party::sit_down();
    golden.check("participant_joined", &party.shown("asha"));
    golden.check("sync", &party.sync().text());
    golden.check("sync_for_asha", &party.sync().text_for(&id("asha")));
    golden.check("rejoined", &wire::joined(&party.table.order, &party.presence, &id("asha"), NOW).text());

    party.presence.disconnect(&id("ben"));
    let offline = wire::presence_changed(&party.table.order, &party.presence, &[id("ben")], NOW);
    golden.check("presence_offline", &offline.text());
    party.presence.connect(&id("ben"));
    let online = wire::presence_changed(&party.table.order, &party.presence, &[id("ben")], NOW);
    golden.check("presence_online", &online.text());

    party.live(&story(), |name, party| golden.check(name, &party.shown("asha")));
    golden.check("public_view", &wire::public_view(&party.table.order));
    let empty = wire::sync(&Table::empty().order, &Presence::new(), NOW);
    golden.check("sync_before_anybody_joined", &empty.text());

    let mut party = Party::named("shared_dishes");
    party.live(&shared_story(), |name, party| golden.check(name, &party.shown("asha")));
    golden.check("sync_with_everything", &party.sync().text());
    golden.check("public_view_with_everything", &wire::public_view(&party.table.order));
    party.live(&paid_story(), |name, party| golden.check(name, &party.shown("asha")));
    golden.check("sync_finalized_with_everything", &party.sync().text());

    let mut party = Party::named("hosted_table");
    party.live(&hosted_story(), |name, party| golden.check(name, &party.shown("asha")));
    golden.check("sync_hosted", &party.sync().text());
    let mut party = Party::named("within_limits");
    party.live(&limited_story(), |name, party| {
        golden.check(name, &party.shown("asha"));
        let recorded = party.table.log.last().unwrap();
        golden.check(&format!("{name}_v2"), &wire::v2::event(&party.table.order, recorded, CURSOR));
    });
    golden.check("sync_within_limits", &party.sync().text());
    golden.check("state_within_limits_v2", &wire::v2::state_text(&party.table.order));
    let mut party = Party::named("order_undone");
    party.live(&undone_story(), |name, party| golden.check(name, &party.shown("asha")));
    let mut party = Party::named("order_revised");
    party.live(&revised_story(), |name, party| golden.check(name, &party.shown("asha")));
    golden.check("sync_order_revised", &party.sync().text());
    let mut party = Party::named("without_a_phone");
    party.live(&without_a_phone_story(), |name, party| {
        golden.check(name, &party.shown("asha"));
        let recorded = party.table.log.last().unwrap();
        golden.check(&format!("{name}_v2"), &wire::v2::event(&party.table.order, recorded, CURSOR));
    });
    golden.check("seat_code", &wire::seat_code(&id("dadi"), "0123456789ab", None, NOW));
    golden.check("seat_code_v2", &wire::v2::seat_code(&id("dadi"), "0123456789ab", None));
    golden.check("state_without_a_phone_v2", &wire::v2::state_text(&party.table.order));
    let mut party = Party::named("settled_up");
    party.live(&settled_up_story(), |name, party| {
        golden.check(name, &party.shown("asha"));
        let recorded = party.table.log.last().unwrap();
        golden.check(&format!("{name}_v2"), &wire::v2::event(&party.table.order, recorded, CURSOR));
    });
    golden.check("sync_settled_up", &party.sync().text());
    golden.check("state_settled_up_v2", &wire::v2::state_text(&party.table.order));
    golden.check("bill_settled_up_v2", &wire::v2::bill(&party.table.order, None).text());
    for mut party in timed_parties() {
        party.live_by_the_clock(|name, party| golden.check(name, &party.shown("asha")));
        golden.check(&format!("sync_{}", party.table.order.id()), &party.sync().text());
    }
    golden.finish();
}

#[test]
fn every_refusal_is_written_as_it_was_released() {
    let mut golden = Golden::folder("wire");
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    let refused = wire::decode_command(r#"{"type":"fly","id":"c-1"}"#, || unreachable!()).unwrap_err();
    golden.check("error", &wire::error(&refused.rejection, refused.id.as_ref(), NOW));
    let price = table.refuse("asha", &add_message("i2", "0.001", "1"));
    golden.check("error_bad_price", &wire::error(&price, None, NOW));
    let amounts = table.refuse("asha", &split_message(r#"{"splitType":"custom","amounts":{"asha":9.5}}"#));
    golden.check("error_unallocated", &wire::error(&amounts, None, NOW));
    let bare = Rejection::new(Code::StorageUnavailable);
    golden.check("error_storage_unavailable", &wire::error(&bare, None, NOW));

    table.join("ben");
    let not_owner = table.refuse("ben", &charges_message(""));
    golden.check("error_not_owner", &wire::error(&not_owner, None, NOW));
    let percent = table.refuse("asha", &charges_message(r#"{"name":"GST","kind":"tax","percent":100.01}"#));
    golden.check("error_bad_charge", &wire::error(&percent, None, NOW));
    let stray =
        table.refuse("asha", &charges_message(r#"{"name":"GST","kind":"tax","percent":5,"by":"head"}"#));
    golden.check("error_bad_charge_field", &wire::error(&stray, None, NOW));
    let mut free = Table::of(&["asha"]);
    free.add("asha", "water", "0", "1");
    free.accept("asha", &charges_message(r#"{"name":"Service","kind":"service","amount":2.5}"#));
    let nothing = free.refuse("asha", FINALIZE);
    golden.check("error_charge_on_nothing", &wire::error(&nothing, None, NOW));
    table.accept("asha", &unclaim_message("i1"));
    let unassigned = table.refuse("asha", FINALIZE);
    golden.check("error_unassigned", &wire::error(&unassigned, None, NOW));
    let covers = r#"{"splitType":"cover","covers":{"asha":"ben","ben":"asha"}}"#;
    let chain = table.refuse("asha", &split_message(covers));
    golden.check("error_conflicting_claims", &wire::error(&chain, None, NOW));

    let mut table = one_paid_all();
    let too_much = table.refuse("ben", &send("t1", "asha", "60.5"));
    golden.check("error_more_than_owed", &wire::error(&too_much, None, NOW));

    let mut table = Table::empty();
    table.accept("asha", HOSTED_BY_ASHA);
    table.join("ben");
    table.add("asha", "thali", "250", "1");
    table.add("ben", "lassi", "79.5", "1");
    table.accept("asha", &limit_message("ben", "100"));
    let over = table.refuse("ben", &add_message("naan", "20.51", "1"));
    golden.check("error_over_limit", &wire::error(&over, None, NOW));
    golden.check("error_over_limit_v2", &wire::v2::reject(&over, None));
    table.accept("asha", &limit_message("ben", "null"));
    table.accept("asha", &limit_for_message("each", "90"));
    let over_each = table.refuse("ben", &add_message("naan", "20.51", "1"));
    golden.check("error_over_limit_each", &wire::error(&over_each, None, NOW));
    table.accept("asha", &limit_for_message("each", "null"));
    table.accept("asha", &limit_for_message("table", "350"));
    let over_table = table.refuse("ben", &add_message("naan", "20.51", "1"));
    golden.check("error_over_limit_table", &wire::error(&over_table, None, NOW));
    golden.check("error_over_limit_table_v2", &wire::v2::reject(&over_table, None));
    table.accept("asha", &limit_for_message("table", "null"));
    let not_yours = table.refuse("ben", &remove_message("thali"));
    golden.check("error_not_yours", &wire::error(&not_yours, None, NOW));
    table.accept("asha", LOCK);
    let locked = table.refuse("ben", &add_message("naan", "1", "1"));
    golden.check("error_order_locked", &wire::error(&locked, None, NOW));
    table.accept("asha", &send_away_message("ben", "keep"));
    let removed = table.refuse("ben", &join_message("ben"));
    golden.check("error_removed", &wire::error(&removed, None, NOW));
}

#[test]
fn every_fact_is_stored_as_it_was_released() {
    let mut golden = Golden::folder("stored");
    let mut party = Party::sit_down();
    golden.check("joined_owner", &stored(&party.table, 0));
    golden.check("joined_member", &stored(&party.table, 1));
    party.live(&story(), |name, party| golden.check(name, &party.stored()));
    let mut shared = Party::named("shared_dishes");
    shared.live(&shared_story(), |name, party| golden.check(name, &party.stored()));
    shared.live(&paid_story(), |name, party| golden.check(name, &party.stored()));
    let mut hosted = Party::named("hosted_table");
    hosted.live(&hosted_story(), |name, party| golden.check(name, &party.stored()));

    let mut undone = Party::named("order_undone");
    undone.live(&undone_story(), |name, party| golden.check(name, &party.stored()));
    let mut rounded = Party::named("order_rounded");
    rounded.live(&rounded_story(), |name, party| golden.check(name, &party.stored()));
    let mut revised = Party::named("order_revised");
    revised.live(&revised_story(), |name, party| golden.check(name, &party.stored()));
    let mut friends = Party::named("settled_up");
    friends.live(&settled_up_story(), |name, party| golden.check(name, &party.stored()));
    let mut added = Party::named("without_a_phone");
    added.live(&without_a_phone_story(), |name, party| golden.check(name, &party.stored()));
    let mut limited = Party::named("within_limits");
    limited.live(&limited_story(), |name, party| golden.check(name, &party.stored()));
    let mut timed = timed_parties();
    for party in &mut timed {
        party.live_by_the_clock(|name, party| golden.check(name, &party.stored()));
    }

    let mut kinds = BTreeSet::new();
    for file in &golden.checked {
        let text = fs::read_to_string(golden.path(file)).unwrap();
        let recorded = decode_fact(text.trim_end().as_bytes()).unwrap();
        assert_eq!(encode_fact(&recorded).unwrap(), text.trim_end().as_bytes(), "{file}");
        kinds.insert(kind_of(&recorded.fact));
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), (0..KINDS).collect::<Vec<_>>(), "a kind has no file");

    let orders = [
        ("order", &party.table.order),
        ("order_with_everything", &shared.table.order),
        ("order_hosted", &hosted.table.order),
        ("order_undone", &undone.table.order),
        ("order_rounded", &rounded.table.order),
        ("order_revised", &revised.table.order),
        ("order_settled_up", &friends.table.order),
        ("order_without_a_phone", &added.table.order),
        ("order_within_limits", &limited.table.order),
    ];
    let timed = timed.iter().map(|party| (party.table.order.id().as_str(), &party.table.order));
    for (name, order) in orders.into_iter().chain(timed) {
        let text = String::from_utf8(encode_order(order).unwrap()).unwrap();
        golden.check(name, &text);
        assert_eq!(decode_order(text.as_bytes()).as_ref(), Ok(order));
    }
    let link = [0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240];
    let position = LogPosition { bytes: Some(1_234), link: Some(link) };
    let text = String::from_utf8(encode_snapshot(&party.table.order, &position).unwrap()).unwrap();
    golden.check("snapshot", &text);
    assert_eq!(decode_snapshot(text.as_bytes()), Ok((party.table.order.clone(), position)));
    golden.finish();
}

#[test]
fn every_entry_of_a_history_is_written_as_it_was_released() {
    let mut golden = Golden::folder("history");
    let mut first = Party::sit_down();
    first.live(&story(), |_, _| {});
    let mut shared = Party::named("shared_dishes");
    shared.live(&shared_story(), |_, _| {});
    shared.live(&paid_story(), |_, _| {});
    let mut hosted = Party::named("hosted_table");
    hosted.live(&hosted_story(), |_, _| {});
    let mut undone = Party::named("order_undone");
    undone.live(&undone_story(), |_, _| {});
    let mut revised = Party::named("order_revised");
    revised.live(&revised_story(), |_, _| {});
    let mut friends = Party::named("settled_up");
    friends.live(&settled_up_story(), |_, _| {});
    let mut added = Party::named("without_a_phone");
    added.live(&without_a_phone_story(), |_, _| {});
    let mut limited = Party::named("within_limits");
    limited.live(&limited_story(), |_, _| {});
    let mut timed = timed_parties();
    for party in &mut timed {
        party.live_by_the_clock(|_, _| {});
    }
    let parties = [&first, &shared, &hosted, &undone, &revised, &friends, &added, &limited];
    for party in parties.into_iter().chain(&timed) {
        let mut order = Order::new(party.table.order.id().clone(), Currency::default());
        let mut entries = Vec::new();
        for recorded in &party.table.log {
            let entry = wire::history_entry(&order, recorded);
            assert!(!entry.contains("5550100") && !entry.contains("98765"), "a phone number: {entry}");
            entries.push(entry);
            commit(&mut order, recorded).unwrap();
        }
        golden.check(party.table.order.id().as_str(), &entries.join("\n"));
    }
    golden.finish();
}

/// Facts of version 1, when a dish was always its adder's and there were no charges, keep
/// their meaning.
#[test]
fn what_version_1_stored_means_what_it_meant() {
    let mut party = Party::sit_down();
    let story = story();
    party.live(&story, |_, _| {});
    let names = ["joined_owner", "joined_member"].into_iter().chain(story.iter().map(|step| step.name));
    let folder = Golden::folder("stored/v1");
    let mut log = Vec::new();
    for (name, meant) in names.zip(&party.table.log) {
        let text = fs::read_to_string(folder.path(name)).unwrap();
        assert!(text.starts_with(r#"{"v":1,"#), "{name}");
        let recorded = decode_fact(text.trim_end().as_bytes()).unwrap();
        if let Fact::Table(TableFact::Finalized { on_bill }) = &recorded.fact {
            assert_eq!(*on_bill, None, "the first version did not say");
        } else {
            assert_eq!(&recorded, meant, "{name}");
        }
        if let Fact::Dish(DishFact::Added(added)) = &recorded.fact {
            let adder = recorded.by.id().unwrap().clone();
            assert_eq!(added.shared_by, [(adder, Weight::ONE)], "{name}");
        }
        if let Fact::People(PeopleFact::Joined(joined)) = &recorded.fact {
            assert_eq!((&joined.charges, joined.rules), (&None, None), "{name}");
        }
        log.push(recorded);
    }
    assert_eq!(log.len(), party.table.log.len());

    let text = fs::read_to_string(folder.path("order")).unwrap();
    assert!(text.starts_with(r#"{"v":1,"#));
    let order = decode_order(text.trim_end().as_bytes()).unwrap();
    assert_eq!(order, party.table.order);
    let replayed = replay(Order::new(order.id().clone(), Currency::default()), &log).unwrap();
    assert_eq!(replayed, order);
    for item in order.items() {
        let shared_by: Vec<_> = order.shared_by(item).collect();
        assert_eq!(shared_by, [(order.added_by(item).unwrap(), Weight::ONE)]);
    }
    assert!(order.charges().is_empty() && order.payments().is_empty() && order.round_to().is_none());
    assert_eq!((order.tips().count(), order.without_service().count()), (0, 0));
    assert_eq!(fs::read_dir(&folder.folder).unwrap().count(), log.len() + 1, "a file that nothing reads");
}

/// The number of kinds of facts, which [`kind_of`] numbers.
const KINDS: usize = 37;

fn kind_of(fact: &Fact) -> usize {
    match fact {
        Fact::People(PeopleFact::Joined(_)) => 0,
        Fact::People(PeopleFact::Left { .. }) => 1,
        Fact::Dish(DishFact::Added(_)) => 2,
        Fact::Dish(DishFact::Removed { .. }) => 3,
        Fact::Dish(DishFact::QuantityUpdated { .. }) => 4,
        Fact::Claim(ClaimFact::Shared { .. }) => 5,
        Fact::Charge(ChargeFact::Set(_)) => 6,
        Fact::Charge(ChargeFact::TipSet { .. }) => 7,
        Fact::Charge(ChargeFact::ServiceWaived { .. }) => 8,
        Fact::Payment(PaymentFact::Recorded(_)) => 9,
        Fact::Payment(PaymentFact::Updated { .. }) => 10,
        Fact::Payment(PaymentFact::Refunded { .. }) => 11,
        Fact::Split(_) => 12,
        Fact::Table(TableFact::Finalized { .. }) => 13,
        Fact::Table(TableFact::RulesSet(_)) => 14,
        Fact::Table(TableFact::LockSet { .. }) => 15,
        Fact::Table(TableFact::LimitSet { on: LimitOn::Person(_), .. }) => 16,
        Fact::Table(TableFact::LimitSet { on: LimitOn::Each | LimitOn::Table, .. }) => 36,
        Fact::People(PeopleFact::ReadySet { .. }) => 17,
        Fact::People(PeopleFact::HandedOver { .. }) => 18,
        Fact::People(PeopleFact::Removed(_)) => 19,
        Fact::People(PeopleFact::Readmitted { .. }) => 20,
        Fact::Table(TableFact::DeadlineSet(_)) => 21,
        Fact::Table(TableFact::Reminded { .. }) => 22,
        Fact::Table(TableFact::Expired) => 23,
        Fact::Table(TableFact::Archived) => 24,
        Fact::Dish(DishFact::Restored(_)) => 25,
        Fact::Dish(DishFact::Edited { .. }) => 26,
        Fact::Dish(DishFact::AllAdded(_)) => 27,
        Fact::Dish(DishFact::AllRestored(_)) => 28,
        Fact::Dish(DishFact::AllRemoved { .. }) => 29,
        Fact::Dish(DishFact::Corrected(_)) => 30,
        Fact::Table(TableFact::Reopened { .. }) => 31,
        Fact::People(PeopleFact::Added { .. }) => 32,
        Fact::Transfer(TransferFact::Recorded(_)) => 33,
        Fact::Transfer(TransferFact::Answered { .. }) => 34,
        Fact::Transfer(TransferFact::Cancelled { .. }) => 35,
    }
}

const NOW: UnixMillis = UnixMillis::new(1_800_000_009_999);

/// A table with its people, and what each of their phones shows.
struct Party {
    table: Table,
    presence: Presence,
}

/// One message of a story.
struct Step {
    /// The name of its golden file.
    name: &'static str,
    /// Who sends it. `None`: the restaurant's back end.
    who: Option<&'static str>,
    message: String,
}

impl Party {
    /// An order without participants.
    fn named(order: &str) -> Self {
        let mut table = Table::named(order);
        table.now = 1_800_000_000_000;
        Self { table, presence: Presence::new() }
    }

    /// Two people with every field set.
    fn sit_down() -> Self {
        let mut party = Self::named("session_xyz");
        party.table.accept(
            "asha",
            r#"{"type":"join","participantId":"asha","participantName":"Asha \"A\" <b>&","data":{"circleId":"circle_abc123","tenantId":"restaurant_id","phone":"+91 98765 43210","currency":"INR"}}"#,
        );
        party
            .table
            .accept("ben", r#"{"type":"join","participantId":"ben","participantName":"बेन","data":{}}"#);
        party.presence.connect(&id("asha"));
        party.presence.connect(&id("ben"));
        party
    }

    /// Sends each step's message, which must make a fact, and shows the result.
    fn live(&mut self, story: &[Step], mut show: impl FnMut(&'static str, &Self)) {
        for Step { name, who, message } in story {
            let decision = match who {
                Some(who) => self.table.say(who, message),
                None => self.table.say_from_backend(message),
            };
            assert!(matches!(decision, Ok(Decision::Record(_))), "{name}: {message}: {decision:?}");
            if let Some(who) = who {
                self.presence.connect(&id(who));
            }
            show(name, self);
        }
    }

    /// Shows the last fact, then each automatic fact after it, until there are no more.
    fn live_by_the_clock(&mut self, mut show: impl FnMut(&str, &Self)) {
        show(&format!("{}_begins", self.table.order.id()), self);
        for number in 1.. {
            let Some(at) = self.table.order.alarm(&LIFETIMES) else { return };
            assert_eq!(self.table.wait_until(at.get(), &LIFETIMES).len(), 1);
            show(&format!("{}_by_the_clock_{number}", self.table.order.id()), self);
        }
    }

    /// The last fact as it is stored.
    fn stored(&self) -> String {
        stored(&self.table, self.table.log.len() - 1)
    }

    fn sync(&self) -> wire::Frame {
        wire::sync(&self.table.order, &self.presence, NOW)
    }

    /// The message about the last fact, as `viewer` gets it.
    fn shown(&self, viewer: &str) -> String {
        let recorded = self.table.log.last().unwrap();
        wire::fact_message(&self.table.order, &self.presence, recorded).text_for(&id(viewer))
    }
}

fn by(who: &'static str, name: &'static str, message: impl Into<String>) -> Step {
    Step { name, who: Some(who), message: message.into() }
}

fn by_the_back_end(name: &'static str, message: impl Into<String>) -> Step {
    Step { name, who: None, message: message.into() }
}

/// The commands of the first release.
fn story() -> Vec<Step> {
    let full = r#"{"type":"add_item","data":{"id":"item_1","dishName":"Chicken Biryani","dishType":"non-veg","quantity":2,"price":299,"customization":"Extra spicy"}}"#;
    let custom = |shares: &str| split_message(&format!(r#"{{"splitType":"custom",{shares}}}"#));
    vec![
        by("asha", "item_added", full),
        by("ben", "item_added_plain", add_message("item_2", "12.30", "1")),
        by("ben", "item_added_third", add_message("item_3", "0.05", "1")),
        by("ben", "quantity_updated", quantity_message("item_1", "3")),
        by("ben", "item_removed", remove_message("item_3")),
        by("asha", "split_updated_itemized", split_message(r#"{"splitType":"itemized"}"#)),
        by("asha", "split_updated_custom", split_message(r#"{"splitType":"custom"}"#)),
        by(
            "asha",
            "split_updated_percentages",
            custom(r#""percentages":{"asha":66.666667,"ben":33.333333}"#),
        ),
        by("asha", "split_updated_weights", custom(r#""weights":{"ben":0.5,"asha":2}"#)),
        by("asha", "split_updated_amounts", custom(r#""amounts":{"asha":900,"ben":9.3}"#)),
        by("asha", "split_updated_equal", split_message(r#"{"splitType":"equal"}"#)),
        by("asha", "participant_left_owner", LEAVE),
        by("ben", "participant_left_last", LEAVE),
        by("asha", "participant_back", r#"{"type":"join","participantId":"asha","data":{}}"#),
        by("asha", "order_finalized", FINALIZE),
    ]
}

/// Shared dishes, charges of every kind, tips, and the two newer split rules.
fn shared_story() -> Vec<Step> {
    let join = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"phone":"5550100","charges":[{"name":"CGST","kind":"tax","percent":2.5},{"name":"SGST","kind":"tax","percent":2.5,"dishTypes":[]}],"roundTo":1}}"#;
    let guest = |id: &str, name: &str| {
        format!(r#"{{"type":"join","participantId":"{id}","participantName":"{name}","data":{{}}}}"#)
    };
    let add = |id: &str, kind: &str, price: &str, shared_by: &str| {
        format!(
            r#"{{"type":"add_item","data":{{"id":"{id}","dishName":"Dish {id}","dishType":"{kind}","price":{price},"quantity":2{shared_by}}}}}"#
        )
    };
    let every_kind = r#"{"type":"set_charges","data":{"charges":[
        {"name":"VAT \"bar\"","kind":"tax","percent":12.5,"inclusive":true,"dishTypes":["wine","beer"]},
        {"name":"CGST","kind":"tax","percent":2.5},
        {"name":"Service","kind":"service","percent":10},
        {"name":"Corkage","kind":"service","amount":3,"optional":false},
        {"name":"Tip","kind":"tip","percent":5.000001,"by":"head"},
        {"name":"Happy hour","kind":"discount","percent":50,"itemId":"wine"},
        {"name":"Voucher","kind":"discount","amount":20.5},
        {"name":"Delivery","kind":"fee","amount":40},
        {"name":"Packing","kind":"fee","percent":1,"by":"share"}
    ],"roundTo":0.5}}"#;
    vec![
        by("asha", "joined_with_charges", join),
        by("ben", "joined_second", guest("ben", "Ben")),
        by("chi", "joined_third", guest("chi", "Chi")),
        by("asha", "split_updated_itemized_early", split_message(r#"{"splitType":"itemized"}"#)),
        by(
            "asha",
            "item_added_shared_equally",
            add("thali", "veg", "180.25", r#","sharedBy":["chi","asha"]"#),
        ),
        by(
            "ben",
            "item_added_shared_by_weights",
            add("wine", "wine", "350", r#","sharedBy":{"ben":1,"chi":0.5,"asha":0}"#),
        ),
        by("ben", "item_added_for_another", add("lassi", "", "60", r#","sharedBy":["chi"]"#)),
        by("chi", "item_added_unassigned", add("naan", "veg", "25.05", r#","sharedBy":[]"#)),
        by("ben", "item_shared", claim_message("thali")),
        by(
            "asha",
            "item_shared_by_weight",
            r#"{"type":"claim_item","data":{"itemId":"wine","weight":0.25}}"#,
        ),
        by("chi", "item_unclaimed", unclaim_message("lassi")),
        by("asha", "item_assigned", assign_message("lassi", r#"{"chi":2,"ben":1}"#)),
        by("asha", "charges_updated_none", charges_message("")),
        by("asha", "charges_updated", every_kind),
        by("ben", "tip_updated_percent", tip_message(r#""percent":7.5"#)),
        by("chi", "tip_updated_amount", tip_message(r#""amount":15"#)),
        by("asha", "tip_updated_amount_of_asha", tip_message(r#""amount":1"#)),
        by("asha", "tip_updated_none", tip_message("")),
        by("chi", "service_waived", WAIVE),
        by("asha", "service_waived_by_asha", WAIVE),
        by("asha", "service_not_waived", r#"{"type":"waive_service","data":{"waived":false}}"#),
        by(
            "ben",
            "split_updated_adjustments",
            split_message(r#"{"splitType":"adjustments","adjustments":{"ben":100,"asha":0.5}}"#),
        ),
        by(
            "ben",
            "split_updated_cover_equal",
            split_message(r#"{"splitType":"cover","covers":{"chi":"ben"}}"#),
        ),
        by(
            "ben",
            "split_updated_cover",
            split_message(r#"{"splitType":"cover","covers":{"chi":"ben"},"rest":"itemized"}"#),
        ),
    ]
}

/// Payments before and after the order is closed.
fn paid_story() -> Vec<Step> {
    let pay = |data: &str| format!(r#"{{"type":"record_payment","data":{{{data}}}}}"#);
    vec![
        by("asha", "item_assigned_last", assign_message("naan", r#"["asha","ben","chi"]"#)),
        by_the_back_end(
            "charges_updated_by_the_back_end",
            charges_message(r#"{"name":"GST","kind":"tax","percent":5}"#),
        ),
        by(
            "asha",
            "payment_recorded",
            pay(r#""paymentId":"cash-1","amount":30,"payer":"asha","method":"cash""#),
        ),
        by_the_back_end(
            "payment_recorded_pending",
            pay(
                r#""paymentId":"card-1","amount":120.5,"payer":"chi","for":{"asha":20.25,"ben":100.25},"method":"card","reference":"txn \"9\"","status":"pending""#,
            ),
        ),
        by_the_back_end(
            "payment_updated",
            r#"{"type":"update_payment","data":{"paymentId":"card-1","status":"paid"}}"#,
        ),
        by(
            "asha",
            "payment_refunded",
            r#"{"type":"refund_payment","data":{"paymentId":"cash-1","refundId":"back-1","amount":12.34}}"#,
        ),
        by_the_back_end(
            "payment_recorded_lost",
            pay(r#""paymentId":"card-2","amount":5,"for":["ben"],"status":"pending""#),
        ),
        by_the_back_end(
            "payment_failed",
            r#"{"type":"update_payment","data":{"paymentId":"card-2","status":"failed"}}"#,
        ),
        by("ben", "order_finalized_with_everything", FINALIZE),
        by_the_back_end(
            "payment_recorded_with_tip",
            pay(r#""paymentId":"cash-2","amount":5000,"payer":"ben","for":["asha","ben"],"excess":"tip""#),
        ),
    ]
}

const HOSTED_BY_ASHA: &str = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"phone":"5550100","policy":"hosted"}}"#;

/// A table whose owner sets rules.
fn hosted_story() -> Vec<Step> {
    let guest = |id: &str, name: &str| {
        format!(r#"{{"type":"join","participantId":"{id}","participantName":"{name}","data":{{}}}}"#)
    };
    let shared = r#"{"type":"add_item","data":{"id":"pizza","dishName":"Pizza","price":400,"quantity":1,"sharedBy":{"ben":1,"chi":2}}}"#;
    let when_ready = r#"{"type":"set_rules","data":{"finalizeWhenReady":true}}"#;
    let readmit = r#"{"type":"readmit_participant","data":{"participantId":"chi"}}"#;
    vec![
        by("asha", "joined_hosted", HOSTED_BY_ASHA),
        by("ben", "joined_hosted_second", guest("ben", "Ben")),
        by("chi", "joined_hosted_third", guest("chi", "Chi")),
        by("asha", "limit_updated", limit_message("ben", "500.5")),
        by("ben", "item_added_hosted", shared),
        by("chi", "item_added_by_chi", add_message("lassi", "60", "1")),
        by("ben", "ready_updated", READY),
        by("chi", "item_added_after_ready", add_message("naan", "40", "2")),
        by("ben", "ready_updated_again", READY),
        by("ben", "ready_updated_not", r#"{"type":"set_ready","data":{"ready":false}}"#),
        by("asha", "order_locked", LOCK),
        by("asha", "order_unlocked", UNLOCK),
        by_the_back_end("limit_updated_by_the_back_end", limit_message("asha", "1000")),
        by("asha", "limit_updated_none", r#"{"type":"set_limit","data":{"participantId":"ben"}}"#),
        by("asha", "participant_removed", send_away_message("chi", "remove")),
        by("asha", "participant_readmitted", readmit),
        by("chi", "participant_back_hosted", guest("chi", "Chi")),
        by("asha", "participant_removed_reassigned", send_away_message("ben", r#"reassign","to":"chi"#)),
        by("asha", "owner_changed", hand_over_message("chi")),
        by("chi", "rules_updated", when_ready),
        by("chi", "limit_updated_low", limit_message("asha", "0")),
        by("asha", "ready_updated_by_asha", READY),
        by("chi", "order_locked_by_chi", LOCK),
    ]
}

/// Limits for everybody and for the table, beside one person's own.
fn limited_story() -> Vec<Step> {
    let no_limit = r#"{"type":"set_limit","data":{"for":"each","limit":null}}"#;
    vec![
        by("asha", "joined_within_limits", join_message("asha")),
        by("ben", "joined_within_limits_second", join_message("ben")),
        by("asha", "limit_updated_each", limit_for_message("each", "500.5")),
        by_the_back_end("limit_updated_table", limit_for_message("table", "2000")),
        by("asha", "limit_updated_beside_each", limit_message("ben", "750")),
        by("asha", "limit_updated_each_none", no_limit),
        by("asha", "limit_updated_each_again", limit_for_message("each", "400")),
    ]
}

/// Charges on other charges, and shares that are rounded to a coin or by chance.
fn rounded_story() -> Vec<Step> {
    let join =
        r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"roundSharesTo":0.05}}"#;
    let on_others = charges_message(
        r#"{"name":"Packing","kind":"fee","amount":20},{"name":"Service","kind":"service","percent":10,"discounts":"before"},{"name":"GST","kind":"tax","percent":5,"on":["Packing","Service"],"rounding":"down","per":"line"},{"name":"Cess","kind":"tax","percent":1,"on":["dishes","Packing"],"rounding":"half_even"}"#,
    );
    vec![
        by("asha", "joined_rounded", join),
        by("asha", "charges_updated_on_others", on_others),
        by(
            "asha",
            "charges_updated_unbiased",
            r#"{"type":"set_charges","data":{"charges":[],"rounding":"unbiased"}}"#,
        ),
        by("asha", "charges_undone", r#"{"type":"undo"}"#),
        by(
            "asha",
            "charges_updated_in_coins",
            r#"{"type":"set_charges","data":{"charges":[],"roundTo":5,"roundSharesTo":5}}"#,
        ),
    ]
}

/// Changes that are undone.
fn undone_story() -> Vec<Step> {
    let undo = r#"{"type":"undo"}"#;
    let discount = charges_message(r#"{"name":"Happy hour","kind":"discount","percent":50,"itemId":"wine"}"#);
    vec![
        by("asha", "joined_to_undo", join_message("asha")),
        by("ben", "joined_to_undo_second", join_message("ben")),
        by("ben", "item_added_to_undo", add_message("wine", "350", "1")),
        by("asha", "charges_updated_to_undo", discount),
        by("ben", "quantity_updated_to_undo", quantity_message("wine", "3")),
        by("ben", "quantity_undone", undo),
        by("asha", "item_removed_to_undo", remove_message("wine")),
        by("asha", "item_restored", undo),
        by("ben", "item_claimed_to_undo", r#"{"type":"claim_item","data":{"itemId":"wine","weight":3}}"#),
        by("ben", "item_claim_undone", undo),
        by("asha", "tip_to_undo", tip_message(r#""amount":15"#)),
        by(
            "ben",
            "item_edited_to_undo",
            edit_message("wine", r#""dishName":"Riesling","customization":"cold""#),
        ),
        by("ben", "item_edit_undone", undo),
        by("asha", "item_edited", edit_message("wine", r#""customization":"two glasses""#)),
    ]
}

/// Several dishes at once, and a bill that is corrected, refunded and reopened after it was final.
fn revised_story() -> Vec<Step> {
    let undo = r#"{"type":"undo"}"#;
    let dishes = [
        r#""id":"thali","dishName":"Thali","dishType":"veg","price":300,"quantity":1"#,
        r#""id":"lassi","dishName":"Lassi","price":100,"quantity":3,"customization":"cold","sharedBy":{"asha":1,"ben":2}"#,
    ];
    let amounts = r#"{"splitType":"custom","amounts":{"asha":400,"ben":200}}"#;
    let pay = r#"{"type":"record_payment","data":{"paymentId":"card-1","amount":450,"for":["asha","ben"]}}"#;
    let for_good = r#"{"type":"refund_payment","data":{"paymentId":"card-1","refundId":"back-1","amount":50,"due":false}}"#;
    let deadline = r#"{"type":"set_deadline","data":{"in":5,"then":"lock"}}"#;
    vec![
        by("asha", "joined_to_revise", join_message("asha")),
        by("ben", "joined_to_revise_second", join_message("ben")),
        by("ben", "items_added", add_items_message(&dishes)),
        by("ben", "items_removed", undo),
        by("ben", "items_restored", undo),
        by("asha", "split_updated_to_revise", split_message(amounts)),
        by("asha", "deadline_updated_to_revise", deadline),
        by("asha", "order_finalized_to_revise", FINALIZE),
        by("asha", "payment_recorded_to_revise", pay),
        by("asha", "payment_refunded_for_good", for_good),
        by("asha", "item_corrected", correct_message("lassi", r#","quantity":2"#)),
        by_the_back_end("item_corrected_by_the_back_end", correct_message("lassi", "")),
        by(
            "asha",
            "payment_refunded_to_revise",
            r#"{"type":"refund_payment","data":{"paymentId":"card-1","refundId":"back-2","amount":250}}"#,
        ),
        by("asha", "order_reopened", REOPEN),
        by("ben", "order_finalized_again", FINALIZE),
    ]
}

/// ben adds his grandmother, who has no phone.
fn without_a_phone_story() -> Vec<Step> {
    let guest = |id: &str, name: &str| {
        format!(r#"{{"type":"join","participantId":"{id}","participantName":"{name}","data":{{}}}}"#)
    };
    let add = r#"{"type":"add_person","data":{"participantId":"dadi","name":"दादी"}}"#;
    vec![
        by("asha", "joined_to_add", guest("asha", "Asha")),
        by("ben", "joined_to_add_second", guest("ben", "Ben")),
        by("asha", "ready_before_the_addition", READY),
        by("ben", "participant_added", add),
    ]
}

/// asha pays for three, and two pay her back; one transfer is denied, and one taken back.
fn settled_up_story() -> Vec<Step> {
    let guest = |id: &str, name: &str| {
        format!(r#"{{"type":"join","participantId":"{id}","participantName":"{name}","data":{{}}}}"#)
    };
    let pay = r#"{"type":"record_payment","data":{"paymentId":"card-1","amount":299.97,"for":["asha","ben","chi"]}}"#;
    let with_details = r#"{"type":"record_transfer","data":{"transferId":"ben-1","to":"asha","amount":99.99,"method":"upi","reference":"txn \"9\""}}"#;
    vec![
        by("asha", "joined_to_settle_up", guest("asha", "Asha")),
        by("ben", "joined_to_settle_up_second", guest("ben", "बेन")),
        by("chi", "joined_to_settle_up_third", guest("chi", "Chi")),
        by("asha", "item_added_to_settle_up", add_message("thali", "99.99", "3")),
        by("asha", "payment_recorded_to_settle_up", pay),
        by("asha", "order_finalized_to_settle_up", FINALIZE),
        by("ben", "transfer_recorded", with_details),
        by("chi", "transfer_recorded_by_chi", send("chi-1", "asha", "50")),
        by("chi", "transfer_cancelled", cancel("chi-1")),
        by("chi", "transfer_recorded_again", send("chi-2", "asha", "99.99")),
        by("asha", "transfer_answered", answer("ben-1", true)),
        by("asha", "transfer_answered_no", answer("chi-2", false)),
        by("chi", "transfer_recorded_third", send("chi-3", "asha", "99.99")),
        by("asha", "transfer_answered_last", answer("chi-3", true)),
    ]
}

const LIFETIMES: Lifetimes = Lifetimes {
    expire_after: Some(Duration::from_secs(24 * 60 * 60)),
    archive_after: Some(Duration::from_secs(30 * 24 * 60 * 60)),
};

/// A table that is finalized at its deadline, and one that is locked and then expires.
fn timed_parties() -> [Party; 2] {
    let mut on_time = Party::named("order_on_time");
    let join = r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"deadline":{"in":3600000,"then":"finalize"}}}"#;
    on_time.table.accept("asha", join);
    on_time.table.add("asha", "thali", "250", "1");
    let mut forgotten = Party::named("order_forgotten");
    forgotten.table.join("asha");
    forgotten.table.accept(
        "asha",
        r#"{"type":"set_deadline","data":{"at":1800000900000,"then":"lock","reminders":[30000]}}"#,
    );
    [on_time, forgotten]
}

fn stored(table: &Table, number: usize) -> String {
    String::from_utf8(encode_fact(&table.log[number]).unwrap()).unwrap()
}

/// A folder of files that each hold one text and a line break.
struct Golden {
    folder: PathBuf,
    checked: BTreeSet<String>,
}

impl Golden {
    fn folder(name: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/golden").join(name);
        Self { folder, checked: BTreeSet::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn check(&mut self, name: &str, text: &str) {
        let path = self.path(name);
        if env::var_os("BLESS").is_some() {
            fs::create_dir_all(&self.folder).unwrap();
            fs::write(&path, format!("{text}\n")).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(golden, format!("{text}\n"), "{} is no longer what is written", path.display());
        assert!(self.checked.insert(name.to_owned()), "{name} is checked twice");
    }

    /// Asserts that the folder has no unchecked file.
    fn finish(self) {
        let names = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let stray: Vec<_> = names
            .filter(|name| !name.starts_with("error") && name != "v1")
            .filter(|name| !self.checked.contains(name.trim_end_matches(".json")))
            .collect();
        assert!(stray.is_empty(), "{stray:?}");
    }
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

/// Commands can make all tables of the stories: nothing is assembled by hand.
#[test]
fn the_golden_stories_are_replayed_to_the_same_orders() {
    let mut party = Party::sit_down();
    party.live(&story(), |_, _| {});
    let mut shared = Party::named("shared_dishes");
    shared.live(&shared_story(), |_, _| {});
    shared.live(&paid_story(), |_, _| {});
    for table in [&party.table, &shared.table] {
        assert_eq!(encode_order(&table.replayed()).unwrap(), table.bytes());
    }
}
