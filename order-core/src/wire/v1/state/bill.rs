//! The bill in the state: who pays what.

use super::writer::StateWriter;
use crate::Order;
use crate::bill::{Balances, Line, OddUnits};

use crate::split::shares;

impl StateWriter {
    /// Writes the fields of the bill: who pays what, and what has been paid.
    pub(super) fn bill(&mut self, order: &Order) {
        let shares = shares(order);
        let paying = order.is_finalized() || !order.payments().is_empty() || !order.transfers().is_empty();
        let balances = paying.then(|| Balances::new(order, &shares));
        let with_lines = !order.charges().is_empty()
            || order.tips().next().is_some()
            || order.round_to().is_some()
            || order.odd_units() != OddUnits::default();
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
}
