//! Stored facts and orders that are damaged, or that another release wrote.

use order_core::stored::{
    LogPosition, StoredError, decode_fact, decode_order, decode_snapshot, decode_without_commands,
    encode_fact, encode_order, encode_snapshot,
};
use order_core::wire::public_view;
use proptest::prelude::*;

use crate::support::table::{self, Table, WAIVE, charges_message, claim_message, tip_message};

proptest! {
    #![proptest_config(table::runs(400))]

    /// A damaged document is refused, or reads as another document; anything that is read can
    /// be written and read again.
    #[test]
    fn no_damage_makes_reading_panic(
        document in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        cut in 0_usize..6,
        with in prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 1..4), "[0-9\"{}\\[\\],:-]{1,3}".prop_map(String::into_bytes)],
    ) {
        let (facts, order) = documents();
        let documents: Vec<&Vec<u8>> = facts.iter().chain([&order]).collect();
        let bytes = documents[document.index(documents.len())];
        let from = at.index(bytes.len());
        let damaged = [&bytes[..from], &with, &bytes[(from + cut).min(bytes.len())..]].concat();
        if let Ok(fact) = decode_fact(&damaged) {
            prop_assert_eq!(decode_fact(&encode_fact(&fact).unwrap()), Ok(fact));
        }
        if let Ok(order) = decode_order(&damaged) {
            prop_assert_eq!(decode_order(&encode_order(&order).unwrap()), Ok(order));
        }
    }
}

#[test]
fn an_order_without_its_commands_shows_what_it_shows_with_them() {
    let (_, order) = documents();
    let done = r#""done":[{"by":0,"id":"c1","digest":7,"seq":1},{"by":null,"id":"c2","digest":8,"seq":2}]"#;
    let with_commands = replaced(&order, r#""done":[]"#, done);
    let whole = decode_order(&with_commands).unwrap();
    let (without, _) = decode_without_commands(&with_commands).unwrap();
    assert_eq!((whole.commands_remembered(), without.commands_remembered()), (2, 0));
    assert_eq!(public_view(&without), public_view(&whole));
    assert_eq!(without.people().len(), whole.people().len());
    // Other damage is found as usual.
    let damaged = replaced(&with_commands, r#""quantity":"#, r#""quantity":0,"was":"#);
    assert_eq!(decode_without_commands(&damaged), Err(StoredError::Damaged("quantity")));
}

#[test]
fn what_a_later_release_wrote_is_refused_by_its_version() {
    let (facts, order) = documents();
    let newer = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).unwrap().replacen("\"v\":2", "\"v\":3", 1).into_bytes()
    };
    let refusal = StoredError::NewerVersion { found: 3, supported: 2 };
    assert_eq!(decode_fact(&newer(&facts[0])), Err(refusal.clone()));
    assert_eq!(decode_order(&newer(&order)), Err(refusal));
}

#[test]
fn parts_that_cannot_be_what_they_stand_for_are_named() {
    let (facts, order) = documents();
    let fact =
        |number: usize, from: &str, to: &str| decode_fact(&replaced(&facts[number], from, to)).unwrap_err();
    assert_eq!(fact(0, "\"INR\"", "\"inr\""), StoredError::Damaged("currency"));
    assert_eq!(fact(0, "\"minor_digits\":2", "\"minor_digits\":5"), StoredError::Damaged("currency"));
    assert_eq!(fact(1, "\"quantity\":2", "\"quantity\":0"), StoredError::Damaged("quantity"));
    assert_eq!(fact(1, "\"price\":1000", "\"price\":-1"), StoredError::Damaged("price"));
    assert_eq!(fact(1, "\"price\":1000", "\"price\":9000000000000000000"), StoredError::Damaged("price"));
    assert_eq!(fact(2, "2500000", "1000000000001"), StoredError::Damaged("share"));
    assert_eq!(fact(2, "2500000", "-1"), StoredError::Unreadable);
    assert_eq!(fact(4, "[\"ben\",1000000]", "[\"ben\",1000000000001]"), StoredError::Damaged("weight"));
    assert_eq!(fact(4, "[\"ben\",1000000]", "[\"ben\"]"), StoredError::Unreadable);
    assert_eq!(
        fact(5, "{\"percent\":2500000}", "{\"percent\":100000001}"),
        StoredError::Damaged("percentage")
    );
    assert_eq!(fact(5, "{\"percent\":2500000}", "{\"permille\":1}"), StoredError::Unreadable);
    assert_eq!(fact(5, "\"discount\"", "\"rebate\""), StoredError::Unreadable);
    assert_eq!(fact(6, "{\"percent\":1}", "{\"percent\":-1}"), StoredError::Unreadable);
    let order = |from: &str, to: &str| decode_order(&replaced(&order, from, to)).unwrap_err();
    assert_eq!(order("\"by\":0", "\"by\":9"), StoredError::Damaged("seat"));
    assert_eq!(order("\"owner\":0", "\"owner\":2"), StoredError::Damaged("seat"));
    assert_eq!(order("\"claims\":[[0,1000000]", "\"claims\":[[2,1000000]"), StoredError::Damaged("seat"));
    assert_eq!(order("[1,1000000]]", "[1,1000000000001]]"), StoredError::Damaged("weight"));
    assert_eq!(order("\"tips\":[[0,", "\"tips\":[[2,"), StoredError::Damaged("seat"));
    assert_eq!(order("\"without_service\":[1]", "\"without_service\":[2]"), StoredError::Damaged("seat"));
    assert_eq!(order("{\"percent\":2500000}", "{\"percent\":100000001}"), StoredError::Damaged("percentage"));
}

#[test]
fn a_snapshot_says_where_it_stands_in_its_log_as_far_as_that_is_known() {
    let table = Table::of(&["asha"]);
    let link = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
    for position in [
        LogPosition::default(),
        LogPosition { bytes: Some(7), link: None },
        LogPosition { bytes: Some(0), link: Some([0; 16]) },
        LogPosition { bytes: Some(u64::MAX), link: Some(link) },
        LogPosition { bytes: None, link: Some([255; 16]) },
    ] {
        let bytes = encode_snapshot(&table.order, &position).unwrap();
        assert_eq!(decode_snapshot(&bytes), Ok((table.order.clone(), position)));
    }
    let whole = encode_snapshot(&table.order, &LogPosition { bytes: None, link: Some(link) }).unwrap();
    for wrong in ["", "00", "+00102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f0", "x"] {
        let damaged = replaced(&whole, "000102030405060708090a0b0c0d0e0f", wrong);
        assert_eq!(decode_snapshot(&damaged).unwrap_err(), StoredError::Damaged("link"), "{wrong}");
    }
}

/// Data of a release without charges has none of these fields.
#[test]
fn an_order_of_version_1_is_read_without_what_it_did_not_know() {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "2");
    let now = table.bytes();
    let mut old = replaced(&now, "\"v\":2", "\"v\":1");
    for field in
        [r#""charges":{"charges":[]},"#, r#""tips":[],"#, r#""without_service":[],"#, r#""payments":[],"#]
    {
        old = replaced(&old, field, "");
    }
    assert_eq!(decode_order(&old).as_ref(), Ok(&table.order));
}

#[test]
fn an_old_order_stays_what_it_was_when_the_rules_for_clients_have_changed_since() {
    let (facts, _) = documents();
    let kept = |number: usize, from: &str, to: &str| {
        let fact = decode_fact(&replaced(&facts[number], from, to)).unwrap();
        assert!(String::from_utf8(encode_fact(&fact).unwrap()).unwrap().contains(to), "{to}");
    };
    // A currency that the standard has since dropped, with its number of decimals.
    kept(0, r#""INR","minor_digits":2"#, r#""XYZ","minor_digits":3"#);
    // Names and ids that would be cleaned or refused today.
    kept(0, "Name of asha", "Name\u{200B} of asha ");
    kept(0, r#""by":"asha""#, r#""by":" asha""#);
    kept(1, r#""i1""#, r#""<i 1>""#);
}

/// The facts of a small order (a join, a dish, weights, another join, a claim, charges, a tip, a waiver, a cover and
/// a payment), and the order itself.
fn documents() -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "2");
    table.split("asha", r#"{"splitType":"custom","weights":{"asha":2.5}}"#);
    table.join("ben");
    table.accept("ben", &claim_message("i1"));
    let charges = r#"{"name":"GST","kind":"tax","percent":2.5,"dishTypes":["veg"]},{"name":"Off","kind":"discount","amount":1,"itemId":"i1"}"#;
    table.accept("asha", &charges_message(charges));
    table.accept("asha", &tip_message(r#""percent":0.000001"#));
    table.accept("ben", WAIVE);
    table.split("asha", r#"{"splitType":"cover","covers":{"ben":"asha"},"rest":"itemized"}"#);
    let payment = r#"{"type":"record_payment","data":{"paymentId":"p1","amount":1.5,"for":["asha"]}}"#;
    table.accept("asha", payment);
    (table.log.iter().map(|fact| encode_fact(fact).unwrap()).collect(), table.bytes())
}

fn replaced(document: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(document).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    text.replacen(from, to, 1).into_bytes()
}
