//! A script of commands by several people: the order stays right, and its log gives it back.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use order_core::command::{AddItem, AgreedShares, Join, UpdateSplit};
use order_core::split::shares;
use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::text::Text;
use order_core::{
    Actor, Amount, Command, Currency, Decision, Item, ItemId, Order, OrderId, ParticipantId, Presence, Role,
    Status, UnixMillis, commit, decide, max_order_total, replay, wire,
};
use rust_decimal::Decimal;
use serde::de::IgnoredAny;

#[derive(Debug, Arbitrary)]
struct Script {
    snapshot: u8,
    steps: Vec<Step>,
}

#[derive(Debug, Arbitrary)]
struct Step {
    who: Who,
    now: u16,
    act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Arbitrary)]
enum Who {
    Asha,
    Ben,
    Chi,
    Dev,
}

#[derive(Debug, Arbitrary)]
enum Act {
    Join {
        name: Option<bool>,
        phone: Option<bool>,
        currency: Option<Coin>,
    },
    Add {
        item: u8,
        quantity: Number,
        price: Number,
    },
    Remove {
        item: u8,
    },
    Update {
        item: u8,
        quantity: Number,
    },
    Equal,
    Itemized,
    Custom,
    Amounts(Vec<(Who, Number)>),
    /// All of the total from one of them.
    AllFrom(Who),
    Percentages(Vec<(Who, Number)>),
    /// A part for one, the rest of a hundred for another.
    TwoParts(Who, Who, u32),
    Weights(Vec<(Who, Number)>),
    Finalize,
    Leave,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Coin {
    Rupee,
    Yen,
    Dinar,
    Unidad,
}

/// Any decimal, but mostly one that is good for something.
#[derive(Debug, Clone, Copy)]
struct Number(Decimal);

impl<'a> Arbitrary<'a> for Number {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let number = match bytes.int_in_range(0_u8..=4)? {
            0 => Decimal::from(u8::arbitrary(bytes)?),
            1 => Decimal::new(i64::from(u16::arbitrary(bytes)?), 2),
            2 => Decimal::new(i64::from(i32::arbitrary(bytes)?), bytes.int_in_range(0..=6)?),
            3 => Decimal::new(i64::arbitrary(bytes)?, bytes.int_in_range(0..=28)?),
            _ => Decimal::from_parts(
                u32::arbitrary(bytes)?,
                u32::arbitrary(bytes)?,
                u32::arbitrary(bytes)?,
                bool::arbitrary(bytes)?,
                bytes.int_in_range(0..=28)?,
            ),
        };
        Ok(Self(number))
    }
}

fuzz_target!(|script: Script| {
    let empty = Order::new(OrderId::new("table-7").unwrap(), Currency::default());
    let mut order = empty.clone();
    let mut log = Vec::new();
    let mut snapshot = encode_order(&order).unwrap();
    for (number, step) in script.steps.iter().take(200).enumerate() {
        let command = step.act.command(&order);
        let before = encode_order(&order).unwrap();
        let actor = Actor::participant(step.who.id());
        let decision = decide(&order, UnixMillis::new(u64::from(step.now)), &actor, &command);
        assert_eq!(encode_order(&order).unwrap(), before, "deciding changed the order");
        if let Ok(Decision::Record(recorded)) = decision {
            commit(&mut order, &recorded).unwrap();
            let frame = wire::fact_message(&order, &Presence::new(), &recorded);
            assert!(serde_json::from_str::<IgnoredAny>(&frame.text_for(&step.who.id())).is_ok());
            log.push(decode_fact(&encode_fact(&recorded).unwrap()).unwrap());
            assert_eq!(log.last(), Some(&recorded));
            assert_right(&order, log.len());
        }
        if number == usize::from(script.snapshot) {
            snapshot = encode_order(&order).unwrap();
        }
    }
    let live = encode_order(&order).unwrap();
    assert_eq!(encode_order(&replay(empty, &log).unwrap()).unwrap(), live);
    let mut restored = decode_order(&snapshot).unwrap();
    for recorded in log.iter().skip(usize::try_from(restored.seq()).unwrap()) {
        commit(&mut restored, recorded).unwrap();
    }
    assert_eq!(restored, order);
    assert_eq!(encode_order(&restored).unwrap(), live);
});

fn assert_right(order: &Order, facts: usize) {
    assert_eq!(order.seq(), facts as u64);
    assert_eq!(Amount::checked_sum(order.items().map(Item::total)), Some(order.total()));
    assert!(!order.total().is_negative() && order.total() <= max_order_total(order.currency()));
    assert_eq!(order.items().map(Item::id).collect::<BTreeSet<_>>().len(), order.items().len());
    let owners = order.participants().filter(|person| order.role(person.id()) == Some(Role::Owner));
    assert_eq!(owners.count(), usize::from(order.participants().next().is_some()));

    let shares = shares(order);
    let allocated = Amount::checked_sum(shares.list().iter().map(|share| share.amount())).unwrap();
    assert_eq!(allocated.checked_add(shares.unallocated()), Some(order.total()));
    assert!(shares.list().iter().all(|share| !share.amount().is_negative()));
    for person in order.people() {
        let owns = order.items().any(|item| order.added_by(item) == Some(person));
        assert_eq!(shares.of(person.id()).is_some(), owns || !person.has_left());
    }
    if order.status() == Status::Finalized {
        assert_eq!(shares.unallocated(), Amount::ZERO);
    }
}

impl Who {
    fn id(self) -> ParticipantId {
        let id = match self {
            Self::Asha => "asha",
            Self::Ben => "ben",
            Self::Chi => "chi",
            Self::Dev => "dev",
        };
        ParticipantId::new(id).unwrap()
    }
}

impl Coin {
    fn currency(self) -> Currency {
        let code = match self {
            Self::Rupee => "INR",
            Self::Yen => "JPY",
            Self::Dinar => "KWD",
            Self::Unidad => "CLF",
        };
        Currency::from_code(code).unwrap()
    }
}

impl Act {
    fn command(&self, order: &Order) -> Command {
        let item = |number: &u8| ItemId::new(&format!("i{}", number % 16)).unwrap();
        let text = |text: &str| Text::clean(text, 20).unwrap();
        let each = |numbers: &[(Who, Number)]| -> BTreeMap<ParticipantId, Decimal> {
            numbers.iter().map(|(who, number)| (who.id(), number.0)).collect()
        };
        let custom = |agreed| Command::UpdateSplit(UpdateSplit::Custom(Some(agreed)));
        match self {
            Self::Join { name, phone, currency } => Command::Join(Join {
                name: name.map(|long| text(if long { "A longer name" } else { "Name" })),
                phone: phone.map(|other| text(if other { "1" } else { "2" })),
                circle_id: phone.map(|_| text("circle")),
                tenant_id: name.map(|_| text("tenant")),
                currency: currency.map(Coin::currency),
            }),
            Self::Add { item: number, quantity, price } => Command::AddItem(AddItem {
                item: item(number),
                dish_name: text("Dosa"),
                dish_type: Text::default(),
                quantity: quantity.0,
                price: price.0,
                customization: None,
            }),
            Self::Remove { item: number } => Command::RemoveItem { item: item(number) },
            Self::Update { item: number, quantity } => {
                Command::UpdateQuantity { item: item(number), quantity: quantity.0 }
            }
            Self::Equal => Command::UpdateSplit(UpdateSplit::Equal),
            Self::Itemized => Command::UpdateSplit(UpdateSplit::Itemized),
            Self::Custom => Command::UpdateSplit(UpdateSplit::Custom(None)),
            Self::Amounts(numbers) => custom(AgreedShares::Amounts(each(numbers))),
            Self::AllFrom(who) => {
                let total = order.total().to_decimal(order.currency());
                custom(AgreedShares::Amounts([(who.id(), total)].into()))
            }
            Self::Percentages(numbers) => custom(AgreedShares::Percentages(each(numbers))),
            Self::TwoParts(one, other, part) => {
                let part = Decimal::new(i64::from(part % 100_000_001), 6);
                let rest = Decimal::from(100) - part;
                custom(AgreedShares::Percentages([(one.id(), part), (other.id(), rest)].into()))
            }
            Self::Weights(numbers) => custom(AgreedShares::Weights(each(numbers))),
            Self::Finalize => Command::Finalize,
            Self::Leave => Command::Leave,
        }
    }
}
