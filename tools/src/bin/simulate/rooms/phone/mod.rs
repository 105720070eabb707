//! One participant's phone: it keeps its commands until they are answered, and reconnects
//! after every failure.

mod hearing;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use order_host::{Cursor, Opening, Protocol};
use tokio::time::{Instant, sleep, sleep_until};
use transport_memory::{Client, Closed, Dice, Message};

use super::document::Document;
use super::ear::{Ear, Listener};
use super::ear_v1::V1Ear;
use super::ear_v2::V2Ear;
use super::outcome::{Happening, Oracle};
use super::plan::{Character, PEOPLE, Sabotage};
use super::waiting::Waiting;
use super::world::World;

/// After this time without an answer a command is sent again.
const IMPATIENCE: Duration = Duration::from_millis(400);

/// How many commands may wait for their answers before a client sends no more.
const MOST_WAITING: usize = 8;

/// Once all faults are over, everything is answered within this time.
const LIVELINESS: Duration = Duration::from_secs(60);

/// One connection.
pub(crate) struct Line {
    client: Client,
    pub(crate) ear: Ear,
    /// The history that it belongs to.
    history: u64,
}

pub(crate) struct Phone {
    pub(crate) listener: Listener,
    character: Character,
    world: Arc<World>,
    dice: Dice,
    pub(crate) main: Option<Line>,
    /// A second connection at the same time.
    second: Option<Line>,
    /// The document it keeps while it is offline.
    saved: Option<Document>,
    token: Option<String>,
    waiting: Waiting,
    /// Whether it was told to join first.
    must_join: bool,
    /// Whether it may not join any more.
    pub(crate) barred: bool,
    joins: u32,
    /// When it last sent a join or a request for the full state on this connection.
    asked: Instant,
    is_calm: bool,
}

impl Phone {
    pub(crate) fn new(world: Arc<World>, number: usize, character: Character, dice: Dice) -> Self {
        let listener = Listener { person: PEOPLE[number], number, wild: character.wild };
        Self {
            listener,
            character,
            world,
            dice,
            main: None,
            second: None,
            saved: None,
            token: None,
            waiting: Waiting::default(),
            must_join: false,
            barred: false,
            joins: 0,
            asked: Instant::now(),
            is_calm: false,
        }
    }

    pub(crate) async fn live_through_the_storm(mut self) -> Self {
        let mut steps = self.character.steps;
        while steps > 0 && !self.barred {
            steps -= 1;
            if self.main.as_ref().is_some_and(|line| line.ear.finalized()) {
                steps = steps.min(8);
            }
            let pause = Duration::from_millis(self.dice.below(self.world.pause + 1));
            self.world.tick(pause);
            if self.main.is_none() {
                self.connect().await;
            }
            match self.dice.below(60) {
                // The phone sleeps, and reads nothing.
                0 => sleep(20 * pause).await,
                1 => self.hang_up(),
                2 => self.connect_a_second_time().await,
                3 => self.send_again_though_answered().await,
                4..7 => self.ask().await,
                _ => {
                    for _ in 0..=self.dice.below(4) {
                        self.wish().await;
                    }
                }
            }
            self.read_for(pause).await;
            if self.dice.below(6) == 0 {
                self.second = None;
            }
            self.insist().await;
        }
        self.give_up_if_barred();
        self
    }

    /// After all faults are over: waits until every command is answered, and the state shown is
    /// the present one.
    pub(crate) async fn come_to_rest(mut self) -> Self {
        let end = Instant::now() + LIVELINESS;
        self.second = None;
        self.is_calm = true;
        if self.listener.wild {
            // Its messages may be lost, so it does not even know whether it is still at the table.
            self.hang_up();
            self.token = None;
        } else if self.world.overtakes {
            // A held-back message that waits to be overtaken must not arrive at the very end.
            self.hang_up();
        }
        while !self.barred {
            if self.main.is_none() {
                self.connect().await;
            }
            self.insist().await;
            self.ask_for_what_is_lost().await;
            self.read_for(Duration::from_millis(50)).await;
            if self.is_at_rest() {
                break;
            }
            if Instant::now() > end {
                let (who, waiting) = (self.listener.person, self.waiting.texts());
                self.world.accuse(Oracle::Answered, || format!("{who} waits for answers: {waiting:?}"));
                break;
            }
        }
        self.give_up_if_barred();
        self
    }

    /// Disconnects a participant who may not join: their earlier commands may have other
    /// answers by now.
    fn give_up_if_barred(&mut self) {
        if self.barred {
            self.hang_up();
        }
    }

    /// Reads until no more messages come.
    pub(crate) async fn settle(&mut self) {
        while let Some(line) = &mut self.main {
            let Ok(heard) = tokio::time::timeout(Duration::from_secs(1), line.client.recv()).await else {
                return;
            };
            self.hear(true, heard);
        }
    }

    fn is_at_rest(&self) -> bool {
        let knows = self.main.as_ref().is_some_and(|line| match &line.ear {
            Ear::V2(ear) => ear.joined && !ear.is_lost(),
            Ear::V1(ear) => ear.joined,
        });
        knows && self.waiting.is_empty()
    }

    /// Requests the present state, and returns it.
    pub(crate) async fn look_at_the_order(&mut self) -> Option<Message> {
        let who = self.listener.person;
        let line = self.main.as_mut()?;
        let (ask, answer) = match line.ear {
            Ear::V2(_) => (r#"{"type":"get_state"}"#.to_owned(), "state"),
            Ear::V1(_) => (format!(r#"{{"type":"join","participantId":"{who}","data":{{}}}}"#), "sync"),
        };
        line.client.send(ask).await.ok()?;
        let heard = line.client.recv_until(answer).await;
        heard.map_err(|error| self.world.accuse(Oracle::Answered, || format!("{who}: {error}"))).ok()
    }

    async fn connect(&mut self) {
        let Some(line) = self.open() else { return };
        self.world.note(self.listener.person, || "connects".to_owned());
        self.main = Some(line);
        self.asked = Instant::now();
        // A resumed connection may send at once; without a token it has to join first.
        self.must_join = self.token.is_none();
        if self.must_join {
            self.join().await;
        }
        if !self.is_calm {
            self.send_all_again(true).await;
        }
    }

    fn open(&mut self) -> Option<Line> {
        let Character { protocol, wild, .. } = self.character;
        if self.dice.below(10) == 0 {
            self.token = None;
        }
        let token = self.token.clone();
        let since = self.saved.as_ref().filter(|_| token.is_some());
        let since = since.and_then(|document| Cursor::parse(&document.cursor));
        let opening = Opening { protocol, resume_token: token, since, ..Opening::default() };
        let client = self.world.connect(wild, opening)?;
        let history = self.world.history();
        let ear = match protocol {
            Protocol::V1 => Ear::V1(V1Ear::new(self.listener)),
            Protocol::V2 => {
                Ear::V2(V2Ear::new(self.listener, self.saved.clone(), self.token.clone(), history))
            }
        };
        Some(Line { client, ear, history })
    }

    async fn connect_a_second_time(&mut self) {
        if self.character.protocol == Protocol::V1 || self.second.is_some() || self.token.is_none() {
            return;
        }
        let Some(document) = self.main.as_ref().and_then(|line| line.ear.document()) else { return };
        self.saved = Some(document.clone());
        let Some(line) = self.open() else { return };
        self.world.count(Happening::SecondConnection);
        self.world.note(self.listener.person, || "connects a second time".to_owned());
        self.second = Some(line);
        self.send_all_again(false).await;
    }

    fn hang_up(&mut self) {
        self.world.note(self.listener.person, || "hangs up".to_owned());
        self.drop_line(true);
    }

    /// Drops a connection, and keeps what it has received.
    fn drop_line(&mut self, main: bool) {
        let line = if main { self.main.take() } else { self.second.take() };
        let Some(line) = line else { return };
        if let Ear::V2(ear) = line.ear {
            if line.history == self.world.history() {
                ear.note_what_was_folded(&self.world);
            }
            if main {
                self.saved = ear.document;
            }
        }
    }

    /// Joins if it has to, and sends again what has waited too long.
    async fn insist(&mut self) {
        let Some(line) = &self.main else { return };
        // It has left, was unseated, or never received its greeting.
        let is_late = self.asked + IMPATIENCE < Instant::now();
        if !line.ear.joined() && (is_late || (self.must_join && self.character.gives_ids)) {
            self.join().await;
        }
        let never = self.world.wanted.sabotage == Some(Sabotage::NeverSendsAgain);
        if !never && self.waiting.oldest().is_some_and(|sent| sent + IMPATIENCE < Instant::now()) {
            match self.waiting.first().filter(|_| self.is_calm) {
                // One by one, so that the answers do not make it fall behind.
                Some(first) => self.send_waiting(first).await,
                None => self.send_all_again(true).await,
            }
        }
    }

    async fn read_for(&mut self, time: Duration) {
        let end = sleep_until(Instant::now() + time);
        tokio::pin!(end);
        loop {
            let (main, heard) = tokio::select! {
                biased;
                heard = recv(&mut self.main) => (true, heard),
                heard = recv(&mut self.second) => (false, heard),
                () = &mut end => return,
            };
            self.hear(main, heard);
            self.ask_for_what_is_lost().await;
        }
    }
}

/// Receives the next message of a connection; never returns if there is none.
async fn recv(line: &mut Option<Line>) -> Result<Message, Closed> {
    match line {
        Some(line) => line.client.recv().await,
        None => std::future::pending().await,
    }
}
