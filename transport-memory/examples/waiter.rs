//! An example of testing your own service against the bus: a voice waiter that orders for a
//! guest.
//!
//! The guest says what they want once, and must get it once, however bad the network and
//! the storage are. The [`Waiter`] does not depend on this crate: it talks over a [`Line`],
//! which is a WebSocket in production and a [`Client`] of the bus here. `cargo run -p
//! transport-memory --example waiter [seed]` shows a bad day; the tests at the end run a
//! hundred of them in an instant, because tokio's clock is paused.

use std::collections::BTreeSet;
use std::time::Duration;

use order_core::number::parse_number;
use order_core::{Amount, Currency};
use order_host::RoomKey;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout_at};
use transport_memory::{Client, Faults, Simulation};

/// How long the waiter waits for an answer before it asks again.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often it asks before it gives up.
const ATTEMPTS: usize = 50;

/// What the waiter needs of a connection.
trait Line {
    /// Sends a message. It is lost if the connection is closed.
    async fn say(&mut self, text: String);
    /// Receives the next message. `None`: the connection is closed.
    async fn hear(&mut self) -> Option<String>;
}

impl Line for Client {
    async fn say(&mut self, text: String) {
        // A closed connection is noticed when receiving.
        let _ = self.send(text).await;
    }

    async fn hear(&mut self) -> Option<String> {
        self.recv().await.ok().map(|message| message.text().to_owned())
    }
}

/// A dish, and the id of the command that orders it. With the id, the command is
/// idempotent.
struct Dish {
    id: String,
    name: &'static str,
    price: &'static str,
}

/// What the waiter knows of the order, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Bill {
    items: BTreeSet<String>,
    total: i64,
    shares: Vec<(String, i64)>,
}

struct Waiter<Dial> {
    guest: &'static str,
    dial: Dial,
    bill: Bill,
}

impl<L: Line, Dial: FnMut() -> L> Waiter<Dial> {
    /// Creates a waiter for `guest`. `dial` opens a connection to the table.
    fn new(guest: &'static str, dial: Dial) -> Self {
        Self { guest, dial, bill: Bill::default() }
    }

    /// Orders every dish once. Returns the resulting order.
    async fn order(&mut self, dishes: &[Dish]) -> Result<Bill, String> {
        let mut line = (self.dial)();
        for dish in dishes {
            let mut attempts = 0..ATTEMPTS;
            while !self.bill.items.contains(&dish.id) {
                attempts.next().ok_or_else(|| format!("{} could not be ordered", dish.name))?;
                // Joining is idempotent, and is answered with the present order: perhaps the dish
                // is there, and only the answer was lost.
                line.say(self.join()).await;
                line.say(add(dish)).await;
                if !self.listen(&mut line, dish).await? {
                    sleep(PATIENCE / 10).await;
                    line = (self.dial)();
                }
            }
        }
        Ok(self.bill.clone())
    }

    /// Receives until the dish is there, it is time to ask again, or the connection is closed.
    /// Returns whether it is open.
    async fn listen(&mut self, line: &mut L, dish: &Dish) -> Result<bool, String> {
        let until = Instant::now() + PATIENCE;
        while !self.bill.items.contains(&dish.id) {
            let Ok(heard) = timeout_at(until, line.hear()).await else { return Ok(true) };
            let Some(text) = heard else { return Ok(false) };
            let message: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if let Some(bill) = read_bill(&text) {
                self.bill = bill;
            } else if is_refusal_of(dish, &message) {
                match message.pointer("/data/code").and_then(Value::as_str) {
                    // Try again: with its id, the command is executed once.
                    Some("storage_unavailable" | "storage_uncertain" | "join_first") => {}
                    code => return Err(format!("{} was refused: {code:?}", dish.name)),
                }
            }
        }
        Ok(true)
    }

    fn join(&self) -> String {
        json!({ "type": "join", "participantId": self.guest, "participantName": self.guest, "data": {} })
            .to_string()
    }
}

fn add(dish: &Dish) -> String {
    let Dish { id, name, price } = dish;
    // The price is written as text: as a JSON number it must not become a double.
    format!(
        r#"{{"type":"add_item","id":"{id}","data":{{"id":"{id}","dishName":"{name}","quantity":1,"price":{price}}}}}"#
    )
}

fn is_refusal_of(dish: &Dish, message: &Value) -> bool {
    let says = |field: &str, text: &str| message.get(field).is_some_and(|value| value == text);
    says("type", "error") && says("id", &dish.id)
}

/// Reads the order's state from any message that contains it.
fn read_bill(text: &str) -> Option<Bill> {
    #[derive(Deserialize)]
    struct Message<'text> {
        #[serde(borrow)]
        data: Option<&'text RawValue>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Nested<'text> {
        #[serde(borrow)]
        order_state: &'text RawValue,
    }
    #[derive(Deserialize)]
    struct State<'text> {
        items: Vec<Item>,
        #[serde(borrow)]
        total: &'text RawValue,
        splits: Vec<Share<'text>>,
    }
    #[derive(Deserialize)]
    struct Item {
        id: String,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Share<'text> {
        participant_id: String,
        #[serde(borrow)]
        amount: &'text RawValue,
    }
    let data = serde_json::from_str::<Message<'_>>(text).ok()?.data?.get();
    let state = serde_json::from_str::<Nested<'_>>(data).map_or(data, |nested| nested.order_state.get());
    let state: State<'_> = serde_json::from_str(state).ok()?;
    Some(Bill {
        items: state.items.into_iter().map(|item| item.id).collect(),
        total: minor_units(state.total)?,
        shares: state
            .splits
            .into_iter()
            .map(|share| Some((share.participant_id, minor_units(share.amount)?)))
            .collect::<Option<_>>()?,
    })
}

/// Parses an amount of the protocol exactly.
fn minor_units(number: &RawValue) -> Option<i64> {
    let exact = parse_number(number.get()).ok()?;
    Amount::from_decimal(exact, Currency::default()).ok().map(Amount::minor_units)
}

/// Runs two waiters at one table on a bad day. Returns what each of them believes in the
/// end.
async fn a_bad_day(restaurant: &Simulation, table: &RoomKey) -> Result<[Bill; 2], String> {
    let menu = [("Thali", "99.99"), ("Lassi", "60"), ("Naan", "40.5"), ("Kulfi", "0.10")];
    let dishes =
        |guest: &'static str| menu.map(|(name, price)| Dish { id: format!("{guest}-{name}"), name, price });
    let mut asha = Waiter::new("asha", || restaurant.connect(table));
    let mut ben = Waiter::new("ben", || restaurant.connect(table));
    let (ashas, bens) = (dishes("asha"), dishes("ben"));
    let (one, other) = tokio::join!(asha.order(&ashas), ben.order(&bens));
    Ok([one?, other?])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seed = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let (restaurant, table) = (Simulation::new(seed, Faults::stormy()), RoomKey::new("main", "table-7")?);
        let begun = Instant::now();
        let bills = a_bad_day(&restaurant, &table).await?;
        println!("seed {seed}: ordered everything once, in {:?} of a bad day", begun.elapsed());
        let last = bills.iter().max_by_key(|bill| bill.total).ok_or("nobody ordered")?;
        for (guest, minor_units) in &last.shares {
            println!(
                "{guest:>6} pays {}",
                Amount::from_minor_units(*minor_units).display(Currency::default())
            );
        }
        println!(" total is {}", Amount::from_minor_units(last.total).display(Currency::default()));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: i64 = 2 * (9_999 + 6_000 + 4_050 + 10);

    async fn every_dish_is_ordered_once(seed: u64, faults: Faults) {
        let (restaurant, table) = (Simulation::new(seed, faults), RoomKey::new("main", "table-7").unwrap());
        let bills =
            a_bad_day(&restaurant, &table).await.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let order = restaurant.stored_order(&table).await.unwrap();
        assert_eq!(order.items().len(), 8, "seed {seed}");
        assert_eq!(order.total().minor_units(), TOTAL, "seed {seed}");
        for bill in bills {
            let shared: i64 = bill.shares.iter().map(|(_, amount)| amount).sum();
            assert_eq!(shared, bill.total, "seed {seed}: {bill:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_good_day_every_dish_is_ordered_once() {
        every_dish_is_ordered_once(1, Faults::default()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_bad_day_every_dish_is_ordered_once_all_the_same() {
        for seed in 0..100 {
            every_dish_is_ordered_once(seed, Faults::stormy()).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dish_that_is_refused_is_not_asked_for_again() {
        let (restaurant, table) =
            (Simulation::new(1, Faults::default()), RoomKey::new("main", "table-7").unwrap());
        let mut waiter = Waiter::new("asha", || restaurant.connect(&table));
        let free = Dish { id: "gold".to_owned(), name: "Gold", price: "-1" };
        let refused = waiter.order(&[free]).await.unwrap_err();
        assert!(refused.contains("bad_price"), "{refused}");
        assert_eq!(restaurant.stored_order(&table).await.unwrap().items().len(), 0);
    }
}
