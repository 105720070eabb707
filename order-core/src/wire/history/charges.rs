//! The details of an entry about charges, discounts and tips.

use crate::Order;
use crate::fact::ChargeFact;
use crate::wire::write::{Writer, charge};

pub(super) fn details(json: &mut Writer, before: &Order, fact: &ChargeFact) {
    match fact {
        ChargeFact::Set(_) => {}
        ChargeFact::TipSet { tip } => {
            json.key("tip");
            match tip {
                Some(tip) => {
                    json.begin_object();
                    charge::write_value(json, *tip, before.currency());
                    json.end_object();
                }
                None => json.literal("null"),
            }
        }
        ChargeFact::ServiceWaived { waived } => json.literal_field("waived", waived),
    }
}
