//! Replays exchanges that were recorded on the TypeScript server that this one replaces.
//!
//! Where that server was right, our messages have the same types, the same fields in the
//! same order and the same values. [`DIFFERENCES`] lists every message where it was not,
//! and our answer. Times are not compared. Ours may have more fields ([`ADDED`]), and
//! `connectionId` is gone because no client needs it.
//!
//! Three differences are general and not listed in the table:
//! * A socket that has not joined is shown nothing; the old server sent a `sync` with all
//!   phone numbers on connecting.
//! * A guest who joins gets a `sync` and a `participant_joined`; the old server omitted the
//!   first guest's `sync`, and did not answer a join by an existing participant at all.
//! * A socket that closes changes `presence`; the old server removed the person from the
//!   order and sent a `sync`.

use order_core::command::PeopleCommand;
use order_core::wire::{self, Frame};
use order_core::{
    Actor, Code, Command, Currency, Decision, ItemId, Order, OrderId, ParticipantId, Presence, Rejection,
    UnixMillis, commit, decide,
};
use std::collections::{BTreeMap, BTreeSet};

use crate::support::differences::{DIFFERENCES, Instead};
use crate::support::json::Json;

/// Fields that the old server did not have.
const ADDED: &[&str] = &[
    "role",
    "isOnline",
    "currency",
    "ownerId",
    "splits",
    "unallocated",
    "amountDue",
    "splitMode",
    "payments",
    "paid",
    "balanceDue",
    "settled",
    "settlement",
    "seq",
    "code",
    "data",
];
const TIMES: &[&str] = &["joinedAt", "addedAt", "createdAt", "updatedAt", "timestamp"];

#[test]
fn recorded_exchanges_are_answered_as_they_were_where_the_old_server_was_right() {
    let exchanges = recorded();
    let mut rows_used = BTreeSet::new();
    for (scenario, steps) in &exchanges {
        let mut room = Room::default();
        let mut apart: &[&str] = &[];
        for (&number, step) in steps {
            let difference =
                DIFFERENCES.iter().position(|row| row.scenario == scenario && row.step == number);
            rows_used.extend(difference);
            let difference = difference.map(|row| &DIFFERENCES[row]);
            apart = difference.map_or(apart, |row| row.apart);
            let reason = difference.map_or("as recorded", |row| row.reason);
            let context = format!("{scenario}, step {number}, {reason}: {}", step.text);
            play(&mut room, step, difference.map(|row| row.instead), apart, &context);
        }
    }
    assert_eq!(rows_used.len(), DIFFERENCES.len(), "a row of the table is about nothing that was recorded");
    assert_eq!(exchanges.len(), 8);
}

/// Plays one step, and compares everyone's messages with the recorded ones.
fn play(room: &mut Room, step: &Step, instead: Option<Instead>, apart: &[&str], context: &str) {
    let conn = step.conn.as_str();
    let sent = match step.kind.as_str() {
        "open" => {
            room.open(conn, &step.text);
            assert!(instead.is_none(), "{context}");
            return;
        }
        "close" => {
            let sent = room.close(conn);
            assert!(sent.iter().all(|message| message.of_type("presence")), "{context}: {sent:?}");
            assert!(sent.iter().all(|message| message.to != conn), "{context}");
            return;
        }
        _ => room.receive(conn, &step.text, step.fresh_id()),
    };
    match instead {
        Some(Instead::Refuse(code)) => {
            assert_eq!(sent.len(), 1, "{context}: {sent:?}");
            assert_eq!(
                (sent[0].to.as_str(), sent[0].json.at("data.code").text()),
                (conn, code.as_str()),
                "{context}"
            );
            if let Some(recorded) = step.got.iter().find(|message| message.of_type("error")) {
                assert_like(&recorded.json, &sent[0], apart, context);
            }
        }
        Some(Instead::Say(kind)) => {
            assert_eq!(sent.len(), step.got.len(), "{context}");
            assert!(sent.iter().all(|message| message.of_type(kind)), "{context}: {sent:?}");
        }
        Some(Instead::AsSelf) => {
            let speaker = "tenant_9876543210";
            assert_eq!(sent.len(), step.got.len(), "{context}");
            for (message, recorded) in sent.iter().zip(&step.got) {
                assert_eq!(message.json.at("type"), recorded.json.at("type"), "{context}");
                assert_eq!(message.json.at("participantId").text(), speaker, "{context}");
                assert_ne!(recorded.json.get("participantId").map(Json::text), Some(speaker), "{context}");
            }
            if sent[0].of_type("participant_left") {
                // Joins again, so that the rest of the recording can be played.
                room.receive(conn, REJOIN, None);
            }
        }
        Some(Instead::Value(path, value)) => {
            assert_eq!(sent.len(), 1, "{context}");
            assert_eq!(sent[0].json.at("data").at(path).number(), value, "{context}");
            assert_ne!(step.got[0].json.at("data").at(path).number(), value, "{context}");
            let apart: Vec<_> = apart.iter().copied().chain(path.rsplit('.').take(1)).collect();
            assert_like(&step.got[0].json, &sent[0], &apart, context);
        }
        Some(Instead::Nothing) | None => {
            let mut ours: Vec<&Message> = sent.iter().collect();
            for recorded in &step.got {
                let same = |message: &&Message| {
                    message.to == recorded.to && message.json.at("type") == recorded.json.at("type")
                };
                let place =
                    ours.iter().position(same).unwrap_or_else(|| panic!("{context}: lacks {recorded:?}"));
                assert_like(&recorded.json, ours.remove(place), apart, context);
            }
            // A guest who joins is always sent the state and their own arrival.
            let joining = step.text.contains("\"join\"");
            let to_joiner = |message: &Message| {
                joining
                    && message.to == conn
                    && (message.of_type("sync") || message.of_type("participant_joined"))
            };
            assert!(ours.iter().all(|message| to_joiner(message)), "{context}: also {ours:?}");
        }
    }
}

const REJOIN: &str = r#"{"type":"join","participantId":"tenant_9876543210","data":{}}"#;

/// Asserts that everything in the recording is in our message, in its place, with its type
/// and value.
fn assert_like(recorded: &Json, ours: &Message, apart: &[&str], context: &str) {
    like(recorded, &ours.json, &ours.viewer, apart, &format!("{context}: {:?} as {recorded:?}", ours.json));
}

fn like(recorded: &Json, ours: &Json, viewer: &str, apart: &[&str], context: &str) {
    match (recorded, ours) {
        (Json::Object(_), Json::Object(_)) => {
            let wanted: Vec<&str> =
                recorded.keys().into_iter().filter(|key| *key != "connectionId").collect();
            let found: Vec<&str> = ours.keys().into_iter().filter(|key| wanted.contains(key)).collect();
            assert_eq!(found, wanted, "fields are missing or in another order. {context}");
            let added: Vec<&str> = ours.keys().into_iter().filter(|key| !wanted.contains(key)).collect();
            assert!(
                added.iter().all(|key| ADDED.contains(key) || apart.contains(key)),
                "{added:?}. {context}"
            );
            let own = recorded.get("id").is_some_and(|id| matches!(id, Json::Text(id) if id == viewer));
            for key in wanted {
                let (old, new) = (recorded.get(key).unwrap(), ours.get(key).unwrap());
                if TIMES.contains(&key) {
                    assert!(new.whole() > 0, "{context}");
                } else if key == "phone" && !own {
                    assert_eq!(new.text(), "", "somebody else's phone. {context}");
                } else if key == "error" {
                    assert!(!new.text().is_empty(), "{context}");
                } else if !apart.contains(&key) {
                    like(old, new, viewer, apart, context);
                }
            }
        }
        (Json::List(old), Json::List(new)) => {
            assert_eq!(old.len(), new.len(), "{context}");
            for (old, new) in old.iter().zip(new) {
                like(old, new, viewer, apart, context);
            }
        }
        _ => assert_eq!(recorded, ours, "{context}"),
    }
}

/// One action of a socket, and the messages that it caused.
#[derive(Debug, Default)]
struct Step {
    conn: String,
    kind: String,
    text: String,
    got: Vec<Message>,
}

#[derive(Debug)]
struct Message {
    to: String,
    /// The person on that socket, if it matters.
    viewer: String,
    json: Json,
}

impl Message {
    fn of_type(&self, kind: &str) -> bool {
        self.json.at("type").text() == kind
    }
}

impl Step {
    /// The id that the old server gave to the added item, so that later messages find it.
    fn fresh_id(&self) -> Option<ItemId> {
        let item = self.got.first()?.json.get("data")?.get("item")?;
        match item.at("id") {
            Json::Text(id) => ItemId::new(id).ok(),
            _ => None,
        }
    }
}

fn recorded() -> BTreeMap<String, BTreeMap<u64, Step>> {
    let mut scenarios: BTreeMap<String, BTreeMap<u64, Step>> = BTreeMap::new();
    for line in include_str!("../../fixtures/recorded-exchanges.jsonl").lines() {
        let entry = Json::parse(line);
        let steps = scenarios.entry(entry.at("scenario").text().to_owned()).or_default();
        let step = steps.entry(entry.at("step").whole()).or_default();
        let (conn, text) = (entry.at("conn").text().to_owned(), entry.at("text").text());
        match entry.at("kind").text() {
            "got" => step.got.push(Message { to: conn, viewer: String::new(), json: Json::parse(text) }),
            kind => {
                assert!(step.kind.is_empty());
                (step.conn, step.kind, step.text) = (conn, kind.to_owned(), text.to_owned());
            }
        }
    }
    scenarios
}

/// A minimal room: who is on which socket, and which messages each gets.
#[derive(Default)]
struct Room {
    order: Option<Order>,
    presence: Presence,
    sockets: BTreeMap<String, Option<ParticipantId>>,
    now: u64,
}

impl Room {
    fn open(&mut self, conn: &str, room: &str) {
        let id = OrderId::new(room).unwrap();
        self.order.get_or_insert_with(|| Order::new(id, Currency::default()));
        self.sockets.insert(conn.to_owned(), None);
    }

    fn close(&mut self, conn: &str) -> Vec<Message> {
        let Some(who) = self.sockets.remove(conn).flatten() else { return Vec::new() };
        if self.sockets.values().flatten().any(|other| *other == who) {
            return Vec::new();
        }
        self.presence.disconnect(&who);
        let frame = wire::presence_changed(self.order(), &self.presence, &[who], UnixMillis::new(self.now));
        self.to_all(&frame)
    }

    fn receive(&mut self, conn: &str, text: &str, fresh: Option<ItemId>) -> Vec<Message> {
        self.now += 1;
        self.answer(conn, text, fresh).unwrap_or_else(|rejection| {
            let text = wire::error(&rejection, None, UnixMillis::new(self.now));
            vec![Message { to: conn.to_owned(), viewer: String::new(), json: Json::parse(&text) }]
        })
    }

    fn answer(&mut self, conn: &str, text: &str, fresh: Option<ItemId>) -> Result<Vec<Message>, Rejection> {
        let fresh = || fresh.unwrap_or_else(|| ItemId::new("fresh").unwrap());
        let message = wire::decode_command(text, fresh).map_err(|refused| refused.rejection)?;
        let now = UnixMillis::new(self.now);
        let speaker = self.sockets[conn].clone();
        let joining = matches!(message.command, Command::People(PeopleCommand::Join(_)));
        let who = match (speaker, message.participant) {
            (Some(speaker), Some(named)) if joining && speaker != named => {
                return Err(Code::AlreadyJoined.into());
            }
            (None, Some(named)) if joining => named,
            (speaker, _) => speaker.ok_or(Code::JoinFirst)?,
        };
        let recorded = match decide(self.order(), now, &Actor::participant(who.clone()), &message.command)? {
            Decision::Record(recorded) => Some(recorded),
            Decision::Unchanged | Decision::Repeated { .. } => None,
        };
        if let Some(recorded) = &recorded {
            commit(self.order.as_mut().unwrap(), recorded).unwrap();
        }
        if joining {
            self.presence.connect(&who);
            let mut sent = vec![self.to_one(conn, &who, &wire::sync(self.order(), &self.presence, now))];
            self.sockets.insert(conn.to_owned(), Some(who.clone()));
            if let Some(recorded) = recorded {
                sent.extend(self.to_all(&wire::fact_message(self.order(), &self.presence, &recorded)));
            } else {
                let frame = wire::joined(self.order(), &self.presence, &who, now);
                sent.push(self.to_one(conn, &who, &frame));
            }
            return Ok(sent);
        }
        let recorded = recorded.unwrap();
        let sent = self.to_all(&wire::fact_message(self.order(), &self.presence, &recorded));
        if matches!(message.command, Command::People(PeopleCommand::Leave)) {
            self.sockets.insert(conn.to_owned(), None);
            self.presence.disconnect(&who);
        }
        Ok(sent)
    }

    fn order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }

    fn to_all(&self, frame: &Frame) -> Vec<Message> {
        let joined = self.sockets.iter().filter_map(|(conn, who)| Some((conn, who.as_ref()?)));
        joined.map(|(conn, who)| self.to_one(conn, who, frame)).collect()
    }

    #[allow(clippy::unused_self, reason = "beside `to_all`")]
    fn to_one(&self, conn: &str, who: &ParticipantId, frame: &Frame) -> Message {
        let json = Json::parse(&frame.text_for(who));
        Message { to: conn.to_owned(), viewer: who.as_str().to_owned(), json }
    }
}
