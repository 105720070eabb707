//! Joining, leaving and coming back. `Table::refuse` asserts for each of them that the order, its
//! sequence number and its log stay exactly as they were.

use order_core::text::Text;
use order_core::{Code, Currency, Decision, ParticipantId, Role, max_order_total};

use crate::support::table::{self, FINALIZE, Table, add_message};

#[test]
fn whoever_is_new_needs_a_name() {
    let mut table = Table::of(&["asha"]);
    let rejection = table.refuse("ben", r#"{"type":"join","participantId":"ben","data":{}}"#);
    assert_eq!((rejection.code(), rejection.field_name()), (Code::MissingField, Some("participantName")));
}

#[test]
fn a_label_that_cleaning_would_change_is_refused_in_a_join_and_is_not_another() {
    let join = |field: &str, label: &str| {
        format!(
            r#"{{"type":"join","participantId":"ben","participantName":"Ben","data":{{"{field}":{label}}}}}"#
        )
    };
    let mut table = Table::empty();
    for field in ["circleId", "tenantId"] {
        for label in [
            r#""A\u200b""#,
            r#""\ufeffA""#,
            r#"" A""#,
            r#""A ""#,
            r#""A\n""#,
            r#""A\u0000""#,
            r#""A\u00a0""#,
            r#""\u202eA""#,
            r#""A\u2069""#,
            r#""  ""#,
            r#""\u200b""#,
            r#""\u200d""#,
            &format!("\"{}\"", "x".repeat(129)),
        ] {
            let rejection = table.refuse("ben", &join(field, label));
            let named = format!("data.{field}");
            assert_eq!((rejection.code(), rejection.field_name()), (Code::BadText, Some(&*named)), "{label}");
            assert!(rejection.what_was_expected().unwrap().contains("white space"), "{label}");
        }
        assert_eq!(table.refuse("ben", &join(field, "7")).code(), Code::BadField);
        // Values that old clients send for none.
        for nothing in ["null", r#""""#] {
            let mut table = Table::empty();
            table.accept("ben", &join(field, nothing));
            assert_eq!((table.order.circle_id(), table.order.tenant_id()), (None, None), "{nothing}");
        }
    }
    table.accept("ben", &join("circleId", r#""Café 7""#));
    assert_eq!(table.order.circle_id().unwrap().as_str(), "Café 7");
}

#[test]
fn only_the_first_to_join_chooses_the_currency() {
    let join = |who: &str, currency: &str| {
        format!(
            r#"{{"type":"join","participantId":"{who}","participantName":"x","data":{{"currency":{currency}}}}}"#
        )
    };
    for (code, digits, finest, too_fine, ceiling) in [
        ("JPY", 0, "1", "0.1", 9_999_999_999),
        ("INR", 2, "0.01", "0.001", 999_999_999_999),
        ("KWD", 3, "0.001", "0.0001", 9_999_999_999_999),
        ("CLF", 4, "0.0001", "0.00001", 99_999_999_999_999),
    ] {
        let mut table = Table::empty();
        table.accept("asha", &join("asha", &format!("\"{code}\"")));
        assert_eq!((table.order.currency().code(), table.order.currency().minor_digits()), (code, digits));
        assert_eq!(max_order_total(table.order.currency()).minor_units(), ceiling);
        table.add("asha", "i1", finest, "1");
        assert_eq!(table.order.total().minor_units(), 1, "{code}");
        assert_eq!(table.refuse("asha", &add_message("i2", too_fine, "1")).code(), Code::BadPrice, "{code}");
        assert_eq!(table.refuse("ben", &join("ben", "\"USD\"")).code(), Code::BadCurrency, "{code}");
        table.accept("ben", &join("ben", &format!("\"{code}\"")));
    }
    let mut table = Table::empty();
    for currency in ["\"\"", "\"inr\"", "\"XAU\"", "\"ZZZ\"", "\"INRX\"", "\"₹\""] {
        assert_eq!(table.refuse("asha", &join("asha", currency)).code(), Code::BadCurrency, "{currency}");
    }
    assert_eq!(table.refuse("asha", &join("asha", "1")).code(), Code::BadField);
    table.join("asha");
    assert_eq!(table.order.currency(), Currency::default());
}

#[test]
fn the_first_client_that_knows_the_circle_and_the_restaurant_sets_them() {
    let mut table = Table::empty();
    let join = |who: &str, data: &str| {
        format!(r#"{{"type":"join","participantId":"{who}","participantName":"{who}","data":{data}}}"#)
    };
    table.accept("asha", &join("asha", r#"{"circleId":""}"#));
    table.accept("ben", &join("ben", r#"{"circleId":"one","tenantId":"two"}"#));
    table.accept("chi", &join("chi", r#"{"circleId":"other","tenantId":"other"}"#));
    assert_eq!(table.order.circle_id().map(Text::as_str), Some("one"));
    assert_eq!(table.order.tenant_id().map(Text::as_str), Some("two"));
}

#[test]
fn coming_back_after_leaving_restores_the_same_person() {
    let mut table = Table::of(&["asha", "ben"]);
    let joined_at = table.order.person(&id("ben")).unwrap().joined_at();
    table.add("ben", "i1", "10", "1");
    table.leave("ben");
    table.now += 1_000;
    table.accept("ben", r#"{"type":"join","participantId":"ben","data":{}}"#);
    let ben = table.order.person(&id("ben")).unwrap();
    assert_eq!(ben.joined_at(), joined_at);
    assert_eq!(ben.name().as_str(), "Name of ben");
    assert_eq!(ben.phone().map(Text::as_str), Some("+91 ben"));
    assert_eq!(table.order.role(ben.id()), Some(Role::Member));
    assert_eq!(table.order.people().len(), 2);
    assert_eq!(table.order.added_by(table.order.items().next().unwrap()), Some(ben));
}

#[test]
fn an_owner_who_left_comes_back_as_a_member_while_another_owns_the_order() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.leave("asha");
    assert_eq!(owner(&table), Some("ben"));
    table.join("asha");
    assert_eq!(owner(&table), Some("ben"));
    table.leave("ben");
    assert_eq!(owner(&table), Some("asha"), "of those still there, asha joined first");
}

#[test]
fn whoever_comes_to_a_table_that_all_have_left_owns_it() {
    let mut table = Table::of(&["asha", "ben"]);
    table.leave("asha");
    table.leave("ben");
    assert_eq!(owner(&table), None);
    table.join("ben");
    assert_eq!(owner(&table), Some("ben"));
    assert_eq!(table.order.initiated_by().map(|person| person.id().as_str()), Some("asha"));
}

#[test]
fn a_reconnecting_client_that_says_nothing_new_records_nothing() {
    let mut table = Table::of(&["asha"]);
    let bare = r#"{"type":"join","participantId":"asha","data":{}}"#;
    assert_eq!(table.accept("asha", bare), Decision::Unchanged);
    assert_eq!(table.accept("asha", &table::join_message("asha")), Decision::Unchanged);
    let new_phone = r#"{"type":"join","participantId":"asha","data":{"phone":"42"}}"#;
    assert!(matches!(table.accept("asha", new_phone), Decision::Record(_)));
    assert_eq!(table.order.seq(), 2);
}

#[test]
fn whoever_is_known_may_come_back_to_look_at_a_finalized_order() {
    let mut table = Table::of(&["asha", "ben"]);
    table.add("asha", "i1", "10", "1");
    table.leave("ben");
    table.accept("asha", FINALIZE);
    let before = table.bytes();
    for who in ["asha", "ben"] {
        let renamed = format!(
            r#"{{"type":"join","participantId":"{who}","participantName":"Other","data":{{"phone":"1"}}}}"#
        );
        table.accept(who, &renamed);
    }
    assert_eq!(table.bytes(), before);
}

fn owner(table: &Table) -> Option<&str> {
    table.order.owner().map(|person| person.id().as_str())
}

fn id(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}
