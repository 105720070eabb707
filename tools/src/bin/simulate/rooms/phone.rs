//! One person's phone: it keeps what it asked for until that is answered, and comes back after every failure.

use std::sync::Arc;
use std::time::Duration;

use order_host::{Cursor, Opening, Protocol};
use tokio::time::{Instant, sleep, sleep_until};
use transport_memory::{Client, Closed, Dice, Message};

use super::document::Document;
use super::ear::{Answer, Ear, Listener};
use super::ear_seed::SeedEar;
use super::ear_v2::V2Ear;
use super::outcome::{Happening, Oracle};
use super::plan::{Character, PEOPLE, Sabotage};
use super::waiting::{Command, Waiting};
use super::wishes::{MANNERS, Wish, counted};
use super::world::World;

/// After so long without an answer a command is sent again.
const IMPATIENCE: Duration = Duration::from_millis(400);

/// So many commands may wait for their answers before a client makes no more.
const MOST_WAITING: usize = 8;

/// Once all is calm, everything is answered within this time.
const LIVELINESS: Duration = Duration::from_secs(60);

/// One connection.
pub(crate) struct Line {
    client: Client,
    pub(crate) ear: Ear,
    /// The history that it is to.
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
    /// What it knows while it is offline.
    saved: Option<Document>,
    token: Option<String>,
    waiting: Waiting,
    /// Whether it was told that it has to join.
    must_join: bool,
    /// Whether it may not join any more.
    pub(crate) barred: bool,
    joins: u32,
    /// When it last asked to sit down or for the full state, by this connection.
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
                // It sleeps in a pocket, and reads nothing.
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

    /// After the storm: everything that was asked for is answered, and what is shown is what there is.
    pub(crate) async fn come_to_rest(mut self) -> Self {
        let end = Instant::now() + LIVELINESS;
        self.second = None;
        self.is_calm = true;
        if self.listener.wild {
            // It cannot know what it does not know, not even whether it still sits at the table.
            self.hang_up();
            self.token = None;
        } else if self.world.overtakes {
            // A message that none overtook yet is not to come when all is over.
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

    /// Who may not join does not wait for what they sent before they knew: it may be answered otherwise by now.
    fn give_up_if_barred(&mut self) {
        if self.barred {
            self.hang_up();
        }
    }

    /// Reads until nothing more comes.
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
            Ear::Seed(ear) => ear.joined,
        });
        knows && self.waiting.is_empty()
    }

    /// Says who it is at this moment, and hears where the order stands.
    pub(crate) async fn look_at_the_order(&mut self) -> Option<Message> {
        let who = self.listener.person;
        let line = self.main.as_mut()?;
        let (ask, answer) = match line.ear {
            Ear::V2(_) => (r#"{"type":"get_state"}"#.to_owned(), "state"),
            Ear::Seed(_) => (format!(r#"{{"type":"join","participantId":"{who}","data":{{}}}}"#), "sync"),
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
        // One that comes back may send at once; who has no token has to join first.
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
            Protocol::Seed => Ear::Seed(SeedEar::new(self.listener)),
            Protocol::V2 => {
                Ear::V2(V2Ear::new(self.listener, self.saved.clone(), self.token.clone(), history))
            }
        };
        Some(Line { client, ear, history })
    }

    async fn connect_a_second_time(&mut self) {
        if self.character.protocol == Protocol::Seed || self.second.is_some() || self.token.is_none() {
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

    /// A connection is gone; what was heard by it is known.
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

    /// Asks to sit down, unless it has asked already.
    async fn join(&mut self) {
        if self.waiting.has_join() {
            return;
        }
        let who = self.listener.person;
        self.asked = Instant::now();
        self.joins += 1;
        let phone = if self.character.has_phone && self.dice.below(2) == 0 {
            format!(r#""phone":"98{}""#, self.listener.number)
        } else {
            String::new()
        };
        let name = if self.dice.below(8) == 0 { format!("{who} {}", self.joins) } else { who.to_owned() };
        let policy = if self.dice.below(2) == 0 { r#""policy":"hosted""# } else { "" };
        let comma = if phone.is_empty() || policy.is_empty() { "" } else { "," };
        let data = format!("{phone}{comma}{policy}");
        let since = self.saved.as_ref().map(|document| document.seq);
        let cursor = self.saved.as_ref().filter(|_| self.character.protocol == Protocol::V2);
        let since_text =
            cursor.map(|document| format!(r#""since":"{}","#, document.cursor)).unwrap_or_default();
        let head =
            format!(r#""participantId":"{who}","participantName":"{name}",{since_text}"data":{{{data}}}}}"#);
        if self.character.gives_ids {
            let number = self.waiting.next_number();
            let text = format!(r#"{{"type":"join","id":"c{number}",{head}"#);
            self.waiting.push(Command { number, kind: "join", text, since }, true);
            self.send_waiting(number).await;
        } else {
            self.send(true, format!(r#"{{"type":"join",{head}"#)).await;
        }
    }

    async fn wish(&mut self) {
        let Some(line) = &self.main else { return };
        if self.waiting.len() >= MOST_WAITING || (self.must_join && self.character.gives_ids) {
            return;
        }
        let wish = Wish::new(&line.ear, self.listener.person, self.world.finalizes, &mut self.dice);
        if let Some(what) = counted(wish.kind) {
            self.world.count(what);
        }
        if self.character.gives_ids {
            let number = self.waiting.next_number();
            let command = Command { number, kind: wish.kind, text: wish.text(Some(number)), since: None };
            self.waiting.push(command, false);
            self.send_waiting(number).await;
        } else {
            self.send(true, wish.text(None)).await;
        }
    }

    async fn send_waiting(&mut self, number: u32) {
        let Some(command) = self.waiting.get(number) else { return };
        let (text, since) = (command.text.clone(), command.since);
        self.say_since(since);
        self.waiting.sent(number, Instant::now());
        self.send(true, text).await;
    }

    fn say_since(&mut self, since: Option<u64>) {
        if let (Some(since), Some(Line { ear: Ear::V2(ear), .. })) = (since, &mut self.main) {
            ear.since.push(since);
        }
    }

    /// Sends everything again that was not answered.
    async fn send_all_again(&mut self, main: bool) {
        if self.world.wanted.sabotage == Some(Sabotage::NeverSendsAgain) {
            return;
        }
        for (number, text, since) in self.waiting.all() {
            self.world.count(Happening::SentAgain);
            if main {
                self.say_since(since);
            } else if since.is_some() {
                // The second connection has its own past.
                continue;
            }
            self.waiting.sent(number, Instant::now());
            self.send(main, text).await;
        }
    }

    async fn send_again_though_answered(&mut self) {
        let Some(command) = self.waiting.some_answered(&mut self.dice) else { return };
        let (text, since) = (command.text.clone(), command.since);
        self.world.count(if command.kind == "join" {
            Happening::JoinedThoughAnswered
        } else {
            Happening::SentThoughAnswered
        });
        self.say_since(since);
        self.send(true, text).await;
    }

    /// Joins where it must, and sends again what waits too long.
    async fn insist(&mut self) {
        let Some(line) = &self.main else { return };
        // It got up, is not heard as anybody, or was never told that it is.
        let is_late = self.asked + IMPATIENCE < Instant::now();
        if !line.ear.joined() && (is_late || (self.must_join && self.character.gives_ids)) {
            self.join().await;
        }
        let never = self.world.wanted.sabotage == Some(Sabotage::NeverSendsAgain);
        if !never && self.waiting.oldest().is_some_and(|sent| sent + IMPATIENCE < Instant::now()) {
            match self.waiting.first().filter(|_| self.is_calm) {
                // One after the other, so that the answers do not make it fall behind.
                Some(first) => self.send_waiting(first).await,
                None => self.send_all_again(true).await,
            }
        }
    }

    async fn ask(&mut self) {
        let Some(line) = self.main.as_ref().filter(|line| line.ear.joined()) else { return };
        if matches!(line.ear, Ear::Seed(_)) {
            return;
        }
        let request = match self.dice.below(8) {
            0 => r#"{"type":"get_state","id":"q"}"#,
            1 => r#"{"type":"get_bill"}"#,
            2 | 3 => r#"{"type":"presence","data":{"typing":true}}"#,
            _ => r#"{"type":"get_checksum"}"#,
        };
        self.send(true, request.to_owned()).await;
    }

    async fn ask_for_what_is_lost(&mut self) {
        let is_lost = self
            .main
            .as_ref()
            .is_some_and(|line| matches!(&line.ear, Ear::V2(ear) if ear.joined && ear.is_lost()));
        if is_lost && self.asked + IMPATIENCE < Instant::now() {
            self.asked = Instant::now();
            self.send(true, r#"{"type":"get_state","id":"q"}"#.to_owned()).await;
        }
    }

    async fn send(&mut self, main: bool, text: String) {
        let line = if main { &mut self.main } else { &mut self.second };
        let Some(line) = line else { return };
        self.world.note(self.listener.person, || format!("{} {text}", if main { ">" } else { ">>" }));
        // A connection that is gone is noticed by reading.
        let _ = line.client.send(text).await;
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

    fn hear(&mut self, main: bool, heard: Result<Message, Closed>) {
        let who = self.listener.person;
        let line = if main { &self.main } else { &self.second };
        if line.as_ref().is_some_and(|line| line.history != self.world.history()) {
            // What a process said whose log was taken away is heard too late.
            return self.drop_line(main);
        }
        let message = match heard {
            Ok(message) => message,
            Err(closed) => {
                self.world.note(who, || format!("{} {closed}", if main { "<" } else { "<<" }));
                self.world.count(Happening::CutOff);
                return self.drop_line(main);
            }
        };
        self.world.note(who, || format!("{} {}", if main { "<" } else { "<<" }, message.text()));
        let line = if main { &mut self.main } else { &mut self.second };
        let Some(line) = line else { return };
        let answer = line.ear.hear(&self.world, &message);
        let seq = line.ear.seq();
        if let Ear::V2(ear) = &line.ear
            && ear.token.is_some()
            && ear.token != self.token
        {
            self.token.clone_from(&ear.token);
        }
        if line.ear.joined() && main {
            self.must_join = false;
            if matches!(line.ear, Ear::Seed(_)) {
                // It is shown the order: that is answer enough, and the other one may be lost when it falls behind.
                self.waiting.joined();
            }
        }
        if let Some(answer) = answer {
            self.answered(main, seq, answer);
        }
    }

    fn answered(&mut self, main: bool, seq: u64, answer: Answer) {
        let (who, wild) = (self.listener.number, self.listener.wild);
        match answer {
            Answer::Acked { command, seq, repeated } => {
                self.waiting.answered(command);
                // What says nothing new is granted without changing anything.
                let is_fact = repeated || !may_change_nothing(self.waiting.kind(command));
                self.world.evidence(|evidence| {
                    if is_fact {
                        evidence.acked(who, command, seq);
                    }
                    if repeated {
                        evidence.count(Happening::Repeated);
                        evidence.other_answers += u64::from(!wild);
                    }
                });
            }
            Answer::Refused { command, code } => {
                let is_final = match code.as_str() {
                    "join_first" => {
                        self.world.count(Happening::JoinFirst);
                        self.must_join |= main;
                        let line = if main { &mut self.main } else { &mut self.second };
                        if let Some(line) = line {
                            line.ear.must_join();
                        }
                        false
                    }
                    "storage_unavailable" | "storage_uncertain" => {
                        self.world.count(Happening::StorageFailed);
                        false
                    }
                    _ => true,
                };
                self.world.evidence(|evidence| {
                    evidence.count(Happening::Refused);
                    evidence.other_answers += u64::from(!wild && code != "join_first");
                });
                self.refused(seq, command, &code, is_final);
            }
        }
    }

    fn refused(&mut self, seq: u64, command: Option<u32>, code: &str, is_final: bool) {
        let (who, wild) = (self.listener.number, self.listener.wild);
        let kind = command.map(|command| self.waiting.kind(command));
        // Without an id only joining is refused because the order is closed and the client has no seat. Who was removed
        // does not wait to be let back.
        let joins = kind == Some("join") || (kind.is_none() && self.must_join);
        let is_closed = matches!(code, "order_finalized" | "order_expired" | "order_archived");
        if (joins && is_closed) || code == "removed" {
            self.barred = true;
        }
        let Some(command) = command.filter(|_| is_final) else { return };
        self.waiting.answered(command);
        self.world.evidence(|evidence| {
            evidence.refusals.insert((who, command));
            if kind != Some("join") && !wild {
                evidence.refused(who, command, seq, code);
            }
        });
    }
}

/// The next message of a connection; nothing ever where there is none.
async fn recv(line: &mut Option<Line>) -> Result<Message, Closed> {
    match line {
        Some(line) => line.client.recv().await,
        None => std::future::pending().await,
    }
}

/// Whether a command of this kind may be granted although nothing changes by it.
fn may_change_nothing(kind: &str) -> bool {
    let of_the_table = MANNERS.contains(&kind);
    of_the_table || matches!(kind, "join" | "update_payment")
}
