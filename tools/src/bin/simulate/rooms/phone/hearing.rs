//! What a phone does with what it hears.

use transport_memory::{Closed, Message};

use super::Phone;
use crate::rooms::ear::{Answer, Ear};
use crate::rooms::evidence::Granted;
use crate::rooms::outcome::Happening;
use crate::rooms::wishes::MANNERS;

impl Phone {
    pub(super) fn hear(&mut self, main: bool, heard: Result<Message, Closed>) {
        let who = self.listener.person;
        let line = if main { &self.main } else { &self.second };
        if line.as_ref().is_some_and(|line| line.history != self.world.history()) {
            // A message of a process whose log was restored comes too late.
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
            if matches!(line.ear, Ear::V1(_)) {
                // The order was shown, which is enough of an answer; the `ack` may be lost when it
                // falls behind.
                self.waiting.joined();
            }
        }
        if let Some(answer) = answer {
            self.answered(main, seq, answer);
        }
    }

    pub(super) fn answered(&mut self, main: bool, seq: u64, answer: Answer) {
        let (who, wild) = (self.listener.number, self.listener.wild);
        match answer {
            Answer::Acked { command, seq, repeated } => {
                self.waiting.answered(command);
                // A command that changes nothing is granted without a fact.
                let kind = self.waiting.kind(command);
                let is_fact = repeated || !may_change_nothing(kind);
                // Coming back may change nothing for reasons of the socket, and a time from now is another one later.
                let is_judged_again = !is_fact && !matches!(kind, "join" | "set_deadline");
                let text = self.waiting.text(command);
                self.world.evidence(|evidence| {
                    if is_fact {
                        evidence.acked(who, command, seq);
                    } else if is_judged_again {
                        evidence.granted(seq, Granted { participant: who, command, text: text.to_owned() });
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

    pub(super) fn refused(&mut self, seq: u64, command: Option<u32>, code: &str, is_final: bool) {
        let (who, wild) = (self.listener.number, self.listener.wild);
        let kind = command.map(|command| self.waiting.kind(command));
        // Without an id, only a join is refused because the order is closed and the client is not
        // seated. A removed participant does not wait to be readmitted.
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

/// Returns whether a command of this kind may be granted without a change.
fn may_change_nothing(kind: &str) -> bool {
    let of_the_table = MANNERS.contains(&kind);
    let sets_a_value = matches!(
        kind,
        "update_quantity"
            | "claim_item"
            | "assign_item"
            | "update_split"
            | "set_charges"
            | "set_tip"
            | "waive_service"
            | "update_payment"
    );
    of_the_table || sets_a_value || kind == "join"
}
