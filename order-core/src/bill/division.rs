//! A bill on its own, and what everybody pays of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::divide::{
    Charge, ChargeKind, ChargeValue, Line, Lines, SplitRule, StatedDish, StatedRule, Statement, TieRank,
    Weight, check_number,
};
use crate::order::people::Seat;
use crate::rejection::{Code, Rejection};
use crate::value::text::Text;
use crate::{Amount, Currency, ItemId, OrderId, ParticipantId, max_order_total};

/// A bill to divide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Whose bill it is. Decides, together with the diners' ids, who gets a unit that several could get.
    pub order: OrderId,
    /// The currency of all amounts.
    pub currency: Currency,
    /// Who shares it.
    pub diners: Vec<ParticipantId>,
    /// What they had.
    pub dishes: Vec<Dish>,
    /// By which rule they share it.
    pub split: SplitRule,
    /// What comes on top or off.
    pub charges: Vec<Charge>,
    /// What some give on their own, as an amount or in percent of what they pay for dishes.
    pub tips: BTreeMap<ParticipantId, ChargeValue>,
    /// Who does without optional service charges.
    pub without_service: BTreeSet<ParticipantId>,
    /// The smallest coin: what is due is rounded to a multiple of it, halves up, on a line of its own.
    pub round_to: Option<Amount>,
}

/// A dish on a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dish {
    /// Which dish it is.
    pub id: ItemId,
    /// The type of dish, by which taxes tell dishes apart.
    pub dish_type: Text,
    /// What all pieces of it cost together.
    pub amount: Amount,
    /// Whose it is, and in which proportions. One that is nobody's is unassigned.
    pub shared_by: Vec<(ParticipantId, Weight)>,
}

impl Dish {
    /// A dish that these people share equally.
    pub fn of(id: ItemId, amount: Amount, diners: &[ParticipantId]) -> Self {
        let shared_by = diners.iter().map(|diner| (diner.clone(), Weight::ONE)).collect();
        Self { id, dish_type: Text::default(), amount, shared_by }
    }
}

impl Bill {
    /// A bill with nothing on it and nobody to pay it, to be shared equally.
    pub fn new(order: OrderId, currency: Currency) -> Self {
        Self {
            order,
            currency,
            diners: Vec::new(),
            dishes: Vec::new(),
            split: SplitRule::Equal,
            charges: Vec::new(),
            tips: BTreeMap::new(),
            without_service: BTreeSet::new(),
            round_to: None,
        }
    }

    /// The sum of all dishes, where neither it nor any amount of the bill passes the ceiling of a total.
    fn total(&self) -> Result<Amount, Rejection> {
        let ceiling = max_order_total(self.currency);
        let magnitude = |amount: Amount| amount.minor_units().unsigned_abs();
        let fits = |amount: &Amount| magnitude(*amount) <= magnitude(ceiling);
        let values = self.charges.iter().map(|charge| charge.value).chain(self.tips.values().copied());
        let fixed = values.filter_map(|value| match value {
            ChargeValue::Amount(amount) => Some(amount),
            ChargeValue::Percent(_) => None,
        });
        let mut amounts = self.dishes.iter().map(|dish| dish.amount).chain(fixed).chain(self.round_to);
        let total = Amount::checked_sum(self.dishes.iter().map(|dish| dish.amount)).filter(fits);
        total.filter(|_| amounts.all(|amount| fits(&amount))).ok_or_else(|| {
            Rejection::new(Code::TotalTooLarge)
                .expected(format!("amounts and a total of at most {}", ceiling.display(self.currency)))
        })
    }
}

/// A divided bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    total: Amount,
    amount_due: Amount,
    diners: Vec<(ParticipantId, Amount)>,
    lines: Vec<Line>,
    included: Vec<Line>,
    parts: Parts,
    included_parts: Parts,
    unassigned: Amount,
    unassigned_dishes: Vec<ItemId>,
}

impl Division {
    /// The sum of all dishes.
    pub fn total(&self) -> Amount {
        self.total
    }

    /// What is to be paid: the sum of all lines, and of all shares and what is [unassigned](Self::unassigned).
    pub fn amount_due(&self) -> Amount {
        self.amount_due
    }

    /// One share for each diner, in the order of the bill.
    pub fn shares(&self) -> impl ExactSizeIterator<Item = DinerShare<'_>> + Clone {
        self.diners.iter().enumerate().map(|(row, (participant, amount))| DinerShare {
            division: self,
            row,
            participant,
            amount: *amount,
        })
    }

    /// The dishes, then the charges, then what some give on their own, then the round-off.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Taxes that prices contain. They add nothing to what is due.
    pub fn included(&self) -> &[Line] {
        &self.included
    }

    /// What is due for dishes that are nobody's.
    pub fn unassigned(&self) -> Amount {
        self.unassigned
    }

    /// The dishes that are nobody's, where the bill is divided by dishes.
    pub fn unassigned_dishes(&self) -> &[ItemId] {
        &self.unassigned_dishes
    }
}

/// What one diner pays.
#[derive(Debug, Clone, Copy)]
pub struct DinerShare<'bill> {
    division: &'bill Division,
    row: usize,
    participant: &'bill ParticipantId,
    amount: Amount,
}

impl<'bill> DinerShare<'bill> {
    /// Who pays.
    pub fn participant(self) -> &'bill ParticipantId {
        self.participant
    }

    /// How much in all: the sum of the parts of the lines.
    pub fn amount(self) -> Amount {
        self.amount
    }

    /// This diner's part of each line of the bill, in the order of the bill, without those of which they pay nothing.
    pub fn lines(self) -> impl Iterator<Item = Part<'bill>> + Clone {
        self.division.parts.of(self.row, &self.division.lines)
    }

    /// This diner's part of the taxes that prices contain.
    pub fn included(self) -> impl Iterator<Item = Part<'bill>> + Clone {
        self.division.included_parts.of(self.row, &self.division.included)
    }
}

/// One diner's part of a line of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'bill> {
    line: &'bill Line,
    amount: Amount,
}

impl<'bill> Part<'bill> {
    /// The whole line.
    pub fn line(self) -> &'bill Line {
        self.line
    }

    /// What of it this diner pays.
    pub fn amount(self) -> Amount {
        self.amount
    }
}

/// What each diner has of some lines: those of one diner after those of the diner before.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    /// The place of a line, and what a diner has of it.
    all: Vec<(usize, Amount)>,
    /// By diner: where their parts end.
    ends: Vec<usize>,
}

impl Parts {
    fn new(diners: usize, lines: &Lines) -> Self {
        let cells = || {
            lines.iter().enumerate().flat_map(|(place, (_, _, cells))| {
                cells.iter().filter(|cell| cell.amount != 0).map(move |cell| (place, cell))
            })
        };
        // Where the next part of each diner goes: first where theirs begin, in the end where they end.
        let mut ends = vec![0_usize; diners];
        for (_, cell) in cells() {
            if let Some(count) = ends.get_mut(cell.row) {
                *count = count.saturating_add(1);
            }
        }
        let mut start = 0_usize;
        for end in &mut ends {
            let count = std::mem::replace(end, start);
            start = start.saturating_add(count);
        }
        let mut all = vec![(0, Amount::ZERO); start];
        for (place, cell) in cells() {
            if let Some(next) = ends.get_mut(cell.row)
                && let Some(part) = all.get_mut(*next)
            {
                *part = (place, Amount::from_minor_units(cell.amount));
                *next = next.saturating_add(1);
            }
        }
        Self { all, ends }
    }

    /// The parts of one diner.
    fn of<'bill>(
        &'bill self,
        diner: usize,
        lines: &'bill [Line],
    ) -> impl Iterator<Item = Part<'bill>> + Clone {
        let start = diner.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        let own = start.zip(self.ends.get(diner)).and_then(|(start, &end)| self.all.get(start..end));
        own.unwrap_or_default()
            .iter()
            .filter_map(|&(place, amount)| Some(Part { line: lines.get(place)?, amount }))
    }
}

/// Divides a bill. The laws that hold for every result are those of this module.
///
/// # Errors
/// When the bill contradicts itself: nobody to pay, unknown or repeated people, shares that do not add up, a
/// charge on nothing. The refusal says by how much, where there is a sum to miss. Does not panic.
pub fn divide(bill: &Bill) -> Result<Division, Rejection> {
    let seats = seats(bill)?;
    let total = bill.total()?;
    bill.split.check(total, bill.currency, |id| seats.contains_key(id))?;
    check_charges(bill, total, &seats)?;
    let claims = claims(bill, &seats)?;

    let diners = bill.diners.len();
    let on_bill: Vec<usize> = (0..diners).collect();
    let terms = bill.split.terms(total, diners, &on_bill, &|id| seats.get(id).copied());
    let by_dishes = matches!(terms.rule, StatedRule::Claims);
    let statement = Statement {
        diners,
        dishes: bill
            .dishes
            .iter()
            .zip(claims.iter())
            .map(|(dish, claims)| StatedDish {
                id: &dish.id,
                kind: dish.dish_type.as_str(),
                amount: dish.amount,
                claims,
            })
            .collect(),
        rule: terms.rule,
        payers: terms.payers,
        heads: terms.heads,
        charges: &bill.charges,
        tips: bill.tips.iter().filter_map(|(id, &tip)| Some((*seats.get(id)?, tip))).collect(),
        waived: bill.without_service.iter().filter_map(|id| seats.get(id).copied()).collect(),
        round_to: bill.round_to,
        dish_by_dish: true,
    };
    let tie = |row: usize| {
        let diner = bill.diners.get(row);
        (diner.is_none(), diner.map(|diner| TieRank::new(&bill.order, diner)))
    };
    let divided = statement.divide(tie).ok_or(Code::BillTooFine)?;
    if let Some(charge) = divided.on_nothing(&bill.charges).next() {
        return Err(charge.on_nothing(bill.currency));
    }
    let diners = bill.diners.iter().enumerate().map(|(row, id)| (id.clone(), divided.due.row(row))).collect();
    let unassigned_dishes = bill
        .dishes
        .iter()
        .zip(claims.iter())
        .filter(|(_, claims)| by_dishes && claims.is_empty())
        .map(|(dish, _)| dish.id.clone());
    Ok(Division {
        total,
        amount_due: divided.due.sum(),
        unassigned: divided.due.row(bill.diners.len()),
        diners,
        lines: named(bill, &divided.due),
        included: named(bill, &divided.included),
        parts: Parts::new(bill.diners.len(), &divided.due),
        included_parts: Parts::new(bill.diners.len(), &divided.included),
        unassigned_dishes: unassigned_dishes.collect(),
    })
}

/// Where each diner stands in the list.
fn seats(bill: &Bill) -> Result<BTreeMap<&ParticipantId, usize>, Rejection> {
    if bill.diners.is_empty() {
        return Err(Rejection::new(Code::NobodyToPay).field("participants").expected("at least one person"));
    }
    let seats: BTreeMap<_, _> = bill.diners.iter().enumerate().map(|(row, id)| (id, row)).collect();
    if seats.len() == bill.diners.len() {
        return Ok(seats);
    }
    Err(Rejection::new(Code::ConflictingClaims)
        .field("participants")
        .because("somebody is listed twice")
        .expected("each person once"))
}

/// The claims on the dishes of a bill, those on one dish after those on the dish before.
struct Claims {
    all: Vec<(Seat, Weight)>,
    /// By dish: where its claims end.
    ends: Vec<usize>,
}

impl Claims {
    /// The claims on each dish.
    fn iter(&self) -> impl Iterator<Item = &[(Seat, Weight)]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| self.all.get(start..end).unwrap_or_default())
    }
}

fn claims(bill: &Bill, seats: &BTreeMap<&ParticipantId, usize>) -> Result<Claims, Rejection> {
    check_ids(&bill.dishes)?;
    let mut claims = Claims {
        all: Vec::with_capacity(bill.dishes.iter().map(|dish| dish.shared_by.len()).sum()),
        ends: Vec::with_capacity(bill.dishes.len()),
    };
    for dish in &bill.dishes {
        let start = claims.all.len();
        for (id, weight) in &dish.shared_by {
            claims.all.push((Seat(*seats.get(id).ok_or_else(|| unknown("items"))?), *weight));
        }
        let own = claims.all.get(start..).unwrap_or_default();
        check_claims(own).map_err(|rejection| rejection.field("items"))?;
        claims.ends.push(claims.all.len());
    }
    Ok(claims)
}

/// Whether each dish has an id of its own.
fn check_ids(dishes: &[Dish]) -> Result<(), Rejection> {
    // Ids mostly differ in their ends, and numbers compare faster than texts.
    let end = |id: &ItemId| {
        let last = id.as_str().as_bytes().rchunks(8).next().unwrap_or_default();
        last.iter().fold(0_u64, |number, &byte| number << 8 | u64::from(byte))
    };
    let mut ids: Vec<_> = dishes.iter().map(|dish| (end(&dish.id), dish.id.as_str())).collect();
    ids.sort_unstable();
    match ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next) {
        None => Ok(()),
        Some(((_, id), _)) => Err(Rejection::new(Code::ItemIdTaken)
            .because(format!("{id} is there twice"))
            .expected("another id for each item")),
    }
}

/// Whether these can be the claims on one dish: nobody twice, and somebody who has part of it, unless it is nobody's.
pub(crate) fn check_claims(claims: &[(Seat, Weight)]) -> Result<(), Rejection> {
    let twice = match claims {
        // Most dishes have one claim or two.
        [] | [_] => false,
        [(one, _), (other, _)] => one == other,
        _ => {
            let mut seats: Vec<_> = claims.iter().map(|(seat, _)| seat).collect();
            seats.sort_unstable();
            seats.iter().zip(seats.iter().skip(1)).any(|(seat, next)| seat == next)
        }
    };
    if twice {
        return Err(Rejection::new(Code::ConflictingClaims)
            .because("somebody shares one dish twice")
            .expected("each person once"));
    }
    if claims.is_empty() || claims.iter().any(|(_, weight)| weight.millionths() > 0) {
        return Ok(());
    }
    Err(Rejection::new(Code::BadSplit)
        .because("all weights of a dish are 0")
        .expected("at least one weight above 0"))
}

fn check_charges(
    bill: &Bill,
    total: Amount,
    seats: &BTreeMap<&ParticipantId, usize>,
) -> Result<(), Rejection> {
    check_number(bill.charges.iter().map(|charge| &charge.kind))?;
    if bill.round_to.is_some_and(|unit| unit <= Amount::ZERO) {
        return Err(Rejection::new(Code::BadCharge).field("roundTo").expected("an amount above 0"));
    }
    for charge in &bill.charges {
        if let ChargeKind::Discount { item: Some(item) } = &charge.kind
            && !bill.dishes.iter().any(|dish| dish.id == *item)
        {
            return Err(Rejection::new(Code::ItemNotFound)
                .field("charges")
                .expected("the id of an item of the bill"));
        }
    }
    if bill.tips.keys().chain(&bill.without_service).any(|id| !seats.contains_key(id)) {
        return Err(unknown("participants"));
    }
    let against = |value: ChargeValue| match value {
        ChargeValue::Amount(amount) => amount != Amount::ZERO && amount.is_negative() != total.is_negative(),
        ChargeValue::Percent(_) => false,
    };
    let values = bill.charges.iter().map(|charge| charge.value).chain(bill.tips.values().copied());
    if values.into_iter().any(against) {
        let expected = if total.is_negative() {
            "an amount of 0 or less, as the total is"
        } else {
            "an amount of 0 or more"
        };
        return Err(Rejection::new(Code::BadCharge).field("charges").expected(expected));
    }
    Ok(())
}

fn unknown(field: &'static str) -> Rejection {
    Rejection::new(Code::UnknownParticipant).field(field).expected("ids of people on the bill")
}

/// The lines by name.
fn named(bill: &Bill, lines: &Lines) -> Vec<Line> {
    let dish = |place: usize| bill.dishes.get(place).map(|dish| Text::from(dish.id.clone()));
    let named = lines.iter().filter_map(|(label, amount, _)| {
        label.name(&bill.charges, dish).map(|(name, kind)| Line::new(name, kind, amount))
    });
    named.collect()
}
