//! Fuzzes scripts of commands by several people: the order stays valid, and its log replays to
//! it.
#![no_main]

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::{Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use order_core::bill::{Basis, ChargeKind, ChargeOptions, Line};
use order_core::command::{
    AddItem, AgreedShares, ChargeAmount, ChargeCommand, ClaimCommand, DishCommand, DishesOfRemoved, Join,
    NewCharge, PaidFor, PaymentCommand, PeopleCommand, RecordPayment, RefundPayment, SetCharges, SetDeadline,
    SharedBy, TableCommand, UpdateSplit, When,
};
use order_core::deadline::AtDeadline;
use order_core::fact::{PaymentFact, TableFact};
use order_core::payment::{Balances, Payment, PaymentStatus, Refund, settlement};
use order_core::split::{Rest, Shares, shares};
use order_core::stored::{decode_fact, decode_order, encode_fact, encode_order};
use order_core::text::Text;
use order_core::{
    Actor, Amount, Command, Currency, Decision, Fact, Item, ItemId, Lifetimes, LimitOn, Order, OrderId,
    Participant, ParticipantId, PaymentId, Policy, Presence, Recorded, Role, Status, UnixMillis, commit,
    decide, due, max_order_total, replay, wire,
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
    /// `None`: the restaurant's back end.
    who: Option<Who>,
    now: u16,
    act: Act,
}

/// Whose dishes a limit is on.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Limited {
    Person(Who),
    Each,
    Table,
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
        charges: Option<Charges>,
        hosted: Option<bool>,
        when_ready: Option<bool>,
    },
    Add {
        item: u8,
        quantity: Number,
        price: Number,
        kind: Option<bool>,
        shared_by: Option<Vec<(Who, Option<Number>)>>,
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
    /// One person pays the whole total.
    AllFrom(Who),
    Percentages(Vec<(Who, Number)>),
    /// One person pays a percentage, another the rest.
    TwoParts(Who, Who, u32),
    Weights(Vec<(Who, Number)>),
    Adjust(Vec<(Who, Number)>),
    Cover(Vec<(Who, Who)>, bool),
    Claim {
        item: u8,
        weight: Option<Number>,
    },
    Unclaim {
        item: u8,
    },
    Assign {
        item: u8,
        shared_by: Vec<(Who, Option<Number>)>,
    },
    Charges(Charges),
    Tip(Option<Value>),
    Waive(bool),
    Pay {
        payment: u8,
        amount: Number,
        payer: Option<Who>,
        paid_for: Option<Vec<Who>>,
        pending: bool,
        excess_is_tip: bool,
    },
    Arrive {
        payment: u8,
        arrived: bool,
    },
    Refund {
        payment: u8,
        refund: u8,
        amount: Option<Number>,
        due: bool,
    },
    Finalize,
    Leave,
    Ready(bool),
    Lock(bool),
    SendAway {
        whom: Who,
        /// Whether their dishes stay or are removed; `None`: `to` takes them over.
        keep: Option<bool>,
        to: Who,
    },
    Readmit(Who),
    HandOver(Who),
    Limit(Limited, Option<Number>),
    Undo,
    /// In how many milliseconds, and whether it then finalizes; `None` removes it.
    Deadline(Option<(u16, bool)>),
    WhenReady(bool),
    /// Several dishes at once, with their prices and quantities.
    AddAll(Vec<(u8, Number, u8)>),
    Correct {
        item: u8,
        quantity: Number,
    },
    Reopen,
}

#[derive(Debug, Arbitrary)]
struct Charges {
    charges: Vec<(Kind, Value)>,
    round_to: Option<Number>,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Kind {
    Tax { inclusive: bool, only: Option<bool> },
    Service { optional: bool },
    Tip { by_head: bool },
    Discount { item: Option<u8> },
    Fee { by_head: bool },
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Value {
    Percent(Number),
    Amount(Number),
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Coin {
    Rupee,
    Yen,
    Dinar,
    Unidad,
}

/// Any decimal, but mostly a useful one.
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
        let actor = step.who.map_or(Actor::Backend, |who| Actor::participant(who.id()));
        let now = UnixMillis::new(u64::from(step.now));
        while let Some(recorded) = due(&order, now, &Lifetimes::default()) {
            commit(&mut order, &recorded).unwrap();
            log.push(decode_fact(&encode_fact(&recorded).unwrap()).unwrap());
            assert_right(&order, &log);
        }
        let before = encode_order(&order).unwrap();
        let decision = decide(&order, now, &actor, &command);
        assert_eq!(encode_order(&order).unwrap(), before, "deciding changed the order");
        if let Ok(Decision::Record(recorded)) = decision {
            commit(&mut order, &recorded).unwrap();
            for frame in wire::fact_messages(&order, &Presence::new(), &recorded) {
                assert!(serde_json::from_str::<IgnoredAny>(&frame.text_for(&Who::Asha.id())).is_ok());
            }
            log.push(decode_fact(&encode_fact(&recorded).unwrap()).unwrap());
            assert_eq!(log.last(), Some(&recorded));
            assert_right(&order, &log);
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

fn assert_right(order: &Order, log: &[Recorded]) {
    assert_eq!(order.seq(), log.len() as u64);
    assert_eq!(Amount::checked_sum(order.items().map(Item::total)), Some(order.total()));
    assert!(!order.total().is_negative() && order.total() <= max_order_total(order.currency()));
    assert_eq!(order.items().map(Item::id).collect::<BTreeSet<_>>().len(), order.items().len());
    let owners = order.participants().filter(|person| order.role(person.id()) == Some(Role::Owner));
    assert_eq!(owners.count(), usize::from(order.participants().next().is_some()));

    let shares = shares(order);
    let allocated = Amount::checked_sum(shares.list().iter().map(|share| share.amount())).unwrap();
    assert_eq!(allocated.checked_add(shares.unallocated()), Some(shares.amount_due()));
    assert_eq!(sum(shares.lines()), shares.amount_due());
    assert_eq!(shares.lines()[0].amount(), order.total());
    for share in shares.list() {
        assert!(!share.amount().is_negative());
        assert_eq!(sum(share.lines()), share.amount());
        assert!(!sum(share.included()).is_negative());
    }
    let listed: Vec<_> = shares.list().iter().map(|share| share.participant().id()).collect();
    assert_eq!(listed, on_bill(order, log));
    if order.status() == Status::Finalized {
        assert_eq!(shares.unallocated(), Amount::ZERO);
        assert_eq!(order.unassigned().count(), 0);
        assert_settled(order, &shares);
    }
}

/// Who is on the bill: those who were when it was finalized; until then those at the table, and those who have left but
/// have part of a dish or are paid for.
fn on_bill<'order>(order: &'order Order, log: &'order [Recorded]) -> Vec<&'order ParticipantId> {
    // The fact that finalizes the order is itself checked against the order that it leaves.
    let finalized = log.iter().rev().find_map(|recorded| match &recorded.fact {
        Fact::Table(TableFact::Finalized { on_bill }) => on_bill.as_ref(),
        _ => None,
    });
    // While it is open again, who is on the bill follows from the order as before.
    if let Some(on_bill) = finalized.filter(|_| order.is_finalized() && !is_finalizing(log)) {
        return on_bill.iter().collect();
    }
    let shares_it =
        |item: &Item, person: &Participant| order.shared_by(item).any(|(sharer, _)| sharer == person);
    let stays = |person: &&Participant| {
        !person.has_left()
            || order.items().any(|item| shares_it(item, person))
            || is_paid_for(order, log, person)
    };
    order.people().iter().filter(stays).map(Participant::id).collect()
}

/// Whether the last fact finalized the order.
fn is_finalizing(log: &[Recorded]) -> bool {
    log.last().is_some_and(|last| matches!(last.fact, Fact::Table(TableFact::Finalized { .. })))
}

/// Whether somebody's share is paid in part, or a payment of it is on its way, and it is not all given back.
fn is_paid_for(order: &Order, log: &[Recorded], person: &Participant) -> bool {
    let given_back = |payment: &Payment| {
        let refunds = log.iter().filter_map(|recorded| match &recorded.fact {
            Fact::Payment(PaymentFact::Refunded { payment: of, parts, .. }) if of == payment.id() => {
                Some(parts)
            }
            _ => None,
        });
        let parts = refunds.flatten().filter(|(who, _)| who == person.id());
        Amount::checked_sum(parts.map(|(_, part)| *part)).unwrap()
    };
    let is_written_off = log.iter().any(|recorded| match &recorded.fact {
        Fact::Payment(PaymentFact::Refunded { written_off, .. }) => {
            written_off.iter().flatten().any(|(who, _)| who == person.id())
        }
        _ => false,
    });
    if is_written_off {
        return true;
    }
    let mut payments = order.payments().iter().filter(|payment| payment.status() != PaymentStatus::Failed);
    payments
        .any(|payment| order.paid_for(payment).any(|(who, part)| who == person && part > given_back(payment)))
}

fn sum(lines: &[Line]) -> Amount {
    Amount::checked_sum(lines.iter().map(Line::amount)).unwrap()
}

/// Checks that after the settlement each has paid their share, and the restaurant has what it
/// is due.
fn assert_settled(order: &Order, shares: &Shares<'_>) {
    let mut beyond: BTreeMap<Option<&ParticipantId>, i64> = BTreeMap::new();
    let balances = Balances::new(order, shares);
    for share in shares.list() {
        let written_off = balances.of(order, share).written_off();
        assert!(!written_off.is_negative() && written_off <= share.amount());
        let owed = share.amount().minor_units() - written_off.minor_units();
        *beyond.entry(Some(share.participant().id())).or_default() -= owed;
        *beyond.entry(None).or_default() += owed;
    }
    for payment in order.payments().iter().filter(|payment| payment.status() == PaymentStatus::Paid) {
        let parts = order.paid_for(payment).map(|(_, part)| part);
        let paid = Amount::checked_sum(parts).unwrap().minor_units();
        assert_eq!(paid + payment.tip().minor_units(), payment.amount().minor_units());
        let refunds = payment.refunds().iter().map(Refund::amount);
        assert_eq!(Amount::checked_sum(refunds), Some(payment.refunded()));
        assert!(!payment.tip_refunded().is_negative() && payment.tip_refunded() <= payment.tip());
        let refunded = payment.refunded().minor_units() - payment.tip_refunded().minor_units();
        assert!((0..=paid).contains(&refunded));
        *beyond.entry(order.payer(payment).map(|person| person.id())).or_default() += paid - refunded;
        *beyond.entry(None).or_default() -= paid - refunded;
    }
    let transfers = settlement(order, shares);
    let people = beyond.values().filter(|amount| **amount != 0).count();
    assert!(transfers.len() < people.max(1));
    for transfer in transfers {
        assert!(transfer.amount > Amount::ZERO);
        *beyond.entry(transfer.from.map(|person| person.id())).or_default() += transfer.amount.minor_units();
        *beyond.entry(transfer.to.map(|person| person.id())).or_default() -= transfer.amount.minor_units();
    }
    assert!(beyond.values().all(|amount| *amount == 0));
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

impl Charges {
    fn set(&self) -> SetCharges {
        let basis = |by_head: bool| if by_head { Basis::Head } else { Basis::Share };
        let charge = |(kind, value): &(Kind, Value)| NewCharge {
            name: Text::clean("Charge", 20).unwrap(),
            kind: match *kind {
                Kind::Tax { inclusive, only } => ChargeKind::Tax {
                    inclusive,
                    dish_types: only.map(|veg| dish_type(Some(veg))).into_iter().collect(),
                },
                Kind::Service { optional } => ChargeKind::Service { optional },
                Kind::Tip { by_head } => ChargeKind::Tip { by: basis(by_head) },
                Kind::Discount { item } => ChargeKind::Discount { item: item.as_ref().map(item_id) },
                Kind::Fee { by_head } => ChargeKind::Fee { by: basis(by_head) },
            },
            value: value.amount(),
            options: ChargeOptions::default(),
        };
        SetCharges {
            charges: self.charges.iter().map(charge).collect(),
            round_to: self.round_to.map(|coin| coin.0),
            ..SetCharges::default()
        }
    }
}

impl Value {
    fn amount(self) -> ChargeAmount {
        match self {
            Self::Percent(number) => ChargeAmount::Percent(number.0),
            Self::Amount(number) => ChargeAmount::Amount(number.0),
        }
    }
}

fn item_id(number: &u8) -> ItemId {
    ItemId::new(&format!("i{}", number % 16)).unwrap()
}

fn payment_id(number: u8) -> PaymentId {
    PaymentId::from(ItemId::new(&format!("p{}", number % 8)).unwrap())
}

fn dish_type(veg: Option<bool>) -> Text {
    match veg {
        None => Text::default(),
        Some(true) => Text::clean("veg", 20).unwrap(),
        Some(false) => Text::clean("wine", 20).unwrap(),
    }
}

impl Act {
    fn command(&self, order: &Order) -> Command {
        let item = item_id;
        let sharing = |shared_by: &[(Who, Option<Number>)]| -> SharedBy {
            shared_by.iter().map(|(who, weight)| (who.id(), weight.map(|weight| weight.0))).collect()
        };
        let text = |text: &str| Text::clean(text, 20).unwrap();
        let each = |numbers: &[(Who, Number)]| -> BTreeMap<ParticipantId, Decimal> {
            numbers.iter().map(|(who, number)| (who.id(), number.0)).collect()
        };
        let custom = |agreed| Command::Split(UpdateSplit::Custom(Some(agreed)));
        match self {
            Self::Join { name, phone, currency, charges, hosted, when_ready } => {
                Command::People(PeopleCommand::Join(Join {
                    deadline: None,
                    name: name.map(|long| text(if long { "A longer name" } else { "Name" })),
                    phone: phone.map(|other| text(if other { "1" } else { "2" })),
                    circle_id: phone.map(|_| text("circle")),
                    tenant_id: name.map(|_| text("tenant")),
                    currency: currency.map(Coin::currency),
                    charges: charges.as_ref().map(|charges| Box::new(charges.set())),
                    policy: hosted.map(|hosted| if hosted { Policy::Hosted } else { Policy::Open }),
                    finalize_when_ready: *when_ready,
                    ..Join::default()
                }))
            }
            Self::Add { item: number, quantity, price, kind, shared_by } => {
                Command::Dish(DishCommand::Add(AddItem {
                    item: item(number),
                    dish_name: text("Dosa"),
                    dish_type: dish_type(*kind),
                    quantity: quantity.0,
                    price: price.0,
                    customization: None,
                    shared_by: shared_by.as_deref().map(sharing),
                }))
            }
            Self::Remove { item: number } => Command::Dish(DishCommand::Remove { item: item(number) }),
            Self::Update { item: number, quantity } => {
                Command::Dish(DishCommand::UpdateQuantity { item: item(number), quantity: quantity.0 })
            }
            Self::Equal => Command::Split(UpdateSplit::Equal),
            Self::Itemized => Command::Split(UpdateSplit::Itemized),
            Self::Custom => Command::Split(UpdateSplit::Custom(None)),
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
            Self::Adjust(numbers) => Command::Split(UpdateSplit::Adjusted(each(numbers))),
            Self::Cover(covers, by_dishes) => Command::Split(UpdateSplit::Cover {
                covers: covers.iter().map(|(covered, payer)| (covered.id(), payer.id())).collect(),
                rest: if *by_dishes { Rest::Itemized } else { Rest::Equal },
            }),
            Self::Claim { item: number, weight } => Command::Claim(ClaimCommand::Claim {
                item: item(number),
                weight: weight.map(|weight| weight.0),
            }),
            Self::Unclaim { item: number } => Command::Claim(ClaimCommand::Unclaim { item: item(number) }),
            Self::Assign { item: number, shared_by } => {
                Command::Claim(ClaimCommand::Assign { item: item(number), shared_by: sharing(shared_by) })
            }
            Self::Charges(charges) => Command::Charge(ChargeCommand::Set(charges.set())),
            Self::Tip(tip) => Command::Charge(ChargeCommand::SetTip { tip: tip.map(Value::amount) }),
            Self::Waive(waived) => Command::Charge(ChargeCommand::WaiveService { waived: *waived }),
            Self::Pay { payment, amount, payer, paid_for, pending, excess_is_tip } => {
                Command::Payment(PaymentCommand::Record(RecordPayment {
                    payment: payment_id(*payment),
                    amount: amount.0,
                    payer: payer.map(Who::id),
                    paid_for: paid_for
                        .as_ref()
                        .map(|people| PaidFor::Shares(people.iter().map(|who| who.id()).collect())),
                    method: None,
                    reference: None,
                    pending: *pending,
                    excess_is_tip: *excess_is_tip,
                }))
            }
            Self::Arrive { payment, arrived } => {
                Command::Payment(PaymentCommand::Update { payment: payment_id(*payment), arrived: *arrived })
            }
            Self::Refund { payment, refund, amount, due } => {
                Command::Payment(PaymentCommand::Refund(RefundPayment {
                    payment: payment_id(*payment),
                    refund: payment_id(*refund),
                    amount: amount.map(|amount| amount.0),
                    due: *due,
                }))
            }
            Self::AddAll(dishes) => {
                let dish = |(number, price, quantity): &(u8, Number, u8)| AddItem {
                    item: item(number),
                    dish_name: text("Idli"),
                    dish_type: dish_type(None),
                    quantity: Decimal::from(*quantity),
                    price: price.0,
                    customization: None,
                    shared_by: None,
                };
                Command::Dish(DishCommand::AddAll(dishes.iter().map(dish).collect()))
            }
            Self::Correct { item: number, quantity } => Command::Dish(DishCommand::Correct {
                item: item(number),
                reason: text("It never came"),
                quantity: quantity.0,
            }),
            Self::Reopen => Command::Table(TableCommand::Reopen),
            Self::Undo => Command::Undo { seq: None },
            Self::Deadline(set) => {
                Command::Table(TableCommand::Deadline(set.map(|(wait, finalizes)| SetDeadline {
                    when: When::In(wait.into()),
                    then: if finalizes { AtDeadline::Finalize } else { AtDeadline::Lock },
                    reminders: None,
                })))
            }
            Self::Finalize => Command::Table(TableCommand::Finalize),
            Self::Leave => Command::People(PeopleCommand::Leave),
            Self::Ready(ready) => Command::People(PeopleCommand::SetReady { ready: *ready }),
            Self::Lock(locked) => Command::Table(TableCommand::Lock { locked: *locked }),
            Self::SendAway { whom, keep, to } => Command::People(PeopleCommand::Remove {
                who: whom.id(),
                dishes: match keep {
                    Some(true) => DishesOfRemoved::Keep,
                    Some(false) => DishesOfRemoved::Remove,
                    None => DishesOfRemoved::Reassign { to: to.id() },
                },
            }),
            Self::Readmit(whom) => Command::People(PeopleCommand::Readmit { who: whom.id() }),
            Self::HandOver(to) => Command::People(PeopleCommand::HandOver { to: to.id() }),
            Self::Limit(limited, limit) => {
                let on = match limited {
                    Limited::Person(whom) => LimitOn::Person(whom.id()),
                    Limited::Each => LimitOn::Each,
                    Limited::Table => LimitOn::Table,
                };
                Command::Table(TableCommand::Limit { on, limit: limit.map(|limit| limit.0) })
            }
            Self::WhenReady(finalize_when_ready) => {
                Command::Table(TableCommand::Rules { finalize_when_ready: *finalize_when_ready })
            }
        }
    }
}
