//! Who may do what at a table, rule by rule, and what happens to people who are removed.

use order_core::{Code, Decision, ParticipantId, Policy, Role, Status, stored, wire};

use crate::support::table::{
    FINALIZE, LEAVE, LOCK, READY, Table, UNLOCK, WAIVE, add_message, assign_message, charges_message,
    claim_message, hand_over_message, join_message, limit_message, quantity_message, readmit_message,
    remove_message, send_away_message, split_message, tip_message, unclaim_message,
};

const ITEMIZED: &str = r#"{"splitType":"itemized"}"#;
const NOT_READY: &str = r#"{"type":"set_ready","data":{"ready":false}}"#;
const WHEN_READY: &str = r#"{"type":"set_rules","data":{"finalizeWhenReady":true}}"#;

#[test]
fn at_a_hosted_table_each_edits_their_own_dishes_and_the_owner_all() {
    let mut table = hosted(&["asha", "ben", "chi"]);
    table.add("ben", "dosa", "80", "1");
    table.add("asha", "thali", "250", "1");
    for message in [remove_message("dosa"), quantity_message("dosa", "2"), quantity_message("dosa", "0")] {
        assert_eq!(table.refuse("chi", &message).code(), Code::NotYours, "{message}");
    }
    table.accept("ben", &quantity_message("dosa", "3"));
    table.accept("asha", &quantity_message("dosa", "2"));
    assert_eq!(table.refuse("ben", &remove_message("thali")).code(), Code::NotYours);
    table.accept("asha", &remove_message("dosa"));
    assert_eq!(table.order.items().len(), 1);
}

#[test]
fn at_a_hosted_table_only_the_owner_chooses_the_split_and_finalizes() {
    let mut table = hosted(&["asha", "ben"]);
    table.add("ben", "dosa", "80", "1");
    assert_eq!(table.refuse("ben", &split_message(ITEMIZED)).code(), Code::NotOwner);
    assert_eq!(table.refuse("ben", FINALIZE).code(), Code::NotOwner);
    table.split("asha", ITEMIZED);
    table.accept("asha", FINALIZE);
    assert_eq!(table.order.status(), Status::Finalized);
}

#[test]
fn ones_own_part_is_ones_own_to_say_at_a_hosted_table_too() {
    let mut table = hosted(&["asha", "ben"]);
    table.add("asha", "pizza", "400", "1");
    table.accept("ben", &claim_message("pizza"));
    table.accept("ben", &unclaim_message("pizza"));
    table.accept("ben", &tip_message(r#""amount":10"#));
    table.accept("ben", WAIVE);
    assert_eq!(table.refuse("ben", &assign_message("pizza", r#"["ben"]"#)).code(), Code::NotOwner);
}

#[test]
fn the_first_to_join_chooses_the_policy_and_nobody_after_them() {
    let mut table = hosted(&["asha"]);
    let open = r#"{"type":"join","participantId":"ben","participantName":"Ben","data":{"policy":"open","finalizeWhenReady":true}}"#;
    table.accept("ben", open);
    assert_eq!(table.order.policy(), Policy::Hosted);
    assert!(!table.order.table_rules().finalize_when_ready);
    let mut table = Table::of(&["asha"]);
    assert_eq!(table.order.policy(), Policy::Open);
    for policy in ["\"Hosted\"", "\"\"", "1"] {
        let join = format!(
            r#"{{"type":"join","participantId":"ben","participantName":"Ben","data":{{"policy":{policy}}}}}"#
        );
        let refused = table.refuse("ben", &join);
        assert_eq!((refused.code(), refused.field_name()), (Code::BadField, Some("data.policy")));
    }
}

/// The host sets its default policy.
#[test]
fn the_policy_of_an_order_whose_first_guest_names_none_is_in_the_log() {
    let hosted_by_default = || {
        let mut table = Table::empty();
        table.order = table.order.clone().with_default_policy(Policy::Hosted);
        table
    };
    let mut table = hosted_by_default();
    table.join("asha");
    assert_eq!(table.order.policy(), Policy::Hosted);
    assert_eq!(table.replayed(), table.order, "a host with another default replays the same order");

    let mut table = hosted_by_default();
    table.accept(
        "asha",
        r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{"policy":"open"}}"#,
    );
    assert_eq!(table.order.policy(), Policy::Open);
    assert_eq!(table.replayed(), table.order);
    let later = table.order.clone().with_default_policy(Policy::Hosted);
    assert_eq!(later.policy(), Policy::Open);
    assert_eq!(later, table.order);
}

#[test]
fn while_the_order_is_locked_only_the_owner_touches_the_dishes() {
    for mut table in [Table::of(&["asha", "ben"]), hosted(&["asha", "ben"])] {
        table.add("ben", "dosa", "80", "1");
        assert_eq!(table.refuse("ben", LOCK).code(), Code::NotOwner);
        table.accept("asha", LOCK);
        assert_eq!(table.accept("asha", LOCK), Decision::Unchanged);
        for message in [
            add_message("naan", "40", "1"),
            remove_message("dosa"),
            quantity_message("dosa", "2"),
            claim_message("dosa"),
            unclaim_message("dosa"),
        ] {
            assert_eq!(table.refuse("ben", &message).code(), Code::OrderLocked, "{message}");
        }
        table.add("asha", "naan", "40", "1");
        table.accept("asha", &quantity_message("dosa", "2"));
        table.accept("asha", &claim_message("dosa"));
        table.accept("ben", &tip_message(r#""amount":10"#));
        table.join("chi");
        assert_eq!(table.refuse("ben", UNLOCK).code(), Code::NotOwner);
        table.accept("asha", UNLOCK);
        table.accept("ben", &remove_message("dosa"));
    }
}

#[test]
fn a_dish_that_would_pass_the_limit_is_refused_and_says_what_is_left() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &limit_message("ben", "100"));
    table.add("ben", "dosa", "80.50", "1");
    for message in [add_message("naan", "19.51", "1"), quantity_message("dosa", "2")] {
        let refused = table.refuse("ben", &message);
        assert_eq!(refused.code(), Code::OverLimit);
        let limit = refused.passed_limit().unwrap();
        assert_eq!((limit.limit.minor_units(), limit.left.minor_units()), (10_000, 1_950));
        let text = refused.to_string();
        assert!(text.contains("the limit of Name of ben is 100, and 19.5 is left"), "{text}");
    }
    table.add("ben", "naan", "19.50", "1");
    assert_eq!(table.refuse("ben", &add_message("water", "0.01", "1")).code(), Code::OverLimit);
    table.add("ben", "tap-water", "0", "3");
}

#[test]
fn a_limit_is_on_what_somebody_added_whoever_pays_and_whoever_asks_for_more() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.accept("asha", &limit_message("ben", "100"));
    table.add("ben", "dosa", "60", "1");
    table.accept("ben", &unclaim_message("dosa"));
    assert_eq!(table.refuse("ben", &add_message("more", "50", "1")).code(), Code::OverLimit);
    assert_eq!(table.refuse("chi", &quantity_message("dosa", "2")).code(), Code::OverLimit);
    table.add("chi", "naan", "500", "1");
    table.accept("ben", &claim_message("naan"));
    // The owner could lift the limit, so it does not apply to them.
    table.accept("asha", &quantity_message("dosa", "2"));
    table.accept("asha", &limit_message("asha", "0"));
    table.add("asha", "thali", "250", "1");
}

#[test]
fn a_limit_below_what_is_spent_takes_nothing_off_and_lets_nothing_be_added() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "dosa", "80", "5");
    table.accept("asha", &limit_message("ben", "100"));
    assert_eq!(table.order.items().len(), 1);
    let refused = table.refuse("ben", &add_message("naan", "1", "1"));
    assert_eq!(refused.passed_limit().unwrap().left.minor_units(), 0);
    table.accept("ben", &quantity_message("dosa", "4"));
    assert_eq!(table.refuse("ben", &quantity_message("dosa", "5")).code(), Code::OverLimit);
    table.accept("ben", &quantity_message("dosa", "1"));
    table.add("ben", "naan", "20", "1");
    table.accept("asha", r#"{"type":"set_limit","data":{"participantId":"ben","limit":null}}"#);
    assert_eq!(table.order.limits().count(), 0);
    table.add("ben", "feast", "5000", "1");
}

#[test]
fn a_limit_that_is_no_amount_of_the_order_is_refused() {
    let mut table = Table::of(&["asha", "ben"]);
    for limit in ["-1", "0.001", "1e12", "\"5\"", "true"] {
        let refused = table.refuse("asha", &limit_message("ben", limit));
        assert_eq!((refused.code(), refused.field_name()), (Code::BadLimit, Some("data.limit")), "{limit}");
    }
    assert_eq!(table.refuse("ben", &limit_message("ben", "5")).code(), Code::NotOwner);
    let refused = table.refuse("asha", &limit_message("stranger", "5"));
    assert_eq!(refused.code(), Code::UnknownParticipant);
    assert_eq!(refused.field_name(), Some("data.participantId"));
    table.accept("asha", &limit_message("ben", "5"));
    assert_eq!(table.accept("asha", &limit_message("ben", "5.00")), Decision::Unchanged);
}

#[test]
fn who_is_removed_is_gone_and_cannot_come_back_unless_the_owner_lets_them() {
    let mut table = Table::of(&["asha", "ben"]);
    assert_eq!(table.refuse("ben", &send_away_message("asha", "keep")).code(), Code::NotOwner);
    table.accept("asha", &send_away_message("ben", "keep"));
    assert!(person(&table, "ben").has_left());
    assert_eq!(table.refuse("ben", &add_message("dosa", "1", "1")).code(), Code::JoinFirst);
    assert_eq!(table.refuse("ben", &join_message("ben")).code(), Code::Removed);
    assert_eq!(table.refuse("ben", &readmit_message("ben")).code(), Code::JoinFirst);
    assert_eq!(table.accept("asha", &send_away_message("ben", "remove")), Decision::Unchanged);
    table.accept("asha", &readmit_message("ben"));
    assert_eq!(table.accept("asha", &readmit_message("ben")), Decision::Unchanged);
    assert!(person(&table, "ben").has_left(), "they may come back; they have not yet");
    table.join("ben");
    table.add("ben", "dosa", "1", "1");
}

#[test]
fn whoever_has_left_can_be_kept_from_coming_back() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "dosa", "80", "1");
    table.leave("ben");
    table.accept("asha", &send_away_message("ben", "remove"));
    assert_eq!(table.order.items().len(), 0);
    assert_eq!(table.refuse("ben", &join_message("ben")).code(), Code::Removed);
    table.add("asha", "dal", "10", "1");
    table.accept("asha", FINALIZE);
    assert_eq!(table.refuse("ben", &join_message("ben")).code(), Code::Removed, "not even to look");
}

#[test]
fn the_dishes_of_who_is_removed_can_stay_theirs() {
    let mut table = party_with_dishes();
    table.accept("asha", &send_away_message("ben", "keep"));
    assert_eq!(claims(&table), EVERYTHING);
    assert_eq!(table.order.total().minor_units(), 56_000);
}

#[test]
fn the_dishes_of_who_is_removed_can_be_taken_off() {
    let mut table = party_with_dishes();
    table.accept(
        "asha",
        &charges_message(r#"{"name":"Offer","kind":"discount","percent":50,"itemId":"own"}"#),
    );
    table.accept("asha", &send_away_message("ben", "remove"));
    // Dishes that only ben has, or that he added unassigned, are removed; the others take over
    // his part of the rest.
    assert_eq!(claims(&table), [("shared", "chi:2"), ("for-chi", "chi:1")]);
    assert_eq!(table.order.total().minor_units(), 35_000);
    assert_eq!(table.order.charges().len(), 0);
}

#[test]
fn the_dishes_of_who_is_removed_can_be_somebody_elses() {
    let mut table = party_with_dishes();
    table.accept("asha", &send_away_message("ben", r#"reassign","to":"chi"#));
    assert_eq!(
        claims(&table),
        [("own", "chi:1"), ("shared", "chi:3"), ("for-chi", "chi:1"), ("nobodys", ""), ("for-ben", "chi:1")]
    );
    for (to, expected) in [("ben", "data.to"), ("stranger", "data.to")] {
        let mut table = party_with_dishes();
        let refused = table.refuse("asha", &send_away_message("ben", &format!(r#"reassign","to":"{to}"#)));
        assert_eq!((refused.code(), refused.field_name()), (Code::UnknownParticipant, Some(expected)));
    }
}

#[test]
fn a_removal_that_cannot_be_read_is_refused() {
    let mut table = Table::of(&["asha", "ben"]);
    for (data, code, field) in [
        (r#"{"dishes":"keep"}"#, Code::MissingField, "data.participantId"),
        (r#"{"participantId":"ben"}"#, Code::MissingField, "data.dishes"),
        (r#"{"participantId":"ben","dishes":"eat"}"#, Code::BadField, "data.dishes"),
        (r#"{"participantId":"ben","dishes":"reassign"}"#, Code::MissingField, "data.to"),
        (r#"{"participantId":"asha","dishes":"keep"}"#, Code::BadField, "data.participantId"),
        (r#"{"participantId":"dev","dishes":"keep"}"#, Code::UnknownParticipant, "data.participantId"),
        (r#"{"participantId":"","dishes":"keep"}"#, Code::UnknownParticipant, "data.participantId"),
    ] {
        let refused = table.refuse("asha", &format!(r#"{{"type":"remove_participant","data":{data}}}"#));
        assert_eq!((refused.code(), refused.field_name()), (code, Some(field)), "{data}");
    }
}

#[test]
fn the_owner_hands_the_order_over_to_somebody_at_the_table() {
    let mut table = hosted(&["asha", "ben", "chi"]);
    table.leave("chi");
    assert_eq!(table.refuse("ben", &hand_over_message("ben")).code(), Code::NotOwner);
    for nobody in ["chi", "stranger"] {
        assert_eq!(table.refuse("asha", &hand_over_message(nobody)).code(), Code::UnknownParticipant);
    }
    table.accept("asha", &hand_over_message("ben"));
    assert_eq!(table.order.role(&id("ben")), Some(Role::Owner));
    assert_eq!(table.order.role(&id("asha")), Some(Role::Member));
    assert_eq!(table.refuse("asha", LOCK).code(), Code::NotOwner);
    assert_eq!(table.accept("ben", &hand_over_message("ben")), Decision::Unchanged);
    table.accept("ben", LOCK);
}

#[test]
fn the_back_end_may_do_what_the_owner_may_and_removes_the_owner_too() {
    let mut table = hosted(&["asha", "ben", "chi"]);
    for message in [
        LOCK.to_owned(),
        UNLOCK.to_owned(),
        limit_message("ben", "5"),
        WHEN_READY.to_owned(),
        hand_over_message("ben"),
        send_away_message("ben", "keep"),
    ] {
        assert!(matches!(table.say_from_backend(&message), Ok(Decision::Record(_))), "{message}");
    }
    assert_eq!(table.order.role(&id("asha")), Some(Role::Owner), "of those still there, asha joined first");
    table.say_from_backend(&readmit_message("ben")).unwrap();
    assert_eq!(table.refuse_from_backend(READY).code(), Code::JoinFirst);
    assert_eq!(Table::empty().refuse_from_backend(LOCK).code(), Code::JoinFirst);
}

#[test]
fn a_mark_of_readiness_falls_when_somebody_else_changes_the_bill() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "dosa", "80", "1");
    for message in [
        add_message("naan", "40", "1"),
        quantity_message("naan", "2"),
        claim_message("dosa"),
        unclaim_message("dosa"),
        assign_message("dosa", r#"["ben","chi"]"#),
        remove_message("naan"),
        split_message(ITEMIZED),
        charges_message(r#"{"name":"GST","kind":"tax","percent":5}"#),
        send_away_message("chi", "keep"),
    ] {
        for who in ["asha", "ben"] {
            table.accept(who, READY);
        }
        table.accept("asha", &message);
        assert_eq!(ready(&table), ["asha"], "{message}");
    }
    for message in
        [tip_message(r#""amount":5"#), WAIVE.to_owned(), LOCK.to_owned(), limit_message("ben", "5")]
    {
        table.accept("ben", READY);
        table.accept("asha", &message);
        assert_eq!(ready(&table), ["asha", "ben"], "{message}");
    }
    table.join("dev");
    assert_eq!(ready(&table), [""; 0], "they share the bill with one more");
    table.accept("asha", READY);
    table.leave("dev");
    assert_eq!(ready(&table), [""; 0]);
}

#[test]
fn one_takes_ones_own_mark_back_and_loses_it_by_leaving() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("ben", READY);
    assert_eq!(table.accept("ben", READY), Decision::Unchanged);
    table.accept("ben", NOT_READY);
    assert_eq!(table.accept("ben", NOT_READY), Decision::Unchanged);
    table.accept("ben", READY);
    table.add("ben", "dosa", "80", "1");
    assert_eq!(ready(&table), ["ben"]);
    table.accept("ben", LEAVE);
    assert_eq!(ready(&table), [""; 0]);
    let missing = table.refuse("asha", r#"{"type":"set_ready","data":{}}"#);
    assert_eq!((missing.code(), missing.field_name()), (Code::MissingField, Some("data.ready")));
}

#[test]
fn the_last_mark_closes_the_order_where_the_owner_wants_that() {
    let mut table = hosted(&["asha", "ben"]);
    table.add("ben", "dosa", "80", "1");
    table.accept("asha", READY);
    table.accept("ben", READY);
    assert_eq!(table.order.status(), Status::Active);
    assert_eq!(table.refuse("ben", WHEN_READY).code(), Code::NotOwner);
    table.accept("asha", WHEN_READY);
    assert_eq!(table.accept("asha", WHEN_READY), Decision::Unchanged);
    assert_eq!(table.order.status(), Status::Active, "nobody has been ready under this rule");
    table.accept("ben", READY);
    assert_eq!(table.order.status(), Status::Finalized);
    for message in [LOCK, UNLOCK, WHEN_READY, READY, &hand_over_message("ben"), &limit_message("ben", "1")] {
        assert_eq!(table.refuse("asha", message).code(), Code::OrderFinalized, "{message}");
    }
}

#[test]
fn the_last_mark_is_refused_while_the_bill_cannot_stand() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", WHEN_READY);
    table.accept("asha", READY);
    assert_eq!(table.refuse("ben", READY).code(), Code::OrderEmpty);
    table.add("asha", "dosa", "80", "1");
    table.accept("asha", &unclaim_message("dosa"));
    assert_eq!(table.refuse("ben", READY).code(), Code::Unassigned);
    table.accept("ben", &claim_message("dosa"));
    table.accept("ben", READY);
    assert_eq!(table.order.status(), Status::Active, "asha agreed to another bill");
    table.accept("asha", READY);
    assert_eq!(table.order.status(), Status::Finalized);
}

/// The stored and wire forms of orders that use no rules must not change.
#[test]
fn an_order_without_rules_says_nothing_of_them() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("ben", "dosa", "80", "1");
    let sync = wire::sync(&table.order, &order_core::Presence::new(), order_core::UnixMillis::new(1));
    let document = wire::v2::state_text(&table.order);
    let snapshot = String::from_utf8(table.bytes()).unwrap();
    for word in ["policy", "rules", "ready", "locked", "limits", "removed", "finalizeWhenReady"] {
        for text in [&sync.text(), &document, &snapshot] {
            assert!(!text.contains(&format!("\"{word}\"")), "{word} in {text}");
        }
    }
}

#[test]
fn rules_that_cannot_be_are_not_read() {
    let mut table = Table::of(&["asha", "ben"]);
    table.accept("asha", &limit_message("ben", "5"));
    table.accept("ben", READY);
    let text = String::from_utf8(table.bytes()).unwrap();
    for (from, to) in [("\"limits\":[[1,500]]", "\"limits\":[[2,500]]"), ("\"ready\":[1]", "\"ready\":[7]")] {
        assert!(text.contains(from), "{text}");
        let damaged = stored::decode_order(text.replacen(from, to, 1).as_bytes());
        assert_eq!(damaged, Err(stored::StoredError::Damaged("seat")));
    }
    let negative = text.replacen("[1,500]", "[1,-500]", 1);
    assert_eq!(stored::decode_order(negative.as_bytes()), Err(stored::StoredError::Damaged("limit")));
}

const EVERYTHING: [(&str, &str); 5] = [
    ("own", "ben:1"),
    ("shared", "ben:1 chi:2"),
    ("for-chi", "chi:1"),
    ("nobodys", ""),
    ("for-ben", "ben:1"),
];

/// Ben ordered a dish for himself, one with chi, one for chi and an unassigned one; asha
/// ordered one for ben.
fn party_with_dishes() -> Table {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    let add = |id: &str, price: u32, shared_by: &str| {
        format!(
            r#"{{"type":"add_item","data":{{"id":"{id}","dishName":"Dish","price":{price},"quantity":1{shared_by}}}}}"#
        )
    };
    table.accept("ben", &add("own", 100, ""));
    table.accept("ben", &add("shared", 300, r#","sharedBy":{"ben":1,"chi":2}"#));
    table.accept("ben", &add("for-chi", 50, r#","sharedBy":["chi"]"#));
    table.accept("ben", &add("nobodys", 40, r#","sharedBy":[]"#));
    table.accept("asha", &add("for-ben", 70, r#","sharedBy":["ben"]"#));
    assert_eq!(claims(&table), EVERYTHING);
    table
}

/// Each dish by its id, with its claims.
fn claims(table: &Table) -> Vec<(&str, &str)> {
    let claims = table.order.items().map(|item| {
        let sharers = table.order.shared_by(item);
        let sharers: Vec<_> = sharers
            .map(|(person, weight)| format!("{}:{}", person.id().as_str(), weight.to_decimal()))
            .collect();
        (item.id().as_str(), &*sharers.join(" ").leak())
    });
    claims.collect()
}

fn ready(table: &Table) -> Vec<&str> {
    table.order.ready().map(|person| person.id().as_str()).collect()
}

fn hosted(people: &[&str]) -> Table {
    let mut table = Table::empty();
    for (number, who) in people.iter().enumerate() {
        let policy = if number == 0 { r#""policy":"hosted""# } else { "" };
        table.accept(
            who,
            &format!(
                r#"{{"type":"join","participantId":"{who}","participantName":"{who}","data":{{{policy}}}}}"#
            ),
        );
    }
    table
}

fn person<'table>(table: &'table Table, who: &str) -> &'table order_core::Participant {
    table.order.person(&id(who)).unwrap()
}

fn id(who: &str) -> ParticipantId {
    ParticipantId::new(who).unwrap()
}
