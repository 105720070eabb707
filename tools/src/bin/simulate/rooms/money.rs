//! Checks that all sums are right in every state of every order.

use order_core::fact::PaymentFact;
use order_core::payment::{Balances, PaymentStatus};
use order_core::split::{Share, shares};
use order_core::{Amount, Fact, Item, Order, Recorded};

use super::outcome::{Oracle, Violation};

pub(crate) fn check(order: &Order, recorded: &Recorded) -> Result<(), Violation> {
    let split = shares(order);
    let sum = |amounts: &mut dyn Iterator<Item = Amount>| Amount::checked_sum(amounts);
    let due = split.amount_due();
    let allocated = sum(&mut split.list().iter().map(Share::amount));
    let lines = sum(&mut split.lines().iter().map(order_core::bill::Line::amount));
    let each_is_its_lines = split.list().iter().all(|share| {
        share.lines().is_empty()
            || sum(&mut share.lines().iter().map(order_core::bill::Line::amount)) == Some(share.amount())
    });
    let payments_are_their_parts = order.payments().iter().all(|payment| {
        let parts = sum(&mut order.paid_for(payment).map(|(_, part)| part));
        let whole = parts.and_then(|parts| parts.checked_add(payment.tip()));
        let refunds = sum(&mut payment.refunds().iter().map(order_core::payment::Refund::amount));
        whole == Some(payment.amount())
            && refunds == Some(payment.refunded())
            && payment.refunded() <= payment.amount()
            && payment.tip_refunded() <= payment.tip()
    });
    let laws = [
        ("shares", allocated.and_then(|sum| sum.checked_add(split.unallocated())) == Some(due)),
        ("dishes", sum(&mut order.items().map(Item::total)) == Some(order.total())),
        ("lines", split.lines().is_empty() || lines == Some(due)),
        ("lines of a share", each_is_its_lines),
        ("parts of a payment", payments_are_their_parts),
        ("what is paid", not_overpaid(order, recorded)),
    ];
    match laws.iter().find(|(_, holds)| !holds) {
        None => Ok(()),
        Some((what, _)) => {
            let what = format!("{what} do not add up after {recorded:?}: {order:?}");
            Err(Violation { oracle: Oracle::Money, what })
        }
    }
}

/// Returns whether a new payment pays no more than what is due of each share.
fn not_overpaid(order: &Order, recorded: &Recorded) -> bool {
    let Fact::Payment(PaymentFact::Recorded(fact)) = &recorded.fact else { return true };
    if fact.status == PaymentStatus::Failed {
        return true;
    }
    let split = shares(order);
    let balances = Balances::new(order, &split);
    fact.parts.iter().all(|(person, part)| {
        let Some(share) = split.of(person) else { return false };
        *part <= Amount::ZERO || balances.of(order, share).open() >= Amount::ZERO
    })
}
