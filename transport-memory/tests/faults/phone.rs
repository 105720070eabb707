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
            0..34 => {
                let price = format!("{}.{:02}", self.dice.below(500), self.dice.below(100));
                let id = match self.dice.below(3) {
                    0 => format!(r#""id":"common-{}","#, self.dice.below(8)),
                    1 => format!(r#""id":"own-{}-{}","#, self.person, self.dice.below(1_000)),
                    _ => String::new(),
                };
                let quantity = self.dice.below(4);
                let shared_by = match self.dice.below(4) {
                    0 => format!(r#","sharedBy":{}"#, self.people()),
                    _ => String::new(),
                };
                return format!(
                    r#"{{"type":"add_item","data":{{{id}"dishName":"Dish","dishType":"veg","price":{price},"quantity":{quantity}{shared_by}}}}}"#
                );
            }
            34..41 => json!({ "type": "remove_item", "id": "r", "data": { "itemId": item } }),
            41..50 => {
                json!({ "type": "update_quantity", "data": { "itemId": item, "quantity": self.dice.below(5) } })
            }
            50..58 => {
                json!({ "type": "claim_item", "data": { "itemId": item, "weight": self.dice.below(3) } })
            }
            58..61 => json!({ "type": "unclaim_item", "data": { "itemId": item } }),
            61..64 => json!({ "type": "assign_item", "data": { "itemId": item, "sharedBy": self.people() } }),
            64..68 => json!({ "type": "set_charges", "data": self.charges(&item) }),
            68..71 => json!({ "type": "set_tip", "data": { "percent": self.dice.below(20) } }),
            71..73 => json!({ "type": "waive_service", "data": { "waived": self.dice.below(2) == 0 } }),
            73..88 => json!({ "type": "update_split", "data": self.split(&state) }),
            88..92 => json!({ "type": "leave" }),
            92 if self.dice.below(3) == 0 => json!({ "type": "finalize" }),
            92..95 => {
                let amount = 1 + self.dice.below(50);
                json!({ "type": "record_payment", "data": { "amount": amount, "for": self.people() } })
            }
            95..97 => {
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
        match self.dice.below(7) {
            5 => {
                json!({ "splitType": "adjustments", "adjustments": of_each(&mut |_| json!(self.dice.below(9))) })
            }
            6 => {
                let [covered, payer] = [self.person, PEOPLE[usize::try_from(self.dice.below(4)).unwrap()]];
                json!({ "splitType": "cover", "covers": { covered: payer }, "rest": "itemized" })
            }
            0 => json!({ "splitType": "equal" }),
            1 => json!({ "splitType": "itemized" }),
            2 => json!({ "splitType": "custom", "amounts": of_each(&mut |share| share["amount"].clone()) }),
            3 => json!({ "splitType": "custom", "weights": of_each(&mut |_| json!(self.dice.below(4))) }),
            _ => json!({ "splitType": "custom" }),
        }
    }

    /// Some of those who may be at the table, perhaps nobody.
    fn people(&mut self) -> Value {
        PEOPLE.iter().filter(|_| self.dice.below(3) == 0).copied().collect()
    }

    fn charges(&mut self, item: &Value) -> Value {
        let tax = json!({ "name": "GST", "kind": "tax", "percent": self.dice.below(30) });
        let service = json!({ "name": "Service", "kind": "service", "percent": 10 });
        let discount = json!({ "name": "Offer", "kind": "discount", "percent": 50, "itemId": item });
        let fee = json!({ "name": "Delivery", "kind": "fee", "amount": self.dice.below(40) });
        let charges: Vec<_> =
            [tax, service, discount, fee].into_iter().filter(|_| self.dice.below(2) == 0).collect();
        json!({ "charges": charges, "roundTo": 1 })
    }

    fn pick<'value>(&mut self, list: &'value Value) -> Option<&'value Value> {
        let list = list.as_array()?;
        list.get(usize::try_from(self.dice.below(list.len() as u64)).ok()?)
    }
}
