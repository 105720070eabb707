//! What each person on an order's bill pays.

use crate::divide::{Divided, Label, Line, Lines, StatedDish, Statement};
use crate::order::payments::PaymentStatus;
use crate::order::people::Seat;
use crate::{Amount, Item, Order, Participant, ParticipantId};

/// What one person on the bill pays.
#[derive(Debug, Clone)]
pub struct Share<'order> {
    participant: &'order Participant,
    amount: Amount,
    items: Vec<&'order Item>,
    lines: Vec<Line>,
    included: Vec<Line>,
}

impl<'order> Share<'order> {
    /// Who pays.
    pub fn participant(&self) -> &'order Participant {
        self.participant
    }

    /// How much in all.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// The items that are this person's, or that they share, by whatever rule the bill is shared.
    pub fn items(&self) -> &[&'order Item] {
        &self.items
    }

    /// Their part of all dishes together, then of each charge of which they pay anything. Sums to the amount.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Their part of the taxes that prices contain.
    pub fn included(&self) -> &[Line] {
        &self.included
    }
}

/// How an order's bill is shared.
#[derive(Debug, Clone)]
pub struct Shares<'order> {
    list: Vec<Share<'order>>,
    amount_due: Amount,
    unallocated: Amount,
    lines: Vec<Line>,
    included: Vec<Line>,
    on_nothing: Vec<Line>,
}

impl<'order> Shares<'order> {
    /// One share for everybody on the bill, in the order in which they joined.
    pub fn list(&self) -> &[Share<'order>] {
        &self.list
    }

    /// The share of one person, if they are on the bill.
    pub fn of(&self, participant: &ParticipantId) -> Option<&Share<'order>> {
        self.list.iter().find(|share| share.participant.id() == participant)
    }

    /// What is to be paid: the total of the dishes, with charges on top and discounts taken off.
    pub fn amount_due(&self) -> Amount {
        self.amount_due
    }

    /// What is due less all shares: what nobody pays for as things are. Other than zero while a dish is unassigned, while
    /// custom shares do not cover the total, or while a charge is on nothing; negative when shares are more than the total.
    pub fn unallocated(&self) -> Amount {
        self.unallocated
    }

    /// All dishes together, then each charge, what some give on their own, and the round-off. Sums to what is due.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Taxes that the prices contain. They add nothing to what is due.
    pub fn included(&self) -> &[Line] {
        &self.included
    }

    /// Charges of fixed amounts that have nothing to be taken of, and so are nobody's.
    pub fn on_nothing(&self) -> &[Line] {
        &self.on_nothing
    }
}

/// Shares the order's bill among everybody on it: those who joined and have not left, and those who left but
/// still have a dish on it, or part of one, or for whom something is paid. Once the order is finalized it is who was on it then.
pub fn shares(order: &Order) -> Shares<'_> {
    let people = order.people.len();
    let mut items: Vec<Vec<&Item>> = vec![Vec::new(); people];
    for item in order.items() {
        for (seat, _) in &item.claims {
            if let Some(items) = items.get_mut(seat.0) {
                items.push(item);
            }
        }
    }
    let on_bill: Vec<usize> = match &order.on_bill {
        Some(seats) => seats.iter().map(|seat| seat.0).collect(),
        None => seats_on_bill(order).into_iter().map(|seat| seat.0).collect(),
    };
    let mut parts = match order.divided.get() {
        Some(parts) => Parts::clone(parts),
        None => Parts::new(order, &on_bill),
    };
    let mut list = Vec::with_capacity(on_bill.len());
    for row in on_bill {
        let Some(participant) = order.people.get(row) else { continue };
        let divided = parts.rows.get(row).copied().unwrap_or_default();
        let agreed = parts.agreed(row);
        let mut lines = taken(&mut parts.own, row);
        // Only where no dish costs anything, so that their part of the dishes is nothing.
        if let Some(dishes) = lines.first_mut().filter(|_| agreed != Amount::ZERO) {
            *dishes = Line::dishes(agreed);
        }
        list.push(Share {
            participant,
            amount: divided.checked_add(agreed).unwrap_or(divided),
            items: taken(&mut items, row),
            lines,
            included: taken(&mut parts.own_included, row),
        });
    }
    let amount_due = Amount::checked_sum(parts.lines.iter().map(Line::amount)).unwrap_or(order.total);
    let allocated = Amount::checked_sum(list.iter().map(Share::amount));
    Shares {
        unallocated: allocated.and_then(|sum| amount_due.checked_sub(sum)).unwrap_or(amount_due),
        on_nothing: parts.on_nothing,
        list,
        amount_due,
        lines: parts.lines,
        included: parts.included,
    }
}

/// The seats of those on the bill as things are, in the order of seats.
pub(crate) fn seats_on_bill(order: &Order) -> Vec<Seat> {
    let mut has_part = vec![false; order.people.len()];
    let mut note = |seat: Seat| {
        if let Some(has_part) = has_part.get_mut(seat.0) {
            *has_part = true;
        }
    };
    order.items().flat_map(|item| &item.claims).for_each(|(seat, _)| note(*seat));
    for payment in order.payments.iter().filter(|payment| payment.status != PaymentStatus::Failed) {
        payment.parts.iter().filter(|part| part.kept() != Amount::ZERO).for_each(|part| note(part.seat));
    }
    let seats = order.people.iter().zip(has_part).enumerate();
    seats.filter(|(_, (person, has_part))| !person.left || *has_part).map(|(row, _)| Seat(row)).collect()
}

fn taken<T>(lists: &mut [Vec<T>], place: usize) -> Vec<T> {
    lists.get_mut(place).map(std::mem::take).unwrap_or_default()
}

/// A divided bill, by seat.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    rows: Vec<Amount>,
    lines: Vec<Line>,
    own: Vec<Vec<Line>>,
    included: Vec<Line>,
    own_included: Vec<Vec<Line>>,
    on_nothing: Vec<Line>,
    /// What some agreed to pay although there is no dish to divide it over.
    agreed: Option<Vec<(usize, i64)>>,
}

impl Parts {
    /// Divides the bill among those on it. The order keeps what it took a matrix to find out.
    fn new(order: &Order, on_bill: &[usize]) -> Self {
        let people = order.people.len();
        let is_on_bill = |row: usize| on_bill.binary_search(&row).is_ok();
        let row_of = |id: &ParticipantId| order.seat_of(id).map(|seat| seat.0).filter(|&row| is_on_bill(row));
        let terms = order.split.terms(order.total, people, on_bill, &row_of);
        let statement = Statement {
            diners: people,
            dishes: order
                .items()
                .map(|item| StatedDish {
                    id: &item.id,
                    kind: item.dish_type.as_str(),
                    amount: item.total,
                    claims: &item.claims,
                })
                .collect(),
            rule: terms.rule,
            payers: terms.payers,
            heads: terms.heads,
            charges: &order.charges,
            tips: order
                .tips
                .iter()
                .filter(|(seat, _)| is_on_bill(seat.0))
                .map(|(seat, &tip)| (seat.0, tip))
                .collect(),
            waived: order.without_service.iter().map(|seat| seat.0).collect(),
            round_to: order.round_to,
            dish_by_dish: false,
        };
        let tie = |row: usize| {
            let person = order.people.get(row);
            (person.is_none(), person.map(|person| person.tie_rank(&order.id)))
        };
        if let Some(rows) = statement.plain_rows(tie) {
            return Self { agreed: terms.agreed, ..Self::of_dishes(order.total, rows) };
        }
        let divided = match statement.divide(tie) {
            Some(divided) => Self::of(order, &divided),
            // What `decide` let in can always be divided. Should it not be, nobody pays anything, and it cannot be
            // finalized.
            None => Self { lines: vec![Line::dishes(order.total)], ..Self::default() },
        };
        let divided = Self { agreed: terms.agreed, ..divided };
        Self::clone(order.divided.get_or_init(|| Box::new(divided)))
    }

    /// What somebody agreed to pay although there is no dish.
    fn agreed(&self, row: usize) -> Amount {
        let agreed = self.agreed.iter().flatten().find(|(other, _)| *other == row);
        Amount::from_minor_units(agreed.map_or(0, |(_, amount)| *amount))
    }

    /// A bill that is nothing but dishes.
    fn of_dishes(total: Amount, rows: Vec<Amount>) -> Self {
        let own = rows.iter().map(|&row| vec![Line::dishes(row)]).collect();
        Self { rows, own, lines: vec![Line::dishes(total)], ..Self::default() }
    }

    fn of(order: &Order, divided: &Divided) -> Self {
        let rows = (0..order.people.len()).map(|row| divided.due.row(row)).collect();
        let (lines, own) = named(order, &divided.due);
        let (included, own_included) = charges(order, &divided.included);
        let on_nothing = divided.on_nothing(&order.charges).collect();
        Self { rows, lines, own, included, own_included, on_nothing, agreed: None }
    }
}

/// All dishes in one line, then the charges; and by row the part of each.
fn named(order: &Order, lines: &Lines) -> (Vec<Line>, Vec<Vec<Line>>) {
    let mut dishes = Amount::ZERO;
    let mut own_dishes = vec![Amount::ZERO; order.people.len()];
    for (label, amount, cells) in lines.iter() {
        if let Label::Dish(_) | Label::Dishes = label {
            // Bounded by the order's total, which fits.
            dishes = dishes.checked_add(amount).unwrap_or_default();
            for cell in cells {
                if let Some(own) = own_dishes.get_mut(cell.row) {
                    *own = own.checked_add(Amount::from_minor_units(cell.amount)).unwrap_or_default();
                }
            }
        }
    }
    let (mut all, mut own) = charges(order, lines);
    all.insert(0, Line::dishes(dishes));
    for (own, dishes) in own.iter_mut().zip(own_dishes) {
        own.insert(0, Line::dishes(dishes));
    }
    (all, own)
}

/// The charges, and by row the part of each, where it is anything.
fn charges(order: &Order, lines: &Lines) -> (Vec<Line>, Vec<Vec<Line>>) {
    let mut all = Vec::new();
    let mut own: Vec<Vec<Line>> = vec![Vec::new(); order.people.len()];
    for (label, amount, cells) in lines.iter() {
        if label == Label::Dishes {
            continue;
        }
        let Some((name, kind)) = label.name(&order.charges, |_| None) else { continue };
        for cell in cells.iter().filter(|cell| cell.amount != 0) {
            if let Some(own) = own.get_mut(cell.row) {
                own.push(Line::new(name.clone(), kind, Amount::from_minor_units(cell.amount)));
            }
        }
        all.push(Line::new(name, kind, amount));
    }
    (all, own)
}
