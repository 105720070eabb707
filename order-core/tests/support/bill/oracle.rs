//! An oracle that prices a bill and computes each diner's exact quota with fractions.
//!
//! It is slow and straightforward on purpose. The rows are the diners followed by the
//! unassigned row; a quota is a fraction of a minor unit.

use std::collections::BTreeMap;

use order_core::bill::{
    AmountRounding, Basis, Bill, Charge, ChargeKind, ChargeValue, Discounts, LineKind, RoundedPer,
};
use order_core::split::{CustomShares, Percentage, Rest, SplitRule};
use order_core::{Amount, Code, ItemId, ParticipantId};

use super::exact::Exact;

/// The expected result of a bill.
#[derive(Debug, Clone)]
pub struct Expected {
    pub lines: Vec<ExpectedLine>,
    pub included: Vec<ExpectedLine>,
    /// The dishes that are unassigned.
    pub unassigned_dishes: Vec<String>,
    /// Where each share is rounded to a coin: the amount of the round-off, which is then not among the lines.
    pub round_off: Option<i64>,
}

/// A line, and the quota of each row.
#[derive(Debug, Clone)]
pub struct ExpectedLine {
    pub name: String,
    pub kind: LineKind,
    pub amount: i64,
    /// By row.
    pub quotas: Vec<Exact>,
    /// The number of the group of dishes and discounts that come to nothing, if it belongs to one.
    pub covered: Option<usize>,
}

/// A sum of dishes to which charges apply.
struct Base {
    /// The sum after discounts on the order.
    value: Exact,
    /// By row, before those discounts.
    quotas: Vec<Exact>,
}

/// Prices the bill, or returns the code with which it must be refused. The bill must be
/// consistent, except that a charge may have no base.
pub fn expect(bill: &Bill) -> Result<Expected, Code> {
    let mut oracle = Oracle::new(bill);
    let discounts = oracle.discounts();
    let mut lines: Vec<ExpectedLine> = bill
        .dishes
        .iter()
        .zip(&oracle.parts)
        .map(|(dish, parts)| line(dish.id.as_str(), LineKind::Dish, dish.amount.minor_units(), parts))
        .collect();
    let mut included = Vec::new();
    let mut contained = Vec::new();
    let mut based = BTreeMap::new();
    for (place, charge) in bill.charges.iter().enumerate() {
        match &charge.kind {
            ChargeKind::Tax { inclusive: false, .. }
            | ChargeKind::Service { .. }
            | ChargeKind::Tip { .. }
            | ChargeKind::Fee { .. }
                if !charge.options.is_default() =>
            {
                lines.extend(oracle.with_base(place, &mut based)?);
            }
            ChargeKind::Discount { .. } => lines.push(discounts[&place].clone()),
            ChargeKind::Tax { inclusive: false, .. } => lines.push(oracle.tax(charge)?),
            ChargeKind::Tax { inclusive: true, .. } => {
                included.push(oracle.contained(charge, &mut contained)?);
            }
            ChargeKind::Service { optional } => lines.extend(oracle.service(charge, *optional)?),
            ChargeKind::Tip { by } => lines.push(oracle.tip_or_fee(charge, LineKind::Tip, *by)?),
            ChargeKind::Fee { by } => lines.push(oracle.tip_or_fee(charge, LineKind::Fee, *by)?),
        }
    }
    for (giver, tip) in &bill.tips {
        lines.push(oracle.own_tip(giver, *tip));
    }
    mark_covered(bill, &discounts, &mut lines);
    let mut round_off = None;
    if let Some(unit) = bill.round_shares_to {
        round_off = Some(oracle.round_off(&lines, unit).amount);
    } else if let Some(unit) = bill.round_to {
        lines.push(oracle.round_off(&lines, unit));
    }
    let by_dishes = matches!(bill.split, SplitRule::Itemized | SplitRule::Cover { rest: Rest::Itemized, .. });
    let nobodys = bill.dishes.iter().filter(|dish| by_dishes && dish.shared_by.is_empty());
    let unassigned_dishes = nobodys.map(|dish| dish.id.to_string()).collect();
    Ok(Expected { lines, included, unassigned_dishes, round_off })
}

/// Marks dishes and discounts that come to nothing for every row: all of them, or a dish with its own discounts.
fn mark_covered(bill: &Bill, discounts: &BTreeMap<usize, ExpectedLine>, lines: &mut [ExpectedLine]) {
    let come_to_nothing = |lines: &[ExpectedLine], places: &[usize]| {
        let rows = lines.first().map_or(0, |line| line.quotas.len());
        (0..rows).all(|row| Exact::sum(places.iter().map(|&place| &lines[place].quotas[row])).is_zero())
    };
    let of_discount = |item: Option<&ItemId>| {
        let mut places = Vec::new();
        for &charge in discounts.keys() {
            let ChargeKind::Discount { item: on } = &bill.charges[charge].kind else { continue };
            if on.as_ref() == item {
                let name = bill.charges[charge].name.as_str();
                places.extend(
                    lines.iter().position(|line| line.kind == LineKind::Discount && line.name == name),
                );
            }
        }
        places
    };
    let dishes = 0..bill.dishes.len();
    let of_order = of_discount(None);
    let all: Vec<usize> = dishes
        .clone()
        .chain((bill.dishes.len()..lines.len()).filter(|&place| lines[place].kind == LineKind::Discount))
        .collect();
    let mut groups = Vec::new();
    if of_order.iter().any(|&place| lines[place].amount != 0) && come_to_nothing(lines, &all) {
        groups.push(all);
    } else {
        for dish in dishes.filter(|&dish| lines[dish].amount != 0) {
            let group: Vec<usize> =
                std::iter::once(dish).chain(of_discount(Some(&bill.dishes[dish].id))).collect();
            if come_to_nothing(lines, &group) {
                groups.push(group);
            }
        }
    }
    for (number, group) in groups.iter().enumerate() {
        for &place in group {
            lines[place].covered = Some(number);
        }
    }
}

/// A tax in prices that is worked out already.
struct Contained<'bill> {
    charge: &'bill Charge,
    amount: i64,
    /// For a fixed amount: what percentages and discounts leave of the prices of its dishes.
    of: Option<Exact>,
}

struct Oracle<'bill> {
    bill: &'bill Bill,
    /// By dish and row: the part of the dish that the row pays.
    parts: Vec<Vec<Exact>>,
    /// The price of each dish after its own discounts.
    prices: Vec<i64>,
    /// The part of each dish that discounts on the order leave.
    left: Exact,
}

impl<'bill> Oracle<'bill> {
    fn new(bill: &'bill Bill) -> Self {
        Self {
            bill,
            parts: parts(bill),
            prices: bill.dishes.iter().map(|dish| dish.amount.minor_units()).collect(),
            left: Exact::one(),
        }
    }

    fn diners(&self) -> usize {
        self.bill.diners.len()
    }

    /// The discounts on dishes, then those on the order; each applies to what those before it
    /// leave. By index of the charge.
    fn discounts(&mut self) -> BTreeMap<usize, ExpectedLine> {
        let mut lines = BTreeMap::new();
        for (place, charge) in self.bill.charges.iter().enumerate() {
            let ChargeKind::Discount { item: Some(item) } = &charge.kind else { continue };
            let dish = self.bill.dishes.iter().position(|dish| dish.id == *item).unwrap();
            let off = taken_off(charge.value, self.prices[dish], charge.options.rounding);
            self.prices[dish] -= off;
            lines.insert(place, line(charge.name.as_str(), LineKind::Discount, -off, &self.parts[dish]));
        }
        let before: i64 = self.prices.iter().sum();
        let mut after = before;
        let all = shares_of(&self.all().quotas);
        for (place, charge) in self.bill.charges.iter().enumerate() {
            let ChargeKind::Discount { item: None } = &charge.kind else { continue };
            let off = taken_off(charge.value, after, charge.options.rounding);
            after -= off;
            let quotas = all.clone().unwrap_or_else(|| nobodys(self.diners()));
            lines.insert(place, line(charge.name.as_str(), LineKind::Discount, -off, &quotas));
        }
        if before != 0 {
            self.left = Exact::fraction(after, before);
        }
        lines
    }

    fn all(&self) -> Base {
        self.base(|_| Exact::one())
    }

    /// Sums the given part of each dish.
    fn base(&self, part: impl Fn(usize) -> Exact) -> Base {
        let mut quotas = vec![Exact::zero(); self.diners() + 1];
        let mut value = Exact::zero();
        for (dish, &price) in self.prices.iter().enumerate() {
            let counts = &part(dish) * &Exact::whole(price);
            if counts.is_zero() {
                continue;
            }
            value = &value + &counts;
            for (quota, part) in quotas.iter_mut().zip(&self.parts[dish]) {
                if !part.is_zero() {
                    *quota = &*quota + &(&counts * part);
                }
            }
        }
        Base { value: &value * &self.left, quotas }
    }

    /// A charge by share: in proportion to each row's part of its base.
    fn by_share(&self, charge: &Charge, kind: LineKind, base: &Base) -> Result<ExpectedLine, Code> {
        let amount = worth(charge.value, &base.value);
        match shares_of(&base.quotas) {
            Some(parts) => Ok(line(charge.name.as_str(), kind, amount, &parts)),
            None if amount != 0 => Err(Code::ChargeOnNothing),
            None => Ok(line(charge.name.as_str(), kind, 0, &nobodys(self.diners()))),
        }
    }

    /// A charge with a base or a rounding of its own, after those that it is on. `priced`: what is known already.
    fn with_base(
        &self,
        place: usize,
        priced: &mut BTreeMap<usize, Option<ExpectedLine>>,
    ) -> Result<Option<ExpectedLine>, Code> {
        if let Some(line) = priced.get(&place) {
            return Ok(line.clone());
        }
        let charge = &self.bill.charges[place];
        let name = charge.name.as_str();
        let options = &charge.options;
        let mut counted: Vec<(Exact, Vec<Exact>)> = Vec::new();
        let mut dishes = 0;
        for (dish, parts) in self.parts.iter().enumerate().filter(|_| options.on.dishes) {
            if matches!(charge.kind, ChargeKind::Tax { .. }) && !self.taxes(charge, dish) {
                continue;
            }
            dishes += 1;
            let price = match options.on.discounts {
                Discounts::After => &Exact::whole(self.prices[dish]) * &self.left,
                Discounts::Before => Exact::whole(self.bill.dishes[dish].amount.minor_units()),
            };
            let quotas = parts.iter().map(|part| part * &price).collect();
            counted.push((price, quotas));
        }
        for on in &options.on.charges {
            let other = self.bill.charges.iter().position(|other| other.name == *on).unwrap();
            if let Some(line) = self.line_to_be_on(other, priced)? {
                counted.push((Exact::whole(line.amount), line.quotas));
            }
        }
        let mut quotas = vec![Exact::zero(); self.diners() + 1];
        for (_, own) in &counted {
            for (quota, own) in quotas.iter_mut().zip(own) {
                *quota = &*quota + own;
            }
        }
        let value = Exact::sum(&quotas);
        let kind = LineKind::from(&charge.kind);
        let of_types = matches!(&charge.kind, ChargeKind::Tax { dish_types, .. } if !dish_types.is_empty());
        let amount = match charge.value {
            _ if of_types && dishes == 0 && options.on.charges.is_empty() => 0,
            ChargeValue::Amount(amount) => amount.minor_units(),
            ChargeValue::Percent(percent) => match options.per {
                RoundedPer::Invoice => rounded(&(&value * &rate(percent)), options.rounding),
                RoundedPer::Line => counted
                    .iter()
                    .map(|(price, _)| rounded(&(price * &rate(percent)), options.rounding))
                    .sum(),
            },
        };
        let found = if let (ChargeKind::Service { optional: true }, ChargeValue::Percent(percent)) =
            (&charge.kind, charge.value)
            && !self.bill.without_service.is_empty()
            && !value.is_zero()
        {
            let waives = |row: usize| {
                self.bill.diners.get(row).is_some_and(|id| self.bill.without_service.contains(id))
            };
            let pays =
                |(row, quota): (usize, &Exact)| if waives(row) { Exact::zero() } else { quota.clone() };
            let paying: Vec<Exact> = quotas.iter().enumerate().map(pays).collect();
            let amount = rounded(&(&Exact::sum(&paying) * &rate(percent)), options.rounding);
            shares_of(&paying).map(|parts| line(name, kind, amount, &parts))
        } else if let ChargeKind::Tip { by: Basis::Head } | ChargeKind::Fee { by: Basis::Head } = charge.kind
        {
            Some(line(name, kind, amount, &heads(self.bill)))
        } else {
            match shares_of(&quotas) {
                Some(parts) => Some(line(name, kind, amount, &parts)),
                None if amount != 0 => return Err(Code::ChargeOnNothing),
                None => Some(line(name, kind, 0, &nobodys(self.diners()))),
            }
        };
        priced.insert(place, found.clone());
        Ok(found)
    }

    /// The line of a service or a fee that another charge is on.
    fn line_to_be_on(
        &self,
        place: usize,
        priced: &mut BTreeMap<usize, Option<ExpectedLine>>,
    ) -> Result<Option<ExpectedLine>, Code> {
        let charge = &self.bill.charges[place];
        match &charge.kind {
            _ if !charge.options.is_default() => self.with_base(place, priced),
            ChargeKind::Service { optional } => self.service(charge, *optional),
            ChargeKind::Fee { by } => self.tip_or_fee(charge, LineKind::Fee, *by).map(Some),
            other => panic!("a charge cannot be on {other:?}"),
        }
    }

    fn tax(&self, charge: &Charge) -> Result<ExpectedLine, Code> {
        if !(0..self.prices.len()).any(|dish| self.taxes(charge, dish)) && !Self::is_on_all(charge) {
            // There is no dish of these types, so there is no tax.
            return Ok(line(charge.name.as_str(), LineKind::Tax, 0, &nobodys(self.diners())));
        }
        let base = self.base(|dish| if self.taxes(charge, dish) { Exact::one() } else { Exact::zero() });
        self.by_share(charge, LineKind::Tax, &base)
    }

    fn is_on_all(tax: &Charge) -> bool {
        matches!(&tax.kind, ChargeKind::Tax { dish_types, .. } if dish_types.is_empty())
    }

    /// Taxes contained in a price are each computed from the price without any of them. A fixed one is cut to what these and
    /// earlier fixed ones leave of each dish, and each to what is left of the prices, rounded.
    fn contained(
        &self,
        charge: &'bill Charge,
        earlier: &mut Vec<Contained<'bill>>,
    ) -> Result<ExpectedLine, Code> {
        let without_tax = |dish: usize| {
            let mut whole = Exact::one();
            for other in &self.bill.charges {
                if let (ChargeKind::Tax { inclusive: true, .. }, ChargeValue::Percent(percent)) =
                    (&other.kind, other.value)
                    && self.taxes(other, dish)
                {
                    whole = &whole + &rate(percent);
                }
            }
            &Exact::one() / &whole
        };
        let base = self.base(|dish| if self.taxes(charge, dish) { without_tax(dish) } else { Exact::zero() });
        let (amount, of) = match charge.value {
            ChargeValue::Amount(_) => {
                let taxed = (0..self.prices.len()).filter(|&dish| self.taxes(charge, dish));
                let prices = taxed.map(|dish| self.prices[dish]).sum();
                let amount = taken_off(charge.value, prices, charge.options.rounding);
                (self.out_of_what_is_left(charge, amount, &base.value, earlier), Some(base.value.clone()))
            }
            ChargeValue::Percent(percent) => {
                let rounded = |of: &Exact| rounded(&(of * &rate(percent)), charge.options.rounding);
                let amount = match charge.options.per {
                    RoundedPer::Invoice => rounded(&base.value),
                    RoundedPer::Line => {
                        let taxed = (0..self.prices.len()).filter(|&dish| self.taxes(charge, dish));
                        let left = |dish: usize| &Exact::whole(self.prices[dish]) * &self.left;
                        taxed.map(|dish| rounded(&(&left(dish) * &without_tax(dish)))).sum()
                    }
                };
                (amount, None)
            }
        };
        let amount = self.within_prices(charge, amount, earlier);
        earlier.push(Contained { charge, amount, of });
        match shares_of(&base.quotas) {
            None if amount != 0 => Err(Code::ChargeOnNothing),
            parts => {
                let parts = parts.unwrap_or_else(|| nobodys(self.diners()));
                Ok(line(charge.name.as_str(), LineKind::Tax, amount, &parts))
            }
        }
    }

    fn out_of_what_is_left(
        &self,
        charge: &Charge,
        amount: i64,
        of: &Exact,
        earlier: &[Contained<'_>],
    ) -> i64 {
        if of.is_zero() || of.is_negative() != (amount < 0) {
            return 0;
        }
        let mut least = Exact::one();
        for (dish, _) in
            self.alike().into_iter().filter(|&(dish, price)| price != 0 && self.taxes(charge, dish))
        {
            let mut left = Exact::one();
            for tax in earlier.iter().filter(|tax| tax.amount != 0 && self.taxes(tax.charge, dish)) {
                if let Some(of) = &tax.of {
                    left = &left - &(&Exact::whole(tax.amount) / of);
                }
            }
            least = least.min(left);
        }
        let most = (of * &least).magnitude().floor();
        amount.clamp(-most, most)
    }

    /// For each set of taxes: at most the prices of all dishes that any of them is on, after discounts.
    fn within_prices(&self, charge: &Charge, amount: i64, earlier: &[Contained<'_>]) -> i64 {
        let same: Vec<_> = earlier.iter().filter(|tax| tax.amount.signum() * amount.signum() > 0).collect();
        let mut most = amount.abs();
        for set in 0..1_u32 << same.len() {
            let chosen: Vec<_> = (0..same.len()).filter(|place| set >> place & 1 == 1).collect();
            let taxed = |dish: usize| {
                self.taxes(charge, dish) || chosen.iter().any(|&place| self.taxes(same[place].charge, dish))
            };
            let alike = self.alike().into_iter();
            let prices: i64 = alike
                .filter(|&(dish, price)| taxed(dish) && (price < 0) == (amount < 0))
                .map(|(_, price)| price)
                .sum();
            let left = (&Exact::whole(prices) * &self.left).magnitude().floor();
            let taken: i64 = chosen.iter().map(|&place| same[place].amount.abs()).sum();
            most = most.min((left - taken).max(0));
        }
        amount.clamp(-most, most)
    }

    /// One dish of each group of dishes with the same taxes, and the price of all in the group.
    fn alike(&self) -> Vec<(usize, i64)> {
        let mut groups: BTreeMap<Vec<bool>, (usize, i64)> = BTreeMap::new();
        for (dish, &price) in self.prices.iter().enumerate() {
            let taxes = self.bill.charges.iter().map(|charge| self.taxes(charge, dish)).collect();
            groups.entry(taxes).or_insert((dish, 0)).1 += price;
        }
        groups.into_values().collect()
    }

    fn taxes(&self, tax: &Charge, dish: usize) -> bool {
        let ChargeKind::Tax { dish_types, .. } = &tax.kind else { return false };
        dish_types.is_empty() || dish_types.contains(&self.bill.dishes[dish].dish_type)
    }

    /// A diner who waives the service charge takes their part off the line, which is then
    /// rounded once.
    fn service(&self, charge: &Charge, optional: bool) -> Result<Option<ExpectedLine>, Code> {
        let all = self.all();
        let Some(parts) =
            shares_of(&all.quotas).filter(|_| optional && !self.bill.without_service.is_empty())
        else {
            return self.by_share(charge, LineKind::Service, &all).map(Some);
        };
        let paying: Vec<Exact> = parts
            .iter()
            .enumerate()
            .map(|(row, part)| {
                let waives =
                    self.bill.diners.get(row).is_some_and(|diner| self.bill.without_service.contains(diner));
                if waives { Exact::zero() } else { part.clone() }
            })
            .collect();
        let kept = Exact::sum(&paying);
        let whole = match charge.value {
            ChargeValue::Amount(amount) => Exact::whole(amount.minor_units()),
            ChargeValue::Percent(percent) => &all.value * &rate(percent),
        };
        let amount = (&whole * &kept).half_up();
        Ok(shares_of(&paying).map(|parts| line(charge.name.as_str(), LineKind::Service, amount, &parts)))
    }

    fn tip_or_fee(&self, charge: &Charge, kind: LineKind, by: Basis) -> Result<ExpectedLine, Code> {
        let all = self.all();
        match by {
            Basis::Share => self.by_share(charge, kind, &all),
            Basis::Head => {
                let amount = worth(charge.value, &all.value);
                Ok(line(charge.name.as_str(), kind, amount, &heads(self.bill)))
            }
        }
    }

    /// A percentage tip is of the giver's dishes, and only the giver pays it, even if they are
    /// covered.
    fn own_tip(&self, giver: &ParticipantId, tip: ChargeValue) -> ExpectedLine {
        let row = self.bill.diners.iter().position(|diner| diner == giver).unwrap();
        let of = &self.all().quotas[row] * &self.left;
        let mut parts = vec![Exact::zero(); self.diners() + 1];
        parts[row] = Exact::one();
        line("Tip", LineKind::Tip, worth(tip, &of), &parts)
    }

    /// In proportion to what each row owes without it.
    fn round_off(&self, lines: &[ExpectedLine], unit: Amount) -> ExpectedLine {
        let sum: i64 = lines.iter().map(|line| line.amount).sum();
        let coins = Exact::fraction(sum, unit.minor_units()).half_up();
        let mut owed = vec![Exact::zero(); self.diners() + 1];
        for line in lines {
            for (owed, quota) in owed.iter_mut().zip(&line.quotas) {
                *owed = &*owed + quota;
            }
        }
        let parts = shares_of(&owed).unwrap_or_else(|| heads(self.bill));
        line("Round-off", LineKind::RoundOff, coins * unit.minor_units() - sum, &parts)
    }
}

/// By dish and row: the part of the dish that the row pays.
fn parts(bill: &Bill) -> Vec<Vec<Exact>> {
    let diners = bill.diners.len();
    let row_of = |id: &ParticipantId| bill.diners.iter().position(|diner| diner == id).unwrap();
    let total: i64 = bill.dishes.iter().map(|dish| dish.amount.minor_units()).sum();
    let claimed = || {
        bill.dishes.iter().map(|dish| {
            let mut weights = vec![Exact::zero(); diners + 1];
            for (id, weight) in &dish.shared_by {
                let row = payer(bill, row_of(id));
                weights[row] = &weights[row] + &Exact::whole(weight.millionths());
            }
            shares_of(&weights).unwrap_or_else(|| nobodys(diners))
        })
    };
    let alike = |weights: Vec<Exact>| {
        let parts = shares_of(&weights).unwrap_or_else(|| nobodys(diners));
        vec![parts; bill.dishes.len()]
    };
    let named = |ids: &mut dyn Iterator<Item = (&ParticipantId, Exact)>| {
        let mut weights = vec![Exact::zero(); diners + 1];
        for (id, weight) in ids {
            weights[row_of(id)] = weight;
        }
        alike(weights)
    };
    match &bill.split {
        SplitRule::Equal | SplitRule::Custom(None) => alike(equally(bill)),
        SplitRule::Itemized | SplitRule::Cover { rest: Rest::Itemized, .. } => claimed().collect(),
        SplitRule::Cover { rest: Rest::Equal, .. } => alike(heads(bill)),
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
            named(&mut amounts.iter().map(|(id, amount)| (id, Exact::whole(amount.minor_units()))))
        }
        SplitRule::Custom(Some(CustomShares::Percentages(percentages))) => {
            named(&mut percentages.iter().map(|(id, percent)| (id, rate(*percent))))
        }
        SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
            named(&mut weights.iter().map(|(id, weight)| (id, Exact::whole(weight.millionths()))))
        }
        SplitRule::Adjusted(adjustments) => {
            let more: i64 = adjustments.values().map(|amount| amount.minor_units()).sum();
            let rest = Exact::fraction(total - more, i128::try_from(diners).unwrap());
            named(&mut bill.diners.iter().map(|diner| {
                let own = adjustments.get(diner).map_or(0, |amount| amount.minor_units());
                (diner, &rest + &Exact::whole(own))
            }))
        }
    }
}

/// One part for each diner.
fn equally(bill: &Bill) -> Vec<Exact> {
    let mut parts = vec![Exact::fraction(1, i128::try_from(bill.diners.len()).unwrap()); bill.diners.len()];
    parts.push(Exact::zero());
    parts
}

/// By row: the part of charges by head. A diner who agreed to pay 0 is not counted; one who
/// is covered counts for their payer.
fn heads(bill: &Bill) -> Vec<Exact> {
    let mut heads = vec![Exact::zero(); bill.diners.len() + 1];
    for (row, diner) in bill.diners.iter().enumerate() {
        let pays = match &bill.split {
            SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
                amounts.get(diner).is_some_and(|amount| *amount != Amount::ZERO)
            }
            SplitRule::Custom(Some(CustomShares::Percentages(percentages))) => {
                percentages.get(diner).is_some_and(|percent| percent.millionths() > 0)
            }
            SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
                weights.get(diner).is_some_and(|weight| weight.millionths() > 0)
            }
            SplitRule::Equal
            | SplitRule::Itemized
            | SplitRule::Custom(None)
            | SplitRule::Adjusted(_)
            | SplitRule::Cover { .. } => true,
        };
        if pays {
            let payer = payer(bill, row);
            heads[payer] = &heads[payer] + &Exact::one();
        }
    }
    // On a bill of 0, every diner agreed to pay 0.
    shares_of(&heads).unwrap_or_else(|| equally(bill))
}

/// The row that pays for a row.
fn payer(bill: &Bill, row: usize) -> usize {
    let SplitRule::Cover { covers, .. } = &bill.split else { return row };
    let payer = covers.get(&bill.diners[row]);
    payer.map_or(row, |payer| bill.diners.iter().position(|diner| diner == payer).unwrap())
}

/// Each number as a part of their sum. `None`: the sum is 0.
fn shares_of(numbers: &[Exact]) -> Option<Vec<Exact>> {
    let sum = Exact::sum(numbers);
    if sum.is_zero() { None } else { Some(numbers.iter().map(|number| number / &sum).collect()) }
}

fn nobodys(diners: usize) -> Vec<Exact> {
    let mut parts = vec![Exact::zero(); diners];
    parts.push(Exact::one());
    parts
}

fn rate(percent: Percentage) -> Exact {
    Exact::fraction(percent.millionths(), 100_000_000)
}

fn worth(value: ChargeValue, of: &Exact) -> i64 {
    match value {
        ChargeValue::Amount(amount) => amount.minor_units(),
        ChargeValue::Percent(percent) => (of * &rate(percent)).half_up(),
    }
}

fn rounded(number: &Exact, rounding: AmountRounding) -> i64 {
    match rounding {
        AmountRounding::HalfUp => number.half_up(),
        AmountRounding::HalfEven => number.half_even(),
        AmountRounding::Down => number.towards_zero(),
    }
}

/// The amount of a discount, at most the price.
fn taken_off(value: ChargeValue, price: i64, rounding: AmountRounding) -> i64 {
    let off = match value {
        ChargeValue::Amount(amount) => amount.minor_units(),
        ChargeValue::Percent(percent) => rounded(&(&Exact::whole(price) * &rate(percent)), rounding),
    };
    if price < 0 { off.clamp(price, 0) } else { off.clamp(0, price) }
}

fn line(name: &str, kind: LineKind, amount: i64, parts: &[Exact]) -> ExpectedLine {
    let amount_of = Exact::whole(amount);
    let quotas = parts.iter().map(|part| if part.is_zero() { part.clone() } else { part * &amount_of });
    ExpectedLine { name: name.to_owned(), kind, amount, quotas: quotas.collect(), covered: None }
}
