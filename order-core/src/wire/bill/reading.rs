//! Reads a bill from its JSON object.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::bill::{Bill, Charge, ChargeKind, ChargeValue, CheckedCharge, Dish, MAX_CHARGES, check_bases};
use crate::command::{ChargeAmount, NewCharge};
use crate::rejection::{Code, Rejection};
use crate::split::{CustomShares, Percentage, Rest, SHARE_DECIMALS, ShareNumberError, SplitRule, Weight};
use crate::value::text::{MAX_DISH_TYPE_CHARS, Text};
use crate::wire::json::Object;
use crate::wire::read::charge_options::odd_units;
use crate::wire::read::charges::charge;
use crate::{
    Amount, AmountError, Currency, IdError, ItemId, MAX_ID_BYTES, MAX_MINOR_DIGITS, MAX_QUANTITY, OrderId,
    ParticipantId, Quantity, max_order_total,
};

/// The maximum number of people who share one bill of a line.
pub const MAX_BILL_PEOPLE: usize = 1_000;
/// The maximum number of items on one bill of a line.
pub const MAX_BILL_ITEMS: usize = 10_000;
/// The order id of a line that names none.
const UNNAMED: &str = "bill";
/// The id of the one item of a bill that gives only a total.
const DISHES: &str = "Dishes";
/// The ISO 4217 code for no currency.
const NO_CURRENCY: &str = "XXX";
const PEOPLE: &str = "ids of people on the bill";
/// The field that every object of a line may have, whatever its value: for the caller alone.
const NOTE: &str = "note";
/// The fields of a line.
const LINE: [&str; 14] = [
    "orderId",
    "currency",
    "minorDigits",
    "participants",
    "items",
    "total",
    "split",
    "charges",
    "withoutService",
    "roundTo",
    "roundSharesTo",
    "rounding",
    "invoice",
    NOTE,
];
/// The fields of an item.
const ITEM: [&str; 7] = ["id", "price", "quantity", "addedBy", "sharedBy", "dishType", NOTE];
/// The fields of a split.
const SPLIT: [&str; 8] = ["type", "amounts", "percentages", "weights", "adjustments", "covers", "rest", NOTE];
/// The fields of a charge besides those that a charge of an order has.
const OF_CHARGE: [&str; 2] = ["participantId", NOTE];

/// Reads the id of the order, if the line has one.
pub(super) fn order_id(line: &Object<'_>) -> Result<Option<OrderId>, Rejection> {
    match line.string("orderId", "a string")? {
        None => Ok(None),
        Some(id) => OrderId::new(&id).map(Some).map_err(|error| bad_id(line.name("orderId"), error)),
    }
}

/// Reads the bill, and whether it lists items.
pub(super) fn bill(line: &Object<'_>, order: Option<&OrderId>) -> Result<(Bill, bool), Rejection> {
    let order = match order {
        Some(order) => order.clone(),
        None => OrderId::new(UNNAMED).map_err(|error| bad_id("orderId", error))?,
    };
    // Each level is checked: a field that is not known may be a typo of one that decides who pays what.
    line.only(&LINE, Code::BadField, "a bill")?;
    let money = Money { currency: currency(line)? };
    let diners = diners(line)?;
    let people = People { by_id: diners.iter().map(|id| (id.as_str(), id)).collect() };
    let (dishes, by_items) = dishes(line, &money, &people)?;
    let total = money.total(&dishes)?;
    let mut bill = Bill { split: split(line, &money, total, &people)?, ..Bill::new(order, money.currency) };
    bill.without_service = match line.strings_up_to("withoutService", PEOPLE, UP_TO_ALL)? {
        None => BTreeSet::new(),
        Some(ids) => ids.iter().map(|id| people.find(id, "withoutService")).collect::<Result<_, _>>()?,
    };
    bill.round_to = match line.optional_number("roundTo", Code::BadCharge, "an amount above 0")? {
        None => None,
        Some(coin) => Some(money.amount(coin, Code::BadCharge, "roundTo")?),
    };
    bill.round_shares_to =
        match line.optional_number("roundSharesTo", Code::BadCharge, "an amount above 0")? {
            None => None,
            Some(coin) => Some(money.amount(coin, Code::BadCharge, "roundSharesTo")?),
        };
    bill.odd_units = odd_units(line)?;
    bill.dishes = dishes;
    charges(line, &money, &people, &mut bill)?;
    if !by_items {
        on_no_item(&bill.charges)?;
    }
    bill.diners.clone_from(&diners);
    Ok((bill, by_items))
}

/// The bound on lists of people: as many as can share the bill.
const UP_TO_ALL: (usize, Code) = (MAX_BILL_PEOPLE, Code::TooManyParticipants);

fn currency(line: &Object<'_>) -> Result<Currency, Rejection> {
    let expected = || format!("a whole number from 0 to {MAX_MINOR_DIGITS}");
    let named = match line.string("currency", "an ISO 4217 code")? {
        None => None,
        Some(code) => Some(Currency::from_code(&code).map_err(|error| {
            Rejection::new(Code::BadCurrency)
                .field("currency")
                .because(error.to_string())
                .expected("an ISO 4217 code such as INR")
        })?),
    };
    let Some(digits) = line.optional_number("minorDigits", Code::BadCurrency, &expected())? else {
        return Ok(named.unwrap_or_default());
    };
    let bad = || Rejection::new(Code::BadCurrency).field("minorDigits").expected(expected());
    let digits = digits.to_u8().filter(|_| digits.is_integer()).ok_or_else(bad)?;
    match named {
        None => Currency::from_stored(NO_CURRENCY, digits).ok_or_else(bad),
        Some(currency) if currency.minor_digits() == digits => Ok(currency),
        Some(currency) => Err(Rejection::new(Code::BadCurrency)
            .field("minorDigits")
            .because(format!("{currency} has {} minor digits, not {digits}", currency.minor_digits()))
            .expected("either currency or minorDigits")),
    }
}

fn diners(line: &Object<'_>) -> Result<Vec<ParticipantId>, Rejection> {
    const EXPECTED: &str = "a list of the ids of the people who share the bill";
    let Some(ids) = line.strings_up_to("participants", EXPECTED, UP_TO_ALL)? else {
        return Err(if line.has("participants") {
            line.mistyped("participants", EXPECTED)
        } else {
            line.missing("participants", EXPECTED)
        });
    };
    ids.iter()
        .enumerate()
        .map(|(place, id)| {
            ParticipantId::new(id).map_err(|error| bad_id(format!("participants[{place}]"), error))
        })
        .collect()
}

/// Reads the dishes, and whether they are listed. A bare total is one dish that nobody has
/// claimed.
fn dishes(line: &Object<'_>, money: &Money, people: &People<'_>) -> Result<(Vec<Dish>, bool), Rejection> {
    const EXPECTED: &str = "a list of items, each an object";
    let total = line.optional_number("total", Code::BadPrice, "an amount")?;
    let total = total.map(|total| money.amount(total, Code::BadPrice, "total")).transpose()?;
    let items = line.entries("items", EXPECTED, (MAX_BILL_ITEMS, Code::TooManyItems))?;
    match (items, total) {
        (None, None) => Err(line.missing("items", "items or a total")),
        (None, Some(total)) => Ok((vec![Dish::of(ItemId::from_stored(DISHES), total, &[])], false)),
        (Some(items), total) => {
            let dishes: Vec<_> =
                items.iter().map(|item| dish(item, money, people)).collect::<Result<_, _>>()?;
            if let Some(total) = total {
                money.agree(total, money.total(&dishes)?)?;
            }
            Ok((dishes, true))
        }
    }
}

fn dish(item: &Object<'_>, money: &Money, people: &People<'_>) -> Result<Dish, Rejection> {
    item.only(&ITEM, Code::BadField, "an item")?;
    let id = item.string("id", "a string")?.ok_or_else(|| item.missing("id", "the id of the item"))?;
    let id = item_id(&id).map_err(|error| bad_id(item.name("id"), error))?;
    let price = item.number("price", Code::BadPrice, "an amount")?;
    let price = money.amount(price, Code::BadPrice, item.name("price"))?;
    let expected = || format!("a whole number from 1 to {MAX_QUANTITY}");
    let quantity = match item.optional_number("quantity", Code::BadQuantity, &expected())? {
        None => 1,
        Some(number) => Quantity::from_decimal(number).map(Quantity::pieces).map_err(|error| {
            Rejection::new(Code::BadQuantity)
                .field(item.name("quantity"))
                .because(error.to_string())
                .expected(expected())
        })?,
    };
    let amount = price.checked_mul(i64::from(quantity)).filter(|&amount| money.is_within(amount));
    let amount = amount.ok_or_else(|| money.too_large().field(item.name("price")))?;
    let dish_type = item.string("dishType", "a string")?.unwrap_or_default();
    let dish_type = Text::clean_or_empty(&dish_type, MAX_DISH_TYPE_CHARS).map_err(|error| {
        Rejection::new(Code::BadText)
            .field(item.name("dishType"))
            .because(error.to_string())
            .expected(format!("at most {MAX_DISH_TYPE_CHARS} visible characters"))
    })?;
    Ok(Dish { id, dish_type, amount, shared_by: shared_by(item, people)? })
}

/// Reads who shares an item: the people in `sharedBy`, else the one in `addedBy`, else nobody.
fn shared_by(item: &Object<'_>, people: &People<'_>) -> Result<Vec<(ParticipantId, Weight)>, Rejection> {
    const EXPECTED: &str = "a list of ids of people on the bill, or an object with a weight for each";
    if let Some(ids) = item.strings_up_to("sharedBy", EXPECTED, UP_TO_ALL)? {
        let find = |id| Ok((people.find(id, item.name("sharedBy"))?, Weight::ONE));
        return ids.iter().map(|id| find(id)).collect();
    }
    if let Some(weights) = item.numbers("sharedBy", Code::BadSplit, EXPECTED)? {
        return weights
            .into_iter()
            .map(|(id, number)| {
                let id = people.find(&id, item.name("sharedBy"))?;
                let weight = Weight::from_decimal(number)
                    .map_err(|error| bad_share(Code::BadSplit, item.name("sharedBy"), error, WEIGHTS))?;
                Ok((id, weight))
            })
            .collect();
    }
    match item.string("addedBy", "the id of a person on the bill")? {
        None => Ok(Vec::new()),
        Some(id) => Ok(vec![(people.find(&id, item.name("addedBy"))?, Weight::ONE)]),
    }
}

/// The types of split, each with the keys that belong to it alone.
const SPLITS: [(&str, &[&str]); 5] = [
    ("equal", &[]),
    ("itemized", &[]),
    ("custom", &["amounts", "percentages", "weights"]),
    ("adjustments", &["adjustments"]),
    ("cover", &["covers", "rest"]),
];

fn split(
    line: &Object<'_>,
    money: &Money,
    total: Amount,
    people: &People<'_>,
) -> Result<SplitRule, Rejection> {
    const TYPES: &str = "equal, itemized, custom, adjustments or cover";
    if !line.has("split") {
        return Ok(SplitRule::Equal);
    }
    let split = line.object("split", "split.", "an object with a type")?;
    split.only(&SPLIT, Code::BadSplit, "a split")?;
    let kind = split.string("type", TYPES)?.ok_or_else(|| split.missing("type", TYPES))?;
    for (other, keys) in SPLITS {
        // Ignoring agreed shares would divide the money differently than asked.
        if let Some(key) = keys.iter().find(|key| other != kind && split.has(key)) {
            return Err(Rejection::new(Code::BadSplit)
                .field(split.name(key))
                .because(format!("{key} belong to a split of type {other}"))
                .expected(format!("the type {other}")));
        }
    }
    match kind.as_ref() {
        "equal" => Ok(SplitRule::Equal),
        "itemized" => Ok(SplitRule::Itemized),
        "custom" => custom(&split, money, total, people),
        "adjustments" => {
            let amounts = Shares { split: &split, people }.amounts("adjustments", money, total)?;
            amounts.map(SplitRule::Adjusted).ok_or_else(|| split.missing("adjustments", EXPECTED_SHARES))
        }
        "cover" => cover(&split, people),
        _ => Err(split.mistyped("type", TYPES)),
    }
}

const EXPECTED_SHARES: &str = "an object with a number for each participant id";
const PERCENTAGES: &str = "numbers from 0 to 100";
const WEIGHTS: &str = "numbers from 0 to 1000000";

fn custom(
    split: &Object<'_>,
    money: &Money,
    total: Amount,
    people: &People<'_>,
) -> Result<SplitRule, Rejection> {
    let shares = Shares { split, people };
    let amounts = shares.amounts("amounts", money, total)?.map(CustomShares::Amounts);
    let percentages = shares.each("percentages", |number| {
        Percentage::from_decimal(number)
            .map_err(|error| bad_share(Code::BadSplit, "split.percentages", error, PERCENTAGES))
    })?;
    let weights = shares.each("weights", |number| {
        Weight::from_decimal(number)
            .map_err(|error| bad_share(Code::BadSplit, "split.weights", error, WEIGHTS))
    })?;
    let mut given = [amounts, percentages.map(CustomShares::Percentages), weights.map(CustomShares::Weights)]
        .into_iter()
        .flatten();
    match (given.next(), given.next()) {
        (Some(shares), None) => Ok(SplitRule::Custom(Some(shares))),
        (None, _) => Err(split.missing("amounts", "amounts, percentages or weights")),
        (Some(_), Some(_)) => Err(Rejection::new(Code::BadSplit)
            .field("split")
            .because("there is more than one kind of share")
            .expected("only one of amounts, percentages and weights")),
    }
}

fn cover(split: &Object<'_>, people: &People<'_>) -> Result<SplitRule, Rejection> {
    const EXPECTED: &str = "an object with the payer's id for each covered person's id";
    const RULES: &str = "equal or itemized";
    let covers = split.texts("covers", EXPECTED)?.ok_or_else(|| split.missing("covers", EXPECTED))?;
    let rest = match split.string("rest", RULES)?.as_deref() {
        None | Some("equal") => Rest::Equal,
        Some("itemized") => Rest::Itemized,
        Some(_) => return Err(split.mistyped("rest", RULES)),
    };
    let find = |id: &str| people.find(id, "split.covers");
    let covers = covers.iter().map(|(covered, payer)| Ok((find(covered)?, find(payer)?)));
    Ok(SplitRule::Cover { covers: covers.collect::<Result<_, Rejection>>()?, rest })
}

/// Reads the numbers that a split gives for people.
struct Shares<'a, 'text> {
    split: &'a Object<'text>,
    people: &'a People<'a>,
}

impl Shares<'_, '_> {
    fn each<T>(
        &self,
        key: &'static str,
        read: impl Fn(Decimal) -> Result<T, Rejection>,
    ) -> Result<Option<BTreeMap<ParticipantId, T>>, Rejection> {
        let Some(numbers) = self.split.numbers(key, Code::BadSplit, EXPECTED_SHARES)? else {
            return Ok(None);
        };
        numbers
            .into_iter()
            .map(|(id, number)| Ok((self.people.find(&id, self.split.name(key))?, read(number)?)))
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Reads amounts, none with the opposite sign of the total.
    fn amounts(
        &self,
        key: &'static str,
        money: &Money,
        total: Amount,
    ) -> Result<Option<BTreeMap<ParticipantId, Amount>>, Rejection> {
        self.each(key, |number| {
            let amount = money.amount(number, Code::BadSplit, self.split.name(key))?;
            if amount == Amount::ZERO || amount.is_negative() == total.is_negative() {
                return Ok(amount);
            }
            let (because, expected) = if total.is_negative() {
                ("an amount is above 0", "amounts of 0 or less, as the total is negative")
            } else {
                ("an amount is negative", "amounts of 0 or more")
            };
            Err(Rejection::new(Code::BadSplit)
                .field(self.split.name(key))
                .because(because)
                .expected(expected))
        })
    }
}

fn charges(line: &Object<'_>, money: &Money, people: &People<'_>, bill: &mut Bill) -> Result<(), Rejection> {
    let most = (MAX_CHARGES.saturating_add(MAX_BILL_PEOPLE), Code::TooManyCharges);
    let list = line.entries("charges", "a list of charges, each an object", most)?.unwrap_or_default();
    let mut places = Vec::with_capacity(list.len());
    for (place, data) in list.into_iter().enumerate() {
        let NewCharge { name, kind, value, options } = charge(&data, &OF_CHARGE, item_id)?;
        let value = match value {
            ChargeAmount::Amount(number) => {
                ChargeValue::Amount(money.amount(number, Code::BadCharge, data.name("amount"))?)
            }
            ChargeAmount::Percent(number) => ChargeValue::Percent(
                Percentage::from_decimal(number)
                    .map_err(|error| bad_share(Code::BadCharge, data.name("percent"), error, PERCENTAGES))?,
            ),
        };
        let Some(id) = data.string("participantId", "the id of a person on the bill")? else {
            bill.charges.push(Charge { name, kind, value, options });
            places.push(place);
            continue;
        };
        let diner = people.find(&id, data.name("participantId"))?;
        let of_their_own = |because| {
            Rejection::new(Code::BadCharge)
                .field(data.name("participantId"))
                .because(because)
                .expected("at most one own tip for each person")
        };
        if !matches!(kind, ChargeKind::Tip { .. }) {
            return Err(of_their_own("only a tip can be for one person"));
        }
        if !options.is_default() {
            return Err(Rejection::new(Code::BadCharge)
                .field(data.name("participantId"))
                .because("the tip of one person is on what they pay for dishes")
                .expected("no on, discounts, rounding or per beside participantId"));
        }
        if bill.tips.insert(diner, value).is_some() {
            return Err(of_their_own("somebody has two tips"));
        }
    }
    let charges = places.iter().zip(&bill.charges).map(|(&place, charge)| CheckedCharge::of((place, charge)));
    check_bases("", &charges.collect::<Vec<_>>())
}

/// The people on a bill, by id.
struct People<'bill> {
    by_id: BTreeMap<&'bill str, &'bill ParticipantId>,
}

impl People<'_> {
    fn find(&self, id: &str, field: impl Into<Cow<'static, str>>) -> Result<ParticipantId, Rejection> {
        if let Some(&id) = self.by_id.get(id) {
            return Ok(id.clone());
        }
        let unknown = Rejection::new(Code::UnknownParticipant).field(field).expected(PEOPLE);
        // An invalid id may be of any length and hold control characters, so it is not repeated to
        // a terminal.
        Err(match ParticipantId::new(id) {
            Ok(id) => unknown.because(id.to_string()),
            Err(_) => unknown,
        })
    }
}

/// Reads amounts in one currency.
struct Money {
    currency: Currency,
}

impl Money {
    fn amount(
        &self,
        number: Decimal,
        code: Code,
        field: impl Into<Cow<'static, str>>,
    ) -> Result<Amount, Rejection> {
        let amount = Amount::from_decimal(number, self.currency);
        let error = match amount {
            Ok(amount) if self.is_within(amount) => return Ok(amount),
            Ok(_) => AmountError::TooLarge,
            Err(error) => error,
        };
        let most = max_order_total(self.currency).display(self.currency).to_string();
        let digits = self.currency.minor_digits();
        Err(Rejection::new(code)
            .field(field)
            .because(error.to_string())
            .expected(format!("an amount from -{most} to {most} with at most {digits} decimals")))
    }

    /// Whether an amount is within the bounds of a total.
    fn is_within(&self, amount: Amount) -> bool {
        amount.minor_units().unsigned_abs() <= max_order_total(self.currency).minor_units().unsigned_abs()
    }

    fn too_large(&self) -> Rejection {
        let most = max_order_total(self.currency).display(self.currency);
        Rejection::new(Code::TotalTooLarge).expected(format!("at most {most}"))
    }

    /// The sum of all dishes.
    fn total(&self, dishes: &[Dish]) -> Result<Amount, Rejection> {
        let sum = Amount::checked_sum(dishes.iter().map(|dish| dish.amount));
        sum.filter(|&sum| self.is_within(sum)).ok_or_else(|| self.too_large())
    }

    /// Checks that the given total is the sum of the items.
    fn agree(&self, given: Amount, items: Amount) -> Result<(), Rejection> {
        if given == items {
            return Ok(());
        }
        // Both are within bounds, so the difference fits.
        let difference = given.checked_sub(items).unwrap_or_default();
        let text = |amount: Amount| amount.display(self.currency);
        let magnitude = Amount::from_minor_units(difference.minor_units().saturating_abs());
        let clause = if difference.is_negative() { "less" } else { "more" };
        Err(Rejection::new(Code::BadField)
            .field("total")
            .because(format!(
                "it is {}, {} {clause} than the items, which come to {}",
                text(given),
                text(magnitude),
                text(items)
            ))
            .expected("the sum of the items, or no total")
            .unallocated(difference, self.currency))
    }
}

/// Reads the id of an item of a bill. It may be any id of an order or person, since nobody has
/// to type it.
fn item_id(id: &str) -> Result<ItemId, IdError> {
    OrderId::new(id).map(|id| ItemId::from_stored(id.as_str()))
}

/// Checks that no discount is on an item, for a bill without items.
fn on_no_item(charges: &[Charge]) -> Result<(), Rejection> {
    let on_item = |charge: &Charge| matches!(charge.kind, ChargeKind::Discount { item: Some(_) });
    if !charges.iter().any(on_item) {
        return Ok(());
    }
    Err(Rejection::new(Code::ItemNotFound)
        .field("charges")
        .because("the bill lists no items")
        .expected("discounts on the whole bill"))
}

fn bad_id(field: impl Into<Cow<'static, str>>, error: IdError) -> Rejection {
    Rejection::new(Code::BadField)
        .field(field)
        .because(error.to_string())
        .expected(format!("1 to {MAX_ID_BYTES} bytes without control or invisible characters"))
}

fn bad_share(
    code: Code,
    field: impl Into<Cow<'static, str>>,
    error: ShareNumberError,
    numbers: &str,
) -> Rejection {
    Rejection::new(code)
        .field(field)
        .because(error.to_string())
        .expected(format!("{numbers} with at most {SHARE_DECIMALS} decimals"))
}
