//! What a connection of the first protocol receives: the whole order with every change.

use std::borrow::Cow;

use serde_json::Value;
use transport_memory::Message;

use super::ear::{Answer, Listener, command_number};
use super::outcome::{Happening, Oracle};
use super::world::World;

#[derive(Debug)]
pub(crate) struct V1Ear {
    pub(crate) listener: Listener,
    pub(crate) joined: bool,
    pub(crate) seq: u64,
    /// The last message with the order.
    shown: Option<Message>,
}

impl V1Ear {
    pub(crate) fn new(listener: Listener) -> Self {
        Self { listener, joined: false, seq: 0, shown: None }
    }

    /// Returns the order from the last such message.
    pub(crate) fn state(&self) -> Option<Cow<'_, str>> {
        self.shown.as_ref()?.state()
    }

    /// Returns whether the last such message contains this text.
    pub(crate) fn reads(&self, text: &str) -> bool {
        self.shown.as_ref().is_some_and(|shown| shown.text().contains(text))
    }

    pub(crate) fn has_item(&self, id: &str) -> bool {
        self.reads(&format!("{{\"id\":\"{id}\",\"dishName\""))
    }

    pub(crate) fn hear(&mut self, world: &World, message: &Message) -> Option<Answer> {
        let kind = message.kind();
        match kind {
            "ack" | "error" => {
                let answer = answer(message);
                if answer.is_none() {
                    world.accuse(Oracle::Protocol, || format!("no answer: {}", message.text()));
                }
                return answer;
            }
            _ => {}
        }
        let Some(seq) = seq(message.text()) else {
            world.accuse(Oracle::Protocol, || format!("no state in {}", message.text()));
            return None;
        };
        self.in_order(world, kind, seq, message);
        world.evidence(|evidence| {
            evidence.count(Happening::Frame);
            evidence.frame(self.listener.number, seq, kind, message.text());
        });
        if seq < self.seq {
            return None;
        }
        self.seq = seq;
        self.shown = Some(message.clone());
        match kind {
            "sync" => self.joined = true,
            "participant_left" if who(message.text()) == Some(self.listener.person) => self.joined = false,
            _ => {}
        }
        None
    }

    /// Checks that facts on one connection come one by one, unless a full state replaces some.
    fn in_order(&self, world: &World, kind: &str, seq: u64, message: &Message) {
        if self.listener.wild {
            return;
        }
        let last = self.seq;
        let follows = match kind {
            "sync" => seq >= last,
            // After the fact of their own join, or without a fact if they only returned.
            "participant_joined" => self.joined && (seq == last || seq == last + 1),
            "presence" => self.joined && seq == last,
            // Nothing follows it, so it replaces what a client that fell behind has missed.
            "participant_left" if who(message.text()) == Some(self.listener.person) => seq > last,
            _ => self.joined && seq == last + 1,
        };
        if !follows {
            let who = self.listener.person;
            world.accuse(Oracle::NoGap, || format!("{who}, after fact {last}, heard {}", message.text()));
        }
        if kind == "sync" && self.joined && seq > last {
            world.count(Happening::FellBehind);
        }
    }
}

fn answer(message: &Message) -> Option<Answer> {
    let json = message.json();
    let command = json["id"].as_str().and_then(command_number);
    if message.kind() == "ack" {
        let repeated = json["data"]["repeated"].as_bool().unwrap_or_default();
        return Some(Answer::Acked { command: command?, seq: json["data"]["seq"].as_u64()?, repeated });
    }
    let code = json.get("data").and_then(|data| data["code"].as_str()).map(str::to_owned);
    match (&json["id"], command) {
        (Value::Null, None) | (_, Some(_)) => Some(Answer::Refused { command, code: code? }),
        _ => None,
    }
}

/// Returns the sequence number of the state in a message. It is near the end of the state.
fn seq(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(",\"seq\":")?;
    rest.split('}').next()?.split(',').next()?.parse().ok()
}

/// Returns the participant whom a message concerns.
pub(crate) fn who(text: &str) -> Option<&str> {
    text.split_once("\"participantId\":\"")?.1.split('"').next()
}
