//! The steps of a test, as messages.

use proptest::prelude::*;

use super::charge::{AskedCharges, AskedValue, TYPES, charges, value};
use super::{Model, manners};

pub(super) const WHO: [&str; 5] = ["asha", "ben", "chi", "dev", "eve"];
pub(super) const NAMES: [&str; 3] = ["Dish", "Dish of the day", "दाल"];
pub(super) const ITEMS: [&str; 6] = ["i0", "i1", "i2", "i3", "i4", "i5"];

/// A JSON number, or another value in its place, and its value in millionths if it has a
/// plausible one. Written by hand, so that no number is parsed here.
pub(super) const NUMBERS: &[(&str, Option<i128>)] = &[
    ("0", Some(0)),
    ("-0", Some(0)),
    ("0e9", Some(0)),
    ("1", Some(1_000_000)),
    ("2.0", Some(2_000_000)),
    ("20e-1", Some(2_000_000)),
    ("3", Some(3_000_000)),
    ("7", Some(7_000_000)),
    ("50", Some(50_000_000)),
    ("1e2", Some(100_000_000)),
    ("2.99e2", Some(299_000_000)),
    ("299.990", Some(299_990_000)),
    ("999", Some(999_000_000)),
    ("1000", Some(1_000_000_000)),
    ("0.1", Some(100_000)),
    ("0.01", Some(10_000)),
    ("0.001", Some(1_000)),
    ("1.5", Some(1_500_000)),
    ("69.99", Some(69_990_000)),
    ("33.333333", Some(33_333_333)),
    ("-5", Some(-5_000_000)),
    ("-0.01", Some(-10_000)),
    ("9999999.99", Some(9_999_999_990_000)),
    ("1e7", Some(10_000_000_000_000)),
    ("70000", Some(70_000_000_000)),
    ("123456789012345678", Some(123_456_789_012_345_678_000_000)),
    ("299.99000000000001", None),
    ("1e-400", None),
    ("1e308", None),
    ("1e999999999", None),
    ("-1e999999999", None),
    ("1234567890123456789", None),
    ("\"12\"", None),
    ("true", None),
    ("[1]", None),
    ("null", None),
];

#[derive(Debug, Clone)]
pub(crate) struct Step {
    who: usize,
    pub(super) what: What,
}

/// How a dish is shared.
#[derive(Debug, Clone)]
pub(super) enum Sharing {
    Equally(Vec<usize>),
    Weights(Vec<(usize, usize)>),
}

/// What a step does. Numbers are indices in [`NUMBERS`].
#[derive(Debug, Clone)]
pub(super) enum What {
    Join {
        name: Option<&'static str>,
        phone: Option<&'static str>,
        currency: Option<&'static str>,
        charges: Option<AskedCharges>,
        policy: Option<&'static str>,
        when_ready: Option<bool>,
    },
    Add {
        item: usize,
        kind: usize,
        price: usize,
        quantity: usize,
        shared_by: Option<Sharing>,
    },
    Remove {
        item: usize,
    },
    Update {
        item: usize,
        quantity: usize,
    },
    /// A new name for a dish, one of [`NAMES`].
    Edit {
        item: usize,
        name: usize,
    },
    /// Several dishes at once, each with its price and quantity.
    AddAll {
        dishes: Vec<(usize, usize, usize)>,
    },
    Correct {
        item: usize,
        quantity: usize,
    },
    Claim {
        item: usize,
        weight: Option<usize>,
    },
    Unclaim {
        item: usize,
    },
    Assign {
        item: usize,
        shared_by: Sharing,
    },
    SetCharges {
        charges: AskedCharges,
    },
    Tip {
        tip: AskedValue,
    },
    Waive {
        waived: bool,
    },
    Split {
        kind: &'static str,
    },
    Agree {
        kind: &'static str,
        numbers: Vec<(usize, usize)>,
    },
    /// Amounts that add up to the current total: one person pays all of it.
    OnePaysAll {
        payer: usize,
    },
    /// Percentages that add up to 100.
    Percentages {
        less: usize,
        more: usize,
    },
    Adjust {
        numbers: Vec<(usize, usize)>,
    },
    Cover {
        covers: Vec<(usize, usize)>,
        rest: Option<&'static str>,
    },
    Finalize,
    Reopen,
    Leave,
    Ready {
        ready: bool,
    },
    Lock {
        locked: bool,
    },
    SendAway {
        whom: usize,
        dishes: Dishes,
    },
    Readmit {
        whom: usize,
    },
    HandOver {
        to: usize,
    },
    Limit {
        whom: Limited,
        limit: Option<usize>,
    },
    Rules {
        when_ready: bool,
    },
}

/// Whose dishes a limit is on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Limited {
    Person(usize),
    Each,
    Table,
}

/// What happens to the dishes of a removed person.
#[derive(Debug, Clone, Copy)]
pub(super) enum Dishes {
    Keep,
    Remove,
    Reassign(usize),
}

/// A few people who join first, as in most orders, and then random steps.
pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guests = prop_oneof![1 => Just(1_usize), 6 => 2_usize..5];
    let charges = prop::option::weighted(0.2, charges(readable()));
    let policy = prop_oneof![5 => Just(None), 1 => Just(Some("open")), 5 => Just(Some("hosted"))];
    let first = (charges, policy, prop::option::weighted(0.3, any::<bool>()));
    (guests, first, prop::collection::vec(step(), 0..60)).prop_map(|(guests, first, steps)| {
        let (charges, policy, when_ready) = first;
        let join = |who| {
            let charges = charges.clone().filter(|_| who == 0);
            let name = Some("Guest");
            Step { who, what: What::Join { name, phone: None, currency: None, charges, policy, when_ready } }
        };
        (0..guests).map(join).chain(steps).collect()
    })
}

/// Numbers that can be read, valid or not.
fn readable() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![9 => 3_usize..13, 1 => 0..NUMBERS.iter().position(|(_, value)| value.is_none()).unwrap()]
}

fn step() -> impl Strategy<Value = Step> {
    let number = 0..NUMBERS.len();
    // Usually valid numbers.
    let likely = prop_oneof![4 => 3_usize..13, 1 => number];
    let item = 0..ITEMS.len();
    let a_dish = item.clone();
    // Often none, one or two.
    let likely_pieces = prop_oneof![6 => 0_usize..6, 1 => 0..NUMBERS.len()];
    let who = || prop_oneof![4 => 0_usize..3, 1 => 3..WHO.len()];
    let name = prop_oneof![
        3 => Just(None),
        1 => Just(Some("Asha")),
        1 => Just(Some("नाम\u{200D} <b>&\"")),
        1 => Just(Some(" \u{200B} ")),
    ];
    let phone =
        prop_oneof![3 => Just(None), 1 => Just(Some("+91 98")), 1 => Just(Some("")), 1 => Just(Some("5"))];
    let currency = prop_oneof![
        9 => Just(None),
        1 => Just(Some("INR")),
        1 => Just(Some("JPY")),
        1 => Just(Some("KWD")),
        1 => Just(Some("inr")),
    ];
    let agreed =
        prop::collection::btree_map(prop_oneof![9 => who(), 1 => Just(WHO.len())], likely.clone(), 0..4);
    let named = || prop_oneof![19 => who(), 1 => Just(WHO.len())];
    let sharing = prop_oneof![
        prop::collection::vec(named(), 0..4).prop_map(Sharing::Equally),
        prop::collection::btree_map(named(), likely.clone(), 0..4)
            .prop_map(|weights| Sharing::Weights(weights.into_iter().collect())),
    ];
    let covers = prop::collection::btree_map(named(), named(), 0..3);
    let rest = prop_oneof![4 => Just(None), 4 => Just(Some("equal")), 4 => Just(Some("itemized")), 1 => Just(Some("custom"))];
    let joining = (name, phone, currency, prop::option::weighted(0.1, charges(readable())));
    let policy = prop_oneof![8 => Just(None), 2 => Just(Some("hosted")), 1 => Just(Some("closed"))];
    let joining = (joining, policy, prop::option::weighted(0.1, any::<bool>()));
    let adding = (
        item.clone(),
        0..TYPES.len(),
        likely.clone(),
        likely.clone(),
        prop::option::weighted(0.3, sharing.clone()),
    );
    let dishes = prop_oneof![
        25 => adding.prop_map(|(item, kind, price, quantity, shared_by)| What::Add { item, kind, price, quantity, shared_by }),
        8 => item.clone().prop_map(|item| What::Remove { item }),
        12 => (item.clone(), likely.clone()).prop_map(|(item, quantity)| What::Update { item, quantity }),
        5 => (item.clone(), 0..NAMES.len()).prop_map(|(item, name)| What::Edit { item, name }),
        6 => prop::collection::vec((item.clone(), likely.clone(), likely.clone()), 1..4)
            .prop_map(|dishes| What::AddAll { dishes }),
        6 => (item.clone(), likely_pieces).prop_map(|(item, quantity)| What::Correct { item, quantity }),
        14 => (item.clone(), prop::option::of(likely.clone())).prop_map(|(item, weight)| What::Claim { item, weight }),
        8 => item.prop_map(|item| What::Unclaim { item }),
        8 => (a_dish, sharing).prop_map(|(item, shared_by)| What::Assign { item, shared_by }),
    ];
    let extras = prop_oneof![
        12 => charges(likely.clone()).prop_map(|charges| What::SetCharges { charges }),
        7 => value(likely.clone(), 2).prop_map(|tip| What::Tip { tip }),
        5 => any::<bool>().prop_map(|waived| What::Waive { waived }),
    ];
    let rules = prop_oneof![
        10 => prop_oneof![1 => Just("equal"), 4 => Just("itemized"), 1 => Just("custom"), 1 => Just("nonsense")]
            .prop_map(|kind| What::Split { kind }),
        10 => (prop_oneof![1 => Just("amounts"), 1 => Just("percentages"), 3 => Just("weights")], agreed.clone())
            .prop_map(|(kind, numbers)| What::Agree { kind, numbers: numbers.into_iter().collect() }),
        5 => who().prop_map(|payer| What::OnePaysAll { payer }),
        5 => (who(), who()).prop_map(|(less, more)| What::Percentages { less, more }),
        6 => agreed.prop_map(|numbers| What::Adjust { numbers: numbers.into_iter().collect() }),
        7 => (covers, rest)
            .prop_map(|(covers, rest)| What::Cover { covers: covers.into_iter().collect(), rest }),
    ];
    let dishes_of_removed = prop_oneof![1 => Just(Dishes::Keep), 1 => Just(Dishes::Remove), 2 => named().prop_map(Dishes::Reassign)];
    let limited = prop_oneof![3 => named().prop_map(Limited::Person), 1 => Just(Limited::Each), 1 => Just(Limited::Table)];
    let manners = prop_oneof![
        10 => prop::bool::weighted(0.9).prop_map(|ready| What::Ready { ready }),
        2 => any::<bool>().prop_map(|locked| What::Lock { locked }),
        3 => (named(), dishes_of_removed).prop_map(|(whom, dishes)| What::SendAway { whom, dishes }),
        2 => named().prop_map(|whom| What::Readmit { whom }),
        2 => named().prop_map(|to| What::HandOver { to }),
        5 => (limited, prop::option::weighted(0.9, likely)).prop_map(|(whom, limit)| What::Limit { whom, limit }),
        2 => any::<bool>().prop_map(|when_ready| What::Rules { when_ready }),
    ];
    let what = prop_oneof![
        12 => joining.prop_map(|((name, phone, currency, charges), policy, when_ready)| {
            What::Join { name, phone, currency, charges, policy, when_ready }
        }),
        60 => dishes,
        22 => manners,
        20 => extras,
        24 => rules,
        4 => Just(What::Finalize),
        3 => Just(What::Reopen),
        4 => Just(What::Leave),
    ];
    (who(), what).prop_map(|(who, what)| Step { who, what })
}

impl Step {
    pub(crate) fn who(&self) -> &'static str {
        WHO[self.who]
    }

    pub(crate) fn message(&self, model: &Model) -> String {
        let who = self.who();
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let field = |key: &str, text: Option<&str>| {
            text.map_or(String::new(), |text| format!(r#","{key}":{}"#, quoted(text)))
        };
        let number = |place: usize| NUMBERS[place].0;
        match &self.what {
            What::Join { name, phone, currency, charges, policy, when_ready } => format!(
                r#"{{"type":"join","participantId":"{who}"{},"data":{{"x":0{}{}{}{}{}}}}}"#,
                field("participantName", *name),
                field("phone", *phone),
                field("currency", *currency),
                charges.as_ref().map_or(String::new(), AskedCharges::fields_of_join),
                field("policy", *policy),
                when_ready.map_or(String::new(), |ready| format!(r#","finalizeWhenReady":{ready}"#)),
            ),
            What::Add { item, kind, price, quantity, shared_by } => format!(
                r#"{{"type":"add_item","data":{{"id":"{}","dishName":"Dish","dishType":"{}","price":{},"quantity":{}{}}}}}"#,
                ITEMS[*item],
                TYPES[*kind],
                number(*price),
                number(*quantity),
                shared_by.as_ref().map_or(String::new(), Sharing::field)
            ),
            What::Remove { item } => {
                format!(r#"{{"type":"remove_item","data":{{"itemId":"{}"}}}}"#, ITEMS[*item])
            }
            What::Update { item, quantity } => format!(
                r#"{{"type":"update_quantity","data":{{"itemId":"{}","quantity":{}}}}}"#,
                ITEMS[*item],
                number(*quantity)
            ),
            What::Edit { item, name } => format!(
                r#"{{"type":"edit_item","data":{{"itemId":"{}","dishName":"{}"}}}}"#,
                ITEMS[*item], NAMES[*name]
            ),
            What::AddAll { dishes } => add_items(dishes),
            What::Correct { item, quantity } => correct_item(ITEMS[*item], number(*quantity)),
            What::Claim { item, weight } => {
                let weight = weight.map_or(String::new(), |place| format!(r#","weight":{}"#, number(place)));
                format!(r#"{{"type":"claim_item","data":{{"itemId":"{}"{weight}}}}}"#, ITEMS[*item])
            }
            What::Unclaim { item } => {
                format!(r#"{{"type":"unclaim_item","data":{{"itemId":"{}"}}}}"#, ITEMS[*item])
            }
            What::Assign { item, shared_by } => format!(
                r#"{{"type":"assign_item","data":{{"itemId":"{}"{}}}}}"#,
                ITEMS[*item],
                shared_by.field()
            ),
            What::SetCharges { charges } => {
                let fields = charges.fields();
                format!(r#"{{"type":"set_charges","x":0,"data":{{{}}}}}"#, fields.trim_start_matches(','))
            }
            What::Tip { tip } => {
                format!(r#"{{"type":"set_tip","data":{{{}}}}}"#, tip.fields().join(","))
            }
            What::Waive { waived } => {
                format!(r#"{{"type":"waive_service","data":{{"waived":{waived}}}}}"#)
            }
            What::Split { kind } => format!(r#"{{"type":"update_split","data":{{"splitType":"{kind}"}}}}"#),
            What::Agree { kind, numbers } => format!(
                r#"{{"type":"update_split","data":{{"splitType":"custom","{kind}":{{{}}}}}}}"#,
                entries(numbers)
            ),
            What::Adjust { numbers } => format!(
                r#"{{"type":"update_split","data":{{"splitType":"adjustments","adjustments":{{{}}}}}}}"#,
                entries(numbers)
            ),
            What::Cover { covers, rest } => {
                let entry = |&(covered, payer): &(usize, usize)| {
                    format!(r#""{}":"{}""#, name_of(covered), name_of(payer))
                };
                let covers: Vec<_> = covers.iter().map(entry).collect();
                format!(
                    r#"{{"type":"update_split","data":{{"splitType":"cover","covers":{{{}}}{}}}}}"#,
                    covers.join(","),
                    field("rest", *rest)
                )
            }
            What::OnePaysAll { payer } => format!(
                r#"{{"type":"update_split","data":{{"splitType":"custom","amounts":{{"{}":{}e-6}}}}}}"#,
                WHO[*payer],
                model.total()
            ),
            What::Percentages { less, more } => format!(
                r#"{{"type":"update_split","data":{{"splitType":"custom","percentages":{{"{}":33.333333,"{}":66.666667}}}}}}"#,
                WHO[*less], WHO[*more],
            ),
            What::Finalize => r#"{"type":"finalize"}"#.to_owned(),
            What::Reopen => r#"{"type":"reopen"}"#.to_owned(),
            What::Leave => r#"{"type":"leave"}"#.to_owned(),
            What::Ready { .. }
            | What::Lock { .. }
            | What::SendAway { .. }
            | What::Readmit { .. }
            | What::HandOver { .. }
            | What::Limit { .. }
            | What::Rules { .. } => manners::message(&self.what),
        }
    }
}

impl Sharing {
    /// The field of a message, after a comma.
    fn field(&self) -> String {
        match self {
            Self::Equally(people) => {
                let people: Vec<_> = people.iter().map(|who| name_of(*who)).collect();
                format!(r#","sharedBy":{people:?}"#)
            }
            Self::Weights(weights) => format!(r#","sharedBy":{{{}}}"#, entries(weights)),
        }
    }
}

/// The message that adds dishes with these prices and quantities.
fn add_items(dishes: &[(usize, usize, usize)]) -> String {
    let dish = |&(item, price, quantity): &(usize, usize, usize)| {
        let (id, price, quantity) = (ITEMS[item], NUMBERS[price].0, NUMBERS[quantity].0);
        format!(r#"{{"id":"{id}","dishName":"Dish","price":{price},"quantity":{quantity}}}"#)
    };
    let dishes: Vec<_> = dishes.iter().map(dish).collect();
    format!(r#"{{"type":"add_items","data":{{"items":[{}]}}}}"#, dishes.join(","))
}

fn correct_item(item: &str, quantity: &str) -> String {
    format!(r#"{{"type":"correct_item","data":{{"itemId":"{item}","reason":"cold","quantity":{quantity}}}}}"#)
}

/// The entries of an object of numbers, by name.
fn entries(numbers: &[(usize, usize)]) -> String {
    let entry = |&(who, place): &(usize, usize)| format!(r#""{}":{}"#, name_of(who), NUMBERS[place].0);
    numbers.iter().map(entry).collect::<Vec<_>>().join(",")
}

/// The value of a number, if it is a whole one from 1 to 999.
pub(super) fn pieces(place: usize) -> Option<i128> {
    let value = NUMBERS[place].1?;
    (value % 1_000_000 == 0 && (1..=999).contains(&(value / 1_000_000))).then_some(value / 1_000_000)
}

pub(super) fn name_of(who: usize) -> &'static str {
    WHO.get(who).copied().unwrap_or("stranger")
}
