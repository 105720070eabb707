//! Who pays for a dish that several share.

use order_core::split::shares;

use crate::support::amounts::{amounts_by_id, owed};
use crate::support::table::{Table, assign_message, charges_message, claim_message, unclaim_message};

#[test]
fn a_dish_is_paid_by_those_who_share_it_in_their_proportions() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "wine", "90", "1");
    table.accept("ben", &claim_message("wine"));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 4_500), ("ben", 4_500), ("chi", 0)]));
    table.accept("chi", r#"{"type":"claim_item","data":{"itemId":"wine","weight":0.25}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 4_000), ("ben", 4_000), ("chi", 1_000)]));
    table.accept("chi", r#"{"type":"claim_item","data":{"itemId":"wine","weight":7}}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 1_000), ("ben", 1_000), ("chi", 7_000)]));
    table.accept("chi", &unclaim_message("wine"));
    table.accept("asha", &unclaim_message("wine"));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 9_000), ("chi", 0)]));
    table.accept("asha", &assign_message("wine", r#"{"asha":2,"chi":1,"ben":0}"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 6_000), ("ben", 0), ("chi", 3_000)]));
}

#[test]
fn a_hundred_shared_snacks_leave_nobody_with_all_the_roundings() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    for number in 0..100 {
        let snack = format!(
            r#"{{"type":"add_item","data":{{"id":"i{number}","dishName":"Olive","price":0.1,"quantity":1,"sharedBy":["asha","ben","chi"]}}}}"#
        );
        table.accept("asha", &snack);
    }
    let mut amounts: Vec<_> = amounts_by_id(&table).into_values().collect();
    amounts.sort_unstable();
    assert_eq!(amounts, [333, 333, 334]);
}

#[test]
fn whoever_left_stays_on_the_bill_while_they_share_a_dish_and_no_longer() {
    let mut table = Table::of(&["asha", "ben", "chi"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "10", "1");
    table.accept("ben", &claim_message("i1"));
    table.add("chi", "i2", "7", "1");
    table.accept("asha", &claim_message("i2"));
    table.accept("chi", &unclaim_message("i2"));
    table.leave("ben");
    table.leave("chi");
    // Chi ordered a dish, but has no claim on any.
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 1_200), ("ben", 500)]));
    table.split("asha", r#"{"splitType":"equal"}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 850), ("ben", 850)]));
    table.accept("asha", &assign_message("i1", r#"["asha"]"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 1_700)]));
}

#[test]
fn a_dish_that_nobody_claims_counts_in_the_total_and_is_nobodys() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "10", "1");
    table.add("ben", "i2", "5", "1");
    table.accept("asha", &unclaim_message("i1"));
    assert_eq!(table.order.total().minor_units(), 1_500);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 500)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), 1_000);
    // A tax is unassigned in the same proportion.
    table.accept("asha", &charges_message(r#"{"name":"GST","kind":"tax","percent":10}"#));
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 0), ("ben", 550)]));
    assert_eq!(shares(&table.order).unallocated().minor_units(), 1_100);
    // With an equal split, it is divided like any other dish.
    table.split("asha", r#"{"splitType":"equal"}"#);
    assert_eq!(amounts_by_id(&table), owed(&[("asha", 825), ("ben", 825)]));
}
