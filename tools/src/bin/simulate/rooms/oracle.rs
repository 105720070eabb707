//! Compares the log with everything that clients were shown and told.

use order_core::fact::{PeopleFact, TableFact};
use order_core::stored::decode_fact;
use order_core::wire::{self, Frame, v2};
use order_core::{
    Actor, Decision, Fact, ItemId, Order, OrderId, ParticipantId, Presence, Recorded, UnixMillis, commit,
    decide, due,
};
use order_host::Cursor;
use order_host::log::ChainKey;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use transport_memory::Message;

use super::document::Document;
use super::ear::{Ear, command_number};
use super::ear_v1::who;
use super::evidence::{Evidence, Granted, Shown, Told};
use super::ledger::{CHAIN_KEY, Ledger};
use super::money;
use super::outcome::{Oracle, Violation};
use super::phone::Phone;
use super::plan::{GHOST, PEOPLE};
use super::world::World;

/// With more refusals than this, refusals are not checked: the room remembers 256, and some
/// may be lost in flight.
const REFUSALS_REMEMBERED: usize = 192;

/// The result of replaying the log.
pub(crate) struct Replayed {
    pub(crate) order: Order,
    /// The cursor at the end of the log.
    pub(crate) cursor: String,
    /// How many facts were made by the clock.
    pub(crate) by_the_clock: u64,
    /// How many refusals were checked.
    pub(crate) refusals_held: u64,
}

/// Checks the log against the evidence. Fails with the first violation.
pub(crate) fn check(world: &World, ledger: &Ledger, evidence: &Evidence) -> Result<Replayed, Violation> {
    let mut order = Order::new(OrderId::new(world.room.room()).unwrap(), world.settings.currency);
    let chain = ChainKey::new(CHAIN_KEY);
    let mut link = chain.start(&world.room);
    let mut happened = BTreeMap::new();
    let mut by_the_clock = 0;
    for fact in &ledger.facts() {
        let recorded = next(world, &mut order, &fact.bytes)?;
        link = chain.next(link, &fact.bytes);
        if fact.link != Some(link) {
            return Err(violation(
                Oracle::LogReplays,
                format!("{:?} is not the link of {recorded:?}", fact.link),
            ));
        }
        by_the_clock += u64::from(recorded.by == Actor::Clock);
        once(&mut happened, &recorded)?;
        money::check(&order, &recorded)?;
        granted(evidence, &order, &happened)?;
        shown(evidence, &order, &recorded, &Cursor::new(order.seq(), link).text())?;
    }
    nothing_beyond(evidence, order.seq())?;
    let loads = ledger.loads();
    let mut refusals_held = 0;
    for (&(participant, command), told) in &evidence.told {
        let fact = happened.get(&(participant, command)).copied();
        acked(participant, command, told, fact)?;
        if evidence.refusals.len() < REFUSALS_REMEMBERED {
            refusals_held += u64::from(told.refused.is_some());
            refused(participant, command, told, fact, &loads)?;
        }
    }
    let cursor = Cursor::new(order.seq(), link).text();
    Ok(Replayed { order, cursor, by_the_clock, refusals_held })
}

fn violation(oracle: Oracle, what: String) -> Violation {
    Violation { oracle, what }
}

/// Applies the next fact of the log.
fn next(world: &World, order: &mut Order, fact: &[u8]) -> Result<Recorded, Violation> {
    let broken = |what: String| violation(Oracle::LogReplays, what);
    let recorded = decode_fact(fact).map_err(|error| broken(error.to_string()))?;
    if recorded.at < order.updated_at() {
        return Err(broken(format!("time runs backwards to {recorded:?}")));
    }
    if recorded.by == Actor::Clock && !was_due(order, &recorded, world) {
        return Err(violation(Oracle::OnTime, format!("it was not time for {recorded:?}")));
    }
    if is_another_join(world, order, &recorded) {
        return Err(violation(Oracle::OnceEach, format!("no one asked for this again: {recorded:?}")));
    }
    commit(order, &recorded).map_err(|error| broken(format!("{error}: {recorded:?}")))?;
    Ok(recorded)
}

/// Returns whether a scheduled change was due. Its time in the log may be ahead of the
/// clock that triggered it, so that a reminder may be logged later than its deadline; and
/// behind the elapsed time, if the clock was set back.
fn was_due(order: &Order, recorded: &Recorded, world: &World) -> bool {
    let latest = UnixMillis::new(recorded.at.get().saturating_add(world.set_back()));
    let reminded = match (&recorded.fact, order.deadline()) {
        (Fact::Table(TableFact::Reminded { before }), Some(deadline)) => {
            deadline.at.get().checked_sub(*before).map(UnixMillis::new)
        }
        _ => None,
    };
    let moments = reminded.into_iter().filter(|moment| *moment <= latest).chain([recorded.at, latest]);
    moments.filter_map(|now| due(order, now, &world.settings.lifetimes)).any(|due| due.fact == recorded.fact)
}

/// Returns whether somebody at the table, whose commands all have ids, joined without one.
/// A repeated `join` has recorded its fact already, and records another only for a
/// participant who had left.
fn is_another_join(world: &World, order: &Order, recorded: &Recorded) -> bool {
    let sits_here = |id: &ParticipantId| order.person(id).is_some_and(|person| !person.has_left());
    matches!(recorded.fact, Fact::People(PeopleFact::Joined(_)))
        && recorded.stamp.is_none()
        && recorded
            .by
            .id()
            .is_some_and(|id| sits_here(id) && number_of(id).is_some_and(|number| world.gives_ids[number]))
}

fn number_of(id: &ParticipantId) -> Option<usize> {
    PEOPLE.iter().position(|person| *person == id.as_str())
}

/// Checks that no command of one participant is in the log twice.
fn once(happened: &mut BTreeMap<(usize, u32), u64>, recorded: &Recorded) -> Result<(), Violation> {
    let Some(stamp) = &recorded.stamp else { return Ok(()) };
    if recorded.by.id().is_some_and(|by| by.as_str() == GHOST) {
        return Ok(());
    }
    let by = recorded.by.id().and_then(number_of);
    let (Some(by), Some(command)) = (by, command_number(stamp.id().as_str())) else {
        return Err(violation(Oracle::OnceEach, format!("nobody sent {recorded:?}")));
    };
    match happened.insert((by, command), recorded.seq) {
        None => Ok(()),
        Some(before) => {
            Err(violation(Oracle::OnceEach, format!("it happened as {before} already: {recorded:?}")))
        }
    }
}

/// Checks what was shown of the order after a fact.
fn shown(evidence: &Evidence, order: &Order, recorded: &Recorded, cursor: &str) -> Result<(), Violation> {
    let seq = order.seq();
    let wrong = |shown: &str, stored: &str| {
        violation(
            Oracle::ShownIsStored,
            format!("fact {seq} was shown as\n{shown}\nand the log has\n{stored}"),
        )
    };
    let place = usize::try_from(seq).unwrap();
    if let Some(Some(shown)) = evidence.events.get(place) {
        let stored = v2::event(order, recorded, cursor);
        if stored != *shown {
            return Err(wrong(shown, &stored));
        }
    }
    if let Some(shown) = evidence.checksums.get(&seq) {
        let state = v2::state_text(order);
        if v2::checksum(&state) != *shown {
            return Err(wrong(shown, &state));
        }
    }
    if let Some(shown) = evidence.cursors.get(&seq).filter(|shown| *shown != cursor) {
        return Err(wrong(shown, cursor));
    }
    let sayable = Sayable::new(order, recorded);
    for shown in evidence.frames.get(&seq).into_iter().flatten() {
        sayable.allows(shown).map_err(|expected| wrong(&shown.text, &expected.join("\n")))?;
    }
    Ok(())
}

/// All messages that may be sent when this fact is the last one.
struct Sayable<'order> {
    order: &'order Order,
    recorded: &'order Recorded,
    of_the_fact: OnceCell<Frame>,
}

impl<'order> Sayable<'order> {
    fn new(order: &'order Order, recorded: &'order Recorded) -> Self {
        Self { order, recorded, of_the_fact: OnceCell::new() }
    }

    fn of_the_fact(&self) -> &Frame {
        self.of_the_fact.get_or_init(|| wire::fact_message(self.order, &Presence::new(), self.recorded))
    }

    /// Checks that this message may be sent. Fails with those that may.
    fn allows(&self, shown: &Shown) -> Result<(), Vec<String>> {
        if shown.kind == "bill" {
            let bill = v2::bill(self.order, None).text();
            return if shown.text == bill { Ok(()) } else { Err(vec![bill]) };
        }
        let (order, nobody, any_time) = (self.order, Presence::new(), UnixMillis::new(0));
        let about = || who(&shown.text).and_then(|about| ParticipantId::new(about).ok());
        let others: Option<Frame> = match shown.kind.as_str() {
            "sync" => Some(wire::sync(order, &nobody, any_time)),
            "presence" => about().map(|who| wire::presence_changed(order, &nobody, &[who], any_time)),
            "participant_joined" => about().map(|who| wire::joined(order, &nobody, &who, any_time)),
            _ => None,
        };
        let may_be_the_fact = match shown.kind.as_str() {
            "sync" | "presence" => false,
            "participant_joined" => matches!(self.recorded.fact, Fact::People(PeopleFact::Joined(_))),
            _ => true,
        };
        let of_the_fact = may_be_the_fact.then(|| self.of_the_fact());
        let viewer = id(PEOPLE[shown.viewer]);
        let texts: Vec<_> = others.iter().chain(of_the_fact).map(|frame| frame.text_for(&viewer)).collect();
        if texts.iter().any(|text| differ_in_presence_only(undated(text), &shown.text)) {
            return Ok(());
        }
        Err(texts.iter().map(|text| undated(text).to_owned()).collect())
    }
}

/// Checks that nothing was shown of facts that do not exist.
fn nothing_beyond(evidence: &Evidence, last: u64) -> Result<(), Violation> {
    let beyond = |seq: u64, what: &str| {
        violation(Oracle::ShownIsStored, format!("{what} {seq} was shown, and the log ends at {last}"))
    };
    if let Some(seq) = evidence.events.iter().rposition(Option::is_some).filter(|seq| *seq as u64 > last) {
        return Err(beyond(seq as u64, "event"));
    }
    if let Some((&seq, _)) = evidence.granted.last_key_value().filter(|(seq, _)| **seq > last) {
        return Err(beyond(seq, "an acknowledgement at"));
    }
    match (evidence.checksums.last_key_value(), evidence.frames.last_key_value()) {
        (Some((&seq, _)), _) if seq > last => Err(beyond(seq, "state")),
        (_, Some((&seq, _))) if seq > last => Err(beyond(seq, "a message of")),
        _ => Ok(()),
    }
}

/// Checks that an acknowledged command is in the log at the acknowledged place.
fn acked(participant: usize, command: u32, told: &Told, fact: Option<u64>) -> Result<(), Violation> {
    let Some(acked) = told.acked.filter(|acked| fact != Some(*acked)) else { return Ok(()) };
    let who = PEOPLE[participant];
    let what = format!("{who} was told that c{command} is {acked}, and the log has {fact:?}");
    Err(violation(Oracle::AckedIsStored, what))
}

/// Checks the commands that were acknowledged at the last fact of `order`, and may have changed nothing: each is that fact, or
/// would change nothing after it.
fn granted(
    evidence: &Evidence,
    order: &Order,
    happened: &BTreeMap<(usize, u32), u64>,
) -> Result<(), Violation> {
    let seq = order.seq();
    for Granted { participant, command, text } in evidence.granted.get(&seq).into_iter().flatten() {
        if happened.get(&(*participant, *command)) == Some(&seq) {
            continue;
        }
        let actor = Actor::participant(ParticipantId::new(PEOPLE[*participant]).unwrap());
        let given = wire::decode_command(text, || ItemId::new("fresh").unwrap());
        let judged = given.map_err(|refused| refused.rejection);
        let judged = judged.and_then(|given| decide(order, order.updated_at(), &actor, &given.command));
        if judged != Ok(Decision::Unchanged) {
            let who = PEOPLE[*participant];
            let what =
                format!("{who} was told that c{command} ({text}) changes nothing after {seq}: {judged:?}");
            return Err(violation(Oracle::AckedIsStored, what));
        }
    }
    Ok(())
}

/// Checks that a refused command was not executed before, nor afterwards until the room was
/// loaded again.
fn refused(
    participant: usize,
    command: u32,
    told: &Told,
    fact: Option<u64>,
    loads: &[u64],
) -> Result<(), Violation> {
    let (Some((seen, code)), Some(fact)) = (&told.refused, fact) else { return Ok(()) };
    let was_loaded_between = loads.iter().any(|load| seen <= load && *load < fact);
    if fact > *seen && was_loaded_between {
        return Ok(());
    }
    let who = PEOPLE[participant];
    let what =
        format!("{who} was refused c{command} ({code}) after fact {seen}, and the log has it as {fact}");
    Err(violation(Oracle::RefusedIsNot, what))
}

/// Checks that every connected client has the state of the log in the end, without asking
/// for it.
pub(crate) fn agrees(world: &World, order: &Order, phone: &Phone) {
    let who = phone.listener.person;
    let Some(line) = phone.main.as_ref().filter(|line| line.ear.joined()) else {
        return world.accuse(Oracle::Agreement, || format!("{who} is not connected in the end"));
    };
    let (sees, log_says) = match &line.ear {
        Ear::V2(ear) => (ear.document.as_ref().map(Document::text), v2::state_text(order)),
        // The last message to it may be lost.
        Ear::V1(_) if phone.listener.wild => return,
        Ear::V1(ear) => {
            let sync = wire::sync(order, &Presence::new(), UnixMillis::new(0));
            let text = sync.text_for(&id(who));
            let state = undated(&text).trim_start_matches(r#"{"type":"sync","data":"#).to_owned();
            let sees = ear.state().unwrap_or_default();
            if differ_in_presence_only(&sees, &state) {
                return;
            }
            (Some(sees.into_owned()), state)
        }
    };
    if sees.as_ref() != Some(&log_says) {
        world.accuse(Oracle::Agreement, || format!("{who} sees\n{sees:?}\nand the log says\n{log_says}"));
    }
}

/// Checks the state that a client receives on request in the end, including who is online.
pub(crate) fn is_told_all(
    world: &World,
    order: &Order,
    online: &Presence,
    who: &'static str,
    cursor: &str,
    told: &Message,
) {
    let (text, expected) = if told.kind() == "state" {
        (told.text().to_owned(), v2::state(order, online, cursor, None).text())
    } else {
        let sync = wire::sync(order, online, UnixMillis::new(0));
        (undated(told.text()).to_owned(), undated(&sync.text_for(&id(who))).to_owned())
    };
    // Typing markers are not checked here.
    let text = text.replace("\"typing\":true", "\"typing\":false");
    if text != expected {
        world.accuse(Oracle::Agreement, || format!("{who} is told\n{text}\nand the log says\n{expected}"));
    }
}

fn id(person: &str) -> ParticipantId {
    ParticipantId::new(person).unwrap()
}

fn undated(text: &str) -> &str {
    text.rsplit_once(",\"timestamp\":").map_or(text, |(undated, _)| undated)
}

/// Returns whether two messages differ only in who is online, which is not stored.
fn differ_in_presence_only(one: &str, other: &str) -> bool {
    fn parts(text: &str) -> impl Iterator<Item = &str> {
        let parts = text.split("\"isOnline\":");
        parts.map(|part| part.strip_prefix("true").or_else(|| part.strip_prefix("false")).unwrap_or(part))
    }
    one == other || parts(one).eq(parts(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use order_core::Currency;

    fn refused_after(seen: u64) -> Told {
        Told { acked: None, refused: Some((seen, "item_not_found".to_owned())) }
    }

    #[test]
    fn what_was_refused_and_happens_all_the_same_is_found_out() {
        for (happened, loads) in [(4, vec![0]), (7, vec![0]), (7, vec![0, 4]), (7, vec![0, 7])] {
            let found = refused(0, 1, &refused_after(5), Some(happened), &loads).unwrap_err();
            assert_eq!(found.oracle, Oracle::RefusedIsNot, "{happened} {loads:?}");
        }
        assert!(refused(0, 1, &refused_after(5), None, &[0]).is_ok());
        assert!(refused(0, 1, &refused_after(5), Some(7), &[0, 6]).is_ok(), "judged again by another room");
    }

    #[test]
    fn what_was_said_to_have_happened_and_did_not_is_found_out() {
        let told = Told { acked: Some(3), refused: None };
        for fact in [None, Some(4)] {
            assert_eq!(acked(0, 1, &told, fact).unwrap_err().oracle, Oracle::AckedIsStored);
        }
        assert!(acked(0, 1, &told, Some(3)).is_ok());
    }

    #[test]
    fn what_was_said_to_change_nothing_and_would_change_something_is_found_out() {
        let mut order = Order::new(OrderId::new("table-7").unwrap(), Currency::default());
        let asha = Actor::participant(ParticipantId::new(PEOPLE[0]).unwrap());
        for text in [r#"{"type":"join","participantId":"asha","participantName":"Asha","data":{}}"#, TIP] {
            let given = wire::decode_command(text, || ItemId::new("fresh").unwrap()).unwrap();
            let decided = decide(&order, UnixMillis::new(1), &asha, &given.command).unwrap();
            let Decision::Record(recorded) = decided else { panic!("{text}: {decided:?}") };
            commit(&mut order, &recorded).unwrap();
        }
        for (text, is_true) in [(TIP, true), (&TIP.replace('5', "6"), false), (r#"{"type":"leave"}"#, false)]
        {
            let mut evidence = Evidence::default();
            evidence.granted(2, Granted { participant: 0, command: 1, text: text.to_owned() });
            let found = granted(&evidence, &order, &BTreeMap::new());
            assert_eq!(found.is_ok(), is_true, "{text}: {found:?}");
            // It is the second fact itself.
            assert!(granted(&evidence, &order, &BTreeMap::from([((0, 1), 2)])).is_ok());
        }
    }

    const TIP: &str = r#"{"type":"set_tip","data":{"amount":5}}"#;
}
