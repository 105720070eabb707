//! What each person on the bill pays.

use std::collections::BTreeMap;

use super::{ApportionError, Claim, CustomShares, Percentage, SplitRule, TieRank, apportion};
use crate::{Amount, Item, Order, Participant, ParticipantId};

/// What one person on the bill pays.
#[derive(Debug, Clone)]
pub struct Share<'order> {
    participant: &'order Participant,
    amount: Amount,
    items: Vec<&'order Item>,
}

impl<'order> Share<'order> {
    /// Who pays.
    pub fn participant(&self) -> &'order Participant {
        self.participant
    }

    /// How much.
    pub fn amount(&self) -> Amount {
        self.amount
    }

    /// The items that this person added, by whatever rule the bill is shared.
    pub fn items(&self) -> &[&'order Item] {
        &self.items
    }
}

/// How an order's total is shared.
#[derive(Debug, Clone)]
pub struct Shares<'order> {
    list: Vec<Share<'order>>,
    unallocated: Amount,
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

    /// The total less all shares. Other than zero only while custom shares do not cover the total; negative
    /// when they are more than it.
    pub fn unallocated(&self) -> Amount {
        self.unallocated
    }
}

/// Shares the order's total among everybody on the bill: those who joined and have not left, and those who
/// left but still have a dish on it.
pub fn shares(order: &Order) -> Shares<'_> {
    let mut own: Vec<(Vec<&Item>, Amount)> = vec![(Vec::new(), Amount::ZERO); order.people.len()];
    for item in order.items() {
        if let Some((items, sum)) = own.get_mut(item.added_by.0) {
            items.push(item);
            // Bounded by the order's total, which fits.
            *sum = sum.checked_add(item.total).unwrap_or(*sum);
        }
    }
    let (mut list, sums): (Vec<_>, Vec<_>) = order
        .people
        .iter()
        .zip(own)
        .filter(|(person, (items, _))| !person.left || !items.is_empty())
        .map(|(participant, (items, sum))| (Share { participant, amount: Amount::ZERO, items }, sum))
        .unzip();

    let amounts = match &order.split {
        SplitRule::Equal | SplitRule::Custom(None) => divided(order, &list, |_| 1),
        SplitRule::Itemized => Ok(sums),
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => Ok(list
            .iter()
            .map(|share| amounts.get(share.participant.id()).copied().unwrap_or_default())
            .collect()),
        SplitRule::Custom(Some(CustomShares::Percentages(percentages))) => {
            by_percentage(order, &list, percentages)
        }
        SplitRule::Custom(Some(CustomShares::Weights(weights))) => divided(order, &list, |share| {
            weights.get(share.participant.id()).map_or(0, |weight| weight.millionths())
        }),
    };
    // Nobody to share with: all of it stays unallocated.
    for (share, amount) in list.iter_mut().zip(amounts.unwrap_or_default()) {
        share.amount = amount;
    }
    let allocated = Amount::checked_sum(list.iter().map(Share::amount));
    // Both are far below the range of an amount: a total by its ceiling, custom amounts by theirs.
    let unallocated = allocated.and_then(|sum| order.total.checked_sub(sum)).unwrap_or(order.total);
    Shares { list, unallocated }
}

fn divided(
    order: &Order,
    list: &[Share<'_>],
    weight: impl Fn(&Share<'_>) -> u64,
) -> Result<Vec<Amount>, ApportionError> {
    let claims: Vec<_> = list
        .iter()
        .map(|share| Claim { weight: weight(share), tie: TieRank::new(&order.id, share.participant.id()) })
        .collect();
    apportion(order.total, &claims)
}

/// As [`divided`], with one more claim for the percentages of those who are no longer on the bill: their part
/// falls to nobody until the table agrees anew.
fn by_percentage(
    order: &Order,
    list: &[Share<'_>],
    percentages: &BTreeMap<ParticipantId, Percentage>,
) -> Result<Vec<Amount>, ApportionError> {
    let of = |share: &Share<'_>| percentages.get(share.participant.id()).map_or(0, |part| part.millionths());
    let present: u64 = list.iter().map(of).sum();
    let mut claims: Vec<_> = list
        .iter()
        .map(|share| Claim {
            weight: of(share),
            tie: (false, Some(TieRank::new(&order.id, share.participant.id()))),
        })
        .collect();
    claims
        .push(Claim { weight: Percentage::HUNDRED.millionths().saturating_sub(present), tie: (true, None) });
    let mut parts = apportion(order.total, &claims)?;
    parts.truncate(list.len());
    Ok(parts)
}
