//! A random table that orders, changes its dishes, and pays in any way.

use proptest::prelude::*;

use crate::support::books::{Bill, Books};
use crate::support::json::Json;
use crate::support::paying::{backend_says, pay, refund, refund_for_good, state, units, update};
use crate::support::table::{
    FINALIZE, LEAVE, REOPEN, Table, correct_message, join_message, quantity_message, split_message,
};

/// All possible participants.
const PEOPLE: [&str; 6] = ["asha", "ben", "chi", "dev", "eva", "fay"];

/// A table, its dishes, and the steps that follow.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    people: usize,
    dishes: Vec<Dish>,
    /// The steps before the order is finalized.
    pub(crate) steps: Vec<Step>,
    /// The steps after that; only those about payments are accepted.
    pub(crate) later: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Dish {
    by: usize,
    price: i64,
    pieces: u8,
    shared_by: Vec<usize>,
}

/// One message. People are numbers that stand for those at the table.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Split(usize, String),
    Charges(String),
    Tip(usize, i64),
    Waive(usize),
    Quantity(usize, u8),
    Leave(usize),
    Return(usize),
    Finalize,
    /// Who pays, how many thousandths of the balance due, and for whom.
    Pay {
        payer: usize,
        thousandths: i64,
        paid_for: PaidFor,
        pending: bool,
        excess_is_tip: bool,
    },
    Update(usize, bool),
    /// How many thousandths of the payment to refund; `None`: all that is left. Whether that is due again.
    Refund(usize, Option<i64>, bool),
    /// How many pieces of a dish came. Not among the steps of a [`Story`].
    Correct(usize, u8),
    /// Not among the steps of a [`Story`].
    Reopen,
}

#[derive(Debug, Clone)]
pub(crate) enum PaidFor {
    Payer,
    Everybody,
    Listed(Vec<usize>),
    /// The first gets this many thousandths of the payment, the second the rest.
    Two(usize, usize, i64),
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    (2_usize..=PEOPLE.len()).prop_flat_map(|people| {
        // Some have no dish, so they are off the bill when they leave.
        let dish = (0..people, 0_i64..30_000, 1_u8..4, prop::collection::vec(0..people.min(3), 0..3))
            .prop_map(|(by, price, pieces, shared_by)| Dish { by, price, pieces, shared_by });
        let dishes = prop::collection::vec(dish, 1..6);
        let steps = prop::collection::vec(step(people), 0..20);
        let later = prop::collection::vec(step(people), 0..10);
        (Just(people), dishes, steps, later).prop_map(|(people, dishes, steps, later)| Story {
            people,
            dishes,
            steps,
            later,
        })
    })
}

fn step(people: usize) -> impl Strategy<Value = Step> {
    let who = 0..people;
    let split = prop_oneof![
        Just(r#"{"splitType":"equal"}"#.to_owned()),
        Just(r#"{"splitType":"itemized"}"#.to_owned()),
        (who.clone(), who.clone()).prop_map(|(a, b)| {
            format!(
                r#"{{"splitType":"cover","covers":{{"{}":"{}"}},"rest":"itemized"}}"#,
                PEOPLE[a], PEOPLE[b]
            )
        }),
        (who.clone(), 0_i64..2_000).prop_map(|(a, more)| {
            format!(r#"{{"splitType":"adjustments","adjustments":{{"{}":{}}}}}"#, PEOPLE[a], units(more))
        }),
        (who.clone(), who.clone(), 1..50_u8).prop_map(|(a, b, parts)| {
            let also = if a == b { String::new() } else { format!(r#","{}":7"#, PEOPLE[b]) };
            format!(r#"{{"splitType":"custom","weights":{{"{}":{parts}{also}}}}}"#, PEOPLE[a])
        }),
    ];
    let charges = (0..20_u8, 0..20_u8, 0_i64..5_000, prop::option::of(1..500_i64)).prop_map(
        |(tax, service, off, coin)| {
            let coin = coin.map_or(String::new(), |coin| format!(r#","roundTo":{}"#, units(coin)));
            format!(
                r#"{{"charges":[{{"name":"Tax","kind":"tax","percent":{tax}}},{{"name":"Service","kind":"service","percent":{service}}},{{"name":"Off","kind":"discount","amount":{}}},{{"name":"Delivery","kind":"fee","amount":1.01}}]{coin}}}"#,
                units(off)
            )
        },
    );
    let paid_for = prop_oneof![
        2 => Just(PaidFor::Payer),
        3 => Just(PaidFor::Everybody),
        2 => prop::collection::vec(who.clone(), 1..4).prop_map(PaidFor::Listed),
        2 => (who.clone(), who.clone(), 0..1_000_i64).prop_map(|(a, b, part)| PaidFor::Two(a, b, part)),
    ];
    // Often the whole balance, so that orders are settled.
    let thousandths = prop_oneof![2 => 1..1_200_i64, 1 => Just(1_000)];
    let paid = (who.clone(), thousandths, paid_for, prop::bool::weighted(0.3), prop::bool::weighted(0.4))
        .prop_map(|(payer, thousandths, paid_for, pending, excess_is_tip)| Step::Pay {
            payer,
            thousandths,
            paid_for,
            pending,
            excess_is_tip,
        });
    prop_oneof![
        2 => (who.clone(), split).prop_map(|(who, data)| Step::Split(who, data)),
        1 => charges.prop_map(Step::Charges),
        1 => (who.clone(), 0..1_000_i64).prop_map(|(who, tip)| Step::Tip(who, tip)),
        1 => who.clone().prop_map(Step::Waive),
        2 => (0..6_usize, 0..3_u8).prop_map(|(dish, pieces)| Step::Quantity(dish, pieces)),
        2 => who.clone().prop_map(Step::Leave),
        1 => who.prop_map(Step::Return),
        1 => Just(Step::Finalize),
        8 => paid,
        3 => (0..6_usize, prop::bool::weighted(0.7)).prop_map(|(payment, arrived)| Step::Update(payment, arrived)),
        4 => (0..6_usize, prop::option::of(1..1_100_i64), prop::bool::weighted(0.7))
            .prop_map(|(payment, part, due)| Step::Refund(payment, part, due)),
    ]
}

/// What can happen to a bill that is final: it is corrected and reopened, too.
pub(crate) fn step_after_the_meal() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => step(PEOPLE.len()),
        3 => (0..6_usize, 0..3_u8).prop_map(|(dish, pieces)| Step::Correct(dish, pieces)),
        1 => Just(Step::Reopen),
        1 => Just(Step::Finalize),
    ]
}

impl Story {
    /// Makes the table with its dishes; people join in this order.
    pub(crate) fn sit_down(&self, seating: &[usize]) -> Table {
        let mut table = Table::empty();
        for seat in seating.iter().filter(|seat| **seat < self.people) {
            table.join(PEOPLE[*seat]);
        }
        for (number, dish) in self.dishes.iter().enumerate() {
            let mut sharing: Vec<_> =
                dish.shared_by.iter().map(|who| format!("\"{}\"", PEOPLE[*who])).collect();
            sharing.sort();
            sharing.dedup();
            table.accept(
                PEOPLE[dish.by],
                &format!(
                    r#"{{"type":"add_item","data":{{"id":"dish-{number}","dishName":"Dish","price":{},"quantity":{},"sharedBy":[{}]}}}}"#,
                    units(dish.price),
                    dish.pieces,
                    sharing.join(",")
                ),
            );
        }
        table
    }

    /// Makes the table and runs all steps.
    pub(crate) fn told(&self, seating: &[usize]) -> Table {
        let mut table = self.sit_down(seating);
        self.steps.iter().for_each(|step| step.take(&mut table));
        close(&mut table);
        self.later.iter().for_each(|step| step.take(&mut table));
        table
    }
}

/// Finalizes the order, after correcting whatever prevents it.
pub(crate) fn close(table: &mut Table) {
    let is_final = |table: &Table| state(table).at("status").text() == "finalized";
    if !is_final(table) {
        table.join("guest");
        table.add("guest", "last-dish", "7.77", "1");
        let state = state(table);
        for dish in state.get("unassigned").map_or(&[][..], Json::list) {
            let data = format!(r#"{{"itemId":"{}"}}"#, dish.text());
            table.accept("guest", &format!(r#"{{"type":"claim_item","data":{data}}}"#));
        }
        table.split("guest", r#"{"splitType":"equal"}"#);
        table.accept("guest", FINALIZE);
    }
    assert!(is_final(table));
}

impl Step {
    /// Sends the step, records its facts, and checks that the state agrees.
    pub(crate) fn take_and_check(&self, table: &mut Table, books: &mut Books) {
        let before = Bill::of(table);
        let facts = table.log.len();
        self.take(table);
        if let Some(recorded) = table.log.get(facts) {
            books.note(&before, &recorded.fact);
        }
        books.agree_with(&Bill::of(table));
    }

    /// Sends the step, accepted or not. The back end sends what only the owner may, so that the
    /// owner makes no difference.
    pub(crate) fn take(&self, table: &mut Table) {
        let nth = |table: &Table, nth: usize| {
            let state = state(table);
            let payments = state.get("payments").map_or(&[][..], Json::list);
            let payment = payments.get(nth.checked_rem(payments.len())?)?;
            Some((payment.at("paymentId").text().to_owned(), payment.at("amount").minor_units(2)))
        };
        let refused = match self {
            Self::Split(who, data) => table.say(PEOPLE[*who], &split_message(data)),
            Self::Tip(who, tip) => {
                let message = format!(r#"{{"type":"set_tip","data":{{"amount":{}}}}}"#, units(*tip));
                table.say(PEOPLE[*who], &message)
            }
            Self::Waive(who) => table.say(PEOPLE[*who], r#"{"type":"waive_service","data":{"waived":true}}"#),
            Self::Quantity(dish, pieces) => {
                table.say("asha", &quantity_message(&format!("dish-{dish}"), &pieces.to_string()))
            }
            Self::Leave(who) => table.say(PEOPLE[*who], LEAVE),
            Self::Return(who) => table.say(PEOPLE[*who], &join_message(PEOPLE[*who])),
            Self::Finalize => table.say("asha", FINALIZE),
            Self::Charges(data) => backend_says(table, &format!(r#"{{"type":"set_charges","data":{data}}}"#)),
            Self::Pay { payer, thousandths, paid_for, pending, excess_is_tip } => {
                let number = table.log.len();
                let due = Bill::of(table).due;
                let amount = (due * thousandths / 1_000).max(1);
                let listed = |who: &[usize]| {
                    let mut who: Vec<_> = who.iter().map(|who| format!("\"{}\"", PEOPLE[*who])).collect();
                    who.sort();
                    who.dedup();
                    format!(r#","for":[{}]"#, who.join(","))
                };
                let paid_for = match paid_for {
                    PaidFor::Payer => String::new(),
                    PaidFor::Everybody => {
                        let splits = Bill::of(table).splits;
                        let all: Vec<_> = splits.keys().map(|who| format!("\"{who}\"")).collect();
                        format!(r#","for":[{}]"#, all.join(","))
                    }
                    PaidFor::Listed(who) => listed(who),
                    PaidFor::Two(one, other, _) if one == other => listed(&[*one]),
                    PaidFor::Two(one, other, part) => {
                        let first = amount * part / 1_000;
                        let rest = amount - first;
                        format!(
                            r#","for":{{"{}":{},"{}":{}}}"#,
                            PEOPLE[*one],
                            units(first),
                            PEOPLE[*other],
                            units(rest)
                        )
                    }
                };
                let status = if *pending { r#","status":"pending""# } else { "" };
                let excess = if *excess_is_tip { r#","excess":"tip""# } else { "" };
                let data = format!(
                    r#"{{"paymentId":"pay-{number}","amount":{},"payer":"{}"{paid_for}{status}{excess}}}"#,
                    units(amount),
                    PEOPLE[*payer]
                );
                backend_says(table, &pay(&data))
            }
            Self::Update(payment, arrived) => match nth(table, *payment) {
                Some((id, _)) => backend_says(table, &update(&id, if *arrived { "paid" } else { "failed" })),
                None => return,
            },
            Self::Refund(payment, thousandths, due) => match nth(table, *payment) {
                Some((id, amount)) => {
                    let part = thousandths.map(|thousandths| units((amount * thousandths / 1_000).max(1)));
                    let refund = if *due { refund } else { refund_for_good };
                    backend_says(table, &refund(&id, part.as_deref()))
                }
                None => return,
            },
            Self::Correct(dish, pieces) => {
                let correct = correct_message(&format!("dish-{dish}"), &format!(r#","quantity":{pieces}"#));
                backend_says(table, &correct)
            }
            Self::Reopen => backend_says(table, REOPEN),
        };
        drop(refused);
    }
}
