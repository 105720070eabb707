//! The hostile messages: their text, the sender, and the code of the refusal.

mod form;
mod money;
mod people;

use crate::scene::{FINALIZED, HOSTED, LOCKED, OPEN};

/// The sender of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Seat {
    /// A client that knows the address and has not joined.
    Stranger,
    StrangerV2,
    /// A guest who has joined and is not the owner.
    Guest,
    GuestV2,
    /// The same, in an order where only the owner edits everything.
    HostedGuest,
    /// The same, in an order that the owner has locked.
    LockedGuest,
    /// A participant of a finalized order.
    FinalizedGuest,
}

impl Seat {
    pub(crate) fn room(self) -> &'static str {
        match self {
            Self::Stranger | Self::StrangerV2 | Self::Guest | Self::GuestV2 => OPEN,
            Self::HostedGuest => HOSTED,
            Self::LockedGuest => LOCKED,
            Self::FinalizedGuest => FINALIZED,
        }
    }

    pub(crate) fn speaks_v2(self) -> bool {
        matches!(self, Self::StrangerV2 | Self::GuestV2)
    }

    /// The id and name it joins with, if it joins.
    pub(crate) fn who(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Stranger | Self::StrangerV2 => None,
            Self::Guest | Self::HostedGuest | Self::LockedGuest => Some(("eve", "Eve")),
            Self::GuestV2 => Some(("eva", "Eva")),
            Self::FinalizedGuest => Some(("ben-4711-id", "Benazir")),
        }
    }
}

pub(crate) struct Case {
    pub(crate) what: &'static str,
    pub(crate) seat: Seat,
    pub(crate) text: String,
    pub(crate) code: &'static str,
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    form::broken_json(&mut cases);
    form::bombs(&mut cases);
    money::prices(&mut cases);
    money::ids_and_texts(&mut cases);
    money::splits(&mut cases);
    money::charges_and_payments(&mut cases);
    people::by_the_wrong_person(&mut cases);
    people::at_the_wrong_time(&mut cases);
    form::wrong_types(&mut cases);
    form::replays_and_requests(&mut cases);
    cases.0
}

struct Cases(Vec<Case>);

impl Cases {
    fn from(&mut self, seat: Seat, what: &'static str, code: &'static str, text: impl Into<String>) {
        self.0.push(Case { what, seat, text: text.into(), code });
    }

    /// Adds a message from a guest, in the first protocol.
    fn text(&mut self, what: &'static str, code: &'static str, text: impl Into<String>) {
        self.from(Seat::Guest, what, code, text);
    }

    /// Adds a message from a guest in both protocols: in the second with an id.
    fn both(&mut self, what: &'static str, code: &'static str, kind: &str, data: &str) {
        self.text(what, code, format!(r#"{{"type":"{kind}","data":{data}}}"#));
        let id = self.0.len();
        self.from(Seat::GuestV2, what, code, format!(r#"{{"type":"{kind}","id":"h{id}","data":{data}}}"#));
    }
}

/// Every type of message, with valid data.
const KINDS: [(&str, &str); 19] = [
    ("add_item", r#"{"dishName":"Dal","price":1,"quantity":1}"#),
    ("remove_item", r#"{"itemId":"dal"}"#),
    ("update_quantity", r#"{"itemId":"dal","quantity":2}"#),
    ("claim_item", r#"{"itemId":"dal"}"#),
    ("unclaim_item", r#"{"itemId":"dal"}"#),
    ("update_split", r#"{"splitType":"equal"}"#),
    ("set_tip", r#"{"amount":1}"#),
    ("waive_service", r#"{"waived":true}"#),
    ("set_ready", r#"{"ready":true}"#),
    ("finalize", "{}"),
    ("leave", "{}"),
    ("undo", "{}"),
    ("assign_item", r#"{"itemId":"dal","sharedBy":["eve"]}"#),
    ("set_charges", r#"{"charges":[]}"#),
    ("record_payment", r#"{"amount":1}"#),
    ("lock_order", "{}"),
    ("hand_over", r#"{"participantId":"eve"}"#),
    ("set_limit", r#"{"participantId":"eve"}"#),
    ("set_deadline", r#"{"in":60000}"#),
];
