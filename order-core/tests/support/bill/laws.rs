//! The laws that every division of a bill keeps. A violation is returned as text, so that
//! the long run can continue.

use std::collections::{BTreeMap, BTreeSet};

use order_core::bill::{
    Bill, Charge, ChargeKind, ChargeValue, DinerShare, Discounts, Dish, Division, InvoiceDish, Line,
    LineKind, OddUnits, Part, RoundedPer, divide, invoice,
};
use order_core::split::{CustomShares, SplitRule, TieRank};
use order_core::{Amount, Code, ParticipantId};

use super::choices::Choices;
use super::exact::Exact;
use super::making::of_both_signs;
use super::oracle::{Expected, ExpectedLine, expect};
use super::rounding::Quotas;

/// The description of a violated law.
pub type Violation = String;

/// The outcome of a check.
#[derive(Debug)]
pub enum Outcome {
    Divided(Box<Division>),
    /// Refused, as expected.
    Refused(Code),
}

/// Divides the bill and compares the division with the oracle.
pub fn check(bill: &Bill) -> Result<Outcome, Violation> {
    let division = match (divide(bill), expect(bill)) {
        (Ok(division), Ok(expected)) => {
            compare(bill, &division, &expected)?;
            division
        }
        (Err(rejection), Err(code)) if rejection.code() == code => return Ok(Outcome::Refused(code)),
        (Err(rejection), Err(code)) => return Err(format!("refused as {rejection}, not as {code:?}")),
        // If a diner's dishes sum to less than 0, no charge can be in proportion to them.
        (Err(rejection), Ok(_)) if of_both_signs(bill) && rejection.code() == Code::ChargeOnNothing => {
            return Ok(Outcome::Refused(rejection.code()));
        }
        (Err(rejection), Ok(_)) => return Err(format!("refused: {rejection}")),
        (Ok(_), Err(code)) => return Err(format!("divided, though {code:?}")),
    };
    Ok(Outcome::Divided(Box::new(division)))
}

fn compare(bill: &Bill, division: &Division, expected: &Expected) -> Result<(), Violation> {
    let total: i64 = bill.dishes.iter().map(|dish| dish.amount.minor_units()).sum();
    must_be("the total", division.total().minor_units(), total)?;
    let due = expected.lines.iter().map(|line| line.amount).sum::<i64>() + expected.round_off.unwrap_or(0);
    must_be("what is due", division.amount_due().minor_units(), due)?;
    if let Some(unit) = bill.round_to.or(bill.round_shares_to) {
        must_be("what is due beyond whole coins", due % unit.minor_units(), 0)?;
    }
    let listed: Vec<_> = division.shares().map(DinerShare::participant).collect();
    must_be("who pays", listed, bill.diners.iter().collect())?;
    let shares = amounts(division);
    let unassigned = division.unassigned().minor_units();
    must_be("the sum of the shares", shares.iter().sum::<i64>() + unassigned, due)?;
    must_be(
        "the unassigned dishes",
        division.unassigned_dishes().iter().map(ToString::to_string).collect(),
        expected.unassigned_dishes.clone(),
    )?;

    let paid = [shares.as_slice(), &[unassigned]].concat();
    let mut own: Vec<Vec<Part<'_>>> = division.shares().map(|share| share.lines().collect()).collect();
    let mut lines = division.lines();
    let mut off = vec![0; paid.len()];
    if let Some(round_off) = expected.round_off {
        let Some((last, others)) = lines.split_last() else { return Err("there is no round-off".to_owned()) };
        must_be(
            "the round-off",
            (last.kind(), last.amount().minor_units()),
            (LineKind::RoundOff, round_off),
        )?;
        lines = others;
        for (off, own) in off.iter_mut().zip(&mut own) {
            if let Some(part) = own.pop_if(|part| part.line().kind() == LineKind::RoundOff) {
                *off = part.amount().minor_units();
            }
        }
        // What the shares leave of the line.
        off[shares.len()] = round_off - off.iter().sum::<i64>();
    }
    let cells = table(&expected.lines, lines, &own)?;
    let rows = within_quotas(&expected.lines, &cells, bill.diners.len() + 1)?;
    let sums: Vec<i64> = rows.iter().zip(&off).map(|(row, off)| row + off).collect();
    must_be("the sums of the diners' lines", sums, paid.clone())?;
    covered_dishes_come_to_nothing(expected, &cells)?;
    if let Some(coin) = bill.round_shares_to {
        within_a_coin(expected, coin.minor_units(), &paid)?;
    }

    let own: Vec<_> = division.shares().map(|share| share.included().collect()).collect();
    let included = table(&expected.included, division.included(), &own)?;
    within_quotas(&expected.included, &included, bill.diners.len() + 1)?;

    taxes_are_within_prices(bill, division)?;
    the_invoice_sums(bill, division)?;
    nobody_is_paid(bill, due, &paid)?;
    let unit = bill.round_shares_to.map_or(1, Amount::minor_units);
    equals_pay_equally(expected, &shares, unit)?;
    match divide(bill) {
        Ok(again) => must_be("the second division", &again, division),
        Err(rejection) => Err(format!("refused the second time: {rejection}")),
    }
}

/// Checks the names and amounts of the lines. Returns the cells by line and row, as found
/// in the diners' lines.
fn table(
    expected: &[ExpectedLine],
    lines: &[Line],
    own: &[Vec<Part<'_>>],
) -> Result<Vec<Vec<i64>>, Violation> {
    let found: Vec<_> =
        lines.iter().map(|line| (line.name().as_str(), line.kind(), line.amount().minor_units())).collect();
    let wanted = expected.iter().map(|line| (line.name.as_str(), line.kind, line.amount)).collect();
    must_be("the lines", found, wanted)?;
    let mut cells = vec![vec![0; own.len() + 1]; lines.len()];
    for (row, own) in own.iter().enumerate() {
        let mut places = expected.iter().enumerate();
        for part in own {
            let line = part.line();
            // A diner without a part in a line does not list it, so each listed line is the next in
            // which they have a part.
            let mut same = places.by_ref().filter(|(_, expected)| {
                !expected.quotas[row].is_zero()
                    && (expected.name.as_str(), expected.kind) == (line.name().as_str(), line.kind())
            });
            let Some((place, _)) = same.next() else {
                return Err(format!("row {row} has {line:?} without a part in it, or out of turn"));
            };
            if part.amount() == Amount::ZERO {
                return Err(format!("row {row} has {line:?} of nothing"));
            }
            cells[place][row] = part.amount().minor_units();
        }
    }
    for (cells, line) in cells.iter_mut().zip(expected) {
        let given: i64 = cells.iter().sum();
        *cells.last_mut().unwrap() = line.amount - given;
    }
    Ok(cells)
}

/// Every cell and every row is its quota rounded down or up. Returns the sum of each row.
fn within_quotas(expected: &[ExpectedLine], cells: &[Vec<i64>], rows: usize) -> Result<Vec<i64>, Violation> {
    let mut quotas = vec![Exact::zero(); rows];
    let mut sums = vec![0; rows];
    for (line, cells) in expected.iter().zip(cells) {
        for (row, (quota, &cell)) in line.quotas.iter().zip(cells).enumerate() {
            if !quota.rounds_to(cell) {
                return Err(format!("row {row} has {cell} of {}, of a quota of {quota:?}", line.name));
            }
            if !quota.is_zero() {
                quotas[row] = &quotas[row] + quota;
            }
            sums[row] += cell;
        }
    }
    for (row, (quota, &sum)) in quotas.iter().zip(&sums).enumerate() {
        if !quota.rounds_to(sum) {
            return Err(format!("row {row} pays {sum}, of a quota of {quota:?}"));
        }
        if sum < 0 && !quota.is_negative() || sum > 0 && (-quota).is_negative() == quota.is_negative() {
            return Err(format!("row {row} pays {sum}, of a quota of {quota:?}"));
        }
    }
    Ok(sums)
}

/// Taxes in prices are, each and together, at most what discounts leave of the prices of their dishes; unless some dishes are
/// refunded. Of the division alone: what is discounted is read from its lines.
fn taxes_are_within_prices(bill: &Bill, division: &Division) -> Result<(), Violation> {
    if of_both_signs(bill) {
        return Ok(());
    }
    let names = |charge: &Charge, line: &Line| charge.name == *line.name();
    let line_of = |charge: &Charge| division.lines().iter().find(|line| names(charge, line));
    let mut prices: Vec<i64> = bill.dishes.iter().map(|dish| dish.amount.minor_units().abs()).collect();
    let mut off = 0;
    for charge in &bill.charges {
        let ChargeKind::Discount { item } = &charge.kind else { continue };
        let amount = line_of(charge).map_or(0, |line| line.amount().minor_units().abs());
        match item.as_ref().and_then(|item| bill.dishes.iter().position(|dish| dish.id == *item)) {
            Some(dish) => prices[dish] -= amount,
            None => off += amount,
        }
    }
    let all: i64 = prices.iter().sum();
    let taxes: Vec<(&Charge, i64)> = division
        .included()
        .iter()
        .filter_map(|line| {
            let charge = bill.charges.iter().find(|charge| names(charge, line))?;
            Some((charge, line.amount().minor_units().abs()))
        })
        .collect();
    for set in 1_u32..1 << taxes.len() {
        let chosen: Vec<_> = (0..taxes.len()).filter(|place| set >> place & 1 == 1).collect();
        let is_on = |dish: &Dish| {
            chosen.iter().any(|&place| match &taxes[place].0.kind {
                ChargeKind::Tax { dish_types, .. } => {
                    dish_types.is_empty() || dish_types.contains(&dish.dish_type)
                }
                kind => panic!("{kind:?} in prices"),
            })
        };
        let theirs: i64 =
            bill.dishes.iter().zip(&prices).filter(|(dish, _)| is_on(dish)).map(|(_, price)| price).sum();
        let tax: i64 = chosen.iter().map(|&place| taxes[place].1).sum();
        // `tax <= theirs * (all - off) / all`, without a fraction.
        if i128::from(tax) * i128::from(all) > i128::from(theirs) * i128::from(all - off) {
            return Err(format!(
                "taxes of {tax} in prices of {theirs}, of which {off} of {all} is taken off"
            ));
        }
    }
    Ok(())
}

/// What an invoice says of dishes and taxes sums to the lines of the bill. What a tax is on is at most a unit for each group of
/// dishes, and each dish's part of a discount on the order at most two, from the exact value.
fn the_invoice_sums(bill: &Bill, division: &Division) -> Result<(), Violation> {
    if of_both_signs(bill) {
        return Ok(());
    }
    let invoice = invoice(bill, division).map_err(|rejection| format!("no invoice: {rejection}"))?;
    let sum = |lines: &[Line], kind: LineKind| -> i64 {
        lines.iter().filter(|line| line.kind() == kind).map(|line| line.amount().minor_units()).sum()
    };
    let all = |of: fn(&InvoiceDish) -> Amount| -> i64 {
        invoice.dishes().iter().map(|dish| of(dish).minor_units()).sum()
    };
    must_be("the invoice's prices", all(InvoiceDish::amount), division.total().minor_units())?;
    must_be("its discounts", -all(InvoiceDish::discount), sum(division.lines(), LineKind::Discount))?;
    must_be("its taxes in prices", all(InvoiceDish::included), sum(division.included(), LineKind::Tax))?;
    let taxes = bill.charges.iter().filter(|charge| matches!(charge.kind, ChargeKind::Tax { .. }));
    let taxes: Vec<&Charge> = taxes.collect();
    must_be("the number of its taxes", invoice.taxes().len(), taxes.len())?;
    let lines = division.lines().iter().chain(division.included());
    let lines: Vec<&Line> = lines.filter(|line| line.kind() == LineKind::Tax).collect();
    let fixed_in_prices = taxes.iter().any(|charge| {
        matches!(
            (&charge.kind, charge.value),
            (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Amount(_))
        )
    });
    for (charge, tax) in taxes.into_iter().zip(invoice.taxes()) {
        let line = lines.iter().find(|line| line.name() == tax.name()).map(|line| line.amount());
        must_be("a tax", Some(tax.tax()), line)?;
        let is_on = |dish: &Dish| match &charge.kind {
            ChargeKind::Tax { dish_types, .. } => {
                dish_types.is_empty() || dish_types.contains(&dish.dish_type)
            }
            kind => panic!("{kind:?} is no tax"),
        };
        let on = bill.dishes.iter().zip(invoice.dishes()).filter(|(dish, _)| is_on(dish));
        let base = &charge.options.on;
        let of = match (tax.is_inclusive(), base.discounts) {
            (true, _) => InvoiceDish::taxable,
            (false, Discounts::After) => InvoiceDish::discounted,
            (false, Discounts::Before) => InvoiceDish::amount,
        };
        let dishes: i64 = on.filter(|_| base.dishes).map(|(_, dish)| of(dish).minor_units()).sum();
        let named = division.lines().iter().filter(|line| base.charges.contains(line.name()));
        let net = dishes + named.map(|line| line.amount().minor_units()).sum::<i64>();
        must_be("what a tax is on", tax.net().minor_units(), net)?;
        if let ChargeValue::Percent(percent) = charge.value {
            // What it is on is rounded for each of three types of dish, and by what each tax in prices is rounded; the tax
            // itself for each line, if it says so.
            if fixed_in_prices {
                continue;
            }
            let exact = &Exact::whole(net) * &Exact::fraction(percent.millionths(), 100_000_000);
            let apart = (&exact - &Exact::whole(tax.tax().minor_units())).magnitude();
            let roundings = bill.charges.len()
                + if charge.options.per == RoundedPer::Line { bill.dishes.len() } else { 0 };
            if apart > Exact::whole(4 + i128::try_from(roundings).unwrap()) {
                return Err(format!("{} is {:?}, and on {net}", tax.name(), tax.tax()));
            }
        }
    }
    Ok(())
}

/// Unless dishes are refunded, no diner's share has the opposite sign of the bill.
fn nobody_is_paid(bill: &Bill, due: i64, shares: &[i64]) -> Result<(), Violation> {
    let against = |amount: i64| amount.signum() * due.signum() < 0;
    if !of_both_signs(bill) && shares.iter().any(|&share| against(share) || due == 0 && share != 0) {
        return Err(format!("somebody is paid by a bill of {due}: {shares:?}"));
    }
    Ok(())
}

/// Nobody has a larger part of discounts that cover dishes in full than of these dishes.
fn covered_dishes_come_to_nothing(expected: &Expected, cells: &[Vec<i64>]) -> Result<(), Violation> {
    let mut sums: BTreeMap<(usize, usize), i64> = BTreeMap::new();
    for (line, cells) in expected.lines.iter().zip(cells) {
        let Some(group) = line.covered else { continue };
        for (row, cell) in cells.iter().enumerate() {
            *sums.entry((group, row)).or_default() += cell;
        }
    }
    match sums.iter().find(|(_, sum)| **sum != 0) {
        None => Ok(()),
        Some(((_, row), sum)) => Err(format!("row {row} has {sum} of dishes that discounts cover")),
    }
}

/// What each row owes without the round-off.
fn owed(expected: &Expected) -> Vec<Exact> {
    let rows = expected.lines.first().map_or(0, |line| line.quotas.len());
    (0..rows).map(|row| Exact::sum(expected.lines.iter().map(|line| &line.quotas[row]))).collect()
}

/// Every share is a multiple of the coin, and less than one coin from what is owed.
fn within_a_coin(expected: &Expected, coin: i64, paid: &[i64]) -> Result<(), Violation> {
    for (row, (owed, &paid)) in owed(expected).iter().zip(paid).enumerate() {
        if paid % coin != 0 || !(owed / &Exact::whole(coin)).rounds_to(paid / coin) {
            return Err(format!("row {row} pays {paid} in coins of {coin}, and owes {owed:?}"));
        }
    }
    Ok(())
}

/// Diners with the same quota of every line differ by at most one unit, or one coin.
fn equals_pay_equally(expected: &Expected, shares: &[i64], unit: i64) -> Result<(), Violation> {
    let mut alike: BTreeMap<Vec<&Exact>, Vec<i64>> = BTreeMap::new();
    for (row, &share) in shares.iter().enumerate() {
        alike.entry(expected.lines.iter().map(|line| &line.quotas[row]).collect()).or_default().push(share);
    }
    for shares in alike.values() {
        if shares.iter().max().unwrap() - shares.iter().min().unwrap() > unit {
            return Err(format!("the same quotas of every line, and shares of {shares:?}"));
        }
    }
    Ok(())
}

/// The rows that are rounded up are the best possible: those with the largest remainders
/// and, among equal ones, those with the smaller ties.
pub fn check_choice(bill: &Bill) -> Result<(), Violation> {
    let (Ok(mut division), Ok(mut expected)) = (divide(bill), expect(bill)) else { return Ok(()) };
    if division.amount_due().is_negative() {
        // Refunds mirror, so the mirrored bill is checked as well.
        let mirror = negated(bill);
        let (Ok(mirrored), Ok(other)) = (divide(&mirror), expect(&mirror)) else {
            return Err("the mirror is refused".to_owned());
        };
        (division, expected) = (mirrored, other);
    }
    if division.amount_due() == Amount::ZERO {
        return Ok(());
    }
    if bill.odd_units == OddUnits::Unbiased {
        // Chance decides, not the largest remainders.
        return Ok(());
    }
    let best = if let Some(coin) = bill.round_shares_to {
        best_in_coins(bill, &expected, coin.minor_units())
    } else {
        // What discounts cover comes to nothing for everybody, and is rounded apart.
        expected.lines.retain(|line| line.covered.is_none());
        let nothing = vec![0; bill.diners.len() + 1];
        if expected.lines.is_empty() {
            nothing
        } else {
            Quotas::of(&expected.lines).best(|row| tie(bill, row))
        }
    };
    let paid = [amounts(&division).as_slice(), &[division.unassigned().minor_units()]].concat();
    must_be("the shares by the largest remainders", paid, best)
}

/// The shares of a bill above zero in whole coins, of which the largest remainders get one more.
fn best_in_coins(bill: &Bill, expected: &Expected, coin: i64) -> Vec<i64> {
    let owed: Vec<Exact> = owed(expected).iter().map(|owed| owed / &Exact::whole(coin)).collect();
    let mut coins: Vec<i64> = owed.iter().map(Exact::floor).collect();
    let lines: i64 = expected.lines.iter().map(|line| line.amount).sum();
    let left = (lines + expected.round_off.unwrap()) / coin - coins.iter().sum::<i64>();
    let mut ranking: Vec<usize> = (0..owed.len()).collect();
    let remainder = |row: usize| &owed[row] - &Exact::whole(coins[row]);
    ranking.sort_by(|&a, &b| remainder(b).cmp(&remainder(a)).then_with(|| tie(bill, a).cmp(&tie(bill, b))));
    for row in ranking.into_iter().take(usize::try_from(left).unwrap()) {
        coins[row] += 1;
    }
    coins.into_iter().map(|coins| coins * coin).collect()
}

/// The order among equal remainders: by rank, with the unassigned row last.
pub fn tie(bill: &Bill, row: usize) -> (bool, Option<TieRank>) {
    let diner = bill.diners.get(row);
    (diner.is_none(), diner.map(|diner| TieRank::new(&bill.order, diner)))
}

/// A refund mirrors the bill.
pub fn check_mirror(bill: &Bill) -> Result<(), Violation> {
    if bill.dishes.iter().map(|dish| dish.amount.minor_units()).sum::<i64>() == 0 {
        // A charge without a base cannot be negative.
        return Ok(());
    }
    let (division, mirrored) = (divide(bill), divide(&negated(bill)));
    let (Ok(division), Ok(mirrored)) = (&division, &mirrored) else {
        return must_be(
            "the refusal of the refund",
            mirrored.err().map(|rejection| rejection.code()),
            division.err().map(|rejection| rejection.code()),
        );
    };
    let negative = |lines: &[Line]| -> Vec<(String, i64)> {
        lines.iter().map(|line| (line.name().to_string(), -line.amount().minor_units())).collect()
    };
    let same = |lines: &[Line]| -> Vec<(String, i64)> {
        lines.iter().map(|line| (line.name().to_string(), line.amount().minor_units())).collect()
    };
    let parts = |parts: &mut dyn Iterator<Item = Part<'_>>, sign: i64| -> Vec<(String, i64)> {
        parts.map(|part| (part.line().name().to_string(), sign * part.amount().minor_units())).collect()
    };
    must_be("the refund's total", mirrored.total().minor_units(), -division.total().minor_units())?;
    must_be("what is refunded", mirrored.amount_due().minor_units(), -division.amount_due().minor_units())?;
    must_be("the refund's lines", same(mirrored.lines()), negative(division.lines()))?;
    must_be("the refund's included lines", same(mirrored.included()), negative(division.included()))?;
    must_be(
        "what is refunded to nobody",
        mirrored.unassigned().minor_units(),
        -division.unassigned().minor_units(),
    )?;
    for (share, other) in division.shares().zip(mirrored.shares()) {
        must_be("a refund", other.amount().minor_units(), -share.amount().minor_units())?;
        must_be("the lines of a refund", parts(&mut other.lines(), 1), parts(&mut share.lines(), -1))?;
        must_be(
            "the included lines of a refund",
            parts(&mut other.included(), 1),
            parts(&mut share.included(), -1),
        )?;
    }
    Ok(())
}

/// However diners and sharers are listed, no part of anything moves. However dishes and charges are listed, every diner pays
/// the same. Only discounts and taxes in prices keep their relative order: each applies to what those before it leave.
pub fn check_listing(bill: &Bill, choices: &mut impl Choices) -> Result<(), Violation> {
    let mut other = bill.clone();
    choices.shuffle(&mut other.diners);
    for dish in &mut other.dishes {
        choices.shuffle(&mut dish.shared_by);
    }
    must_be("every part, named otherwise", every_part(&other), every_part(bill))?;
    choices.shuffle(&mut other.dishes);
    let discounts = |charge: &Charge| matches!(charge.kind, ChargeKind::Discount { .. });
    let in_prices = |charge: &Charge| matches!(charge.kind, ChargeKind::Tax { inclusive: true, .. });
    choices.shuffle(&mut other.charges);
    keep_order(&mut other.charges, &bill.charges, discounts);
    keep_order(&mut other.charges, &bill.charges, in_prices);
    let (division, listed) = (divide(bill), divide(&other));
    let (Ok(division), Ok(listed)) = (&division, &listed) else {
        return must_be(
            "the refusal, listed otherwise",
            listed.err().map(|rejection| rejection.code()),
            division.err().map(|rejection| rejection.code()),
        );
    };
    let paid = |division: &Division| -> BTreeMap<ParticipantId, i64> {
        let pair = |(diner, amount): (&ParticipantId, i64)| (diner.clone(), amount);
        division.shares().map(DinerShare::participant).zip(amounts(division)).map(pair).collect()
    };
    let lines = |division: &Division| -> BTreeSet<String> {
        division.lines().iter().chain(division.included()).map(|line| format!("{line:?}")).collect()
    };
    must_be("the shares, listed otherwise", paid(listed), paid(division))?;
    must_be("the lines, listed otherwise", lines(listed), lines(division))?;
    must_be("what is unassigned, listed otherwise", listed.unassigned(), division.unassigned())
}

/// Puts those charges back into the order in which they were listed, each at the place of one of them.
fn keep_order(charges: &mut [Charge], listed: &[Charge], is_one: impl Fn(&Charge) -> bool) {
    let mut as_listed = listed.iter().filter(|charge| is_one(charge));
    for charge in charges.iter_mut().filter(|charge| is_one(charge)) {
        *charge = as_listed.next().unwrap().clone();
    }
}

/// Each diner's share, and their part of each line, by id.
fn every_part(bill: &Bill) -> Result<BTreeMap<ParticipantId, String>, Code> {
    let division = divide(bill).map_err(|rejection| rejection.code())?;
    let parts = |share: DinerShare<'_>| {
        let lines: Vec<_> = share.lines().chain(share.included()).collect();
        (share.participant().clone(), format!("{:?} {lines:?}", share.amount()))
    };
    Ok(division.shares().map(parts).collect())
}

/// The share of each diner, in minor units.
pub fn amounts(division: &Division) -> Vec<i64> {
    division.shares().map(|share| share.amount().minor_units()).collect()
}

/// The bill with the sign of every amount changed.
pub fn negated(bill: &Bill) -> Bill {
    let amount = |amount: Amount| Amount::from_minor_units(-amount.minor_units());
    let value = |value: ChargeValue| match value {
        ChargeValue::Amount(fixed) => ChargeValue::Amount(amount(fixed)),
        ChargeValue::Percent(percent) => ChargeValue::Percent(percent),
    };
    let mut other = bill.clone();
    for dish in &mut other.dishes {
        dish.amount = amount(dish.amount);
    }
    for charge in &mut other.charges {
        charge.value = value(charge.value);
    }
    for tip in other.tips.values_mut() {
        *tip = value(*tip);
    }
    match &mut other.split {
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) | SplitRule::Adjusted(amounts) => {
            for fixed in amounts.values_mut() {
                *fixed = amount(*fixed);
            }
        }
        SplitRule::Equal | SplitRule::Itemized | SplitRule::Custom(_) | SplitRule::Cover { .. } => {}
    }
    other
}

#[allow(clippy::needless_pass_by_value, reason = "what is compared is made for it")]
fn must_be<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), Violation> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?}, not {expected:?}")) }
}
