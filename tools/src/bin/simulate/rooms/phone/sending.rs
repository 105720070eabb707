//! What a phone says.

use order_host::Protocol;
use tokio::time::Instant;

use super::{IMPATIENCE, Line, MOST_WAITING, Phone};
use crate::rooms::ear::Ear;
use crate::rooms::ear_v2::Since;
use crate::rooms::outcome::Happening;
use crate::rooms::plan::Sabotage;
use crate::rooms::waiting::Command;
use crate::rooms::wishes::{Wish, counted};

impl Phone {
    /// Joins, unless a join is waiting for its answer.
    pub(super) async fn join(&mut self) {
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
        let since = self.saved.as_ref().map(Since::of);
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

    pub(super) async fn wish(&mut self) {
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

    pub(super) async fn send_waiting(&mut self, number: u32) {
        let Some(command) = self.waiting.get(number) else { return };
        let (text, since) = (command.text.clone(), command.since.clone());
        self.say_since(since);
        self.waiting.sent(number, Instant::now());
        self.send(true, text).await;
    }

    pub(super) fn say_since(&mut self, since: Option<Since>) {
        if let (Some(since), Some(Line { ear: Ear::V2(ear), .. })) = (since, &mut self.main) {
            ear.since.push(since);
        }
    }

    /// Sends again everything that was not answered.
    pub(super) async fn send_all_again(&mut self, main: bool) {
        if self.world.wanted.sabotage == Some(Sabotage::NeverSendsAgain) {
            return;
        }
        for (number, text, since) in self.waiting.all() {
            self.world.count(Happening::SentAgain);
            if main {
                self.say_since(since);
            } else if since.is_some() {
                // The second connection has a document of its own.
                continue;
            }
            self.waiting.sent(number, Instant::now());
            self.send(main, text).await;
        }
    }

    pub(super) async fn send_again_though_answered(&mut self) {
        let Some(command) = self.waiting.some_answered(&mut self.dice) else { return };
        let (text, since) = (command.text.clone(), command.since.clone());
        self.world.count(if command.kind == "join" {
            Happening::JoinedThoughAnswered
        } else {
            Happening::SentThoughAnswered
        });
        self.say_since(since);
        self.send(true, text).await;
    }

    pub(super) async fn ask(&mut self) {
        let Some(line) = self.main.as_ref().filter(|line| line.ear.joined()) else { return };
        if matches!(line.ear, Ear::V1(_)) {
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

    pub(super) async fn ask_for_what_is_lost(&mut self) {
        let is_lost = self
            .main
            .as_ref()
            .is_some_and(|line| matches!(&line.ear, Ear::V2(ear) if ear.joined && ear.is_lost()));
        if is_lost && self.asked + IMPATIENCE < Instant::now() {
            self.asked = Instant::now();
            self.send(true, r#"{"type":"get_state","id":"q"}"#.to_owned()).await;
        }
    }

    pub(super) async fn send(&mut self, main: bool, text: String) {
        let line = if main { &mut self.main } else { &mut self.second };
        let Some(line) = line else { return };
        self.world.note(self.listener.person, || format!("{} {text}", if main { ">" } else { ">>" }));
        // A closed connection is noticed when reading.
        let _ = line.client.send(text).await;
    }
}
