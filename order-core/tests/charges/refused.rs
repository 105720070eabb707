//! Charges, tips and waivers that are refused, and who may not set them. `Table::refuse`
//! asserts for each that the order, its sequence number and its log stay exactly the same.

use order_core::split::shares;
use order_core::{Code, Currency, Price};

use crate::support::table::{
    self, FINALIZE, Table, WAIVE, add_message, assign_message, charges_message, remove_message, tip_message,
    unclaim_message,
};

#[test]
fn only_the_owner_and_the_back_end_set_charges_and_say_whose_a_dish_is() {
    let set = charges_message(r#"{"name":"GST","kind":"tax","percent":5}"#);
    assert_eq!(Table::empty().refuse_from_backend(&set).code(), Code::JoinFirst);
    assert_eq!(Table::empty().refuse("asha", &set).code(), Code::JoinFirst);

    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.add("ben", "i1", "10", "1");
    let assign = assign_message("i1", r#"["asha"]"#);
    for message in [&set, &assign, &charges_message(""), &assign_message("i1", "[]")] {
        let rejection = table.refuse("ben", message);
        assert_eq!(rejection.code(), Code::NotOwner, "{message}");
        table.accept("asha", message);
        table.say_from_backend(message).unwrap();
    }
    // The next owner may.
    table.leave("asha");
    table.accept("ben", &set);
    table.join("asha");
    assert_eq!(table.refuse("asha", &set).code(), Code::NotOwner);
    table.leave("chi");
    assert_eq!(table.refuse("chi", &set).code(), Code::JoinFirst);
}

#[test]
fn the_back_end_is_nobody_at_the_table() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    for message in [
        add_message("i2", "10", "1"),
        remove_message("i1"),
        table::quantity_message("i1", "2"),
        table::claim_message("i1"),
        unclaim_message("i1"),
        tip_message(r#""amount":1"#),
        WAIVE.to_owned(),
        table::split_message(r#"{"splitType":"equal"}"#),
        table::join_message("asha"),
        FINALIZE.to_owned(),
        table::LEAVE.to_owned(),
    ] {
        assert_eq!(table.refuse_from_backend(&message).code(), Code::JoinFirst, "{message}");
    }
}

#[test]
fn a_charge_is_a_percentage_or_an_amount_that_can_be() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    for (value, code) in [
        (r#""percent":100.01"#, Code::BadCharge),
        (r#""percent":100.000001"#, Code::BadCharge),
        (r#""percent":-0.01"#, Code::BadCharge),
        (r#""percent":0.0000001"#, Code::BadCharge),
        (r#""percent":1e-400"#, Code::BadCharge),
        (r#""percent":1e308"#, Code::BadCharge),
        (r#""percent":"5""#, Code::BadCharge),
        (r#""percent":true"#, Code::BadCharge),
        (r#""percent":[5]"#, Code::BadCharge),
        (r#""amount":-5"#, Code::BadCharge),
        (r#""amount":0.001"#, Code::BadCharge),
        (r#""amount":2.005"#, Code::BadCharge),
        (r#""amount":10000000"#, Code::BadCharge),
        (r#""amount":1e999999999"#, Code::BadCharge),
        (r#""amount":"5""#, Code::BadCharge),
        (r#""amount":{}"#, Code::BadCharge),
        (r#""percent":5,"amount":5"#, Code::BadCharge),
        (r#""percent":0,"amount":0"#, Code::BadCharge),
        (r#""percent":null"#, Code::MissingField),
        (r#""amount":null,"percent":null"#, Code::MissingField),
        (r#""rate":5"#, Code::MissingField),
        (r#""percent":5,"percent":6"#, Code::DuplicateKey),
    ] {
        for kind in ["tax", "service", "tip", "discount", "fee"] {
            let message = charges_message(&format!(r#"{{"name":"x","kind":"{kind}",{value}}}"#));
            assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
        }
        // With neither field, one's own tip is removed; a field that is not known is a typo.
        let tip = tip_message(value);
        match code {
            Code::MissingField if value.contains("rate") => {
                assert_eq!(table.refuse("asha", &tip).code(), Code::BadCharge, "{tip}");
            }
            Code::MissingField => drop(table.accept("asha", &tip)),
            code => assert_eq!(table.refuse("asha", &tip).code(), code, "{tip}"),
        }
    }
    for value in [
        r#""percent":0"#,
        r#""percent":100"#,
        r#""percent":0.000001"#,
        r#""percent":null,"amount":0"#,
        r#""amount":0.01"#,
        r#""amount":9999999.99"#,
        r#""amount":1e2,"percent":null"#,
    ] {
        table.accept("asha", &charges_message(&format!(r#"{{"name":"x","kind":"tax",{value}}}"#)));
        table.accept("asha", &tip_message(value));
    }
}

#[test]
fn what_is_wrong_with_a_charge_is_said() {
    let mut table = Table::of(&["asha"]);
    let mut said = |value: &str| {
        let message = charges_message(&format!(r#"{{"name":"x","kind":"tax",{value}}}"#));
        table.refuse("asha", &message).to_string()
    };
    assert_eq!(
        said(r#""percent":100.01"#),
        "The charge is not valid: the number is too large. Expected: a percentage from 0 to 100 with at most 6 decimals."
    );
    assert_eq!(
        said(r#""amount":-1"#),
        "The charge is not valid: negative numbers are not allowed. Expected: a number from 0 to 9999999.99 with at most 2 decimals."
    );
    assert_eq!(
        said(r#""percent":1,"amount":1"#),
        "The charge is not valid: it has both a percent and an amount. Expected: either percent or amount."
    );
}

#[test]
fn a_charge_is_of_a_known_kind_with_fields_that_this_kind_has() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    let long = "x".repeat(61);
    for (charge, code) in [
        (r#"{"kind":"tax","percent":5}"#, Code::MissingField),
        (r#"{"name":null,"kind":"tax","percent":5}"#, Code::MissingField),
        (r#"{"name":"","kind":"tax","percent":5}"#, Code::BadText),
        (r#"{"name":"\u200b","kind":"tax","percent":5}"#, Code::BadText),
        (&format!(r#"{{"name":"{long}","kind":"tax","percent":5}}"#), Code::BadText),
        (r#"{"name":5,"kind":"tax","percent":5}"#, Code::BadField),
        (r#"{"name":"x","percent":5}"#, Code::MissingField),
        (r#"{"name":"x","kind":null,"percent":5}"#, Code::MissingField),
        (r#"{"name":"x","kind":"vat","percent":5}"#, Code::BadField),
        (r#"{"name":"x","kind":"TAX","percent":5}"#, Code::BadField),
        (r#"{"name":"x","kind":7,"percent":5}"#, Code::BadField),
        (r#"{"name":"x","kind":["tax"],"percent":5}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"inclusive":"yes"}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"inclusive":1}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"dishTypes":"veg"}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"dishTypes":{"veg":1}}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"dishTypes":[1]}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"dishTypes":[null]}"#, Code::BadField),
        (r#"{"name":"x","kind":"tax","percent":5,"dishTypes":null}"#, Code::BadField),
        (&format!(r#"{{"name":"x","kind":"tax","percent":5,"dishTypes":["{long}"]}}"#), Code::BadField),
        (r#"{"name":"x","kind":"service","percent":5,"optional":"no"}"#, Code::BadField),
        (r#"{"name":"x","kind":"fee","percent":5,"by":"table"}"#, Code::BadField),
        (r#"{"name":"x","kind":"fee","percent":5,"by":1}"#, Code::BadField),
        (r#"{"name":"x","kind":"discount","percent":5,"itemId":null}"#, Code::BadField),
        (r#"{"name":"x","kind":"discount","percent":5,"itemId":5}"#, Code::BadField),
        (r#"{"name":"x","kind":"discount","percent":5,"itemId":"a b"}"#, Code::BadField),
        (r#"{"name":"x","kind":"discount","percent":5,"itemId":"nope"}"#, Code::ItemNotFound),
        (r#"{"name":"x","kind":"tax","percent":5,"by":"head"}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"tax","percent":5,"itemId":"i1"}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"tax","percent":5,"optional":true}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"service","percent":5,"inclusive":true}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"service","percent":5,"dishTypes":["veg"]}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"discount","percent":5,"by":"head"}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"discount","percent":5,"dishTypes":["veg"]}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"tip","percent":5,"itemId":"i1"}"#, Code::BadCharge),
        (r#"{"name":"x","kind":"fee","percent":5,"dishTypes":[]}"#, Code::BadCharge),
        ("5", Code::BadField),
        ("null", Code::BadField),
        (r#""tax""#, Code::BadField),
        (r#"["tax",5]"#, Code::BadField),
    ] {
        // Not even the charge before it is set.
        let fine = r#"{"name":"Fine","kind":"tax","percent":5}"#;
        let message = charges_message(&format!("{fine},{charge}"));
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    for (data, code) in [
        ("{}", Code::MissingField),
        (r#"{"charges":null}"#, Code::MissingField),
        (r#"{"charges":{}}"#, Code::BadField),
        (r#"{"charges":"none"}"#, Code::BadField),
        (r#"{"charges":5}"#, Code::BadField),
        (r#"{"roundTo":1}"#, Code::MissingField),
    ] {
        let message = format!(r#"{{"type":"set_charges","data":{data}}}"#);
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    // A field with its default value is no contradiction, and a name may occur twice.
    let fine = r#"{"name":"x","kind":"tax","percent":5,"by":"share","optional":false},{"name":"x","kind":"fee","amount":5,"inclusive":false}"#;
    table.accept("asha", &charges_message(fine));
}

#[test]
fn of_a_field_that_belongs_to_another_kind_only_what_holds_anyway_is_accepted() {
    let owners = [
        (r#""by":"share""#, &["tip", "fee"][..]),
        (r#""by":"head""#, &["tip", "fee"]),
        (r#""by":null"#, &["tip", "fee"]),
        (r#""inclusive":true"#, &["tax"]),
        (r#""inclusive":false"#, &["tax"]),
        (r#""inclusive":null"#, &["tax"]),
        (r#""optional":true"#, &["service"]),
        (r#""optional":false"#, &["service"]),
        (r#""optional":null"#, &["service"]),
        (r#""dishTypes":["veg"]"#, &["tax"]),
        (r#""dishTypes":[]"#, &["tax"]),
        (r#""itemId":"i1""#, &["discount"]),
    ];
    let harmless = ["share", "false", "null"];
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    for kind in ["tax", "service", "tip", "discount", "fee"] {
        for (field, owners) in owners {
            let message = charges_message(&format!(r#"{{"name":"x","kind":"{kind}","percent":5,{field}}}"#));
            if owners.contains(&kind) || harmless.iter().any(|value| field.contains(value)) {
                drop(table.say("asha", &message).unwrap_or_else(|refused| panic!("{message}: {refused}")));
            } else {
                assert_eq!(table.refuse("asha", &message).code(), Code::BadCharge, "{message}");
            }
        }
    }
}

#[test]
fn a_field_that_no_charge_has_is_refused_with_its_path_and_the_fields_of_the_kind() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    let of_tax =
        "only the fields name, kind, percent, amount, inclusive, dishTypes, on, discounts, rounding, per";
    let of_discount = "only the fields name, kind, percent, amount, itemId, rounding";
    for (charge, field, expected) in [
        (r#""kind":"tax","percent":19,"inclusiv":true"#, "inclusiv", of_tax),
        (r#""kind":"tax","percent":19,"Inclusive":true"#, "Inclusive", of_tax),
        (r#""kind":"tax","percent":19,"dishtypes":["veg"]"#, "dishtypes", of_tax),
        (r#""kind":"tax","percent":19,"hsn":"9963""#, "hsn", of_tax),
        (r#""kind":"tax","percent":19,"note":"x""#, "note", of_tax),
        (r#""kind":"discount","percent":50,"itemID":"i1""#, "itemID", of_discount),
        (r#""kind":"discount","percent":50,"itemID":null"#, "itemID", of_discount),
        (r#""kind":"discount","percent":50,"item":{"id":"i1"}"#, "item", of_discount),
        (
            r#""kind":"service","percent":10,"optinal":false"#,
            "optinal",
            "only the fields name, kind, percent, amount, optional, on, discounts, rounding",
        ),
        (
            r#""kind":"tip","amount":5,"participantId":"asha""#,
            "participantId",
            "only the fields name, kind, percent, amount, by, on, discounts, rounding",
        ),
        (
            r#""kind":"fee","amount":5,"pre":"head""#,
            "pre",
            "only the fields name, kind, percent, amount, by, on, discounts, rounding",
        ),
        (
            r#""kind":"fee","amount":5,"percnt":5"#,
            "percnt",
            "only the fields name, kind, percent, amount, by, on, discounts, rounding",
        ),
    ] {
        let charges = format!(r#"{{"name":"Fine","kind":"tax","percent":5}},{{"name":"x",{charge}}}"#);
        let first = format!(
            r#"{{"type":"join","participantId":"asha","participantName":"Asha","data":{{"charges":[{charges}]}}}}"#
        );
        let refused = [
            table.refuse("asha", &charges_message(&charges)),
            // As little is an order begun with it.
            Table::empty().refuse("asha", &first),
        ];
        for rejection in refused {
            assert_eq!(rejection.code(), Code::BadCharge, "{charge}");
            assert_eq!(rejection.field_name(), Some(format!("data.charges[1].{field}").as_str()), "{charge}");
            assert_eq!(rejection.what_was_expected(), Some(expected), "{charge}");
            assert!(rejection.to_string().contains(&format!("has no field {field}")), "{rejection}");
        }
    }
    let message = r#"{"type":"set_charges","data":{"charges":[],"roundto":1}}"#;
    let rejection = table.refuse("asha", message);
    assert_eq!((rejection.code(), rejection.field_name()), (Code::BadCharge, Some("data.roundto")));
}

#[test]
fn a_typo_removes_no_tip() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "1");
    table.accept("asha", &tip_message(r#""percent":10"#));
    for (tip, field) in [
        (r#""percnt":10"#, "data.percnt"),
        (r#""Amount":5"#, "data.Amount"),
        (r#""percent":null,"tip":5"#, "data.tip"),
        (r#""percent":10,"participantId":"ben""#, "data.participantId"),
    ] {
        let rejection = table.refuse("asha", &tip_message(tip));
        assert_eq!((rejection.code(), rejection.field_name()), (Code::BadCharge, Some(field)));
        assert_eq!(rejection.what_was_expected(), Some("only the fields percent, amount"));
    }
    table.accept("asha", &tip_message(""));
    assert_eq!(table.order.tips().count(), 0);
}

#[test]
fn the_smallest_coin_is_an_amount_above_zero() {
    let set = |coin: &str| format!(r#"{{"type":"set_charges","data":{{"charges":[],"roundTo":{coin}}}}}"#);
    let mut table = Table::of(&["asha"]);
    for coin in ["0", "-0", "0.0", "-1", "0.001", "10000000", "1e308", "1e-400", "\"1\"", "true", "[]", "{}"]
    {
        let rejection = table.refuse("asha", &set(coin));
        assert_eq!(rejection.code(), Code::BadCharge, "{coin}");
        assert_eq!(rejection.field_name(), Some("data.roundTo"), "{coin}");
    }
    assert_eq!(table.refuse("asha", &set("0")).what_was_expected(), Some("an amount above 0"));
    for (coin, minor_units) in
        [("0.01", Some(1)), ("5e-2", Some(5)), ("9999999.99", Some(999_999_999)), ("null", None)]
    {
        table.accept("asha", &set(coin));
        assert_eq!(table.order.round_to().map(order_core::Amount::minor_units), minor_units, "{coin}");
    }
}

#[test]
fn charges_are_in_the_orders_currency() {
    for (currency, fine, too_fine) in [("JPY", "1", "0.5"), ("KWD", "0.001", "0.0005")] {
        let mut table = Table::empty();
        let join = |charges: &str| {
            format!(
                r#"{{"type":"join","participantId":"asha","participantName":"Asha","data":{{"currency":"{currency}",{charges}}}}}"#
            )
        };
        let fee = |amount: &str| format!(r#"{{"name":"Delivery","kind":"fee","amount":{amount}}}"#);
        let charges = |amount: &str| format!(r#""charges":[{}]"#, fee(amount));
        assert_eq!(table.refuse("asha", &join(&charges(too_fine))).code(), Code::BadCharge);
        assert_eq!(table.refuse("asha", &join(&format!(r#""roundTo":{too_fine}"#))).code(), Code::BadCharge);
        table.accept("asha", &join(&charges(fine)));
        assert_eq!(table.refuse("asha", &charges_message(&fee(too_fine))).code(), Code::BadCharge);
        assert_eq!(
            table.refuse("asha", &tip_message(&format!(r#""amount":{too_fine}"#))).code(),
            Code::BadCharge
        );
        table.accept("asha", &tip_message(&format!(r#""amount":{fine}"#)));
    }
}

#[test]
fn only_the_first_to_join_sets_charges_by_joining() {
    let join = |who: &str, data: &str| {
        format!(r#"{{"type":"join","participantId":"{who}","participantName":"{who}","data":{data}}}"#)
    };
    let gst = r#""charges":[{"name":"GST","kind":"tax","percent":5}]"#;
    let mut table = Table::empty();
    for (data, code) in [
        (r#"{"charges":[{"name":"x","kind":"tax","percent":101}]}"#, Code::BadCharge),
        (r#"{"charges":[{"name":"x","kind":"discount","percent":1,"itemId":"i1"}]}"#, Code::ItemNotFound),
        (r#"{"charges":"x"}"#, Code::BadField),
        (r#"{"roundTo":0}"#, Code::BadCharge),
    ] {
        assert_eq!(table.refuse("asha", &join("asha", data)).code(), code, "{data}");
        assert_eq!(table.order.people().len(), 0);
    }
    table.accept("asha", &join("asha", &format!(r#"{{{gst},"roundTo":1}}"#)));
    assert_eq!((table.order.charges().len(), table.order.round_to().is_some()), (1, true));
    for (who, data) in [
        ("ben", r#"{"charges":[],"roundTo":5}"#),
        ("asha", r#"{"charges":[{"name":"x","kind":"discount","percent":100}]}"#),
        ("chi", r#"{"charges":[{"name":"x","kind":"tax","percent":101}]}"#),
    ] {
        let charges = table.order.charges().to_vec();
        table.accept(who, &join(who, data));
        assert_eq!(table.order.charges(), charges, "{who}: {data}");
    }
    // `roundTo` alone is enough.
    let mut table = Table::empty();
    table.accept("asha", &join("asha", r#"{"roundTo":0.5}"#));
    assert_eq!(table.order.round_to().map(order_core::Amount::minor_units), Some(50));
}

#[test]
fn whether_somebody_does_without_service_is_true_or_false() {
    let mut table = Table::of(&["asha"]);
    for (data, code) in [
        ("{}", Code::MissingField),
        (r#"{"waived":null}"#, Code::MissingField),
        (r#"{"waived":"true"}"#, Code::BadField),
        (r#"{"waived":1}"#, Code::BadField),
        (r#"{"waived":[true]}"#, Code::BadField),
        ("null", Code::MissingField),
    ] {
        let message = format!(r#"{{"type":"waive_service","data":{data}}}"#);
        assert_eq!(table.refuse("asha", &message).code(), code, "{message}");
    }
    assert_eq!(table.refuse("asha", r#"{"type":"set_tip"}"#).code(), Code::MissingField);
    assert_eq!(table.refuse("asha", r#"{"type":"set_tip","data":[]}"#).code(), Code::BadField);
}

#[test]
fn a_fixed_charge_that_has_nothing_to_be_taken_of_stops_finalize() {
    for kind in [
        r#""kind":"service""#,
        r#""kind":"service","optional":false"#,
        r#""kind":"fee","by":"share""#,
        r#""kind":"tip""#,
    ] {
        let mut table = Table::of(&["asha", "ben"]);
        table.add("asha", "water", "0", "2");
        table.accept("asha", &charges_message(&format!(r#"{{"name":"Cover",{kind},"amount":12.5}}"#)));
        assert_eq!(shares(&table.order).unallocated().minor_units(), 1_250, "{kind}");
        let rejection = table.refuse("asha", FINALIZE);
        assert_eq!(rejection.code(), Code::ChargeOnNothing, "{kind}");
        assert_eq!(rejection.missing_amount().map(|(amount, _)| amount.minor_units()), Some(1_250));
        assert!(rejection.to_string().contains("12.5 for Cover"), "{rejection}");
        // As soon as a dish has a price, the charge has a base.
        table.add("ben", "tea", "0.01", "1");
        table.accept("asha", FINALIZE);
    }
}

#[test]
fn a_charge_of_nothing_or_by_head_needs_nothing_to_be_taken_of() {
    for charge in [
        r#"{"name":"Service","kind":"service","percent":10}"#,
        r#"{"name":"Voucher","kind":"discount","amount":50}"#,
        r#"{"name":"Delivery","kind":"fee","amount":9}"#,
        r#"{"name":"Cork","kind":"tax","amount":9,"dishTypes":["wine"]}"#,
        r#"{"name":"Bottle","kind":"tax","amount":9,"inclusive":true}"#,
    ] {
        let mut table = Table::of(&["asha", "ben", "chi"]);
        table.add("asha", "water", "0", "1");
        table.accept("asha", &charges_message(charge));
        let expected = if charge.contains("Delivery") { 900 } else { 0 };
        assert_eq!(shares(&table.order).amount_due().minor_units(), expected, "{charge}");
        table.accept("asha", FINALIZE);
    }
}

#[test]
fn the_highest_charge_of_a_currency_is_its_highest_price() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "1", "1");
    table.accept("asha", &charges_message(r#"{"name":"x","kind":"fee","amount":9999999.99}"#));
    let max = Price::max(Currency::default()).amount().minor_units();
    assert_eq!(shares(&table.order).amount_due().minor_units(), max + 100);
}
