//! Random tables whose friends say anything of what they paid back: the settlement and the transfers bring everybody to zero.

use std::collections::BTreeMap;

use order_core::payment::PaymentStatus;
use order_core::split::shares;
use order_core::transfer::Positions;
use order_core::wire::v2::{event, state_text};
use order_core::{Code, Currency, Order, OrderId, ParticipantId, commit};
use proptest::prelude::*;

use crate::support::books::{Bill, Books};
use crate::support::folding::{CURSOR, Document};
use crate::support::friends::{answer, cancel, send};
use crate::support::json::Json;
use crate::support::paying::{backend_says, pay, state, units};
use crate::support::story::{Story, close, story};
use crate::support::table::{self, Table};

/// What somebody says of a transfer. People and transfers are numbers that stand for those there are.
#[derive(Debug, Clone)]
enum Step {
    /// In thousandths of what can be transferred, and some units more.
    Record {
        from: usize,
        to: usize,
        thousandths: i64,
        more: i64,
    },
    Answer {
        by: By,
        which: usize,
        confirmed: bool,
    },
    Cancel {
        by: By,
        which: usize,
    },
    /// The next step about payments, if there is one.
    Pay,
}

#[derive(Debug, Clone, Copy)]
enum By {
    Sender,
    Receiver,
    Somebody(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let thousandths = prop_oneof![3 => Just(1_000), 2 => 0..1_000_i64];
    let more = prop_oneof![5 => Just(0), 1 => 1..500_i64];
    let by = prop_oneof![
        6 => Just(By::Receiver),
        2 => Just(By::Sender),
        1 => (0..9_usize).prop_map(By::Somebody),
    ];
    let step = prop_oneof![
        8 => (0..9_usize, 0..9_usize, thousandths, more)
            .prop_map(|(from, to, thousandths, more)| Step::Record { from, to, thousandths, more }),
        5 => (by.clone(), 0..9_usize, prop::bool::weighted(0.8))
            .prop_map(|(by, which, confirmed)| Step::Answer { by, which, confirmed }),
        2 => (by, 0..9_usize).prop_map(|(by, which)| Step::Cancel { by, which }),
        2 => Just(Step::Pay),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    #![proptest_config(table::runs(50))]

    #[test]
    fn whatever_friends_say_the_settlement_and_the_transfers_bring_all_to_zero(
        story in story(),
        one_pays_all in prop::bool::weighted(0.7),
        steps in steps(),
    ) {
        let mut friends = Friends::of(&story, one_pays_all);
        let mut later = story.later.iter();
        for step in &steps {
            match step {
                Step::Pay => later.next().into_iter().for_each(|step| step.take(&mut friends.table)),
                step => friends.say(step, false),
            }
            friends.agree();
        }
        friends.can_be_read_again();
    }

    #[test]
    fn no_transfer_turns_what_somebody_owes_around(story in story(), steps in steps()) {
        let mut friends = Friends::of(&story, true);
        story.later.iter().for_each(|step| step.take(&mut friends.table));
        for step in &steps {
            friends.say(step, true);
            friends.agree();
        }
    }

    #[test]
    fn friends_who_follow_the_settlement_are_never_refused_and_end_even(story in story(), orders in any::<u64>()) {
        let mut friends = Friends::of(&story, true);
        story.later.iter().for_each(|step| step.take(&mut friends.table));
        for number in 0..20_u64 {
            let all = transfers(&friends.table);
            let among_friends: Vec<_> =
                all.iter().filter(|(from, to, _)| from != RESTAURANT && to != RESTAURANT).collect();
            let Some(count) = u64::try_from(among_friends.len()).ok().filter(|count| *count > 0) else { break };
            // A few in any order, then as they stand.
            let which = if number < 4 { (orders >> (number * 8)) % count } else { 0 };
            let (from, to, amount) = among_friends[usize::try_from(which).unwrap()];
            let id = format!("t{number}");
            friends.table.accept(from, &send(&id, to, &units(*amount)));
            friends.table.accept(to, &answer(&id, true));
        }
        let rest = transfers(&friends.table);
        prop_assert!(rest.iter().all(|(from, to, _)| from == RESTAURANT || to == RESTAURANT), "{:?}", rest);
    }
}

/// A table after its end, with a separate account of the transfers.
struct Friends {
    table: Table,
    people: Vec<String>,
    said: BTreeMap<String, Said>,
    /// What a client of `stonepot.v2` holds, and how many facts it has folded.
    document: Document,
    folded: usize,
    order: Order,
}

struct Said {
    from: String,
    to: String,
    amount: i64,
    status: &'static str,
}

impl Friends {
    fn of(story: &Story, one_pays_all: bool) -> Self {
        let mut table = story.sit_down(&[0, 1, 2, 3, 4, 5]);
        story.steps.iter().for_each(|step| step.take(&mut table));
        close(&mut table);
        let people: Vec<_> =
            table.order.people().iter().map(|person| person.id().as_str().to_owned()).collect();
        let bill = Bill::of(&table);
        if one_pays_all && bill.due > 0 {
            let all: Vec<_> = bill.splits.keys().map(|who| format!("\"{who}\"")).collect();
            let data = format!(
                r#"{{"amount":{},"payer":"{}","for":[{}]}}"#,
                units(bill.due),
                people[0],
                all.join(",")
            );
            // It may be on its way already.
            drop(backend_says(&mut table, &pay(&data)));
        }
        let order = Order::new(OrderId::new(table.order.id().as_str()).unwrap(), Currency::default());
        let document = Document::parse(&state_text(&order));
        Self { table, people, said: BTreeMap::new(), document, folded: 0, order }
    }

    /// Sends a step, and asserts that it was accepted or refused as it had to be. `is_still`: nothing else moves money.
    fn say(&mut self, step: &Step, is_still: bool) {
        match step {
            Step::Record { from, to, thousandths, more } => {
                let [from, to] = [from, to].map(|who| self.people[who % self.people.len()].clone());
                let most = self.most(&from, &to);
                let amount = most * thousandths / 1_000 + more;
                let id = format!("t{}", self.said.len());
                let message = send(&id, &to, &units(amount));
                if from == to || amount == 0 {
                    assert_eq!(self.table.refuse(&from, &message).code(), Code::BadTransfer);
                } else if amount > most {
                    let rejection = self.table.refuse(&from, &message);
                    assert_eq!(rejection.code(), Code::MoreThanOwed);
                    assert_eq!(rejection.missing_amount().unwrap().0.minor_units(), most - amount);
                } else {
                    self.table.accept(&from, &message);
                    self.said.insert(id, Said { from, to, amount, status: "pending" });
                }
            }
            Step::Answer { by, which, confirmed } => {
                let status = if *confirmed { "confirmed" } else { "denied" };
                self.change(*by, *which, |id| answer(id, *confirmed), |said| &said.to, status);
                if is_still && *confirmed {
                    self.nobody_has_changed_sides();
                }
            }
            Step::Cancel { by, which } => {
                self.change(*by, *which, cancel, |said| &said.from, "cancelled");
            }
            Step::Pay => {}
        }
    }

    fn change(
        &mut self,
        by: By,
        which: usize,
        message: impl Fn(&str) -> String,
        may: impl Fn(&Said) -> &String,
        status: &'static str,
    ) {
        let Some(which) = which.checked_rem(self.said.len()) else { return };
        let id = format!("t{which}");
        let said = &self.said[&id];
        let by = match by {
            By::Sender => said.from.clone(),
            By::Receiver => said.to.clone(),
            By::Somebody(who) => self.people[who % self.people.len()].clone(),
        };
        let message = message(&id);
        if by != *may(said) {
            assert_eq!(self.table.refuse(&by, &message).code(), Code::NotYourTransfer);
        } else if said.status == "pending" {
            self.table.accept(&by, &message);
            self.said.get_mut(&id).unwrap().status = status;
        } else if said.status == status {
            let facts = self.table.log.len();
            self.table.accept(&by, &message);
            assert_eq!(self.table.log.len(), facts, "it says nothing new");
        } else {
            assert_eq!(self.table.refuse(&by, &message).code(), Code::AlreadyAnswered);
        }
    }

    /// What can be recorded from one person to another.
    fn most(&self, from: &str, to: &str) -> i64 {
        let owed = self.owed();
        let pending = |is_meant: &dyn Fn(&Said) -> bool| {
            let pending = self.said.values().filter(|said| said.status == "pending" && is_meant(said));
            pending.map(|said| said.amount).sum::<i64>()
        };
        let of_sender = -owed[from] - pending(&|said| said.from == from);
        let of_receiver = owed[to] - pending(&|said| said.to == to);
        of_sender.min(of_receiver).max(0)
    }

    /// What each is owed, the confirmed transfers counted. Below 0: owes.
    fn owed(&self) -> BTreeMap<String, i64> {
        let mut owed: BTreeMap<String, i64> = self.people.iter().map(|who| (who.clone(), 0)).collect();
        owed.insert(RESTAURANT.to_owned(), 0);
        let mut debt = |who: &str, to: &str, amount: i64| {
            *owed.get_mut(who).unwrap() -= amount;
            *owed.get_mut(to).unwrap() += amount;
        };
        for (who, split) in &Bill::of(&self.table).splits {
            debt(who, RESTAURANT, split.amount - split.written_off);
        }
        let books = Books::of(&self.table);
        for payment in books.payments.values().filter(|payment| payment.status == PaymentStatus::Paid) {
            debt(RESTAURANT, &payment.payer, payment.parts.values().sum());
        }
        for said in self.said.values().filter(|said| said.status == "confirmed") {
            debt(&said.to, &said.from, said.amount);
        }
        owed
    }

    /// Asserts that the state, the library and a client that folds agree with this account.
    fn agree(&mut self) {
        let mut owed = self.owed();
        assert_eq!(owed.values().sum::<i64>(), 0);
        let positions = Positions::new(&self.table.order, &shares(&self.table.order));
        for who in &self.people {
            let of = positions.of(&self.table.order, &ParticipantId::new(who).unwrap());
            assert_eq!(of.minor_units(), owed[who], "{who}");
        }
        assert_eq!(positions.of_restaurant().minor_units(), owed[RESTAURANT]);

        let settlement = transfers(&self.table);
        let state = state(&self.table);
        let shown = state.get("transfers").map(Json::list);
        if self.said.is_empty() {
            assert!(shown.is_none() && state.get("allSettled").is_none());
        } else {
            assert_eq!(state.at("allSettled").truth(), settlement.is_empty());
            let said = shown.unwrap().iter().map(|transfer| {
                let text = |key: &str| transfer.at(key).text().to_owned();
                let amount = transfer.at("amount").minor_units(2);
                (text("transferId"), text("from"), text("to"), amount, text("status"))
            });
            let known = self.said.iter().map(|(id, said)| {
                (id.clone(), said.from.clone(), said.to.clone(), said.amount, said.status.to_owned())
            });
            let (mut said, mut known): (Vec<_>, Vec<_>) = (said.collect(), known.collect());
            said.sort();
            known.sort();
            assert_eq!(said, known);
        }
        assert_eq!(positions.are_even(), settlement.is_empty());
        for (from, to, amount) in &settlement {
            *owed.get_mut(from).unwrap() += amount;
            *owed.get_mut(to).unwrap() -= amount;
        }
        assert!(owed.values().all(|amount| *amount == 0), "{owed:?} after {settlement:?}");
        self.fold();
    }

    fn fold(&mut self) {
        for recorded in &self.table.log[self.folded..] {
            commit(&mut self.order, recorded).unwrap();
            self.document.fold(&event(&self.order, recorded, CURSOR));
        }
        self.folded = self.table.log.len();
        assert_eq!(self.document.text(), state_text(&self.table.order));
    }

    /// Asserts that whoever owed does not come to be owed by a transfer, nor the reverse.
    fn nobody_has_changed_sides(&self) {
        let owed = self.owed();
        for said in self.said.values().filter(|said| said.status == "confirmed") {
            assert!(owed[&said.from] <= 0 && owed[&said.to] >= 0, "{owed:?}");
        }
    }

    fn can_be_read_again(&self) {
        assert_eq!(self.table.replayed(), self.table.order);
        let read = order_core::stored::decode_order(&self.table.bytes());
        assert_eq!(read.as_ref(), Ok(&self.table.order));
        assert_eq!(state_text(read.as_ref().unwrap()), state_text(&self.table.order));
    }
}

/// The settlement in the state: from whom, to whom, how much.
fn transfers(table: &Table) -> Vec<(String, String, i64)> {
    let side = |value: &Json| match value {
        Json::Null => RESTAURANT.to_owned(),
        other => other.text().to_owned(),
    };
    let state = state(table);
    let transfers = state.at("settlement").list().iter();
    transfers.map(|of| (side(of.at("from")), side(of.at("to")), of.at("amount").minor_units(2))).collect()
}

/// No participant has this name in these tests.
const RESTAURANT: &str = "restaurant";
