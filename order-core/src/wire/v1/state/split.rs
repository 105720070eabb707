//! The rule by which the bill is shared, in the state.

use super::writer::StateWriter;
use crate::split::{CustomShares, SplitRule};
use crate::{Amount, Order, ParticipantId};

impl StateWriter {
    /// Writes the details of the split rule.
    pub(super) fn rule(&mut self, order: &Order) {
        let rule = order.split_rule();
        self.json.string_field("splitMode", rule.mode());
        let amount = |amount: &Amount| amount.display(order.currency()).to_string();
        match rule {
            SplitRule::Equal | SplitRule::Itemized | SplitRule::Custom(None) => {}
            SplitRule::Custom(Some(agreed)) => {
                self.json.key("customShares");
                self.json.begin_object();
                match agreed {
                    CustomShares::Amounts(amounts) => {
                        self.agreed("amounts", amounts.iter().map(|(id, of)| (id, amount(of))));
                    }
                    CustomShares::Percentages(parts) => self.agreed(
                        "percentages",
                        parts.iter().map(|(id, part)| (id, part.to_decimal().to_string())),
                    ),
                    CustomShares::Weights(weights) => self.agreed(
                        "weights",
                        weights.iter().map(|(id, weight)| (id, weight.to_decimal().to_string())),
                    ),
                }
                self.json.end_object();
            }
            SplitRule::Adjusted(amounts) => {
                self.agreed("adjustments", amounts.iter().map(|(id, of)| (id, amount(of))));
            }
            SplitRule::Cover { covers, rest } => {
                self.json.key("covers");
                self.json.begin_object();
                for (covered, payer) in covers {
                    self.json.foreign_key(covered.as_str());
                    self.json.string(payer.as_str());
                }
                self.json.end_object();
                self.json.string_field("rest", rest.as_str());
            }
        }
    }

    fn agreed<'a>(&mut self, kind: &'static str, numbers: impl Iterator<Item = (&'a ParticipantId, String)>) {
        self.json.key(kind);
        self.json.begin_object();
        for (participant, number) in numbers {
            self.json.foreign_key(participant.as_str());
            self.json.literal(number);
        }
        self.json.end_object();
    }
}
