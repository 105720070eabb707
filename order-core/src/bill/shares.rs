//! Each person's share of an order's bill.

use crate::divide::{DishLines, DividedRows, Extras, Line, People, StatedDish, Statement};
use crate::order::payments::PaymentStatus;
use crate::value::Seat;
use crate::{Amount, Item, Order, Participant, ParticipantId};

/// One person's share of the bill.
#[derive(Debug, Clone)]
pub struct Share<'order> {
    participant: &'order Participant,
    amount: Amount,
    items: Vec<&'order Item>,
    lines: Vec<Line>,
    included: Vec<Line>,
}

impl<'order> Share<'order> {
    /// The person who pays.
    pub fn participant(&self) -> &'order Participant {
        self.participant
    }

    /// The amount of the share.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// The items that this person claims, whatever the split rule.
    pub fn items(&self) -> &[&'order Item] {
        &self.items
    }

    /// Their part of all dishes together, then their non-zero parts of charges. Sums to the amount.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Their part of the taxes included in prices.
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
    /// One share for each person on the bill, in joining order.
    pub fn list(&self) -> &[Share<'order>] {
        &self.list
    }

    /// The share of one person, if they are on the bill.
    pub fn of(&self, participant: &ParticipantId) -> Option<&Share<'order>> {
        self.list.iter().find(|share| share.participant.id() == participant)
    }

    /// The amount due: the total of the dishes, plus charges, less discounts.
    pub fn amount_due(&self) -> Amount {
        self.amount_due
    }

    /// What is due less all shares: the part that no share covers now. Other than zero while a dish is unassigned, while
    /// custom shares do not cover the total, or while a charge is on nothing; negative when shares are more than the total.
    pub fn unallocated(&self) -> Amount {
        self.unallocated
    }

    /// The first of [`lines`](Self::lines) that its parts do not sum to, and what is missing. Shares may sum all the same:
    /// agreed shares that are 7 more than the dishes have 7 too much of a discount of 100 %, too.
    pub(crate) fn first_uncovered(&self) -> Option<(&Line, Amount)> {
        self.lines.iter().find_map(|line| {
            let is_alike = |other: &&Line| other.kind() == line.kind() && other.name() == line.name();
            let sum = |lines: &[Line]| Amount::checked_sum(lines.iter().filter(is_alike).map(Line::amount));
            let parts = self.list.iter().map(|share| sum(&share.lines)).collect::<Option<Vec<_>>>();
            let missing = sum(&self.lines)?.checked_sub(Amount::checked_sum(parts?)?)?;
            (missing != Amount::ZERO).then_some((line, missing))
        })
    }

    /// All dishes in one line, then each charge, personal tips, and the round-off. Sums to the
    /// amount due.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Taxes included in prices. They add nothing to the amount due.
    pub fn included(&self) -> &[Line] {
        &self.included
    }

    /// Charges of fixed amounts that have nothing to be taken of, so that they are unassigned.
    pub fn on_nothing(&self) -> &[Line] {
        &self.on_nothing
    }
}

/// Shares the order's bill among everybody on it: the people at the table, and people who left
/// but still share a dish or have a payment for their share. A finalized order keeps the people
/// who were on it then.
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
        Some(parts) => DividedRows::clone(parts),
        None => divided(order, &on_bill),
    };
    let mut list = Vec::with_capacity(on_bill.len());
    for row in on_bill {
        let Some(participant) = order.people.get(row) else { continue };
        let of_matrix = parts.rows.get(row).copied().unwrap_or_default();
        let agreed = parts.agreed(row);
        let mut lines = taken(&mut parts.own, row);
        // Only if no dish costs anything, so their part of the dishes is zero.
        if let Some(dishes) = lines.first_mut().filter(|_| agreed != Amount::ZERO) {
            *dishes = Line::dishes(agreed);
        }
        list.push(Share {
            participant,
            amount: of_matrix.checked_add(agreed).unwrap_or(of_matrix),
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

/// Divides an order's bill among those on it. The order keeps what it took a matrix to find out.
fn divided(order: &Order, on_bill: &[usize]) -> DividedRows {
    let is_on_bill = |row: usize| on_bill.binary_search(&row).is_ok();
    let row_of = |id: &ParticipantId| order.seat_of(id).map(|seat| seat.0).filter(|&row| is_on_bill(row));
    let people = People { rows: order.people.len(), on_bill, row_of: &row_of };
    let dishes = order.items().map(|item| StatedDish {
        id: &item.id,
        kind: item.dish_type.as_str(),
        amount: item.total,
        claims: &item.claims,
    });
    let tips = order.tips.iter().filter(|(seat, _)| is_on_bill(seat.0));
    let extras = Extras {
        charges: &order.charges,
        tips: tips.map(|(seat, &tip)| (seat.0, tip)).collect(),
        waived: order.without_service.iter().map(|seat| seat.0).collect(),
        round_to: order.round_to,
        round_shares: order.round_shares_to().is_some(),
        odd_units: order.odd_units(),
        order: &order.id,
    };
    let statement = Statement::new(&order.split, order.total, &people, dishes.collect(), extras);
    let rank = |row: usize| order.people.get(row).map(|person| person.tie_rank(&order.id));
    if let Some(rows) = statement.plain_rows(rank) {
        return DividedRows { agreed: statement.terms.agreed, ..DividedRows::of_dishes(order.total, rows) };
    }
    let divided = match statement.divide(DishLines::Together, rank) {
        Some(divided) => DividedRows::of(order.people.len(), &order.charges, &divided),
        // What `decide` let in can always be divided. If it could not, all shares would be zero, and the order could not be
        // finalized.
        None => DividedRows { lines: vec![Line::dishes(order.total)], ..DividedRows::default() },
    };
    let divided = DividedRows { agreed: statement.terms.agreed, ..divided };
    DividedRows::clone(order.divided.get_or_init(|| Box::new(divided)))
}

/// The seats of the people who are on the bill now, in seat order.
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
        payment.written_off.iter().for_each(|(seat, _)| note(*seat));
    }
    let seats = order.people.iter().zip(has_part).enumerate();
    seats.filter(|(_, (person, has_part))| !person.left || *has_part).map(|(row, _)| Seat(row)).collect()
}

fn taken<T>(lists: &mut [Vec<T>], place: usize) -> Vec<T> {
    lists.get_mut(place).map(std::mem::take).unwrap_or_default()
}
