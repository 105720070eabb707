//! Judging a command: what would happen if it were carried out.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::command::{Actor, AddItem, AgreedShares, Command, Join, UpdateSplit};
use crate::fact::{Fact, ItemAdded, Joined, Recorded};
use crate::item::text_bytes;
use crate::order::{MAX_ITEMS, MAX_PARTICIPANTS, MAX_TEXT_BYTES, Order, Status};
use crate::rejection::{Code, Rejection};
use crate::split::{CustomShares, Percentage, SHARE_DECIMALS, SplitRule, Weight, shares};
use crate::{
    Amount, AmountError, ItemId, MAX_QUANTITY, ParticipantId, Price, Quantity, Role, UnixMillis,
    max_order_total,
};

/// What [`decide`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// This would happen. Store it, then [`commit`](crate::commit) it.
    Record(Recorded),
    /// Granted, and nothing changes: somebody whom the order knows came back as they were.
    Unchanged,
}

/// Says what would happen to `order` if `actor` gave `command` at `now`. Changes nothing.
///
/// # Errors
/// When the command is refused. Its [`Code`] is stable; nothing has changed.
pub fn decide(
    order: &Order,
    now: UnixMillis,
    actor: &Actor,
    command: &Command,
) -> Result<Decision, Rejection> {
    let fact = match command {
        Command::Join(join) => match decide_join(order, actor.id(), join)? {
            Some(joined) => Fact::Joined(joined),
            None => return Ok(Decision::Unchanged),
        },
        Command::AddItem(add) => {
            present(order, actor)?;
            Fact::ItemAdded(decide_add(order, add)?)
        }
        Command::RemoveItem { item } => {
            present(order, actor)?;
            find(order, item)?;
            Fact::ItemRemoved { item: item.clone() }
        }
        Command::UpdateQuantity { item, quantity } => {
            present(order, actor)?;
            decide_quantity(order, item, *quantity)?
        }
        Command::UpdateSplit(update) => {
            present(order, actor)?;
            Fact::SplitUpdated { split: decide_split(order, update)? }
        }
        Command::Finalize => {
            present(order, actor)?;
            decide_finalize(order)?;
            Fact::Finalized
        }
        Command::Leave => {
            present(order, actor)?;
            Fact::Left { owner: owner_without(order, actor.id()) }
        }
    };
    Ok(Decision::Record(Recorded {
        seq: order.seq.saturating_add(1),
        // A clock that was set back must not make the log run backwards.
        at: now.max(order.updated_at),
        by: actor.id().clone(),
        fact,
    }))
}

/// Only who is at the table of an open order changes it.
fn present(order: &Order, actor: &Actor) -> Result<(), Rejection> {
    let person = order.person(actor.id()).ok_or(Code::JoinFirst)?;
    still_open(order)?;
    if person.has_left() { Err(Code::JoinFirst.into()) } else { Ok(()) }
}

fn still_open(order: &Order) -> Result<(), Rejection> {
    match order.status {
        Status::Active => Ok(()),
        Status::Finalized => Err(Code::OrderFinalized.into()),
    }
}

fn decide_join(order: &Order, id: &ParticipantId, join: &Join) -> Result<Option<Joined>, Rejection> {
    let known = order.person(id);
    if known.is_some() && order.status == Status::Finalized {
        // Whoever was part of it may look at the bill, but changes nothing by it.
        return Ok(None);
    }
    still_open(order)?;
    let first = order.people.is_empty();
    if let Some(currency) = join.currency
        && !first
        && currency != order.currency
    {
        return Err(Rejection::new(Code::BadCurrency)
            .field("data.currency")
            .because(format!("this order is in {}", order.currency))
            .expected(order.currency.code().to_owned()));
    }
    let name = match (&join.name, known) {
        (Some(name), _) => name.clone(),
        (None, Some(person)) => person.name.clone(),
        (None, None) => {
            return Err(Rejection::new(Code::MissingField).field("participantName").expected("a name"));
        }
    };
    if known.is_none() && order.people.len() >= MAX_PARTICIPANTS {
        return Err(
            Rejection::new(Code::TooManyParticipants).expected(format!("at most {MAX_PARTICIPANTS} people"))
        );
    }
    let joined = Joined {
        name,
        phone: join.phone.clone().or_else(|| known.and_then(|person| person.phone.clone())),
        role: role_on_joining(order, id),
        circle_id: join.circle_id.clone().filter(|_| order.circle_id.is_none()),
        tenant_id: join.tenant_id.clone().filter(|_| order.tenant_id.is_none()),
        currency: first.then(|| join.currency.unwrap_or(order.currency)),
    };
    let nothing_new = known.is_some_and(|person| {
        !person.left
            && person.name == joined.name
            && person.phone == joined.phone
            && joined.circle_id.is_none()
            && joined.tenant_id.is_none()
    });
    Ok((!nothing_new).then_some(joined))
}

/// Whoever comes to a table that nobody owns becomes its owner.
fn role_on_joining(order: &Order, id: &ParticipantId) -> Role {
    match order.owner() {
        Some(owner) if owner.id != *id => Role::Member,
        Some(_) | None => Role::Owner,
    }
}

/// The owner once `leaving` is gone: the same, or of those who remain the one who joined first.
fn owner_without(order: &Order, leaving: &ParticipantId) -> Option<ParticipantId> {
    let owner = order.owner().filter(|owner| owner.id != *leaving);
    owner
        .or_else(|| order.participants().find(|person| person.id != *leaving))
        .map(|person| person.id.clone())
}

fn decide_add(order: &Order, add: &AddItem) -> Result<ItemAdded, Rejection> {
    if order.items.len() >= MAX_ITEMS {
        return Err(Rejection::new(Code::TooManyItems).expected(format!("at most {MAX_ITEMS} items")));
    }
    let text = order.text_bytes.saturating_add(text_bytes(
        &add.dish_name,
        &add.dish_type,
        add.customization.as_ref(),
    ));
    if text > MAX_TEXT_BYTES {
        return Err(Rejection::new(Code::OrderTooLarge)
            .expected(format!("at most {MAX_TEXT_BYTES} bytes of dishes and customizations on the order")));
    }
    if order.item(&add.item).is_some() {
        return Err(Rejection::new(Code::ItemIdTaken)
            .field("data.id")
            .expected("an id that is free, or none"));
    }
    let price = Price::from_decimal(add.price, order.currency)
        .map_err(|error| bad_amount(order, Code::BadPrice, "data.price", error))?;
    let quantity = quantity(add.quantity, 1)?;
    fits(order, Amount::ZERO, price, quantity)?;
    Ok(ItemAdded {
        item: add.item.clone(),
        dish_name: add.dish_name.clone(),
        dish_type: add.dish_type.clone(),
        quantity,
        price,
        customization: add.customization.clone(),
    })
}

fn decide_quantity(order: &Order, item: &ItemId, pieces: Decimal) -> Result<Fact, Rejection> {
    let line = find(order, item)?;
    if pieces.is_zero() {
        return Ok(Fact::ItemRemoved { item: item.clone() });
    }
    let quantity = quantity(pieces, 0)?;
    fits(order, line.total, line.price, quantity)?;
    Ok(Fact::QuantityUpdated { item: item.clone(), quantity })
}

fn find<'order>(order: &'order Order, item: &ItemId) -> Result<&'order crate::Item, Rejection> {
    order.item(item).ok_or_else(|| {
        Rejection::new(Code::ItemNotFound).field("data.itemId").expected("the id of an item on the order")
    })
}

/// The quantity that `pieces` is. `least` is what is said to be expected: 0 where that takes the line off.
fn quantity(pieces: Decimal, least: u16) -> Result<Quantity, Rejection> {
    Quantity::from_decimal(pieces).map_err(|error| {
        Rejection::new(Code::BadQuantity)
            .field("data.quantity")
            .because(error.to_string())
            .expected(format!("a whole number from {least} to {MAX_QUANTITY}"))
    })
}

/// Whether the total stays under its ceiling when `freed` gives way to so many of this price.
fn fits(order: &Order, freed: Amount, price: Price, quantity: Quantity) -> Result<(), Rejection> {
    let ceiling = max_order_total(order.currency);
    let total = price
        .amount()
        .checked_mul(i64::from(quantity.pieces()))
        .and_then(|line| order.total.checked_sub(freed)?.checked_add(line));
    match total {
        Some(total) if total <= ceiling => Ok(()),
        Some(_) | None => Err(Rejection::new(Code::TotalTooLarge)
            .expected(format!("a total of at most {}", ceiling.display(order.currency)))),
    }
}

fn bad_amount(order: &Order, code: Code, field: impl Into<String>, error: AmountError) -> Rejection {
    let currency = order.currency;
    let max = match code {
        Code::BadPrice => Price::max(currency).amount(),
        _ => max_order_total(currency),
    };
    Rejection::new(code).field(field.into()).because(error.to_string()).expected(format!(
        "a number from 0 to {} with at most {} decimals",
        max.display(currency),
        currency.minor_digits()
    ))
}

fn decide_split(order: &Order, update: &UpdateSplit) -> Result<SplitRule, Rejection> {
    Ok(match update {
        UpdateSplit::Equal => SplitRule::Equal,
        UpdateSplit::Itemized => SplitRule::Itemized,
        UpdateSplit::Custom(Some(agreed)) => SplitRule::Custom(Some(decide_agreed(order, agreed)?)),
        UpdateSplit::Custom(None) => match &order.split {
            SplitRule::Custom(agreed) => SplitRule::Custom(agreed.clone()),
            SplitRule::Equal | SplitRule::Itemized => SplitRule::Custom(None),
        },
    })
}

fn decide_agreed(order: &Order, agreed: &AgreedShares) -> Result<CustomShares, Rejection> {
    let on_bill = shares(order);
    let known =
        |numbers: &BTreeMap<ParticipantId, Decimal>| match numbers.keys().find(|id| on_bill.of(id).is_none())
        {
            Some(_) => Err(Rejection::new(Code::UnknownParticipant).expected("ids of people on the bill")),
            None if numbers.is_empty() => Err(Rejection::new(Code::BadSplit)
                .because("nobody is named")
                .expected("a number for each who pays")),
            None => Ok(()),
        };
    match agreed {
        AgreedShares::Amounts(numbers) => {
            known(numbers)?;
            let amounts = each(numbers, |number| {
                let amount = Amount::from_decimal(number, order.currency)?;
                match amount {
                    amount if amount.is_negative() => Err(AmountError::Negative),
                    amount if amount > max_order_total(order.currency) => Err(AmountError::TooLarge),
                    amount => Ok(amount),
                }
            })
            .map_err(|error| bad_amount(order, Code::BadSplit, "data.amounts", error))?;
            let unallocated = Amount::checked_sum(amounts.values().copied())
                .and_then(|sum| order.total.checked_sub(sum))
                .ok_or_else(|| bad_amount(order, Code::BadSplit, "data.amounts", AmountError::TooLarge))?;
            if unallocated != Amount::ZERO {
                return Err(does_not_cover(order, unallocated).field("data.amounts"));
            }
            Ok(CustomShares::Amounts(amounts))
        }
        AgreedShares::Percentages(numbers) => {
            known(numbers)?;
            let percentages = each(numbers, Percentage::from_decimal).map_err(|error| {
                Rejection::new(Code::BadSplit)
                    .field("data.percentages")
                    .because(error.to_string())
                    .expected(format!("numbers from 0 to 100 with at most {SHARE_DECIMALS} decimals"))
            })?;
            let sum: Decimal = percentages.values().map(|part| part.to_decimal()).sum();
            if sum != Percentage::HUNDRED.to_decimal() {
                return Err(Rejection::new(Code::BadSplit)
                    .field("data.percentages")
                    .because(format!("they add up to {}", sum.normalize()))
                    .expected("percentages that add up to exactly 100"));
            }
            Ok(CustomShares::Percentages(percentages))
        }
        AgreedShares::Weights(numbers) => {
            known(numbers)?;
            let weights = each(numbers, Weight::from_decimal).map_err(|error| {
                Rejection::new(Code::BadSplit)
                    .field("data.weights")
                    .because(error.to_string())
                    .expected(format!("numbers from 0 to 1000000 with at most {SHARE_DECIMALS} decimals"))
            })?;
            if weights.values().all(|weight| weight.millionths() == 0) {
                return Err(Rejection::new(Code::BadSplit)
                    .field("data.weights")
                    .because("all of them are 0")
                    .expected("at least one weight above 0"));
            }
            Ok(CustomShares::Weights(weights))
        }
    }
}

fn each<T, E>(
    numbers: &BTreeMap<ParticipantId, Decimal>,
    read: impl Fn(Decimal) -> Result<T, E>,
) -> Result<BTreeMap<ParticipantId, T>, E> {
    numbers.iter().map(|(id, &number)| Ok((id.clone(), read(number)?))).collect()
}

fn decide_finalize(order: &Order) -> Result<(), Rejection> {
    if order.items.is_empty() {
        return Err(Rejection::new(Code::OrderEmpty).expected("at least one dish"));
    }
    match shares(order).unallocated() {
        Amount::ZERO => Ok(()),
        unallocated => Err(does_not_cover(order, unallocated)),
    }
}

fn does_not_cover(order: &Order, unallocated: Amount) -> Rejection {
    let currency = order.currency;
    let clause = if unallocated.is_negative() { "more than it by" } else { "short of it by" };
    let missing = Amount::from_minor_units(unallocated.minor_units().saturating_abs());
    Rejection::new(Code::Unallocated)
        .because(format!(
            "the total is {}, and the shares are {clause} {}",
            order.total.display(currency),
            missing.display(currency)
        ))
        .unallocated(unallocated, currency)
}
