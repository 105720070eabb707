//! A table for tests: an order and its log, driven by the protocol's own messages as in a
//! room.

use order_core::stored::{decode_fact, encode_fact, encode_order};
use order_core::{
    Actor, Currency, Decision, ItemId, Lifetimes, Order, OrderId, ParticipantId, Recorded, Rejection,
    UnixMillis, commit, decide, due, replay, wire,
};
use proptest::test_runner::Config as ProptestConfig;

/// How often a property is tested: this percentage of proptest's number of cases, which
/// `PROPTEST_CASES` sets. Failures are not saved in files; each becomes a named test.
pub fn runs(percent: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases * percent / 100, failure_persistence: None, ..default }
}

/// One order, all its recorded facts, and a clock that advances with every message.
#[derive(Debug, Clone)]
pub struct Table {
    pub order: Order,
    pub log: Vec<Recorded>,
    pub now: u64,
    fresh_ids: u32,
}

impl Table {
    /// An order without participants.
    pub fn empty() -> Self {
        Self::named("table-7")
    }

    pub fn named(order: &str) -> Self {
        let order = Order::new(OrderId::new(order).unwrap(), Currency::default());
        Self { order, log: Vec::new(), now: 1_000, fresh_ids: 0 }
    }

    /// An order that these people have joined, in this order.
    pub fn of(people: &[&str]) -> Self {
        let mut table = Self::empty();
        for person in people {
            table.join(person);
        }
        table
    }

    /// Judges a message of `who`; the order does not change.
    pub fn judge(&mut self, who: &str, message: &str) -> Result<Decision, Rejection> {
        self.judge_as(&participant(who), message)
    }

    fn judge_as(&mut self, actor: &Actor, message: &str) -> Result<Decision, Rejection> {
        self.now += 1;
        let fresh = self.fresh_ids + 1;
        let made = || ItemId::new(&format!("made-{fresh}")).unwrap();
        let inbound = wire::decode_command(message, made).map_err(|refused| refused.rejection)?;
        self.fresh_ids = fresh;
        decide(&self.order, UnixMillis::new(self.now), actor, &inbound.command)
    }

    /// Executes a message of `who`.
    pub fn say(&mut self, who: &str, message: &str) -> Result<Decision, Rejection> {
        self.say_as(&participant(who), message)
    }

    /// Executes a message of the restaurant's back end.
    pub fn say_from_backend(&mut self, message: &str) -> Result<Decision, Rejection> {
        self.say_as(&Actor::Backend, message)
    }

    fn say_as(&mut self, actor: &Actor, message: &str) -> Result<Decision, Rejection> {
        let decision = self.judge_as(actor, message)?;
        if let Decision::Record(recorded) = &decision {
            commit(&mut self.order, recorded).unwrap();
            self.log.push(recorded.clone());
        }
        Ok(decision)
    }

    /// Executes a message that must be accepted.
    pub fn accept(&mut self, who: &str, message: &str) -> Decision {
        self.say(who, message).unwrap_or_else(|rejection| panic!("{message}: {rejection}"))
    }

    /// Sends a message that must be refused, and asserts that nothing changed.
    pub fn refuse(&mut self, who: &str, message: &str) -> Rejection {
        self.refuse_as(&participant(who), message)
    }

    /// As [`Table::refuse`], for a message of the restaurant's back end.
    pub fn refuse_from_backend(&mut self, message: &str) -> Rejection {
        self.refuse_as(&Actor::Backend, message)
    }

    fn refuse_as(&mut self, actor: &Actor, message: &str) -> Rejection {
        let before = self.bytes();
        let (seq, facts) = (self.order.seq(), self.log.len());
        let rejection = match self.say_as(actor, message) {
            Err(rejection) => rejection,
            Ok(decision) => panic!("{message} was granted: {decision:?}"),
        };
        assert_eq!(self.bytes(), before, "{message} was refused, but changed the order");
        assert_eq!((self.order.seq(), self.log.len()), (seq, facts));
        rejection
    }

    /// Advances the clock to `now`, and executes everything that is due by then. A second check
    /// must find nothing more.
    pub fn wait_until(&mut self, now: u64, lifetimes: &Lifetimes) -> Vec<Recorded> {
        self.now = now.max(self.now);
        let mut happened = Vec::new();
        while let Some(recorded) = due(&self.order, UnixMillis::new(self.now), lifetimes) {
            commit(&mut self.order, &recorded).unwrap();
            self.log.push(recorded.clone());
            happened.push(recorded);
            assert!(happened.len() < 10, "it does not end: {happened:?}");
        }
        happened
    }

    pub fn join(&mut self, who: &str) {
        self.accept(who, &join_message(who));
    }

    pub fn leave(&mut self, who: &str) {
        self.accept(who, r#"{"type":"leave"}"#);
    }

    /// Adds a dish with this id; `price` and `quantity` are JSON.
    pub fn add(&mut self, who: &str, id: &str, price: &str, quantity: &str) {
        self.accept(who, &add_message(id, price, quantity));
    }

    pub fn split(&mut self, who: &str, data: &str) {
        self.accept(who, &split_message(data));
    }

    /// The stored form of the order: two orders are equal exactly if these bytes are.
    pub fn bytes(&self) -> Vec<u8> {
        encode_order(&self.order).unwrap()
    }

    /// The order replayed from its log, with each fact written and read again.
    pub fn replayed(&self) -> Order {
        let log: Vec<_> =
            self.log.iter().map(|fact| decode_fact(&encode_fact(fact).unwrap()).unwrap()).collect();
        replay(Order::new(self.order.id().clone(), Currency::default()), &log).unwrap()
    }
}

fn participant(who: &str) -> Actor {
    Actor::participant(ParticipantId::new(who).unwrap())
}

pub fn join_message(who: &str) -> String {
    format!(
        r#"{{"type":"join","participantId":"{who}","participantName":"Name of {who}","data":{{"circleId":"circle","tenantId":"tenant","phone":"+91 {who}"}}}}"#
    )
}

pub fn add_message(id: &str, price: &str, quantity: &str) -> String {
    format!(
        r#"{{"type":"add_item","data":{{"id":"{id}","dishName":"Dosa","dishType":"veg","price":{price},"quantity":{quantity}}}}}"#
    )
}

pub fn split_message(data: &str) -> String {
    format!(r#"{{"type":"update_split","data":{data}}}"#)
}

pub fn quantity_message(id: &str, quantity: &str) -> String {
    format!(r#"{{"type":"update_quantity","data":{{"itemId":"{id}","quantity":{quantity}}}}}"#)
}

/// The message that edits a dish; `changes` is the rest of its data.
pub fn edit_message(id: &str, changes: &str) -> String {
    format!(r#"{{"type":"edit_item","data":{{"itemId":"{id}",{changes}}}}}"#)
}

/// The message that corrects a dish; `more` is the rest of its data, after a comma.
pub fn correct_message(id: &str, more: &str) -> String {
    format!(r#"{{"type":"correct_item","data":{{"itemId":"{id}","reason":"It never came"{more}}}}}"#)
}

/// The message that adds several dishes; each is the content of a JSON object.
pub fn add_items_message(dishes: &[&str]) -> String {
    let dishes: Vec<_> = dishes.iter().map(|dish| format!("{{{dish}}}")).collect();
    format!(r#"{{"type":"add_items","data":{{"items":[{}]}}}}"#, dishes.join(","))
}

pub fn remove_message(id: &str) -> String {
    format!(r#"{{"type":"remove_item","data":{{"itemId":"{id}"}}}}"#)
}

pub fn claim_message(id: &str) -> String {
    format!(r#"{{"type":"claim_item","data":{{"itemId":"{id}"}}}}"#)
}

pub fn unclaim_message(id: &str) -> String {
    format!(r#"{{"type":"unclaim_item","data":{{"itemId":"{id}"}}}}"#)
}

/// The message that assigns a dish; `shared_by` is JSON.
pub fn assign_message(id: &str, shared_by: &str) -> String {
    format!(r#"{{"type":"assign_item","data":{{"itemId":"{id}","sharedBy":{shared_by}}}}}"#)
}

/// The message that sets these charges, given as JSON, without `roundTo`.
pub fn charges_message(charges: &str) -> String {
    format!(r#"{{"type":"set_charges","data":{{"charges":[{charges}]}}}}"#)
}

pub fn tip_message(tip: &str) -> String {
    format!(r#"{{"type":"set_tip","data":{{{tip}}}}}"#)
}

pub fn limit_message(who: &str, limit: &str) -> String {
    format!(r#"{{"type":"set_limit","data":{{"participantId":"{who}","limit":{limit}}}}}"#)
}

/// The message that sets the limit for `each` or for the `table`.
pub fn limit_for_message(each_or_table: &str, limit: &str) -> String {
    format!(r#"{{"type":"set_limit","data":{{"for":"{each_or_table}","limit":{limit}}}}}"#)
}

pub fn hand_over_message(to: &str) -> String {
    format!(r#"{{"type":"hand_over","data":{{"participantId":"{to}"}}}}"#)
}

/// The message that removes a person; `dishes` is the content of the JSON string.
pub fn send_away_message(who: &str, dishes: &str) -> String {
    format!(r#"{{"type":"remove_participant","data":{{"participantId":"{who}","dishes":"{dishes}"}}}}"#)
}

pub fn readmit_message(who: &str) -> String {
    format!(r#"{{"type":"readmit_participant","data":{{"participantId":"{who}"}}}}"#)
}

pub const READY: &str = r#"{"type":"set_ready","data":{"ready":true}}"#;
pub const LOCK: &str = r#"{"type":"lock_order"}"#;
pub const UNLOCK: &str = r#"{"type":"unlock_order"}"#;
pub const WAIVE: &str = r#"{"type":"waive_service","data":{"waived":true}}"#;
pub const FINALIZE: &str = r#"{"type":"finalize"}"#;
pub const REOPEN: &str = r#"{"type":"reopen"}"#;
pub const LEAVE: &str = r#"{"type":"leave"}"#;
