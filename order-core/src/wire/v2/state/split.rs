//! The rule by which the bill is shared, in the document.

use super::lists::pairs;
use crate::split::{CustomShares, SplitRule};
use crate::wire::write::Writer;
use crate::{Amount, Order};

/// Writes the rule by which the bill is shared.
pub(in crate::wire::v2) fn split(json: &mut Writer, order: &Order) {
    json.key("split");
    json.begin_object();
    json.string_field("mode", order.split_rule().mode());
    let amount = |amount: &Amount| amount.display(order.currency()).to_string();
    match order.split_rule() {
        SplitRule::Equal | SplitRule::Itemized | SplitRule::Custom(None) => {}
        SplitRule::Custom(Some(CustomShares::Amounts(amounts))) => {
            pairs(json, "amounts", amounts, |json, of| json.literal(amount(of)));
        }
        SplitRule::Custom(Some(CustomShares::Percentages(parts))) => {
            pairs(json, "percentages", parts, |json, part| json.literal(part.to_decimal()));
        }
        SplitRule::Custom(Some(CustomShares::Weights(weights))) => {
            pairs(json, "weights", weights, |json, weight| json.literal(weight.to_decimal()));
        }
        SplitRule::Adjusted(amounts) => {
            pairs(json, "adjustments", amounts, |json, of| json.literal(amount(of)));
        }
        SplitRule::Cover { covers, rest } => {
            pairs(json, "covers", covers, |json, payer| json.string(payer.as_str()));
            json.string_field("rest", rest.as_str());
        }
    }
    json.end_object();
}
