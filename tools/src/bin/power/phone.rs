//! A guest at a table, who marks everything they are shown.

use std::time::Duration;

use order_host::{Connection, Host, Outgoing, RoomKey};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::time::{sleep, timeout};

use crate::marks::{Mark, Marks};

/// How many messages a guest sends in a life, including joins.
const MESSAGES: u64 = 16;

/// How long a guest waits for an answer.
const PATIENCE: Duration = Duration::from_secs(120);

/// The answer to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Its change was shown to the table.
    Shown,
    /// It was refused, with this code.
    Refused(String),
}

pub(crate) struct Phone {
    host: Host,
    room: RoomKey,
    marks: Marks,
    dice: StdRng,
    name: String,
    dishes: u64,
    /// Of the last dish, as last asked for.
    pieces: u32,
}

impl Phone {
    pub(crate) fn new(host: Host, room: RoomKey, marks: Marks, seed: u64, number: u64) -> Self {
        // Dishes of different lives must have different ids.
        let name = format!("p{number}-{seed:x}");
        let dice = StdRng::seed_from_u64(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self { host, room, marks, dice, name, dishes: 0, pieces: 1 }
    }

    /// Sends all messages of a life, over one connection after the other.
    pub(crate) async fn order(mut self) {
        let mut left = MESSAGES;
        while left > 0 {
            let connection = self.connect();
            left -= 1;
            if self.join(&connection).await.is_some() {
                for _ in 0..self.dice.random_range(1..8).min(left) {
                    left -= 1;
                    let message = self.message();
                    if self.say(&connection, &message).await.is_none() {
                        break;
                    }
                }
            }
            drop(connection);
            sleep(Duration::from_millis(self.dice.random_range(0..20))).await;
        }
    }

    pub(crate) fn connect(&self) -> Connection {
        self.host.connect(self.room.clone())
    }

    pub(crate) async fn join(&self, connection: &Connection) -> Option<Answer> {
        let name = &self.name;
        let join =
            format!(r#"{{"type":"join","participantId":"{name}","participantName":"{name}","data":{{}}}}"#);
        self.say(connection, &join).await
    }

    pub(crate) fn message(&mut self) -> String {
        let dish = format!("{}-{}", self.name, self.dishes);
        match self.dice.random_range(0..4) {
            0 if self.dishes > 0 => {
                // Another than before: the same again would change nothing, and have no answer to wait for.
                self.pieces += self.dice.random_range(1..10);
                let quantity = self.pieces;
                format!(r#"{{"type":"update_quantity","data":{{"itemId":"{dish}","quantity":{quantity}}}}}"#)
            }
            _ => {
                self.dishes += 1;
                self.pieces = 1;
                let dish = format!("{}-{}", self.name, self.dishes);
                // Some facts fill pages, most share one.
                let note = "x".repeat(if self.dice.random_bool(0.1) { 400 } else { 4 });
                format!(
                    r#"{{"type":"add_item","data":{{"id":"{dish}","dishName":"Dish","dishType":"veg","price":10,"quantity":1,"customization":"{note}"}}}}"#
                )
            }
        }
    }

    /// Sends a message and marks what is received until its answer. `None`: the connection is
    /// gone, or no answer came in time.
    pub(crate) async fn say(&self, connection: &Connection, message: &str) -> Option<Answer> {
        connection.receive(message).await;
        loop {
            let outgoing = timeout(PATIENCE, connection.next()).await.ok()?;
            let Outgoing::Text(text) = outgoing else { return None };
            let text = text.into_bytes();
            let text = std::str::from_utf8(&text).unwrap_or_default();
            if text.contains(r#""type":"error""#) {
                let code = after(text, r#""code":""#).and_then(|rest| rest.split('"').next());
                let code = code.unwrap_or("none").to_owned();
                let room = self.room.as_str().to_owned();
                self.marks.leave(&Mark::Refused { room, code: code.clone() });
                return Some(Answer::Refused(code));
            }
            if let Some(seq) = seq(text) {
                self.marks.leave(&Mark::Shown { room: self.room.as_str().to_owned(), seq });
            }
            // The first id is the participant whom the message concerns; a `sync` concerns none.
            let about = after(text, r#""participantId":""#).and_then(|rest| rest.split('"').next());
            if about == Some(&self.name) && !text.contains(r#""type":"sync""#) {
                return Some(Answer::Shown);
            }
        }
    }
}

/// Returns the last sequence number in a message's order state.
fn seq(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once(r#""seq":"#)?;
    rest.split(|other: char| !other.is_ascii_digit()).next()?.parse().ok()
}

fn after<'text>(text: &'text str, what: &str) -> Option<&'text str> {
    text.split_once(what).map(|(_, rest)| rest)
}
