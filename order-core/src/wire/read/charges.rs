//! Commands about charges, discounts and tips, and the charges of a bill.

use std::borrow::Cow;

use super::charge_options;
use crate::bill::{Basis, ChargeKind, MAX_CHARGES};
use crate::command::{ChargeAmount, ChargeCommand, NewCharge, SetCharges};
use crate::rejection::{Code, Rejection};
use crate::value::text::{MAX_CHARGE_NAME_CHARS, MAX_DISH_TYPE_CHARS, Text};
use crate::wire::fields::{boolean, required_if_there};
use crate::wire::json::Object;
use crate::{IdError, ItemId};

const KINDS: &str = "tax, service, tip, discount or fee";
/// The fields that a charge of some kind can have.
const FIELDS: [&str; 13] = [
    "name",
    "kind",
    "percent",
    "amount",
    "inclusive",
    "dishTypes",
    "optional",
    "itemId",
    "by",
    "on",
    "discounts",
    "rounding",
    "per",
];

/// Reads `charges`, which is required, and `roundTo`.
pub(super) fn set(data: &Object<'_>) -> Result<SetCharges, Rejection> {
    data.only(&["charges", "roundTo", "roundSharesTo", "rounding"], Code::BadCharge, "set_charges")?;
    if data.has("charges") { charges(data) } else { Err(data.missing("charges", "a list of charges")) }
}

/// Reads `charges` and `roundTo`, if either is there.
pub(super) fn first_charges(data: &Object<'_>) -> Result<Option<SetCharges>, Rejection> {
    let any = ["charges", "roundTo", "roundSharesTo", "rounding"].into_iter().any(|key| data.has(key));
    if any { charges(data).map(Some) } else { Ok(None) }
}

pub(super) fn set_tip(data: &Object<'_>) -> Result<ChargeCommand, Rejection> {
    // With neither of the two, the tip is removed: a typo must not do that.
    data.only(&["percent", "amount"], Code::BadCharge, "set_tip")?;
    Ok(ChargeCommand::SetTip { tip: value(data)? })
}

pub(super) fn waive_service(data: &Object<'_>) -> Result<ChargeCommand, Rejection> {
    data.only(&["waived"], Code::BadField, "waive_service")?;
    Ok(ChargeCommand::WaiveService { waived: boolean(data, "waived")? })
}

fn charges(data: &Object<'_>) -> Result<SetCharges, Rejection> {
    let most = (MAX_CHARGES, Code::TooManyCharges);
    let charges = data.entries("charges", "a list of charges, each an object", most)?.unwrap_or_default();
    Ok(SetCharges {
        charges: charges.iter().map(|data| charge(data, &[], ItemId::new)).collect::<Result<_, _>>()?,
        round_to: data.optional_number("roundTo", Code::BadCharge, "an amount above 0")?,
        round_shares_to: data.optional_number("roundSharesTo", Code::BadCharge, "an amount above 0")?,
        odd_units: charge_options::odd_units(data)?,
    })
}

/// Reads `percent` or `amount`; `None`: neither is there.
fn value(data: &Object<'_>) -> Result<Option<ChargeAmount>, Rejection> {
    let percent = data.optional_number("percent", Code::BadCharge, "a percentage")?;
    let amount = data.optional_number("amount", Code::BadCharge, "an amount")?;
    match (percent, amount) {
        (None, None) => Ok(None),
        (Some(percent), None) => Ok(Some(ChargeAmount::Percent(percent))),
        (None, Some(amount)) => Ok(Some(ChargeAmount::Amount(amount))),
        (Some(_), Some(_)) => Err(Rejection::new(Code::BadCharge)
            .field(data.name("percent"))
            .because("it has both a percent and an amount")
            .expected("either percent or amount")),
    }
}

/// Reads a charge. `more`: fields that it may have besides, whatever its kind. `item_id` checks the id of an item.
pub(in crate::wire) fn charge(
    data: &Object<'_>,
    more: &[&str],
    item_id: impl Fn(&str) -> Result<ItemId, IdError>,
) -> Result<NewCharge, Rejection> {
    let name = required_if_there(data, "name", MAX_CHARGE_NAME_CHARS)?
        .ok_or_else(|| data.missing("name", "the name of the charge"))?;
    let kind = kind(data, item_id)?;
    let value = value(data)?.ok_or_else(|| data.missing("percent", "percent or amount"))?;
    let options = charge_options::read(data)?;
    // A field that is not known may be a typo of one that decides what is charged, or to whom.
    if let Some(key) = data.unknown(&[&FIELDS, more].concat()) {
        let whose = format!("a {}", kind.as_str());
        return Err(data.unwanted(key, Code::BadCharge, &whose, &[fields_of(&kind), more].concat()));
    }
    Ok(NewCharge { name, kind, value, options })
}

/// The fields of a kind of charge.
fn fields_of(kind: &ChargeKind) -> &'static [&'static str] {
    match kind {
        ChargeKind::Tax { .. } => &[
            "name",
            "kind",
            "percent",
            "amount",
            "inclusive",
            "dishTypes",
            "on",
            "discounts",
            "rounding",
            "per",
        ],
        ChargeKind::Service { .. } => {
            &["name", "kind", "percent", "amount", "optional", "on", "discounts", "rounding"]
        }
        ChargeKind::Tip { .. } | ChargeKind::Fee { .. } => {
            &["name", "kind", "percent", "amount", "by", "on", "discounts", "rounding"]
        }
        ChargeKind::Discount { .. } => &["name", "kind", "percent", "amount", "itemId", "rounding"],
    }
}

fn kind(
    data: &Object<'_>,
    item_id: impl Fn(&str) -> Result<ItemId, IdError>,
) -> Result<ChargeKind, Rejection> {
    const BASES: &str = "share or head";
    const ITEM: &str = "the id of an item";
    let kind = data.string("kind", KINDS)?.ok_or_else(|| data.missing("kind", KINDS))?;
    let by = match data.string("by", BASES)?.as_deref() {
        Some("share") => Some(Basis::Share),
        Some("head") => Some(Basis::Head),
        None => None,
        Some(_) => return Err(data.mistyped("by", BASES)),
    };
    let inclusive = data.boolean("inclusive")?.unwrap_or(false);
    let optional = data.boolean("optional")?;
    let dish_types = dish_types(data)?;
    // An id that is `null` must not turn a discount on one item into one on everything.
    let item = if data.is_there("itemId") {
        let id = data.string("itemId", ITEM)?.and_then(|id| item_id(&id).ok());
        Some(id.ok_or_else(|| data.mistyped("itemId", ITEM))?)
    } else {
        None
    };
    // A field that says what or whom a charge applies to must not be ignored.
    let misplaced = [
        ("by", by == Some(Basis::Head) && !matches!(kind.as_ref(), "tip" | "fee")),
        ("inclusive", inclusive && kind != "tax"),
        ("optional", optional == Some(true) && kind != "service"),
        ("dishTypes", dish_types.is_some() && kind != "tax"),
        ("itemId", item.is_some() && kind != "discount"),
    ];
    let charge = match kind.as_ref() {
        "tax" => ChargeKind::Tax { inclusive, dish_types: dish_types.unwrap_or_default() },
        "service" => ChargeKind::Service { optional: optional.unwrap_or(true) },
        "tip" => ChargeKind::Tip { by: by.unwrap_or(Basis::Share) },
        "discount" => ChargeKind::Discount { item },
        "fee" => ChargeKind::Fee { by: by.unwrap_or(Basis::Head) },
        _ => return Err(data.mistyped("kind", KINDS)),
    };
    match misplaced.iter().find(|(_, misplaced)| *misplaced) {
        None => Ok(charge),
        Some((field, _)) => Err(Rejection::new(Code::BadCharge)
            .field(data.name(field))
            .because(format!("a {} cannot have {field}", charge.as_str()))
            .expected(format!("no {field}, or another kind"))),
    }
}

fn dish_types(data: &Object<'_>) -> Result<Option<Vec<Text>>, Rejection> {
    const EXPECTED: &str = "a list of dish types";
    if !data.is_there("dishTypes") {
        return Ok(None);
    }
    // `null` must not turn a tax on some dishes into one on all.
    let types = data.strings_up_to("dishTypes", EXPECTED, (MAX_CHARGES, Code::BadField))?;
    let types = types.ok_or_else(|| data.mistyped("dishTypes", EXPECTED))?;
    let clean = |kind: &Cow<'_, str>| Text::clean_or_empty(kind, MAX_DISH_TYPE_CHARS);
    types
        .iter()
        .map(clean)
        .collect::<Result<_, _>>()
        .map(Some)
        .map_err(|_| data.mistyped("dishTypes", EXPECTED))
}
