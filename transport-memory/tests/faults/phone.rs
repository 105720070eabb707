//! One person's phone, which does whatever its dice say.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};
use transport_memory::{Client, Closed, Dice, Message, NotHeard, Simulation};

use crate::storm::{PEOPLE, room};

/// How often a phone does something during the storm.
const STEPS: usize = 40;

/// What happened to a phone.
pub(crate) enum Heard {
    /// A new socket: what comes now comes on this one.
    Connected,
    Sent(String),
    Message(Message),
    Closed(Closed),
}

pub(crate) struct Phone {
    pub(crate) person: &'static str,
    pub(crate) heard: Vec<(Duration, Heard)>,
    /// The state that it is told when all is over; nothing when it may not join any more.
    pub(crate) last_sync: Option<Message>,
    restaurant: Arc<Simulation>,
    begun: Instant,
    dice: Dice,
    client: Client,
}

impl Phone {
    pub(crate) fn new(restaurant: Arc<Simulation>, seed: u64, person: &'static str) -> Self {
        let place = PEOPLE.iter().position(|other| *other == person).unwrap() as u64;
        Self {
            person,
            heard: Vec::new(),
            last_sync: None,
            begun: Instant::now(),
            dice: Dice::stream(seed, 1_000 + place),
            client: restaurant.connect(&room()),
            restaurant,
        }
    }

    pub(crate) async fn live_through_the_storm(mut self) -> Self {
        self.connect().await;
        for _ in 0..STEPS {
            let pause = Duration::from_millis(self.dice.below(100));
            self.restaurant.clock().advance(pause);
            match self.dice.below(25) {
                // It sleeps in a pocket, and reads nothing.
                0 => sleep(20 * pause).await,
                1 => self.connect().await,
                2 => self.join().await,
                _ => {
                    self.read_for(pause).await;
                    let command = self.command();
                    self.send(command).await;
                }
            }
        }
        self
    }

    /// After the storm: everybody joins again, on a new socket.
    pub(crate) async fn come_back(&mut self) {
        self.client.settle().await;
        self.client = self.restaurant.connect(&room());
        match self.client.join(self.person, self.person).await {
            Ok(_) => {}
            // Whoever never got through the storm cannot join an order that was finalized meanwhile.
            Err(NotHeard::Refused(error)) => assert!(error.text().contains("order_finalized"), "{error:?}"),
            Err(error) => panic!("{}: {error}", self.person),
        }
    }

    /// After everybody came back: what does the order look like now?
    pub(crate) async fn look_at_the_order(&mut self) {
        self.client.settle().await;
        let join = json!({ "type": "join", "participantId": self.person, "data": {} });
        self.client.send(join.to_string()).await.unwrap();
        match self.client.recv_until("sync").await {
            Ok(sync) => self.last_sync = Some(sync),
            Err(error) => assert!(error.to_string().contains("order_finalized"), "{error}"),
        }
    }

    /// Whether it was told the state without having asked, because it had fallen behind.
    pub(crate) fn caught_up(&self) -> bool {
        let kinds: Vec<&str> = self
            .heard
            .iter()
            .map(|(_, heard)| match heard {
                Heard::Message(message) => message.kind(),
                Heard::Connected | Heard::Sent(_) | Heard::Closed(_) => "",
            })
            .collect();
        kinds
            .windows(2)
            .any(|pair| pair[0] == "sync" && !["participant_joined", "sync", ""].contains(&pair[1]))
    }

    async fn connect(&mut self) {
        self.client = self.restaurant.connect(&room());
        self.note(Heard::Connected);
        self.join().await;
    }

    async fn join(&mut self) {
        let data = match self.dice.below(3) {
            0 => json!({}),
            1 => json!({ "circleId": "c1", "tenantId": "t1" }),
            _ => json!({ "phone": format!("98-{}", self.person) }),
        };
        let join = json!({
            "type": "join", "participantId": self.person, "participantName": self.person, "data": data,
        });
        self.send(join.to_string()).await;
    }

    async fn send(&mut self, text: String) {
        self.note(Heard::Sent(text.clone()));
        // A socket that is gone is noticed by reading.
        let _ = self.client.send(text).await;
    }

    async fn read_for(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(heard) = timeout_at(until, self.client.recv()).await {
            match heard {
                Ok(message) => self.note(Heard::Message(message)),
                Err(closed) => {
                    self.note(Heard::Closed(closed));
                    self.client = self.restaurant.connect(&room());
                    self.note(Heard::Connected);
                    self.join().await;
                }
            }
        }
    }

    fn note(&mut self, heard: Heard) {
        self.heard.push((self.begun.elapsed(), heard));
    }

    /// Some command, sensible or not.
    fn command(&mut self) -> String {
        let state: Value =
            self.client.state().and_then(|state| serde_json::from_str(state).ok()).unwrap_or_default();
        let item = self.pick(&state["items"]).map_or_else(|| json!("none"), |item| item["id"].clone());
        let command = match self.dice.below(100) {
            0..40 => {
                let price = format!("{}.{:02}", self.dice.below(500), self.dice.below(100));
                let id = match self.dice.below(3) {
                    0 => format!(r#""id":"common-{}","#, self.dice.below(8)),
                    1 => format!(r#""id":"own-{}-{}","#, self.person, self.dice.below(1_000)),
                    _ => String::new(),
                };
                let quantity = self.dice.below(4);
                return format!(
                    r#"{{"type":"add_item","data":{{{id}"dishName":"Dish","dishType":"veg","price":{price},"quantity":{quantity}}}}}"#
                );
            }
            40..50 => json!({ "type": "remove_item", "id": "r", "data": { "itemId": item } }),
            50..65 => {
                json!({ "type": "update_quantity", "data": { "itemId": item, "quantity": self.dice.below(5) } })
            }
            65..85 => json!({ "type": "update_split", "data": self.split(&state) }),
            85..90 => json!({ "type": "leave" }),
            90 if self.dice.below(4) == 0 => json!({ "type": "finalize" }),
            90..97 => {
                json!({ "type": "add_item", "data": { "dishName": "\u{200b}", "price": -1, "quantity": 1 } })
            }
            _ => json!({ "type": "dance" }),
        };
        command.to_string()
    }

    fn split(&mut self, state: &Value) -> Value {
        let shares = state["splits"].as_array().cloned().unwrap_or_default();
        let of_each = |number: &mut dyn FnMut(&Value) -> Value| -> Value {
            shares
                .iter()
                .map(|share| (share["participantId"].as_str().unwrap_or_default().to_owned(), number(share)))
                .collect()
        };
        match self.dice.below(5) {
            0 => json!({ "splitType": "equal" }),
            1 => json!({ "splitType": "itemized" }),
            2 => json!({ "splitType": "custom", "amounts": of_each(&mut |share| share["amount"].clone()) }),
            3 => json!({ "splitType": "custom", "weights": of_each(&mut |_| json!(self.dice.below(4))) }),
            _ => json!({ "splitType": "custom" }),
        }
    }

    fn pick<'value>(&mut self, list: &'value Value) -> Option<&'value Value> {
        let list = list.as_array()?;
        list.get(usize::try_from(self.dice.below(list.len() as u64)).ok()?)
    }
}
