//! A server with required sign-in, and a guest who has signed in.

use std::sync::Arc;

use order_host::log::MemoryLog;
use order_host::{Host, RandomIds, Settings};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use transport_memory::ManualClock;
use transport_warp::{AcceptSettings, RouteSettings, SignIn};

use crate::issuer::{Issuer, claims, claims_with, now};
use crate::server::{Answer, HANDSHAKE, Peer, ROOM, Read, Server, request};

pub(crate) const SECRET: &str = "a secret of the tests which nobody else could ever guess";

pub(crate) struct Table {
    pub(crate) server: Server,
    pub(crate) issuer: Issuer,
    /// The guest at the table, who receives every message.
    asha: Peer,
    /// Her token for GETs of the order.
    token: String,
    seq: Value,
}

impl Table {
    pub(crate) async fn new() -> Self {
        let issuer = Issuer::of_secret(SECRET);
        let sign_in = SignIn::with_keys(&issuer.file).unwrap();
        Self::with(issuer, sign_in, &claims("asha")).await
    }

    /// Makes a table whose first guest is Asha, with these claims.
    pub(crate) async fn with(issuer: Issuer, sign_in: SignIn, asha: &Value) -> Self {
        let routes = RouteSettings { sign_in: Some(Arc::new(sign_in)), ..RouteSettings::default() };
        Self::over(issuer, routes, asha).await
    }

    pub(crate) async fn over(issuer: Issuer, routes: RouteSettings, asha: &Value) -> Self {
        Self::at(Server::with(routes, AcceptSettings::default()).await, issuer, asha).await
    }

    /// Makes one whose host uses `clock`. Tokens are verified by the system clock.
    pub(crate) async fn by(clock: Arc<ManualClock>) -> Self {
        let issuer = Issuer::of_secret(SECRET);
        let sign_in = Some(Arc::new(SignIn::with_keys(&issuer.file).unwrap()));
        let mut settings = Settings::default();
        // Large enough that no queue is dropped.
        settings.outbox_bytes = 64 << 20;
        let host = Host::with(Arc::new(MemoryLog::new()), settings, clock, Arc::new(RandomIds));
        let routes = RouteSettings { sign_in, ..RouteSettings::default() };
        let server = Server::over_host(host, routes, AcceptSettings::default()).await;
        Self::at(server, issuer, &claims_with("asha", &json!({ "exp": now() + 48.0 * 3600.0 }))).await
    }

    async fn at(server: Server, issuer: Issuer, asha: &Value) -> Self {
        let token = issuer.token(asha);
        let mut asha = open(&server, &format!("{ROOM}?token={token}"), "").await;
        asha.join("asha").await;
        let mut table = Self { server, issuer, asha, token, seq: Value::Null };
        table.seq = table.look().await["seq"].clone();
        table
    }

    /// The order as Asha gets it by GET.
    pub(crate) async fn look(&self) -> Value {
        let answer = self.get(&format!("{ROOM}?token={}", self.token), "").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    pub(crate) async fn get(&self, path: &str, more: &str) -> Answer {
        self.server.ask(&request("GET", path, more)).await
    }

    /// Opens a socket with a token of these claims.
    pub(crate) async fn open(&self, claims: &Value) -> Peer {
        let token = self.issuer.token(claims);
        open(&self.server, ROOM, &format!("Authorization: Bearer {token}\r\n")).await
    }

    /// Asserts that this token is refused, for a socket and for a GET.
    pub(crate) async fn turns_away(&mut self, what: &str, token: &str, status: u16, code: &str) {
        self.turns_away_from(ROOM, what, token, status, code).await;
    }

    pub(crate) async fn turns_away_from(
        &mut self,
        path: &str,
        what: &str,
        token: &str,
        status: u16,
        code: &str,
    ) {
        let header = format!("Authorization: Bearer {token}\r\n");
        let subprotocol = format!("Sec-WebSocket-Protocol: stonepot.v2, stonepot.token.{token}\r\n");
        let query = format!("{path}?_pk=x&token={token}");
        for (path, more) in [
            (path, format!("{HANDSHAKE}{header}")),
            (path, format!("{HANDSHAKE}{subprotocol}")),
            (&query, HANDSHAKE.to_owned()),
            (path, header),
            (&query, String::new()),
        ] {
            let answer = self.get(path, &more).await;
            is_refused(what, &answer, status, code);
            hides(what, &answer, token);
        }
        self.nothing_happened(what).await;
    }

    /// Asserts that the server lives, the order is unchanged, and Asha was told nothing.
    pub(crate) async fn nothing_happened(&mut self, what: &str) {
        assert_eq!(self.server.get("/healthz").await.status, 200, "{what}");
        assert_eq!(self.look().await["seq"], self.seq, "{what}");
        self.asha.send_text(b"ping").await;
        assert_eq!(self.asha.read().await, Read::Text("pong".to_owned()), "{what}");
    }

    /// Orders a dish as Asha.
    pub(crate) async fn asha_orders(&mut self, dish: &str, customization: &str) {
        let data = json!({ "dishName": dish, "quantity": 1, "price": 1, "customization": customization });
        self.asha.say(&json!({ "type": "add_item", "data": data })).await;
        self.asha_hears("item_added").await;
    }

    /// The next message to Asha.
    pub(crate) async fn asha_hears(&mut self, kind: &str) -> Value {
        let heard = self.asha.hear(kind).await;
        if let Some(seq) = heard["data"].get("orderState").unwrap_or(&heard["data"]).get("seq") {
            self.seq = seq.clone();
        }
        heard
    }
}

/// Asserts that the answer is this refusal.
pub(crate) fn is_refused(what: &str, answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{what}: {answer:?}");
    let told = answer.json();
    assert_eq!(told["code"], code, "{what}: {answer:?}");
    assert!(told["error"].as_str().is_some_and(|text| text.len() > 10), "{what}: {answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{what}");
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{what}");
    assert_eq!(answer.header("sec-websocket-protocol"), None, "{what}");
    let challenge = answer.header("www-authenticate");
    match status {
        401 => assert!(challenge.is_some_and(|it| it.starts_with("Bearer realm=\"stonepot\"")), "{what}"),
        _ => assert!(challenge.is_none_or(|it| it.starts_with("Bearer ")), "{what}"),
    }
}

/// Opens a socket with further header lines.
pub(crate) async fn open(server: &Server, path: &str, more: &str) -> Peer {
    Peer::open_with(TcpStream::connect(server.addr).await.unwrap(), path, more, &[]).await
}

/// Asserts that no part of the token is in the answer.
pub(crate) fn hides(what: &str, answer: &Answer, token: &str) {
    let all = format!("{:?} {}", answer.headers(), answer.body);
    for part in token.split('.').filter(|part| part.len() > 8) {
        assert!(!all.contains(part), "{what}: {all}");
    }
}

pub(crate) fn join(who: &str) -> Value {
    json!({ "type": "join", "id": "join", "participantId": who, "participantName": who, "data": {} })
}
