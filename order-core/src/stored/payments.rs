//! The stored form of facts about payments, and of a payment of an order.

use serde::{Deserialize, Serialize};

use super::fact::StoredFact;
use super::value::owned;
use super::version::StoredError;
use crate::fact::{PaymentFact, PaymentRecorded};
use crate::order::payments::{Part, Payment, PaymentStatus, Refund};
use crate::order::people::Seat;
use crate::value::text::Text;
use crate::{Amount, ParticipantId, PaymentId, UnixMillis};

/// A payment in a fact.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPaymentRecorded {
    payment: String,
    payer: String,
    /// Minor units, as is every amount below.
    amount: i64,
    parts: Vec<(String, i64)>,
    tip: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    status: StoredStatus,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredPaymentUpdated {
    payment: String,
    status: StoredStatus,
}

#[derive(Serialize, Deserialize)]
pub(super) struct StoredPaymentRefunded {
    payment: String,
    refund: String,
    /// Minor units, as are all amounts here.
    amount: i64,
    parts: Vec<(String, i64)>,
    tip: i64,
    /// Absent if all of it is due again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    written_off: Option<Vec<(String, i64)>>,
}

/// A payment of an order.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredPayment {
    id: String,
    /// An index into `people`.
    payer: usize,
    amount: i64,
    /// Indexes into `people`, with the amount paid and how much of it was refunded.
    parts: Vec<(usize, i64, i64)>,
    tip: i64,
    tip_refunded: i64,
    /// The ids and amounts of refunds.
    refunds: Vec<(String, i64)>,
    /// Indexes into `refunds`, of those that are not due again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    not_due: Vec<usize>,
    /// Indexes into `people`, with what refunds write off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    written_off: Vec<(usize, i64)>,
    method: Option<String>,
    reference: Option<String>,
    status: StoredStatus,
    /// An index into `people`; `None`: the back end.
    by: Option<usize>,
    at: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredStatus {
    Pending,
    Paid,
    Failed,
}

pub(super) fn store(fact: &PaymentFact) -> StoredFact {
    match fact {
        PaymentFact::Recorded(recorded) => StoredFact::PaymentRecorded(recorded.into()),
        PaymentFact::Updated { payment, status } => StoredFact::PaymentUpdated(StoredPaymentUpdated {
            payment: payment.as_str().to_owned(),
            status: (*status).into(),
        }),
        PaymentFact::Refunded { payment, refund, amount, parts, tip, written_off } => {
            StoredFact::PaymentRefunded(StoredPaymentRefunded {
                payment: payment.as_str().to_owned(),
                refund: refund.as_str().to_owned(),
                amount: amount.minor_units(),
                parts: stored_parts(parts),
                tip: tip.minor_units(),
                written_off: written_off.as_deref().map(stored_parts),
            })
        }
    }
}

impl From<PaymentStatus> for StoredStatus {
    fn from(status: PaymentStatus) -> Self {
        match status {
            PaymentStatus::Pending => Self::Pending,
            PaymentStatus::Paid => Self::Paid,
            PaymentStatus::Failed => Self::Failed,
        }
    }
}

impl From<StoredStatus> for PaymentStatus {
    fn from(status: StoredStatus) -> Self {
        match status {
            StoredStatus::Pending => Self::Pending,
            StoredStatus::Paid => Self::Paid,
            StoredStatus::Failed => Self::Failed,
        }
    }
}

impl From<&PaymentRecorded> for StoredPaymentRecorded {
    fn from(recorded: &PaymentRecorded) -> Self {
        Self {
            payment: recorded.payment.as_str().to_owned(),
            payer: recorded.payer.as_str().to_owned(),
            amount: recorded.amount.minor_units(),
            parts: stored_parts(&recorded.parts),
            tip: recorded.tip.minor_units(),
            method: recorded.method.as_ref().map(owned),
            reference: recorded.reference.as_ref().map(owned),
            status: recorded.status.into(),
        }
    }
}

impl StoredPaymentRecorded {
    pub(super) fn read(self) -> PaymentFact {
        PaymentFact::Recorded(PaymentRecorded {
            payment: PaymentId::from_stored(&self.payment),
            payer: ParticipantId::from_stored(&self.payer),
            amount: Amount::from_minor_units(self.amount),
            parts: read_parts(&self.parts),
            tip: Amount::from_minor_units(self.tip),
            method: self.method.as_deref().map(Text::from_stored),
            reference: self.reference.as_deref().map(Text::from_stored),
            status: self.status.into(),
        })
    }
}

impl StoredPaymentUpdated {
    pub(super) fn read(self) -> PaymentFact {
        PaymentFact::Updated { payment: PaymentId::from_stored(&self.payment), status: self.status.into() }
    }
}

impl StoredPaymentRefunded {
    pub(super) fn read(&self) -> PaymentFact {
        PaymentFact::Refunded {
            payment: PaymentId::from_stored(&self.payment),
            refund: PaymentId::from_stored(&self.refund),
            amount: Amount::from_minor_units(self.amount),
            parts: read_parts(&self.parts),
            tip: Amount::from_minor_units(self.tip),
            written_off: self.written_off.as_deref().map(read_parts),
        }
    }
}

fn stored_parts(parts: &[(ParticipantId, Amount)]) -> Vec<(String, i64)> {
    parts.iter().map(|(who, amount)| (who.as_str().to_owned(), amount.minor_units())).collect()
}

fn read_parts(parts: &[(String, i64)]) -> Vec<(ParticipantId, Amount)> {
    let part =
        |(who, units): &(String, i64)| (ParticipantId::from_stored(who), Amount::from_minor_units(*units));
    parts.iter().map(part).collect()
}

impl From<&Payment> for StoredPayment {
    fn from(payment: &Payment) -> Self {
        let part = |part: &Part| (part.seat.0, part.amount.minor_units(), part.refunded.minor_units());
        Self {
            id: payment.id.as_str().to_owned(),
            payer: payment.payer.0,
            amount: payment.amount.minor_units(),
            parts: payment.parts.iter().map(part).collect(),
            tip: payment.tip.minor_units(),
            tip_refunded: payment.tip_refunded.minor_units(),
            refunds: payment
                .refunds
                .iter()
                .map(|refund| (refund.id.as_str().to_owned(), refund.amount.minor_units()))
                .collect(),
            not_due: payment
                .refunds
                .iter()
                .enumerate()
                .filter(|(_, refund)| !refund.due)
                .map(|(place, _)| place)
                .collect(),
            written_off: payment
                .written_off
                .iter()
                .map(|(seat, amount)| (seat.0, amount.minor_units()))
                .collect(),
            method: payment.method.as_ref().map(owned),
            reference: payment.reference.as_ref().map(owned),
            status: payment.status.into(),
            by: payment.recorded_by.map(|seat| seat.0),
            at: payment.recorded_at.get(),
        }
    }
}

impl StoredPayment {
    pub(super) fn read(
        self,
        seat: impl Fn(usize) -> Result<Seat, StoredError>,
    ) -> Result<Payment, StoredError> {
        let part = |(place, amount, refunded): (usize, i64, i64)| {
            Ok(Part {
                seat: seat(place)?,
                amount: Amount::from_minor_units(amount),
                refunded: Amount::from_minor_units(refunded),
            })
        };
        let paid = self.parts.iter().try_fold(self.tip, |sum, (_, amount, _)| sum.checked_add(*amount));
        if paid != Some(self.amount) {
            return Err(StoredError::Damaged("payment"));
        }
        Ok(Payment {
            id: PaymentId::from_stored(&self.id),
            payer: seat(self.payer)?,
            amount: Amount::from_minor_units(self.amount),
            parts: self.parts.into_iter().map(part).collect::<Result<_, StoredError>>()?,
            tip: Amount::from_minor_units(self.tip),
            tip_refunded: Amount::from_minor_units(self.tip_refunded),
            refunds: self
                .refunds
                .iter()
                .enumerate()
                .map(|(place, (id, units))| Refund {
                    id: PaymentId::from_stored(id),
                    amount: Amount::from_minor_units(*units),
                    due: !self.not_due.contains(&place),
                })
                .collect(),
            written_off: self
                .written_off
                .into_iter()
                .map(|(place, units)| Ok((seat(place)?, Amount::from_minor_units(units))))
                .collect::<Result<_, StoredError>>()?,
            method: self.method.as_deref().map(Text::from_stored),
            reference: self.reference.as_deref().map(Text::from_stored),
            status: self.status.into(),
            recorded_by: self.by.map(&seat).transpose()?,
            recorded_at: UnixMillis::new(self.at),
        })
    }
}
