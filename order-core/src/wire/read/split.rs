//! The command that sets the rule by which the bill is shared.

use crate::command::{AgreedShares, UpdateSplit};
use crate::rejection::{Code, Rejection};
use crate::split::Rest;
use crate::wire::fields::{by_participant, on_bill};
use crate::wire::json::Object;

/// The fields of `update_split`.
const FIELDS: [&str; 7] = ["splitType", "amounts", "percentages", "weights", "adjustments", "covers", "rest"];

pub(super) fn update(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const TYPES: &str = "equal, itemized, custom, adjustments or cover";
    let kind = data.string("splitType", TYPES)?.ok_or_else(|| data.missing("splitType", TYPES))?;
    let agreed = agreed(data)?;
    let (adjusted, covered) = (data.has("adjustments"), data.has("covers"));
    if let Some(key) = typo(data, &kind, agreed.is_some() || adjusted || covered) {
        return Err(data.unwanted(key, Code::BadSplit, "update_split", &FIELDS));
    }
    match (kind.as_ref(), agreed, adjusted, covered) {
        // The state calls the last two modes `custom` for older clients, so that name is accepted
        // here too.
        ("adjustments", None, _, false) | ("custom", None, true, false) => adjustments(data),
        ("cover", None, false, _) | ("custom", None, false, true) => cover(data),
        ("custom", agreed, false, false) => Ok(UpdateSplit::Custom(agreed)),
        ("equal", None, false, false) => Ok(UpdateSplit::Equal),
        ("itemized", None, false, false) => Ok(UpdateSplit::Itemized),
        ("equal" | "itemized" | "custom" | "adjustments" | "cover", ..) => {
            Err(Rejection::new(Code::BadSplit)
                .field("data.splitType")
                .because("these shares belong to another splitType")
                .expected("amounts, percentages or weights for custom, and none for equal and itemized"))
        }
        _ => Err(data.mistyped("splitType", TYPES)),
    }
}

/// A field that may be a typo of one that decides who pays. Clients of the TypeScript server send no shares, and what else they
/// send is ignored.
fn typo<'data>(data: &'data Object<'_>, kind: &str, has_shares: bool) -> Option<&'data str> {
    match kind {
        _ if has_shares => data.unknown(&FIELDS),
        "custom" | "adjustments" | "cover" => data.unknown_object(&FIELDS),
        _ => None,
    }
}

fn adjustments(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const EXPECTED: &str = "an object with an amount for each participant id";
    let amounts = data.numbers("adjustments", Code::BadSplit, EXPECTED)?;
    let amounts = amounts.ok_or_else(|| data.missing("adjustments", EXPECTED))?;
    Ok(UpdateSplit::Adjusted(by_participant(amounts)?))
}

fn cover(data: &Object<'_>) -> Result<UpdateSplit, Rejection> {
    const EXPECTED: &str = "an object with the payer's id for each covered person's id";
    const RULES: &str = "equal or itemized";
    let covers = data.texts("covers", EXPECTED)?.ok_or_else(|| data.missing("covers", EXPECTED))?;
    let rest = match data.string("rest", RULES)?.as_deref() {
        None | Some("equal") => Rest::Equal,
        Some("itemized") => Rest::Itemized,
        Some(_) => return Err(data.mistyped("rest", RULES)),
    };
    let covers = covers.into_iter().map(|(covered, payer)| Ok((on_bill(&covered)?, on_bill(&payer)?)));
    Ok(UpdateSplit::Cover { covers: covers.collect::<Result<_, Rejection>>()?, rest })
}

fn agreed(data: &Object<'_>) -> Result<Option<AgreedShares>, Rejection> {
    let expected = "an object with a number for each participant id";
    let amounts = data.numbers("amounts", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    let percentages =
        data.numbers("percentages", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    let weights = data.numbers("weights", Code::BadSplit, expected)?.map(by_participant).transpose()?;
    match (amounts, percentages, weights) {
        (None, None, None) => Ok(None),
        (Some(amounts), None, None) => Ok(Some(AgreedShares::Amounts(amounts))),
        (None, Some(percentages), None) => Ok(Some(AgreedShares::Percentages(percentages))),
        (None, None, Some(weights)) => Ok(Some(AgreedShares::Weights(weights))),
        _ => Err(Rejection::new(Code::BadSplit)
            .field("data")
            .because("there is more than one kind of share")
            .expected("only one of amounts, percentages and weights")),
    }
}
