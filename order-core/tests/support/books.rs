//! The bill as the state shows it, and a separate account of the payments.

use order_core::Fact;
use order_core::fact::PaymentFact;
use order_core::payment::PaymentStatus;
use std::collections::BTreeMap;

use crate::support::json::Json;
use crate::support::paying::state;
use crate::support::table::Table;

/// The bill in the state, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bill {
    pub(crate) amount_due: i64,
    pub(crate) unallocated: i64,
    pub(crate) paid: i64,
    pub(crate) written_off: i64,
    pub(crate) due: i64,
    pub(crate) settled: bool,
    pub(crate) finalized: bool,
    pub(crate) splits: BTreeMap<String, Split>,
    /// The status of each payment, and its refunded amount.
    pub(crate) payments: BTreeMap<String, (String, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    pub(crate) amount: i64,
    pub(crate) written_off: i64,
    pub(crate) paid: i64,
    pub(crate) pending: i64,
    pub(crate) balance: i64,
    pub(crate) status: String,
}

impl Bill {
    pub(crate) fn of(table: &Table) -> Self {
        let state = state(table);
        let amount = |of: &Json, key: &str| of.at(key).minor_units(2);
        let amount_due = amount(&state, "amountDue");
        // Payments are not mentioned while there are none and the order is open.
        let is_told = state.get("payments").is_some();
        let splits = state.at("splits").list().iter().map(|split| {
            let share = amount(split, "amount");
            let told = |key: &str, otherwise: i64| if is_told { amount(split, key) } else { otherwise };
            let status = match split.get("paymentStatus") {
                Some(status) => status.text(),
                None => {
                    if share > 0 {
                        "unpaid"
                    } else {
                        "paid"
                    }
                }
            };
            let (paid, pending, balance) = (told("paid", 0), told("pending", 0), told("balance", share));
            let written_off = split.get("writtenOff").map_or(0, |amount| amount.minor_units(2));
            let split_of =
                Split { amount: share, written_off, paid, pending, balance, status: status.to_owned() };
            (split.at("participantId").text().to_owned(), split_of)
        });
        let payments = state.get("payments").map_or(&[][..], Json::list).iter().map(|payment| {
            let refunds = payment.get("refunds").map_or(&[][..], Json::list);
            let refunded = refunds.iter().map(|refund| amount(refund, "amount")).sum();
            assert_eq!(payment.get("refunded").map_or(0, |sum| sum.minor_units(2)), refunded);
            let status = payment.at("status").text().to_owned();
            (payment.at("paymentId").text().to_owned(), (status, refunded))
        });
        Self {
            amount_due,
            unallocated: amount(&state, "unallocated"),
            paid: if is_told { amount(&state, "paid") } else { 0 },
            written_off: state.get("writtenOff").map_or(0, |amount| amount.minor_units(2)),
            due: if is_told { amount(&state, "balanceDue") } else { amount_due },
            settled: state.get("settled").is_some_and(Json::truth),
            finalized: state.at("status").text() == "finalized",
            splits: splits.collect(),
            payments: payments.collect(),
        }
    }

    pub(crate) fn shares(&self) -> Vec<(&str, i64)> {
        self.splits.iter().map(|(who, split)| (who.as_str(), split.amount)).collect()
    }

    pub(crate) fn share_of(&self, who: &str) -> i64 {
        self.splits.get(who).map_or(0, |split| split.amount)
    }
}

/// An account of an order's payments, kept from the recorded facts.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) payments: BTreeMap<String, Booked>,
}

#[derive(Debug)]
pub(crate) struct Booked {
    pub(crate) payer: String,
    /// What is left of it, by whose share it pays.
    pub(crate) parts: BTreeMap<String, i64>,
    pub(crate) tip: i64,
    /// What refunds write off, by whose share.
    pub(crate) written_off: BTreeMap<String, i64>,
    pub(crate) refunded: i64,
    pub(crate) status: PaymentStatus,
}

impl Books {
    pub(crate) fn of(table: &Table) -> Self {
        let mut books = Self::default();
        table.log.iter().for_each(|recorded| books.write(&recorded.fact));
        books
    }

    pub(crate) fn write(&mut self, fact: &Fact) {
        match fact {
            Fact::Payment(PaymentFact::Recorded(new)) => {
                let booked = Booked {
                    payer: new.payer.as_str().to_owned(),
                    parts: new
                        .parts
                        .iter()
                        .map(|(who, part)| (who.as_str().to_owned(), part.minor_units()))
                        .collect(),
                    tip: new.tip.minor_units(),
                    written_off: BTreeMap::new(),
                    refunded: 0,
                    status: new.status,
                };
                assert!(self.payments.insert(new.payment.as_str().to_owned(), booked).is_none());
            }
            Fact::Payment(PaymentFact::Updated { payment, status }) => {
                self.payments.get_mut(payment.as_str()).unwrap().status = *status;
            }
            Fact::Payment(PaymentFact::Refunded { payment, amount, parts, tip, written_off, .. }) => {
                let booked = self.payments.get_mut(payment.as_str()).unwrap();
                for (who, part) in written_off.iter().flatten() {
                    *booked.written_off.entry(who.as_str().to_owned()).or_default() += part.minor_units();
                }
                booked.refunded += amount.minor_units();
                booked.tip -= tip.minor_units();
                for (who, part) in parts {
                    *booked.parts.get_mut(who.as_str()).unwrap() -= part.minor_units();
                }
            }
            _ => {}
        }
    }

    /// The paid, or pending, part of a person's share.
    pub(crate) fn sum_of(&self, who: &str, status: PaymentStatus) -> i64 {
        let payments = self.payments.values().filter(|payment| payment.status == status);
        payments.filter_map(|payment| payment.parts.get(who)).sum()
    }

    /// What is written off of a person's share, which is at most the share.
    pub(crate) fn written_off(&self, who: &str, share: i64) -> i64 {
        let recorded: i64 = self.payments.values().filter_map(|payment| payment.written_off.get(who)).sum();
        recorded.min(share.max(0))
    }

    pub(crate) fn sum(&self, status: PaymentStatus) -> i64 {
        let payments = self.payments.values().filter(|payment| payment.status == status);
        payments.flat_map(|payment| payment.parts.values()).sum()
    }

    /// Records a fact that was recorded with this bill, and asserts that it was allowed.
    pub(crate) fn note(&mut self, bill: &Bill, fact: &Fact) {
        match fact {
            Fact::Payment(PaymentFact::Recorded(new)) => {
                let mut given = 0;
                for (who, part) in &new.parts {
                    let (who, part) = (who.as_str(), part.minor_units());
                    let open = bill.splits[who].balance - bill.splits[who].pending;
                    assert!(0 < part && part <= open, "{part} of {open}");
                    given += part;
                }
                assert!(new.tip.minor_units() >= 0);
                assert_eq!(given + new.tip.minor_units(), new.amount.minor_units());
                assert!(given == 0 || given <= bill.due - self.sum(PaymentStatus::Pending), "{given}");
            }
            Fact::Payment(PaymentFact::Refunded { payment, amount, parts, tip, written_off, .. }) => {
                let booked = &self.payments[payment.as_str()];
                let parts: BTreeMap<_, _> =
                    parts.iter().map(|(who, part)| (who.as_str(), part.minor_units())).collect();
                let (amount, tip) = (amount.minor_units(), tip.minor_units());
                assert_eq!(booked.status, PaymentStatus::Paid);
                assert_eq!(parts.values().sum::<i64>() + tip, amount);
                assert!(0 <= tip && tip <= booked.tip);
                let credit = |who: &str| {
                    let share = bill.share_of(who);
                    let owed = share - self.written_off(who, share);
                    let beyond = self.sum_of(who, PaymentStatus::Paid) - owed;
                    beyond.clamp(0, booked.parts[who])
                };
                let credits: i64 = booked.parts.keys().map(|who| credit(who)).sum();
                for (who, kept) in &booked.parts {
                    let part = parts.get(who.as_str()).copied().unwrap_or(0);
                    assert!(0 <= part && part <= *kept, "{part} of {kept}");
                    if amount <= credits {
                        assert!(part <= credit(who), "{who} loses what pays the share");
                    } else {
                        assert!(part >= credit(who), "{who} keeps what is beyond the share");
                    }
                }
                assert!(amount > credits || tip == 0);
                assert_eq!(
                    tip,
                    booked.tip.min((amount - credits).max(0)),
                    "first what is beyond, then the tip"
                );
                for (who, off) in written_off.iter().flatten() {
                    let of_share = parts[who.as_str()] - credit(who.as_str());
                    assert_eq!(off.minor_units(), of_share, "{who}");
                }
                if let Some(written_off) = written_off {
                    let sum: i64 = written_off.iter().map(|(_, off)| off.minor_units()).sum();
                    assert_eq!(sum, (amount - credits - tip).max(0), "all that would be due again");
                }
            }
            _ => {}
        }
        self.write(fact);
    }

    /// Asserts that the state agrees with this account.
    pub(crate) fn agree_with(&self, bill: &Bill) {
        let shares: i64 = bill.splits.values().map(|split| split.amount).sum();
        assert_eq!(shares + bill.unallocated, bill.amount_due);
        assert_eq!(bill.paid, self.sum(PaymentStatus::Paid));
        assert_eq!(bill.due, (bill.amount_due - bill.written_off - bill.paid).max(0));
        let written_off: i64 = bill.splits.values().map(|split| split.written_off).sum();
        assert_eq!(bill.written_off, written_off);
        assert_eq!(bill.settled, bill.finalized && bill.due == 0);
        for (who, split) in &bill.splits {
            assert_eq!(split.paid, self.sum_of(who, PaymentStatus::Paid), "{who}");
            assert_eq!(split.pending, self.sum_of(who, PaymentStatus::Pending), "{who}");
            assert_eq!(split.written_off, self.written_off(who, split.amount), "{who}");
            assert_eq!(split.balance, split.amount - split.written_off - split.paid, "{who}");
            let status = match split.balance {
                ..=0 => "paid",
                due if due <= split.pending => "pending",
                _ => "unpaid",
            };
            assert_eq!(split.status, status, "{who}");
        }
        let booked = self
            .payments
            .iter()
            .map(|(id, booked)| (id.clone(), (booked.status.as_str().to_owned(), booked.refunded)));
        assert_eq!(bill.payments, booked.collect());
    }
}
