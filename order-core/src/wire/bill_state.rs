//! The bill in the order's state.

use super::charge;
use super::state::StateWriter;
use crate::bill::{Balance, Balances, Line, settlement};
use crate::order::payments::Payment;
use crate::split::{CustomShares, Shares, SplitRule, shares};
use crate::{Amount, Order, Participant, ParticipantId};

impl StateWriter {
    /// Writes the fields of the bill: who pays what, and what has been paid.
    pub(super) fn bill(&mut self, order: &Order) {
        let shares = shares(order);
        let paying = order.is_finalized() || !order.payments().is_empty();
        let balances = paying.then(|| Balances::new(order, &shares));
        let with_lines =
            !order.charges().is_empty() || order.tips().next().is_some() || order.round_to().is_some();
        self.json.key("splits");
        self.json.begin_list();
        for share in shares.list() {
            let mut now = None;
            self.json.begin_ready_made(Self::person_text(share.participant(), &mut now).split());
            self.json.amount(share.amount(), order.currency());
            self.json.key("items");
            self.json.begin_list();
            for item in share.items() {
                let mut now = None;
                self.json.ready_made(Self::item_text(order, item, &mut now).id());
            }
            self.json.end_list();
            if let Some(balances) = &balances {
                self.balance(order, balances.of(order, share));
            }
            if with_lines {
                self.lines("lines", order, share.lines());
            }
            if !share.included().is_empty() {
                self.lines("included", order, share.included());
            }
            self.json.end_object();
        }
        self.json.end_list();
        self.amount("unallocated", order, shares.unallocated());
        self.amount("amountDue", order, shares.amount_due());
        self.rule(order);
        if order.unassigned().next().is_some() {
            self.json.key("unassigned");
            self.json.begin_list();
            for item in order.unassigned() {
                self.json.string(item.id().as_str());
            }
            self.json.end_list();
        }
        if with_lines {
            self.lines("lines", order, shares.lines());
            self.charges(order);
        }
        if !shares.included().is_empty() {
            self.lines("included", order, shares.included());
        }
        if let Some(balances) = &balances {
            self.payments(order, &shares, balances);
        }
    }

    /// Writes what is known of the rule beyond its type.
    fn rule(&mut self, order: &Order) {
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

    fn lines(&mut self, key: &'static str, order: &Order, lines: &[Line]) {
        self.json.key(key);
        self.json.begin_list();
        for line in lines {
            self.json.begin_object();
            self.json.string_field("kind", line.kind().as_str());
            self.json.string_field("name", line.name().as_str());
            self.amount("amount", order, line.amount());
            self.json.end_object();
        }
        self.json.end_list();
    }

    /// Writes the charges as they were set, so that an owner can set them anew.
    fn charges(&mut self, order: &Order) {
        self.json.key("charges");
        self.json.begin_list();
        for charge in order.charges() {
            charge::write(&mut self.json, charge, order.currency());
        }
        self.json.end_list();
        self.json.key("tips");
        self.json.begin_list();
        for (person, tip) in order.tips() {
            self.json.begin_object();
            self.json.string_field("participantId", person.id().as_str());
            charge::write_value(&mut self.json, tip, order.currency());
            self.json.end_object();
        }
        self.json.end_list();
        self.json.key("withoutService");
        self.json.begin_list();
        for person in order.without_service() {
            self.json.string(person.id().as_str());
        }
        self.json.end_list();
        if let Some(coin) = order.round_to() {
            self.amount("roundTo", order, coin);
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

    fn balance(&mut self, order: &Order, balance: Balance) {
        self.amount("paid", order, balance.paid());
        self.amount("pending", order, balance.pending());
        self.amount("balance", order, balance.due());
        self.json.string_field("paymentStatus", balance.status().as_str());
    }

    fn payments(&mut self, order: &Order, shares: &Shares<'_>, balances: &Balances) {
        self.json.key("payments");
        self.json.begin_list();
        for payment in order.payments() {
            self.payment(order, payment);
        }
        self.json.end_list();
        self.amount("paid", order, balances.paid());
        self.amount("balanceDue", order, balances.due());
        let finalized = order.is_finalized();
        self.json.literal_field("settled", finalized && balances.due() == Amount::ZERO);
        if finalized {
            self.json.key("settlement");
            self.json.begin_list();
            for transfer in settlement(order, shares) {
                self.json.begin_object();
                self.person_or_null("from", "fromName", transfer.from);
                self.person_or_null("to", "toName", transfer.to);
                self.amount("amount", order, transfer.amount);
                self.json.end_object();
            }
            self.json.end_list();
        }
    }

    /// Writes one payment as an object.
    pub(super) fn payment(&mut self, order: &Order, payment: &Payment) {
        self.json.begin_object();
        self.json.string_field("paymentId", payment.id().as_str());
        self.person_or_null("payer", "payerName", order.payer(payment));
        self.amount("amount", order, payment.amount());
        self.json.key("for");
        self.json.begin_object();
        for (person, part) in order.paid_for(payment) {
            self.json.foreign_key(person.id().as_str());
            self.json.amount(part, order.currency());
        }
        self.json.end_object();
        if payment.tip() != Amount::ZERO {
            self.amount("tip", order, payment.tip());
        }
        if payment.tip_refunded() != Amount::ZERO {
            self.amount("tipRefunded", order, payment.tip_refunded());
        }
        if payment.refunded() != Amount::ZERO {
            self.amount("refunded", order, payment.refunded());
            self.json.key("refunds");
            self.json.begin_list();
            for refund in payment.refunds() {
                self.json.begin_object();
                self.json.string_field("refundId", refund.id().as_str());
                self.amount("amount", order, refund.amount());
                self.json.end_object();
            }
            self.json.end_list();
        }
        if let Some(method) = payment.method() {
            self.json.string_field("method", method.as_str());
        }
        if let Some(reference) = payment.reference() {
            self.json.string_field("reference", reference.as_str());
        }
        self.json.string_field("status", payment.status().as_str());
        self.json.string_field("recordedBy", if payment.is_backends() { "backend" } else { "owner" });
        self.json.whole_field("recordedAt", payment.recorded_at().get());
        self.json.end_object();
    }

    /// Writes whom it is about by id and name: they may have left, and be on no list.
    fn person_or_null(&mut self, id: &'static str, name: &'static str, person: Option<&Participant>) {
        self.json.key(id);
        match person {
            Some(person) => {
                self.json.string(person.id().as_str());
                self.json.string_field(name, person.name().as_str());
            }
            None => self.json.literal("null"),
        }
    }
}
