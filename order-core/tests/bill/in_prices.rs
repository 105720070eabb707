//! Taxes in prices are, each and together, at most what discounts leave of the prices that they are in.

use order_core::bill::{Bill, Charge, ChargeKind, ChargeValue, Dish, divide};
use order_core::split::{Percentage, SplitRule, shares};
use order_core::text::Text;
use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId};

use crate::support::amounts::lines;
use crate::support::table::{self, Table, charges_message};

#[test]
fn a_fixed_tax_is_at_most_what_discounts_leave_of_the_prices() {
    // Half of 100.00, and nothing of it.
    assert_eq!(included(&[("food", 10_000)], &[off(50), fixed(&[], 8_000)]), [5_000]);
    assert_eq!(included(&[("food", 10_000)], &[off(100), fixed(&[], 8_000)]), [0]);
    assert_eq!(included(&[("food", 10_000)], &[off(50), fixed(&[], 4_000)]), [4_000]);
    // Only the wine counts, of which a voucher of 30.00 on 150.00 takes a fifth.
    let voucher = (ChargeKind::Discount { item: None }, ChargeValue::Amount(amount(3_000)));
    assert_eq!(included(&[("food", 10_000), ("wine", 5_000)], &[voucher, fixed(&["wine"], 9_000)]), [4_000]);
    let on_wine = ChargeKind::Discount { item: Some(ItemId::new("d1").unwrap()) };
    let on_wine = (on_wine, ChargeValue::Amount(amount(3_000)));
    assert_eq!(included(&[("food", 10_000), ("wine", 5_000)], &[fixed(&["wine"], 9_000), on_wine]), [2_000]);
}

#[test]
fn fixed_taxes_are_together_at_most_the_prices_and_the_last_ones_are_cut() {
    let dish = [("food", 5_000)];
    assert_eq!(included(&dish, &[fixed(&[], 3_000), fixed(&[], 4_000)]), [3_000, 2_000]);
    assert_eq!(included(&dish, &[fixed(&[], 4_000), fixed(&[], 3_000)]), [4_000, 1_000]);
    assert_eq!(included(&dish, &[fixed(&[], 9_000), fixed(&[], 1), fixed(&["food"], 1)]), [5_000, 0, 0]);
    // 75.00 in 100.00 of food and 50.00 of wine is half of each, so that half of the wine is left.
    let dishes = [("food", 10_000), ("wine", 5_000)];
    assert_eq!(included(&dishes, &[fixed(&[], 7_500), fixed(&["wine"], 4_000)]), [7_500, 2_500]);
    // All of the wine leaves nothing of a price that a tax on everything is in.
    assert_eq!(included(&dishes, &[fixed(&["wine"], 5_000), fixed(&[], 100)]), [5_000, 0]);
    assert_eq!(included(&dishes, &[fixed(&["wine"], 5_000), fixed(&["food"], 10_001)]), [5_000, 10_000]);
}

#[test]
fn a_fixed_tax_is_taken_out_of_what_percentages_leave() {
    // 100 % in 100.00 is 50.00, wherever it is listed.
    assert_eq!(included(&[("food", 10_000)], &[percent(&[], "100"), fixed(&[], 8_000)]), [5_000, 5_000]);
    assert_eq!(included(&[("food", 10_000)], &[fixed(&[], 8_000), percent(&[], "100")]), [5_000, 5_000]);
    // 5 % in 105.00 is 5.00, in what a discount of 50 % leaves of it 2.50.
    assert_eq!(included(&[("food", 10_500)], &[percent(&[], "5"), fixed(&[], 9_900)]), [500, 9_900]);
    assert_eq!(included(&[("food", 10_500)], &[percent(&[], "5"), fixed(&[], 9_900), off(50)]), [250, 5_000]);
}

#[test]
fn percentages_that_are_rounded_up_are_together_no_more_than_the_price() {
    // A seventh of 0.04 each is 0.57 paise, which is rounded up to one.
    assert_eq!(included(&[("tea", 4)], &vec![percent(&[], "100"); 6]), [1, 1, 1, 1, 0, 0]);
    assert_eq!(included(&[("tea", 7)], &vec![percent(&[], "100"); 6]), [1; 6]);
    // In what is left of another price there is room.
    let mut taxes = vec![percent(&["tea"], "100"); 5];
    taxes.push(percent(&[], "100"));
    assert_eq!(included(&[("tea", 4), ("food", 2)], &taxes), [1, 1, 1, 1, 0, 2]);
}

#[test]
fn an_order_has_the_same_taxes_in_its_prices() {
    let mut table = Table::of(&["asha", "ben"]);
    table.split("asha", r#"{"splitType":"itemized"}"#);
    table.add("asha", "i1", "100", "1");
    table.add("ben", "i2", "20", "1");
    let taxes = r#"{"name":"Bottle","kind":"tax","amount":40,"inclusive":true},{"name":"Cup","kind":"tax","amount":50,"inclusive":true}"#;
    let half = r#"{"name":"Half","kind":"discount","percent":50}"#;
    table.accept("asha", &charges_message(&format!("{taxes},{half}")));
    assert_eq!(lines(shares(&table.order).included()), [("tax", "Bottle", 4_000), ("tax", "Cup", 2_000)]);
    // The order goes on: what is in its prices follows.
    table.accept("asha", &table::remove_message("i1"));
    assert_eq!(lines(shares(&table.order).included()), [("tax", "Bottle", 1_000), ("tax", "Cup", 0)]);
    table.accept("asha", &charges_message(taxes));
    assert_eq!(lines(shares(&table.order).included()), [("tax", "Bottle", 2_000), ("tax", "Cup", 0)]);
}

type Listed = (ChargeKind, ChargeValue);

/// What the taxes in the prices of these dishes, each of a type, come to; the same, mirrored, for a refund.
fn included(dishes: &[(&str, i64)], charges: &[Listed]) -> Vec<i64> {
    let bill = |sign: i64| {
        let asha = ParticipantId::new("asha").unwrap();
        let mut bill = Bill::new(OrderId::new("table-7").unwrap(), Currency::default());
        bill.dishes = dishes
            .iter()
            .enumerate()
            .map(|(number, (kind, price))| Dish {
                dish_type: text(kind),
                ..Dish::of(
                    ItemId::new(&format!("d{number}")).unwrap(),
                    amount(price * sign),
                    std::slice::from_ref(&asha),
                )
            })
            .collect();
        bill.diners = vec![asha];
        bill.split = SplitRule::Itemized;
        let signed = |value: &ChargeValue| match value {
            ChargeValue::Amount(fixed) => ChargeValue::Amount(amount(fixed.minor_units() * sign)),
            ChargeValue::Percent(percent) => ChargeValue::Percent(*percent),
        };
        bill.charges = charges
            .iter()
            .map(|(kind, value)| Charge { name: text("x"), kind: kind.clone(), value: signed(value) })
            .collect();
        let division = divide(&bill).unwrap();
        let amounts = division.included().iter().map(|line| line.amount().minor_units() * sign);
        amounts.collect::<Vec<_>>()
    };
    let amounts = bill(1);
    assert_eq!(bill(-1), amounts, "a refund mirrors");
    amounts
}

fn fixed(types: &[&str], minor_units: i64) -> Listed {
    (in_prices(types), ChargeValue::Amount(amount(minor_units)))
}

fn percent(types: &[&str], number: &str) -> Listed {
    (in_prices(types), ChargeValue::Percent(Percentage::from_decimal(number.parse().unwrap()).unwrap()))
}

fn off(percent: u32) -> Listed {
    let percent = Percentage::from_decimal(percent.into()).unwrap();
    (ChargeKind::Discount { item: None }, ChargeValue::Percent(percent))
}

fn in_prices(types: &[&str]) -> ChargeKind {
    ChargeKind::Tax { inclusive: true, dish_types: types.iter().map(|kind| text(kind)).collect() }
}

fn text(text: &str) -> Text {
    Text::clean(text, 80).unwrap()
}

fn amount(minor_units: i64) -> Amount {
    Amount::from_minor_units(minor_units)
}
