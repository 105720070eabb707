//! Who pays what, computed with fractions. Only what the protocol rounds is rounded: each
//! line once.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::BigInt;
use num_rational::Ratio;
use order_core::bill::{Line, LineKind};
use order_core::split::{Share, Shares};

use super::charge::{Kind, SetCharge, Value};
use super::step::WHO;
use super::{Dish, Model, Rule};

pub(super) type Exact = Ratio<BigInt>;

/// A person on the bill. `None`: unassigned.
type Row = Option<&'static str>;
type Parts = BTreeMap<Row, Exact>;

/// A line of the bill with the exact part of each row, in minor units as everywhere here.
#[derive(Debug)]
struct ExactLine {
    kind: LineKind,
    name: String,
    amount: i128,
    parts: Parts,
}

/// A bill with its exact parts.
#[derive(Debug)]
pub(super) struct ExactBill {
    lines: Vec<ExactLine>,
    included: Vec<ExactLine>,
    /// The agreed parts, if there is nothing to divide.
    agreed: Parts,
    /// The names of fixed charges that have no base.
    on_nothing: Vec<String>,
    /// The number of dishes.
    dishes: i128,
}

impl ExactBill {
    pub(super) fn of(model: &Model) -> Self {
        Pricing::new(model).bill()
    }

    /// What is due, in minor units.
    pub(super) fn amount(&self) -> i128 {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// Whether the shares do not sum to what is due.
    pub(super) fn has_unallocated(&self) -> bool {
        self.part_of(None) != whole(0)
    }

    pub(super) fn has_charge_on_nothing(&self) -> bool {
        !self.on_nothing.is_empty()
    }

    /// Asserts that the divided bill has these lines, and that every share, and every part of a
    /// line, is its exact part rounded up or down.
    pub(super) fn assert_describes(&self, shares: &Shares<'_>) {
        assert_lines(shares.lines(), &self.lines);
        assert_lines(shares.included(), &self.included);
        let on_nothing: Vec<_> = shares.on_nothing().iter().map(|line| line.name().as_str()).collect();
        assert_eq!(on_nothing, self.on_nothing);
        let due: i128 = self.lines.iter().map(|line| line.amount).sum();
        assert_eq!(units(shares.amount_due()), due);

        for share in shares.list() {
            let row = share.participant().id().as_str();
            let amount = units(share.amount());
            assert_near(amount, &self.part_of(known(row)), row);
            assert_eq!(share.lines().iter().map(|line| units(line.amount())).sum::<i128>(), amount, "{row}");
            let (dishes, charges) = share.lines().split_first().unwrap();
            // Each dish may be off by less than a unit, so their sum may be off by more.
            let of_dishes = units(dishes.amount());
            let exact = self.part_of_dishes(known(row));
            let off =
                if whole(of_dishes) > exact { whole(of_dishes) - &exact } else { exact - whole(of_dishes) };
            assert!(dishes.kind() == LineKind::Dishes && off <= whole(self.dishes), "{row}: {dishes:?}");
            assert_own(charges, self.lines.iter().filter(|line| line.kind != LineKind::Dishes), row);
            assert_own(share.included(), self.included.iter(), row);
            let included = share.included().iter().map(|line| units(line.amount())).sum();
            let exact = self.included.iter().map(|line| line.part(known(row))).sum();
            assert_near(included, &exact, row);
        }
        assert_near(units(shares.unallocated()), &self.part_of(None), "nobody");
        let mut lines = self.lines.iter().chain(&self.included);
        if self.agreed.is_empty() && lines.all(|line| line.part(None) == whole(0)) {
            self.assert_columns(shares);
        }
    }

    fn part_of(&self, row: Row) -> Exact {
        let agreed = self.agreed.get(&row).cloned().unwrap_or_else(|| whole(0));
        self.lines.iter().map(|line| line.part(row)).sum::<Exact>() + agreed
    }

    fn part_of_dishes(&self, row: Row) -> Exact {
        let dishes = self.lines.iter().filter(|line| line.kind == LineKind::Dishes);
        dishes.map(|line| line.part(row)).sum::<Exact>()
            + self.agreed.get(&row).cloned().unwrap_or_else(|| whole(0))
    }

    /// If nothing is unassigned, the parts of each line add up to the line.
    fn assert_columns(&self, shares: &Shares<'_>) {
        let expected = |lines: &[ExactLine]| {
            let mut sums: BTreeMap<(LineKind, String), i128> = BTreeMap::new();
            for line in lines {
                *sums.entry((line.kind, line.name.clone())).or_default() += line.amount;
            }
            sums.retain(|_, sum| *sum != 0);
            sums
        };
        let own = shares.list().iter().flat_map(Share::lines);
        assert_eq!(sums(own), expected(&self.lines));
        let own = shares.list().iter().flat_map(Share::included);
        assert_eq!(sums(own), expected(&self.included));
    }
}

/// Whether the parts of each line that is due add up to the line.
pub(super) fn covers_each_line(shares: &Shares<'_>) -> bool {
    sums(shares.list().iter().flat_map(Share::lines)) == sums(shares.lines().iter())
}

/// The non-zero sums of lines with the same kind and name.
fn sums<'a>(lines: impl Iterator<Item = &'a Line>) -> BTreeMap<(LineKind, String), i128> {
    let mut sums: BTreeMap<(LineKind, String), i128> = BTreeMap::new();
    for line in lines {
        *sums.entry((line.kind(), line.name().as_str().to_owned())).or_default() += units(line.amount());
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

impl ExactLine {
    fn part(&self, row: Row) -> Exact {
        self.parts.get(&row).cloned().unwrap_or_else(|| whole(0))
    }
}

fn assert_lines(found: &[Line], expected: &[ExactLine]) {
    let found: Vec<_> =
        found.iter().map(|line| (line.kind(), line.name().as_str(), units(line.amount()))).collect();
    let expected: Vec<_> = expected.iter().map(|line| (line.kind, line.name.as_str(), line.amount)).collect();
    assert_eq!(found, expected);
}

/// Asserts that a person's own lines are their exact parts rounded up or down; lines
/// without a part are left out.
fn assert_own<'a>(own: &[Line], lines: impl Iterator<Item = &'a ExactLine>, row: &str) {
    let mut own = own.iter().peekable();
    for line in lines {
        let part = line.part(known(row));
        let is_line = |found: &&Line| {
            found.kind() == line.kind
                && found.name().as_str() == line.name
                && (part.floor()..=part.ceil()).contains(&whole(units(found.amount())))
        };
        let zero = part.floor() <= whole(0) && part.ceil() >= whole(0);
        if own.next_if(is_line).is_none() {
            assert!(zero, "{row} lacks {part} of {line:?}, next is {:?}", own.peek());
        }
    }
    assert_eq!(own.next(), None, "{row} has part in a line that is not there");
}

fn assert_near(found: i128, exact: &Exact, row: &str) {
    let near = exact.floor() <= whole(found) && whole(found) <= exact.ceil();
    assert!(near, "{row} has {found}, exactly it is {exact}");
}

/// The row of a person, by their id in the model.
fn known(id: &str) -> Row {
    WHO.into_iter().find(|who| *who == id)
}

fn units(amount: order_core::Amount) -> i128 {
    i128::from(amount.minor_units())
}

fn whole(number: i128) -> Exact {
    Exact::from_integer(BigInt::from(number))
}

fn fraction(top: i128, bottom: i128) -> Exact {
    Exact::new(BigInt::from(top), BigInt::from(bottom))
}

/// The nearest whole number; halves are rounded away from zero.
fn round(exact: &Exact) -> i128 {
    i128::try_from(exact.round().to_integer()).unwrap()
}

/// A tax in prices that is worked out already.
struct InPrices<'model> {
    types: &'model [String],
    amount: i128,
    /// For a fixed amount, the part of what percentages and discounts leave of each of its dishes.
    part: Exact,
}

struct Pricing<'model> {
    model: &'model Model,
    /// Dishes with their prices: as ordered at first, then after their own discounts.
    prices: Vec<(&'model Dish, i128)>,
    before: i128,
    after: i128,
    on_nothing: Vec<String>,
}

impl<'model> Pricing<'model> {
    fn new(model: &'model Model) -> Self {
        let price = |dish: &'model Dish| (dish, dish.price * dish.pieces / model.minor_unit());
        let prices = model.dishes.iter().map(price).collect();
        Self { model, prices, before: 0, after: 0, on_nothing: Vec::new() }
    }

    fn bill(mut self) -> ExactBill {
        let mut lines = Vec::new();
        let dishes: i128 = self.prices.iter().map(|(_, price)| price).sum();
        let (name, parts) = ("Dishes".to_owned(), self.all());
        lines.push(ExactLine { kind: LineKind::Dishes, name, amount: dishes, parts });
        let agreed = if dishes == 0 { self.model.agreed_parts() } else { Parts::new() };
        let charges = &self.model.charges;
        let mut of_charges: BTreeMap<usize, (i128, Parts)> = BTreeMap::new();
        for (place, charge) in charges.iter().enumerate() {
            if let Kind::Discount { item: Some(item) } = &charge.kind
                && let Some(dish) = self.prices.iter().position(|(dish, _)| dish.id == item)
            {
                let (dish, price) = &mut self.prices[dish];
                let off = self.model.off(charge.value, *price);
                *price -= off;
                of_charges.insert(place, (-off, scaled(&self.model.parts(dish), &whole(-off))));
            }
        }
        self.before = self.prices.iter().map(|(_, price)| price).sum();
        self.after = self.before;
        for (place, charge) in charges.iter().enumerate() {
            if charge.kind == (Kind::Discount { item: None }) {
                let off = self.model.off(charge.value, self.after);
                self.after -= off;
                of_charges.insert(place, (-off, spread(-off, &self.all())));
            }
        }
        let mut included = Vec::new();
        let mut earlier = Vec::new();
        for (place, charge) in charges.iter().enumerate() {
            match &charge.kind {
                Kind::Tax { inclusive: true, .. } => {
                    included.push(self.included(charge, &mut earlier));
                }
                Kind::Tax { inclusive: false, types } => {
                    let base = self.base(|dish| if is_on(types, dish) { whole(1) } else { whole(0) });
                    let on_none =
                        !types.is_empty() && !self.prices.iter().any(|(dish, _)| is_on(types, dish));
                    let line = if on_none { (0, spread(0, &base)) } else { self.by_share(charge, &base) };
                    of_charges.insert(place, line);
                }
                Kind::Service { optional } => {
                    of_charges.extend(self.service(charge, *optional).map(|line| (place, line)));
                }
                Kind::Tip { by_head: false } | Kind::Fee { by_head: false } => {
                    let all = self.all();
                    of_charges.insert(place, self.by_share(charge, &all));
                }
                Kind::Tip { by_head: true } | Kind::Fee { by_head: true } => {
                    let amount = self.worth(charge.value, &sum(&self.all()));
                    of_charges.insert(place, (amount, spread(amount, &self.model.heads())));
                }
                Kind::Discount { .. } => {}
            }
        }
        for (place, (amount, parts)) in of_charges {
            let charge = &charges[place];
            lines.push(ExactLine { kind: kind_of(&charge.kind), name: charge.name.clone(), amount, parts });
        }
        self.own_tips(&mut lines);
        self.round_off(&mut lines);
        let dishes = self.prices.len() as i128;
        ExactBill { lines, included, agreed, on_nothing: self.on_nothing, dishes }
    }

    fn own_tips(&self, lines: &mut Vec<ExactLine>) {
        for person in &self.model.people {
            let Some(tip) = self.model.tips.get(person.id).filter(|_| self.model.is_on_bill(person.id))
            else {
                continue;
            };
            let own = self.all().remove(&Some(person.id)).unwrap_or_else(|| whole(0));
            let amount = self.worth(*tip, &own);
            let parts = Parts::from([(Some(person.id), whole(amount))]);
            lines.push(ExactLine { kind: LineKind::Tip, name: "Tip".to_owned(), amount, parts });
        }
    }

    fn round_off(&self, lines: &mut Vec<ExactLine>) {
        let Some(coin) = self.model.coin else { return };
        let coin = coin / self.model.minor_unit();
        let due: i128 = lines.iter().map(|line| line.amount).sum();
        let amount = round(&fraction(due, coin)) * coin - due;
        let mut owed = Parts::new();
        for (row, part) in lines.iter().flat_map(|line| &line.parts) {
            *owed.entry(*row).or_insert_with(|| whole(0)) += part;
        }
        let base = if due == 0 { self.model.heads() } else { owed };
        let parts = spread(amount, &base);
        lines.push(ExactLine { kind: LineKind::RoundOff, name: "Round-off".to_owned(), amount, parts });
    }

    /// What each row has of all dishes after the discounts on them.
    fn all(&self) -> Parts {
        self.base(|_| whole(1))
    }

    /// What each row has of all dishes, if only the given part of each counts.
    fn base(&self, counts: impl Fn(&Dish) -> Exact) -> Parts {
        let mut base = Parts::new();
        for (dish, price) in &self.prices {
            for (row, part) in scaled(&self.model.parts(dish), &(whole(*price) * counts(dish))) {
                *base.entry(row).or_insert_with(|| whole(0)) += part;
            }
        }
        base
    }

    /// A percentage of what discounts on the order leave of `base`, or the fixed amount.
    fn worth(&self, value: Value, base: &Exact) -> i128 {
        match value {
            Value::Amount(amount) => amount / self.model.minor_unit(),
            Value::Percent(percent) if self.before == 0 => round(&(base * fraction(percent, 100_000_000))),
            Value::Percent(percent) => {
                round(&(base * fraction(percent, 100_000_000) * fraction(self.after, self.before)))
            }
        }
    }

    fn by_share(&mut self, charge: &SetCharge, base: &Parts) -> (i128, Parts) {
        let of = sum(base);
        let amount = self.worth(charge.value, &of);
        if of == whole(0) && amount != 0 {
            self.on_nothing.push(charge.name.clone());
        }
        (amount, spread(amount, base))
    }

    /// People who waive the charge take their part off. `None`: all of them do.
    fn service(&mut self, charge: &SetCharge, optional: bool) -> Option<(i128, Parts)> {
        let all = self.all();
        let of = sum(&all);
        let waived: BTreeSet<Row> = self.model.without_service.iter().map(|id| Some(*id)).collect();
        if !optional || waived.is_empty() || of == whole(0) {
            return Some(self.by_share(charge, &all));
        }
        let paying: Parts = all.into_iter().filter(|(row, _)| !waived.contains(row)).collect();
        let part = sum(&paying);
        let amount = match charge.value {
            Value::Amount(amount) => round(&(fraction(amount, self.model.minor_unit()) * &part / of)),
            Value::Percent(_) => self.worth(charge.value, &part),
        };
        (part != whole(0)).then(|| (amount, spread(amount, &paying)))
    }

    /// Of a dish with taxes of 5 and 10 percent, the price contains 5/115 and 10/115.
    fn included(&self, charge: &'model SetCharge, earlier: &mut Vec<InPrices<'model>>) -> ExactLine {
        let Kind::Tax { types, .. } = &charge.kind else { panic!("{charge:?} is no tax") };
        let model = self.model;
        let counts = |dish: &Dish| {
            if is_on(types, dish) {
                fraction(100_000_000, 100_000_000 + model.contained(dish))
            } else {
                whole(0)
            }
        };
        let base = self.base(counts);
        let prices = self.prices.iter().filter(|(dish, _)| is_on(types, dish)).map(|(_, price)| price).sum();
        let left = if self.before == 0 { whole(1) } else { fraction(self.after, self.before) };
        let untaxed = sum(&base) * &left;
        let fixed = matches!(charge.value, Value::Amount(_));
        let wanted = match charge.value {
            Value::Amount(_) => model.off(charge.value, prices),
            Value::Percent(_) => self.worth(charge.value, &sum(&base)),
        };
        // A fixed one is at most what percentages and earlier fixed ones leave of each dish.
        let mut amount = whole(wanted);
        for (dish, _) in self.prices.iter().filter(|(dish, price)| fixed && *price != 0 && is_on(types, dish))
        {
            let taken = earlier.iter().filter(|tax| is_on(tax.types, dish)).map(|tax| tax.part.clone());
            amount = amount.min(((whole(1) - taken.sum::<Exact>()) * &untaxed).floor());
        }
        // Each set of taxes is at most the prices of their dishes.
        for set in 0..1_u32 << earlier.len() {
            let chosen =
                || (0..earlier.len()).filter(|place| set >> place & 1 == 1).map(|place| &earlier[place]);
            let is_in = |dish: &Dish| is_on(types, dish) || chosen().any(|tax| is_on(tax.types, dish));
            let prices = self.prices.iter().filter(|(dish, _)| is_in(dish)).map(|(_, price)| price).sum();
            let taken: i128 = chosen().map(|tax| tax.amount).sum();
            amount = amount.min((whole(prices) * &left).floor() - whole(taken)).max(whole(0));
        }
        let amount = round(&amount);
        let is_part = fixed && amount != 0;
        let part = if is_part { whole(amount) / untaxed } else { whole(0) };
        earlier.push(InPrices { types, amount, part });
        let parts = spread(amount, &base);
        ExactLine { kind: LineKind::Tax, name: charge.name.clone(), amount, parts }
    }
}

impl Model {
    /// The part of a dish that each row pays by the current rule; the parts add up to one.
    fn parts(&self, dish: &Dish) -> Parts {
        let total = self.total();
        let shares = match &self.rule {
            Rule::Equal | Rule::Custom => self.everybody(),
            Rule::Itemized => claimed(dish),
            Rule::Agreed("percentages", numbers) => with_nobody(self.on_rows(numbers), whole(100_000_000)),
            Rule::Agreed("weights", numbers) => self.on_rows(numbers),
            Rule::Agreed(_, _) | Rule::Adjusted(_) if total == 0 => Parts::new(),
            Rule::Agreed(_, numbers) => with_nobody(self.on_rows(numbers), whole(total)),
            Rule::Adjusted(numbers) => with_nobody(self.adjusted(numbers), whole(total)),
            Rule::Cover { by_dishes, .. } => {
                let parts = if *by_dishes { claimed(dish) } else { self.everybody() };
                self.paid_for(parts)
            }
        };
        spread(1, &shares)
    }

    /// The agreed parts of an order without dishes: the unassigned row does not fill up the
    /// rest.
    fn agreed_parts(&self) -> Parts {
        let shares = match &self.rule {
            Rule::Agreed("amounts", numbers) => self.on_rows(numbers),
            Rule::Adjusted(numbers) => self.adjusted(numbers),
            Rule::Equal | Rule::Custom | Rule::Itemized | Rule::Cover { .. } | Rule::Agreed(_, _) => {
                Parts::new()
            }
        };
        let mut parts = scaled(&with_nobody(shares, whole(0)), &fraction(1, self.minor_unit()));
        parts.retain(|_, part| *part != whole(0));
        parts
    }

    /// How many heads each row pays for.
    fn heads(&self) -> Parts {
        match &self.rule {
            Rule::Equal | Rule::Custom | Rule::Itemized | Rule::Adjusted(_) => self.everybody(),
            Rule::Agreed(kind, numbers) => {
                let mut heads = self.on_rows(numbers);
                heads.retain(|_, share| *share != whole(0));
                if *kind == "amounts" && numbers.iter().all(|(_, amount)| *amount == 0) {
                    return self.everybody();
                }
                heads.into_keys().map(|row| (row, whole(1))).collect()
            }
            Rule::Cover { .. } => self.paid_for(self.everybody()),
        }
    }

    fn everybody(&self) -> Parts {
        let on_bill = self.people.iter().map(|person| person.id).filter(|id| self.is_on_bill(id));
        on_bill.map(|id| (Some(id), whole(1))).collect()
    }

    fn on_rows(&self, numbers: &[(&'static str, i128)]) -> Parts {
        let on_bill = numbers.iter().filter(|(id, _)| self.is_on_bill(id));
        on_bill.map(|(id, number)| (Some(*id), whole(*number))).collect()
    }

    /// Fixed extra amounts for some, in millionths, and an equal part of the rest for each.
    fn adjusted(&self, numbers: &[(&'static str, i128)]) -> Parts {
        let all: i128 = numbers.iter().map(|(_, number)| number).sum();
        let mut shares = self.everybody();
        let heads = shares.len() as i128;
        let own = self.on_rows(numbers);
        for (row, share) in &mut shares {
            *share = fraction((self.total() - all).max(0), heads);
            *share += own.get(row).cloned().unwrap_or_else(|| whole(0));
        }
        shares
    }

    /// The row that pays for a row: unassigned, if the payer is gone.
    fn payer(&self, row: Row) -> Row {
        let Rule::Cover { covers, .. } = &self.rule else { return row };
        match covers.iter().find(|(covered, _)| Some(*covered) == row) {
            Some((_, payer)) => Some(*payer).filter(|payer| self.is_on_bill(payer)),
            None => row,
        }
    }

    fn paid_for(&self, parts: Parts) -> Parts {
        let mut paid = Parts::new();
        for (row, part) in parts {
            *paid.entry(self.payer(row)).or_insert_with(|| whole(0)) += part;
        }
        paid
    }

    /// What a discount takes off a price, at most the whole price.
    fn off(&self, value: Value, price: i128) -> i128 {
        match value {
            Value::Amount(amount) => (amount / self.minor_unit()).min(price),
            Value::Percent(percent) => round(&(whole(price) * fraction(percent, 100_000_000))),
        }
    }

    /// The millionths of a percent of tax that the price of a dish contains.
    fn contained(&self, dish: &Dish) -> i128 {
        let percent = |charge: &SetCharge| match (&charge.kind, charge.value) {
            (Kind::Tax { inclusive: true, types }, Value::Percent(percent)) if is_on(types, dish) => percent,
            _ => 0,
        };
        self.charges.iter().map(percent).sum()
    }
}

fn claimed(dish: &Dish) -> Parts {
    dish.shared_by.iter().map(|(id, weight)| (Some(*id), whole(*weight))).collect()
}

/// Adds an unassigned row with what the others leave of `of`, or exceed it by.
fn with_nobody(mut shares: Parts, of: Exact) -> Parts {
    let rest = of - sum(&shares);
    if rest != whole(0) {
        shares.insert(None, rest);
    }
    shares
}

fn sum(parts: &Parts) -> Exact {
    parts.values().sum()
}

fn scaled(parts: &Parts, by: &Exact) -> Parts {
    parts.iter().map(|(row, part)| (*row, part * by)).collect()
}

/// Divides an amount in the proportions of `base`; unassigned, if `base` is 0.
fn spread(amount: i128, base: &Parts) -> Parts {
    let of = sum(base);
    if of == whole(0) {
        return Parts::from([(None, whole(amount))]);
    }
    scaled(base, &(whole(amount) / of))
}

fn is_on(types: &[String], dish: &Dish) -> bool {
    types.is_empty() || types.iter().any(|kind| kind == dish.kind)
}

fn kind_of(kind: &Kind) -> LineKind {
    match kind {
        Kind::Tax { .. } => LineKind::Tax,
        Kind::Service { .. } => LineKind::Service,
        Kind::Tip { .. } => LineKind::Tip,
        Kind::Discount { .. } => LineKind::Discount,
        Kind::Fee { .. } => LineKind::Fee,
    }
}
