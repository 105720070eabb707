//! Bills that people argue about, with figures worked out by hand.

use std::collections::{BTreeMap, BTreeSet};

use order_core::bill::{
    Basis, Bill, Charge, ChargeKind, ChargeValue, DinerShare, Dish, Division, Line, LineKind, MAX_CHARGES,
    Part, divide,
};
use order_core::split::{
    Claim, CustomShares, Percentage, Rest, ShareNumberError, SplitRule, Weight, apportion,
};
use order_core::text::Text;
use order_core::{Amount, Code, Currency, ItemId, OrderId, ParticipantId, Rejection, max_order_total};
use rusty_money::{Money, iso};

#[test]
fn a_hundred_snacks_shared_by_three_leave_one_paisa_on_nobody_twice() {
    for split in [SplitRule::Itemized, SplitRule::Equal] {
        let mut bill = table(&["asha", "ben", "chi"], &[]);
        bill.dishes =
            (0..100).map(|number| dish(&format!("snack-{number}"), 10, &["asha", "ben", "chi"])).collect();
        bill.split = split;
        let division = divide(&bill).unwrap();
        assert_eq!(due(&division), 1_000);
        // A third of 10 is 3.33: rounding each dish alone, a diner could pay 400.
        assert_eq!(sorted(shares(&division)), [333, 333, 334]);
        for share in division.shares() {
            assert!(share.lines().all(|part| [3, 4].contains(&part.amount().minor_units())));
        }
    }
}

#[test]
fn gst_is_rounded_by_head_of_tax_and_the_bill_to_the_rupee_by_section_170() {
    let mut bill = table(
        &["asha", "ben", "chi"],
        &[
            dish("thali", 33_333, &["asha"]),
            dish("biryani", 25_050, &["ben"]),
            dish("mezze", 19_999, &["asha", "ben", "chi"]),
        ],
    );
    bill.charges = vec![charge("CGST", tax(), percent("2.5")), charge("SGST", tax(), percent("2.5"))];
    bill.round_to = Some(amount(100));
    let division = divide(&bill).unwrap();
    // 2.5 % of 783.82 is 19.5955. The sum of 823.02 is rounded to 823.00.
    assert_eq!(
        lines(division.lines())[3..],
        [
            ("CGST".to_owned(), LineKind::Tax, 1_960),
            ("SGST".to_owned(), LineKind::Tax, 1_960),
            ("Round-off".to_owned(), LineKind::RoundOff, -2),
        ]
    );
    // The quotas are 41,998.739, 33,301.705 and 6,999.556.
    assert_eq!(shares(&division), [41_999, 33_302, 6_999]);
    assert_eq!((total(&division), due(&division)), (78_382, 82_300));
}

#[test]
fn fifty_paise_are_rounded_up_to_the_rupee() {
    let mut bill = table(&["asha"], &[dish("tea", 1_000, &["asha"])]);
    bill.charges = vec![charge("CGST", tax(), percent("2.5")), charge("SGST", tax(), percent("2.5"))];
    bill.round_to = Some(amount(100));
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 1_100);
    assert_eq!(lines(division.lines())[3], ("Round-off".to_owned(), LineKind::RoundOff, 50));
    bill.dishes[0].amount = amount(999);
    // Again 0.25 of tax twice, but 10.49 in total.
    assert_eq!(due(&divide(&bill).unwrap()), 1_000);
}

#[test]
fn a_smallest_coin_of_five_cents_rounds_to_the_nearest() {
    for (price, rounded) in [(1_002, 1_000), (1_003, 1_005), (1_005, 1_005), (1_007, 1_005), (1_008, 1_010)] {
        let mut bill = table(&["asha", "ben"], &[dish("soup", price, &["asha", "ben"])]);
        bill.currency = Currency::from_code("CHF").unwrap();
        bill.round_to = Some(amount(5));
        assert_eq!(due(&divide(&bill).unwrap()), rounded, "{price}");
    }
    // Halves are rounded up: 10.05 to a multiple of 0.10.
    let mut bill = table(&["asha"], &[dish("soup", 1_005, &["asha"])]);
    bill.round_to = Some(amount(10));
    assert_eq!(due(&divide(&bill).unwrap()), 1_010);
}

#[test]
fn one_unit_among_ninety_seven_is_paid_by_one() {
    let people: Vec<String> = (0..97).map(|number| format!("guest-{number}")).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let mut bill = table(&people, &[dish("sweet", 1, &people)]);
    for split in [SplitRule::Equal, SplitRule::Itemized] {
        bill.split = split;
        let division = divide(&bill).unwrap();
        assert_eq!(shares(&division).into_iter().filter(|&share| share == 1).count(), 1);
        assert_eq!(shares(&division).into_iter().filter(|&share| share == 0).count(), 96);
        assert_eq!(division.shares().filter(|share| share.lines().next().is_none()).count(), 96);
    }
}

#[test]
fn a_bill_of_nothing_is_nothing_for_everybody() {
    let empty = table(&["asha", "ben"], &[]);
    let free = table(&["asha", "ben"], &[dish("water", 0, &["asha", "ben"])]);
    for mut bill in [empty, free] {
        bill.charges =
            vec![charge("VAT", tax(), percent("20")), charge("tip", tip(Basis::Share), percent("10"))];
        bill.round_to = Some(amount(100));
        for split in
            [SplitRule::Equal, SplitRule::Itemized, amounts(&[("asha", 0)]), weights(&[("ben", "1")])]
        {
            bill.split = split;
            let division = divide(&bill).unwrap();
            assert_eq!((total(&division), due(&division)), (0, 0));
            assert_eq!(shares(&division), [0, 0]);
            assert!(division.shares().all(|share| share.lines().next().is_none()));
        }
    }
}

#[test]
fn one_person_pays_all_there_is() {
    let mut bill = table(&["asha"], &[dish("thali", 9_999, &["asha"]), dish("naan", 1, &[])]);
    bill.split = SplitRule::Equal;
    bill.charges = vec![
        charge("VAT", tax(), percent("19")),
        charge("service", service(false), percent("12.5")),
        charge("delivery", fee(Basis::Head), fixed(333)),
    ];
    bill.tips = BTreeMap::from([(person("asha"), fixed(7))]);
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 10_000 + 1_900 + 1_250 + 333 + 7);
    assert_eq!(shares(&division), [13_490]);
    assert_eq!(division.unassigned(), Amount::ZERO);
}

#[test]
fn a_bill_with_nobody_to_pay_it_is_refused() {
    let rejection = refused(&table(&[], &[dish("thali", 100, &[])]));
    assert_eq!(rejection.code(), Code::NobodyToPay);
    assert!(rejection.to_string().contains("at least one person"), "{rejection}");
    assert_eq!(refused(&table(&[], &[])).code(), Code::NobodyToPay);
}

#[test]
fn percentages_that_miss_a_hundred_are_refused_with_what_is_missing() {
    let mut bill = table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"])]);
    for (parts, says) in [
        (["33.33", "66.66"], "the percentages add up to 99.99, 0.01 short of 100"),
        (["33.34", "66.67"], "the percentages add up to 100.01, 0.01 more than 100"),
        (["50", "49.999999"], "the percentages add up to 99.999999, 0.000001 short of 100"),
        (["0", "0"], "the percentages add up to 0, 100 short of 100"),
    ] {
        bill.split = percentages(&[("asha", parts[0]), ("ben", parts[1])]);
        let rejection = refused(&bill);
        assert_eq!(rejection.code(), Code::BadSplit);
        assert!(rejection.to_string().contains(says), "{rejection}");
    }
    bill.split = percentages(&[("asha", "33.33"), ("ben", "66.67")]);
    assert_eq!(shares(&divide(&bill).unwrap()), [3_333, 6_667]);
}

#[test]
fn negative_weights_and_percentages_cannot_be_made() {
    let minus = "-0.000001".parse().unwrap();
    assert_eq!(Weight::from_decimal(minus), Err(ShareNumberError::Negative));
    assert_eq!(Percentage::from_decimal(minus), Err(ShareNumberError::Negative));
}

#[test]
fn weights_that_are_all_zero_are_refused_while_anything_or_nothing_is_to_be_shared() {
    for price in [10_000, 0] {
        let mut bill = table(&["asha", "ben"], &[dish("thali", price, &["asha"])]);
        bill.split = weights(&[("asha", "0"), ("ben", "0")]);
        let rejection = refused(&bill);
        assert_eq!(rejection.code(), Code::BadSplit);
        assert!(rejection.to_string().contains("at least one weight above 0"), "{rejection}");

        bill.split = SplitRule::Itemized;
        bill.dishes[0].shared_by = vec![(person("asha"), weight("0")), (person("ben"), weight("0"))];
        let rejection = refused(&bill);
        assert_eq!(rejection.code(), Code::BadSplit);
        assert!(rejection.to_string().contains("at least one weight above 0"), "{rejection}");
    }
}

#[test]
fn a_weight_of_zero_pays_nothing_of_anything() {
    let mut bill = table(&["asha", "ben", "chi"], &[dish("thali", 10_001, &["asha"])]);
    bill.charges = vec![
        charge("VAT", tax(), percent("7")),
        charge("delivery", fee(Basis::Head), fixed(301)),
        charge("service", service(true), percent("10")),
    ];
    bill.round_to = Some(amount(100));
    bill.split = weights(&[("asha", "0"), ("ben", "2.5"), ("chi", "7.5")]);
    let division = divide(&bill).unwrap();
    // 100.01 + 7.00 + 3.01 + 10.00, less 0.02. Ben's quota is 25.0025 + 1.75 + 1.505 + 2.5,
    // less a part of the round-off.
    assert_eq!(due(&division), 12_000);
    assert_eq!(shares(&division), [0, 3_075, 8_925]);
    assert!(share(&division, 0).lines().next().is_none());
}

#[test]
fn people_who_are_not_on_the_bill_are_refused_wherever_they_are_named() {
    let bill = table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"])]);
    let splits = [
        amounts(&[("asha", 5_000), ("zoe", 5_000)]),
        percentages(&[("asha", "50"), ("zoe", "50")]),
        weights(&[("zoe", "1")]),
        adjustments(&[("zoe", 100)]),
        cover(&[("zoe", "asha")], Rest::Equal),
        cover(&[("asha", "zoe")], Rest::Itemized),
    ];
    for split in splits {
        assert_eq!(refused(&Bill { split, ..bill.clone() }).code(), Code::UnknownParticipant);
    }
    let tips = BTreeMap::from([(person("zoe"), percent("10"))]);
    assert_eq!(refused(&Bill { tips, ..bill.clone() }).code(), Code::UnknownParticipant);
    let without_service = BTreeSet::from([person("zoe")]);
    assert_eq!(refused(&Bill { without_service, ..bill.clone() }).code(), Code::UnknownParticipant);
    let dishes = vec![dish("thali", 10_000, &["asha", "zoe"])];
    assert_eq!(refused(&Bill { dishes, ..bill.clone() }).code(), Code::UnknownParticipant);
}

#[test]
fn amounts_that_do_not_add_up_are_refused_with_the_shortfall() {
    let bill = table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"])]);
    let inr = Currency::default();
    for (ben, missing, says) in [
        (4_995, 5, "come to 100, and the shares are too low by 0.05"),
        (5_005, -5, "come to 100, and the shares are too high by 0.05"),
    ] {
        let split = amounts(&[("asha", 5_000), ("ben", ben)]);
        let rejection = refused(&Bill { split, ..bill.clone() });
        assert_eq!(rejection.code(), Code::Unallocated);
        assert_eq!(rejection.missing_amount(), Some((amount(missing), inr)));
        assert!(rejection.to_string().contains(says), "{rejection}");
    }
    // Adjustments may leave something to share, but may not exceed the total.
    let split = adjustments(&[("asha", 5_000), ("ben", 5_001)]);
    let rejection = refused(&Bill { split, ..bill.clone() });
    assert_eq!(rejection.code(), Code::Unallocated);
    assert_eq!(rejection.missing_amount(), Some((amount(-1), inr)));
    // Agreed amounts must add up to the dishes, without charges.
    let mut charged = Bill { split: amounts(&[("asha", 3_333), ("ben", 6_667)]), ..bill };
    charged.charges = vec![charge("VAT", tax(), percent("7"))];
    // 7.00 by share is 2.3331 and 4.6669.
    assert_eq!(shares(&divide(&charged).unwrap()), [3_566, 7_134]);
}

#[test]
fn nobody_is_paid_by_amounts_below_zero() {
    let bill = table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"])]);
    for split in [amounts(&[("asha", 15_000), ("ben", -5_000)]), adjustments(&[("ben", -1)])] {
        assert_eq!(refused(&Bill { split, ..bill.clone() }).code(), Code::BadSplit);
    }
}

#[test]
fn a_fixed_charge_on_nothing_is_refused_with_its_amount() {
    let nothing = table(&["asha", "ben"], &[dish("water", 0, &["asha"])]);
    for kind in [tax(), service(true), tip(Basis::Share), fee(Basis::Share)] {
        let charges = vec![charge("extra", kind, fixed(2_500))];
        let rejection = refused(&Bill { charges, ..nothing.clone() });
        assert_eq!(rejection.code(), Code::ChargeOnNothing);
        assert_eq!(rejection.missing_amount(), Some((amount(2_500), Currency::default())));
        assert!(rejection.to_string().contains("25 for extra"), "{rejection}");
    }
    // By head, there are people to pay it.
    let charges = vec![charge("delivery", fee(Basis::Head), fixed(2_500))];
    assert_eq!(shares(&divide(&Bill { charges, ..nothing.clone() }).unwrap()), [1_250, 1_250]);
    // A percentage of 0 is 0.
    let charges = vec![charge("VAT", tax(), percent("20"))];
    assert_eq!(shares(&divide(&Bill { charges, ..nothing }).unwrap()), [0, 0]);
}

#[test]
fn a_tax_on_a_type_of_dish_that_nobody_had_is_nothing() {
    let mut bill = table(&["asha", "ben"], &[dish("steak", 5_000, &["asha"])]);
    for value in [fixed(2_500), percent("20")] {
        let on_wine = ChargeKind::Tax { inclusive: false, dish_types: vec![text("wine")] };
        bill.charges = vec![charge("VAT", on_wine, value)];
        assert_eq!(shares(&divide(&bill).unwrap()), [5_000, 0]);
    }
}

#[test]
fn conflicting_claims_are_refused() {
    let bill = table(&["asha", "ben", "chi"], &[dish("thali", 10_000, &["asha"])]);
    let twice_there = Bill { diners: vec![person("asha"), person("ben"), person("asha")], ..bill.clone() };
    let twice_sharing =
        Bill { dishes: vec![dish("thali", 10_000, &["asha", "ben", "asha"])], ..bill.clone() };
    let chain = Bill { split: cover(&[("asha", "ben"), ("ben", "chi")], Rest::Equal), ..bill.clone() };
    let circle = Bill { split: cover(&[("asha", "ben"), ("ben", "asha")], Rest::Itemized), ..bill.clone() };
    let oneself = Bill { split: cover(&[("asha", "asha")], Rest::Equal), ..bill.clone() };
    for bill in [twice_there, twice_sharing, chain, circle, oneself] {
        assert_eq!(refused(&bill).code(), Code::ConflictingClaims);
    }
    let dishes = vec![dish("thali", 1, &["asha"]), dish("thali", 1, &["ben"])];
    assert_eq!(refused(&Bill { dishes, ..bill }).code(), Code::ItemIdTaken);
}

#[test]
fn charges_that_cannot_be_are_refused() {
    let bill = table(&["asha"], &[dish("thali", 10_000, &["asha"])]);
    let with = |charges: Vec<Charge>| Bill { charges, ..bill.clone() };
    let off = ChargeKind::Discount { item: Some(item("naan")) };
    assert_eq!(refused(&with(vec![charge("deal", off, percent("10"))])).code(), Code::ItemNotFound);
    assert_eq!(refused(&with(vec![charge("fee", fee(Basis::Head), fixed(-1))])).code(), Code::BadCharge);
    let vat = charge("VAT", tax(), percent("1"));
    assert_eq!(refused(&with(vec![vat.clone(); MAX_CHARGES + 1])).code(), Code::TooManyCharges);
    assert_eq!(due(&divide(&with(vec![vat; MAX_CHARGES])).unwrap()), 13_200);
    for coin in [0, -100] {
        let round_to = Some(amount(coin));
        assert_eq!(refused(&Bill { round_to, ..bill.clone() }).code(), Code::BadCharge);
    }
    let tips = BTreeMap::from([(person("asha"), fixed(-1))]);
    assert_eq!(refused(&Bill { tips, ..bill.clone() }).code(), Code::BadCharge);
}

#[test]
fn currencies_of_zero_three_and_four_digits_are_divided_to_their_own_unit() {
    for (code, whole, expected) in [
        ("JPY", 100, [33, 33, 34]),
        ("INR", 10_000, [3_333, 3_333, 3_334]),
        ("KWD", 100_000, [33_333, 33_333, 33_334]),
        ("CLF", 1_000_000, [333_333, 333_333, 333_334]),
    ] {
        let people = ["asha", "ben", "chi"];
        let mut bill = table(&people, &[dish("set", whole, &people)]);
        bill.currency = Currency::from_code(code).unwrap();
        assert_eq!(sorted(shares(&divide(&bill).unwrap())), expected, "{code}");
    }
    // 5 % of 110 yen is 5.5 yen; 5 % of 1.110 dinars is 0.0555 dinars.
    for (code, price, vat) in [("JPY", 110, 6), ("KWD", 1_110, 56)] {
        let mut bill = table(&["asha"], &[dish("set", price, &["asha"])]);
        bill.currency = Currency::from_code(code).unwrap();
        bill.charges = vec![charge("tax", tax(), percent("5"))];
        assert_eq!(due(&divide(&bill).unwrap()), price + vat, "{code}");
    }
}

#[test]
fn a_refund_is_the_mirror_of_the_bill() {
    let people = ["asha", "ben", "chi"];
    let bill = |sign: i64| {
        let mut bill = table(
            &people,
            &[dish("thali", 10_001 * sign, &people), dish("beer", 599 * sign, &["asha", "ben"])],
        );
        bill.charges = vec![
            charge("VAT", tax(), percent("7.5")),
            charge("tip", tip(Basis::Head), fixed(100 * sign)),
            charge("deal", ChargeKind::Discount { item: None }, fixed(50 * sign)),
        ];
        bill.round_to = Some(amount(100));
        divide(&bill).unwrap()
    };
    let (bill, refund) = (bill(1), bill(-1));
    // 106.00 less 0.50, 7.9125 of tax and 1.00 of tip are 114.41.
    assert_eq!((due(&bill), due(&refund)), (11_400, -11_400));
    let mirrored: Vec<i64> = shares(&refund).iter().map(|share| -share).collect();
    assert_eq!(shares(&bill), mirrored);
    assert!(shares(&bill).iter().all(|&share| share > 0));
}

#[test]
fn a_total_at_the_ceiling_is_divided_exactly() {
    let people = ["a", "b", "c", "d", "e", "f", "g"];
    let clf = Currency::from_code("CLF").unwrap();
    let mut bill = table(&people, &[dish("palace", max_order_total(clf).minor_units(), &people)]);
    bill.currency = clf;
    bill.charges = vec![charge("VAT", tax(), percent("18"))];
    let division = divide(&bill).unwrap();
    // 18 % of 9,999,999,999.9999 is 1,799,999,999.999982.
    assert_eq!(due(&division), 99_999_999_999_999 + 18_000_000_000_000);
    // A seventh is 16,857,142,857,142 and five sevenths of a unit.
    let mut expected = vec![16_857_142_857_142; 2];
    expected.resize(7, 16_857_142_857_143);
    assert_eq!(sorted(shares(&division)), expected);
}

#[test]
fn sums_that_no_amount_can_hold_are_refused() {
    let highest = i64::MAX;
    let mut bill = table(&["asha", "ben"], &[dish("palace", highest, &["asha"])]);
    bill.tips = BTreeMap::from([(person("ben"), fixed(highest))]);
    assert_eq!(refused(&bill).code(), Code::TotalTooLarge);
    let two = [dish("palace", highest, &["asha"]), dish("castle", 1, &["asha"])];
    assert_eq!(refused(&table(&["asha"], &two)).code(), Code::TotalTooLarge);
    assert_eq!(refused(&table(&["asha"], &[dish("debt", i64::MIN, &["asha"])])).code(), Code::TotalTooLarge);
}

#[test]
fn dishes_shared_in_too_many_odd_proportions_are_refused_at_once() {
    let wild = |number: i64| Dish {
        shared_by: vec![
            (person("asha"), Weight::from_decimal((1_000_000 - number).into()).unwrap()),
            (person("ben"), weight("0.000001")),
        ],
        ..dish(&format!("bite-{number}"), 10_000, &[])
    };
    let bill = |dishes: i64| Bill { dishes: (0..dishes).map(wild).collect(), ..table(&["asha", "ben"], &[]) };
    assert_eq!(refused(&bill(500)).code(), Code::BillTooFine);
    // Far beyond 128 bits, but within the bounds. Ben's quota of the whole bill is less than a
    // millionth of a paisa.
    let division = divide(&bill(50)).unwrap();
    assert_eq!(shares(&division), [500_000, 0]);
}

#[test]
fn whoever_waives_the_service_charge_takes_only_their_own_part_off() {
    let mut bill = table(
        &["asha", "ben"],
        &[
            dish("thali", 30_000, &["asha"]),
            dish("biryani", 20_000, &["ben"]),
            dish("naan", 10_002, &["asha", "ben"]),
        ],
    );
    bill.charges = vec![charge("service", service(true), percent("10"))];
    let all = divide(&bill).unwrap();
    // 10 % of 600.02; Asha has 350.01 of it, Ben 250.01.
    assert_eq!(due(&all), 60_002 + 6_000);
    assert_eq!(shares(&all), [35_001 + 3_500, 25_001 + 2_500]);

    bill.without_service = BTreeSet::from([person("ben")]);
    let one = divide(&bill).unwrap();
    assert_eq!(due(&one), 60_002 + 3_500);
    assert_eq!(shares(&one), [38_501, 25_001]);

    // A fixed charge loses only that part as well: 350.01/600.02 of 60.00 is 34.9998.
    bill.charges = vec![charge("service", service(true), fixed(6_000))];
    assert_eq!(shares(&divide(&bill).unwrap()), [38_501, 25_001]);

    bill.without_service.insert(person("asha"));
    let none = divide(&bill).unwrap();
    assert_eq!(due(&none), 60_002);
    assert!(none.lines().iter().all(|line| line.kind() == LineKind::Dish));

    bill.charges = vec![charge("service", service(false), percent("10"))];
    assert_eq!(shares(&divide(&bill).unwrap()), shares(&all));
}

#[test]
fn an_own_tip_is_the_givers_alone() {
    let mut bill =
        table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"]), dish("naan", 2_001, &["asha", "ben"])]);
    bill.tips = BTreeMap::from([(person("asha"), percent("10")), (person("ben"), fixed(123))]);
    let division = divide(&bill).unwrap();
    // Asha has 110.005 of the dishes: 11.0005.
    assert_eq!(due(&division), 12_001 + 1_100 + 123);
    assert_eq!(parts(share(&division, 0).lines()).last().unwrap().2, 1_100);
    assert_eq!(parts(share(&division, 1).lines()).last().unwrap(), &("Tip".to_owned(), LineKind::Tip, 123));

    // The percentage is of what discounts leave: half.
    bill.charges = vec![charge("deal", ChargeKind::Discount { item: None }, percent("50"))];
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 12_001 - 6_001 + 550 + 123);
}

#[test]
fn included_tax_is_shown_but_adds_nothing() {
    let of = |types: &[&str]| ChargeKind::Tax {
        inclusive: true,
        dish_types: types.iter().map(|kind| text(kind)).collect(),
    };
    let mut bill = table(&["asha", "ben"], &[dish("thali", 10_500, &["asha"])]);
    bill.charges = vec![charge("VAT", of(&[]), percent("5"))];
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 10_500);
    assert_eq!(lines(division.lines()).len(), 1);
    assert_eq!(lines(division.included()), [("VAT".to_owned(), LineKind::Tax, 500)]);
    assert_eq!(parts(share(&division, 0).included()), [("VAT".to_owned(), LineKind::Tax, 500)]);
    assert!(share(&division, 1).included().next().is_none());

    // The price of wine contains both taxes: of 115.00, 5.00 and 10.00. The thali still
    // contains 5.00 of 105.00.
    let mut wine = dish("wine", 11_500, &["ben"]);
    wine.dish_type = text("wine");
    bill.dishes.push(wine);
    bill.charges.push(charge("excise", of(&["wine"]), percent("10")));
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 22_000);
    let included: Vec<_> = lines(division.included()).into_iter().map(|line| line.2).collect();
    assert_eq!(included, [1_000, 1_000]);
    let own: Vec<_> = division.shares().map(|share| parts(share.included())).collect();
    assert_eq!(own[0], [("VAT".to_owned(), LineKind::Tax, 500)]);
    assert_eq!(own[1], [("VAT".to_owned(), LineKind::Tax, 500), ("excise".to_owned(), LineKind::Tax, 1_000)]);
}

#[test]
fn a_tax_on_some_dishes_is_paid_by_those_who_had_them() {
    let mut wine = dish("wine", 5_000, &["ben", "chi"]);
    wine.dish_type = text("alcohol");
    let mut bill = table(&["asha", "ben", "chi"], &[dish("thali", 20_000, &["asha"]), wine]);
    let on_alcohol = ChargeKind::Tax { inclusive: false, dish_types: vec![text("alcohol")] };
    bill.charges = vec![charge("VAT", on_alcohol, percent("20"))];
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 26_000);
    assert_eq!(shares(&division), [20_000, 3_000, 3_000]);
}

#[test]
fn a_dish_that_is_nobodys_has_its_part_of_the_charges() {
    let mut bill = table(
        &["asha", "ben"],
        &[dish("thali", 10_000, &["asha"]), dish("naan", 20_000, &["ben"]), dish("stray", 30_000, &[])],
    );
    bill.charges = vec![
        charge("VAT", tax(), percent("5")),
        // The unassigned row has no head.
        charge("delivery", fee(Basis::Head), fixed(100)),
    ];
    let division = divide(&bill).unwrap();
    assert_eq!(due(&division), 60_000 + 3_000 + 100);
    assert_eq!(shares(&division), [10_000 + 500 + 50, 20_000 + 1_000 + 50]);
    assert_eq!(division.unassigned().minor_units(), 30_000 + 1_500);
    assert_eq!(division.unassigned_dishes(), [item("stray")]);
    // With an equal split, every diner shares it.
    bill.split = SplitRule::Equal;
    let division = divide(&bill).unwrap();
    assert_eq!(shares(&division), [31_550, 31_550]);
    assert!(division.unassigned_dishes().is_empty());
}

#[test]
fn a_discount_on_a_dish_is_for_those_who_share_it() {
    let mut bill =
        table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"]), dish("naan", 6_000, &["ben"])]);
    bill.charges = vec![
        charge("VAT", tax(), percent("5")),
        charge("service", service(false), percent("10")),
        charge("deal", ChargeKind::Discount { item: Some(item("thali")) }, percent("10")),
        charge("voucher", ChargeKind::Discount { item: None }, fixed(1_500)),
    ];
    let division = divide(&bill).unwrap();
    // 90.00 and 60.00 are left, then 135.00: 6.75 of tax and 13.50 of service. Asha has three
    // fifths of everything.
    assert_eq!(due(&division), 13_500 + 675 + 1_350);
    assert_eq!(shares(&division), [10_000 - 1_000 - 900 + 405 + 810, 6_000 - 600 + 270 + 540]);
    assert_eq!(
        parts(share(&division, 1).lines()),
        [
            ("naan".to_owned(), LineKind::Dish, 6_000),
            ("VAT".to_owned(), LineKind::Tax, 270),
            ("service".to_owned(), LineKind::Service, 540),
            ("voucher".to_owned(), LineKind::Discount, -600),
        ]
    );
}

#[test]
fn discounts_are_each_of_what_those_before_have_left_and_never_more() {
    let order = || ChargeKind::Discount { item: None };
    let due_with = |first: ChargeValue, second: ChargeValue| {
        let mut bill = table(&["asha"], &[dish("thali", 10_000, &["asha"])]);
        bill.charges = vec![charge("first", order(), first), charge("second", order(), second)];
        due(&divide(&bill).unwrap())
    };
    assert_eq!(due_with(percent("10"), fixed(1_000)), 8_000);
    assert_eq!(due_with(fixed(1_000), percent("10")), 8_100);
    assert_eq!(due_with(fixed(9_000), fixed(9_000)), 0);
    let mut bill = table(&["asha", "ben"], &[dish("thali", 10_000, &["asha"]), dish("naan", 50, &["ben"])]);
    let on_naan = ChargeKind::Discount { item: Some(item("naan")) };
    bill.charges = vec![charge("deal", on_naan, fixed(9_000))];
    assert_eq!(shares(&divide(&bill).unwrap()), [10_000, 0]);
}

#[test]
fn a_voucher_for_everything_and_a_rounded_fee_pay_nobody() {
    let people = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let mut bill = table(&people, &[dish("feast", 1_000, &["a"])]);
    bill.charges = vec![
        charge("voucher", ChargeKind::Discount { item: None }, percent("100")),
        charge("delivery", fee(Basis::Head), fixed(145)),
    ];
    bill.round_to = Some(amount(100));
    let division = divide(&bill).unwrap();
    // Each owes 14.5 before 45 is taken off.
    assert_eq!(due(&division), 100);
    assert_eq!(shares(&division), [10; 10]);
}

#[test]
fn whoever_covers_another_pays_for_both() {
    let mut bill = table(
        &["asha", "ben", "chi"],
        &[
            dish("thali", 6_000, &["asha"]),
            dish("wine", 3_000, &["ben"]),
            dish("naan", 999, &["asha", "ben", "chi"]),
        ],
    );
    bill.charges = vec![charge("delivery", fee(Basis::Head), fixed(300))];
    bill.split = cover(&[("ben", "asha")], Rest::Itemized);
    let division = divide(&bill).unwrap();
    assert_eq!(shares(&division), [6_000 + 3_000 + 666 + 200, 0, 333 + 100]);
    assert!(share(&division, 1).lines().next().is_none());

    bill.charges.clear();
    bill.dishes = vec![dish("thali", 10_000, &["asha"])];
    bill.split = cover(&[("ben", "asha")], Rest::Equal);
    // Two thirds of 100.00 and one: 66.67 and 33.33.
    assert_eq!(shares(&divide(&bill).unwrap()), [6_667, 0, 3_333]);
}

#[test]
fn adjustments_come_first_and_the_rest_is_shared_equally() {
    let mut bill = table(&["asha", "ben"], &[dish("dinner", 10_000, &["asha"])]);
    bill.split = adjustments(&[("asha", 2_000)]);
    assert_eq!(shares(&divide(&bill).unwrap()), [6_000, 4_000]);

    let mut bill = table(&["asha", "ben", "chi"], &[dish("dinner", 10_000, &["asha"])]);
    bill.split = adjustments(&[("asha", 1_000), ("chi", 501)]);
    // 84.99 are left, 28.33 each.
    assert_eq!(shares(&divide(&bill).unwrap()), [3_833, 2_833, 3_334]);
    bill.charges = vec![charge("VAT", tax(), percent("10"))];
    // Each pays 38.33, 28.33 and 33.34 of the dishes, and tax in that proportion.
    assert_eq!(shares(&divide(&bill).unwrap()), [4_216, 3_116, 3_668]);

    bill.split = adjustments(&[("asha", 10_000)]);
    bill.charges.clear();
    assert_eq!(shares(&divide(&bill).unwrap()), [10_000, 0, 0]);
}

#[test]
fn percentages_go_to_the_largest_remainders() {
    let mut bill = table(&["asha", "ben", "chi"], &[dish("dinner", 1_001, &["asha"])]);
    bill.split = percentages(&[("asha", "20"), ("ben", "30"), ("chi", "50")]);
    // 200.2, 300.3 and 500.5.
    assert_eq!(shares(&divide(&bill).unwrap()), [200, 300, 501]);
}

#[test]
fn whoever_agreed_to_pay_nothing_is_no_head() {
    let mut bill = table(&["asha", "ben", "chi"], &[dish("dinner", 9_000, &["asha"])]);
    bill.charges = vec![charge("delivery", fee(Basis::Head), fixed(200))];
    bill.split = amounts(&[("asha", 3_000), ("ben", 6_000), ("chi", 0)]);
    assert_eq!(shares(&divide(&bill).unwrap()), [3_100, 6_100, 0]);
}

/// Each result matches the crate's own description; these are the inputs for which a table
/// would not call it fair.
#[test]
fn the_allocation_of_rusty_money_is_off_where_the_first_in_the_list_has_no_claim_to_the_odd_unit() {
    // Exact quotas: 1, 0.5 and 0.5. The first pays a whole unit too much.
    assert_eq!(allocated(2, &[2, 1, 1]), [2, 0, 0]);
    assert_eq!(apportioned(2, &[2, 1, 1])[0], 1);
    // Exact quotas: 0.01 and 0.99. Who pays depends on who is listed first.
    assert_eq!(allocated(1, &[1, 99]), [1, 0]);
    assert_eq!(allocated(1, &[99, 1]), [1, 0]);
    assert_eq!(apportioned(1, &[1, 99]), [0, 1]);
    assert_eq!(apportioned(1, &[99, 1]), [1, 0]);
    // A refund does not mirror: the one who paid two for one gets nothing back.
    assert_eq!(allocated(-2, &[2, 1, 1]), [0, -1, -1]);
    assert_eq!(apportioned(-2, &[2, 1, 1])[0], -1);
    // Rounded line by line, the first pays every odd unit: 67 paise on ten rupees.
    let snacks: Vec<Vec<i64>> = (0..100).map(|_| allocated(10, &[1, 1, 1])).collect();
    assert_eq!(snacks.iter().map(|parts| parts[0]).sum::<i64>(), 400);
    // Digits below the minor unit are dropped silently.
    let money = Money::from_decimal("1.005".parse().unwrap(), iso::INR);
    let parts = money.allocate(vec![1, 1]).unwrap();
    assert_eq!(parts.iter().map(|part| part.amount().to_string()).collect::<Vec<_>>(), ["0.50", "0.50"]);
}

#[test]
fn the_allocation_of_rusty_money_misses_quotas_by_a_whole_unit_where_ours_never_does() {
    let (mut divisions, mut theirs, mut ours) = (0, 0, 0);
    for total in 0..=100 {
        for number in 0..6_u32.pow(3) {
            let weights = [number % 6, number / 6 % 6, number / 36];
            if weights == [0; 3] {
                continue;
            }
            divisions += 1;
            theirs += i32::from(misses(total, &weights, &allocated(total, &weights)));
            ours += i32::from(misses(total, &weights, &apportioned(total, &weights)));
        }
    }
    assert_eq!((divisions, ours), (21_715, 0));
    assert_eq!(theirs, MISSED_BY_RUSTY_MONEY);
}

/// How many of 21,715 divisions, of up to 100 by three weights of up to 5, have a part that
/// is off by a unit or more.
const MISSED_BY_RUSTY_MONEY: i32 = 681;

/// Whether a part differs from its exact quota by a whole unit or more.
fn misses(total: i64, weights: &[u32], parts: &[i64]) -> bool {
    let sum: i64 = weights.iter().map(|&weight| i64::from(weight)).sum();
    weights.iter().zip(parts).any(|(&weight, part)| (part * sum - total * i64::from(weight)).abs() >= sum)
}

fn allocated(minor_units: i64, weights: &[u32]) -> Vec<i64> {
    let parts = Money::from_minor(minor_units, iso::INR).allocate(weights.to_vec()).unwrap();
    parts.iter().map(|part| part.try_to_minor_units().unwrap()).collect()
}

fn apportioned(minor_units: i64, weights: &[u32]) -> Vec<i64> {
    let claims: Vec<_> =
        weights.iter().enumerate().map(|(tie, &weight)| Claim { weight: weight.into(), tie }).collect();
    apportion(amount(minor_units), &claims).unwrap().into_iter().map(Amount::minor_units).collect()
}

fn table(people: &[&str], dishes: &[Dish]) -> Bill {
    Bill {
        diners: people.iter().map(|id| person(id)).collect(),
        dishes: dishes.to_vec(),
        split: SplitRule::Itemized,
        ..Bill::new(OrderId::new("table-7").unwrap(), Currency::default())
    }
}

fn dish(id: &str, minor_units: i64, shared_by: &[&str]) -> Dish {
    let people: Vec<_> = shared_by.iter().map(|id| person(id)).collect();
    Dish::of(item(id), amount(minor_units), &people)
}

fn charge(name: &str, kind: ChargeKind, value: ChargeValue) -> Charge {
    Charge::new(text(name), kind, value)
}

fn tax() -> ChargeKind {
    ChargeKind::Tax { inclusive: false, dish_types: Vec::new() }
}

fn service(optional: bool) -> ChargeKind {
    ChargeKind::Service { optional }
}

fn tip(by: Basis) -> ChargeKind {
    ChargeKind::Tip { by }
}

fn fee(by: Basis) -> ChargeKind {
    ChargeKind::Fee { by }
}

fn percent(number: &str) -> ChargeValue {
    ChargeValue::Percent(percentage(number))
}

fn fixed(minor_units: i64) -> ChargeValue {
    ChargeValue::Amount(amount(minor_units))
}

fn amounts(amounts: &[(&str, i64)]) -> SplitRule {
    SplitRule::Custom(Some(CustomShares::Amounts(by_person(amounts, |&minor_units| amount(minor_units)))))
}

fn percentages(parts: &[(&str, &str)]) -> SplitRule {
    SplitRule::Custom(Some(CustomShares::Percentages(by_person(parts, |number| percentage(number)))))
}

fn weights(weights: &[(&str, &str)]) -> SplitRule {
    SplitRule::Custom(Some(CustomShares::Weights(by_person(weights, |number| weight(number)))))
}

fn adjustments(amounts: &[(&str, i64)]) -> SplitRule {
    SplitRule::Adjusted(by_person(amounts, |&minor_units| amount(minor_units)))
}

fn cover(covers: &[(&str, &str)], rest: Rest) -> SplitRule {
    SplitRule::Cover { covers: by_person(covers, |payer| person(payer)), rest }
}

fn by_person<T, U>(entries: &[(&str, T)], value: impl Fn(&T) -> U) -> BTreeMap<ParticipantId, U> {
    entries.iter().map(|(id, entry)| (person(id), value(entry))).collect()
}

fn percentage(number: &str) -> Percentage {
    Percentage::from_decimal(number.parse().unwrap()).unwrap()
}

fn weight(number: &str) -> Weight {
    Weight::from_decimal(number.parse().unwrap()).unwrap()
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

fn amount(minor_units: i64) -> Amount {
    Amount::from_minor_units(minor_units)
}

fn refused(bill: &Bill) -> Rejection {
    divide(bill).unwrap_err()
}

fn total(division: &Division) -> i64 {
    division.total().minor_units()
}

fn due(division: &Division) -> i64 {
    division.amount_due().minor_units()
}

fn shares(division: &Division) -> Vec<i64> {
    division.shares().map(|share| share.amount().minor_units()).collect()
}

fn share(division: &Division, row: usize) -> DinerShare<'_> {
    division.shares().nth(row).unwrap()
}

fn parts<'bill>(parts: impl Iterator<Item = Part<'bill>>) -> Vec<(String, LineKind, i64)> {
    let part =
        |part: Part<'_>| (part.line().name().to_string(), part.line().kind(), part.amount().minor_units());
    parts.map(part).collect()
}

fn lines(lines: &[Line]) -> Vec<(String, LineKind, i64)> {
    lines.iter().map(|line| (line.name().to_string(), line.kind(), line.amount().minor_units())).collect()
}

fn sorted(mut amounts: Vec<i64>) -> Vec<i64> {
    amounts.sort_unstable();
    amounts
}
