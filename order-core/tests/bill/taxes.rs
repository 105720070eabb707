//! Taxes and service as several countries have them, with figures worked out by hand.

use std::collections::BTreeSet;

use order_core::bill::{
    AmountRounding, Basis, Bill, Charge, ChargeBase, ChargeKind, ChargeOptions, ChargeValue, Discounts, Dish,
    Division, LineKind, OddUnits, RoundedPer, divide,
};
use order_core::split::{Percentage, SplitRule};
use order_core::text::Text;
use order_core::{Amount, Code, Currency, ItemId, OrderId, ParticipantId};

use crate::support::bill::laws::check;

/// India: GST is on the value of the supply, which includes the service charge (section 15 of the CGST Act).
#[test]
fn gst_on_a_service_charge_of_ten_percent_on_a_thousand_is_27_50_each() {
    let mut bill =
        table("INR", &["asha", "ben"], &[("thali", 60_000, &["asha"]), ("naan", 40_000, &["ben"])]);
    bill.charges = vec![
        on(&["dishes", "Service"], charge("CGST", tax(&[]), percent("2.5"))),
        on(&["dishes", "Service"], charge("SGST", tax(&[]), percent("2.5"))),
        charge("Service", ChargeKind::Service { optional: true }, percent("10")),
    ];
    let division = divided(&bill);
    assert_eq!(charges(&division), [("CGST", 2_750), ("SGST", 2_750), ("Service", 10_000)]);
    assert_eq!(shares(&division), [69_300, 46_200]);

    // Ben declines: service is 10 % of 600, and each tax 2.5 % of 1,060, of which 400 are Ben's.
    bill.without_service = BTreeSet::from([person("ben")]);
    let division = divided(&bill);
    assert_eq!(charges(&division), [("CGST", 2_650), ("SGST", 2_650), ("Service", 6_000)]);
    assert_eq!(shares(&division), [60_000 + 6_000 + 2 * 1_650, 40_000 + 2 * 1_000]);

    // Nobody pays it, so there is nothing of it to tax.
    bill.without_service.insert(person("asha"));
    let division = divided(&bill);
    assert_eq!(charges(&division), [("CGST", 2_500), ("SGST", 2_500)]);
    assert_eq!(shares(&division), [63_000, 42_000]);
}

/// The tax is on the service line as the invoice shows it.
#[test]
fn a_tax_on_service_is_on_its_rounded_line() {
    let mut bill = table("INR", &["asha"], &[("tea", 35, &["asha"])]);
    bill.charges = vec![
        charge("Service", ChargeKind::Service { optional: false }, percent("10")),
        on(&["dishes", "Service"], charge("Tax", tax(&[]), percent("50"))),
    ];
    // 10 % of 0.35 is 0.04, and half of 0.39 is 0.195. Half of 0.385 would be 0.1925, so 0.19.
    assert_eq!(charges(&divided(&bill)), [("Service", 4), ("Tax", 20)]);
}

/// Germany, from 2026: 7 % on food and 19 % on drinks, both in the prices (section 12 of the `UStG`).
#[test]
fn german_vat_is_in_the_prices_of_food_and_drinks() {
    let mut bill =
        table("EUR", &["anna", "bert"], &[("schnitzel", 2_140, &["anna"]), ("bier", 595, &["bert"])]);
    bill.dishes[0].dish_type = text("food");
    bill.dishes[1].dish_type = text("drink");
    let vat = |name, types: &[&str], rate| {
        let dish_types = types.iter().map(|kind| text(kind)).collect();
        charge(name, ChargeKind::Tax { inclusive: true, dish_types }, percent(rate))
    };
    bill.charges = vec![vat("MwSt 7 %", &["food"], "7"), vat("MwSt 19 %", &["drink"], "19")];
    let division = divided(&bill);
    assert_eq!(division.amount_due().minor_units(), 2_735);
    let included: Vec<_> = division.included().iter().map(|line| line.amount().minor_units()).collect();
    assert_eq!(included, [140, 95]);
    assert_eq!(shares(&division), [2_140, 595]);
}

/// Switzerland: the smallest coin is 0.05 francs, for each who pays in cash.
#[test]
fn each_swiss_share_is_a_multiple_of_five_rappen() {
    let mut bill =
        table("CHF", &["anna", "beat", "carla"], &[("fondue", 10_000, &["anna", "beat", "carla"])]);
    bill.round_shares_to = Some(amount(5));
    let division = divided(&bill);
    // A third is 666.67 coins, and 2 x 667 + 666 are 2,000.
    assert_eq!(sorted(shares(&division)), [3_330, 3_335, 3_335]);
    assert_eq!(division.amount_due().minor_units(), 10_000);
    // The line is nothing in all, and for each what rounding their share makes up.
    let last = division.lines().last().unwrap();
    assert_eq!((last.kind(), last.amount()), (LineKind::RoundOff, Amount::ZERO));

    // 23.47 is 469.4 coins; 11.74 and 11.73 are 234.8 and 234.6, of which one is rounded up.
    let mut bill =
        table("CHF", &["anna", "beat"], &[("roesti", 1_174, &["anna"]), ("wurst", 1_173, &["beat"])]);
    bill.round_shares_to = Some(amount(5));
    let division = divided(&bill);
    assert_eq!(shares(&division), [1_175, 1_170]);
    assert_eq!(charges(&division), [("Round-off", -2)]);
    assert_eq!(parts(&division, 0), [("roesti", 1_174), ("Round-off", 1)]);
    assert_eq!(parts(&division, 1), [("wurst", 1_173), ("Round-off", -3)]);
    // Naming the coin of the bill as well changes nothing.
    let same = Bill { round_to: Some(amount(5)), ..bill.clone() };
    assert_eq!(divide(&same).unwrap(), division);
    // Below zero, it mirrors.
    bill.dishes[0].amount = amount(-1_174);
    bill.dishes[1].amount = amount(-1_173);
    assert_eq!(shares(&divided(&bill)), [-1_175, -1_170]);
}

#[test]
fn shares_are_rounded_to_the_coin_of_the_bill_and_to_no_other() {
    let bill = table("CHF", &["anna"], &[("fondue", 100, &["anna"])]);
    for (round_to, round_shares_to, odd_units, field) in [
        (Some(10), 5, OddUnits::LargestRemainder, "roundSharesTo"),
        (None, 0, OddUnits::LargestRemainder, "roundSharesTo"),
        (None, -5, OddUnits::LargestRemainder, "roundSharesTo"),
        (Some(5), 5, OddUnits::Unbiased, "rounding"),
    ] {
        let (round_to, round_shares_to) = (round_to.map(amount), Some(amount(round_shares_to)));
        let refused = divide(&Bill { round_to, round_shares_to, odd_units, ..bill.clone() }).unwrap_err();
        assert_eq!((refused.code(), refused.field_name()), (Code::BadCharge, Some(field)));
    }
}

/// Japan: 10 % eaten in, 8 % taken out, in whole yen. A qualified invoice rounds once for each rate (National Tax Agency,
/// *Qualified invoice system*, question 57); most restaurants round down.
#[test]
fn japanese_consumption_tax_is_rounded_down_once_for_each_rate() {
    let dishes: Vec<(&str, i64, &[&str])> = vec![
        ("a", 105, &["aoi"]),
        ("b", 105, &["aoi"]),
        ("c", 105, &["ren"]),
        ("d", 98, &["ren"]),
        ("e", 98, &["ren"]),
    ];
    let mut bill = table("JPY", &["aoi", "ren"], &dishes);
    for (place, kind) in ["in", "in", "in", "out", "out"].into_iter().enumerate() {
        bill.dishes[place].dish_type = text(kind);
    }
    let tax_on = |name, kind: &str, rate, rounding, per| {
        let options = ChargeOptions { rounding, per, ..ChargeOptions::default() };
        Charge { options, ..charge(name, tax(&[kind]), percent(rate)) }
    };
    let with = |rounding, per| {
        vec![tax_on("10 %", "in", "10", rounding, per), tax_on("8 %", "out", "8", rounding, per)]
    };
    // 10 % of 315 is 31.5, and 8 % of 196 is 15.68.
    bill.charges = with(AmountRounding::Down, RoundedPer::Invoice);
    assert_eq!(charges(&divided(&bill)), [("10 %", 31), ("8 %", 15)]);
    bill.charges = with(AmountRounding::HalfUp, RoundedPer::Invoice);
    assert_eq!(charges(&divided(&bill)), [("10 %", 32), ("8 %", 16)]);
    // 10.5 and 7.84 for each dish.
    bill.charges = with(AmountRounding::Down, RoundedPer::Line);
    assert_eq!(charges(&divided(&bill)), [("10 %", 30), ("8 %", 14)]);
    bill.charges = with(AmountRounding::HalfUp, RoundedPer::Line);
    assert_eq!(charges(&divided(&bill)), [("10 %", 33), ("8 %", 16)]);
    bill.charges = with(AmountRounding::HalfEven, RoundedPer::Line);
    assert_eq!(charges(&divided(&bill)), [("10 %", 30), ("8 %", 16)]);
    // Aoi has two thirds of the first line and nothing of the second.
    bill.charges = with(AmountRounding::Down, RoundedPer::Line);
    assert_eq!(shares(&divided(&bill)), [210 + 20, 301 + 10 + 14]);
}

/// Japan again, with prices that contain the tax: of 110 with 10 %, 10 are tax.
#[test]
fn taxes_in_prices_are_rounded_as_their_charge_says() {
    let mut bill = table("JPY", &["aoi"], &[("a", 105, &["aoi"]), ("b", 105, &["aoi"])]);
    let inclusive = ChargeKind::Tax { inclusive: true, dish_types: Vec::new() };
    // 105 x 10 / 110 is 9.545, and twice that 19.09.
    for (rounding, per, included) in [
        (AmountRounding::HalfUp, RoundedPer::Invoice, 19),
        (AmountRounding::HalfUp, RoundedPer::Line, 20),
        (AmountRounding::Down, RoundedPer::Line, 18),
    ] {
        let options = ChargeOptions { rounding, per, ..ChargeOptions::default() };
        bill.charges = vec![Charge { options, ..charge("10 %", inclusive.clone(), percent("10")) }];
        let division = divided(&bill);
        assert_eq!(division.included()[0].amount().minor_units(), included);
        assert_eq!(division.amount_due().minor_units(), 210);
    }
}

/// Italy: the coperto is a fee for each head, and taxed as the meal is.
#[test]
fn the_italian_coperto_is_paid_by_head_and_taxed_with_the_dishes() {
    let mut bill =
        table("EUR", &["anna", "bruno"], &[("pizza", 4_000, &["anna"]), ("pasta", 2_000, &["bruno"])]);
    bill.charges = vec![
        charge("Coperto", ChargeKind::Fee { by: Basis::Head }, ChargeValue::Amount(amount(500))),
        on(&["dishes", "Coperto"], charge("IVA", tax(&[]), percent("10"))),
    ];
    let division = divided(&bill);
    assert_eq!(charges(&division), [("Coperto", 500), ("IVA", 650)]);
    assert_eq!(shares(&division), [4_000 + 250 + 425, 2_000 + 250 + 225]);
    // On the coperto alone.
    bill.charges[1] = on(&["Coperto"], charge("IVA", tax(&[]), percent("10")));
    assert_eq!(shares(&divided(&bill)), [4_000 + 250 + 25, 2_000 + 250 + 25]);
}

#[test]
fn a_service_before_discounts_is_on_the_prices_without_them() {
    let mut bill = table("INR", &["asha", "ben"], &[("thali", 6_000, &["asha"]), ("naan", 4_000, &["ben"])]);
    let half_of_the_thali = ChargeKind::Discount { item: Some(item("thali")) };
    bill.charges = vec![
        charge("Happy hour", half_of_the_thali, percent("50")),
        charge("Voucher", ChargeKind::Discount { item: None }, ChargeValue::Amount(amount(1_400))),
        charge("Service", ChargeKind::Service { optional: true }, percent("10")),
    ];
    // 60 + 40 - 30 - 14 = 56.
    assert_eq!(charges(&divided(&bill))[2], ("Service", 560));
    bill.charges[2].options.on.discounts = Discounts::Before;
    let division = divided(&bill);
    assert_eq!(charges(&division)[2], ("Service", 1_000));
    // Asha: 30 less three sevenths of 14, and 6 of the service. Ben: 40 less four sevenths, and 4.
    assert_eq!(shares(&division), [3_000 - 600 + 600, 4_000 - 800 + 400]);
    bill.without_service = BTreeSet::from([person("asha")]);
    assert_eq!(shares(&divided(&bill)), [2_400, 3_200 + 400]);
}

#[test]
fn a_chain_of_charges_is_priced_from_what_it_is_on_in_any_listing() {
    let mut bill = table("INR", &["asha"], &[("thali", 10_000, &["asha"])]);
    bill.charges = vec![
        on(&["Service", "Packing"], charge("Tax", tax(&[]), percent("50"))),
        on(&["dishes", "Packing"], charge("Service", ChargeKind::Service { optional: false }, percent("10"))),
        charge("Packing", ChargeKind::Fee { by: Basis::Head }, ChargeValue::Amount(amount(1_000))),
    ];
    let division = divided(&bill);
    // 10 % of 110 is 11; half of 11 and 10 is 10.50.
    assert_eq!(charges(&division), [("Tax", 1_050), ("Service", 1_100), ("Packing", 1_000)]);
    assert_eq!(division.amount_due().minor_units(), 13_150);
}

#[test]
fn what_a_charge_cannot_be_on_is_refused_with_its_path() {
    let service = |optional| charge("Service", ChargeKind::Service { optional }, percent("10"));
    let fixed = || ChargeValue::Amount(amount(100));
    let before = |charge: Charge| {
        let on = ChargeBase { discounts: Discounts::Before, ..charge.options.on };
        Charge { options: ChargeOptions { on, ..charge.options }, ..charge }
    };
    let rounded = |rounding, per, charge| Charge {
        options: ChargeOptions { rounding, per, ..ChargeOptions::default() },
        ..charge
    };
    let discount = || ChargeKind::Discount { item: None };
    let fee = || charge("Fee", ChargeKind::Fee { by: Basis::Head }, fixed());
    let tip = || charge("Tip", ChargeKind::Tip { by: Basis::Share }, percent("5"));
    let (down, half_up) = (AmountRounding::Down, AmountRounding::HalfUp);
    let (invoice, line) = (RoundedPer::Invoice, RoundedPer::Line);
    let cases = [
        (
            vec![on(&["Nothing"], charge("T", tax(&[]), percent("5")))],
            "charges[0].on",
            "no charge has the name",
        ),
        (vec![service(false), service(false), on(&["Service"], tip())], "charges[2].on", "two charges have"),
        (vec![tip(), on(&["Tip"], charge("T", tax(&[]), percent("5")))], "charges[1].on", "\"Tip\" is a tip"),
        (vec![on(&["T"], charge("T", tax(&[]), percent("5")))], "charges[0].on", "\"T\" is a tax"),
        (vec![service(false), on(&["Service", "Service"], tip())], "charges[1].on", "is there twice"),
        (vec![on(&[], tip())], "charges[0].on", "it names nothing"),
        (vec![on(&["Service"], service(false))], "charges[0].on", "is on itself"),
        (
            vec![
                on(&["dishes", "A"], charge("T", tax(&[]), percent("5"))),
                on(&["B"], charge("A", ChargeKind::Service { optional: false }, percent("5"))),
                on(&["dishes", "A"], charge("B", ChargeKind::Fee { by: Basis::Head }, percent("5"))),
            ],
            "charges[1].on",
            "A is on itself",
        ),
        (vec![fee(), on(&["Fee"], service(true))], "charges[1].on", "an optional service charge"),
        (
            vec![fee(), on(&["Fee"], charge("D", discount(), percent("5")))],
            "charges[1].on",
            "a discount cannot",
        ),
        (vec![before(charge("D", discount(), percent("5")))], "charges[0].discounts", "a discount cannot"),
        (vec![before(charge("T", inclusive(), percent("5")))], "charges[0].discounts", "in the prices"),
        (vec![fee(), on(&["Fee"], charge("T", inclusive(), percent("5")))], "charges[1].on", "in the prices"),
        (
            vec![before(charge("F", ChargeKind::Fee { by: Basis::Share }, fixed()))],
            "charges[0].discounts",
            "fixed",
        ),
        (vec![rounded(down, invoice, charge("T", tax(&[]), fixed()))], "charges[0].rounding", "fixed"),
        (vec![rounded(half_up, line, charge("T", tax(&[]), fixed()))], "charges[0].per", "fixed"),
        (vec![rounded(half_up, line, service(false))], "charges[0].per", "a service cannot have per"),
        (
            vec![fee(), on(&["Fee"], charge("T", tax(&["veg"]), percent("5")))],
            "charges[1].dishTypes",
            "dishes",
        ),
        (
            vec![fee(), before(on(&["Fee"], charge("T", tax(&[]), percent("5"))))],
            "charges[1].discounts",
            "dishes",
        ),
    ];
    for (charges, field, because) in cases {
        let mut bill = table("INR", &["asha"], &[("thali", 10_000, &["asha"])]);
        bill.charges = charges;
        let refused = divide(&bill).unwrap_err();
        assert_eq!((refused.code(), refused.field_name()), (Code::BadCharge, Some(field)), "{refused}");
        assert!(refused.to_string().contains(because), "{refused}");
        assert!(refused.what_was_expected().is_some(), "{refused}");
    }
    // A tax of a fixed amount is divided in proportion to what it is on.
    let mut bill = table("INR", &["asha", "ben"], &[("thali", 10_000, &["asha"])]);
    bill.charges = vec![fee(), on(&["Fee"], charge("T", tax(&[]), fixed()))];
    assert_eq!(shares(&divided(&bill)), [10_000 + 50 + 50, 50 + 50]);
}

/// Rounded together with a fee, somebody could have one unit more of the discount than of the dishes, and one unit of the
/// fee to make up for it.
#[test]
fn a_discount_that_covers_everything_leaves_no_part_of_anybodys_below_zero() {
    for number in 0..200 {
        for (discount, item_only) in [(100, false), (250, false), (100, true)] {
            let order = OrderId::new(&format!("order-{number}")).unwrap();
            let people = ["asha", "ben", "chi"];
            let mut bill = table("INR", &people, &[("mezze", 100, &people)]);
            bill.order = order;
            let on_item = item_only.then(|| item("mezze"));
            bill.charges = vec![
                charge(
                    "Voucher",
                    ChargeKind::Discount { item: on_item },
                    ChargeValue::Amount(amount(discount)),
                ),
                charge("GST", tax(&[]), percent("5")),
                charge("Delivery", ChargeKind::Fee { by: Basis::Head }, ChargeValue::Amount(amount(1))),
            ];
            for split in [SplitRule::Itemized, SplitRule::Equal] {
                bill.split = split;
                let division = divided(&bill);
                assert_eq!(division.amount_due().minor_units(), 1);
                for share in division.shares() {
                    assert!(!share.amount().is_negative());
                    let net: i64 = share
                        .lines()
                        .filter(|part| part.line().kind() != LineKind::Fee)
                        .map(|part| part.amount().minor_units())
                        .sum();
                    assert_eq!(net, 0, "{} of order {number}", share.participant());
                }
            }
        }
    }
}

/// Half a unit each for two: the odd one goes to each in half of all orders, and never to both.
#[test]
fn over_many_orders_an_unbiased_bill_gives_each_their_quota() {
    const ORDERS: i64 = 20_000;
    let people = ["asha", "ben", "chi"];
    // A quota of 0.25, 0.25 and 2.5: the largest remainder always favours the last.
    let mut bill = table("INR", &people, &[("tea", 3, &people)]);
    for ((_, weight), number) in bill.dishes[0].shared_by.iter_mut().zip(["1", "1", "10"]) {
        *weight = order_core::split::Weight::from_decimal(number.parse().unwrap()).unwrap();
    }
    let mut sums = [0, 0, 0];
    for odd_units in [OddUnits::Unbiased, OddUnits::LargestRemainder] {
        sums = [0, 0, 0];
        bill.odd_units = odd_units;
        for number in 0..ORDERS {
            bill.order = OrderId::new(&format!("order-{number}")).unwrap();
            for (sum, share) in sums.iter_mut().zip(shares(&divide(&bill).unwrap())) {
                *sum += share;
            }
        }
        if odd_units == OddUnits::Unbiased {
            // Expected are 5,000, 5,000 and 50,000. A deviation of 400 is more than five of 61 or 71 standard ones.
            for (sum, expected) in sums.iter().zip([5_000_i64, 5_000, 50_000]) {
                assert!((sum - expected).abs() < 400, "{sums:?}");
            }
        }
    }
    assert_eq!(sums, [0, 0, 60_000], "half a unit is more than a quarter");
    check(&Bill { odd_units: OddUnits::Unbiased, ..bill }).unwrap();
}

fn divided(bill: &Bill) -> Division {
    check(bill).unwrap();
    divide(bill).unwrap()
}

/// The lines that are not dishes.
fn charges(division: &Division) -> Vec<(&str, i64)> {
    let lines = division.lines().iter().filter(|line| line.kind() != LineKind::Dish);
    lines.map(|line| (line.name().as_str(), line.amount().minor_units())).collect()
}

fn parts(division: &Division, diner: usize) -> Vec<(&str, i64)> {
    let share = division.shares().nth(diner).unwrap();
    share.lines().map(|part| (part.line().name().as_str(), part.amount().minor_units())).collect()
}

fn shares(division: &Division) -> Vec<i64> {
    division.shares().map(|share| share.amount().minor_units()).collect()
}

fn sorted(mut numbers: Vec<i64>) -> Vec<i64> {
    numbers.sort_unstable();
    numbers
}

fn table(currency: &str, people: &[&str], dishes: &[(&str, i64, &[&str])]) -> Bill {
    let dish = |&(id, price, sharers): &(&str, i64, &[&str])| {
        Dish::of(item(id), amount(price), &sharers.iter().map(|id| person(id)).collect::<Vec<_>>())
    };
    Bill {
        diners: people.iter().map(|id| person(id)).collect(),
        dishes: dishes.iter().map(dish).collect(),
        split: SplitRule::Itemized,
        ..Bill::new(OrderId::new("table-7").unwrap(), Currency::from_code(currency).unwrap())
    }
}

/// A charge on these: `dishes`, and names of charges.
fn on(names: &[&str], charge: Charge) -> Charge {
    let charges = names.iter().filter(|name| **name != "dishes").map(|name| text(name)).collect();
    let on = ChargeBase { dishes: names.contains(&"dishes"), charges, ..charge.options.on };
    Charge { options: ChargeOptions { on, ..charge.options }, ..charge }
}

fn charge(name: &str, kind: ChargeKind, value: ChargeValue) -> Charge {
    Charge::new(text(name), kind, value)
}

fn tax(types: &[&str]) -> ChargeKind {
    ChargeKind::Tax { inclusive: false, dish_types: types.iter().map(|kind| text(kind)).collect() }
}

fn inclusive() -> ChargeKind {
    ChargeKind::Tax { inclusive: true, dish_types: Vec::new() }
}

fn percent(number: &str) -> ChargeValue {
    ChargeValue::Percent(Percentage::from_decimal(number.parse().unwrap()).unwrap())
}

fn amount(minor_units: i64) -> Amount {
    Amount::from_minor_units(minor_units)
}

fn person(id: &str) -> ParticipantId {
    ParticipantId::new(id).unwrap()
}

fn item(id: &str) -> ItemId {
    ItemId::new(id).unwrap()
}

fn text(text: &str) -> Text {
    Text::clean(text, 80).unwrap()
}
