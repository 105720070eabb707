//! Stored facts and orders that somebody damaged, or that another release wrote.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test may panic")]

mod table;

use order_core::stored::{StoredError, decode_fact, decode_order, encode_fact, encode_order};
use proptest::prelude::*;
use table::Table;

proptest! {
    #![proptest_config(table::runs(400))]

    /// A damaged document is refused, or is another document; what is read can be written and read again.
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
fn what_a_later_release_wrote_is_refused_by_its_version() {
    let (facts, order) = documents();
    let newer = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).unwrap().replacen("\"v\":1", "\"v\":2", 1).into_bytes()
    };
    let refusal = StoredError::NewerVersion { found: 2, supported: 1 };
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
    let order = |from: &str, to: &str| decode_order(&replaced(&order, from, to)).unwrap_err();
    assert_eq!(order("\"by\":0", "\"by\":9"), StoredError::Damaged("seat"));
    assert_eq!(order("\"owner\":0", "\"owner\":1"), StoredError::Damaged("seat"));
}

#[test]
fn an_old_order_stays_what_it_was_when_the_rules_for_clients_have_changed_since() {
    let (facts, _) = documents();
    let kept = |number: usize, from: &str, to: &str| {
        let fact = decode_fact(&replaced(&facts[number], from, to)).unwrap();
        assert!(String::from_utf8(encode_fact(&fact).unwrap()).unwrap().contains(to), "{to}");
    };
    // A currency that the standard has dropped since, with the digits that it had.
    kept(0, r#""INR","minor_digits":2"#, r#""XYZ","minor_digits":3"#);
    // Names and ids that would be cleaned or refused today.
    kept(0, "Name of asha", "Name\u{200B} of asha ");
    kept(0, r#""by":"asha""#, r#""by":" asha""#);
    kept(1, r#""i1""#, r#""<i 1>""#);
}

/// The facts of a small order (a join, a dish, weights), and the order itself.
fn documents() -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut table = Table::of(&["asha"]);
    table.add("asha", "i1", "10", "2");
    table.split("asha", r#"{"splitType":"custom","weights":{"asha":2.5}}"#);
    (table.log.iter().map(|fact| encode_fact(fact).unwrap()).collect(), table.bytes())
}

fn replaced(document: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(document).unwrap();
    assert!(text.contains(from), "no {from} in {text}");
    text.replacen(from, to, 1).into_bytes()
}
