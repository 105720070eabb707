//! What a `stonepot.v2` connection receives: events, which it applies to its document.

use std::borrow::Cow;

use order_core::wire::v2;
use serde::Deserialize;
use serde_json::value::RawValue;
use transport_memory::Message;

use super::document::{Change, Document};
use super::ear::{Answer, Listener, command_number};
use super::outcome::{Happening, Oracle};
use super::plan::Sabotage;
use super::world::World;

/// A client that misses events misses one of this many.
const MISSED: u64 = 29;

/// The document is recorded after every this many events, to be compared with the log.
const NOTED: u64 = 8;

#[derive(Debug)]
pub(crate) struct V2Ear {
    pub(crate) listener: Listener,
    pub(crate) joined: bool,
    pub(crate) document: Option<Document>,
    /// The positions since which it has asked for missed events on this connection.
    pub(crate) since: Vec<Since>,
    pub(crate) token: Option<String>,
    /// The history of its connection.
    history: u64,
    /// The last fact that it was shown by this connection, whether it could fold it or not.
    shown: u64,
}

/// From where on a client asks for what it missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) seq: u64,
    pub(crate) cursor: String,
}

impl Since {
    pub(crate) fn of(document: &Document) -> Self {
        Self { seq: document.seq, cursor: document.cursor.clone() }
    }
}

#[derive(Deserialize)]
struct Read<'text> {
    #[serde(rename = "type")]
    kind: &'text str,
    seq: Option<u64>,
    cursor: Option<&'text str>,
    at: Option<u64>,
    event: Option<&'text str>,
    by: Option<&'text str>,
    #[serde(borrow)]
    set: Option<&'text RawValue>,
    #[serde(borrow)]
    put: Option<&'text RawValue>,
    #[serde(borrow)]
    remove: Option<&'text RawValue>,
    #[serde(borrow)]
    id: Option<Cow<'text, str>>,
    #[serde(default)]
    repeated: bool,
    code: Option<&'text str>,
    #[serde(rename = "participantId")]
    participant: Option<&'text str>,
    #[serde(rename = "resumeToken")]
    token: Option<&'text str>,
    #[serde(default)]
    resumed: bool,
    #[serde(borrow)]
    events: Option<Vec<&'text RawValue>>,
    checksum: Option<&'text str>,
    #[serde(borrow)]
    state: Option<&'text RawValue>,
}

/// The kind of a received message.
enum Heard {
    Answer(Answer),
    News,
}

impl V2Ear {
    pub(crate) fn new(
        listener: Listener,
        document: Option<Document>,
        token: Option<String>,
        history: u64,
    ) -> Self {
        let since = document.as_ref().map(Since::of).into_iter().collect();
        Self { listener, joined: false, document, since, token, history, shown: 0 }
    }

    /// Returns whether it needs the full state before it can apply events.
    pub(crate) fn is_lost(&self) -> bool {
        self.current().is_none()
    }

    /// Returns its document, if that is of its connection's history.
    pub(crate) fn current(&self) -> Option<&Document> {
        self.document.as_ref().filter(|document| document.history == self.history)
    }

    /// The last fact that it has heard of: what it has folded or, where it waits for the full state, was shown.
    pub(crate) fn seq(&self) -> u64 {
        self.current().map_or(self.shown, |document| document.seq)
    }

    pub(crate) fn hear(&mut self, world: &World, message: &Message) -> Option<Answer> {
        let text = message.text();
        let read = serde_json::from_str::<Read<'_>>(text);
        let heard = read.ok().and_then(|read| self.understand(world, text, &read));
        match heard {
            Some(Heard::Answer(answer)) => Some(answer),
            Some(Heard::News) => None,
            None => {
                let who = self.listener.person;
                world.accuse(Oracle::Protocol, || format!("{who} cannot make sense of {text}"));
                None
            }
        }
    }

    /// Handles a message. `None`: it is invalid.
    fn understand(&mut self, world: &World, text: &str, read: &Read<'_>) -> Option<Heard> {
        let command = read.id.as_deref().and_then(command_number);
        match read.kind {
            "event" => self.event(world, text, read)?,
            "welcome" => self.welcome(world, read)?,
            "state" => self.state(world, read)?,
            "ack" => {
                let seq = read.seq?;
                self.is_after_its_event(world, seq);
                let (command, repeated) = (command?, read.repeated);
                return Some(Heard::Answer(Answer::Acked { command, seq, repeated }));
            }
            "reject" => {
                return Some(Heard::Answer(Answer::Refused { command, code: read.code?.to_owned() }));
            }
            "checksum" => self.compare(world, read.seq?, read.checksum?),
            "presence" => {
                if read.participant == Some(self.listener.person) || !(self.joined || self.listener.wild) {
                    let who = self.listener.person;
                    world.accuse(Oracle::Protocol, || format!("{who} was told {text}"));
                }
            }
            "bill" => {
                let seq = read.seq?;
                world.evidence(|evidence| evidence.frame(self.listener.number, seq, "bill", text));
            }
            _ => return None,
        }
        Some(Heard::News)
    }

    fn event(&mut self, world: &World, text: &str, read: &Read<'_>) -> Option<()> {
        let (seq, at) = (read.seq?, read.at?);
        world.evidence(|evidence| {
            evidence.count(Happening::Event);
            evidence.event(self.listener.person, seq, text);
        });
        if world.wanted.sabotage == Some(Sabotage::MissesEvents) && seq.is_multiple_of(MISSED) {
            return Some(());
        }
        let last = self.seq();
        let follows = self.joined && seq == last + 1;
        if !self.listener.wild && !follows {
            let who = self.listener.person;
            world.accuse(Oracle::NoGap, || format!("{who}, after event {last}, heard {text}"));
        }
        self.shown = self.shown.max(seq);
        self.fold(world, seq, at, read)?;
        let me = self.listener.person;
        let is_gone = match read.event {
            Some("participant_left") => read.by == Some(me),
            Some("participant_removed") => read
                .put
                .is_some_and(|put| put.get().starts_with(&format!(r#"{{"participants":{{"id":"{me}""#))),
            _ => false,
        };
        if is_gone {
            self.joined = false;
        }
        Some(())
    }

    /// Applies the next event. An earlier one is known already; after a gap the full state is
    /// needed.
    fn fold(&mut self, world: &World, seq: u64, at: u64, read: &Read<'_>) -> Option<()> {
        let Some(document) = &mut self.document else { return Some(()) };
        let is_of_another_history = document.history != self.history;
        if seq <= document.seq && !is_of_another_history {
            return Some(());
        }
        if seq > document.seq + 1 || is_of_another_history {
            self.document = None;
            return Some(());
        }
        let mut change = Change { set: read.set, put: read.put, remove: read.remove };
        if world.wanted.sabotage == Some(Sabotage::NeverRemoves) {
            change.remove = None;
        }
        document.fold(seq, read.cursor?, at, &change)?;
        if seq.is_multiple_of(NOTED) {
            self.note_what_was_folded(world);
        }
        Some(())
    }

    fn welcome(&mut self, world: &World, read: &Read<'_>) -> Option<()> {
        let (seq, who) = (read.seq?, self.listener.person);
        if read.participant != Some(who) {
            world.accuse(Oracle::Protocol, || format!("{who} was welcomed as {:?}", read.participant));
        }
        self.token = Some(read.token?.to_owned());
        self.joined = true;
        self.is_not_behind(world, seq);
        self.shown = self.shown.max(seq);
        self.note_the_cursor(world, read)?;
        if !read.resumed {
            if !self.since.is_empty() {
                world.count(Happening::ResumedWithState);
            }
            if self.document.is_some() && self.current().is_none() {
                world.count(Happening::OtherHistory);
            }
            return self.state(world, read);
        }
        world.count(Happening::Resumed);
        let events = read.events.as_ref()?;
        let first = seq.checked_sub(events.len() as u64)?;
        if !self.since.iter().any(|since| since.seq == first) {
            let asked = &self.since;
            world.accuse(Oracle::NoGap, || format!("{who} asked since {asked:?} and got since {first}"));
        }
        let is_lost = !self.has_what_it_asked_since(first);
        if is_lost {
            self.document = None;
        } else if let Some(document) = &mut self.document {
            // The server has confirmed that its document is of this history too.
            document.history = self.history;
        }
        for (place, text) in events.iter().enumerate() {
            let event: Read<'_> = serde_json::from_str(text.get()).ok()?;
            if event.seq? != first + 1 + place as u64 {
                world.accuse(Oracle::NoGap, || format!("{who} missed {} after {first}", text.get()));
            }
            world.evidence(|evidence| {
                evidence.count(Happening::Event);
                evidence.event(who, event.seq.unwrap_or_default(), text.get());
            });
            self.fold(world, event.seq?, event.at?, &event)?;
        }
        let has = self.current().map(|document| document.seq);
        let is_known = self.current().is_none_or(|document| Some(document.cursor.as_str()) == read.cursor);
        if !self.listener.wild && !is_lost && (has != Some(seq) || !is_known) {
            world.accuse(Oracle::NoGap, || format!("{who} was welcomed at {seq} and has {has:?}"));
        }
        self.note_what_was_folded(world);
        Some(())
    }

    /// Whether it has the state from which the server goes on. It need not: a `join` that is sent again, with the text that it
    /// had, says since when its sender asked then. What it has by now may be of another history, or nothing. Then it is lost,
    /// and asks for the full state.
    fn has_what_it_asked_since(&self, first: u64) -> bool {
        let Some(document) = &self.document else { return false };
        let mut asked = self.since.iter().filter(|since| since.seq == first);
        document.history == self.history
            || (document.seq == first && asked.all(|since| since.cursor == document.cursor))
    }

    /// Handles a full state, which replaces everything before it.
    fn state(&mut self, world: &World, read: &Read<'_>) -> Option<()> {
        let (seq, state, checksum) = (read.seq?, read.state?.get(), read.checksum?);
        let who = self.listener.person;
        if v2::checksum(state) != checksum {
            world.accuse(Oracle::ShownIsStored, || format!("{who} got {checksum} for {state}"));
        }
        world.evidence(|evidence| evidence.checksum(who, seq, checksum));
        self.note_the_cursor(world, read)?;
        self.is_not_behind(world, seq);
        self.shown = self.shown.max(seq);
        if self.current().is_none_or(|document| document.seq <= seq) {
            self.note_what_was_folded(world);
            self.document = Some(Document::parse(state, read.cursor?, self.history)?);
        }
        if read.kind == "state" && read.id.is_none() {
            world.count(Happening::FellBehind);
            // It came in place of a welcome, or of its own leaving.
            self.joined = self.document.as_ref().is_some_and(|document| document.sits(who));
        }
        Some(())
    }

    fn note_the_cursor(&self, world: &World, read: &Read<'_>) -> Option<()> {
        let (seq, cursor) = (read.seq?, read.cursor?);
        world.evidence(|evidence| evidence.cursor(self.listener.person, seq, cursor));
        Some(())
    }

    /// Checks that the server does not go back behind what was shown.
    fn is_not_behind(&self, world: &World, seq: u64) {
        let has = self.seq();
        if seq < has && !self.listener.wild {
            let who = self.listener.person;
            world.accuse(Oracle::ShownIsStored, || format!("{who} was shown {has} and then the state {seq}"));
        }
    }

    fn is_after_its_event(&self, world: &World, seq: u64) {
        let has = self.seq();
        if seq > has && !self.listener.wild {
            let who = self.listener.person;
            world.accuse(Oracle::NoGap, || format!("{who} has {has} and got the answer to {seq}"));
        }
    }

    /// Compares its checksum with the server's, if both are of the same fact.
    fn compare(&self, world: &World, seq: u64, checksum: &str) {
        let who = self.listener.person;
        world.evidence(|evidence| evidence.checksum(who, seq, checksum));
        let has = self.seq();
        if has != seq {
            if !self.listener.wild {
                world.accuse(Oracle::NoGap, || format!("{who} has {has} and got the checksum of {seq}"));
            }
            return;
        }
        let Some(document) = self.current() else { return };
        world.count(Happening::ChecksumCompared);
        let own = v2::checksum(&document.text());
        if own != checksum {
            let text = document.text();
            world.accuse(Oracle::Agreement, || format!("{who} has {own}, the server {checksum}: {text}"));
        }
    }

    /// Records the checksum of its document, to be compared with the log.
    pub(crate) fn note_what_was_folded(&self, world: &World) {
        if let Some(document) = self.current() {
            let checksum = v2::checksum(&document.text());
            world.evidence(|evidence| evidence.checksum(self.listener.person, document.seq, &checksum));
        }
    }
}

#[cfg(test)]
mod tests {
    use transport_memory::Dice;

    use super::super::plan::{Plan, Wanted};
    use super::*;

    const LISTENER: Listener = Listener { person: "ben", number: 1, wild: false };

    /// What it has is of the history before, and it has sent the `join` of before that again.
    const OLD_JOIN_IS_ANSWERED: &str = r#"{"type":"welcome","participantId":"ben","resumeToken":"t","seq":17,"cursor":"c17","resumed":true,"events":[{"type":"event","event":"tip_updated","seq":17,"cursor":"c17","at":5}]}"#;

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_after_what_was_shown_also_to_a_phone_that_is_lost() {
        let allowed = r#"{"type":"ack","id":"c1","seq":17}"#;
        let too_early = r#"{"type":"ack","id":"c1","seq":18}"#;
        assert_eq!(lost_and_then_told(&[allowed]), None);
        assert_eq!(lost_and_then_told(&[too_early]), Some(Oracle::NoGap));
        assert_eq!(lost_and_then_told(&[&event(18), too_early]), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_is_found_out_also_where_a_phone_is_lost() {
        assert_eq!(lost_and_then_told(&[&event(18), &event(19)]), None);
        for after_a_gap in [event(19), r#"{"type":"checksum","seq":18,"checksum":"0"}"#.to_owned()] {
            assert_eq!(lost_and_then_told(&[&after_a_gap]), Some(Oracle::NoGap), "{after_a_gap}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_phone_is_not_lost_for_which_nobody_asked_with_another_text() {
        assert_eq!(told(vec![], &[OLD_JOIN_IS_ANSWERED]), Some(Oracle::NoGap));
    }

    fn lost_and_then_told(texts: &[&str]) -> Option<Oracle> {
        let since = vec![Since { seq: 16, cursor: "c16".to_owned() }];
        let texts: Vec<_> = [OLD_JOIN_IS_ANSWERED].into_iter().chain(texts.iter().copied()).collect();
        told(since, &texts)
    }

    /// What is found out of a phone that has what was 49 in another history.
    fn told(since: Vec<Since>, texts: &[&str]) -> Option<Oracle> {
        let world = World::new(1, &Plan::new(&mut Dice::new(1)), Wanted::default());
        let document = Document::parse(r#"{"seq":49}"#, "another c49", 0);
        let mut ear = V2Ear::new(LISTENER, document, None, 1);
        ear.since.extend(since);
        for text in texts {
            let read = serde_json::from_str(text).unwrap();
            assert!(ear.understand(&world, text, &read).is_some(), "{text}");
        }
        world.evidence(|evidence| evidence.violation.take()).map(|violation| violation.oracle)
    }

    fn event(seq: u64) -> String {
        format!(r#"{{"type":"event","event":"tip_updated","seq":{seq},"cursor":"c{seq}","at":5}}"#)
    }
}
