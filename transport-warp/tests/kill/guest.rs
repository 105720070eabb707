//! A guest who orders on a socket, and compares every order it is shown with earlier ones.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::ledger::Ledger;

/// Longer than anything here takes, so that a hanging server is found.
const LONG: Duration = Duration::from_secs(120);

/// With this many dishes, a guest orders more of an existing one, so that orders stay
/// small.
const DISHES: u64 = 3;

pub(crate) struct Guest {
    addr: SocketAddr,
    table: String,
    name: String,
    /// What was shown before the server was started.
    before: Arc<Ledger>,
    shown: Ledger,
    /// The number of the last change that this guest was shown.
    seq: u64,
    orders: u64,
}

/// Why a guest stops: the server is gone, as expected, or something is wrong.
enum End {
    Gone,
    Wrong(String),
}

impl From<tungstenite::Error> for End {
    fn from(_: tungstenite::Error) -> Self {
        Self::Gone
    }
}

impl Guest {
    pub(crate) fn new(addr: SocketAddr, table: String, name: String, before: Arc<Ledger>) -> Self {
        Self { addr, table, name, before, shown: Ledger::default(), seq: 0, orders: 0 }
    }

    /// Orders until the server is gone. Returns what this guest was shown, or what was missing
    /// from it.
    pub(crate) fn order_until_the_server_is_gone(mut self) -> Result<Ledger, String> {
        let mut order = || -> Result<(), End> {
            let mut socket = self.join()?;
            loop {
                let command = self.next_command();
                socket.send(Message::text(command.to_string()))?;
                self.hear_until(&mut socket, |message, name| {
                    message["participantId"] == name && message["type"] != "sync"
                })?;
            }
        };
        match order() {
            Err(End::Wrong(wrong)) => Err(wrong),
            Ok(()) | Err(End::Gone) => Ok(self.shown),
        }
    }

    /// Joins; returns an error that says what is missing.
    pub(crate) fn look(mut self) -> Result<(), String> {
        match self.join() {
            Ok(_) => Ok(()),
            Err(End::Wrong(wrong)) => Err(wrong),
            Err(End::Gone) => Err("the server is gone".to_owned()),
        }
    }

    fn join(&mut self) -> Result<WebSocket<TcpStream>, End> {
        let stream = TcpStream::connect(self.addr).map_err(|_| End::Gone)?;
        stream.set_read_timeout(Some(LONG)).map_err(|_| End::Gone)?;
        let path = format!("ws://{}/parties/collaborative_order/{}", self.addr, self.table);
        let (mut socket, _) = tungstenite::client(path, stream).map_err(|_| End::Gone)?;
        let join =
            json!({"type": "join", "participantId": self.name, "participantName": self.name, "data": {}});
        socket.send(Message::text(join.to_string()))?;
        self.hear_until(&mut socket, |message, name| {
            message["participantId"] == name && message["type"] == "participant_joined"
        })?;
        Ok(socket)
    }

    fn next_command(&mut self) -> Value {
        let round = self.orders / DISHES;
        let dish = format!("{}-{}", self.name, self.orders % DISHES);
        self.orders += 1;
        if round == 0 {
            return json!({"type": "add_item", "data": {"id": dish, "dishName": "Dosa", "quantity": 1, "price": 89.5}});
        }
        json!({"type": "update_quantity", "data": {"itemId": dish, "quantity": 1 + round % 900}})
    }

    /// Reads messages until the answer arrives.
    fn hear_until(
        &mut self,
        socket: &mut WebSocket<TcpStream>,
        is_answer: impl Fn(&Value, &str) -> bool,
    ) -> Result<(), End> {
        loop {
            let message = match socket.read() {
                Ok(Message::Text(text)) => serde_json::from_str::<Value>(&text).unwrap(),
                Ok(_) => continue,
                Err(tungstenite::Error::Io(error)) if error.kind() == std::io::ErrorKind::WouldBlock => {
                    return Err(End::Wrong(format!("no answer at {} in {LONG:?}", self.table)));
                }
                Err(_) => return Err(End::Gone),
            };
            if message["type"] == "error" {
                return Err(End::Wrong(format!("{} was refused: {message}", self.name)));
            }
            self.see(&message)?;
            if is_answer(&message, &self.name) {
                return Ok(());
            }
        }
    }

    fn see(&mut self, message: &Value) -> Result<(), End> {
        let data = &message["data"];
        let order = if data["orderState"].is_object() { &data["orderState"] } else { data };
        let seq = order["seq"].as_u64().unwrap_or_else(|| panic!("no order in {message}"));
        if seq < self.seq {
            return Err(End::Wrong(format!("{} went back from change {} to {seq}", self.table, self.seq)));
        }
        self.seq = seq;
        if let Some(missing) = self.before.missing_from(&self.table, order) {
            return Err(End::Wrong(missing));
        }
        self.shown.note(&self.table, order);
        Ok(())
    }
}
