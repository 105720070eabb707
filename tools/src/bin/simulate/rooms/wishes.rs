//! Random commands of a client, sensible or not.

use transport_memory::Dice;

use super::ear::Ear;
use super::outcome::Happening;
use super::plan::PEOPLE;

/// A command without an id.
pub(crate) struct Wish {
    pub(crate) kind: &'static str,
    /// Its data as JSON; `{}` if it has none.
    pub(crate) data: String,
}

impl Wish {
    pub(crate) fn new(ear: &Ear, person: &str, finalizes: u64, dice: &mut Dice) -> Self {
        if dice.below(finalizes) == 0 {
            return Self { kind: "finalize", data: "{}".to_owned() };
        }
        let owns = ear.owns(person);
        if owns && (ear.finalized() || dice.below(8) == 0) {
            return payment(dice);
        }
        if dice.below(10) == 0 {
            return manners(owns, dice);
        }
        if dice.below(20) == 0 {
            return Self { kind: "undo", data: "{}".to_owned() };
        }
        match dice.below(100) {
            0..36 => add_item(ear, dice),
            36..48 => {
                Self { kind: "remove_item", data: format!(r#"{{"itemId":"{}"}}"#, ear.some_item(dice)) }
            }
            48..58 => {
                let (item, quantity) = (ear.some_item(dice), dice.below(5));
                Self {
                    kind: "update_quantity",
                    data: format!(r#"{{"itemId":"{item}","quantity":{quantity}}}"#),
                }
            }
            58..66 => {
                let (item, weight) = (ear.some_item(dice), dice.below(3));
                Self { kind: "claim_item", data: format!(r#"{{"itemId":"{item}","weight":{weight}}}"#) }
            }
            66..69 => {
                Self { kind: "unclaim_item", data: format!(r#"{{"itemId":"{}"}}"#, ear.some_item(dice)) }
            }
            69..72 => {
                let (item, people) = (ear.some_item(dice), people(dice));
                Self { kind: "assign_item", data: format!(r#"{{"itemId":"{item}","sharedBy":{people}}}"#) }
            }
            72..75 => charges(ear, dice),
            75..79 => {
                let data = match dice.below(3) {
                    0 => "{}".to_owned(),
                    1 => format!(r#"{{"amount":{}}}"#, dice.below(50)),
                    _ => format!(r#"{{"percent":{}}}"#, dice.below(20)),
                };
                Self { kind: "set_tip", data }
            }
            79..82 => Self { kind: "waive_service", data: format!(r#"{{"waived":{}}}"#, dice.below(2) == 0) },
            82..92 => split(ear, person, dice),
            92..94 => Self { kind: "leave", data: "{}".to_owned() },
            94..97 => payment(dice),
            97 => {
                Self { kind: "add_item", data: r#"{"dishName":"\u200b","price":-1,"quantity":1}"#.to_owned() }
            }
            _ => Self { kind: "dance", data: "[]".to_owned() },
        }
    }

    /// Returns the message with this id.
    pub(crate) fn text(&self, id: Option<u32>) -> String {
        let id = id.map(|id| format!(r#""id":"c{id}","#)).unwrap_or_default();
        format!(r#"{{"type":"{}",{id}"data":{}}}"#, self.kind, self.data)
    }
}

/// Returns what to count for a command of this kind.
pub(crate) fn counted(kind: &str) -> Option<Happening> {
    match kind {
        "record_payment" => Some(Happening::Paid),
        "claim_item" | "assign_item" => Some(Happening::Shared),
        "set_charges" => Some(Happening::Charged),
        "finalize" => Some(Happening::Finalized),
        "leave" => Some(Happening::Left),
        "remove_participant" => Some(Happening::Removed),
        "lock_order" => Some(Happening::Locked),
        "set_ready" => Some(Happening::Ready),
        _ => None,
    }
}

/// Commands about the table's rules, which may change nothing.
pub(crate) const MANNERS: [&str; 9] = [
    "set_ready",
    "lock_order",
    "unlock_order",
    "set_limit",
    "hand_over",
    "remove_participant",
    "readmit_participant",
    "set_rules",
    "set_deadline",
];

fn manners(owns: bool, dice: &mut Dice) -> Wish {
    // Most of these are for the owner; the others try now and then.
    if !owns && dice.below(4) > 0 {
        return Wish { kind: "set_ready", data: format!(r#"{{"ready":{}}}"#, dice.below(4) > 0) };
    }
    let some = |dice: &mut Dice| PEOPLE[usize::try_from(dice.below(PEOPLE.len() as u64)).unwrap()];
    let person = some(dice);
    let of_person = format!(r#"{{"participantId":"{person}"}}"#);
    let (kind, data) = match dice.below(27) {
        0..5 => ("set_ready", r#"{"ready":true}"#.to_owned()),
        5..8 => ("lock_order", "{}".to_owned()),
        8..13 => ("unlock_order", "{}".to_owned()),
        13..17 => {
            let limit = dice.below(2_000);
            ("set_limit", format!(r#"{{"participantId":"{person}","limit":{limit}}}"#))
        }
        17 => ("set_limit", of_person),
        18 => {
            let several = if dice.below(2) == 0 { "each" } else { "table" };
            let limit = if dice.below(2) == 0 { "null".to_owned() } else { dice.below(4_000).to_string() };
            ("set_limit", format!(r#"{{"for":"{several}","limit":{limit}}}"#))
        }
        19..21 => ("hand_over", of_person),
        21 => ("set_rules", format!(r#"{{"finalizeWhenReady":{}}}"#, dice.below(2) == 0)),
        22 => ("readmit_participant", of_person),
        23..26 => ("set_deadline", deadline(dice)),
        _ => {
            let dishes = match dice.below(3) {
                0 => r#""keep""#.to_owned(),
                1 => r#""remove""#.to_owned(),
                _ => format!(r#""reassign","to":"{}""#, some(dice)),
            };
            ("remove_participant", format!(r#"{{"participantId":"{person}","dishes":{dishes}}}"#))
        }
    };
    Wish { kind, data }
}

/// Returns a deadline, most often one that comes while people still order.
fn deadline(dice: &mut Dice) -> String {
    let wait = dice.below(4_000);
    let then = if dice.below(4) == 0 { "finalize" } else { "lock" };
    match dice.below(4) {
        0 => "{}".to_owned(),
        1 => format!(r#"{{"in":{wait}}}"#),
        _ => {
            let (first, second) = (dice.below(2_000), dice.below(500));
            format!(r#"{{"in":{wait},"then":"{then}","reminders":[{first},{second}]}}"#)
        }
    }
}

fn add_item(ear: &Ear, dice: &mut Dice) -> Wish {
    let price = format!("{}.{:02}", dice.below(500), dice.below(100));
    let id = match dice.below(8) {
        0 => String::new(),
        _ => format!(r#""id":"{}","#, ear.fresh_item(dice)),
    };
    let shared_by = match dice.below(6) {
        0 => format!(r#","sharedBy":{}"#, people(dice)),
        _ => String::new(),
    };
    let quantity = 1 + dice.below(3);
    Wish {
        kind: "add_item",
        data: format!(
            r#"{{{id}"dishName":"Dish","dishType":"veg","price":{price},"quantity":{quantity}{shared_by}}}"#
        ),
    }
}

fn payment(dice: &mut Dice) -> Wish {
    let payment = format!("p{}", dice.below(8));
    match dice.below(4) {
        0 | 1 => {
            let (amount, people) = (1 + dice.below(300), people(dice));
            let status = if dice.below(2) == 0 { "paid" } else { "pending" };
            let excess = if dice.below(3) == 0 { r#","excess":"tip""# } else { "" };
            Wish {
                kind: "record_payment",
                data: format!(
                    r#"{{"paymentId":"{payment}","amount":{amount},"for":{people},"status":"{status}"{excess}}}"#
                ),
            }
        }
        2 => {
            let status = if dice.below(2) == 0 { "paid" } else { "failed" };
            Wish {
                kind: "update_payment",
                data: format!(r#"{{"paymentId":"{payment}","status":"{status}"}}"#),
            }
        }
        _ => {
            let refund = format!("r{}", dice.below(100));
            let amount = match dice.below(2) {
                0 => String::new(),
                _ => format!(r#","amount":{}"#, 1 + dice.below(100)),
            };
            Wish {
                kind: "refund_payment",
                data: format!(r#"{{"paymentId":"{payment}","refundId":"{refund}"{amount}}}"#),
            }
        }
    }
}

fn charges(ear: &Ear, dice: &mut Dice) -> Wish {
    let offers = [
        format!(r#"{{"name":"GST","kind":"tax","percent":{}}}"#, dice.below(30)),
        r#"{"name":"Service","kind":"service","percent":10}"#.to_owned(),
        format!(r#"{{"name":"Offer","kind":"discount","percent":50,"itemId":"{}"}}"#, ear.some_item(dice)),
        format!(r#"{{"name":"Delivery","kind":"fee","amount":{}}}"#, dice.below(40)),
    ];
    let chosen: Vec<String> = offers.into_iter().filter(|_| dice.below(3) == 0).collect();
    let round_to = if dice.below(2) == 0 { r#","roundTo":1"# } else { "" };
    Wish { kind: "set_charges", data: format!(r#"{{"charges":[{}]{round_to}}}"#, chosen.join(",")) }
}

fn split(ear: &Ear, person: &str, dice: &mut Dice) -> Wish {
    let others: Vec<_> = PEOPLE.iter().filter(|other| **other != person).collect();
    let other = others[usize::try_from(dice.below(others.len() as u64)).unwrap()];
    let data = match dice.below(9) {
        0..2 => r#"{"splitType":"equal"}"#.to_owned(),
        2..4 => r#"{"splitType":"itemized"}"#.to_owned(),
        4 => r#"{"splitType":"custom"}"#.to_owned(),
        5 => format!(r#"{{"splitType":"custom","amounts":{{"{person}":{}}}}}"#, ear.total()),
        6 => format!(r#"{{"splitType":"custom","weights":{{"{person}":1,"{other}":{}}}}}"#, dice.below(4)),
        7 => format!(r#"{{"splitType":"adjustments","adjustments":{{"{person}":{}}}}}"#, dice.below(9)),
        _ => format!(r#"{{"splitType":"cover","covers":{{"{person}":"{other}"}},"rest":"itemized"}}"#),
    };
    Wish { kind: "update_split", data }
}

/// Returns a list of some possible participants, or an empty one.
fn people(dice: &mut Dice) -> String {
    let some: Vec<String> =
        PEOPLE.iter().filter(|_| dice.below(3) == 0).map(|person| format!("\"{person}\"")).collect();
    format!("[{}]", some.join(","))
}
