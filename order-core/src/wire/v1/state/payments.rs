//! Payments in the state, and what is left to pay.

use super::writer::StateWriter;
use crate::bill::{Balance, Balances, settlement};
use crate::order::payments::Payment;
use crate::split::Shares;
use crate::{Amount, Order, Participant};

impl StateWriter {
    pub(super) fn balance(&mut self, order: &Order, balance: Balance) {
        self.amount("paid", order, balance.paid());
        self.amount("pending", order, balance.pending());
        if balance.written_off() != Amount::ZERO {
            self.amount("writtenOff", order, balance.written_off());
        }
        self.amount("balance", order, balance.due());
        self.json.string_field("paymentStatus", balance.status().as_str());
    }

    pub(super) fn payments(&mut self, order: &Order, shares: &Shares<'_>, balances: &Balances) {
        self.json.key("payments");
        self.json.begin_list();
        for payment in order.payments() {
            self.payment(order, payment);
        }
        self.json.end_list();
        self.amount("paid", order, balances.paid());
        if balances.written_off() != Amount::ZERO {
            self.amount("writtenOff", order, balances.written_off());
        }
        self.amount("balanceDue", order, balances.due());
        let finalized = order.is_finalized();
        self.json.literal_field("settled", finalized && balances.due() == Amount::ZERO);
        let mut is_even = false;
        if finalized {
            let settlement = settlement(order, shares);
            is_even = settlement.is_empty();
            self.json.key("settlement");
            self.json.begin_list();
            for transfer in settlement {
                self.json.begin_object();
                self.person_or_null("from", "fromName", transfer.from);
                self.person_or_null("to", "toName", transfer.to);
                self.amount("amount", order, transfer.amount);
                self.json.end_object();
            }
            self.json.end_list();
        }
        self.transfers(order, is_even);
    }

    /// Writes one payment as an object.
    pub(in crate::wire) fn payment(&mut self, order: &Order, payment: &Payment) {
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
                if !refund.is_due_again() {
                    self.json.literal_field("due", false);
                }
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

    /// Writes a person by id and name, because a person who left is on no list; `null`: nobody.
    pub(super) fn person_or_null(
        &mut self,
        id: &'static str,
        name: &'static str,
        person: Option<&Participant>,
    ) {
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
