//! Decides payments and refunds.

use rust_decimal::Decimal;

use super::amounts::{amount_up_to, bad_amount};
use super::rights::{in_charge, not_archived};
use crate::bill::{Balance, Balances};
use crate::command::{PaidFor, PaymentCommand, RecordPayment, RefundPayment};
use crate::fact::{Fact, PaymentFact, PaymentRecorded};
use crate::order::Order;
use crate::order::payments::{MAX_PAYMENT_PARTS, MAX_PAYMENTS, MAX_REFUNDS, Part, Payment, PaymentStatus};
use crate::order::people::Seat;
use crate::rejection::{Code, Rejection};
use crate::split::{Claim, TieRank, apportion, shares};
use crate::{Actor, Amount, ParticipantId, PaymentId, max_order_total};

/// Decides a command about a payment; `None`: it changes nothing.
pub(super) fn decide(
    order: &Order,
    actor: &Actor,
    command: &PaymentCommand,
) -> Result<Option<Fact>, Rejection> {
    in_charge(order, actor)?;
    not_archived(order)?;
    match command {
        PaymentCommand::Record(payment) => record(order, actor, payment).map(Some),
        PaymentCommand::Update { payment, arrived } => update(order, actor, payment, *arrived),
        PaymentCommand::Refund(refund) => self::refund(order, actor, refund).map(Some),
    }
}

/// Records a payment: whose shares it pays, and how much of it is a tip.
fn record(order: &Order, by: &Actor, payment: &RecordPayment) -> Result<Fact, Rejection> {
    if order.payment(&payment.payment).is_some() {
        return Err(taken("data.paymentId"));
    }
    if order.payments.len() >= MAX_PAYMENTS {
        return Err(
            Rejection::new(Code::TooManyPayments).expected(format!("at most {MAX_PAYMENTS} payments"))
        );
    }
    let amount = positive(order, "data.amount", payment.amount)?;
    let payer = payer(order, by, payment)?;
    let Paid { parts, tip } = paid(order, &payer, payment, amount)?;
    let all_parts =
        order.payments.iter().fold(parts.len(), |sum, payment| sum.saturating_add(payment.parts.len()));
    if all_parts > MAX_PAYMENT_PARTS {
        return Err(Rejection::new(Code::TooManyPayments)
            .expected(format!("at most {MAX_PAYMENT_PARTS} shares in all payments together")));
    }
    Ok(Fact::Payment(PaymentFact::Recorded(PaymentRecorded {
        payment: payment.payment.clone(),
        payer,
        amount,
        parts,
        tip,
        method: payment.method.clone(),
        reference: payment.reference.clone(),
        status: if payment.pending { PaymentStatus::Pending } else { PaymentStatus::Paid },
    })))
}

/// Marks a payment as arrived or failed. A failed one may still arrive; one that arrived can
/// only be refunded. Repeating a status changes nothing.
fn update(order: &Order, by: &Actor, id: &PaymentId, arrived: bool) -> Result<Option<Fact>, Rejection> {
    let payment = find(order, by, id)?;
    let status = if arrived { PaymentStatus::Paid } else { PaymentStatus::Failed };
    if payment.status == status {
        return Ok(None);
    }
    if payment.status == PaymentStatus::Paid {
        return Err(Rejection::new(Code::BadPayment)
            .field("data.status")
            .because("it is already paid")
            .expected("refund_payment, to refund it"));
    }
    Ok(Some(Fact::Payment(PaymentFact::Updated { payment: id.clone(), status })))
}

/// Records a refund. What it takes back of shares is due again, unless the command says otherwise.
fn refund(order: &Order, by: &Actor, refund: &RefundPayment) -> Result<Fact, Rejection> {
    let payment = find(order, by, &refund.payment)?;
    if payment.refunds.iter().any(|other| other.id == refund.refund) {
        return Err(taken("data.refundId"));
    }
    let refunds =
        order.payments.iter().fold(0_usize, |sum, payment| sum.saturating_add(payment.refunds.len()));
    if refunds >= MAX_REFUNDS {
        return Err(Rejection::new(Code::TooManyPayments).expected(format!("at most {MAX_REFUNDS} refunds")));
    }
    let kept = payment.amount.checked_sub(payment.refunded()).unwrap_or_default();
    if payment.status != PaymentStatus::Paid || kept == Amount::ZERO {
        let status = if payment.status == PaymentStatus::Paid { "refunded" } else { payment.status.as_str() };
        return Err(Rejection::new(Code::BadPayment)
            .field("data.paymentId")
            .because(format!("it is {status}"))
            .expected("a payment that is paid"));
    }
    let amount = match refund.amount {
        Some(amount) => positive(order, "data.amount", amount)?,
        None => kept,
    };
    if amount > kept {
        let excess = amount.checked_sub(kept).unwrap_or_default();
        return Err(Rejection::new(Code::BadPayment)
            .field("data.amount")
            .because(format!(
                "it is {} more than what is left of the payment",
                excess.display(order.currency)
            ))
            .expected(format!("at most {}", kept.display(order.currency))));
    }
    let GivenBack { parts, tip, of_shares } = given_back(order, payment, amount)?;
    Ok(Fact::Payment(PaymentFact::Refunded {
        payment: refund.payment.clone(),
        refund: refund.refund.clone(),
        amount,
        parts,
        tip,
        written_off: (!refund.due).then_some(of_shares),
    }))
}

/// What a refund takes back.
struct GivenBack {
    /// Of the payment of each share.
    parts: Vec<(ParticipantId, Amount)>,
    tip: Amount,
    /// What of the parts had paid shares, and not what was beyond them.
    of_shares: Vec<(ParticipantId, Amount)>,
}

/// How much is refunded of each share, and of the tip: first what was paid beyond the shares, then the tip, then what
/// paid the shares, in proportion.
fn given_back(order: &Order, payment: &Payment, amount: Amount) -> Result<GivenBack, Rejection> {
    let balances = Balances::new(order, &shares(order));
    let beyond = |part: &Part| {
        let due = balances.at(part.seat).map(|balance| balance.due()).unwrap_or_default();
        Amount::ZERO.checked_sub(due).unwrap_or_default().clamp(Amount::ZERO, part.kept())
    };
    let credits: Vec<_> = payment.parts.iter().map(|part| (part.seat, beyond(part))).collect();
    let credit = Amount::checked_sum(credits.iter().map(|(_, credit)| *credit)).unwrap_or_default();
    let first = amount.min(credit);
    let of_credits = in_proportion(order, first, &credits)?;

    let rest = amount.checked_sub(first).unwrap_or_default();
    let tip = payment.tip.checked_sub(payment.tip_refunded).unwrap_or_default().min(rest);
    let less =
        |(part, credit): (&Part, &Amount)| (part.seat, part.kept().checked_sub(*credit).unwrap_or_default());
    let kept: Vec<_> = payment.parts.iter().zip(&of_credits).map(less).collect();
    let of_kept = in_proportion(order, rest.checked_sub(tip).unwrap_or_default(), &kept)?;

    let mut back = GivenBack { parts: Vec::new(), tip, of_shares: Vec::new() };
    for ((part, credit), of_share) in payment.parts.iter().zip(&of_credits).zip(of_kept) {
        let Some(person) = order.at(part.seat) else { continue };
        let sum = credit.checked_add(of_share).unwrap_or_default();
        for (list, amount) in [(&mut back.parts, sum), (&mut back.of_shares, of_share)] {
            if amount != Amount::ZERO {
                list.push((person.id().clone(), amount));
            }
        }
    }
    Ok(back)
}

/// Finds a payment that the actor may change.
fn find<'order>(order: &'order Order, by: &Actor, id: &PaymentId) -> Result<&'order Payment, Rejection> {
    let payment = order.payment(id).ok_or_else(|| {
        Rejection::new(Code::PaymentNotFound)
            .field("data.paymentId")
            .expected("the id of a payment on the order")
    })?;
    match by {
        Actor::Participant(_) if payment.is_backends() => Err(Code::BackendOnly.into()),
        Actor::Participant(_) | Actor::Backend | Actor::Clock => Ok(payment),
    }
}

fn taken(field: &'static str) -> Rejection {
    Rejection::new(Code::PaymentIdTaken).field(field).expected("an unused id, or none")
}

fn positive(order: &Order, field: &'static str, number: Decimal) -> Result<Amount, Rejection> {
    let amount = amount_up_to(number, max_order_total(order.currency), order.currency)
        .map_err(|error| bad_amount(order.currency, Code::BadPayment, field, error))?;
    if amount == Amount::ZERO {
        return Err(Rejection::new(Code::BadPayment).field(field).expected("an amount above 0"));
    }
    Ok(amount)
}

/// Who paid: the named payer, else the owner who records it, else the one person it is for.
fn payer(order: &Order, by: &Actor, payment: &RecordPayment) -> Result<ParticipantId, Rejection> {
    let only = match &payment.paid_for {
        Some(PaidFor::Shares(ids)) => ids.first().filter(|_| ids.len() == 1),
        Some(PaidFor::Amounts(amounts)) => amounts.keys().next().filter(|_| amounts.len() == 1),
        None => None,
    };
    let payer = payment.payer.as_ref().or(by.id()).or(only).ok_or_else(|| {
        Rejection::new(Code::MissingField).field("data.payer").expected("the id of the person who paid")
    })?;
    match order.person(payer) {
        Some(person) => Ok(person.id().clone()),
        None => Err(unknown("data.payer")),
    }
}

/// How a payment is divided: parts of shares, and a tip.
struct Paid {
    parts: Vec<(ParticipantId, Amount)>,
    tip: Amount,
}

/// How much of some shares can be paid.
struct Payable {
    /// What is due of them.
    due: Amount,
    /// What of that is not on its way.
    open: Amount,
}

impl Payable {
    fn of(balances: &[Balance]) -> Self {
        let sum = |amount: fn(&Balance) -> Amount| {
            let amounts = balances.iter().map(|balance| amount(balance).max(Amount::ZERO));
            Amount::checked_sum(amounts).unwrap_or_default()
        };
        Self { due: sum(Balance::due), open: sum(Balance::open) }
    }

    /// How much of `amount` pays these shares; the rest is an excess. An amount on its way cannot
    /// be paid again, and does not turn other money into a tip.
    fn take(&self, order: &Order, amount: Amount, excess_is_tip: bool) -> Result<Amount, Rejection> {
        let taken = amount.min(self.due);
        if taken > self.open {
            let pending = self.due.checked_sub(self.open).unwrap_or_default();
            let clause = format!("{} of what is due is already on its way", pending.display(order.currency));
            return Err(overpayment(order, amount, self.open)
                .because(clause)
                .expected(format!("at most {}", self.open.display(order.currency))));
        }
        if amount > taken && !excess_is_tip {
            return Err(overpayment(order, amount, self.due));
        }
        Ok(taken)
    }
}

fn paid(
    order: &Order,
    payer: &ParticipantId,
    payment: &RecordPayment,
    amount: Amount,
) -> Result<Paid, Rejection> {
    let shares = shares(order);
    let balances = Balances::new(order, &shares);
    let tip_allowed = payment.excess_is_tip;
    let share = |id: &ParticipantId, field: &'static str| {
        let seat = order.seat_of(id).filter(|_| shares.of(id).is_some()).ok_or_else(|| unknown(field))?;
        Ok::<_, Rejection>((seat, balances.at(seat).unwrap_or_default()))
    };
    let mut parts: Vec<(Seat, Amount)> = Vec::new();
    match &payment.paid_for {
        Some(PaidFor::Amounts(amounts)) => {
            let mut rest = amount;
            for (id, &number) in amounts {
                let part = positive(order, "data.for", number)?;
                let (seat, balance) = share(id, "data.for")?;
                let taken = Payable::of(&[balance]).take(order, part, tip_allowed);
                parts.push((seat, taken.map_err(|rejection| rejection.field("data.for"))?));
                rest = rest.checked_sub(part).unwrap_or_default();
            }
            if rest.is_negative() || rest != Amount::ZERO && !tip_allowed {
                let clause =
                    if rest.is_negative() { "more than the payment" } else { "short of the payment" };
                let missing = Amount::from_minor_units(rest.minor_units().saturating_abs());
                return Err(Rejection::new(Code::BadPayment)
                    .field("data.for")
                    .because(format!("the amounts are {} {clause}", missing.display(order.currency)))
                    .expected(format!("amounts that add up to {}", amount.display(order.currency)))
                    .unallocated(rest, order.currency));
            }
        }
        Some(PaidFor::Shares(ids)) => {
            let mut of = Vec::with_capacity(ids.len());
            for id in ids {
                let (seat, balance) = share(id, "data.for")?;
                if parts.iter().any(|(other, _)| *other == seat) {
                    return Err(Rejection::new(Code::ConflictingClaims)
                        .field("data.for")
                        .because("somebody is listed twice")
                        .expected("each person once"));
                }
                parts.push((seat, balance.open().max(Amount::ZERO)));
                of.push(balance);
            }
            let taken = Payable::of(&of).take(order, amount, tip_allowed)?;
            parts = up_to(order, taken, parts)?;
        }
        None => {
            let (seat, balance) = share(payer, "data.payer")?;
            parts.push((seat, Payable::of(&[balance]).take(order, amount, tip_allowed)?));
        }
    }
    let given = Amount::checked_sum(parts.iter().map(|(_, part)| *part)).unwrap_or_default();
    let tip = amount.checked_sub(given).unwrap_or_default();
    // Whatever the single shares are, nobody pays the restaurant more than the bill.
    if given > balances.open() {
        let open = balances.open().display(order.currency).to_string();
        return Err(overpayment(order, given, balances.open())
            .because(format!("only {open} is still due to the restaurant; others paid the rest"))
            .expected(format!("at most {open}")));
    }
    parts.retain(|(_, part)| *part != Amount::ZERO);
    let person = |(seat, part): (Seat, Amount)| order.at(seat).map(|person| (person.id().clone(), part));
    Ok(Paid { parts: parts.into_iter().filter_map(person).collect(), tip })
}

/// The open part of each share or, if `amount` is smaller, a part in proportion.
fn up_to(order: &Order, amount: Amount, open: Vec<(Seat, Amount)>) -> Result<Vec<(Seat, Amount)>, Rejection> {
    let all = Amount::checked_sum(open.iter().map(|(_, part)| *part)).ok_or(Code::TotalTooLarge)?;
    if amount >= all {
        return Ok(open);
    }
    let parts = in_proportion(order, amount, &open)?;
    Ok(open.into_iter().zip(parts).map(|((seat, _), part)| (seat, part)).collect())
}

/// Divides `amount` in proportion to other amounts. It is at most their sum, so no part exceeds
/// its weight.
fn in_proportion(
    order: &Order,
    amount: Amount,
    weights: &[(Seat, Amount)],
) -> Result<Vec<Amount>, Rejection> {
    let claim = |&(seat, weight): &(Seat, Amount)| Claim {
        weight: weight.minor_units().unsigned_abs(),
        tie: order.at(seat).map(|person| TieRank::new(&order.id, person.id())),
    };
    let claims: Vec<_> = weights.iter().map(claim).collect();
    apportion(amount, &claims).map_err(|_| Code::TotalTooLarge.into())
}

fn unknown(field: &'static str) -> Rejection {
    Rejection::new(Code::UnknownParticipant).field(field).expected("ids of people on the bill")
}

/// Rejects a payment of more than is due. The excess is reported as a negative amount.
fn overpayment(order: &Order, paid: Amount, due: Amount) -> Rejection {
    let currency = order.currency;
    let excess = paid.checked_sub(due).unwrap_or_default();
    Rejection::new(Code::Overpayment)
        .field("data.amount")
        .because(format!("{} is {} too much", paid.display(currency), excess.display(currency)))
        .expected(format!("at most {}, or the excess marked as a tip", due.display(currency)))
        .unallocated(Amount::ZERO.checked_sub(excess).unwrap_or_default(), currency)
}
