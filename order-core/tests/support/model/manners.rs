//! Who may do what, who is ready, and who was removed.

use std::collections::{BTreeMap, BTreeSet};

use order_core::{Code, Order, Participant, Policy};

use super::step::{Dishes, Limited, NUMBERS, Step, WHO, What, name_of, pieces};
use super::{CEILING, Model};

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Manners {
    pub(super) hosted: bool,
    pub(super) when_ready: bool,
    locked: bool,
    /// Millionths of a whole unit.
    limits: BTreeMap<&'static str, i128>,
    limit_each: Option<i128>,
    limit_table: Option<i128>,
    ready: BTreeSet<&'static str>,
    removed: BTreeSet<&'static str>,
}

impl Model {
    /// Drops the marks of those who agreed to another bill, or to a table with other people, than `before` this step.
    pub(super) fn unready(&mut self, step: &Step, before: &Self) {
        let who = step.who();
        let was_there = before.is_present(who);
        match &step.what {
            What::Join { .. } if !before.finalized && !was_there => self.manners.ready.clear(),
            What::Leave => self.manners.ready.clear(),
            What::Reopen if before.finalized => self.manners.ready.clear(),
            What::SendAway { whom, .. } => {
                if before.dishes != self.dishes || !before.is_removed(name_of(*whom)) {
                    self.manners.ready.retain(|id| *id == who);
                }
            }
            // A tip and a waived service charge are one's own.
            What::Join { .. } | What::Tip { .. } | What::Waive { .. } => {}
            _ => {
                let charges = |model: &Self| (model.charges.clone(), model.coin);
                let same = before.dishes == self.dishes && before.rule == self.rule;
                if !same || charges(before) != charges(self) {
                    self.manners.ready.retain(|id| *id == who);
                }
            }
        }
    }

    /// Carries out a step that has no faults.
    pub(super) fn mind_manners(&mut self, who: &'static str, what: &What) {
        match what {
            What::Ready { ready } if self.closes(who, *ready) => self.finalize(),
            What::Ready { ready: true } => drop(self.manners.ready.insert(who)),
            What::Ready { ready: false } => drop(self.manners.ready.remove(who)),
            What::Lock { locked } => self.manners.locked = *locked,
            What::SendAway { whom, dishes } => {
                let whom = WHO[*whom];
                self.dishes_of_removed(whom, *dishes);
                self.get_up(whom);
                self.manners.ready.remove(whom);
                self.manners.removed.insert(whom);
            }
            What::Readmit { whom } => drop(self.manners.removed.remove(name_of(*whom))),
            What::HandOver { to } => self.owner = Some(name_of(*to)),
            What::Limit { whom, limit } => {
                let limit = limit.and_then(|place| self.money(place));
                match *whom {
                    Limited::Person(whom) => {
                        self.manners.limits.remove(name_of(whom));
                        self.manners.limits.extend(limit.map(|limit| (name_of(whom), limit)));
                    }
                    Limited::Each => self.manners.limit_each = limit,
                    Limited::Table => self.manners.limit_table = limit,
                }
            }
            What::Rules { when_ready } => self.manners.when_ready = *when_ready,
            other => panic!("{other:?} is about something else"),
        }
    }

    fn dishes_of_removed(&mut self, whom: &'static str, dishes: Dishes) {
        for mut dish in self.dishes.clone() {
            let part = dish.shared_by.iter().find(|(id, _)| *id == whom).map(|(_, weight)| *weight);
            dish.shared_by.retain(|(id, _)| *id != whom);
            match (dishes, part) {
                (Dishes::Keep, _) | (Dishes::Reassign(_), None) => continue,
                (Dishes::Remove, _) if dish.shared_by.is_empty() && (part.is_some() || dish.by == whom) => {
                    self.remove(dish.id);
                    continue;
                }
                (Dishes::Remove, _) => {}
                (Dishes::Reassign(to), Some(part)) => {
                    let own = dish.shared_by.iter_mut().find(|(id, _)| *id == name_of(to));
                    match own {
                        Some((_, weight)) => *weight += part,
                        None => dish.shared_by.push((name_of(to), part)),
                    }
                }
            }
            let shared_by = self.seated(dish.shared_by);
            self.dishes.iter_mut().find(|other| other.id == dish.id).unwrap().shared_by = shared_by;
        }
    }

    /// Why the rules of the table forbid it.
    pub(super) fn bad_manners(&self, who: &'static str, what: &What) -> Vec<Code> {
        let owns = self.owner == Some(who);
        let forbidden = |is: bool, code: Code| (is && !owns).then_some(code);
        let mut faults = Vec::new();
        match what {
            What::Add { price, quantity, .. } => {
                faults.extend(forbidden(self.manners.locked, Code::OrderLocked));
                let line = self.price(*price).unwrap_or(0) * pieces(*quantity).unwrap_or(0);
                faults.extend(forbidden(self.is_over(who, line), Code::OverLimit));
            }
            What::AddAll { dishes } => {
                faults.extend(forbidden(self.manners.locked, Code::OrderLocked));
                let line = |&(_, price, quantity): &(usize, usize, usize)| {
                    self.price(price).unwrap_or(0) * pieces(quantity).unwrap_or(0)
                };
                faults.extend(forbidden(self.is_over(who, dishes.iter().map(line).sum()), Code::OverLimit));
            }
            What::Remove { item } | What::Edit { item, .. } => faults.extend(self.untouchable(who, *item)),
            What::Update { item, quantity } => {
                faults.extend(self.untouchable(who, *item));
                if let Some(dish) = self.dish(*item) {
                    let more = dish.price * (pieces(*quantity).unwrap_or(0) - dish.pieces);
                    faults.extend(forbidden(self.is_over(dish.by, more), Code::OverLimit));
                }
            }
            What::Claim { .. } | What::Unclaim { .. } => {
                faults.extend(forbidden(self.manners.locked, Code::OrderLocked));
            }
            What::Split { .. }
            | What::Agree { .. }
            | What::OnePaysAll { .. }
            | What::Percentages { .. }
            | What::Adjust { .. }
            | What::Cover { .. }
            | What::Finalize => faults.extend(forbidden(self.manners.hosted, Code::NotOwner)),
            What::Ready { ready } if self.closes(who, *ready) => faults.extend(self.unfinished()),
            What::Ready { .. }
            | What::Join { .. }
            | What::Leave
            | What::Correct { .. }
            | What::Reopen
            | What::Tip { .. }
            | What::Waive { .. }
            | What::Assign { .. }
            | What::SetCharges { .. } => {}
            What::Lock { .. } | What::Rules { .. } => faults.extend(forbidden(true, Code::NotOwner)),
            What::SendAway { whom, dishes } => {
                faults.extend(forbidden(true, Code::NotOwner));
                faults.extend(self.never_joined(*whom));
                faults.extend((name_of(*whom) == who).then_some(Code::BadField));
                if let Dishes::Reassign(to) = dishes {
                    let nobody = to == whom || !self.is_present(name_of(*to));
                    faults.extend(nobody.then_some(Code::UnknownParticipant));
                    let mut after = self.clone();
                    after.dishes_of_removed(name_of(*whom), *dishes);
                    let mut weights = after.dishes.iter().flat_map(|dish| &dish.shared_by);
                    faults.extend(
                        weights.any(|(_, weight)| *weight > 1_000_000_000_000).then_some(Code::BadSplit),
                    );
                }
            }
            What::Readmit { whom } => {
                faults.extend(forbidden(true, Code::NotOwner));
                faults.extend(self.never_joined(*whom));
            }
            What::HandOver { to } => {
                faults.extend(forbidden(true, Code::NotOwner));
                faults.extend((!self.is_present(name_of(*to))).then_some(Code::UnknownParticipant));
            }
            What::Limit { whom, limit } => {
                faults.extend(forbidden(true, Code::NotOwner));
                if let Limited::Person(whom) = whom {
                    faults.extend(self.never_joined(*whom));
                }
                let limit = limit.filter(|place| NUMBERS[*place].0 != "null");
                let usable = |place| self.money(place).is_some_and(|limit| limit < CEILING);
                faults.extend(limit.is_some_and(|place| !usable(place)).then_some(Code::BadLimit));
            }
        }
        faults
    }

    fn never_joined(&self, whom: usize) -> Option<Code> {
        self.person(name_of(whom)).is_none().then_some(Code::UnknownParticipant)
    }

    fn untouchable(&self, who: &'static str, item: usize) -> Vec<Code> {
        let mut faults = Vec::new();
        if self.owner != Some(who) {
            faults.extend(self.manners.locked.then_some(Code::OrderLocked));
            let others = self.dish(item).is_some_and(|dish| dish.by != who);
            faults.extend((self.manners.hosted && others).then_some(Code::NotYours));
        }
        faults
    }

    /// Whether `more` would bring what this person added above their limit, or all dishes above the limit of the table.
    fn is_over(&self, who: &str, more: i128) -> bool {
        let Manners { limits, limit_each, limit_table, .. } = &self.manners;
        let spent = |by: &dyn Fn(&str) -> bool| -> i128 {
            self.dishes.iter().filter(|dish| by(dish.by)).map(|dish| dish.price * dish.pieces).sum()
        };
        let own = limits.get(who).or(limit_each.as_ref());
        let over = |limit: Option<&i128>, spent: i128| limit.is_some_and(|limit| spent + more > *limit);
        more > 0 && (over(own, spent(&|by| by == who)) || over(limit_table.as_ref(), spent(&|_| true)))
    }

    /// Whether this mark is the last one and finalizes the order.
    fn closes(&self, who: &str, ready: bool) -> bool {
        let mut others = self.people.iter().filter(|person| !person.left && person.id != who);
        ready && self.manners.when_ready && others.all(|person| self.manners.ready.contains(person.id))
    }

    pub(super) fn is_removed(&self, who: &str) -> bool {
        self.manners.removed.contains(who)
    }

    pub(super) fn assert_manners(&self, order: &Order) {
        assert_eq!(order.policy() == Policy::Hosted, self.manners.hosted);
        assert_eq!(order.table_rules().finalize_when_ready, self.manners.when_ready);
        assert_eq!(order.is_locked(), self.manners.locked);
        let limits: BTreeMap<_, _> =
            order.limits().map(|(person, limit)| (person.id().as_str(), self.in_millionths(limit))).collect();
        assert_eq!(limits, self.manners.limits);
        assert_eq!(order.limit_each().map(|limit| self.in_millionths(limit)), self.manners.limit_each);
        assert_eq!(order.limit_table().map(|limit| self.in_millionths(limit)), self.manners.limit_table);
        let ids = |people: Vec<&Participant>| {
            people.iter().map(|person| self.known(person.id().as_str())).collect::<BTreeSet<_>>()
        };
        assert_eq!(ids(order.ready().collect()), self.manners.ready);
        assert_eq!(ids(order.removed().collect()), self.manners.removed);
        for id in WHO.iter().filter(|id| self.person(id).is_some()) {
            let added = order.people().iter().find(|person| person.id().as_str() == *id).unwrap();
            let own = self.dishes.iter().filter(|dish| dish.by == *id);
            let spent: i128 = own.map(|dish| dish.price * dish.pieces).sum();
            assert_eq!(self.in_millionths(order.added_total(added.id())), spent);
        }
    }
}

/// The message of a step about the table.
pub(super) fn message(what: &What) -> String {
    let number = |place: usize| NUMBERS[place].0;
    match what {
        What::Ready { ready } => format!(r#"{{"type":"set_ready","data":{{"ready":{ready}}}}}"#),
        What::Lock { locked: true } => r#"{"type":"lock_order"}"#.to_owned(),
        What::Lock { locked: false } => r#"{"type":"unlock_order"}"#.to_owned(),
        What::SendAway { whom, dishes } => {
            let whom = name_of(*whom);
            let dishes = match dishes {
                Dishes::Keep => r#""keep""#.to_owned(),
                Dishes::Remove => r#""remove""#.to_owned(),
                Dishes::Reassign(to) => format!(r#""reassign","to":"{}""#, name_of(*to)),
            };
            format!(
                r#"{{"type":"remove_participant","data":{{"participantId":"{whom}","dishes":{dishes}}}}}"#
            )
        }
        What::Readmit { whom } => {
            format!(r#"{{"type":"readmit_participant","data":{{"participantId":"{}"}}}}"#, name_of(*whom))
        }
        What::HandOver { to } => {
            format!(r#"{{"type":"hand_over","data":{{"participantId":"{}"}}}}"#, name_of(*to))
        }
        What::Limit { whom, limit } => {
            let limit = limit.map_or(String::new(), |place| format!(r#","limit":{}"#, number(place)));
            let whose = match whom {
                Limited::Person(whom) => format!(r#""participantId":"{}""#, name_of(*whom)),
                Limited::Each => r#""for":"each""#.to_owned(),
                Limited::Table => r#""for":"table""#.to_owned(),
            };
            format!(r#"{{"type":"set_limit","data":{{{whose}{limit}}}}}"#)
        }
        What::Rules { when_ready } => {
            format!(r#"{{"type":"set_rules","data":{{"finalizeWhenReady":{when_ready}}}}}"#)
        }
        other => panic!("{other:?} is about something else"),
    }
}
