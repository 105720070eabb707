//! Replays one room from its first fact.

use order_core::split::shares;
use order_core::stored::{LogPosition, decode_fact, decode_snapshot, encode_snapshot};
use order_core::{Amount, Currency, Lifetimes, Order, OrderId, commit, wire};

use super::finding::{Damage, Finding};
use crate::RoomKey;
use crate::log::{ChainKey, Link, Snapshot, StoredFact};

/// A room that is being replayed.
#[derive(Debug)]
pub(super) struct RoomAudit {
    pub(super) key: RoomKey,
    order: Order,
    bytes: u64,
    /// The chain key, and the link of the last fact. `None`: the key cannot be read.
    chain: Option<(ChainKey, Link)>,
    /// Whether the last fact has a link: all later ones must have one then.
    is_linked: bool,
    snapshot: Option<Snapshot>,
    /// Whether damage was found: the rest is not audited, because all of it would be wrong.
    is_broken: bool,
}

impl RoomAudit {
    /// Begins a room. `snapshot` is its stored snapshot.
    pub(super) fn begin(key: RoomKey, snapshot: Option<Snapshot>, chain: Option<ChainKey>) -> Option<Self> {
        // The first fact sets the currency and the policy.
        let order = Order::new(OrderId::new(key.room()).ok()?, Currency::default());
        let chain = chain.map(|chain| (chain, chain.start(&key)));
        Some(Self { key, order, bytes: 0, chain, is_linked: false, snapshot, is_broken: false })
    }

    /// Returns the sequence number of the last replayed fact.
    pub(super) fn seq(&self) -> u64 {
        self.order.seq()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    pub(super) fn find(&mut self, damage: Damage, found: &mut Vec<Finding>) {
        self.is_broken = true;
        self.say(damage, found);
    }

    fn say(&self, damage: Damage, found: &mut Vec<Finding>) {
        found.push(Finding { room: Some(self.key.clone()), damage });
    }

    /// Replays the next fact, stored under this sequence number.
    pub(super) fn take(&mut self, seq: u64, fact: &StoredFact, found: &mut Vec<Finding>) {
        if self.is_broken {
            return;
        }
        let next = self.order.seq().saturating_add(1);
        if seq != next {
            return self.find(Damage::FactMissing { seq: next }, found);
        }
        if let Err(error) = self.follow(fact) {
            return self.find(Damage::Chain { seq, error }, found);
        }
        let replayed = decode_fact(&fact.bytes)
            .map_err(|error| error.to_string())
            .and_then(|recorded| commit(&mut self.order, &recorded).map_err(|error| error.to_string()));
        if let Err(error) = replayed {
            return self.find(Damage::Fact { seq, error }, found);
        }
        self.bytes = self.bytes.saturating_add(fact.bytes.len() as u64);
        if let Some(snapshot) = self.snapshot.take_if(|snapshot| snapshot.seq == seq)
            && let Err(error) = self.compare(&snapshot)
        {
            self.say(Damage::Snapshot { seq, error }, found);
        }
    }

    /// Checks that the fact follows from those before it.
    fn follow(&mut self, fact: &StoredFact) -> Result<(), String> {
        if self.is_linked && fact.link.is_none() {
            return Err("it has no link, but the fact before it has one".to_owned());
        }
        self.is_linked = fact.link.is_some();
        if let Some((chain, link)) = &mut self.chain {
            *link = chain.follow(*link, fact).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Compares a snapshot with the replayed order at the same fact. A snapshot of an earlier
    /// release lacks what that release did not know, and is used only for the public view:
    /// rooms are not loaded from it.
    fn compare(&self, snapshot: &Snapshot) -> Result<(), String> {
        let (order, position) = decode_snapshot(&snapshot.state).map_err(|error| error.to_string())?;
        let stored = |order: &Order, position: &LogPosition| {
            encode_snapshot(order, position).map_err(|error| error.to_string())
        };
        if position.bytes.is_some_and(|bytes| bytes != self.bytes) {
            return Err("its number of bytes differs".to_owned());
        }
        let Some(noted) = position.link else {
            let is_shown_so = wire::public_view(&order) == wire::public_view(&self.order);
            return if is_shown_so { Ok(()) } else { Err("its order differs".to_owned()) };
        };
        if self.chain.is_some_and(|(_, link)| *link.bytes() != noted) {
            return Err("its link differs".to_owned());
        }
        let of_facts = stored(&self.order, &position)?;
        if of_facts != snapshot.state && stored(&order, &position)? != of_facts {
            return Err("its order differs".to_owned());
        }
        Ok(())
    }

    /// Returns whether a change of the order is scheduled.
    pub(super) fn wants_an_alarm(&self, lifetimes: &Lifetimes) -> bool {
        self.order.alarm(lifetimes).is_some()
    }

    /// Audits the result of all facts.
    pub(super) fn end(self, lacks_an_alarm: bool, found: &mut Vec<Finding>) {
        if self.is_broken {
            return;
        }
        let seq = self.order.seq();
        if let Some(snapshot) = &self.snapshot {
            let error = format!("the facts end at {seq}");
            self.say(Damage::Snapshot { seq: snapshot.seq, error }, found);
        }
        if let Some(error) = what_does_not_add_up(&self.order) {
            self.say(Damage::Sums { seq, error: error.to_owned() }, found);
        }
        if lacks_an_alarm {
            self.say(Damage::NoAlarm { seq }, found);
        }
    }
}

/// Returns which sums of an order do not add up, if any: dishes to their total, lines and
/// shares to what is due.
fn what_does_not_add_up(order: &Order) -> Option<&'static str> {
    let shares = shares(order);
    let due = sum([shares.amount_due()]);
    let of_all =
        sum(shares.list().iter().map(order_core::split::Share::amount)) + sum([shares.unallocated()]);
    let of_each = shares
        .list()
        .iter()
        .all(|share| sum(share.lines().iter().map(order_core::bill::Line::amount)) == sum([share.amount()]));
    let checks = [
        (
            sum(order.items().map(order_core::Item::total)) == sum([order.total()]),
            "the dishes and their total",
        ),
        (sum(shares.lines().iter().map(order_core::bill::Line::amount)) == due, "the bill and what is due"),
        (of_all == due, "the shares and what is due"),
        (of_each, "the lines of a share"),
    ];
    checks.into_iter().find(|(holds, _)| !holds).map(|(_, what)| what)
}

/// Cannot overflow: that would take 2⁶³ amounts.
#[allow(clippy::arithmetic_side_effects, reason = "sums of 64-bit numbers in 128 bits")]
fn sum(amounts: impl IntoIterator<Item = Amount>) -> i128 {
    amounts.into_iter().map(|amount| i128::from(amount.minor_units())).sum()
}
