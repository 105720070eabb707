//! What must be true of every storm.

use std::collections::{BTreeMap, BTreeSet};

use order_core::split::{Share, shares};
use order_core::wire::{self, Frame};
use order_core::{Amount, Fact, Item, Order, OrderId, ParticipantId, Presence, Recorded, UnixMillis, commit};
use transport_memory::Message;

use crate::phone::{Heard, Phone};
use crate::storm::{PEOPLE, Storm, room};

pub(crate) fn check(storm: &Storm) {
    let history = History::of(storm);
    for order in &history.orders {
        the_shares_are_what_is_due(order);
    }
    for phone in &storm.phones {
        everything_shown_is_stored(phone, &history);
        facts_come_in_order_and_once(phone, &history, storm.doubles);
        in_the_end_it_sees_what_the_log_says(phone, &history);
    }
}

fn the_shares_are_what_is_due(order: &Order) {
    let split = shares(order);
    let allocated = Amount::checked_sum(split.list().iter().map(Share::amount)).unwrap();
    assert_eq!(allocated.checked_add(split.unallocated()), Some(split.amount_due()));
    assert_eq!(Amount::checked_sum(order.items().map(Item::total)), Some(order.total()));
}

fn everything_shown_is_stored(phone: &Phone, history: &History) {
    let mut known = BTreeMap::new();
    for message in messages(phone) {
        let kind = message.kind();
        if kind.is_empty() || kind == "error" {
            continue;
        }
        if kind == "ack" {
            an_ack_tells_of_its_commands_fact(phone, message, history);
            continue;
        }
        let who = who(message);
        let seq = seq(message);
        let expected = known.entry((seq, kind.to_owned(), who.to_owned())).or_insert_with(|| {
            let viewer = id(phone.person);
            history
                .messages(seq, kind, who)
                .iter()
                .map(|frame| undated(&frame.text_for(&viewer)))
                .collect::<Vec<_>>()
        });
        let shown = undated(message.text());
        assert!(
            expected.contains(&shown),
            "{} was shown\n{shown}\nand the log has\n{expected:#?}",
            phone.person
        );
    }
}

fn an_ack_tells_of_its_commands_fact(phone: &Phone, message: &Message, history: &History) {
    let ack = message.json();
    let fact = usize::try_from(ack["data"]["seq"].as_u64().unwrap()).unwrap().checked_sub(1);
    let Some(fact) = fact.and_then(|place| history.facts.get(place)) else {
        panic!("{} was told of a fact that is not stored: {}", phone.person, message.text())
    };
    assert_eq!(fact.stamp.as_ref().map(|stamp| stamp.id().as_str()), ack["id"].as_str());
    assert_eq!(fact.by.id().map(ParticipantId::as_str), Some(phone.person));
}

/// On one socket the facts come in their order, and each at most once unless the network doubled it.
fn facts_come_in_order_and_once(phone: &Phone, history: &History, doubles: bool) {
    let mut last = 0;
    for (_, heard) in &phone.heard {
        let message = match heard {
            Heard::Connected => {
                last = 0;
                continue;
            }
            Heard::Message(message) => message,
            Heard::Sent(_) | Heard::Closed(_) => continue,
        };
        // A join that changes nothing is answered by what looks like the fact.
        if !history.kinds.contains(message.kind()) || message.kind() == "participant_joined" {
            continue;
        }
        let seq = seq(message);
        let follows = if doubles { seq >= last } else { seq > last };
        assert!(follows, "{} heard of fact {seq} after fact {last}: {}", phone.person, message.text());
        last = seq;
    }
}

fn in_the_end_it_sees_what_the_log_says(phone: &Phone, history: &History) {
    let order = history.orders.last().unwrap();
    let Some(sync) = &phone.last_sync else {
        assert!(order.person(&id(phone.person)).is_none(), "{} could not look at the order", phone.person);
        return;
    };
    let mut everybody = Presence::new();
    for person in PEOPLE {
        everybody.connect(&id(person));
    }
    let expected = wire::sync(order, &everybody, UnixMillis::new(0));
    let text = expected.text_for(&id(phone.person));
    assert_eq!(without_time(sync.text()), without_time(&text));
}

/// The order after each of its facts.
struct History {
    facts: Vec<Recorded>,
    /// `orders[n]` is the order after fact `n`.
    orders: Vec<Order>,
    /// The types of messages that tell of a fact.
    kinds: BTreeSet<&'static str>,
}

impl History {
    fn of(storm: &Storm) -> Self {
        let facts = storm.facts();
        let mut orders = vec![Order::new(OrderId::new(room().room()).unwrap(), Storm::currency())];
        for fact in &facts {
            let mut order = orders.last().unwrap().clone();
            commit(&mut order, fact).unwrap();
            orders.push(order);
        }
        let kinds = [
            "participant_joined",
            "participant_left",
            "item_added",
            "item_removed",
            "quantity_updated",
            "item_shared",
            "charges_updated",
            "tip_updated",
            "service_waived",
            "payment_recorded",
            "split_updated",
            "order_finalized",
        ];
        Self { facts, orders, kinds: BTreeSet::from(kinds) }
    }

    /// What may be said in a message of this type when fact `seq` was the last.
    fn messages(&self, seq: u64, kind: &str, who: &str) -> Vec<Frame> {
        let number = usize::try_from(seq).unwrap();
        let Some(order) = self.orders.get(number) else { panic!("fact {seq} was shown and is not stored") };
        let (nobody, any_time) = (Presence::new(), UnixMillis::new(0));
        let fact = &self.facts[number - 1];
        let joined = || wire::joined(order, &nobody, &id(who), any_time);
        match kind {
            "sync" => vec![wire::sync(order, &nobody, any_time)],
            "presence" => vec![wire::presence_changed(order, &nobody, &id(who), any_time)],
            "participant_joined" if !matches!(fact.fact, Fact::Joined(_)) => vec![joined()],
            "participant_joined" => vec![joined(), wire::fact_message(order, &nobody, fact)],
            _ => vec![wire::fact_message(order, &nobody, fact)],
        }
    }
}

fn messages(phone: &Phone) -> impl Iterator<Item = &Message> {
    phone.heard.iter().filter_map(|(_, heard)| match heard {
        Heard::Message(message) => Some(message),
        Heard::Connected | Heard::Sent(_) | Heard::Closed(_) => None,
    })
}

/// The participant that a message is about; a `sync` is about nobody.
fn who(message: &Message) -> &str {
    let after = message.text().split_once("\"participantId\":\"").filter(|_| message.kind() != "sync");
    after.and_then(|(_, after)| after.split('"').next()).unwrap_or_default()
}

fn seq(message: &Message) -> u64 {
    let Some(state) = message.state() else { panic!("no state in {}", message.text()) };
    let (_, seq) = state.rsplit_once("\"seq\":").unwrap();
    seq.trim_end_matches('}').parse().unwrap()
}

/// A message without its time, and without who is online: neither is stored.
fn undated(text: &str) -> String {
    without_time(text).replace("\"isOnline\":true", "\"isOnline\":false")
}

fn without_time(text: &str) -> &str {
    text.rsplit_once(",\"timestamp\":").unwrap().0
}

fn id(person: &str) -> ParticipantId {
    ParticipantId::new(person).unwrap()
}
