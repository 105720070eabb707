//! What an invoice says of taxes and dishes, with figures worked out by hand. The sums are a law of every bill.

use order_core::bill::{Bill, Charge, ChargeKind, ChargeValue, Dish, divide, invoice};
use order_core::split::{Percentage, SplitRule};
use order_core::text::Text;
use order_core::wire::BillLine;
use order_core::{Amount, Currency, ItemId, OrderId, ParticipantId};
use serde_json::{Value, json};

#[test]
fn each_tax_says_what_it_is_on() {
    let bill = bill(
        &[("thali", "", 18_050), ("naan", "", 6_025)],
        &[tax("2.5", false, &[]), tax("2.5", false, &[])],
    );
    // 2.5 % of 240.75 is 6.01875.
    assert_eq!(taxes(&bill), [(24_075, 602, 24_677), (24_075, 602, 24_677)]);
    assert_eq!(dishes(&bill), [(0, 0, 18_050), (0, 0, 6_025)]);
}

#[test]
fn prices_are_net_and_tax_by_rate() {
    // 7 % in 10.70 and 19 % in 11.90.
    let rates = [tax("7", true, &["food"]), tax("19", true, &["wine"])];
    let listed = [("soup", "food", 1_070), ("riesling", "wine", 1_190), ("deposit", "none", 25)];
    assert_eq!(taxes(&bill(&listed, &rates)), [(1_000, 70, 1_070), (1_000, 190, 1_190)]);
    assert_eq!(dishes(&bill(&listed, &rates)), [(0, 70, 1_000), (0, 190, 1_000), (0, 0, 25)]);
    // Without the deposit, a tenth less of everything: 9.63 and 10.71.
    let with_discount = [rates[0].clone(), off(10), rates[1].clone()];
    let bill = bill(&listed[..2], &with_discount);
    assert_eq!(taxes(&bill), [(900, 63, 963), (900, 171, 1_071)]);
    assert_eq!(dishes(&bill), [(107, 63, 900), (119, 171, 900)]);
}

#[test]
fn a_discount_on_the_order_is_divided_over_the_dishes_to_the_last_unit() {
    let listed = [("a", "", 10), ("b", "", 10), ("c", "", 10), ("free", "", 0)];
    let voucher = (ChargeKind::Discount { item: None }, ChargeValue::Amount(Amount::from_minor_units(10)));
    let on_b = ChargeKind::Discount { item: Some(ItemId::new("b").unwrap()) };
    let on_b = (on_b, ChargeValue::Amount(Amount::from_minor_units(10)));
    let bill_of_three = bill(&listed, &[voucher.clone(), tax("10", false, &[])]);
    assert_eq!(dishes(&bill_of_three), [(4, 0, 6), (3, 0, 7), (3, 0, 7), (0, 0, 0)]);
    assert_eq!(taxes(&bill_of_three), [(20, 2, 22)]);
    // Of the dish that is free already, nothing more is taken.
    assert_eq!(dishes(&bill(&listed, &[voucher, on_b])), [(5, 0, 5), (10, 0, 0), (5, 0, 5), (0, 0, 0)]);
}

#[test]
fn a_line_has_an_invoice_only_where_it_asks_for_one() {
    let line = |more: Value| {
        let mut line = json!({
            "participants": ["a", "b"],
            "items": [{"id": "soup", "price": "10.70", "dishType": "food"}, {"id": "tip jar", "price": 1}],
            "charges": [
                {"name": "VAT", "kind": "tax", "percent": 7, "inclusive": true, "dishTypes": ["food"]},
                {"name": "Levy", "kind": "tax", "amount": "0.50"},
            ],
        });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let bill = BillLine::read(&line.to_string()).unwrap();
        serde_json::from_str::<Value>(&bill.answer(&bill.divide().unwrap())).unwrap()
    };
    let mut with = line(json!({"invoice": true}));
    let invoice = with.as_object_mut().unwrap().remove("invoice").unwrap();
    assert_eq!(
        invoice,
        json!({
            "taxes": [
                {"name": "VAT", "percent": "7", "inclusive": true, "net": "10.00", "tax": "0.70", "gross": "10.70"},
                {"name": "Levy", "net": "11.70", "tax": "0.50", "gross": "12.20"},
            ],
            "items": [
                {"id": "soup", "amount": "10.70", "discount": "0.00", "included": "0.70", "taxable": "10.00"},
                {"id": "tip jar", "amount": "1.00", "discount": "0.00", "included": "0.00", "taxable": "1.00"},
            ],
        })
    );
    for without in [json!({}), json!({"invoice": false}), json!({"invoice": null})] {
        assert_eq!(line(without), with);
    }
    let refused = BillLine::read(r#"{"participants":["a"],"total":1,"invoice":"yes"}"#).unwrap_err();
    assert_eq!(refused.rejection().field_name(), Some("invoice"));
    let total = BillLine::read(r#"{"participants":["a"],"total":1,"invoice":true}"#).unwrap();
    assert!(total.answer(&total.divide().unwrap()).ends_with(r#","invoice":{"taxes":[]}}"#));
}

type Listed = (ChargeKind, ChargeValue);

/// By tax: net, tax and gross.
fn taxes(bill: &Bill) -> Vec<(i64, i64, i64)> {
    let invoice = invoice(bill, &divide(bill).unwrap()).unwrap();
    let taxes = invoice.taxes().iter();
    taxes.map(|tax| (tax.net().minor_units(), tax.tax().minor_units(), tax.gross().minor_units())).collect()
}

/// By dish: its discounts, the taxes in its price, and its taxable value.
fn dishes(bill: &Bill) -> Vec<(i64, i64, i64)> {
    let invoice = invoice(bill, &divide(bill).unwrap()).unwrap();

    let dishes = invoice.dishes().iter();
    dishes
        .map(|dish| {
            (dish.discount().minor_units(), dish.included().minor_units(), dish.taxable().minor_units())
        })
        .collect()
}

fn bill(dishes: &[(&str, &str, i64)], charges: &[Listed]) -> Bill {
    let asha = ParticipantId::new("asha").unwrap();
    let dish = |(id, kind, price): &(&str, &str, i64)| Dish {
        dish_type: Text::clean_or_empty(kind, 80).unwrap(),
        ..Dish::of(ItemId::new(id).unwrap(), Amount::from_minor_units(*price), std::slice::from_ref(&asha))
    };
    let name = Text::clean("x", 80).unwrap();
    let charge = |(kind, value): &Listed| Charge { name: name.clone(), kind: kind.clone(), value: *value };
    Bill {
        diners: vec![asha.clone()],
        dishes: dishes.iter().map(dish).collect(),
        charges: charges.iter().map(charge).collect(),
        split: SplitRule::Itemized,
        ..Bill::new(OrderId::new("table-7").unwrap(), Currency::default())
    }
}

fn tax(percent: &str, inclusive: bool, types: &[&str]) -> Listed {
    let dish_types = types.iter().map(|kind| Text::clean(kind, 80).unwrap()).collect();
    let percent = Percentage::from_decimal(percent.parse().unwrap()).unwrap();
    (ChargeKind::Tax { inclusive, dish_types }, ChargeValue::Percent(percent))
}

fn off(percent: u32) -> Listed {
    let percent = Percentage::from_decimal(percent.into()).unwrap();
    (ChargeKind::Discount { item: None }, ChargeValue::Percent(percent))
}
