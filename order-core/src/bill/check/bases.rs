//! Checks what charges are on.

use crate::divide::{
    AmountRounding, Charge, ChargeKind, ChargeOptions, ChargeValue, DISHES, Discounts, RoundedPer,
};
use crate::rejection::{Code, Rejection};
use crate::value::text::Text;

/// A charge whose options are checked.
#[derive(Clone, Copy)]
pub(crate) struct CheckedCharge<'charge> {
    /// Its index in the list as it was sent.
    pub(crate) place: usize,
    pub(crate) name: &'charge Text,
    pub(crate) kind: &'charge ChargeKind,
    /// Whether it is a percentage.
    pub(crate) percent: bool,
    pub(crate) options: &'charge ChargeOptions,
}

impl<'charge> CheckedCharge<'charge> {
    pub(crate) fn of((place, charge): (usize, &'charge Charge)) -> Self {
        Self {
            place,
            name: &charge.name,
            kind: &charge.kind,
            percent: matches!(charge.value, ChargeValue::Percent(_)),
            options: &charge.options,
        }
    }

    /// Whether others can be on it.
    fn is_base(&self) -> bool {
        match self.kind {
            ChargeKind::Service { .. } | ChargeKind::Fee { .. } => true,
            ChargeKind::Tax { .. } | ChargeKind::Tip { .. } | ChargeKind::Discount { .. } => false,
        }
    }
}

/// Checks that each charge has only options that its kind can have, that each name in a base is that of one service or
/// fee, and that no charge is on itself. `within` names the object that holds the list.
pub(crate) fn check_bases(within: &str, charges: &[CheckedCharge<'_>]) -> Result<(), Rejection> {
    if charges.iter().all(|charge| charge.options.is_default()) {
        return Ok(());
    }
    let mut on = Vec::with_capacity(charges.len());
    for charge in charges {
        let refused = |field: &str, because: String, expected: &str| {
            Rejection::new(Code::BadCharge)
                .field(format!("{within}charges[{}].{field}", charge.place))
                .because(because)
                .expected(expected.to_owned())
        };
        if let Some((field, because, expected)) = misplaced(charge) {
            return Err(refused(field, because, expected));
        }
        let mut places = Vec::with_capacity(charge.options.on.charges.len());
        for name in &charge.options.on.charges {
            let mut same = charges.iter().enumerate().filter(|(_, other)| other.name == name);
            let place = match (same.next(), same.next()) {
                (Some((place, other)), None) if other.is_base() => place,
                (Some((_, other)), None) => {
                    let because = format!("\"{name}\" is a {}", other.kind.as_str());
                    return Err(refused("on", because, "\"dishes\", and names of services and fees"));
                }
                (Some(_), Some(_)) => {
                    let because = format!("two charges have the name \"{name}\"");
                    return Err(refused("on", because, "names that only one charge has"));
                }
                (None, _) => {
                    let because = format!("no charge has the name \"{name}\"");
                    return Err(refused(
                        "on",
                        because,
                        "\"dishes\", and names of services and fees in the list",
                    ));
                }
            };
            if places.contains(&place) {
                let because = format!("\"{name}\" is there twice");
                return Err(refused("on", because, "each name once"));
            }
            places.push(place);
        }
        on.push(places);
    }
    match on_itself(&on).and_then(|place| charges.get(place)) {
        None => Ok(()),
        Some(charge) => Err(Rejection::new(Code::BadCharge)
            .field(format!("{within}charges[{}].on", charge.place))
            .because(format!("{} is on itself, at least by way of another charge", charge.name))
            .expected("charges that are not on each other")),
    }
}

/// An option that the charge cannot have: its field, why, and what was expected.
fn misplaced(charge: &CheckedCharge<'_>) -> Option<(&'static str, String, &'static str)> {
    let ChargeOptions { on, rounding, per } = charge.options;
    let kind = charge.kind.as_str();
    let (tax, inclusive, of_types) = match charge.kind {
        ChargeKind::Tax { inclusive, dish_types } => (true, *inclusive, !dish_types.is_empty()),
        ChargeKind::Service { .. }
        | ChargeKind::Tip { .. }
        | ChargeKind::Discount { .. }
        | ChargeKind::Fee { .. } => (false, false, false),
    };
    let base_field = if on.is_dishes() { "discounts" } else { "on" };
    let cannot = |field: &str| format!("a {kind} cannot have {field}");
    if matches!(charge.kind, ChargeKind::Discount { .. }) && !on.is_default() {
        return Some((base_field, cannot(base_field), "a discount on the order or on an item"));
    }
    if inclusive && !on.is_default() {
        let because = "the tax is in the prices of dishes".to_owned();
        return Some((base_field, because, "a tax on top, or on [\"dishes\"] after discounts"));
    }
    if *per == RoundedPer::Line && !tax {
        return Some(("per", cannot("per"), "\"invoice\", or a tax"));
    }
    if !charge.percent {
        let because = || "it has a fixed amount".to_owned();
        if *rounding != AmountRounding::HalfUp {
            return Some(("rounding", because(), "a percent"));
        }
        if *per == RoundedPer::Line {
            return Some(("per", because(), "a percent"));
        }
        if !tax && !on.is_default() {
            return Some((base_field, because(), "a percent"));
        }
    }
    if !on.dishes {
        if on.charges.is_empty() {
            return Some((
                "on",
                "it names nothing".to_owned(),
                "\"dishes\" or the name of a service or a fee",
            ));
        }
        let because = || format!("\"{DISHES}\" is not in on");
        if of_types {
            return Some(("dishTypes", because(), "\"dishes\" in on, or no dishTypes"));
        }
        if on.discounts == Discounts::Before {
            return Some(("discounts", because(), "\"dishes\" in on, or no discounts"));
        }
    }
    if matches!(charge.kind, ChargeKind::Service { optional: true }) && !on.is_dishes() {
        let because = "an optional service charge cannot be on other charges".to_owned();
        return Some(("on", because, "\"optional\": false, or on [\"dishes\"]"));
    }
    None
}

/// A charge that is on itself, by way of others or not. `on`: by charge, the places of what it is on.
fn on_itself(on: &[Vec<usize>]) -> Option<usize> {
    let mut done = vec![false; on.len()];
    loop {
        let is_ready = |places: &Vec<usize>| places.iter().all(|&place| done.get(place) == Some(&true));
        let ready: Vec<usize> = (0..on.len())
            .filter(|&place| done.get(place) == Some(&false) && on.get(place).is_some_and(is_ready))
            .collect();
        if ready.is_empty() {
            // Each that is left is on another that is left, so this comes to one that is on itself.
            let is_left = |place: &usize| done.get(*place) == Some(&false);
            let mut at = (0..on.len()).find(is_left)?;
            for _ in on {
                at = on.get(at)?.iter().copied().find(is_left)?;
            }
            return Some(at);
        }
        for place in ready {
            if let Some(done) = done.get_mut(place) {
                *done = true;
            }
        }
    }
}
