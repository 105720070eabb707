//! What a charge is on, and how its amount is rounded.

use crate::bill::{
    AmountRounding, ChargeBase, ChargeOptions, DISHES, Discounts, MAX_CHARGES, OddUnits, RoundedPer,
};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_CHARGE_NAME_CHARS, Text};
use crate::wire::json::Object;

/// Reads `on`, `discounts`, `rounding` and `per` of a charge. Whether its kind can have them, and whether there are charges
/// of these names, is checked with the whole list.
pub(super) fn read(data: &Object<'_>) -> Result<ChargeOptions, Rejection> {
    let discounts = choice(data, "discounts", "after or before", Discounts::from_name)?;
    Ok(ChargeOptions {
        on: ChargeBase { discounts, ..base(data)? },
        rounding: choice(data, "rounding", "half_up, half_even or down", AmountRounding::from_name)?,
        per: choice(data, "per", "invoice or line", RoundedPer::from_name)?,
    })
}

/// Reads `rounding` of a bill: who gets the units that are left once every quota is rounded down.
pub(in crate::wire) fn odd_units(bill: &Object<'_>) -> Result<OddUnits, Rejection> {
    if bill.has("rounding") {
        choice(bill, "rounding", "largest_remainder or unbiased", OddUnits::from_name)
    } else {
        Ok(OddUnits::default())
    }
}

/// Reads one of a few names; absent: the default. `null` must not turn a choice into the default.
fn choice<T: Default>(
    data: &Object<'_>,
    key: &'static str,
    names: &'static str,
    from_name: impl Fn(&str) -> Option<T>,
) -> Result<T, Rejection> {
    if !data.is_there(key) {
        return Ok(T::default());
    }
    let name = data.string(key, names)?;
    name.and_then(|name| from_name(&name)).ok_or_else(|| data.mistyped(key, names))
}

fn base(data: &Object<'_>) -> Result<ChargeBase, Rejection> {
    const EXPECTED: &str = "a list of \"dishes\" and of names of services and fees";
    if !data.is_there("on") {
        return Ok(ChargeBase::default());
    }
    // The dishes and all charges.
    let most = (MAX_CHARGES.saturating_add(1), Code::BadCharge);
    let names = data.strings_up_to("on", EXPECTED, most)?.ok_or_else(|| data.mistyped("on", EXPECTED))?;
    let mut base = ChargeBase { dishes: false, charges: Vec::new(), discounts: Discounts::After };
    for name in names {
        if name != DISHES {
            let name =
                Text::clean(&name, MAX_CHARGE_NAME_CHARS).map_err(|_| data.mistyped("on", EXPECTED))?;
            base.charges.push(name);
        } else if std::mem::replace(&mut base.dishes, true) {
            return Err(Rejection::new(Code::BadCharge)
                .field(data.name("on"))
                .because("\"dishes\" is there twice")
                .expected("each name once"));
        }
    }
    Ok(base)
}
